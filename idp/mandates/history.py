"""Histories - of each mandate, and of what else has one - as hash chains that the parties read and anybody can check.

Always true: an entry's hash covers the entry and the hash before it, so that none is changed, left out or put in
between without showing.
"""

import hashlib
from typing import NamedTuple

import orjson

from idp.db import Statement, Transaction


class Entry(NamedTuple):
    """``step``: `idp.mandates.rules.Step`, or ``request``, ``draw`` and ``signature`` before it."""

    seq: int
    at: int
    actor_id: str | None
    step: str
    state: str
    reason: str | None
    hash: str


class Chain:
    """The histories that stand in ``table``, each named by its column ``owner``."""

    def __init__(self, table: str, owner: str) -> None:
        columns, values = ", ".join(Entry._fields), ", ".join(f":{name}" for name in Entry._fields)
        self._last = Statement[tuple[int, str]](
            f"SELECT seq, hash FROM {table} WHERE {owner} = :owner ORDER BY seq DESC LIMIT 1"
        )
        self._add = Statement[int](f"INSERT INTO {table} ({owner}, {columns}) VALUES (:owner, {values})", int)
        self._of = Statement(f"SELECT {columns} FROM {table} WHERE {owner} = :owner ORDER BY seq", Entry)

    def append(
        self,
        tx: Transaction,
        owner: str,
        *,
        step: str,
        state: str,
        actor: str | None,
        reason: str | None = None,
        now: int,
    ) -> None:
        """The caller holds the owner's row, so that entries come one after the other."""
        seq, before = tx.one(self._last, owner=owner) or (0, owner)
        entry = Entry(seq + 1, now, actor, step, state, reason, "")
        tx.run(self._add, owner=owner, **entry._replace(hash=_hash(entry, before))._asdict())

    def read(self, tx: Transaction, owner: str) -> list[Entry]:
        """Oldest first."""
        return tx.all(self._of, owner=owner)


_MANDATES = Chain("mandate_event", "mandate_id")
append = _MANDATES.append
read = _MANDATES.read


def is_whole(owner: str, entries: list[Entry]) -> bool:
    """Whether these are what was written, from the first on."""
    before = owner
    for number, entry in enumerate(entries, 1):
        if entry.seq != number or entry.hash != _hash(entry, before):
            return False
        before = entry.hash
    return bool(entries)


def _hash(entry: Entry, before: str) -> str:
    return hashlib.sha256(orjson.dumps([before, *entry[:-1]])).hexdigest()
