"""Units of work over both databases: what is written together, what is asked together, and what a failure leaves."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idp.db import Database, DatabaseUnavailable, Statement
from tests.conftest import opened

_MAKE = Statement[Any](
    "CREATE TABLE thing (id BIGINT PRIMARY KEY, text TEXT, number BIGINT, raw {raw}, flag BOOLEAN)"
)
_PUT = Statement[Any]("INSERT INTO thing (id, text, number, raw, flag) VALUES (:id, :text, :number, :raw, :flag)")
_ALL = Statement[tuple[Any, ...]]("SELECT id, text, number, raw, flag FROM thing ORDER BY id")
_IDS = Statement("SELECT id FROM thing ORDER BY id", int)
_DROP = Statement[Any]("DELETE FROM thing WHERE id <= :most")


def put(tx: Any, key: int, *, text: str | None = "", number: int | None = 0, raw: bytes | None = b"") -> None:
    tx.send(_PUT, id=key, text=text, number=number, raw=raw, flag=True)


@pytest.fixture
def postgres_database(postgres_database_url: str) -> Iterator[Database]:
    yield from opened(postgres_database_url)


@pytest.fixture
def things(any_database: Database) -> Database:
    raw = "BYTEA" if any_database.dialect == "postgresql" else "BLOB"
    with any_database.autocommit() as tx:
        tx.run(Statement[Any](_MAKE.sql.replace("{raw}", raw)))
    return any_database


def write_and(database: Database, go_on: Callable[[Any], object]) -> None:
    with database.transaction() as tx:
        put(tx, 1)
        go_on(tx)


def ids(database: Database) -> list[int]:
    with database.autocommit() as tx:
        return tx.all(_IDS)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    text=st.none() | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    number=st.none() | st.integers(-(2**63), 2**63 - 1),
    raw=st.none() | st.binary(),
)
def test_what_is_written_is_what_is_read(things: Database, text: str | None, number: int | None, raw: Any) -> None:
    with things.transaction() as tx:
        tx.run(_DROP, most=9)
        put(tx, 1, text=text, number=number, raw=raw)
        written = tx.one(_ALL)
    assert written == (1, text, number, raw, True)


@pytest.mark.services
def test_postgresql_is_never_sent_a_text_that_ends_at_its_first_nul(postgres_database: Database) -> None:
    with pytest.raises(psycopg.DataError), postgres_database.autocommit() as tx:
        tx.one(Statement[Any]("SELECT CAST(:text AS TEXT)"), text="ab\0cd")


@pytest.mark.services
def test_a_value_that_cannot_be_sent_spoils_neither_connection_nor_unit(postgres_database: Database) -> None:
    echo, me = Statement("SELECT CAST(:text AS TEXT)", str), Statement("SELECT pg_backend_pid()", int)
    with postgres_database.transaction() as tx:
        pid = tx.one(me)
        for bad in ("\0", "\ud800", 1.5):
            with pytest.raises((psycopg.DataError, UnicodeEncodeError, TypeError)):
                tx.send(echo, text=bad)
        assert tx.one(echo, text="好") == "好"
    with postgres_database.autocommit() as tx:
        assert tx.one(me) == pid


def test_what_was_sent_is_there_for_the_statement_after_it(things: Database) -> None:
    with things.transaction() as tx:
        put(tx, 1)
        put(tx, 2)
        assert tx.all(_IDS) == [1, 2]
        assert tx.run(_DROP, most=1) == 1
    assert ids(things) == [2]


def test_what_was_sent_last_is_committed(things: Database) -> None:
    with things.transaction() as tx:
        put(tx, 1)
    with things.autocommit() as tx:
        put(tx, 2)
    assert ids(things) == [1, 2]


def test_questions_share_a_round_trip_and_each_has_its_answer(things: Database) -> None:
    with things.transaction() as tx:
        put(tx, 1)
        first = tx.ask(_IDS)
        put(tx, 2)
        second = tx.ask(_IDS)
        assert tx.run(_DROP, most=1) == 1
        assert (first(), second()) == ([1], [1, 2])
        third = tx.ask(_IDS)
        assert third() == [2]


def test_a_failure_undoes_all_of_its_unit_and_is_told(things: Database) -> None:
    with pytest.raises(Exception, match=r"(?i)unique"):
        write_and(things, lambda tx: [put(tx, 1), put(tx, 2)])
    assert ids(things) == []
    with things.transaction() as tx:
        put(tx, 3)
    assert ids(things) == [3]


def test_what_a_unit_sent_before_it_was_given_up_is_never_written(things: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        write_and(things, lambda _: 1 / 0)
    with things.transaction() as tx:
        put(tx, 2)
    assert ids(things) == [2]


def test_callbacks_follow_the_outcome(things: Database) -> None:
    told: list[str] = []
    with things.transaction() as tx:
        tx.after_commit(lambda: told.append("committed"))
        tx.after_rollback(lambda: told.append("never"))
        put(tx, 2)
    with pytest.raises(ZeroDivisionError):
        write_and(things, lambda tx: [tx.after_rollback(lambda: told.append("rolled back")), 1 / 0])
    assert told == ["committed", "rolled back"]


@pytest.mark.services
def test_as_many_units_run_as_there_are_places_and_the_next_is_refused(postgres_database: Database) -> None:
    entered, leaving = threading.Semaphore(0), threading.Event()

    def hold() -> None:
        with postgres_database.autocommit() as tx:
            tx.one(Statement[Any]("SELECT 1"))
            entered.release()
            leaving.wait()

    threads = [threading.Thread(target=hold) for _ in range(18)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert entered.acquire(timeout=30)
    try:
        with pytest.raises(DatabaseUnavailable), postgres_database.autocommit():
            pass
    finally:
        leaving.set()
        for thread in threads:
            thread.join()


@pytest.mark.services
@pytest.mark.parametrize("unit", ["transaction", "autocommit"])
def test_a_connection_that_was_cut_is_unavailable_once(postgres_database: Database, unit: str) -> None:
    me = Statement("SELECT pg_backend_pid()", int)
    with postgres_database.autocommit() as tx:
        pid = tx.one(me)
    with psycopg.connect(postgres_database.url.replace("+psycopg", ""), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", (pid,))
    with pytest.raises(DatabaseUnavailable), getattr(postgres_database, unit)() as tx:
        tx.one(me)
    with postgres_database.transaction() as tx:
        assert tx.one(me) != pid


@pytest.mark.services
def test_a_statement_outlives_a_migration_of_its_table(postgres_database: Database) -> None:
    read = Statement[Any]("SELECT * FROM moving")
    with postgres_database.autocommit() as tx:
        tx.run(Statement[Any]("CREATE TABLE moving (a BIGINT)"))
        tx.run(Statement[Any]("INSERT INTO moving (a) VALUES (1)"))
        assert tx.all(read) == [(1,)]
        tx.run(Statement[Any]("ALTER TABLE moving ADD b TEXT"))
        with pytest.raises(psycopg.Error):
            tx.all(read)
        assert tx.all(read) == [(1, None)]
