"""Owns who may see a guarded page: only a person who meets what it demands, by what the provider has said of them.

Whoever may not is sent to get there; a program that asks for JSON is told in its own terms (RFC 9457, RFC 9470).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from adapters.departments.levels import Demand, demand
from adapters.departments.representing import ANYBODY, SELF, Represent, acting_demand
from adapters.departments.sessions import AppSession
from adapters.departments.web_notices import NoticeKind
from adapters.departments.web_preferences import wants_json
from adapters.departments.web_requests import Reply, Visit
from adapters.departments.web_signin import WebSignIn

Representing = Represent | Callable[..., Represent | None]
"""What an app may write for `represent=` at a guard."""


@dataclass(frozen=True, slots=True)
class Guard:
    """What a page demands; `by_arguments` says for whom, once the page's own arguments are known."""

    asked: Demand
    by_arguments: Callable[..., Represent | None] | None = None

    def demand(self, arguments: Mapping[str, Any]) -> Demand:
        """The demand on this request. Raises `ConfigurationError` for a `represent` that can mean nothing."""
        if self.by_arguments is None:
            return self.asked
        return replace(self.asked, acting=acting_demand(self.by_arguments(**arguments)))


def guard(
    level: str | tuple[str, ...] = (),
    *,
    essential: bool = False,
    max_age: int | None = None,
    represent: Representing | None = None,
) -> Guard:
    """Read what an app writes at a page.

    level: `"aal:2"`, `"ial:3"`, `"urn:tongban:ial:3:aal:2"`, any other `acr`, or alternatives in order.
    essential: demand it from the provider, which then issues nothing less, instead of asking for it.
    max_age: seconds since the person last actively signed in.
    represent: for whom they act: `"self"`, `"select"`, `"required"`, a `Power` or several, or what gives one of these
        or a handle when it is called with the page's own arguments. None: for whomever, themselves included.

    Raises `ConfigurationError` as `levels.demand` does.
    """
    if callable(represent):
        return Guard(demand(level, essential=essential, max_age=max_age), represent)
    return Guard(demand(level, essential=essential, max_age=max_age, represent=represent))


def refusal(sign_in: WebSignIn, visit: Visit, asked: Demand, *, readable: bool = False) -> Reply | None:
    """None if the signed-in person meets the demand, else the answer that gets them there.

    readable: the address that was posted to can be opened as a page, too.
    """
    session = sign_in.session(visit)
    if session is not None and sign_in.meets(session, asked) and asked.acting.met_by(session.acting):
        visit.private = True
        return None
    if wants_json(visit.headers.get("accept", "")):
        return _problem(asked, session)
    back = visit.page if visit.reads else sign_in.home
    if session is not None and _acting_is_over(sign_in, session, asked):
        return sign_in.notice(visit, NoticeKind.ACTING, target=back, asked=asked)
    if session is not None and sign_in.just_asked(visit, asked):
        sign_in.clear(visit, "asked")  # whoever presses the button of that page is asked anew
        kind = NoticeKind.POWER if sign_in.meets(session, asked) else NoticeKind.LEVEL
        return sign_in.notice(visit, kind, target=back, asked=asked)
    if visit.reads:
        keep = session is not None and asked.acting.met_by(session.acting)
        return sign_in.start(visit, asked, target=visit.page, keep=keep)
    if session is not None and sign_in.meets(session, asked):
        return sign_in.notice(visit, NoticeKind.POWER, target=sign_in.home, asked=asked)
    return sign_in.notice(visit, NoticeKind.SIGN_IN_AGAIN, target=visit.path if readable else sign_in.home)


def _acting_is_over(sign_in: WebSignIn, session: AppSession, asked: Demand) -> bool:
    """True for who meets all but that they have chosen somebody for whom they may not act now."""
    wanted = asked.acting != ANYBODY and asked.acting.represent != SELF
    return wanted and session.acting.powerless and sign_in.meets(session, asked)


def _problem(asked: Demand, session: AppSession | None) -> Reply:
    """For scripts, which cannot follow a person's sign-in.

    The members are those of RFC 9470, or say for whom the person has to act and what has become of their acting.
    """
    members: dict[str, object] = {"type": "about:blank", "title": "Sign-in required", "status": 401}
    if session is not None and not asked.acting.met_by(session.acting):
        members |= {"title": "Acting for somebody else is required", **_acting_members(asked, session)}
    elif session is not None:
        members |= {"title": "A stronger or newer sign-in is required", "acr_values": " ".join(asked.values)}
        members |= {} if asked.max_age is None else {"max_age": asked.max_age}
    return Reply(401, document=members, content_type="application/problem+json")


def _acting_members(asked: Demand, session: AppSession) -> dict[str, object]:
    told = {
        "represent": asked.acting.represent,
        "authorization_details": asked.acting.details or None,
        "represented_status": session.acting.status,
    }
    return {name: value for name, value in told.items() if value is not None}
