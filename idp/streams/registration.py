"""Streams as rows: made, read, changed, paused and deleted by the client they belong to.

Always true: a client sees and changes its own stream only; what waits in a stream goes with it.
"""

from typing import Any, NamedTuple

from idp.audit import Event, record
from idp.crypto.fields import FieldCipher
from idp.crypto.resealing import reseal_column
from idp.crypto.tokens import new_id
from idp.db import Database, Statement, Transaction
from idp.messages.outbox import enqueue
from idp.messages.rules import Kind
from idp.streams.rules import MIN_VERIFICATION, SUPPORTED, Delivery, Method, Status, Stream, Wanted

_COLUMNS = (
    "id, client_id, method, endpoint, credential IS NOT NULL, events, description, status, status_reason, created_at"
)


def _stream(*row: Any) -> Stream:
    id_, client, method, endpoint, secret, events, description, status, reason, created_at = row
    requested = tuple(events.split())
    return Stream(
        id_,
        client,
        Method(method),
        endpoint,
        bool(secret),
        requested,
        description,
        Status(status),
        reason,
        created_at,
    )


class Target(NamedTuple):
    """Where a push goes; ``credential`` is sealed."""

    endpoint: str | None
    credential: bytes | None


_OF_CLIENT = Statement(f"SELECT {_COLUMNS} FROM event_stream WHERE client_id = :client", _stream)
_BY_ID = Statement(f"SELECT {_COLUMNS} FROM event_stream WHERE id = :id", _stream)
_ALL = Statement(f"SELECT {_COLUMNS} FROM event_stream WHERE status <> 'disabled' ORDER BY id", _stream)
_TARGET = Statement("SELECT endpoint, credential FROM event_stream WHERE id = :id", Target)
_ADD = Statement[Any](
    "INSERT INTO event_stream (id, client_id, method, endpoint, credential, events, description, status,"
    " verified_at, created_at) VALUES (:id, :client, :method, :endpoint, :credential, :events, :description,"
    " 'enabled', 0, :now) ON CONFLICT (client_id) DO NOTHING"
)
_SET = Statement[Any]("UPDATE event_stream SET events = :events, description = :description WHERE id = :id")
_DELIVER = Statement[Any](
    "UPDATE event_stream SET method = :method, endpoint = :endpoint, credential = :credential WHERE id = :id"
)
_STATUS = Statement[Any]("UPDATE event_stream SET status = :status, status_reason = :reason WHERE id = :id")
_VERIFY = Statement[Any]("UPDATE event_stream SET verified_at = :now WHERE id = :id AND verified_at <= :before")
_DROP_EVENTS = Statement[Any]("DELETE FROM stream_event WHERE stream_id = :id")
_DROP = Statement[Any]("DELETE FROM event_stream WHERE id = :id")
_WAITING = Statement(
    "SELECT jti FROM stream_event WHERE stream_id = :id AND failure IS NULL ORDER BY created_at", str
)


def of_client(tx: Transaction, client_id: str) -> Stream | None:
    return tx.one(_OF_CLIENT, client=client_id)


def by_id(tx: Transaction, stream_id: str) -> Stream | None:
    return tx.one(_BY_ID, id=stream_id)


def listening(tx: Transaction) -> list[Stream]:
    """Every stream that keeps events."""
    return tx.all(_ALL)


class Streams:
    """What clients do with their streams. ``cipher`` seals what a push authenticates itself by."""

    def __init__(self, cipher: FieldCipher) -> None:
        self._cipher = cipher

    def create(self, tx: Transaction, client_id: str, wanted: Wanted, *, now: int) -> Stream | None:
        """None: the client has one."""
        delivery, key = wanted.delivery or Delivery(Method.POLL), new_id("str")
        added = tx.run(
            _ADD,
            id=key,
            client=client_id,
            events=" ".join(SUPPORTED if wanted.events is None else wanted.events),
            description=wanted.description,
            now=now,
            **self._where(key, delivery),
        )
        if not added:
            return None
        self._note(tx, Event.STREAM_CREATED, key, client_id, now)
        return by_id(tx, key)

    def change(self, tx: Transaction, stream: Stream, wanted: Wanted, *, whole: bool, now: int) -> Stream | None:
        """Set what ``wanted`` names; ``whole``: what it does not name becomes as in a new stream."""
        events = SUPPORTED if whole else stream.requested
        tx.run(
            _SET,
            id=stream.id,
            events=" ".join(events if wanted.events is None else wanted.events),
            description=wanted.description if whole or wanted.description is not None else stream.description,
        )
        if whole or wanted.delivery is not None:
            delivery = wanted.delivery or Delivery(Method.POLL)
            tx.run(_DELIVER, **self._where(stream.id, delivery), id=stream.id)
            if delivery.method is Method.PUSH and stream.method is Method.POLL:
                _push_waiting(tx, stream, now)
        self._note(tx, Event.STREAM_CHANGED, stream.id, stream.client_id, now)
        return by_id(tx, stream.id)

    def set_status(self, tx: Transaction, stream: Stream, status: Status, reason: str | None, *, now: int) -> None:
        """Who disables a stream loses what waits in it; who enables a paused one gets it."""
        tx.run(_STATUS, id=stream.id, status=status, reason=reason)
        if status is Status.DISABLED:
            tx.run(_DROP_EVENTS, id=stream.id)
        elif status is Status.ENABLED and stream.method is Method.PUSH:
            _push_waiting(tx, stream, now)
        self._note(tx, Event.STREAM_CHANGED, stream.id, stream.client_id, now, status=status.value)

    def delete(self, tx: Transaction, stream: Stream, *, now: int) -> None:
        tx.run(_DROP_EVENTS, id=stream.id)
        tx.run(_DROP, id=stream.id)
        self._note(tx, Event.STREAM_DELETED, stream.id, stream.client_id, now)

    def may_verify(self, tx: Transaction, stream: Stream, *, now: int) -> bool:
        """True at most once in `MIN_VERIFICATION` seconds."""
        return tx.run(_VERIFY, id=stream.id, now=now, before=now - MIN_VERIFICATION) == 1

    def target(self, tx: Transaction, stream_id: str) -> tuple[str, str | None] | None:
        """Endpoint and Authorization header of a push."""
        found = tx.one(_TARGET, id=stream_id)
        if found is None or found.endpoint is None:
            return None
        sealed = found.credential
        return found.endpoint, self._cipher.open(sealed, context=_context(stream_id)) if sealed else None

    def _where(self, stream_id: str, delivery: Delivery) -> dict[str, Any]:
        secret = delivery.authorization
        sealed = self._cipher.seal(secret, context=_context(stream_id)) if secret is not None else None
        return {"method": delivery.method, "endpoint": delivery.endpoint, "credential": sealed}

    @staticmethod
    def _note(tx: Transaction, event: Event, stream: str, client: str, now: int, **detail: str) -> None:
        record(tx, event, client=client, subject=stream, detail=detail or None, now=now)


def _push_waiting(tx: Transaction, stream: Stream, now: int) -> None:
    for jti in tx.all(_WAITING, id=stream.id):
        enqueue(tx, Kind.SECURITY_EVENT, {"jti": jti}, client_id=stream.client_id, now=now)


def reseal_streams(database: Database, cipher: FieldCipher) -> int:
    """Bring what pushes authenticate themselves by under the current key; the number changed."""
    return reseal_column(database, cipher, "event_stream", "credential")


def _context(stream_id: str) -> str:
    return f"event_stream.credential:{stream_id}"
