"""Claiming rows of the outbox for one worker, and writing down how each delivery ended.

Always true: a row is claimed by one worker at a time and for a limited time, so rows of a killed worker come free.

The outbox runs on one clock, the database's, because nodes' clocks may differ by minutes and messages live for a few.
"""

import time
from typing import Any, NamedTuple

import orjson

from idp.db import Dialect, Statement, Transaction


class Message(NamedTuple):
    """A claimed row. ``attempt`` counts from 1; ``id`` is the idempotency key of all attempts."""

    id: str
    kind: str
    payload: bytes | None
    session_id: str | None
    client_id: str | None
    party_id: str | None
    created_at: int
    expires_at: int
    attempt: int

    @property
    def receiver(self) -> str:
        """Whom a slow answer of this message holds up."""
        return self.client_id or self.kind


_COLUMNS = "id, kind, payload, session_id, client_id, party_id, created_at, expires_at, attempts"
_RETURNED = ", ".join(f"outbox.{column}" for column in _COLUMNS.split(", "))
# Of the oldest due rows, at most a share for each receiver: a flood for one is no queue for the others.
_RANKED = (
    "SELECT id, place, not_before, created_at FROM (SELECT id, receiver, not_before, created_at, ROW_NUMBER() OVER"
    " (PARTITION BY receiver ORDER BY not_before, created_at) AS place FROM (SELECT id, COALESCE(client_id, kind) AS"
    " receiver, not_before, created_at FROM outbox WHERE settled_at IS NULL AND not_before <= :now"
    " AND claimed_until <= :now AND {kind_known} AND NOT {receiver_busy} ORDER BY not_before, created_at LIMIT 500)"
    " AS due) AS ranked WHERE place <= CASE WHEN {receiver_failing} THEN 1 ELSE :share END"
    " ORDER BY not_before, created_at LIMIT :limit"
)
_SET = "SET claimed_by = :worker, claimed_until = :until, attempts = attempts + 1"
_CLAIM: dict[Dialect, Statement[Message]] = {
    "sqlite": Statement(
        f"UPDATE outbox {_SET} WHERE id IN (SELECT id FROM ("
        + _RANKED.format(
            kind_known="kind IN (SELECT value FROM json_each(:kinds))",
            receiver_busy="COALESCE(client_id, kind) IN (SELECT value FROM json_each(:busy))",
            receiver_failing="receiver IN (SELECT value FROM json_each(:failing))",
        )
        + f")) RETURNING {_COLUMNS}",
        Message,
    ),
    "postgresql": Statement(
        "WITH ranked AS ("
        + _RANKED.format(
            kind_known="kind = ANY(CAST(:kinds AS text[]))",
            receiver_busy="COALESCE(client_id, kind) = ANY(CAST(:busy AS text[]))",
            receiver_failing="receiver = ANY(CAST(:failing AS text[]))",
        )
        + "), mine AS (SELECT id FROM outbox WHERE id IN (SELECT id FROM ranked) AND settled_at IS NULL"
        f" AND claimed_until <= :now FOR UPDATE SKIP LOCKED) UPDATE outbox {_SET} FROM mine WHERE outbox.id = mine.id"
        f" RETURNING {_RETURNED}",
        Message,
    ),
}
_NEXT = Statement(
    "SELECT MIN(not_before) FROM outbox WHERE settled_at IS NULL AND claimed_until <= :now AND not_before > :now",
    lambda due: due,
)
_SETTLE = Statement[Any](
    "UPDATE outbox SET settled_at = :now, result = :result, payload = NULL, claimed_by = NULL, claimed_until = 0"
    " WHERE id = :id AND settled_at IS NULL"
)
_POSTPONE = Statement[Any](
    "UPDATE outbox SET not_before = :due, claimed_by = NULL, claimed_until = 0"
    " WHERE id = :id AND claimed_by = :worker AND settled_at IS NULL"
)
_DATABASE_TIME = Statement("SELECT CAST(FLOOR(EXTRACT(EPOCH FROM clock_timestamp())) AS bigint)", int)


def database_time(tx: Transaction) -> int:
    """Unix seconds by the clock all workers share."""
    if tx.dialect == "sqlite":  # one machine
        return int(time.time())
    return tx.one(_DATABASE_TIME) or 0


def claim(
    tx: Transaction,
    *,
    worker: str,
    kinds: list[str],
    busy: list[str],
    failing: list[str],
    share: int,
    limit: int,
    lease: int,
    now: int,
) -> list[Message]:
    """Up to ``limit`` due rows of ``kinds`` for ``worker``, who has ``lease`` seconds for them.

    None for ``busy`` receivers, at most one for each of the ``failing``, at most ``share`` for any other.
    """
    lists: dict[str, Any] = {"kinds": kinds, "busy": busy, "failing": failing}
    if tx.dialect == "sqlite":
        lists = {name: orjson.dumps(values).decode() for name, values in lists.items()}
    return tx.all(_CLAIM[tx.dialect], worker=worker, share=share, limit=limit, until=now + lease, now=now, **lists)


def next_due(tx: Transaction, *, now: int) -> int | None:
    """When the next row falls due that is not due yet (Unix seconds), or None."""
    due: int | None = tx.one(_NEXT, now=now)
    return due


def settle(tx: Transaction, message: Message, result: str, *, now: int) -> bool:
    """Write the end of a delivery and forget its payload; False if another worker had settled it."""
    return tx.run(_SETTLE, id=message.id, result=result, now=now) == 1


def postpone(tx: Transaction, message: Message, *, worker: str, due: int) -> None:
    """Give the row back for a try at ``due``, unless it is no longer this worker's."""
    tx.run(_POSTPONE, id=message.id, worker=worker, due=due)
