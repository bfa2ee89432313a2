"""Requests over both databases: approved once, completed once, stopped once, whoever else does so at the moment."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
import pytest

from idp.accounts.actions import Active, Directory
from idp.accounts.documents import IdNumber
from idp.accounts.names import PersonName
from idp.accounts.parties import hold
from idp.accounts.rules import Mobile
from idp.audit import Event, init_audit
from idp.audit import chains as chains_module
from idp.crypto.tokens import digest
from idp.db import Database, Statement
from idp.disputes.actions import Disputes
from idp.disputes.rules import Calendar
from idp.flows.actions import Journeys
from idp.flows.rules import FlowKind
from idp.messages.outbox import init_outbox, payload_context
from idp.proofing.rules import PhonePolicy
from idp.recovery.requests import Requests
from idp.recovery.rules import Claim, Decider, Request, State, Way
from idp.recovery.stopping import Stopping
from tests.accounts.test_directory import directory
from tests.grants.making import CIPHER

NOW = 1_800_000_000
NAME, NUMBER = PersonName("欧阳清岚"), IdNumber("11010519491231002X")
OLD, NEW = Mobile("13812340001"), Mobile("13700002222")
BY = Decider("pty_operator", "prp_1")


@pytest.fixture(autouse=True)
def _written() -> Iterator[None]:
    init_audit(b"an audit key of thirty-two bytes", "node-1")
    init_outbox(CIPHER)
    yield
    chains_module._writer = None


@pytest.fixture
def people() -> Directory:
    return directory()


@pytest.fixture
def requests(people: Directory) -> Requests:
    plain = Calendar(frozenset(), frozenset(), frozenset())
    return Requests(CIPHER, people, Disputes(CIPHER, people, plain, working_days=10), PhonePolicy())


@pytest.fixture
def party(any_database: Database, people: Directory) -> str:
    with any_database.transaction() as tx:
        opened = people.open_person(tx, mobile=OLD, user_name=None, now=NOW)
        assert isinstance(opened, Active)
        people.record_document(tx, opened.party_id, document=NUMBER, name=NAME, valid_to=None, source="test", now=NOW)
    return opened.party_id


@pytest.fixture
def filed(any_database: Database, requests: Requests) -> Request:
    with any_database.transaction() as tx:
        return requests.file(tx, Claim(NAME, NUMBER, NEW), Way.COUNTER, locale="zh", now=NOW)


def test_of_approvals_at_once_one_wins(
    any_database: Database, requests: Requests, party: str, filed: Request
) -> None:
    def approve(_: int) -> bool:
        with any_database.transaction() as tx:
            return requests.approve(tx, filed, party, BY, now=NOW + 1)

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(approve, range(4))) == [False] * 3 + [True]
    with any_database.transaction() as tx:
        found = requests.approved(tx, filed.id, now=NOW + 2)
        assert found is not None
        assert (found.state, found.party_id, found.claim) == (State.APPROVED, party, filed.claim)
        sent = tx.all(Statement("SELECT id FROM outbox WHERE kind = 'sms'", str))
    assert len(sent) == 2


def test_of_an_approval_and_a_rejection_at_once_one_wins(
    any_database: Database, requests: Requests, party: str, filed: Request
) -> None:
    def decide(approving: bool) -> bool:
        with any_database.transaction() as tx:
            if approving:
                return requests.approve(tx, filed, party, BY, now=NOW + 1)
            return requests.reject(tx, filed, BY, now=NOW + 1)

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(decide, (True, False))) == [False, True]


def test_of_new_passwords_at_once_from_several_browsers_one_is_set(
    any_database: Database, requests: Requests, people: Directory, party: str, filed: Request
) -> None:
    journeys = Journeys(CIPHER, lifetime=1800)
    facts = {"request": filed.id, "party_id": party, "mobile": NEW.value, "challenge": "", "proved": True}
    with any_database.transaction() as tx:
        assert requests.approve(tx, filed, party, BY, now=NOW + 1)
        begun = [
            journeys.begin(tx, FlowKind.RECOVERY_APPROVED, facts, browser=digest(str(one)), now=NOW + 2)
            for one in range(4)
        ]

    class Late(Exception):
        """Rolls back, as the page does."""

    def complete(place: int) -> str | None:
        try:
            with any_database.transaction() as tx:
                done = requests.complete(tx, journeys, begun[place], hashed=f"hash-{place}", now=NOW + 3)
                if not done:
                    raise Late
        except Late:
            return None
        return f"hash-{place}"

    with ThreadPoolExecutor(4) as pool:
        hashes = [found for found in pool.map(complete, range(4)) if found]
    with any_database.transaction() as tx:
        assert tx.all(Statement("SELECT hash FROM password", str)) == hashes
        assert people.lookup(tx, NEW) == Active(party)
        assert len(hashes) == 1


def stop_code(any_database: Database) -> str:
    with any_database.transaction() as tx:
        sealed = tx.all(Statement[tuple[str, bytes]]("SELECT id, payload FROM outbox WHERE payload IS NOT NULL"))
    opened = [orjson.loads(CIPHER.open(payload, context=payload_context(key))) for key, payload in sealed]
    return next(str(one["params"]["stop"]) for one in opened if one.get("template") == "recovery_notice")


def test_a_stop_code_outlives_the_key_it_was_written_under(
    any_database: Database, requests: Requests, party: str, filed: Request
) -> None:
    with any_database.transaction() as tx:
        assert requests.approve(tx, filed, party, BY, now=NOW + 1)
    rotated = Stopping(any_database, directory(index=("j", "i")))
    assert rotated.stop(OLD, stop_code(any_database), now=NOW + 2) is None


def test_of_stops_at_once_by_one_code_one_counts(
    any_database: Database, requests: Requests, people: Directory, party: str, filed: Request
) -> None:
    with any_database.transaction() as tx:
        assert requests.approve(tx, filed, party, BY, now=NOW + 1)
    code, stopping = stop_code(any_database), Stopping(any_database, people)
    with ThreadPoolExecutor(4) as pool:
        refused = list(pool.map(lambda _: stopping.stop(OLD, code, now=NOW + 2), range(4)))
    assert sorted(one is None for one in refused) == [False] * 3 + [True]
    with any_database.transaction() as tx:
        recorded = Statement("SELECT subject FROM audit_event WHERE event = :event", str)
        assert tx.all(recorded, event=Event.RECOVERY_STOPPED) == [party]


def test_who_stops_waits_for_the_account_before_anything_else(
    any_database: Database, requests: Requests, people: Directory, party: str, filed: Request
) -> None:
    """Whoever holds the account and then writes its request, as a completion does, meets no deadlock."""
    with any_database.transaction() as tx:
        assert requests.approve(tx, filed, party, BY, now=NOW + 1)
    code, stopping = stop_code(any_database), Stopping(any_database, people)
    with ThreadPoolExecutor(1) as pool:
        with any_database.transaction() as tx:
            assert hold(tx, party)
            stopped = pool.submit(stopping.stop, OLD, code, now=NOW + 2)
            time.sleep(0.5)
            tx.run(Statement[Any]("UPDATE recovery_request SET way = 'review' WHERE id = :id"), id=filed.id)
        assert stopped.result(timeout=10) is None


def test_who_completes_waits_for_the_account_that_has_the_number_before_taking_it(
    any_database: Database, requests: Requests, people: Directory, party: str, filed: Request
) -> None:
    """Whoever holds that account and then takes its number, as a change of phone does, meets no deadlock."""
    journeys = Journeys(CIPHER, lifetime=1800)
    facts = {"request": filed.id, "party_id": party, "mobile": NEW.value, "challenge": "", "proved": True}
    with any_database.transaction() as tx:
        other = people.open_person(tx, mobile=NEW, user_name=None, now=NOW)
        assert isinstance(other, Active)
        assert requests.approve(tx, filed, party, BY, now=NOW + 1)
        begun = journeys.begin(tx, FlowKind.RECOVERY_APPROVED, facts, browser=digest("one"), now=NOW + 2)

    def complete() -> bool:
        with any_database.transaction() as tx:
            return requests.complete(tx, journeys, begun, hashed="hash", now=NOW + 3)

    with ThreadPoolExecutor(1) as pool:
        with any_database.transaction() as tx:
            assert hold(tx, other.party_id)
            completed = pool.submit(complete)
            time.sleep(0.5)
            assert people.holder(tx, NEW) is not None
        assert completed.result(timeout=10)
