"""Owns one browser's way through sign-in under Flask; who is signed in is answered by the session store alone.

`flask.SingleSignOn` is this with the routes of `flask_views`; apps import from there.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import cast
from urllib.parse import quote, urlsplit

from flask import Response, after_this_request, g, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from adapters.departments.banner import Banner, banner_of
from adapters.departments.errors import DepartmentError, ProviderRefused, ProviderUnavailable, SessionEnded
from adapters.departments.flask_cookies import Cookies
from adapters.departments.flask_notices import Notice, NoticeKind, kind_of, plain_page
from adapters.departments.levels import NOTHING, Demand
from adapters.departments.logout import LogoutNotice
from adapters.departments.memory_store import MemoryStore
from adapters.departments.refresh import Refresher
from adapters.departments.relying_party import RelyingParty, SignIn
from adapters.departments.representing import ANYBODY, SELECT, Acting, Power, acting_demand, kept
from adapters.departments.sessions import AppSession, Lifetime, PendingLogin, Store, digest

_log = logging.getLogger(__name__)
_TOUCH = 60  # seconds between two writes that note a session's use
_SIGN_IN_LIFE = 900  # seconds that a person may take at the provider
_MOMENT = 10  # seconds in which nobody who has just met a demand is sent to meet it again


def preferred_language() -> str:
    """What the browser asks for: "en" or, by default, "zh"."""
    return "en" if request.accept_languages.best_match(["zh", "en"]) == "en" else "zh"


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


def this_page() -> str:
    """Path and query of this request."""
    path, query = quote(request.script_root + request.path), request.query_string.decode("ascii", "replace")
    return f"{path}?{query}" if query else path


def _named(asked: Demand) -> str:
    return digest(repr(asked))


class BrowserSignIn:
    """The parts that routes and decorators share; arguments as in `flask.SingleSignOn`."""

    def __init__(
        self,
        party: RelyingParty,
        *,
        name: str,
        store: Store | None = None,
        lifetime: Lifetime | None = None,
        home: str = "/",
        notice_page: Callable[[Notice], ResponseReturnValue] = plain_page,
        language: Callable[[], str] = preferred_language,
        clock: Callable[[], int] = system_clock,
    ) -> None:
        callback = urlsplit(party.settings.redirect_uri)
        self.party = party
        self.store = store or MemoryStore()
        self.home = home
        self.clock = clock
        self.language = language
        self.origin = f"{callback.scheme}://{callback.netloc}"
        self.cookies = Cookies(name, secure=callback.scheme == "https")
        self._lifetime = lifetime or Lifetime()
        self._notice_page = notice_page
        self._refresher = Refresher(party, self.store, clock)
        self._purged_at = 0
        self.ended: list[Callable[[LogoutNotice], None]] = []
        """Told of each sign-out or end of acting, after it was done: such as `AuthorityChecks.hear_logout`."""

    # Who is signed in

    def session(self) -> AppSession | None:
        """This browser's session, refreshed if its access token has run out; looked up once per request."""
        if "departments_session" not in g:
            g.departments_session = self._load()
        return cast("AppSession | None", g.departments_session)

    def _load(self) -> AppSession | None:
        secret = self.cookies.read(request, "session")
        if secret is None:
            return None
        session = self._living(digest(secret))
        if session is None:
            after_this_request(self._clear_session_cookie)
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

    def _clear_session_cookie(self, response: Response) -> Response:
        if g.get("departments_session") is None:
            self.cookies.clear(response, "session")
        return response

    def refresh(self) -> AppSession:
        """Refresh now, whatever the token's age. Raises `SessionEnded`, `ProviderUnavailable`, `ProviderRefused`."""
        session = self.session()
        if session is None:
            raise SessionEnded("nobody is signed in")
        try:
            g.departments_session = self._refresher.refreshed(session)
        except SessionEnded:
            g.departments_session = None
            after_this_request(self._clear_session_cookie)
            raise
        return cast("AppSession", g.departments_session)

    def meets(self, session: AppSession, asked: Demand) -> bool:
        """True if levels and age of the sign-in, as the newest ID token states them, satisfy the demand."""
        return asked.satisfied_by(session.claims, now=self.clock(), leeway=self.party.settings.leeway)

    def just_asked(self, asked: Demand) -> bool:
        """True if this browser came back a moment ago from a sign-in that met this very demand.

        If the demand is unmet all the same (a refresh lowered the levels at once, clocks are far apart), asking again
        would only go round in circles.
        """
        named, _, at = (self.cookies.read(request, "asked") or "").partition(".")
        return named == _named(asked) and at.isdecimal() and abs(self.clock() - int(at)) <= _MOMENT

    def note_asked(self, response: Response, asked: Demand) -> None:
        """Remember for a moment that this browser comes back from a sign-in that met the demand."""
        if asked != NOTHING:
            self.cookies.write(response, "asked", f"{_named(asked)}.{self.clock()}", max_age=_MOMENT)

    # Signing in and out

    def start(
        self,
        asked: Demand = NOTHING,
        *,
        target: str,
        prompt: str | None = None,
        matter: str | None = None,
        represent: str | None = None,
        authorization_details: Sequence[Power] = (),
        keep: bool = False,
    ) -> ResponseReturnValue:
        """Send the browser to the provider; afterwards it comes back to `target`, if that is a path of this app.

        With `matter`, the person's face is checked for it on the way: `face_check` in the claims says so.
        represent, authorization_details: in place of what `asked` says. Where neither says anything, or with `keep`,
        somebody who acts for somebody else here goes on doing so.
        """
        if represent is not None or authorization_details:
            asked = replace(asked, acting=acting_demand(represent, authorization_details))
        now, target = self.clock(), safe_target(target, default=self.home)
        self._purge(now)
        locale = "zh-CN" if self.language() == "zh" else "en"
        try:
            begun = self.party.begin(
                asked=asked,
                prompt=prompt,
                ui_locales=locale,
                matter=matter,
                represent=self._kept(asked, keep),
                now=now,
            )
        except DepartmentError as error:
            return self.failed(error, target=target)
        browser = self.cookies.read(request, "browser") or secrets.token_urlsafe(32)
        login = PendingLogin(begun.pending, digest(browser), target)
        self.store.add_pending(login, expires_at=now + _SIGN_IN_LIFE)
        response = make_response(redirect(begun.url, 303))
        response.headers["Cache-Control"] = "no-store"
        self.cookies.write(response, "browser", browser, max_age=_SIGN_IN_LIFE)
        return response

    def _kept(self, asked: Demand, keep: bool) -> str | None:
        session = self.session() if keep or asked.acting == ANYBODY else None
        return kept(session.acting) if session is not None else None

    def switch(self, represent: str = SELECT, *, target: str) -> ResponseReturnValue:
        """Have the person act for somebody else, or for themselves; no new sign-in is needed.

        represent: `select`, `required`, `self` or a handle. A page that calls this with another word than the first
        two makes sure that the person wanted it (`flask_views.from_this_app`): they see no page in between.
        """
        return self.start(target=target, represent=represent)

    def banner(self) -> Banner | None:
        """For whom the person acts, for the top of a page; None for themselves, or if nobody is signed in."""
        session = self.session()
        if session is None:
            return None
        here = this_page() if request.method in ("GET", "HEAD") and request.blueprint != "departments" else self.home
        return banner_of(session.acting, self.language(), action=url_for("departments.switch"), target=here)

    def _purge(self, now: int) -> None:
        if now - self._purged_at >= 60:
            self._purged_at = now
            self.store.purge(self._lifetime, now=now)

    def admit(self, sign_in: SignIn, *, represent: str | None = None) -> str:
        """Make the app's session of a completed sign-in, in place of an earlier one of this browser.

        represent: what was asked about for whom they act. Returns the cookie's value. Raises what
        `RelyingParty.userinfo` raises, and `SessionEnded` if the provider has already ended this sign-in.
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
        self.forget()
        g.departments_session = session
        return secret

    def forget(self) -> AppSession | None:
        """End this browser's session in the app, if there is one, and return what it was."""
        secret = self.cookies.read(request, "session")
        if secret is None:
            return None
        session = self.store.get(digest(secret))
        self.store.delete(digest(secret))
        g.departments_session = None
        return session

    # Telling people

    def failed(self, error: DepartmentError, *, target: str, asked: Demand = NOTHING) -> ResponseReturnValue:
        """Log a failure and show the person what it means for them."""
        reference = secrets.token_hex(4)
        _log.warning("sign-in failed, reference %s: %s: %s", reference, type(error).__name__, error)
        return self.notice(kind_of(error), target=target, reference=reference, asked=asked)

    def notice(
        self, kind: NoticeKind, *, target: str, reference: str | None = None, asked: Demand = NOTHING
    ) -> ResponseReturnValue:
        """One of the kit's pages; its button signs in and goes on to `target`, where that makes sense.

        asked: what the page at `target` demands, for the page to say.
        """
        target = safe_target(target, default=self.home)
        if kind is NoticeKind.CONFIRM_LOGOUT:
            action = url_for("departments.logout")
        elif kind in (NoticeKind.ACTING, NoticeKind.POWER):
            action = url_for("departments.switch", next=target)
        elif kind is NoticeKind.FOREIGN_FORM:
            action = self.home
        elif self.session() is not None:
            action = target
        else:
            action = url_for("departments.login", next=target)
        session = self.session()
        acting = session.acting if session is not None else Acting()
        shown = Notice(
            kind,
            self.language(),
            action,
            self.home,
            reference,
            asked,
            represented_status=acting.status,
            switch=url_for("departments.switch"),
            target=target,
            banner=self.banner(),
        )
        response = make_response(self._notice_page(shown))
        response.headers["Cache-Control"] = "no-store"
        return response
