"""Owns the app's memory inside one process; gone with the process, which only asks people to sign in once more."""

from __future__ import annotations

import threading
from dataclasses import replace

from adapters.departments.logout import LogoutNotice
from adapters.departments.sessions import (
    AppSession,
    Lifetime,
    PendingLogin,
    ended_before,
    named_by,
    without_acting,
)


class MemoryStore:
    """`sessions.Store` in dictionaries behind one lock: for one process, however many threads.

    Of the sign-ins on their way the oldest are dropped beyond `MOST_PENDING`: anybody can begin one.
    """

    MOST_PENDING = 20_000

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: dict[str, tuple[PendingLogin, int]] = {}
        self._used: set[str] = set()
        self._sessions: dict[str, AppSession] = {}
        self._claims: dict[str, int] = {}
        self._notices: dict[tuple[str, str], LogoutNotice] = {}

    def add_pending(self, login: PendingLogin, *, expires_at: int) -> None:
        with self._lock:
            if len(self._pending) >= self.MOST_PENDING:
                self._drop_pending(next(iter(self._pending)))
            self._pending[login.request.state] = (login, expires_at)

    def take_pending(self, state: str, *, now: int) -> tuple[PendingLogin, bool] | None:
        with self._lock:
            login, expires_at = self._pending.get(state, (None, 0))
            if login is None or now >= expires_at:
                return None
            first = state not in self._used
            self._used.add(state)
            return login, first

    def create(self, session: AppSession, *, now: int) -> bool:
        with self._lock:
            current = (notice for notice in self._notices.values() if now < notice.expires_at)
            if any(ended_before(notice, session) for notice in current):
                return False
            self._sessions[session.key] = session
            return True

    def get(self, key: str) -> AppSession | None:
        with self._lock:
            return self._sessions.get(key)

    def touch(self, key: str, *, now: int) -> None:
        with self._lock:
            if key in self._sessions:
                self._sessions[key] = replace(self._sessions[key], seen_at=now)

    def delete(self, key: str) -> None:
        with self._lock:
            self._forget(key)

    def end(self, notice: LogoutNotice, *, now: int) -> int | None:
        with self._lock:
            known = self._notices.get((notice.issuer, notice.token_id))
            if known is not None and now < known.expires_at:
                return None if known.fingerprint == notice.fingerprint else 0
            self._notices[notice.issuer, notice.token_id] = notice
            named = [
                session
                for session in self._sessions.values()
                if session.issuer == notice.issuer and named_by(notice, sub=session.sub, sid=session.sid)
            ]
            ended = [one for one in named if notice.handle is None or one.acting.handle == notice.handle]
            for session in ended:
                self._forget(session.key)
                if notice.handle is not None:
                    self._sessions[session.key] = without_acting(session)
            return len(ended)

    def claim_refresh(self, key: str, *, generation: int, now: int, until: int) -> bool:
        with self._lock:
            session = self._sessions.get(key)
            if session is None or session.generation != generation or now < self._claims.get(key, 0):
                return False
            self._claims[key] = until
            return True

    def finish_refresh(self, session: AppSession) -> bool:
        with self._lock:
            current = self._sessions.get(session.key)
            if current is None or current.generation != session.generation - 1:
                return False
            self._sessions[session.key] = replace(session, seen_at=current.seen_at)
            self._claims.pop(session.key, None)
            return True

    def purge(self, lifetime: Lifetime, *, now: int) -> None:
        with self._lock:
            for state in [s for s, (_, expires_at) in self._pending.items() if now >= expires_at]:
                self._drop_pending(state)
            for key in [k for k, session in self._sessions.items() if lifetime.over(session, now)]:
                self._forget(key)
            for used in [k for k, notice in self._notices.items() if now >= notice.expires_at]:
                del self._notices[used]

    def _drop_pending(self, state: str) -> None:
        del self._pending[state]
        self._used.discard(state)

    def _forget(self, key: str) -> None:
        self._sessions.pop(key, None)
        self._claims.pop(key, None)
