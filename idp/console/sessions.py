"""Operators' sessions: begun by a password, complete with a second factor of another kind.

Always true: the cookie's secret is stored as its SHA-256 only, and is new after the second factor.
"""

from typing import Any

from idp.audit import Event, record
from idp.console.rules import FIRST_FACTOR_LIFETIME, Factor, OperatorSession
from idp.crypto.tokens import digest, new_id, random_token
from idp.db import Statement, Transaction

_COLUMNS = ", ".join(OperatorSession._fields)
_START = Statement[Any](
    "INSERT INTO operator_session (id, secret_hash, party_id, created_at, last_seen_at, absolute_end, factors)"
    " VALUES (:id, :secret, :party, :now, :now, :end, :factors)"
)
_FIND = Statement(
    f"SELECT {_COLUMNS} FROM operator_session WHERE secret_hash = :secret AND ended_at IS NULL", OperatorSession
)
_SEEN = Statement[Any]("UPDATE operator_session SET last_seen_at = :now WHERE id = :id AND ended_at IS NULL")
_COMPLETE = Statement[int](
    "UPDATE operator_session SET factors = :factors, secret_hash = :secret, last_seen_at = :now, absolute_end = :end"
    " WHERE id = :id AND factors = :before AND ended_at IS NULL",
    int,
)
_END = Statement(
    "UPDATE operator_session SET ended_at = :now, end_reason = :reason WHERE id = :id AND ended_at IS NULL"
    " RETURNING party_id",
    str,
)
_END_ALL = Statement(
    "UPDATE operator_session SET ended_at = :now, end_reason = :reason WHERE party_id = :party AND ended_at IS NULL"
    " RETURNING id",
    str,
)
_PURGE = Statement[Any]("DELETE FROM operator_session WHERE absolute_end < :before")


def start(tx: Transaction, party_id: str, *, now: int) -> tuple[str, str]:
    """A session after the password alone: its id and its cookie secret. It opens the second step and nothing else."""
    session_id, secret = new_id("ops"), random_token()
    end = now + FIRST_FACTOR_LIFETIME
    tx.run(
        _START, id=session_id, secret=digest(secret), party=party_id, now=now, end=end, factors=Factor.PASSWORD.value
    )
    return session_id, secret


def find(tx: Transaction, secret: str) -> OperatorSession | None:
    """The unended session of this cookie secret; the caller asks `rules.over`."""
    return tx.one(_FIND, secret=digest(secret))


def touch(tx: Transaction, session_id: str, *, now: int) -> None:
    tx.run(_SEEN, id=session_id, now=now)


def complete(tx: Transaction, session: OperatorSession, factor: Factor, *, absolute: int, now: int) -> str | None:
    """The new cookie secret after the second factor; None when the session has moved on or ended meanwhile."""
    secret, factors = random_token(), f"{session.factors} {factor}"
    moved = tx.run(
        _COMPLETE,
        id=session.id,
        before=session.factors,
        factors=factors,
        secret=digest(secret),
        now=now,
        end=now + absolute,
    )
    if not moved:
        return None
    record(
        tx,
        Event.OPERATOR_SESSION_BEGUN,
        actor=session.party_id,
        subject=session.party_id,
        session=session.id,
        detail={"amr": factors},
        now=now,
    )
    return secret


def end(tx: Transaction, session_id: str, reason: str, *, now: int) -> None:
    """End a session; ending an ended one does nothing."""
    party = tx.one(_END, id=session_id, reason=reason, now=now)
    if party is not None:
        record(
            tx, Event.OPERATOR_SESSION_ENDED, actor=party, subject=party, session=session_id, reason=reason, now=now
        )


def end_all(tx: Transaction, party_id: str, reason: str, *, now: int) -> None:
    for session_id in tx.all(_END_ALL, party=party_id, reason=reason, now=now):
        record(tx, Event.OPERATOR_SESSION_ENDED, subject=party_id, session=session_id, reason=reason, now=now)


def purge(tx: Transaction, *, before: int) -> None:
    tx.run(_PURGE, before=before)
