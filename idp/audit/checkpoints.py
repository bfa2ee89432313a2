"""Signed checkpoints over the heads of all chains, and the purge of chains past their retention.

Always true: a checkpoint names a head that was committed, and carries the MAC of the checkpoint before it, so neither
the end of a chain nor a whole chain can go without a trace.

A checkpoint lists every chain begun since the day (less some hours) of the checkpoint before: chains end with their
UTC day, so each one's last record is listed at least once, however long no worker ran.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from idp.audit.chains import current_writer
from idp.audit.rules import (
    DAY,
    GENESIS,
    Checkpoint,
    CheckpointKind,
    chain_day,
    checkpoint_mac,
    parse_checkpoint,
    print_checkpoint,
)
from idp.db import Database, Statement, Transaction

OVERLAP = 6 * 3600
"""Seconds for which a chain of yesterday may still be written: long transactions, clocks that differ."""
_DELETE_ROWS = 5000


class _Head(NamedTuple):
    chain: str
    seq: int
    mac: bytes


_COLUMNS = ", ".join(Checkpoint._fields)
_LAST = Statement(f"SELECT {_COLUMNS} FROM audit_checkpoint ORDER BY seq DESC LIMIT 1", Checkpoint)
_LAST_HEADS = Statement(
    f"SELECT {_COLUMNS} FROM audit_checkpoint WHERE kind = 'heads' ORDER BY seq DESC LIMIT 1", Checkpoint
)
AFTER = Statement(f"SELECT {_COLUMNS} FROM audit_checkpoint WHERE seq > :seq ORDER BY seq LIMIT 500", Checkpoint)
_INSERT = Statement[Any](
    f"INSERT INTO audit_checkpoint ({_COLUMNS}) VALUES (:seq, :at, :kind, :body, :prev, :mac) ON CONFLICT DO NOTHING"
)
# Steps from chain to chain along the primary key: the cost is the number of chains, not of records.
_HEADS_BETWEEN = Statement(
    "WITH RECURSIVE c(chain) AS (SELECT MIN(chain) FROM audit_event WHERE chain >= :since AND chain < :before"
    " UNION ALL SELECT (SELECT MIN(e.chain) FROM audit_event e WHERE e.chain > c.chain AND e.chain < :before)"
    " FROM c WHERE c.chain IS NOT NULL)"
    " SELECT h.chain, h.seq, h.mac FROM c JOIN audit_event h ON h.chain = c.chain"
    " AND h.seq = (SELECT MAX(seq) FROM audit_event m WHERE m.chain = c.chain)",
    _Head,
)
_FIRST_KEPT = Statement("SELECT MIN(seq) FROM audit_checkpoint WHERE at >= :at", lambda seq: seq)
_DELETE_CHAIN = Statement[Any]("DELETE FROM audit_event WHERE chain = :chain AND seq < :end")
_DELETE_CHECKPOINTS = Statement[Any]("DELETE FROM audit_checkpoint WHERE seq < :seq")
_DELETE_COUNTS = Statement[Any]("DELETE FROM audit_count WHERE minute < :minute")
_NO_END = "9"


def write_checkpoint(database: Database, *, now: int) -> Checkpoint | None:
    """Sign the heads of all chains that may have grown; None if none has, or another worker was first.

    Raises `DatabaseUnavailable`.
    """
    with database.autocommit() as tx:
        last = tx.one(_LAST)  # read first: one that another worker signs from here on takes the number, or is seen
        before = tx.one(_LAST_HEADS)
        since = chain_day(before.at - OVERLAP) if before else ""
        heads = {
            head.chain: [head.seq, head.mac.hex()] for head in tx.all(_HEADS_BETWEEN, since=since, before=_NO_END)
        }
        known = json.loads(before.body)["heads"] if before else {}
        if all(known.get(chain) == head for chain, head in heads.items()):
            return None
        return _sign(tx, last, CheckpointKind.HEADS, {"heads": heads}, now)


def _sign(
    tx: Transaction, last: Checkpoint | None, kind: CheckpointKind, body: dict[str, Any], now: int
) -> Checkpoint | None:
    seq, prev = (last.seq + 1, last.mac) if last else (1, GENESIS)
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    mac = checkpoint_mac(current_writer().key, seq=seq, at=now, kind=kind, body=text, prev=prev)
    signed = Checkpoint(seq, now, kind.value, text, prev, mac)
    return signed if tx.run(_INSERT, **signed._asdict()) == 1 else None


def purge(database: Database, *, retention_days: int, now: int) -> int:
    """Delete whole chains whose last record is older than the retention, with a signed statement; returns how many.

    The statement is committed first: what a crash leaves is deleted next time, and is not verified meanwhile.
    """
    cutoff = now - (retention_days + 1) * DAY
    with database.transaction() as tx:
        tx.run(_DELETE_COUNTS, minute=cutoff // 60)
        chains = tx.all(_HEADS_BETWEEN, since="", before=chain_day(cutoff))
        if not chains:
            return 0
        first_kept = tx.one(_FIRST_KEPT, at=cutoff)
        last = tx.one(_LAST)
        first_checkpoint = first_kept or (last.seq + 1 if last else 1)
        body = {
            "before": chain_day(cutoff),
            "chains": {head.chain: head.seq for head in chains},
            "first_checkpoint": first_checkpoint,
        }
        if _sign(tx, last, CheckpointKind.PURGE, body, now) is None:
            return 0
        tx.run(_DELETE_CHECKPOINTS, seq=first_checkpoint)
    for head in chains:
        for end in range(_DELETE_ROWS, head.seq + 1 + _DELETE_ROWS, _DELETE_ROWS):
            with database.autocommit() as tx:
                tx.run(_DELETE_CHAIN, chain=head.chain, end=end)
    return len(chains)


def stored_checkpoints(database: Database, *, after: int = 0) -> Iterator[Checkpoint]:
    """All checkpoints with a higher number than ``after``, in order, a few hundred in memory at a time."""
    while True:
        with database.autocommit() as tx:
            batch = tx.all(AFTER, seq=after)
        if not batch:
            return
        yield from batch
        after = batch[-1].seq


def append_checkpoints(database: Database, path: Path) -> int:
    """Append the checkpoints ``path`` does not hold yet, one JSON object a line, and sync it; returns how many.

    Raises ``OSError``, `DatabaseUnavailable`.
    """
    with path.open("a+b") as file:
        held, cut = _held(file)
        lines = [print_checkpoint(signed) for signed in stored_checkpoints(database, after=held)]
        if lines:
            # a line that a full disk cut short stays as it is, and alone
            file.write(("\n" if cut else "").encode() + "".join(line + "\n" for line in lines).encode())
            file.flush()
            os.fsync(file.fileno())
    return len(lines)


def _held(file: BinaryIO) -> tuple[int, bool]:
    """The number of the last whole checkpoint in the file, and whether its last line lacks an end."""
    size = file.seek(0, os.SEEK_END)
    reach = min(size, 16384)
    while True:
        file.seek(size - reach)
        text = file.read(reach)
        for line in reversed(text.split(b"\n")):
            if found := parse_checkpoint(line):
                return found.seq, not text.endswith(b"\n")
        if reach == size:
            return 0, not text.endswith(b"\n") and size > 0
        reach = min(size, reach * 4)
