"""Owns one browser's way through sign-in under Flask: the rules of `web_signin`, for the request at hand.

`flask.SingleSignOn` is this with the routes of `flask_views`; apps import from there. No rule stands here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import cast
from urllib.parse import quote

from flask import Response, after_this_request, g, make_response, request
from flask.typing import ResponseReturnValue

from adapters.departments.banner import Banner
from adapters.departments.errors import DepartmentError
from adapters.departments.flask_notices import Notice, NoticeKind, plain_page
from adapters.departments.levels import NOTHING, Demand
from adapters.departments.logout import LogoutNotice
from adapters.departments.relying_party import RelyingParty
from adapters.departments.representing import SELECT, Power
from adapters.departments.sessions import AppSession, Lifetime, Store
from adapters.departments.web_guard import refusal
from adapters.departments.web_preferences import preferred_language as preferred
from adapters.departments.web_requests import Reply, Visit
from adapters.departments.web_signin import WebSignIn, safe_target, system_clock

__all__ = ["BrowserSignIn", "preferred_language", "safe_target", "system_clock"]


def preferred_language() -> str:
    """What the browser asks for: "en" or, by default, "zh"."""
    return preferred(request.headers.get("Accept-Language", ""))


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
        self.core = WebSignIn(party, name=name, store=store, lifetime=lifetime, home=home, clock=clock)
        self.language = language
        self._notice_page = notice_page

    @property
    def party(self) -> RelyingParty:
        return self.core.party

    @property
    def store(self) -> Store:
        return self.core.store

    @property
    def home(self) -> str:
        return self.core.home

    @property
    def clock(self) -> Callable[[], int]:
        return self.core.clock

    @property
    def ended(self) -> list[Callable[[LogoutNotice], None]]:
        """Told of each sign-out or end of acting, after it was done: such as `AuthorityChecks.hear_logout`."""
        return self.core.ended

    # The request at hand

    def visit(self) -> Visit:
        """This request as the rules see it; what they want said goes along with its response."""
        if "departments_visit" not in g:
            g.departments_visit = Visit(
                request.method,
                quote(request.script_root),
                quote(request.script_root + request.path),
                request.query_string.decode("ascii", "replace"),
                {name.lower(): value for name, value in request.headers.items()},
                self.language,
            )
            after_this_request(_said_along)
        return cast("Visit", g.departments_visit)

    def response(self, reply: Reply) -> Response:
        """What Flask answers."""
        if reply.notice is not None:
            response = make_response(self._notice_page(reply.notice))
        else:
            response = Response(status=reply.status)
        if reply.document is not None:
            response.set_data(json.dumps(dict(reply.document)))
            response.mimetype = reply.content_type
        if reply.location is not None:
            response.location = reply.location
        response.headers["Cache-Control"] = "no-store"
        return response

    # Who is signed in

    def session(self) -> AppSession | None:
        """This browser's session, refreshed if its access token has run out; looked up once per request."""
        return self.core.session(self.visit())

    def refresh(self) -> AppSession:
        """Refresh now, whatever the token's age. Raises `SessionEnded`, `ProviderUnavailable`, `ProviderRefused`."""
        return self.core.refresh(self.visit())

    def meets(self, session: AppSession, asked: Demand) -> bool:
        """True if levels and age of the sign-in, as the newest ID token states them, satisfy the demand."""
        return self.core.meets(session, asked)

    def guard(self, asked: Demand) -> ResponseReturnValue | None:
        """None if the signed-in person meets the demand, else the answer that gets them there."""
        readable = request.url_rule is not None and "GET" in (request.url_rule.methods or ())
        reply = refusal(self.core, self.visit(), asked, readable=readable)
        return None if reply is None else self.response(reply)

    def from_this_app(self) -> bool:
        """True unless the browser says that a page of another origin sent this form."""
        return self.core.from_this_app(self.visit())

    # Signing in

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
        reply = self.core.start(
            self.visit(),
            asked,
            target=target,
            prompt=prompt,
            matter=matter,
            represent=represent,
            authorization_details=authorization_details,
            keep=keep,
        )
        return self.response(reply)

    def switch(self, represent: str = SELECT, *, target: str) -> ResponseReturnValue:
        """Have the person act for somebody else, or for themselves; no new sign-in is needed.

        represent: `select`, `required`, `self` or a handle. A page that calls this with another word than the first
        two makes sure that the person wanted it (`from_this_app`): they see no page in between.
        """
        return self.response(self.core.switch(self.visit(), represent, target=target))

    def banner(self) -> Banner | None:
        """For whom the person acts, for the top of a page; None for themselves, or if nobody is signed in."""
        return self.core.banner(self.visit())

    # Telling people

    def failed(self, error: DepartmentError, *, target: str, asked: Demand = NOTHING) -> ResponseReturnValue:
        """Log a failure and show the person what it means for them."""
        return self.response(self.core.failed(self.visit(), error, target=target, asked=asked))

    def notice(
        self, kind: NoticeKind, *, target: str, reference: str | None = None, asked: Demand = NOTHING
    ) -> ResponseReturnValue:
        """One of the kit's pages; its button signs in and goes on to `target`, where that makes sense.

        asked: what the page at `target` demands, for the page to say.
        """
        reply = self.core.notice(self.visit(), kind, target=target, reference=reference, asked=asked)
        return self.response(reply)


def _said_along(response: Response) -> Response:
    """Cookies go along; a signed-in page stays out of the browser's memory: Back shows nothing after signing out."""
    visit: Visit = g.departments_visit
    for change in visit.changes.values():
        response.headers.add("Set-Cookie", change.header)
    if visit.private:
        response.headers.setdefault("Cache-Control", "no-store")
    return response
