"""Owns the kit's endpoints (login, callback, switch, logout, signed-out, backchannel-logout); each does one step.

Addresses are those of the registration: the callback and the signed-out page live where the client's redirect URIs
point, the others under /oidc. A framework routes to these functions and adds nothing to them.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from adapters.departments.errors import (
    ConfigurationError,
    DepartmentError,
    InvalidToken,
    ProviderUnavailable,
    TokenFault,
)
from adapters.departments.representing import REQUIRED, SELECT, SELF, is_handle
from adapters.departments.sessions import digest
from adapters.departments.settings import ClientSettings
from adapters.departments.web_notices import NoticeKind
from adapters.departments.web_requests import Reply, Visit, leave_for
from adapters.departments.web_signin import LOGIN, LOGOUT, SWITCH, WebSignIn

BACKCHANNEL = "/oidc/backchannel-logout"
LARGEST_FORM = 32 * 1024
"""Bytes of the longest form that is read here; a longer one is answered with 413."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address of the kit's. A framework calls `answer` for its methods, with the form of a POST in the visit."""

    name: str
    path: str
    methods: tuple[str, ...]
    step: Callable[[WebSignIn, Visit], Reply]

    def answer(self, sign_in: WebSignIn, visit: Visit) -> Reply:
        """May wait for the store and the provider."""
        visit.own = True
        return self.step(sign_in, visit)


def endpoints(settings: ClientSettings) -> tuple[Endpoint, ...]:
    """All of them; where a method is GET, HEAD is one, too."""
    return (
        Endpoint("login", LOGIN, ("GET",), login),
        Endpoint("callback", urlsplit(settings.redirect_uri).path, ("GET",), callback),
        Endpoint("switch", SWITCH, ("GET", "POST"), switch),
        Endpoint("logout", LOGOUT, ("GET", "POST"), logout),
        Endpoint("signed_out", signed_out_path(settings), ("GET",), signed_out),
        Endpoint("backchannel_logout", BACKCHANNEL, ("POST",), backchannel_logout),
    )


def signed_out_path(settings: ClientSettings) -> str:
    """Where the provider sends people back to after signing out."""
    return urlsplit(settings.post_logout_redirect_uri or "/oidc/signed-out").path


def login(sign_in: WebSignIn, visit: Visit) -> Reply:
    """Send the person to the provider; `next` says where to go afterwards."""
    return sign_in.start(visit, target=visit.first("next"))


def callback(sign_in: WebSignIn, visit: Visit) -> Reply:
    """Take what the provider sends back, once and only for the browser that asked."""
    taken = sign_in.store.take_pending(visit.first("state"), now=sign_in.clock())
    browser = sign_in.read(visit, "browser")
    if taken is None or browser is None or not hmac.compare_digest(digest(browser), taken[0].browser):
        return _stale(sign_in, visit, target=sign_in.home)
    pending, first = taken
    if not first:  # Back button, or the page was loaded again
        return _stale(sign_in, visit, target=pending.target)
    asked = pending.request.asked
    try:
        completed = sign_in.party.finish(visit.parameters, pending.request, now=sign_in.clock())
        sign_in.admit(visit, completed, represent=pending.request.represent)
    except DepartmentError as error:
        return sign_in.failed(visit, error, target=pending.target, asked=asked)
    if not asked.met_by(completed.id_token.claims):
        # A voluntary level was declined: signed in, but the page that asked for it stays closed.
        return sign_in.notice(visit, NoticeKind.LEVEL, target=pending.target, asked=asked)
    sign_in.note_asked(visit, asked)
    return leave_for(pending.target)


def _stale(sign_in: WebSignIn, visit: Visit, *, target: str) -> Reply:
    if sign_in.session(visit) is not None:
        return leave_for(target)
    return sign_in.notice(visit, NoticeKind.STALE, target=target)


def switch(sign_in: WebSignIn, visit: Visit) -> Reply:
    """By a link the person chooses on the provider's page; by a form of this app also what shows them no page."""
    if visit.method != "POST":
        return sign_in.switch(visit, SELECT, target=visit.first("next"))
    wanted = visit.sent("represent", SELECT)
    if not sign_in.from_this_app(visit):
        return sign_in.notice(visit, NoticeKind.FOREIGN_FORM, target=sign_in.home)
    known = wanted in (SELF, SELECT, REQUIRED) or is_handle(wanted)
    return sign_in.switch(visit, wanted if known else SELECT, target=visit.sent("next"))


def logout(sign_in: WebSignIn, visit: Visit) -> Reply:
    """A `POST` signs out, anything else asks first."""
    if visit.method == "POST":
        return _leave(sign_in, visit)
    kind = NoticeKind.SIGNED_OUT_HERE if sign_in.session(visit) is None else NoticeKind.CONFIRM_LOGOUT
    return sign_in.notice(visit, kind, target=sign_in.home)


def _leave(sign_in: WebSignIn, visit: Visit) -> Reply:
    """End the app's session first, whatever the provider then does, and go there to end everything else."""
    if not sign_in.from_this_app(visit):
        return sign_in.notice(visit, NoticeKind.FOREIGN_FORM, target=sign_in.home)
    session = sign_in.forget(visit)
    state = secrets.token_urlsafe(16)
    locale = "zh-CN" if visit.language() == "zh" else "en"
    try:
        address = sign_in.party.logout_url(
            id_token_hint=session.id_token if session else None,
            state=state,
            ui_locales=locale,
            now=sign_in.clock(),
        )
    except (ProviderUnavailable, ConfigurationError):
        address = None
    sign_in.clear(visit, "session")
    sign_in.write(visit, "leaving", state, max_age=900)
    return leave_for(address or visit.root + signed_out_path(sign_in.party.settings))


def signed_out(sign_in: WebSignIn, visit: Visit) -> Reply:
    """Say that everything has ended, but only to a browser that comes from ending it."""
    if sign_in.session(visit) is not None:
        return leave_for(sign_in.home)
    state = sign_in.read(visit, "leaving") or ""
    ours = bool(state) and hmac.compare_digest(digest(state), digest(visit.first("state")))
    kind = NoticeKind.SIGNED_OUT if ours else NoticeKind.SIGNED_OUT_HERE
    return sign_in.notice(visit, kind, target=sign_in.home)


def backchannel_logout(sign_in: WebSignIn, visit: Visit) -> Reply:
    """Back-Channel Logout 1.0 2.5 to 2.8: 200 once done, 400 for a token that does not count."""
    try:
        _end_sessions(sign_in, visit)
    except InvalidToken as refusal:
        return _refused(400, "invalid_request", str(refusal))
    except (ProviderUnavailable, ConfigurationError):
        return _refused(503, "temporarily_unavailable", "the provider's keys could not be fetched")
    return Reply()


def _end_sessions(sign_in: WebSignIn, visit: Visit) -> None:
    tokens = visit.form.get("logout_token", ())
    if len(tokens) != 1:
        raise InvalidToken(TokenFault.MALFORMED)
    now = sign_in.clock()
    notice = sign_in.party.logout_notice(tokens[0], now=now)
    if sign_in.store.end(notice, now=now) is None:
        raise InvalidToken(TokenFault.REPLAYED)
    for hear in sign_in.ended:
        hear(notice)


def _refused(status: int, error: str, description: str) -> Reply:
    return Reply(status, document={"error": error, "error_description": description})
