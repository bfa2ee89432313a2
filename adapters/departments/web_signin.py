"""Owns one browser's way through sign-in for every web framework; who is signed in is answered by the store alone.

Knows no framework: a request comes as a `Visit`, what is to be answered goes as a `Reply`. Its methods may wait for
the store and the provider; an event loop calls them in a thread.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from urllib.parse import quote, urlsplit

from adapters.departments.banner import Banner, banner_of
from adapters.departments.errors import DepartmentError, ProviderRefused, ProviderUnavailable, SessionEnded
from adapters.departments.levels import NOTHING, Demand
from adapters.departments.logout import LogoutNotice
from adapters.departments.memory_store import MemoryStore
from adapters.departments.refresh import Refresher
from adapters.departments.relying_party import RelyingParty, SignIn
from adapters.departments.representing import ANYBODY, SELECT, Acting, Power, acting_demand, kept
from adapters.departments.sessions import AppSession, Lifetime, PendingLogin, Store, digest
from adapters.departments.web_cookies import Cookies, believable
from adapters.departments.web_notices import Notice, NoticeKind, kind_of
from adapters.departments.web_requests import Reply, Visit, leave_for

LOGIN = "/oidc/login"
LOGOUT = "/oidc/logout"
SWITCH = "/oidc/switch"
_log = logging.getLogger(__name__)
_TOUCH = 60  # seconds between two writes that note a session's use
_SIGN_IN_LIFE = 900  # seconds that a person may take at the provider
_MOMENT = 10  # seconds in which nobody who has just met a demand is sent to meet it again


def system_clock() -> int:
    """Unix seconds."""
    return int(time.time())


def safe_target(target: str | None, *, default: str) -> str:
    """A path of this app to go to after signing in; anything a browser could read as another host is dropped."""
    if not target or not target.startswith("/") or target[1:2] in ("/", "\\") or len(target) > 2000:
        return default
    if "\\" in target or not target.isprintable() or any(c.isspace() for c in target):
        return default
    return target


def _named(asked: Demand) -> str:
    return digest(repr(asked))


class WebSignIn:
    """The parts that endpoints and guards share.

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

    # Who is signed in

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

    # Signing in and out

    def start(
        self,
        visit: Visit,
        asked: Demand = NOTHING,
        *,
        target: str,
        prompt: str | None = None,
        matter: str | None = None,
        represent: str | None = None,
        authorization_details: Sequence[Power] = (),
        keep: bool = False,
    ) -> Reply:
        """Send the browser to the provider; afterwards it comes back to `target`, if that is a path of this app.

        With `matter`, the person's face is checked for it on the way: `face_check` in the claims says so.
        represent, authorization_details: in place of what `asked` says. Where neither says anything, or with `keep`,
        somebody who acts for somebody else here goes on doing so.
        """
        if represent is not None or authorization_details:
            asked = replace(asked, acting=acting_demand(represent, authorization_details))
        now, target = self.clock(), safe_target(target, default=self.home)
        self._purge(now)
        locale = "zh-CN" if visit.language() == "zh" else "en"
        try:
            begun = self.party.begin(
                asked=asked,
                prompt=prompt,
                ui_locales=locale,
                matter=matter,
                represent=self._kept(visit, asked, keep),
                now=now,
            )
        except DepartmentError as error:
            return self.failed(visit, error, target=target)
        browser = self.read(visit, "browser") or secrets.token_urlsafe(32)
        login = PendingLogin(begun.pending, digest(browser), target)
        self.store.add_pending(login, expires_at=now + _SIGN_IN_LIFE)
        self.write(visit, "browser", browser, max_age=_SIGN_IN_LIFE)
        return leave_for(begun.url)

    def _kept(self, visit: Visit, asked: Demand, keep: bool) -> str | None:
        session = self.session(visit) if keep or asked.acting == ANYBODY else None
        return kept(session.acting) if session is not None else None

    def switch(self, visit: Visit, represent: str = SELECT, *, target: str) -> Reply:
        """Have the person act for somebody else, or for themselves; no new sign-in is needed.

        represent: `select`, `required`, `self` or a handle. A page that calls this with another word than the first
        two makes sure that the person wanted it (`from_this_app`): they see no page in between.
        """
        return self.start(visit, target=target, represent=represent)

    def banner(self, visit: Visit) -> Banner | None:
        """For whom the person acts, for the top of a page; None for themselves, or if nobody is signed in."""
        session = self.session(visit)
        if session is None:
            return None
        here = visit.page if visit.reads and not visit.own else self.home
        return banner_of(session.acting, visit.language(), action=f"{visit.root}{SWITCH}", target=here)

    def _purge(self, now: int) -> None:
        if now - self._purged_at >= 60:
            self._purged_at = now
            self.store.purge(self._lifetime, now=now)

    def admit(self, visit: Visit, sign_in: SignIn, *, represent: str | None = None) -> None:
        """Make the app's session of a completed sign-in, in place of an earlier one of this browser.

        represent: what was asked about for whom they act.

        Raises what `RelyingParty.userinfo` raises, and `SessionEnded` if the provider has already ended this sign-in.
        """
        now, token = self.clock(), sign_in.id_token
        profile = self.party.userinfo(sign_in.tokens.access_token, subject=token.sub, now=now)
        secret = secrets.token_urlsafe(32)
        session = AppSession(
            key=digest(secret),
            issuer=token.issuer,
            sub=token.sub,
            sid=token.sid,
            claims=token.claims,
            profile=profile,
            id_token=token.text,
            access_token=sign_in.tokens.access_token,
            refresh_token=sign_in.tokens.refresh_token,
            access_expires_at=sign_in.tokens.expires_at,
            created_at=now,
            seen_at=now,
            refreshed_at=now,
            represent=represent,
            details=sign_in.tokens.details or [],
        )
        if not self.store.create(session, now=now):
            raise SessionEnded("the provider ended this sign-in before it came back")
        self.forget(visit)
        self.write(visit, "session", secret)
        visit.know(session)

    def forget(self, visit: Visit) -> AppSession | None:
        """End this browser's session in the app, if there is one, and return what it was."""
        secret = self.read(visit, "session")
        if secret is None:
            return None
        session = self.store.get(digest(secret))
        self.store.delete(digest(secret))
        self.clear(visit, "session")
        visit.know(None)
        return session

    # Telling people

    def failed(self, visit: Visit, error: DepartmentError, *, target: str, asked: Demand = NOTHING) -> Reply:
        """Log a failure and show the person what it means for them."""
        reference = secrets.token_hex(4)
        _log.warning("sign-in failed, reference %s: %s: %s", reference, type(error).__name__, error)
        return self.notice(visit, kind_of(error), target=target, reference=reference, asked=asked)

    def notice(
        self,
        visit: Visit,
        kind: NoticeKind,
        *,
        target: str,
        reference: str | None = None,
        asked: Demand = NOTHING,
    ) -> Reply:
        """One of the kit's pages; its button signs in and goes on to `target`, where that makes sense.

        asked: what the page at `target` demands, for the page to say.
        """
        target = safe_target(target, default=self.home)
        if kind is NoticeKind.CONFIRM_LOGOUT:
            action = f"{visit.root}{LOGOUT}"
        elif kind in (NoticeKind.ACTING, NoticeKind.POWER):
            action = f"{visit.root}{SWITCH}?next={quote(target)}"
        elif kind is NoticeKind.FOREIGN_FORM:
            action = self.home
        elif self.session(visit) is not None:
            action = target
        else:
            action = f"{visit.root}{LOGIN}?next={quote(target)}"
        session = self.session(visit)
        acting = session.acting if session is not None else Acting()
        shown = Notice(
            kind,
            visit.language(),
            action,
            self.home,
            reference,
            asked,
            represented_status=acting.status,
            switch=f"{visit.root}{SWITCH}",
            target=target,
            banner=self.banner(visit),
        )
        return Reply(shown.status, notice=shown)
