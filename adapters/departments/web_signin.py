"""Owns one browser's way through sign-in for every web framework, and what it is told meanwhile.

Knows no framework: a request comes as a `Visit`, what is to be answered goes as a `Reply`. Its methods may wait for
the store and the provider; an event loop calls them in a thread.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import quote

from adapters.departments.banner import Banner, banner_of
from adapters.departments.errors import DepartmentError, SessionEnded
from adapters.departments.levels import NOTHING, Demand
from adapters.departments.relying_party import SignIn
from adapters.departments.representing import ANYBODY, SELECT, Acting, Power, acting_demand, kept
from adapters.departments.sessions import AppSession, PendingLogin, digest
from adapters.departments.web_notices import Notice, NoticeKind, kind_of
from adapters.departments.web_requests import Reply, Visit, leave_for
from adapters.departments.web_sessions import WebSessions, system_clock

__all__ = ["LOGIN", "LOGOUT", "SWITCH", "WebSignIn", "safe_target", "system_clock"]

LOGIN = "/oidc/login"
LOGOUT = "/oidc/logout"
SWITCH = "/oidc/switch"
_log = logging.getLogger(__name__)
_SIGN_IN_LIFE = 900  # seconds that a person may take at the provider


def safe_target(target: str | None, *, default: str) -> str:
    """A path of this app to go to after signing in; anything a browser could read as another host is dropped."""
    if not target or not target.startswith("/") or target[1:2] in ("/", "\\") or len(target) > 2000:
        return default
    if "\\" in target or not target.isprintable() or any(c.isspace() for c in target):
        return default
    return target


class WebSignIn(WebSessions):
    """The parts that endpoints and guards share; arguments as in `WebSessions`."""

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
        self.purge(now)
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
