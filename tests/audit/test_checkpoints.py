import json
import threading
from pathlib import Path

import pytest

from idp.audit import Event, record
from idp.audit.chains import Writer
from idp.audit.checkpoints import append_checkpoints, purge, stored_checkpoints, write_checkpoint
from idp.audit.counts import Counts
from idp.audit.rules import DAY, Checkpoint, parse_checkpoint
from idp.audit.verify import verify
from idp.audit.walk import Fault
from idp.db import Database, Statement
from tests.audit.conftest import KEY, NOW, Execute, chains, write


def heads(signed: Checkpoint | None) -> dict[str, int]:
    assert signed is not None
    return {chain: head[0] for chain, head in json.loads(signed.body)["heads"].items()}


def kept(path: Path) -> list[Checkpoint | None]:
    return [parse_checkpoint(line) for line in path.read_bytes().splitlines()]


def test_a_checkpoint_names_the_head_of_every_chain(any_database: Database, writer: Writer) -> None:
    write(any_database, 2)
    writer.forget()
    write(any_database, 5)
    assert sorted(heads(write_checkpoint(any_database, now=NOW)).values()) == [2, 5]


def test_nothing_is_signed_while_nothing_happens(any_database: Database, writer: Writer) -> None:
    write(any_database, 1)
    assert write_checkpoint(any_database, now=NOW)
    assert write_checkpoint(any_database, now=NOW + 60) is None
    write(any_database, 1)
    assert write_checkpoint(any_database, now=NOW + 120)


def test_an_empty_trail_needs_no_checkpoint(any_database: Database, writer: Writer) -> None:
    assert write_checkpoint(any_database, now=NOW) is None
    assert verify(any_database, key=KEY).clean


def test_of_several_workers_one_signs(any_database: Database, writer: Writer) -> None:
    write(any_database, 1)
    signed: list[Checkpoint | None] = []
    barrier = threading.Barrier(4)

    def run() -> None:
        barrier.wait()
        signed.append(write_checkpoint(any_database, now=NOW))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(one is not None for one in signed) == 1
    assert verify(any_database, key=KEY).clean


def test_chains_of_past_days_leave_the_checkpoints_after_their_last_record_was_seen(
    any_database: Database, writer: Writer
) -> None:
    write(any_database, 3)
    write(any_database, 1, now=NOW + DAY)
    first, second = chains(any_database)
    assert heads(write_checkpoint(any_database, now=NOW + DAY)) == {first: 4, second: 1}
    write(any_database, 1, now=NOW + 2 * DAY)
    third = chains(any_database)[2]
    assert heads(write_checkpoint(any_database, now=NOW + 2 * DAY)) == {second: 2, third: 1}


def test_the_last_records_of_a_chain_are_signed_however_long_no_worker_ran(
    any_database: Database, writer: Writer, tamper: Execute
) -> None:
    write(any_database, 1)
    write_checkpoint(any_database, now=NOW)
    write(any_database, 5)
    (chain,) = chains(any_database)
    writer.forget()
    write(any_database, 1, now=NOW + 9 * DAY)
    write_checkpoint(any_database, now=NOW + 9 * DAY)
    tamper("DELETE FROM audit_event WHERE chain = :chain AND seq = 6", chain=chain)
    assert [(f.fault, f.first) for f in verify(any_database, key=KEY).findings] == [(Fault.TAIL_CUT, 6)]


def test_the_file_receives_every_checkpoint_once_whoever_signed_it(
    database: Database, writer: Writer, tmp_path: Path
) -> None:
    path = tmp_path / "checkpoints.jsonl"
    assert append_checkpoints(database, path) == 0
    for minute in range(3):
        write(database, 1)
        write_checkpoint(database, now=NOW + minute)
    assert append_checkpoints(database, path) == 3
    assert append_checkpoints(database, path) == 0
    write(database, 1)
    write_checkpoint(database, now=NOW + 9)
    assert append_checkpoints(database, path) == 1
    assert kept(path) == list(stored_checkpoints(database))


@pytest.mark.parametrize("rest", [b"", b"\n", b'{"seq":3,"at":1', b'{"seq":3\n\xff\n'])
def test_a_line_a_full_disk_cut_short_spoils_only_itself(
    database: Database, writer: Writer, tmp_path: Path, rest: bytes
) -> None:
    path = tmp_path / "checkpoints.jsonl"
    for minute in range(3):
        write(database, 1)
        write_checkpoint(database, now=NOW + minute)
    append_checkpoints(database, path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:2]).rstrip(b"\n") + (b"\n" if rest else b"") + rest)
    assert append_checkpoints(database, path) == 1
    assert [one.seq for one in kept(path) if one] == [1, 2, 3]


def test_a_long_last_line_is_found_from_the_end(database: Database, writer: Writer, tmp_path: Path) -> None:
    path = tmp_path / "checkpoints.jsonl"
    with database.transaction() as tx:
        for _ in range(300):
            record(tx, Event.GRANT_ISSUED, now=NOW)
            tx.notes.clear()  # the next record begins a chain of its own
    write_checkpoint(database, now=NOW)
    append_checkpoints(database, path)
    assert path.stat().st_size > 20_000
    assert append_checkpoints(database, path) == 0


def test_purge_removes_whole_chains_past_the_retention_and_says_so(
    any_database: Database, writer: Writer, tmp_path: Path
) -> None:
    path = tmp_path / "checkpoints.jsonl"
    for day in range(4):
        write(any_database, 3, now=NOW + day * DAY)
        write_checkpoint(any_database, now=NOW + day * DAY)
    append_checkpoints(any_database, path)
    counts = Counts()
    counts.add((NOW // 60, "refresh", "tax", "ok"))
    counts.flush(any_database, "node-1")
    late = NOW + (180 + 3) * DAY
    assert purge(any_database, retention_days=180, now=late) == 2
    assert [chain[:8] for chain in chains(any_database)] == ["20261120", "20261121"]
    assert verify(any_database, key=KEY, checkpoints=kept(path)).clean
    assert purge(any_database, retention_days=180, now=late) == 0
    with any_database.autocommit() as tx:
        assert tx.all(Statement("SELECT count FROM audit_count", int)) == []


def test_nothing_younger_than_the_retention_is_purged(any_database: Database, writer: Writer) -> None:
    write(any_database, 1, now=NOW)
    for hours in range(0, 181 * 24, 12):
        assert purge(any_database, retention_days=180, now=NOW + hours * 3600) == 0


def test_a_purge_that_was_killed_half_way_leaves_a_clean_trail_and_is_finished_later(
    any_database: Database, writer: Writer, tamper: Execute
) -> None:
    write(any_database, 8, now=NOW)
    write_checkpoint(any_database, now=NOW)
    purge(any_database, retention_days=180, now=NOW + 400 * DAY)
    with any_database.transaction() as tx:
        record(tx, Event.GRANT_ISSUED, now=NOW)
    tamper("DELETE FROM audit_event WHERE seq < 3")
    assert verify(any_database, key=KEY).clean
    assert purge(any_database, retention_days=180, now=NOW + 400 * DAY) == 0 or not chains(any_database)


def test_rows_deleted_by_hand_are_no_purge(any_database: Database, writer: Writer, tamper: Execute) -> None:
    write(any_database, 3, now=NOW)
    write_checkpoint(any_database, now=NOW)
    write(any_database, 3, now=NOW + 400 * DAY)
    purge(any_database, retention_days=180, now=NOW + 400 * DAY)
    assert verify(any_database, key=KEY).clean
    tamper("DELETE FROM audit_checkpoint WHERE kind = 'purge'")
    assert not verify(any_database, key=KEY).clean or len(list(stored_checkpoints(any_database))) == 0
