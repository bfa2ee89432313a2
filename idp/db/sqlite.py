"""Statements over SQLite.

Always true: a writing unit begins with ``BEGIN IMMEDIATE``, so writers stand in line from their first statement on.
"""

import sqlite3
from collections.abc import Callable
from typing import Any

from sqlalchemy import make_url

from idp.db.statements import DatabaseUnavailable, Dialect, Rows, Statement

BUSY_TIMEOUT_MS = 5000


def prepare(connection: sqlite3.Connection) -> None:
    """Give a connection the pragmas of the main database."""
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={BUSY_TIMEOUT_MS}", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def connect(url: str) -> sqlite3.Connection:
    """A connection to a ``sqlite:///`` address, for one thread at a time. Raises ``sqlite3.OperationalError``."""
    connection = sqlite3.connect(make_url(url).database or "", check_same_thread=False)
    prepare(connection)
    return connection


class SqliteWire:
    """Statements over one connection."""

    dialect: Dialect = "sqlite"

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._cursor = connection.cursor()

    def begin(self) -> None:
        self._run("BEGIN IMMEDIATE")

    def execute(self, statement: Statement[Any], parameters: dict[str, Any]) -> tuple[Rows, int]:
        # all rows are fetched: a RETURNING statement is carried out only as far as it is read
        rows = self._run(statement.sql, parameters).fetchall()
        return rows, self._cursor.rowcount

    def send(self, statement: Statement[Any], parameters: dict[str, Any]) -> None:
        self.execute(statement, parameters)

    def ask(self, statement: Statement[Any], parameters: dict[str, Any]) -> Callable[[], Rows]:
        rows, _ = self.execute(statement, parameters)
        return lambda: rows

    def flush(self) -> None:
        """Nothing waits here."""

    def forget(self) -> None:
        """Nothing waits here."""

    def commit(self) -> None:
        self._run("COMMIT")

    def rollback(self) -> bool:
        """False for a connection that can no longer be used."""
        try:
            self._connection.rollback()
        except sqlite3.Error:
            return False
        return True

    def close(self) -> None:
        self._connection.close()

    def _run(self, sql: str, parameters: dict[str, Any] | None = None) -> sqlite3.Cursor:
        try:
            return self._cursor.execute(sql, parameters or {})
        except sqlite3.OperationalError as error:
            raise DatabaseUnavailable(type(error).__name__) from error
