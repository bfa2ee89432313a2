"""The history of each mandate as a hash chain of its own, which both parties can read and anybody can check.

Always true: an entry's hash covers the entry and the hash before it, so that none is changed, left out or put in
between without showing.
"""

import hashlib
from typing import NamedTuple

import orjson

from idp.db import Statement, Transaction
from idp.mandates.rules import State


class Entry(NamedTuple):
    """``step``: `idp.mandates.rules.Step`, or ``request``, ``draw`` and ``signature`` before it."""

    seq: int
    at: int
    actor_id: str | None
    step: str
    state: str
    reason: str | None
    hash: str


_LAST = Statement[tuple[int, str]](
    "SELECT seq, hash FROM mandate_event WHERE mandate_id = :mandate ORDER BY seq DESC LIMIT 1"
)
_ADD = Statement[int](
    "INSERT INTO mandate_event (mandate_id, seq, at, actor_id, step, state, reason, hash)"
    " VALUES (:mandate, :seq, :at, :actor_id, :step, :state, :reason, :hash)",
    int,
)
_OF = Statement(
    f"SELECT {', '.join(Entry._fields)} FROM mandate_event WHERE mandate_id = :mandate ORDER BY seq", Entry
)


def append(
    tx: Transaction,
    mandate_id: str,
    *,
    step: str,
    state: State,
    actor: str | None,
    reason: str | None = None,
    now: int,
) -> None:
    """The caller holds the mandate's row, so that entries come one after the other."""
    seq, before = tx.one(_LAST, mandate=mandate_id) or (0, mandate_id)
    entry = Entry(seq + 1, now, actor, step, state, reason, "")
    tx.run(_ADD, mandate=mandate_id, **entry._replace(hash=_hash(entry, before))._asdict())


def read(tx: Transaction, mandate_id: str) -> list[Entry]:
    """Oldest first."""
    return tx.all(_OF, mandate=mandate_id)


def is_whole(mandate_id: str, entries: list[Entry]) -> bool:
    """Whether these are what was written, from the first on."""
    before = mandate_id
    for number, entry in enumerate(entries, 1):
        if entry.seq != number or entry.hash != _hash(entry, before):
            return False
        before = entry.hash
    return bool(entries)


def _hash(entry: Entry, before: str) -> str:
    return hashlib.sha256(orjson.dumps([before, *entry[:-1]])).hexdigest()
