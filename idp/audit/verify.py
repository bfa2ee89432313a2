"""Verifying the trail: every record against its chain, every chain against the checkpoints.

Always true: rows are read in pieces of a fixed size; what is kept in memory is one head per chain and the findings.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby

from idp.audit.checkpoints import stored_checkpoints
from idp.audit.rules import Checkpoint, CheckpointKind, Entry, checkpoint_mac
from idp.audit.walk import Fault, Seen, Walk
from idp.db import Database, Statement

MAX_FINDINGS = 1000
_AFTER = Statement(
    f"SELECT {', '.join(Entry._fields)} FROM audit_event WHERE (chain, seq) > (:chain, :seq)"
    " ORDER BY chain, seq LIMIT 2000",
    Entry,
)
_CHECKPOINT_MAC = Statement("SELECT mac FROM audit_checkpoint WHERE seq = :seq", bytes)


@dataclass(frozen=True, slots=True)
class Finding:
    """Records ``first`` to ``last`` of ``chain``; for checkpoints the chain is ``"checkpoints"``."""

    fault: Fault
    chain: str
    first: int
    last: int


@dataclass(slots=True)
class Report:
    """What was read and what is wrong with it; ``more`` counts findings beyond the first 1000."""

    records: int = 0
    chains: int = 0
    checkpoints: int = 0
    findings: list[Finding] = field(default_factory=list)
    more: int = 0

    @property
    def clean(self) -> bool:
        return not self.findings

    def add(self, fault: Fault, chain: str, first: int, last: int | None = None) -> None:
        """Note a finding, as one with the one before if it continues it."""
        last = first if last is None else last
        before = self.findings[-1] if self.findings else None
        if before and (before.fault, before.chain, before.last + 1) == (fault, chain, first):
            self.findings[-1] = Finding(fault, chain, before.first, last)
        elif len(self.findings) < MAX_FINDINGS:
            self.findings.append(Finding(fault, chain, first, last))
        else:
            self.more += 1


class _Expected:
    """What the checkpoints say must be there: the farthest head of each chain, and what was purged."""

    def __init__(self) -> None:
        self.heads: dict[str, Seen] = {}
        self.purged_before = ""
        self.first_checkpoint = 1

    def learn(self, checkpoint: Checkpoint) -> None:
        body = json.loads(checkpoint.body)
        if checkpoint.kind == CheckpointKind.PURGE:
            self.purged_before = max(self.purged_before, body["before"])
            self.first_checkpoint = max(self.first_checkpoint, body["first_checkpoint"])
            return
        for chain, (seq, mac) in body["heads"].items():
            known = self.heads.get(chain)
            if known is None or seq > known.seq:  # a cut tail makes later heads shorter: the farthest one counts
                self.heads[chain] = Seen(seq, mac)

    def is_purged(self, chain: str) -> bool:
        return chain[:8] < self.purged_before


def verify(database: Database, *, key: bytes, checkpoints: Iterable[Checkpoint | None] = ()) -> Report:
    """Read the whole trail and say what is wrong with it.

    ``checkpoints``: lines of checkpoint files kept outside the database (None for an unreadable line); they show what
    somebody who can write the database could hide. Raises `DatabaseUnavailable`.
    """
    report = Report()
    expected = _Expected()
    _verify_stored_checkpoints(database, key, expected, report)
    _verify_kept_checkpoints(database, key, checkpoints, expected, report)
    for chain, rows in groupby(_rows(database), key=lambda row: str(row.chain)):
        if not expected.is_purged(chain):
            _verify_chain(key, chain, rows, expected.heads.pop(chain, None), report)
    for chain, seen in sorted(expected.heads.items()):
        if not expected.is_purged(chain):
            report.add(Fault.VANISHED, chain, 0, seen.seq)
    return report


def _is_signed(key: bytes, signed: Checkpoint) -> bool:
    try:
        made = checkpoint_mac(key, seq=signed.seq, at=signed.at, kind=signed.kind, body=signed.body, prev=signed.prev)
    except (TypeError, AttributeError):  # SQLite holds values of any type in any column
        return False
    return made == signed.mac


def _verify_stored_checkpoints(database: Database, key: bytes, expected: _Expected, report: Report) -> None:
    first, before = None, None
    for signed in stored_checkpoints(database):
        report.checkpoints += 1
        genuine = _is_signed(key, signed)
        if type(signed.seq) is not int:
            report.add(Fault.CHECKPOINT_ALTERED, "checkpoints", -1)
            continue
        if before and signed.seq != before.seq + 1:
            report.add(Fault.CHECKPOINT_MISSING, "checkpoints", before.seq + 1, signed.seq - 1)
        follows = before is None or signed.seq != before.seq + 1 or signed.prev == before.mac
        if not genuine or (not follows and before and _is_signed(key, before)):
            report.add(Fault.CHECKPOINT_ALTERED, "checkpoints", signed.seq)
        if genuine:
            expected.learn(signed)
        first, before = first or signed, signed
    if first and first.seq > expected.first_checkpoint:
        report.add(Fault.CHECKPOINT_MISSING, "checkpoints", expected.first_checkpoint, first.seq - 1)


def _verify_kept_checkpoints(
    database: Database, key: bytes, kept: Iterable[Checkpoint | None], expected: _Expected, report: Report
) -> None:
    for number, signed in enumerate(kept, 1):
        if signed is None or not _is_signed(key, signed):
            report.add(Fault.CHECKPOINT_ALTERED, "checkpoint file line", number)
            continue
        report.checkpoints += 1
        expected.learn(signed)
        with database.autocommit() as tx:
            stored = tx.one(_CHECKPOINT_MAC, seq=signed.seq)
        if stored is None and signed.seq >= expected.first_checkpoint:
            report.add(Fault.CHECKPOINT_MISSING, "checkpoints", signed.seq)
        elif stored is not None and stored != signed.mac:
            report.add(Fault.CHECKPOINT_ALTERED, "checkpoints", signed.seq)


def _rows(database: Database) -> Iterator[Entry]:
    chain, seq = "", -1
    while True:
        with database.autocommit() as tx:
            batch = tx.all(_AFTER, chain=chain, seq=seq)
        if not batch:
            return
        yield from batch
        chain, seq = batch[-1].chain, batch[-1].seq


def _verify_chain(key: bytes, chain: str, rows: Iterable[Entry], seen: Seen | None, report: Report) -> None:
    report.chains += 1
    walk = Walk(key, seen)
    for row in rows:
        report.records += 1
        if walk.step(row) is Fault.ALTERED:
            report.add(Fault.ALTERED, chain, row.seq if type(row.seq) is int else -1)
    for fault, first, last in walk.finish():
        report.add(fault, chain, first, last)
