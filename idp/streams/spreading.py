"""From what has happened to a party to one event for each receiver that was told of it.

Always true: of several workers one writes an event down for everybody, in one transaction; receivers share no name of
a person, a handle or a token.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import orjson

from idp.accounts.actions import Directory
from idp.accounts.rules import PartyEventKind
from idp.clients.actions import Registry
from idp.clients.rules import Client
from idp.crypto.tokens import random_token
from idp.db import Database, Statement, Transaction
from idp.messages.claims import Message
from idp.messages.outbox import enqueue
from idp.messages.rules import Kind
from idp.messages.worker import Handler, Outcome, Settled
from idp.streams.registration import listening
from idp.streams.rules import EVENT_URIS, Stream

LATE = 60
"""Seconds after which an event that no worker has taken up is taken up by the sweep."""


class _Happened(NamedTuple):
    party: str
    kind: str
    detail: str
    at: int


class _Told(NamedTuple):
    """A client that was told of acting, and by which name."""

    client: str
    person: str
    handle: str
    mandate: str


_TAKE = Statement(
    "UPDATE party_event SET delivered_at = :now WHERE id = :id AND delivered_at IS NULL"
    " RETURNING party_id, kind, COALESCE(detail, '{}'), created_at",
    _Happened,
)
_LATE = Statement(
    "SELECT id FROM party_event WHERE delivered_at IS NULL AND created_at <= :before ORDER BY created_at LIMIT 100",
    str,
)
_SUBJECTS = Statement[tuple[str, str]]("SELECT sector, sub FROM pairwise_subject WHERE party_id = :party")
_HANDLE = "h.client_id, h.person_id, h.handle, h.mandate_id"
# Of an agency's mandate its employees' count with it, as long as they count themselves.
_BY_MANDATE = Statement(
    f"SELECT {_HANDLE} FROM represented_handle h WHERE h.mandate_id = :mandate UNION ALL SELECT {_HANDLE}"
    " FROM mandate m JOIN represented_handle h ON h.mandate_id = m.id WHERE m.parent_id = :mandate"
    " AND m.state = 'active'",
    _Told,
)
_BY_OFFICE = Statement(
    f"SELECT {_HANDLE} FROM represented_handle h WHERE h.person_id = :person AND ((h.mandate_id = ''"
    " AND h.represented_id = :entity) OR h.mandate_id IN (SELECT id FROM mandate WHERE agent_id = :entity))",
    _Told,
)
_ADD = Statement[Any](
    "INSERT INTO stream_event (jti, stream_id, kind, claims, created_at) VALUES (:jti, :stream, :kind, :claims, :now)"
)
_PURGE = Statement[Any]("DELETE FROM stream_event WHERE created_at < :before")
_MANDATE = frozenset({PartyEventKind.MANDATE_CHANGED, PartyEventKind.MANDATE_REVOKED})
_News = tuple[str, str, Mapping[str, Any]]
"""A client, the subject as its sector knows it, and what the event says."""


class Spreading:
    def __init__(self, database: Database, registry: Registry, directory: Directory, *, issuer: str) -> None:
        self._database = database
        self._registry = registry
        self._directory = directory
        self._issuer = issuer

    def handler(self, clock: Callable[[], int]) -> Handler:
        """The worker's handler of outbox kind ``party_event``."""

        def spread(_message: Message, payload: Mapping[str, Any]) -> Outcome:
            self.spread(payload["event"], now=clock())
            return Settled("spread")

        return spread

    def run_due(self, now: int) -> None:
        """What was left behind, whatever the reason."""
        with self._database.autocommit() as tx:
            late = tx.all(_LATE, before=now - LATE)
        for event in late:
            self.spread(event, now=now)

    def spread(self, event_id: str, *, now: int) -> None:
        with self._database.transaction() as tx:
            happened = tx.one(_TAKE, id=event_id, now=now)
            if happened is None:
                return
            streams = {one.client_id: one for one in listening(tx)}
            kind = PartyEventKind(happened.kind)
            for client_id, sub, said in self._news(tx, kind, happened, streams):
                stream = streams.get(client_id)
                if stream is not None and EVENT_URIS[kind] in stream.events:
                    claims = {"sub_id": self._subject(sub), "toe": happened.at, "events": {EVENT_URIS[kind]: said}}
                    put_event(tx, stream, kind, claims, now=now)

    def _news(
        self, tx: Transaction, kind: PartyEventKind, happened: _Happened, streams: Mapping[str, Stream]
    ) -> Iterator[_News]:
        detail: dict[str, str] = orjson.loads(happened.detail)
        clients = {name: client for name in streams if (client := self._registry.get(name)) is not None}
        if kind in _MANDATE:
            told, state = tx.all(_BY_MANDATE, mandate=detail["mandate"]), detail["state"]
            yield from self._of_acting(tx, told, clients, lambda one: {"mandate": one.mandate, "state": state})
        elif kind is PartyEventKind.REPRESENTED_STATUS_CHANGED:
            told = tx.all(_BY_OFFICE, person=happened.party, entity=detail["entity"])
            yield from self._of_acting(tx, told, clients, lambda _: {"represented_status": "not_allowed"})
        elif kind is PartyEventKind.SUBJECT_MERGED:
            said = {"new_subject": self._subject(detail["new_sub"])}
            yield from (
                (name, detail["old_sub"], said) for name, c in clients.items() if c.sector == detail["sector"]
            )
        else:
            known = dict(tx.all(_SUBJECTS, party=happened.party))
            yield from ((name, known[c.sector], detail) for name, c in clients.items() if c.sector in known)

    def _of_acting(
        self,
        tx: Transaction,
        told: list[_Told],
        clients: Mapping[str, Client],
        say: Callable[[_Told], dict[str, str]],
    ) -> Iterator[_News]:
        for one in told:
            client = clients.get(one.client)
            if client is not None:
                sub = self._directory.subjects.of(tx, sector=client.sector, party_id=one.person)
                yield one.client, sub, {"represented": one.handle} | say(one)

    def _subject(self, sub: str) -> dict[str, str]:
        """RFC 9493 3.2.4."""
        return {"format": "iss_sub", "iss": self._issuer, "sub": sub}


def put_event(tx: Transaction, stream: Stream, kind: str, claims: Mapping[str, Any], *, now: int) -> None:
    """Lay one event in a stream, and have it sent where it is pushed.

    Whether it is, is looked at when it is sent: its client may change that at this very moment.
    """
    jti = random_token()
    tx.run(_ADD, jti=jti, stream=stream.id, kind=str(kind), claims=orjson.dumps(claims).decode(), now=now)
    enqueue(tx, Kind.SECURITY_EVENT, {"jti": jti}, client_id=stream.client_id, now=now)


def purge(tx: Transaction, *, before: int) -> None:
    """Forget what nobody fetched, and what nobody would take."""
    tx.run(_PURGE, before=before)
