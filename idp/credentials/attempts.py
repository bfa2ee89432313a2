"""Windows of attempts as rows of the main database.

Always true: a window is read and written under its row's lock, in one transaction.

``key`` is who is attacked: `account_key` of a known account, `unknown_key` of an identifier nobody owns, so that both
run the same statements, or of a document asked about; `claimed_key` of one that somebody who is not signed in says is
theirs; or who asks: `browser_key` of somebody without an account.
"""

import hashlib
from typing import NamedTuple

import orjson

from idp.credentials import rules
from idp.credentials.rules import AttemptKind, AttemptPolicy, Busy, Locked, Reserved, Window
from idp.db import Statement, Transaction


class _Stored(NamedTuple):
    failures: str
    pending: str
    locked_until: int
    lock_count: int


# The update that changes nothing takes the row's lock on PostgreSQL, whether the row was there or not.
_OPEN = Statement(
    "INSERT INTO attempt (key, kind, failures, pending, locked_until, lock_count, updated_at)"
    " VALUES (:key, :kind, '[]', '[]', 0, 0, :now)"
    " ON CONFLICT (key, kind) DO UPDATE SET updated_at = excluded.updated_at"
    " RETURNING failures, pending, locked_until, lock_count",
    _Stored,
)
_STORE = Statement[int](
    "UPDATE attempt SET failures = :failures, pending = :pending, locked_until = :locked_until,"
    " lock_count = :lock_count WHERE key = :key AND kind = :kind",
    int,
)
_LOCKED = Statement[tuple[str, int]](
    "SELECT kind, locked_until FROM attempt WHERE key = :key AND locked_until > :now"
)
_PURGE = Statement[int]("DELETE FROM attempt WHERE updated_at < :before AND locked_until < :before", int)


def account_key(party_id: str) -> bytes:
    return b"p:" + party_id.encode()


def unknown_key(blind: bytes) -> bytes:
    """``blind``: the blind index of an identifier that nobody owns."""
    return b"u:" + blind


def claimed_key(blind: bytes) -> bytes:
    """``blind``: the blind index of a document named by somebody who is not signed in."""
    return b"c:" + blind


def browser_key(browser: bytes) -> bytes:
    """``browser``: SHA-256 of the browser's id."""
    return b"b:" + browser


def asked_key(*names: str) -> bytes:
    """``names``: of who asks, for what, about whom."""
    return b"a:" + hashlib.sha256("\n".join(names).encode()).digest()


def reserve(
    tx: Transaction, *, key: bytes, kind: AttemptKind, now: int, policy: AttemptPolicy
) -> Reserved | Locked | Busy:
    """Ask for one attempt; the caller commits before it looks at the secret."""
    window, outcome = rules.reserve(_open(tx, key, kind, now), now=now, policy=policy)
    _store(tx, key, kind, window)
    return outcome


def settle(
    tx: Transaction, *, key: bytes, kind: AttemptKind, at: int, success: bool, now: int, policy: AttemptPolicy
) -> int | None:
    """Say how the attempt reserved ``at`` ended; when the lock ends, if this failure locked."""
    window, locked = rules.settle(_open(tx, key, kind, now), at=at, success=success, now=now, policy=policy)
    _store(tx, key, kind, window)
    return window.locked_until if locked else None


def clear(tx: Transaction, *, key: bytes, kind: AttemptKind, now: int) -> bool:
    """Forget failures and lock after a success by another factor; whether there was a lock."""
    window, locked = rules.clear(_open(tx, key, kind, now), now=now)
    _store(tx, key, kind, window)
    return locked


def locks(tx: Transaction, *, key: bytes, now: int) -> dict[str, int]:
    """Which kinds of credential are locked now, and until when."""
    return dict(tx.all(_LOCKED, key=key, now=now))


def purge(tx: Transaction, *, now: int, policy: AttemptPolicy) -> int:
    """Delete windows that can no longer matter; how many."""
    return tx.run(_PURGE, before=now - 2 * max(policy.window, *policy.lock_steps))


def _open(tx: Transaction, key: bytes, kind: AttemptKind, now: int) -> Window:
    row = tx.all(_OPEN, key=key, kind=kind.value, now=now)[0]
    failures, pending = orjson.loads(row.failures), orjson.loads(row.pending)
    return Window(tuple(failures), tuple(pending), row.locked_until, row.lock_count)


def _store(tx: Transaction, key: bytes, kind: AttemptKind, window: Window) -> None:
    tx.run(
        _STORE,
        key=key,
        kind=kind.value,
        failures=orjson.dumps(window.failures).decode(),
        pending=orjson.dumps(window.pending).decode(),
        locked_until=window.locked_until,
        lock_count=window.lock_count,
    )
