from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.audit.chains import Writer
from idp.audit.checkpoints import stored_checkpoints, write_checkpoint
from idp.audit.rules import Checkpoint, Entry, entry_mac
from idp.audit.verify import Finding, Report, verify
from idp.audit.walk import Fault, Seen, Walk
from idp.db import Database, Statement
from tests.audit.conftest import KEY, NOW, Execute, chains, write


@pytest.fixture
def trail(any_database: Database, writer: Writer) -> str:
    """The name of a chain of 10 records and its genesis, with a checkpoint over 0 to 8 and one over 0 to 10."""
    write(any_database, 8)
    write_checkpoint(any_database, now=NOW + 60)
    write(any_database, 2)
    write_checkpoint(any_database, now=NOW + 120)
    (chain,) = chains(any_database)
    return chain


def found(database: Database, kept: tuple[Checkpoint | None, ...] = ()) -> list[tuple[str, int, int]]:
    return [(f.fault, f.first, f.last) for f in verify(database, key=KEY, checkpoints=kept).findings]


def test_an_untouched_trail_is_clean(any_database: Database, trail: str) -> None:
    report = verify(any_database, key=KEY)
    assert (report.records, report.chains, report.checkpoints, report.clean) == (11, 1, 2, True)


ALTERATIONS = {
    "at": "at + 1",
    "event": "'client:grant:refused'",
    "actor": "'pty_x'",
    "subject": "''",
    "client": "'other'",
    "session": "'s'",
    "mandate": "'m'",
    "result": "'failed'",
    "reason": "''",
    "request_id": "''",
    "detail": "'{}'",
    "prev": "mac",
    "mac": "prev",
}


@pytest.mark.parametrize("seq", [0, 4, 10])
def test_an_altered_row_is_named_and_only_that(any_database: Database, trail: str, tamper: Execute, seq: int) -> None:
    tamper("CREATE TABLE kept AS SELECT * FROM audit_event")
    for column, value in ALTERATIONS.items():
        tamper(f"UPDATE audit_event SET {column} = {value} WHERE seq = {seq}")
        assert found(any_database) == [(Fault.ALTERED, seq, seq)], column
        tamper(f"UPDATE audit_event SET {column} = (SELECT {column} FROM kept WHERE seq = {seq}) WHERE seq = {seq}")
    assert found(any_database) == []


def test_every_column_of_the_table_is_covered() -> None:
    assert {*ALTERATIONS, "chain", "seq"} == set(Entry._fields)


@pytest.mark.parametrize(("first", "last"), [(0, 0), (0, 3), (4, 4), (2, 9)])
def test_missing_rows_are_named(any_database: Database, trail: str, tamper: Execute, first: int, last: int) -> None:
    tamper("DELETE FROM audit_event WHERE seq BETWEEN :a AND :b", a=first, b=last)
    assert found(any_database) == [(Fault.MISSING, first, last)]


def test_rows_that_changed_places_are_named(any_database: Database, trail: str, tamper: Execute) -> None:
    for old, new in ((3, 99), (6, 3), (99, 6)):
        tamper("UPDATE audit_event SET seq = :new WHERE seq = :old", old=old, new=new)
    assert found(any_database) == [(Fault.REORDERED, 3, 3), (Fault.REORDERED, 6, 6)]


def test_a_row_moved_to_the_end_is_named(any_database: Database, trail: str, tamper: Execute) -> None:
    tamper("UPDATE audit_event SET seq = 11 WHERE seq = 5")
    assert found(any_database) == [(Fault.REORDERED, 11, 11)]


@pytest.mark.parametrize("cut", [10, 9, 7, 1])
def test_rows_cut_from_the_tail_are_named(any_database: Database, trail: str, tamper: Execute, cut: int) -> None:
    tamper("DELETE FROM audit_event WHERE seq >= :cut", cut=cut)
    assert found(any_database) == [(Fault.TAIL_CUT, cut, 10)]


def test_a_checkpoint_signed_after_the_cut_does_not_hide_it(
    any_database: Database, trail: str, tamper: Execute
) -> None:
    tamper("DELETE FROM audit_event WHERE seq >= 9")
    assert write_checkpoint(any_database, now=NOW + 180)
    assert found(any_database) == [(Fault.TAIL_CUT, 9, 10)]


def test_a_tail_cut_that_the_writer_wrote_on_after_shows_as_a_gap(
    any_database: Database, trail: str, tamper: Execute
) -> None:
    tamper("DELETE FROM audit_event WHERE seq >= 9")
    write(any_database, 2)
    assert found(any_database) == [(Fault.MISSING, 9, 10)]


def test_a_vanished_chain_is_named(any_database: Database, trail: str, tamper: Execute) -> None:
    tamper("DELETE FROM audit_event")
    assert verify(any_database, key=KEY).findings == [Finding(Fault.VANISHED, trail, 0, 10)]


def test_a_row_moved_into_another_chain_is_named_in_both(any_database: Database, trail: str, tamper: Execute) -> None:
    tamper("UPDATE audit_event SET chain = :chain WHERE seq = 4", chain=trail + "0")
    report = verify(any_database, key=KEY)
    assert {(f.fault, f.chain) for f in report.findings} == {
        (Fault.MISSING, trail),
        (Fault.ALTERED, trail + "0"),
        (Fault.MISSING, trail + "0"),
    }


def test_a_made_up_row_is_named(any_database: Database, trail: str, tamper: Execute) -> None:
    tamper(
        "INSERT INTO audit_event (chain, seq, at, event, result, request_id, prev, mac)"
        " SELECT chain, 11, at, event, result, request_id, mac, prev FROM audit_event WHERE seq = 10"
    )
    assert found(any_database) == [(Fault.ALTERED, 11, 11)]


def test_an_old_state_of_the_chain_put_back_is_named(any_database: Database, trail: str, tamper: Execute) -> None:
    fields = (trail, 10, NOW, "client:grant:issued", None, None, None, None, None, "ok", None, "-", None)
    forged = entry_mac(KEY, fields, b"p" * 32)
    tamper("UPDATE audit_event SET actor = NULL, client = NULL, detail = NULL, prev = :p WHERE seq = 10", p=b"p" * 32)
    tamper("UPDATE audit_event SET mac = :mac WHERE seq = 10", mac=forged)
    assert found(any_database) == [(Fault.ALTERED, 10, 10)]


def test_several_faults_are_told_apart(any_database: Database, trail: str, tamper: Execute) -> None:
    tamper("UPDATE audit_event SET actor = 'x' WHERE seq IN (1, 2)")
    tamper("DELETE FROM audit_event WHERE seq IN (4, 10)")
    assert sorted(found(any_database)) == [
        (Fault.ALTERED, 1, 2),
        (Fault.MISSING, 4, 4),
        (Fault.TAIL_CUT, 10, 10),
    ]


@pytest.mark.parametrize(
    "change", ["at = at + 1", "body = '{\"heads\":{}}'", "prev = mac", "mac = prev", "kind = 'x'"]
)
@pytest.mark.parametrize("seq", [1, 2])
def test_an_altered_checkpoint_is_named(
    any_database: Database, trail: str, tamper: Execute, change: str, seq: int
) -> None:
    tamper(f"UPDATE audit_checkpoint SET {change} WHERE seq = {seq}")
    assert found(any_database) == [(Fault.CHECKPOINT_ALTERED, seq, seq)]


def test_a_missing_checkpoint_is_named(any_database: Database, trail: str, tamper: Execute) -> None:
    tamper("DELETE FROM audit_checkpoint WHERE seq = 1")
    assert found(any_database) == [(Fault.CHECKPOINT_MISSING, 1, 1)]
    tamper("UPDATE audit_checkpoint SET seq = 5")
    assert (Fault.CHECKPOINT_MISSING, 1, 4) in found(any_database)


def test_a_kept_file_shows_what_the_database_no_longer_can(
    any_database: Database, trail: str, tamper: Execute
) -> None:
    kept = tuple(stored_checkpoints(any_database))
    assert found(any_database, kept) == []
    tamper("DELETE FROM audit_event WHERE seq >= 9")
    tamper("DELETE FROM audit_checkpoint WHERE seq = 2")
    assert found(any_database) == []
    assert found(any_database, kept) == [(Fault.CHECKPOINT_MISSING, 2, 2), (Fault.TAIL_CUT, 9, 10)]
    tamper("DELETE FROM audit_event")
    tamper("DELETE FROM audit_checkpoint")
    assert verify(any_database, key=KEY).clean
    assert (Fault.VANISHED, 0, 10) in found(any_database, kept)


def test_a_kept_file_shows_history_that_was_signed_anew(any_database: Database, trail: str, tamper: Execute) -> None:
    kept = tuple(stored_checkpoints(any_database))
    tamper("DELETE FROM audit_checkpoint WHERE seq = 2")
    write_checkpoint(any_database, now=NOW + 999)
    assert found(any_database, kept) == [(Fault.CHECKPOINT_ALTERED, 2, 2)]


def test_an_unreadable_or_foreign_line_of_a_kept_file_is_named(any_database: Database, trail: str) -> None:
    foreign = Checkpoint(1, NOW, "heads", '{"heads":{"20261118ff":[5,"00"]}}', b"", b"m" * 32)
    assert found(any_database, (None, foreign)) == [(Fault.CHECKPOINT_ALTERED, 1, 2)]


def test_another_key_finds_everything_altered(any_database: Database, trail: str) -> None:
    report = verify(any_database, key=b"x" * 32)
    assert {f.fault for f in report.findings} == {Fault.ALTERED, Fault.CHECKPOINT_ALTERED}


@pytest.mark.parametrize(
    "change",
    ["at = 'x'", "at = x'00'", "mac = 5", "mac = 'x'", "prev = 1.5", "seq = 'x'", "chain = x'00'", "prev = 'p'"],
)
def test_values_of_foreign_types_are_named_not_stumbled_over(database: Database, writer: Writer, change: str) -> None:
    write(database, 3)
    with database.transaction() as tx:
        tx.run(Statement[Any](f"UPDATE audit_event SET {change} WHERE seq = 2"))
    assert Fault.ALTERED in {f.fault for f in verify(database, key=KEY).findings}


@pytest.mark.parametrize("change", ["seq = 'x'", "body = x'00'", "mac = 1", "prev = 'x'"])
def test_checkpoints_of_foreign_types_are_named_not_stumbled_over(
    database: Database, writer: Writer, change: str
) -> None:
    write(database, 3)
    write_checkpoint(database, now=NOW)
    with database.transaction() as tx:
        tx.run(Statement[Any](f"UPDATE audit_checkpoint SET {change}"))
    assert Fault.CHECKPOINT_ALTERED in {f.fault for f in verify(database, key=KEY).findings}


def test_findings_are_bounded() -> None:
    report = Report()
    for number in range(0, 4000, 2):
        report.add(Fault.MISSING, "c", number)
    assert (len(report.findings), report.more) == (1000, 1000)


def test_a_chain_longer_than_one_reading_is_followed(database: Database, writer: Writer) -> None:
    from idp.audit import Event, record

    with database.transaction() as tx:
        for _ in range(4100):
            record(tx, Event.GRANT_ISSUED, now=NOW)
    assert verify(database, key=KEY).records == 4101
    with database.transaction() as tx:
        tx.run(Statement[Any]("UPDATE audit_event SET at = 1 WHERE seq > 100"))
    assert found(database) == [(Fault.ALTERED, 101, 4100)] or {f[0] for f in found(database)} == {Fault.ALTERED}


def _entries(count: int) -> list[Entry]:
    prev, made = b"", []
    for seq in range(count):
        fields = ("c", seq, NOW, "e", None, None, None, None, None, "ok", None, "-", str(seq))
        mac = entry_mac(KEY, fields, prev)
        made.append(Entry(*fields, prev, mac))
        prev = mac
    return made


def _walked(rows: list[Entry], seen: Seen | None) -> list[tuple[Fault, int, int]]:
    walk = Walk(KEY, seen)
    faults = [(Fault.ALTERED, row.seq, row.seq) for row in rows if walk.step(row)]
    return [*faults, *walk.finish()]


operations: dict[str, Callable[[list[Entry], int], list[Entry]]] = {
    "nothing": lambda rows, _at: rows,
    "delete": lambda rows, at: rows[:at] + rows[at + 1 :],
    "alter": lambda rows, at: [*rows[:at], rows[at]._replace(actor="x"), *rows[at + 1 :]],
    "forge": lambda rows, at: [*rows[:at], rows[at]._replace(mac=b"\0" * 32), *rows[at + 1 :]],
    "move": lambda rows, at: [*rows[:at], *rows[at + 1 :], rows[at]._replace(seq=rows[-1].seq + 1)],
}


@given(st.integers(1, 12), st.lists(st.tuples(st.sampled_from(sorted(operations)), st.integers(0, 11)), max_size=4))
def test_no_series_of_changes_goes_unnoticed(length: int, changes: list[tuple[str, int]]) -> None:
    rows = original = _entries(length)
    seen = Seen(length - 1, original[-1].mac.hex())
    for name, at in changes:
        if at < len(rows):
            rows = operations[name](rows, at)
    faults = _walked(rows, seen)
    assert bool(faults) == (rows != original)
