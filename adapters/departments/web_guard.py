"""Owns who may see a guarded page: only a person whose newest ID token states what the page demands.

Whoever may not is sent to get there; a program that asks for JSON is told in its own terms (RFC 9457, RFC 9470).
"""

from __future__ import annotations

from adapters.departments.levels import NOTHING, Demand
from adapters.departments.web_notices import NoticeKind
from adapters.departments.web_preferences import wants_json
from adapters.departments.web_requests import Reply, Visit
from adapters.departments.web_signin import WebSignIn


def refusal(sign_in: WebSignIn, visit: Visit, asked: Demand, *, readable: bool = False) -> Reply | None:
    """None if the signed-in person meets the demand, else the answer that gets them there.

    readable: the address that was posted to can be opened as a page, too.
    """
    session = sign_in.session(visit)
    if session is not None and sign_in.meets(session, asked):
        visit.private = True
        return None
    if wants_json(visit.headers.get("accept", "")):
        return problem(asked if session is not None else NOTHING)
    if session is not None and sign_in.just_asked(visit, asked):
        return _not_again(sign_in, visit, asked)
    if visit.reads:
        return sign_in.start(visit, asked, target=visit.page)
    return sign_in.notice(visit, NoticeKind.SIGN_IN_AGAIN, target=visit.path if readable else sign_in.home)


def _not_again(sign_in: WebSignIn, visit: Visit, asked: Demand) -> Reply:
    """Say that the level was not kept; whoever presses the button of that page is asked anew."""
    sign_in.clear(visit, "asked")
    target = visit.page if visit.reads else sign_in.home
    return sign_in.notice(visit, NoticeKind.LEVEL, target=target, asked=asked)


def problem(unmet: Demand) -> Reply:
    """For scripts, which cannot follow a person's sign-in.

    unmet: what the person who is signed in does not meet; NOTHING if nobody is. The members are those of RFC 9470.
    """
    members: dict[str, object] = {"type": "about:blank", "title": "Sign-in required", "status": 401}
    if unmet != NOTHING:
        members |= {"title": "A stronger or newer sign-in is required", "acr_values": " ".join(unmet.values)}
        members |= {} if unmet.max_age is None else {"max_age": unmet.max_age}
    return Reply(401, document=members, content_type="application/problem+json")
