import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

import pytest

from idp.db import Database, DatabaseUnavailable, Transaction
from idp.state import versions
from idp.state.versions import BOUND, Versioned, bump, read


class Clock:
    """Monotonic time in the hands of a test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(versions.time, "monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


class Loads:
    """A loader that counts its calls, and can be told to stop or to fail."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, _tx: Transaction) -> int:
        self.calls += 1
        return self.calls


def break_database(database: Database, monkeypatch: pytest.MonkeyPatch, delay: float = 0) -> list[int]:
    asked: list[int] = []

    def autocommit(_self: Database) -> AbstractContextManager[Transaction]:
        asked.append(1)
        time.sleep(delay)
        raise DatabaseUnavailable("down")

    monkeypatch.setattr(Database, "autocommit", autocommit)
    return asked


def change(database: Database, name: str = "keys") -> None:
    with database.transaction() as tx:
        bump(tx, name)


def test_a_version_counts_its_changes_by_name(any_database: Database) -> None:
    change(any_database)
    change(any_database)
    with any_database.autocommit() as tx:
        assert read(tx, "keys") == 2
        assert read(tx, "clients") == 0


def test_a_change_that_is_rolled_back_is_no_change(database: Database) -> None:
    def fail() -> None:
        with database.transaction() as tx:
            bump(tx, "keys")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with database.autocommit() as tx:
        assert read(tx, "keys") == 0


def test_parallel_changes_are_all_counted(any_database: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: change(any_database), range(40)))
    with any_database.autocommit() as tx:
        assert read(tx, "keys") == 40


def test_a_value_is_loaded_once_while_its_version_stays(database: Database, clock: Clock) -> None:
    loads = Loads()
    value = Versioned(database, "keys", loads)
    for _ in range(10):
        assert value.get() == 1
        clock.now += 0.3
    assert loads.calls == 1


def test_a_change_is_seen_after_half_a_second_at_the_latest(database: Database, clock: Clock) -> None:
    value = Versioned(database, "keys", Loads())
    assert value.get() == 1
    change(database)
    clock.now += 0.49
    assert value.get() == 1
    clock.now += 0.02
    assert value.get() == 2


def test_who_makes_the_change_sees_it_at_once(database: Database, clock: Clock) -> None:
    value = Versioned(database, "keys", Loads())
    assert value.get() == 1
    clock.now += 0.1
    with database.transaction() as tx:
        bump(tx, "keys")
        tx.after_commit(value.expire)
    clock.now += 0.1
    assert value.get() == 2


def test_an_unreachable_database_is_forgiven_only_within_the_bound(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = Versioned(database, "keys", Loads())
    assert value.get() == 1
    break_database(database, monkeypatch)
    clock.now += 0.9
    assert value.get() == 1
    clock.now += 0.2
    with pytest.raises(DatabaseUnavailable):
        value.get()
    monkeypatch.undo()
    assert value.get() == 1


def test_a_value_that_was_never_loaded_needs_the_database(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_database(database, monkeypatch)
    with pytest.raises(DatabaseUnavailable):
        Versioned(database, "keys", Loads()).get()


def test_a_slow_check_holds_up_one_thread_only(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    value = Versioned(database, "keys", Loads(), max_age=0.0)
    assert value.get() == 1
    inside, release = threading.Event(), threading.Event()
    autocommit = Database.autocommit

    def slow(self: Database) -> AbstractContextManager[Transaction]:
        inside.set()
        release.wait(5)
        return autocommit(self)

    monkeypatch.setattr(Database, "autocommit", slow)
    with ThreadPoolExecutor(1) as pool:
        checking = pool.submit(value.get)
        inside.wait(5)
        began = time.monotonic()
        assert [value.get() for _ in range(100)] == [1] * 100
        assert time.monotonic() - began < 0.5
        release.set()
        assert checking.result() == 1


def test_threads_that_wait_for_a_failing_check_fail_together(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = break_database(database, monkeypatch, delay=0.3)
    value = Versioned(database, "keys", Loads())
    began = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        failures = [pool.submit(value.get) for _ in range(8)]
        assert all(isinstance(failure.exception(), DatabaseUnavailable) for failure in failures)
    assert len(asked) < 8
    assert time.monotonic() - began < 8 * 0.3


def test_threads_that_wait_for_a_first_load_share_it(database: Database) -> None:
    loads, all_here = Loads(), threading.Barrier(4)

    def load(tx: Transaction) -> int:
        time.sleep(0.2)
        return loads(tx)

    value = Versioned(database, "keys", load)

    def get(_number: int) -> int:
        all_here.wait(5)
        return value.get()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(get, range(4))) == [1] * 4
    assert loads.calls == 1


def test_who_waits_too_long_for_a_confirmation_is_told(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "_WAIT", 0.05)
    inside, release = threading.Event(), threading.Event()

    def load(_tx: Transaction) -> int:
        inside.set()
        release.wait(5)
        return 1

    value = Versioned(database, "keys", load)
    with ThreadPoolExecutor(1) as pool:
        loading = pool.submit(value.get)
        inside.wait(5)
        with pytest.raises(DatabaseUnavailable):
            value.get()
        release.set()
        assert loading.result() == 1


def test_no_answer_is_older_than_the_bound(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    value = Versioned(database, "keys", time_of_load)
    began = time.monotonic()
    while time.monotonic() - began < 1.3:
        change(database)
        assert time.monotonic() - value.get() < BOUND
        time.sleep(0.02)


def time_of_load(_tx: Transaction) -> float:
    return time.monotonic()
