"""The SQL forms of the state store: a SQLite file of its own, or two tables of the main database.

Always true: every operation is one statement that commits by itself, and time is asked of the database.

The file is written with ``synchronous=NORMAL``: a killed process loses nothing, a power cut may undo the last
commits, and an undone ``take`` would be a value used twice. So what was written before this boot of the machine is
dropped.
"""

import itertools
import os
import sqlite3
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from idp.db import Database, DatabaseUnavailable, Statement
from idp.state.store import StateUnavailable, hashed, pack, unpack

BUSY_TIMEOUT_MS = 5000
_PURGE_EVERY = 64
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

_SQLITE_NOW = "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"
_POSTGRESQL_NOW = "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)"
_PUT = """
    INSERT INTO state_entry (ns, key, value, expires) VALUES (:ns, :key, :value, {now} + :ttl)
    ON CONFLICT (ns, key) DO UPDATE SET value = excluded.value, expires = excluded.expires RETURNING 1"""
_GET = "SELECT value FROM state_entry WHERE ns = :ns AND key = :key AND expires > {now}"
_TAKE = "DELETE FROM state_entry WHERE ns = :ns AND key = :key RETURNING value, expires > {now}"
_INCR = """
    INSERT INTO state_window (ns, key, count, expires) VALUES (:ns, :key, 1, {now} + :ttl)
    ON CONFLICT (ns, key) DO UPDATE SET
      count = CASE WHEN state_window.expires > {now} THEN state_window.count + 1 ELSE 1 END,
      expires = CASE WHEN state_window.expires > {now} THEN state_window.expires ELSE excluded.expires END
    RETURNING count"""
_DELETE = "DELETE FROM {table} WHERE ns = :ns AND key = :key RETURNING 1"
_PURGE = """
    DELETE FROM {table} WHERE (ns, key) IN
      (SELECT ns, key FROM {table} WHERE expires < {now} - 60000 ORDER BY expires LIMIT 512{skip})
    RETURNING 1"""
_TABLES = ("state_entry", "state_window")
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS state_entry (ns TEXT, key BLOB, value BLOB NOT NULL, expires INTEGER NOT NULL,"
    " PRIMARY KEY (ns, key)) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS ix_state_entry_expires ON state_entry (expires)",
    "CREATE TABLE IF NOT EXISTS state_window (ns TEXT, key BLOB, count INTEGER NOT NULL, expires INTEGER NOT NULL,"
    " PRIMARY KEY (ns, key)) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS ix_state_window_expires ON state_window (expires)",
    "CREATE TABLE IF NOT EXISTS state_boot (id TEXT NOT NULL)",
)


class _SqlStore(ABC):
    """The operations over ``_run``, which executes one statement by itself and returns all its rows."""

    def __init__(self, now: str, skip: str, prepare: Callable[[str], Any]) -> None:
        self._put, self._get, self._take, self._incr = (
            prepare(sql.format(now=now)) for sql in (_PUT, _GET, _TAKE, _INCR)
        )
        self._delete = [prepare(_DELETE.format(table=table)) for table in _TABLES]
        self._purge = [prepare(_PURGE.format(table=table, now=now, skip=skip)) for table in _TABLES]
        self._writes = itertools.count(1)

    @abstractmethod
    def _run(self, statement: Any, parameters: dict[str, Any]) -> list[Any]:
        """All rows of one statement that commits by itself. Raises `StateUnavailable`."""

    def _tidy(self) -> None:
        """Now and then remove what ended more than a minute ago; every write pays for eight rows."""
        if next(self._writes) % _PURGE_EVERY == 0:
            self.purge()

    def purge(self) -> None:
        for statement in self._purge:
            self._run(statement, {})

    def put(self, ns: str, key: str, value: Mapping[str, Any], ttl: int) -> None:
        self._tidy()
        self._run(self._put, {"ns": ns, "key": hashed(ns, key), "value": pack(value), "ttl": ttl * 1000})

    def get(self, ns: str, key: str) -> dict[str, Any] | None:
        rows = self._run(self._get, {"ns": ns, "key": hashed(ns, key)})
        return unpack(rows[0][0]) if rows else None

    def take(self, ns: str, key: str) -> dict[str, Any] | None:
        rows = self._run(self._take, {"ns": ns, "key": hashed(ns, key)})
        return unpack(rows[0][0]) if rows and rows[0][1] else None

    def incr(self, ns: str, key: str, window: int) -> int:
        self._tidy()
        count: int = self._run(self._incr, {"ns": ns, "key": hashed(ns, key), "ttl": window * 1000})[0][0]
        return count

    def delete(self, ns: str, key: str) -> None:
        for statement in self._delete:
            self._run(statement, {"ns": ns, "key": hashed(ns, key)})


def _statement(sql: str) -> Statement[tuple[Any, ...]]:
    return Statement(sql, lambda *row: row)


class DatabaseStore(_SqlStore):
    """Two tables of the main database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        if database.dialect == "postgresql":
            super().__init__(_POSTGRESQL_NOW, " FOR UPDATE SKIP LOCKED", _statement)
        else:
            super().__init__(_SQLITE_NOW, "", _statement)

    def _run(self, statement: Any, parameters: dict[str, Any]) -> list[Any]:
        try:
            with self._database.autocommit() as tx:
                return tx.all(statement, **parameters)
        except DatabaseUnavailable as error:
            raise StateUnavailable(str(error)) from error

    def close(self) -> None:
        """The connections belong to the main database's pool."""


class SqliteStore(_SqlStore):
    """A file of its own with one connection per thread."""

    def __init__(self, path: Path) -> None:
        super().__init__(_SQLITE_NOW, "", str)
        self._path = path
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            _create(self._connection())
        except (OSError, sqlite3.DatabaseError) as error:
            raise StateUnavailable(type(error).__name__) from error

    def _connection(self) -> sqlite3.Connection:
        connection, pid = getattr(self._local, "held", (None, 0))
        if connection is None or pid != os.getpid():  # a connection must not be carried over a fork
            connection = _connect(self._path)
            self._local.held = (connection, os.getpid())
            self._opened.append(connection)
        return connection

    def _run(self, statement: Any, parameters: dict[str, Any]) -> list[Any]:
        try:
            return self._connection().execute(statement, parameters).fetchall()
        except sqlite3.DatabaseError as error:
            raise StateUnavailable(type(error).__name__) from error

    def close(self) -> None:
        opened, self._opened, self._local = self._opened, [], threading.local()
        for connection in opened:
            connection.close()


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    for pragma in (f"busy_timeout={BUSY_TIMEOUT_MS}", "journal_mode=WAL", "synchronous=NORMAL"):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    return connection


def _create(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    for statement in _SCHEMA:
        connection.execute(statement)
    boot = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else ""
    if connection.execute("SELECT id FROM state_boot").fetchall() != [(boot,)]:
        for table in (*_TABLES, "state_boot"):
            connection.execute(f"DELETE FROM {table}")
        connection.execute("INSERT INTO state_boot (id) VALUES (?)", (boot,))
    connection.execute("COMMIT")
