"""The outbox: what is to be sent, written in the transaction that decided it, and what became of it.

Always true: a row that was committed is sent at least once or given up with a result; its id is the idempotency key.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

import orjson

from idp.crypto.fields import FieldCipher
from idp.crypto.resealing import reseal_column
from idp.crypto.tokens import new_id
from idp.db import Database, Dialect, Statement, Transaction
from idp.messages.rules import Kind, expires_at

CHANNEL = "tongban_outbox"
_COLUMNS = (
    "id, kind, payload, session_id, client_id, party_id, created_at, not_before, expires_at, attempts, claimed_until"
)
_VALUES = (
    ":id, :kind, :payload, :session_id, :client_id, :party_id, {now},"
    " CASE WHEN :delay > 0 THEN {now} + :delay ELSE 0 END, {now} + :delay + :lifetime, 0, 0"
)
_INSERT: dict[Dialect, Statement[Any]] = {
    "sqlite": Statement(f"INSERT INTO outbox ({_COLUMNS}) VALUES ({_VALUES.format(now=':now')})"),
    # By the database's clock, as the workers go by it, too. The notification is part of the transaction: workers hear
    # it when, and only if, the row is there.
    "postgresql": Statement(
        f"INSERT INTO outbox ({_COLUMNS}) SELECT {_VALUES.format(now='clock.now')}"
        " FROM (SELECT CAST(FLOOR(EXTRACT(EPOCH FROM clock_timestamp())) AS bigint) AS now,"
        f" pg_notify('{CHANNEL}', '')) AS clock"
    ),
}
_NOTE = "outbox wake-up"


class Cipher(Protocol):
    """What the outbox asks of field encryption (`idp.crypto.fields.FieldCipher`)."""

    def seal(self, text: str, *, context: str) -> bytes: ...

    def open(self, blob: bytes, *, context: str) -> str: ...


class Delivery(NamedTuple):
    """What became of one row so far; ``result`` is None until it is settled."""

    id: str
    kind: str
    client_id: str | None
    created_at: int
    attempts: int
    settled_at: int | None
    result: str | None


_OF_SESSION = Statement(
    f"SELECT {', '.join(Delivery._fields)} FROM outbox WHERE session_id = :session AND kind = :kind"
    " ORDER BY created_at, id",
    Delivery,
)
_PURGE = Statement[Any]("DELETE FROM outbox WHERE settled_at < :before")


_cipher: Cipher | None = None
_listeners: list[Callable[[], None]] = []


def init_outbox(cipher: Cipher) -> None:
    """Give this process the cipher of the payloads; call once, before the first `enqueue`."""
    global _cipher
    _cipher = cipher


def current_cipher() -> Cipher:
    if _cipher is None:
        raise RuntimeError("init_outbox has not been called")
    return _cipher


def payload_context(row_id: str) -> str:
    return f"outbox.payload:{row_id}"


def enqueue(
    tx: Transaction,
    kind: str,
    payload: Mapping[str, Any],
    *,
    now: int,
    not_before: int | None = None,
    lifetime: int | None = None,
    session_id: str | None = None,
    client_id: str | None = None,
    party_id: str | None = None,
) -> str:
    """Write a row and, once the transaction is committed, wake the workers. Returns its id.

    ``payload``: what the kind's handler needs, JSON values, stored sealed. ``not_before``: Unix seconds, default at
    once. ``lifetime``: seconds from then after which it is no longer worth sending, at most its kind's.
    """
    row_id = new_id("msg")
    sealed = current_cipher().seal(orjson.dumps(payload).decode(), context=payload_context(row_id))
    tx.send(
        _INSERT[tx.dialect],
        id=row_id,
        kind=str(kind),
        payload=sealed,
        session_id=session_id,
        client_id=client_id,
        party_id=party_id,
        now=now,
        delay=max(0, (not_before or 0) - now),
        lifetime=expires_at(Kind(kind), created_at=0, lifetime=lifetime),
    )
    if _NOTE not in tx.notes:
        tx.notes[_NOTE] = True
        tx.after_commit(wake_workers)
    return row_id


def wake_workers() -> None:
    """Tell the workers of this process that there is something to send."""
    for listener in tuple(_listeners):
        listener()


def subscribe(listener: Callable[[], None]) -> None:
    """Call ``listener`` (which must not block) whenever this process has committed a row."""
    _listeners.append(listener)


def unsubscribe(listener: Callable[[], None]) -> None:
    _listeners.remove(listener)


def deliveries(tx: Transaction, *, session_id: str, kind: str = Kind.LOGOUT) -> list[Delivery]:
    """The notices the end of this session caused, oldest first."""
    return tx.all(_OF_SESSION, session=session_id, kind=str(kind))


def wait_for_deliveries(database: Database, *, session_id: str, seconds: float) -> list[Delivery]:
    """The session's logout notices, as soon as all are settled, at the latest after ``seconds``."""
    deadline = time.monotonic() + seconds
    pause = 0.01
    while True:
        with database.autocommit() as tx:
            found = deliveries(tx, session_id=session_id)
        left = deadline - time.monotonic()
        if left <= 0 or all(delivery.settled_at for delivery in found):
            return found
        time.sleep(min(pause, left))
        pause = min(pause * 2, 0.1)


def purge_settled(tx: Transaction, *, before: int) -> int:
    """Delete what was settled before ``before`` (Unix seconds); returns how many."""
    return tx.run(_PURGE, before=before)


def reseal_outbox(database: Database, cipher: FieldCipher) -> int:
    """Bring what is still to be sent under the current key; the number changed."""
    return reseal_column(database, cipher, "outbox", "payload", where="settled_at IS NULL")
