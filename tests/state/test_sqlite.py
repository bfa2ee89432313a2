import os
import sqlite3
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from idp.db import Database, DatabaseUnavailable
from idp.state import sql
from idp.state.opening import open_store
from idp.state.sql import DatabaseStore, SqliteStore
from idp.state.store import StateUnavailable


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "var" / "state.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(path)
    yield store
    store.close()


def rows(path: Path, table: str = "state_entry") -> int:
    connection = sqlite3.connect(path)
    try:
        count: int = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        return count
    finally:
        connection.close()


def age(path: Path, *, seconds: int) -> None:
    connection = sqlite3.connect(path)
    for table in ("state_entry", "state_window"):
        connection.execute(f"UPDATE {table} SET expires = expires - ?", (seconds * 1000,))
    connection.commit()
    connection.close()


def test_the_file_is_for_its_owner_only(path: Path, store: SqliteStore) -> None:
    store.put("a", "k", {}, 60)
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}


def test_what_a_process_stored_another_finds_after_its_end(path: Path, store: SqliteStore) -> None:
    store.put("a", "k", {"n": 1}, 60)
    store.put("a", "taken", {"n": 1}, 60)
    store.take("a", "taken")
    store.close()
    again = SqliteStore(path)
    assert again.take("a", "taken") is None
    assert again.take("a", "k") == {"n": 1}
    again.close()


def test_nothing_survives_a_restart_of_the_machine(
    path: Path, store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut may undo the last takes of a file written with synchronous=NORMAL."""
    store.put("a", "k", {"n": 1}, 60)
    store.incr("w", "k", 60)
    boot = tmp_path / "boot_id"
    boot.write_text("another boot\n")
    monkeypatch.setattr(sql, "_BOOT_ID", boot)
    rebooted = SqliteStore(path)
    assert rebooted.get("a", "k") is None
    assert rebooted.incr("w", "k", 60) == 1
    rebooted.put("a", "k", {"n": 2}, 60)
    assert SqliteStore(path).get("a", "k") == {"n": 2}
    rebooted.close()


def test_the_key_itself_is_not_stored(path: Path, store: SqliteStore) -> None:
    store.put("a", "a-very-secret-token", {}, 60)
    store.incr("a", "a-very-secret-token", 60)
    assert all(b"a-very-secret-token" not in file.read_bytes() for file in path.parent.iterdir())


def test_what_has_ended_is_removed_after_a_minute(path: Path, store: SqliteStore) -> None:
    for number in range(10):
        store.put("a", f"{number}", {}, 60)
        store.incr("w", f"{number}", 60)
    age(path, seconds=61)
    store.purge()
    assert (rows(path), rows(path, "state_window")) == (10, 10)
    age(path, seconds=60)
    for _ in range(64):
        store.put("b", "k", {}, 60)
    assert (rows(path), rows(path, "state_window")) == (1, 0)


def test_a_connection_is_not_carried_over_a_fork(store: SqliteStore) -> None:
    store.put("a", "k", {"n": 1}, 60)
    child = os.fork()
    if child == 0:
        os._exit(0 if store.take("a", "k") == {"n": 1} else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert store.take("a", "k") is None


def test_a_file_that_stays_locked_is_unavailable(
    path: Path, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql, "BUSY_TIMEOUT_MS", 50)
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    caught: list[BaseException] = []

    def put() -> None:
        try:
            store.put("a", "k", {}, 60)
        except StateUnavailable as error:
            caught.append(error)

    thread = threading.Thread(target=put)
    thread.start()
    thread.join()
    blocker.close()
    assert len(caught) == 1
    store.put("a", "k", {}, 60)


def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    broken = tmp_path / "state.db"
    broken.write_bytes(b"this is not a database" * 100)
    with pytest.raises(StateUnavailable):
        SqliteStore(broken)
    with pytest.raises(StateUnavailable):
        SqliteStore(broken / "below" / "a-file")


def test_an_unreachable_main_database_is_an_unavailable_store(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def autocommit(_self: Database) -> None:
        raise DatabaseUnavailable

    monkeypatch.setattr(Database, "autocommit", autocommit)
    with pytest.raises(StateUnavailable):
        DatabaseStore(database).get("a", "k")


@pytest.mark.parametrize("url", ["", "sqlite://", "sqlite:///:memory:", "memory", "mysql://x/y", "postgresql://x/y"])
def test_another_address_is_refused(database: Database, url: str) -> None:
    with pytest.raises(ValueError, match=r"state\.url"):
        open_store(url, database, 1.0)
