"""Who may call a view: every view says so by a decorator.

Always true: an application with a view that carries no guard does not start (``require_guards``).
"""

from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from flask import Flask, current_app, g, request
from flask.typing import ResponseReturnValue

P = ParamSpec("P")
R = TypeVar("R")
EXTENSION = "tongban_sessions"
_MARK = "__tongban_guard__"
UNGUARDED_ENDPOINTS = frozenset({"static"})


class Guard(StrEnum):
    PUBLIC = "public"
    """Everybody; forms carry the CSRF token."""
    SIGNED_IN = "signed_in"
    """A live session; others are sent to sign in."""
    PROTOCOL = "protocol"
    """Spoken by other programs through the browser; refusals are protocol error pages."""
    OPERATOR = "operator"
    """An operator's session of two factors and a role (`idp.console.guards`)."""


class Gate:
    """How a session is found and where people without one go; both live in layers above this one."""

    def __init__(self, load_session: Callable[[], object | None], sign_in: Callable[[], ResponseReturnValue]) -> None:
        self.load_session = load_session
        self.sign_in = sign_in


def gate() -> Gate:
    """That of the application that answers this request."""
    found: Gate = current_app.extensions[EXTENSION]
    return found


def declare(view: Callable[..., Any], guard: Guard) -> None:
    """For guards that live in a layer above: say that ``view`` is kept by ``guard``."""
    setattr(view, _MARK, guard)


def public(view: Callable[P, R]) -> Callable[P, R]:
    """Everybody may call ``view``."""
    setattr(view, _MARK, Guard.PUBLIC)
    return view


def protocol(view: Callable[P, R]) -> Callable[P, R]:
    """``view`` speaks a protocol: its refusals are pages with ``id="oauth-error"``."""
    setattr(view, _MARK, Guard.PROTOCOL)
    return view


def signed_in(view: Callable[P, R]) -> Callable[P, R | ResponseReturnValue]:
    """Only people with a live session reach ``view``; others are sent to sign in."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R | ResponseReturnValue:
        if current_session() is None:
            return gate().sign_in()
        return view(*args, **kwargs)

    setattr(guarded, _MARK, Guard.SIGNED_IN)
    return guarded


def current_session() -> Any:
    """The live session of this request as its layer defines it, loaded once; None when there is none."""
    if "tb_session" not in g:
        g.tb_session = gate().load_session()
    return g.tb_session


def forget_session() -> None:
    """Look again at the next ``current_session()``: the session began, changed or ended in this request."""
    g.pop("tb_session", None)


def guard_of(app: Flask, endpoint: str | None) -> Guard | None:
    """The guard of a view, None when it has none."""
    view = app.view_functions.get(endpoint or "")
    guard: Guard | None = getattr(view, _MARK, None)
    return guard


def speaks_protocol() -> bool:
    """Whether this request goes to a protocol view."""
    return guard_of(current_app, request.endpoint) is Guard.PROTOCOL


def unguarded(app: Flask) -> list[str]:
    """Rules of ``app`` whose view declares no guard."""
    return sorted(
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.endpoint not in UNGUARDED_ENDPOINTS and guard_of(app, rule.endpoint) is None
    )


def require_guards(app: Flask) -> None:
    """Refuse to start with an unguarded view; call it when every view is registered."""
    missing = unguarded(app)
    if missing:
        raise RuntimeError(f"views without a guard: {', '.join(missing)}")
