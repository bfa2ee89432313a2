"""Owns what a Flask app writes: `SingleSignOn(app, party, name=...)`, `current_person`, `@login_required`.

A view behind `@login_required(level=...)` runs only for a person whose newest ID token states that level.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, cast, overload

from flask import Flask, current_app
from flask.typing import ResponseReturnValue
from werkzeug.local import LocalProxy

from adapters.departments.flask_notices import Notice, plain_page
from adapters.departments.flask_signin import BrowserSignIn, preferred_language, system_clock
from adapters.departments.flask_views import blueprint
from adapters.departments.relying_party import RelyingParty
from adapters.departments.sessions import Lifetime, Store
from adapters.departments.web_guard import Representing, guard
from adapters.departments.web_person import Person

__all__ = ["Person", "SingleSignOn", "current_person", "login_required"]

P = ParamSpec("P")
_EXTENSION = "tongban_departments"


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
    represent: Representing | None = None,
) -> Callable[[Callable[P, ResponseReturnValue]], Callable[P, ResponseReturnValue]]: ...


def login_required(
    view: Callable[..., Any] | None = None,
    /,
    *,
    level: str | tuple[str, ...] = (),
    essential: bool = False,
    max_age: int | None = None,
    represent: Representing | None = None,
) -> Callable[..., Any]:
    """Run the view only for a signed-in person who meets the demand; others are sent to sign in and come back.

    level: `"aal:2"`, `"ial:3"`, `"urn:tongban:ial:3:aal:2"`, any other `acr`, or alternatives in order.
    essential: demand it from the provider, which then issues nothing less, instead of asking for it.
    max_age: seconds since the person last actively signed in.
    represent: for whom they act: `"self"`, `"select"`, `"required"`, a `Power` or several, or what gives one of these
        or a handle when it is called with the view's own arguments. None: for whomever, themselves included.
    """
    wanted = guard(level, essential=essential, max_age=max_age, represent=represent)

    def decorated(inner: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(inner)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            refused = _extension().guard(wanted.demand(kwargs))
            return refused if refused is not None else current_app.ensure_sync(inner)(*args, **kwargs)

        return guarded

    return decorated if view is None else decorated(view)
