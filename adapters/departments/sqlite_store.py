"""Owns the app's memory in one SQLite file that several processes may use; every write begins as a writer.

The file holds tokens in clear, because the app must send them: it is made readable for its owner only.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from adapters.departments.authorization import PendingSignIn
from adapters.departments.levels import Demand
from adapters.departments.logout import LogoutNotice
from adapters.departments.representing import ActingDemand, Power
from adapters.departments.sessions import AppSession, Lifetime, PendingLogin, ended_before, without_acting

_SCHEMA = """
CREATE TABLE IF NOT EXISTS pending (state TEXT PRIMARY KEY, expires_at INTEGER NOT NULL,
  used INTEGER NOT NULL DEFAULT 0, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS session (key TEXT PRIMARY KEY, issuer TEXT NOT NULL, sub TEXT NOT NULL, sid TEXT,
  created_at INTEGER NOT NULL, seen_at INTEGER NOT NULL, generation INTEGER NOT NULL,
  claimed_until INTEGER NOT NULL DEFAULT 0, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS session_sub ON session (issuer, sub);
CREATE INDEX IF NOT EXISTS session_sid ON session (issuer, sid);
CREATE TABLE IF NOT EXISTS notice (issuer TEXT NOT NULL, token_id TEXT NOT NULL, sub TEXT, sid TEXT,
  issued_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, fingerprint TEXT NOT NULL, handle TEXT,
  PRIMARY KEY (issuer, token_id)) WITHOUT ROWID;
"""


# The same rule as sessions.named_by, on the indexes.
_NAMED = "issuer = :issuer AND (sid = :sid OR (sub = :sub AND (sid IS NULL OR :sid IS NULL)))"


class SqliteStore:
    """`sessions.Store` in a file, for all threads and processes of one machine. Waits at most 5 s for a lock."""

    def __init__(self, path: str | Path) -> None:
        self._path = str(path)
        os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
        with closing(self._connect()) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(_SCHEMA)
            if "handle" not in {column[1] for column in connection.execute("PRAGMA table_info(notice)")}:
                connection.execute("ALTER TABLE notice ADD COLUMN handle TEXT")

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=5.0, isolation_level=None)
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with closing(self._connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def add_pending(self, login: PendingLogin, *, expires_at: int) -> None:
        row = (login.request.state, expires_at, json.dumps(asdict(login)))
        with self._writing() as connection:
            connection.execute("INSERT INTO pending (state, expires_at, body) VALUES (?, ?, ?)", row)

    def take_pending(self, state: str, *, now: int) -> tuple[PendingLogin, bool] | None:
        with self._writing() as connection:
            found = connection.execute(
                "SELECT body, used FROM pending WHERE state = ? AND expires_at > ?", (state, now)
            ).fetchone()
            connection.execute("UPDATE pending SET used = 1 WHERE state = ?", (state,))
        return (_login(json.loads(found[0])), not found[1]) if found else None

    def create(self, session: AppSession, *, now: int) -> bool:
        body = asdict(session)
        columns = ("key", "issuer", "sub", "sid", "created_at", "seen_at", "generation")
        row = (*(body[name] for name in columns), json.dumps(body))
        with self._writing() as connection:
            notices = connection.execute(
                "SELECT issuer, sub, sid, token_id, issued_at, expires_at, fingerprint, handle FROM notice"
                " WHERE issuer = ? AND expires_at > ? AND (sid = ? OR sub = ?)",
                (session.issuer, now, session.sid, session.sub),
            ).fetchall()
            if any(ended_before(LogoutNotice(*notice), session) for notice in notices):
                return False
            connection.execute(
                "INSERT INTO session (key, issuer, sub, sid, created_at, seen_at, generation, body)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )
        return True

    def get(self, key: str) -> AppSession | None:
        with closing(self._connect()) as connection:
            found = connection.execute("SELECT body, seen_at FROM session WHERE key = ?", (key,)).fetchone()
        return replace(AppSession(**json.loads(found[0])), seen_at=found[1]) if found else None

    def touch(self, key: str, *, now: int) -> None:
        with self._writing() as connection:
            connection.execute("UPDATE session SET seen_at = ? WHERE key = ?", (now, key))

    def delete(self, key: str) -> None:
        with self._writing() as connection:
            connection.execute("DELETE FROM session WHERE key = ?", (key,))

    def end(self, notice: LogoutNotice, *, now: int) -> int | None:
        with self._writing() as connection:
            known = connection.execute(
                "SELECT fingerprint FROM notice WHERE issuer = ? AND token_id = ? AND expires_at > ?",
                (notice.issuer, notice.token_id, now),
            ).fetchone()
            if known:
                return None if known[0] == notice.fingerprint else 0
            connection.execute(
                "INSERT OR REPLACE INTO notice "
                "(issuer, sub, sid, token_id, issued_at, expires_at, fingerprint, handle)"
                " VALUES (:issuer, :sub, :sid, :token_id, :issued_at, :expires_at, :fingerprint, :handle)",
                asdict(notice),
            )
            if notice.handle is not None:
                return _end_acting(connection, notice)
            return connection.execute(f"DELETE FROM session WHERE {_NAMED}", asdict(notice)).rowcount

    def claim_refresh(self, key: str, *, generation: int, now: int, until: int) -> bool:
        with self._writing() as connection:
            changed = connection.execute(
                "UPDATE session SET claimed_until = ? WHERE key = ? AND generation = ? AND claimed_until <= ?",
                (until, key, generation, now),
            ).rowcount
        return changed == 1

    def finish_refresh(self, session: AppSession) -> bool:
        body = json.dumps(asdict(session))
        with self._writing() as connection:
            changed = connection.execute(
                "UPDATE session SET body = ?, generation = ?, claimed_until = 0 WHERE key = ? AND generation = ?",
                (body, session.generation, session.key, session.generation - 1),
            ).rowcount
        return changed == 1

    def purge(self, lifetime: Lifetime, *, now: int) -> None:
        with self._writing() as connection:
            connection.execute("DELETE FROM pending WHERE expires_at <= ?", (now,))
            connection.execute("DELETE FROM notice WHERE expires_at <= ?", (now,))
            connection.execute(
                "DELETE FROM session WHERE seen_at <= ? OR created_at <= ?",
                (now - lifetime.idle, now - lifetime.absolute),
            )


def _end_acting(connection: sqlite3.Connection, notice: LogoutNotice) -> int:
    named = connection.execute(f"SELECT body FROM session WHERE {_NAMED}", asdict(notice)).fetchall()
    sessions = [AppSession(**json.loads(body)) for (body,) in named]
    ended = [without_acting(session) for session in sessions if session.acting.handle == notice.handle]
    for session in ended:
        connection.execute(
            "UPDATE session SET body = ?, generation = ?, claimed_until = 0 WHERE key = ?",
            (json.dumps(asdict(session)), session.generation, session.key),
        )
    return len(ended)


def _login(body: dict[str, Any]) -> PendingLogin:
    request = body["request"]
    asked = Demand(**{**request["asked"], "values": tuple(request["asked"]["values"]), "acting": _acting(request)})
    return PendingLogin(PendingSignIn(**{**request, "asked": asked}), body["browser"], body["target"])


def _acting(request: dict[str, Any]) -> ActingDemand:
    told = request["asked"].get("acting", {"represent": None, "powers": ()})  # absent from older files
    lists = ("actions", "services")
    powers = [Power(**{**power, **{name: tuple(power[name]) for name in lists}}) for power in told["powers"]]
    return ActingDemand(told["represent"], tuple(powers))
