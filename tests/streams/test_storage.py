"""The statements of checks and streams, on both databases."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from idp.accounts.events import add_event
from idp.accounts.rules import PartyEventKind
from idp.audit import chains as chains_module
from idp.audit import init_audit
from idp.authority import endpoints
from idp.clients.actions import Registry, put
from idp.clients.rules import Client
from idp.db import Database, Statement
from idp.entities.rules import Acting, Via
from idp.mandates.handles import handle_of
from idp.messages.outbox import init_outbox
from idp.streams.delivering import next_events, settle
from idp.streams.registration import Streams, of_client, reseal_streams
from idp.streams.rules import SUPPORTED, Delivery, Method, Poll, Status, Wanted
from idp.streams.spreading import Spreading, purge
from tests.capabilities.test_storage import person
from tests.console.test_storage import CIPHER, directory
from tests.provider import CLIENTS, ISSUER

NOW = 1_800_000_000
_EVENTS = Statement("SELECT id FROM party_event ORDER BY created_at, id", str)
_WAITING = Statement("SELECT COUNT(*) FROM stream_event", int)
PUSH = Delivery(Method.PUSH, "https://tax.example/events", "Bearer x")


@pytest.fixture(autouse=True)
def _written() -> Iterator[None]:
    init_audit(b"an audit key of thirty-two bytes", "node-1")
    init_outbox(CIPHER)
    yield
    chains_module._writer = None


def told(database: Database, people: list[str]) -> list[str]:
    """The handles by which client ``app`` was told that the first acts for the second, by office and by mandate."""
    acting = (Acting(people[1], "legal_representative", Via.ROLE), Acting(people[1], "handler", Via.MANDATE, "mnd_1"))
    with database.transaction() as tx:
        assert isinstance(put(tx, CLIENTS[0], now=NOW), Client)
        directory().subjects.of(tx, sector="one", party_id=people[0])
        return [handle_of(tx, "app", people[0], one, now=NOW) for one in acting]


def test_a_stream_lives_from_its_making_to_its_end(any_database: Database) -> None:
    database, streams = any_database, Streams(CIPHER)
    told(database, [person(database, "13812340001"), person(database, "13812340002")])
    with database.transaction() as tx:
        made = streams.create(tx, "app", Wanted(PUSH), now=NOW)
        assert made is not None
        assert streams.create(tx, "app", Wanted(), now=NOW) is None
        assert (made.requested, made.has_authorization) == (SUPPORTED, True)
        assert streams.target(tx, made.id) == ("https://tax.example/events", "Bearer x")
        assert streams.may_verify(tx, made, now=NOW)
        assert not streams.may_verify(tx, made, now=NOW + 59)
    assert reseal_streams(database, CIPHER) == 0
    with database.transaction() as tx:
        changed = streams.change(tx, made, Wanted(Delivery(Method.POLL), ("urn:x",), "text"), whole=False, now=NOW)
        assert changed == replace(
            made, method=Method.POLL, endpoint=None, has_authorization=False, requested=("urn:x",), description="text"
        )
        streams.set_status(tx, changed, Status.PAUSED, "why", now=NOW)
        paused = of_client(tx, "app")
        assert paused is not None
        assert (paused.status, paused.status_reason) == (Status.PAUSED, "why")
        streams.delete(tx, paused, now=NOW)
        assert of_client(tx, "app") is None


def test_every_kind_of_event_reaches_its_receiver_once_however_many_workers_there_are(any_database: Database) -> None:
    database, streams = any_database, Streams(CIPHER)
    people = [person(database, "13812340001"), person(database, "13812340002")]
    told(database, people)
    details = {
        PartyEventKind.MANDATE_REVOKED: {"mandate": "mnd_1", "state": "revoked"},
        PartyEventKind.MANDATE_CHANGED: {"mandate": "mnd_1", "state": "suspended"},
        PartyEventKind.REPRESENTED_STATUS_CHANGED: {"entity": people[1]},
        PartyEventKind.SUBJECT_MERGED: {"sector": "one", "old_sub": "pw_1", "new_sub": "pw_2"},
        PartyEventKind.IDENTIFIER_RECYCLED: {"identifier": "mobile"},
    }
    with database.transaction() as tx:
        assert streams.create(tx, "app", Wanted(), now=NOW)
        for kind in PartyEventKind:
            add_event(tx, people[0], kind, detail=details.get(kind, {}), now=NOW)
    spreading = Spreading(database, Registry(database), directory(), issuer=ISSUER)
    with database.autocommit() as tx:
        events = tx.all(_EVENTS)
    with ThreadPoolExecutor(4) as workers:
        list(workers.map(lambda event: spreading.spread(event, now=NOW), events * 3))
    with database.transaction() as tx:
        stream = of_client(tx, "app")
        assert stream is not None
        waiting = next_events(tx, stream, most=100)
        assert len(waiting) == len(PartyEventKind)
        taken, failed = waiting[0].jti, waiting[1].jti
        for _ in range(2):
            settle(tx, stream, Poll(0, False, (taken,), {failed: "invalid_key"}), now=NOW)
        assert len(next_events(tx, stream, most=100)) == len(PartyEventKind) - 2
        purge(tx, before=NOW + 1)
        assert tx.one(_WAITING) == 0


def test_what_a_client_was_told_of_is_found_by_its_own_names_only(any_database: Database) -> None:
    people = [person(any_database, "13812340001"), person(any_database, "13812340002")]
    office, mandate = told(any_database, people)
    with any_database.transaction() as tx:
        sub = directory().subjects.of(tx, sector="one", party_id=people[0])

        def known(**changes: str) -> endpoints.Known | None:
            asked = {"handle": office, "client": "app", "sector": "one", "sub": sub} | changes
            return tx.one(endpoints._KNOWN, **asked, now=NOW)

        assert known() == (people[0], people[1], None, "", 0)
        assert known(handle=mandate) == (people[0], people[1], None, "mnd_1", 0)
        assert known(client="other") == known(handle="rep_x") == (people[0], None, None, None, 0)
        assert known(sector="two") is None
        assert tx.one(endpoints._CONCERNS, mandate="mnd_1", client="app") == (None, 1)
        assert tx.one(endpoints._CONCERNS, mandate="mnd_1", client="other") == (None, None)
