"""Owns which events have been taken; of all threads and processes that share one memory, one gets to take each."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Protocol


class Once(Protocol):
    """Remembers names. Every method is atomic."""

    def claim(self, name: str, *, until: int, now: int) -> bool:
        """True the first time, by whomever; remembered until then (Unix seconds)."""

    def release(self, name: str) -> None:
        """Take a claim back, because what was to be done could not be done."""


class MemoryOnce:
    """In one process; gone with it, so that an event which comes again afterwards is taken again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._names: dict[str, int] = {}
        self._purged_at = 0

    def claim(self, name: str, *, until: int, now: int) -> bool:
        with self._lock:
            if now - self._purged_at >= 60:
                self._purged_at = now
                self._names = {known: end for known, end in self._names.items() if now < end}
            if now < self._names.get(name, 0):
                return False
            self._names[name] = until
            return True

    def release(self, name: str) -> None:
        with self._lock:
            self._names.pop(name, None)


class SqliteOnce:
    """In a file, for all processes of one machine. Waits at most 5 s for a lock."""

    def __init__(self, path: str | Path) -> None:
        self._path = str(path)
        os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
        with closing(self._connect()) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS once (name TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID"
            )

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=5.0, isolation_level=None)

    def claim(self, name: str, *, until: int, now: int) -> bool:
        with closing(self._connect()) as connection:
            connection.execute("DELETE FROM once WHERE until <= ?", (now,))
            added = connection.execute(
                "INSERT INTO once (name, until) VALUES (?, ?) ON CONFLICT (name) DO NOTHING", (name, until)
            )
            return added.rowcount == 1

    def release(self, name: str) -> None:
        with closing(self._connect()) as connection:
            connection.execute("DELETE FROM once WHERE name = ?", (name,))
