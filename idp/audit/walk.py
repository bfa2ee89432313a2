"""Walking one chain: which of its records are genuine, and what happened to those that are not.

Always true: pure; a record counts as genuine only in the chain, at the place and after the MAC it was written with.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import chain as joined
from itertools import islice
from typing import NamedTuple

from idp.audit.rules import GENESIS, Entry, entry_mac

_SEARCH = 128


class Fault(StrEnum):
    ALTERED = "altered"
    """The record is not what was written."""
    MISSING = "missing"
    """Records between others, or before all others, are gone."""
    REORDERED = "reordered"
    """The record stands in another place than it was written to."""
    TAIL_CUT = "tail_cut"
    """Records at the end of a chain are gone that a checkpoint had seen."""
    VANISHED = "vanished"
    """A whole chain is gone that a checkpoint had seen."""
    CHECKPOINT_ALTERED = "checkpoint_altered"
    CHECKPOINT_MISSING = "checkpoint_missing"


class Seen(NamedTuple):
    """The head of a chain as a checkpoint saw it; ``mac`` in hex."""

    seq: int
    mac: str


class Walk:
    """One chain from its first row to its last, in the order of ``seq``."""

    def __init__(self, key: bytes, seen: Seen | None) -> None:
        self._key = key
        self._seen = seen
        self._runs: list[tuple[int, int]] = []
        self._misfits: list[Entry] = []
        self._before: Entry | None = None

    def step(self, row: Entry) -> Fault | None:
        """Look at the next row; the fault if there is nothing more to find out about it."""
        if type(row.seq) is not int:
            return Fault.ALTERED
        genuine = self._mac_at(row, row.seq) == row.mac
        if not genuine and len(self._misfits) < _SEARCH:
            self._misfits.append(row)
            self._before = None
            return None
        follows = not genuine or self._follows(row)
        self._before = row if genuine else None
        self._occupy(row.seq)
        return None if genuine and follows else Fault.ALTERED

    def finish(self) -> Iterator[tuple[Fault, int, int]]:
        """The faults of the rows that fit nowhere and of the places that are empty: fault, first and last place."""
        places: list[int] = []
        for row in self._misfits:
            origin = self._origin(row)
            places.append(row.seq if origin is None else origin)
            yield (Fault.ALTERED if origin is None else Fault.REORDERED), row.seq, row.seq
        end = 0
        for first, last in sorted([*self._runs, *((place, place) for place in places)]):
            if first > end:
                yield Fault.MISSING, end, first - 1
            end = max(end, last + 1)
        if self._seen and self._seen.seq >= end:
            yield Fault.TAIL_CUT, end, self._seen.seq

    def _mac_at(self, row: Entry, seq: int) -> bytes:
        try:
            return entry_mac(self._key, (row.chain, seq, *row[2:13]), row.prev)
        except (TypeError, AttributeError):  # SQLite holds values of any type in any column
            return b""

    def _follows(self, row: Entry) -> bool:
        """Whether a genuine row also is the one that belongs here: a copy from an older state of the chain is not."""
        if self._seen and row.seq == self._seen.seq and row.mac.hex() != self._seen.mac:
            return False
        if row.seq == 0:
            return row.prev == GENESIS
        before = self._before
        return before is None or before.seq + 1 != row.seq or row.prev == before.mac

    def _occupy(self, seq: int) -> None:
        if self._runs and self._runs[-1][1] + 1 == seq:
            self._runs[-1] = (self._runs[-1][0], seq)
        else:
            self._runs.append((seq, seq))

    def _origin(self, row: Entry) -> int | None:
        """The place this row was written to, if it is one of those that now are empty or hold another row."""
        misplaced = (other.seq for other in self._misfits)
        for seq in joined(misplaced, islice(self._empty(), 2 * _SEARCH)):
            if self._mac_at(row, seq) == row.mac:
                return seq
        return None

    def _empty(self) -> Iterable[int]:
        end = 0
        for first, last in self._runs:
            yield from range(end, first)
            end = max(end, last + 1)
        if self._seen:
            yield from range(end, self._seen.seq + 1)
