"""Importing a file of old accounts: a thousand lines in a transaction, from wherever the last one ended.

Always true: the counts of a batch and its rows are committed together, so a killed import goes on where its rows
end; a finished file changes nothing any more.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from itertools import islice
from typing import NamedTuple, Protocol

from idp.accounts.rules import WaitingState
from idp.accounts.waiting import WaitingAccounts
from idp.activation.batches import (
    Batch,
    Counts,
    Writing,
    alone,
    begin_batch,
    find_batch,
    find_known,
    go_on,
    stand,
)
from idp.activation.files import Source
from idp.activation.lines import Decision, Known, Line, Reason, Unfit, decide, take
from idp.audit import Event, record
from idp.crypto.fields import BlindIndex
from idp.db import Database, Transaction
from idp.tables import Raw

CHUNK = 1000
_FILE = "legacy_file"
_REHEARSED = "-"
"""The batch of a dry run."""
_REFUSED = {Decision.CONTRADICT: Reason.CONTRADICTION, Decision.REFUSE: Reason.TOO_LATE}


class Overtaken(Exception):
    """Another process imports the same file."""


@dataclass(frozen=True, slots=True)
class Imported:
    """``batch_id``: None of a dry run. ``again``: the file had been imported before, and nothing was done."""

    batch_id: str | None
    counts: Counts
    again: bool = False


class _Read(NamedTuple):
    """A line with all that is to be known before it is decided on, or why it is not taken."""

    raw: Raw
    line: Line | None
    reason: Reason | None
    text: str
    digests: tuple[bytes, ...]
    blinds: tuple[bytes, ...]


class _Seen(Protocol):
    """What this run made of old ids already, beside what is stored."""

    def get(self, key: tuple[str, bytes], /) -> Known | None: ...

    def __setitem__(self, key: tuple[str, bytes], known: Known, /) -> None: ...


class Importer:
    """``accounts`` and ``index`` hold the keys; ``clock``: Unix seconds."""

    def __init__(
        self, database: Database, accounts: WaitingAccounts, index: BlindIndex, *, clock: Callable[[], int]
    ) -> None:
        self._database = database
        self._accounts = accounts
        self._index = index
        self._clock = clock

    def run(self, source: Source, *, progress: Callable[[int], object]) -> Imported:
        """Import what of the file is not imported yet. ``progress`` is told of bytes done.

        Raises `Overtaken`, `DatabaseUnavailable`; what was committed before stays.
        """
        batch = self._open(source)
        if batch.finished_at is not None:
            return Imported(batch.id, batch.counts, again=True)
        progress(batch.position)
        for read in self._ahead(source, batch.position, batch.line):
            before = batch.position
            batch = self._write(batch, read)
            progress(batch.position - before)
        return Imported(batch.id, self._finish(batch).counts)

    def rehearse(self, source: Source, *, progress: Callable[[int], object]) -> Imported:
        """What `run` would make of the whole file as the database stands now. Nothing is written."""
        counts, seen, position = Counts(), _OnDisk(), 0
        for read in self._ahead(source, 0, 0):
            with self._database.autocommit() as tx:
                _settle(read, _known(tx, read), seen, _REHEARSED, counts, None)
            progress(read[-1].raw.end - position)
            position = read[-1].raw.end
        seen.close()
        return Imported(None, counts)

    def _open(self, source: Source) -> Batch:
        digests = self._index.candidates(_FILE, source.digest)
        now = self._clock()
        with self._database.transaction() as tx:
            alone(tx)
            batch = find_batch(tx, digests)
            if batch is None:
                batch = begin_batch(tx, digests[0], format=source.table.format, now=now)
                record(tx, Event.LEGACY_BEGUN, subject=batch.id, now=now)
            return batch

    def _write(self, batch: Batch, read: Sequence[_Read]) -> Batch:
        counts = batch.counts
        with self._database.transaction() as tx:
            alone(tx)
            if stand(tx, batch.id) != batch:
                raise Overtaken
            writing = Writing(tx, self._accounts, batch.id, self._clock())
            _settle(read, _known(tx, read), {}, batch.id, counts, writing)
            writing.finish()
            last = read[-1].raw
            batch = Batch(batch.id, last.end, last.number, None, **asdict(counts))
            go_on(tx, batch)
        return batch

    def _finish(self, batch: Batch) -> Batch:
        now = self._clock()
        with self._database.transaction() as tx:
            alone(tx)
            if stand(tx, batch.id) != batch:
                raise Overtaken
            batch = batch._replace(finished_at=now)
            go_on(tx, batch)
            record(tx, Event.LEGACY_IMPORTED, subject=batch.id, detail=asdict(batch.counts), now=now)
        return batch

    def _ahead(self, source: Source, position: int, number: int) -> Iterator[list[_Read]]:
        """The lines behind ``position`` in chunks; while the database works on one, the next is read."""
        lines = source.lines(position, number)

        def read() -> list[_Read]:
            today = datetime.fromtimestamp(self._clock(), UTC).date()
            return [self._read(source, raw, today) for raw in islice(lines, CHUNK)]

        with ThreadPoolExecutor(1) as reader:
            coming = reader.submit(read)
            while chunk := coming.result():
                coming = reader.submit(read)
                yield chunk

    def _read(self, source: Source, raw: Raw, today: date) -> _Read:
        try:
            line = take(source.fields(raw), platform=source.platform, today=today)
        except Unfit as unfit:
            return _Read(raw, None, unfit.reason, "", (), ())
        text = line.told.as_json()
        blinds = self._accounts.of_old_id(line.platform, line.old_id)
        return _Read(raw, line, None, text, self._accounts.digests(text), blinds)


def _known(tx: Transaction, read: Sequence[_Read]) -> dict[tuple[str, bytes], Known]:
    """What is stored of the old ids of these lines."""
    keys = {(one.line.platform, one.blinds[0]): one.blinds for one in read if one.line}
    found = find_known(tx, [(platform, blinds) for (platform, _), blinds in keys.items()])
    return {key: known for key, known in zip(keys, found, strict=True) if known}


def _settle(
    read: Sequence[_Read],
    stored: dict[tuple[str, bytes], Known],
    seen: _Seen,
    batch_id: str,
    counts: Counts,
    writing: Writing | None,
) -> None:
    """Decide on each line in turn, write what is to be written, and count."""
    answers: list[tuple[_Read, Line, Callable[[], bool]]] = []
    for one in read:
        counts.lines += 1
        if one.line is None:
            _quarantine(one, one.reason or Reason.MALFORMED, counts, writing)
            continue
        place = (one.line.platform, one.blinds[0])
        known = seen.get(place) or stored.get(place)
        decision = decide(one.line, known, digests=one.digests, batch_id=batch_id)
        if decision is Decision.LEAVE:
            counts.duplicates += 1
            continue
        if decision in _REFUSED:
            _quarantine(one, _REFUSED[decision], counts, writing)
            continue
        key, answer = _put(one, one.line, decision, known, writing)
        state = known.state if known else WaitingState.IMPORTED
        seen[place] = Known(key, state, one.line.flag, one.digests[0], batch_id)
        if answer is None:
            _count(one.line, decision, counts)
        else:
            answers.append((one, one.line, answer))
    for one, line, answer in answers:
        if answer():
            _count(line, Decision.CORRECT, counts)
        else:
            _quarantine(one, Reason.TOO_LATE, counts, writing)


def _put(
    one: _Read, line: Line, decision: Decision, known: Known | None, writing: Writing | None
) -> tuple[str, Callable[[], bool] | None]:
    """The account's id, and for what may come too late whether it did not."""
    if known is None:
        return (writing.add(line, one.text, blind=one.blinds[0], digest=one.digests[0]) if writing else "", None)
    if writing is None:
        return known.id, lambda: True
    if decision is Decision.FLAG:
        return known.id, writing.flag(known.id, line)
    return known.id, writing.correct(known.id, line, one.text, digest=one.digests[0])


def _count(line: Line, decision: Decision, counts: Counts) -> None:
    if line.flag:
        counts.flagged += 1
        return
    counts.accepted += 1
    counts.updated += decision is Decision.CORRECT


def _quarantine(one: _Read, reason: Reason, counts: Counts, writing: Writing | None) -> None:
    counts.quarantined += 1
    if writing:
        writing.quarantine(one.raw.number, reason)


class _OnDisk:
    """What a dry run would have written by now, in a file of SQLite's own that goes with it: memory stays bounded."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect("", isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = OFF")
        self._connection.execute(
            "CREATE TABLE seen (platform, blind, id, state, flag, digest, batch, PRIMARY KEY (platform, blind))"
        )

    def get(self, key: tuple[str, bytes], /) -> Known | None:
        found = self._connection.execute(
            "SELECT id, state, flag, digest, batch FROM seen WHERE platform = ? AND blind = ?", key
        ).fetchone()
        return Known(*found) if found else None

    def __setitem__(self, key: tuple[str, bytes], known: Known, /) -> None:
        self._connection.execute("INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?, ?, ?, ?)", (*key, *known))

    def close(self) -> None:
        self._connection.close()
