"""Owns what a Flask app writes: `SingleSignOn(app, party, name=...)`, `current_person`, `@login_required`.

A view behind `@login_required(level=...)` runs only for a person whose newest ID token states that level.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ParamSpec, cast, overload

from flask import Flask, Response, after_this_request, current_app, jsonify, make_response, request
from flask.typing import ResponseReturnValue
from werkzeug.local import LocalProxy

from adapters.departments.flask_notices import Notice, NoticeKind, plain_page
from adapters.departments.flask_signin import BrowserSignIn, preferred_language, system_clock, this_page
from adapters.departments.flask_views import blueprint
from adapters.departments.levels import Demand, demand, level_of
from adapters.departments.relying_party import RelyingParty
from adapters.departments.representing import ANYBODY, SELF, Acting, Represent, acting_demand
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
    def acting(self) -> Acting:
        """For whom the person acts, with the handle to ask about and the powers that were held at sign-in."""
        return self.session.acting

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
        if session is not None and self.meets(session, asked) and asked.acting.met_by(session.acting):
            return None
        if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
            return _problem(asked, session)
        if session is not None and self._acting_is_over(session, asked):
            return self.notice(NoticeKind.ACTING, target=self._back(), asked=asked)
        if session is not None and self.just_asked(asked):
            return self._not_again(session, asked)
        if request.method in ("GET", "HEAD"):
            keep = session is not None and asked.acting.met_by(session.acting)
            return self.start(asked, target=this_page(), keep=keep)
        if session is not None and self.meets(session, asked):
            return self.notice(NoticeKind.POWER, target=self.home, asked=asked)
        readable = request.url_rule is not None and "GET" in (request.url_rule.methods or ())
        return self.notice(NoticeKind.SIGN_IN_AGAIN, target=request.path if readable else self.home)

    def _back(self) -> str:
        return this_page() if request.method in ("GET", "HEAD") else self.home

    def _acting_is_over(self, session: AppSession, asked: Demand) -> bool:
        """True for who meets all but that they have chosen somebody for whom they may not act now."""
        wanted = asked.acting != ANYBODY and asked.acting.represent != SELF
        return wanted and session.acting.powerless and self.meets(session, asked)

    def _not_again(self, session: AppSession, asked: Demand) -> ResponseReturnValue:
        """Say what is missing still; whoever presses the button of that page is asked anew."""
        kind = NoticeKind.POWER if self.meets(session, asked) else NoticeKind.LEVEL
        response = make_response(self.notice(kind, target=self._back(), asked=asked))
        self.cookies.clear(response, "asked")
        return response


def _problem(asked: Demand, session: AppSession | None) -> ResponseReturnValue:
    """For scripts, which cannot follow a person's sign-in (RFC 9457).

    The members are those of RFC 9470, or say for whom the person has to act and what has become of their acting.
    """
    members: dict[str, object] = {"type": "about:blank", "title": "Sign-in required", "status": 401}
    if session is not None and not asked.acting.met_by(session.acting):
        members |= {"title": "Acting for somebody else is required", **_acting_members(asked, session)}
    elif session is not None:
        members |= {"title": "A stronger or newer sign-in is required", "acr_values": " ".join(asked.values)}
        members |= {} if asked.max_age is None else {"max_age": asked.max_age}
    response = jsonify(members)
    response.mimetype = "application/problem+json"
    return response, 401


def _acting_members(asked: Demand, session: AppSession) -> dict[str, object]:
    told = {
        "represent": asked.acting.represent,
        "authorization_details": asked.acting.details or None,
        "represented_status": session.acting.status,
    }
    return {name: value for name, value in told.items() if value is not None}


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
    *,
    level: str | tuple[str, ...] = (),
    essential: bool = False,
    max_age: int | None = None,
    represent: Represent | Callable[..., Represent | None] | None = None,
) -> Callable[[Callable[P, ResponseReturnValue]], Callable[P, ResponseReturnValue]]: ...


def login_required(
    view: Callable[..., Any] | None = None,
    /,
    *,
    level: str | tuple[str, ...] = (),
    essential: bool = False,
    max_age: int | None = None,
    represent: Represent | Callable[..., Represent | None] | None = None,
) -> Callable[..., Any]:
    """Run the view only for a signed-in person who meets the demand; others are sent to sign in and come back.

    level: `"aal:2"`, `"ial:3"`, `"urn:tongban:ial:3:aal:2"`, any other `acr`, or alternatives in order.
    essential: demand it from the provider, which then issues nothing less, instead of asking for it.
    max_age: seconds since the person last actively signed in.
    represent: for whom they act: `"self"`, `"select"`, `"required"`, a `Power` or several, or what gives one of these
        or a handle when it is called with the view's own arguments. None: for whomever, themselves included.
    """
    by_arguments = represent if callable(represent) else None
    asked = demand(level, essential=essential, max_age=max_age, represent=None if callable(represent) else represent)

    def decorated(inner: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(inner)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            wanted = replace(asked, acting=acting_demand(by_arguments(**kwargs))) if by_arguments else asked
            refusal = _extension().guard(wanted)
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
