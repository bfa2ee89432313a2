"""Taking in a department's file of its own users.

Always true: a file may be taken in again, or after it was interrupted, with the same outcome; until its last line was
read nothing that an earlier file said is gone, and nothing that it says itself is told to anybody.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from idp.audit import Event, record
from idp.audit.rules import Detail
from idp.crypto.tokens import new_id
from idp.db import Database, Statement, Transaction
from idp.mapping.actions import Links
from idp.mapping.files import Row, open_table, read_rows
from idp.mapping.rules import Fault, Line, Standing, read_line
from idp.mapping.survey import Found, Survey
from idp.tables import digest_of

_BATCH = 500
_MOST_FAULTS = 0.01
"""Of the lines of a whole list; above, it looks cut, misread or sent by mistake."""


class _Import(NamedTuple):
    seq: int
    digest: str


class _Held(NamedTuple):
    id: str
    seq: int
    line: int
    sealed: bytes


class _Place(NamedTuple):
    """Under what a new link is filed."""

    client: str
    local: bytes
    kind: str
    blind: bytes


_NEWEST = Statement(
    "SELECT seq, digest FROM link_import WHERE client_id = :client ORDER BY seq DESC LIMIT 1", _Import
)
_BEGIN = Statement(
    "INSERT INTO link_import (client_id, seq, digest, begun_at) VALUES (:client, :seq, :digest, :now)"
    " ON CONFLICT DO NOTHING RETURNING seq",
    int,
)
# The update that changes nothing takes the row's lock.
_HOLD = Statement[Any]("UPDATE link_import SET begun_at = begun_at WHERE client_id = :client AND seq = :seq")
_AGAIN = Statement[Any]("UPDATE link_import SET ended_at = NULL WHERE client_id = :client AND seq = :seq")
_END = Statement[Any]("UPDATE link_import SET ended_at = :now WHERE client_id = :client AND seq = :seq")
_FIND = Statement(
    "SELECT id, seq, line, sealed FROM account_link WHERE client_id = :client AND local IN (:l0, :l1)"
    " AND kind = :kind AND blind IN (:b0, :b1)",
    _Held,
)
_ADD = Statement[Any](
    "INSERT INTO account_link (id, client_id, local, kind, blind, sealed, seq, line, created_at)"
    " VALUES (:id, :client, :local, :kind, :blind, :sealed, :seq, :line, :now) ON CONFLICT DO NOTHING"
)
_TAKE_OVER = Statement[Any](
    "UPDATE account_link SET seq = :seq, line = :line, sealed = :sealed WHERE id = :id AND seq < :seq"
)
# An older line of a local id that was indexed under another key stays, and the two are told to nobody.
_REPLACED = Statement[Any](
    "DELETE FROM account_link WHERE client_id = :client AND seq < :seq"
    " AND local IN (SELECT local FROM account_link WHERE client_id = :client AND seq = :seq)"
)
_NOT_NAMED = Statement[Any]("DELETE FROM account_link WHERE client_id = :client AND seq < :seq")


@dataclass
class Report:
    """What became of a file. ``read`` = added + changed + unchanged + those of ``faults``."""

    seq: int = 0
    read: int = 0
    added: int = 0
    changed: int = 0
    """Lines that say another name."""
    unchanged: int = 0
    ended: int = 0
    """Links that earlier files made and this one replaced."""
    faults: Counter[Fault] = field(default_factory=Counter)


class _DryRun(Exception):
    """Leave nothing behind."""


@dataclass(frozen=True, slots=True)
class Importing:
    """``say`` hears of every line that makes no link, ``progress`` how many lines were read."""

    database: Database
    links: Links
    survey: Survey
    say: Callable[[Found], None]
    progress: Callable[[int], None]

    def run(self, client_id: str, path: Path, *, whole: bool, today: date, now: int) -> Report | None:
        """Take in the file; ``whole``: links it does not name end. None when another import has begun meanwhile: what
        this one wrote until then is told to nobody.

        Raises `NotATable`.
        """
        rows = read_rows(path)
        first = list(itertools.islice(rows, 1))  # what is no table begins nothing
        digests = self.links.digests_of(digest_of(open_table(path)))
        with self.database.transaction() as tx:
            seq = _begun(tx, client_id, digests, now=now)
        if seq is None:
            return None
        report = Report(seq)
        for batch in _batches(itertools.chain(first, rows)):
            with self.database.transaction() as tx:
                if not _is_newest(tx, client_id, seq):
                    return None
                self._take(tx, client_id, batch, report, today=today, now=now)
            self.progress(report.read)
        with self.database.transaction() as tx:
            if not _is_newest(tx, client_id, seq):
                return None
            _end(tx, client_id, report, whole=whole, now=now)
        return report

    def try_out(
        self, client_id: str, path: Path, *, whole: bool, today: date, now: int
    ) -> tuple[Report, Counter[Standing]] | None:
        """The same in one transaction that is rolled back, with how the links would stand."""
        digests = self.links.digests_of(digest_of(open_table(path)))
        try:
            with self.database.transaction() as tx:
                seq = _begun(tx, client_id, digests, now=now)
                if seq is None:
                    return None
                report = Report(seq)
                for batch in _batches(read_rows(path)):
                    self._take(tx, client_id, batch, report, today=today, now=now)
                    self.progress(report.read)
                _end(tx, client_id, report, whole=whole, now=now)
                standing = self.survey.of(tx, client_id)
                raise _DryRun
        except _DryRun:
            return report, standing

    def _take(
        self, tx: Transaction, client_id: str, batch: list[Row], report: Report, *, today: date, now: int
    ) -> None:
        """All of a batch is looked for in one round trip, and written in another."""
        told = [(number, row if isinstance(row, Fault) else read_line(row, today=today)) for number, row in batch]
        asked = [None if isinstance(line, Fault) else self._ask(tx, client_id, line) for _, line in told]
        new: set[_Place] = set()
        for (number, line), question in zip(told, asked, strict=True):
            report.read += 1
            fault = line if isinstance(line, Fault) else None
            if question is not None and not isinstance(line, Fault):
                place, held = question[0], question[1]()
                if place in new:
                    fault = Fault.REPEATED
                elif held:
                    fault = self._keep(tx, held[0], number, line, report)
                else:
                    new.add(place)
                    self._add(tx, place, number, line, report, now=now)
            if fault is not None:
                report.faults[fault] += 1
                self.say(Found(report.seq, number, fault))

    def _ask(self, tx: Transaction, client_id: str, line: Line) -> tuple[_Place, Callable[[], list[_Held]]]:
        local, blind = self.links.locals_of(client_id, line.local_id), self.links.blinds_of(line.document)
        kind = line.document.kind
        held = tx.ask(_FIND, client=client_id, l0=local[0], l1=local[-1], kind=kind, b0=blind[0], b1=blind[-1])
        return _Place(client_id, local[0], kind, blind[0]), held

    def _add(self, tx: Transaction, place: _Place, number: int, line: Line, report: Report, *, now: int) -> None:
        key = new_id("lnk")
        sealed = self.links.seal(key, line)
        tx.send(_ADD, id=key, **place._asdict(), sealed=sealed, seq=report.seq, line=number, now=now)
        report.added += 1

    def _keep(self, tx: Transaction, held: _Held, number: int, line: Line, report: Report) -> Fault | None:
        """What is there already is this import's from now on; the same again costs no write."""
        if held.seq == report.seq and held.line != number:
            return Fault.REPEATED
        same = self.links.open(held.id, held.sealed) == line
        if held.seq < report.seq:
            sealed = held.sealed if same else self.links.seal(held.id, line)
            tx.send(_TAKE_OVER, id=held.id, seq=report.seq, line=number, sealed=sealed)
        report.unchanged += same
        report.changed += not same
        return None


def _begun(tx: Transaction, client_id: str, digests: tuple[str, ...], *, now: int) -> int | None:
    """The number of this import: of the newest one if that was the same file; None when another was first."""
    newest = tx.one(_NEWEST, client=client_id)
    if newest and newest.digest in digests:
        tx.run(_AGAIN, client=client_id, seq=newest.seq)
        return newest.seq
    if newest:  # what it is writing is to be there before anything is compared with it
        tx.run(_HOLD, client=client_id, seq=newest.seq)
    return tx.one(_BEGIN, client=client_id, seq=newest.seq + 1 if newest else 1, digest=digests[0], now=now)


def _is_newest(tx: Transaction, client_id: str, seq: int) -> bool:
    """Whether no other file of the client has come since; none can until ``tx`` ends."""
    tx.run(_HOLD, client=client_id, seq=seq)
    newest = tx.one(_NEWEST, client=client_id)
    return newest is not None and newest.seq == seq


def _end(tx: Transaction, client_id: str, report: Report, *, whole: bool, now: int) -> None:
    report.ended = tx.run(_NOT_NAMED if whole else _REPLACED, client=client_id, seq=report.seq)
    tx.run(_END, client=client_id, seq=report.seq, now=now)
    detail: Detail = {
        "import": report.seq,
        "read": report.read,
        "added": report.added,
        "changed": report.changed,
        "ended": report.ended,
        "refused": report.faults.total(),
    }
    record(tx, Event.LINKS_IMPORTED, client=client_id, subject=client_id, detail=detail, now=now)


def hardly_whole(path: Path, *, today: date) -> bool:
    """Whether a file names so few links, or has so many faults, that what it does not name had better stay.

    Raises `NotATable`.
    """
    lines = Counter(
        isinstance(row if isinstance(row, Fault) else read_line(row, today=today), Fault)
        for _, row in read_rows(path)
    )
    return not lines[False] or lines[True] > lines.total() * _MOST_FAULTS


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while batch := list(itertools.islice(rows, _BATCH)):
        yield batch
