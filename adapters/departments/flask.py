"""Owns what a Flask app writes: `SingleSignOn(app, party, name=...)`, `current_person`, `@login_required`.

A view behind `@login_required(level=...)` runs only for a person whose newest ID token states that level.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ParamSpec, cast, overload
from urllib.parse import quote

from flask import Flask, Response, after_this_request, current_app, jsonify, make_response, request
from flask.typing import ResponseReturnValue
from werkzeug.local import LocalProxy

from adapters.departments.flask_notices import Notice, NoticeKind, plain_page
from adapters.departments.flask_signin import BrowserSignIn, preferred_language, system_clock
from adapters.departments.flask_views import blueprint
from adapters.departments.levels import NOTHING, Demand, demand, level_of
from adapters.departments.relying_party import RelyingParty
from adapters.departments.sessions import AppSession, Lifetime, Store

P = ParamSpec("P")
_EXTENSION = "tongban_departments"


@dataclass(frozen=True, slots=True)
class Person:
    """The signed-in human, as the provider vouches for them. `sub` is the stable key for this department."""

    session: AppSession

    @property
    def sub(self) -> str:
        return self.session.sub

    @property
    def claims(self) -> Mapping[str, Any]:
        """The claims of the newest ID token: levels, `auth_time`, `amr`."""
        return self.session.claims

    @property
    def profile(self) -> Mapping[str, Any]:
        """What userinfo said at sign-in, as far as the scope allows."""
        return self.session.profile

    @property
    def ial(self) -> int:
        """How well the person is known, 1 to 4; 0 if the provider does not say."""
        return level_of(self.claims, "ial")

    @property
    def aal(self) -> int:
        """How the person signed in, 1 to 3; 0 if the provider does not say."""
        return level_of(self.claims, "aal")

    @property
    def legacy_sub(self) -> str | None:
        """The person's account in the app's own earlier users (scope `legacy_sub`); None unless it is certain."""
        found = self.claims.get("legacy_sub")
        return found if isinstance(found, str) and found else None

    @property
    def represented(self) -> Mapping[str, Any] | None:
        """The entity the person acts for (scope `represented`); None for themselves, or while acting has no power."""
        found = self.claims.get("represented")
        current = self.represented_status == "current" and isinstance(found, Mapping)
        return found if current else None

    @property
    def represented_status(self) -> str | None:
        """What has become of acting for somebody else; None when the person acts for themselves."""
        status = self.claims.get("represented_status")
        return status if isinstance(status, str) else None


class SingleSignOn(BrowserSignIn):
    """Sign-in for one Flask app.

    name: lower-case word for this app's cookies; two apps on one host need different ones.
    store: where sessions live; in memory by default, which serves one process.
    lifetime: how long the app's own session lasts; 30 minutes idle and 12 hours by default.
    home: path for people who come back without a better place to go.
    notice_page: renders the kit's notices in the app's own layout.
    language: "zh" or "en" for this request; by default what the browser prefers.
    clock: Unix seconds.

    With Flask-WTF: `CSRFProtect(app).exempt(sso.routes)`, because the provider posts without the app's form token.
    """

    def __init__(
        self,
        app: Flask,
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
        super().__init__(
            party,
            name=name,
            store=store,
            lifetime=lifetime,
            home=home,
            notice_page=notice_page,
            language=language,
            clock=clock,
        )
        self.routes = blueprint(self)
        app.register_blueprint(self.routes)
        app.extensions[_EXTENSION] = self

    def guard(self, asked: Demand) -> ResponseReturnValue | None:
        """None if the signed-in person meets the demand, else the answer that gets them there."""
        session = self.session()
        if session is not None and self.meets(session, asked):
            return None
        if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
            return _problem(asked if session is not None else NOTHING)
        if session is not None and self.just_asked(asked):
            return self._not_again(asked)
        if request.method in ("GET", "HEAD"):
            return self.start(asked, target=_this_page())
        readable = request.url_rule is not None and "GET" in (request.url_rule.methods or ())
        return self.notice(NoticeKind.SIGN_IN_AGAIN, target=request.path if readable else self.home)

    def _not_again(self, asked: Demand) -> ResponseReturnValue:
        """Say that the level was not kept; whoever presses the button of that page is asked anew."""
        target = _this_page() if request.method in ("GET", "HEAD") else self.home
        response = make_response(self.notice(NoticeKind.LEVEL, target=target, asked=asked))
        self.cookies.clear(response, "asked")
        return response


def _this_page() -> str:
    path, query = quote(request.script_root + request.path), request.query_string.decode("ascii", "replace")
    return f"{path}?{query}" if query else path


def _problem(unmet: Demand) -> ResponseReturnValue:
    """For scripts, which cannot follow a person's sign-in (RFC 9457).

    unmet: what the person who is signed in does not meet; NOTHING if nobody is. The members are those of RFC 9470.
    """
    members: dict[str, object] = {"type": "about:blank", "title": "Sign-in required", "status": 401}
    if unmet != NOTHING:
        members |= {"title": "A stronger or newer sign-in is required", "acr_values": " ".join(unmet.values)}
        members |= {} if unmet.max_age is None else {"max_age": unmet.max_age}
    response = jsonify(members)
    response.mimetype = "application/problem+json"
    return response, 401


def _extension() -> SingleSignOn:
    return cast("SingleSignOn", current_app.extensions[_EXTENSION])


def _person() -> Person | None:
    session = _extension().session()
    return Person(session) if session else None


current_person: Person = LocalProxy(_person)  # type: ignore[assignment]
"""The `Person` behind the request; false in a condition when nobody is signed in."""


@overload
def login_required(view: Callable[P, ResponseReturnValue], /) -> Callable[P, ResponseReturnValue]: ...


@overload
def login_required(
    *, level: str | tuple[str, ...] = (), essential: bool = False, max_age: int | None = None
) -> Callable[[Callable[P, ResponseReturnValue]], Callable[P, ResponseReturnValue]]: ...


def login_required(
    view: Callable[..., Any] | None = None,
    /,
    *,
    level: str | tuple[str, ...] = (),
    essential: bool = False,
    max_age: int | None = None,
) -> Callable[..., Any]:
    """Run the view only for a signed-in person who meets the demand; others are sent to sign in and come back.

    level: `"aal:2"`, `"ial:3"`, `"urn:tongban:ial:3:aal:2"`, any other `acr`, or alternatives in order.
    essential: demand it from the provider, which then issues nothing less, instead of asking for it.
    max_age: seconds since the person last actively signed in.
    """
    asked = demand(level, essential=essential, max_age=max_age)

    def decorated(inner: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(inner)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            refusal = _extension().guard(asked)
            if refusal is not None:
                return refusal
            after_this_request(_not_stored)
            return current_app.ensure_sync(inner)(*args, **kwargs)

        return guarded

    return decorated if view is None else decorated(view)


def _not_stored(response: Response) -> Response:
    """Keep a signed-in page out of the browser's memory, so that Back shows nothing after signing out."""
    response.headers.setdefault("Cache-Control", "no-store")
    return response
