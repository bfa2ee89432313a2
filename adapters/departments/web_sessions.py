"""Owns which browser is signed in to an app, whatever its framework; that is answered by the session store alone.

Knows no framework. Its methods may wait for the store and the provider; an event loop calls them in a thread.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from adapters.departments.errors import ProviderRefused, ProviderUnavailable, SessionEnded
from adapters.departments.levels import NOTHING, Demand
from adapters.departments.logout import LogoutNotice
from adapters.departments.memory_store import MemoryStore
from adapters.departments.refresh import Refresher
from adapters.departments.relying_party import RelyingParty
from adapters.departments.sessions import AppSession, Lifetime, Store, digest
from adapters.departments.web_cookies import Cookies, believable
from adapters.departments.web_requests import Visit

_log = logging.getLogger(__name__)
_TOUCH = 60  # seconds between two writes that note a session's use
_MOMENT = 10  # seconds in which nobody who has just met a demand is sent to meet it again


def system_clock() -> int:
    """Unix seconds."""
    return int(time.time())


def _named(asked: Demand) -> str:
    return digest(repr(asked))


class WebSessions:
    """Who is signed in in which browser.

    name: lower-case word for this app's cookies. store: in memory by default. home: path for people who come back
    without a better place to go. clock: Unix seconds.
    """

    def __init__(
        self,
        party: RelyingParty,
        *,
        name: str,
        store: Store | None = None,
        lifetime: Lifetime | None = None,
        home: str = "/",
        clock: Callable[[], int] = system_clock,
    ) -> None:
        callback = urlsplit(party.settings.redirect_uri)
        self.party = party
        self.store = store or MemoryStore()
        self.home = home
        self.clock = clock
        self.origin = f"{callback.scheme}://{callback.netloc}"
        self.cookies = Cookies(name, secure=callback.scheme == "https")
        self._lifetime = lifetime or Lifetime()
        self._refresher = Refresher(party, self.store, clock)
        self._purged_at = 0
        self.ended: list[Callable[[LogoutNotice], None]] = []
        """Told of each sign-out or end of acting, after it was done: such as `AuthorityChecks.hear_logout`."""

    # Cookies

    def read(self, visit: Visit, kind: str) -> str | None:
        """The value the browser sent; None if there is none or it cannot be ours."""
        return believable(visit.cookie(self.cookies.name(kind)))

    def write(self, visit: Visit, kind: str, value: str, *, max_age: int | None = None) -> None:
        """Set a cookie with the response; without `max_age` (seconds) it ends with the browser."""
        change = self.cookies.set(kind, value, max_age=max_age)
        visit.changes[change.name] = change

    def clear(self, visit: Visit, kind: str) -> None:
        """Take a cookie back with the response."""
        change = self.cookies.taken_back(kind)
        visit.changes[change.name] = change

    def session(self, visit: Visit) -> AppSession | None:
        """This browser's session, refreshed if its access token has run out; looked up once per request."""
        if not visit.looked_up:
            visit.know(self._load(visit))
        return visit.session

    def _load(self, visit: Visit) -> AppSession | None:
        secret = self.read(visit, "session")
        session = self._living(digest(secret)) if secret is not None else None
        if secret is not None and session is None:
            self.clear(visit, "session")
        return session

    def _living(self, key: str) -> AppSession | None:
        session, now = self.store.get(key), self.clock()
        if session is None:
            return None
        if self._lifetime.over(session, now):
            self.store.delete(key)
            return None
        if now - session.seen_at >= _TOUCH:
            self.store.touch(key, now=now)
        try:
            return self._refresher.usable(session)
        except SessionEnded as end:
            _log.info("session ended: %s", end)
            return None
        except (ProviderUnavailable, ProviderRefused) as failure:
            # The department's own session does not depend on the provider being up at this moment.
            _log.warning("session goes on without a new access token: %s", failure)
            return self.store.get(key)

    def refresh(self, visit: Visit) -> AppSession:
        """Refresh now, whatever the token's age. Raises `SessionEnded`, `ProviderUnavailable`, `ProviderRefused`."""
        session = self.session(visit)
        if session is None:
            raise SessionEnded("nobody is signed in")
        try:
            fresh = self._refresher.refreshed(session)
        except SessionEnded:
            visit.know(None)
            self.clear(visit, "session")
            raise
        visit.know(fresh)
        return fresh

    def meets(self, session: AppSession, asked: Demand) -> bool:
        """True if levels and age of the sign-in, as the newest ID token states them, satisfy the demand."""
        return asked.satisfied_by(session.claims, now=self.clock(), leeway=self.party.settings.leeway)

    def just_asked(self, visit: Visit, asked: Demand) -> bool:
        """True if this browser came back a moment ago from a sign-in that met this very demand.

        If the demand is unmet all the same (a refresh lowered the levels at once, clocks are far apart), asking again
        would only go round in circles.
        """
        named, _, at = (self.read(visit, "asked") or "").partition(".")
        return named == _named(asked) and at.isdecimal() and abs(self.clock() - int(at)) <= _MOMENT

    def note_asked(self, visit: Visit, asked: Demand) -> None:
        """Remember for a moment that this browser comes back from a sign-in that met the demand."""
        if asked != NOTHING:
            self.write(visit, "asked", f"{_named(asked)}.{self.clock()}", max_age=_MOMENT)

    def from_this_app(self, visit: Visit) -> bool:
        """True unless the browser says that a page of another origin sent this form.

        SameSite=Lax alone would let through sibling hosts of one department's domain. Browsers too old to say
        anything are let through to that.
        """
        site = visit.headers.get("sec-fetch-site")
        if site is not None:
            return site in ("same-origin", "none")
        return visit.headers.get("origin", self.origin) == self.origin

    def purge(self, now: int) -> None:
        """Drop what can no longer be used, once a minute."""
        if now - self._purged_at >= 60:
            self._purged_at = now
            self.store.purge(self._lifetime, now=now)
