"""Owns the kit's routes (login, callback, switch, logout, signed-out, backchannel-logout); each does one step.

Addresses are those of the registration: the callback and the signed-out page live where the client's redirect URIs
point, the others under /oidc.
"""

from __future__ import annotations

import hmac
import secrets
from urllib.parse import urlsplit

from flask import Blueprint, Response, jsonify, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from adapters.departments.errors import (
    ConfigurationError,
    DepartmentError,
    InvalidToken,
    ProviderUnavailable,
    TokenFault,
)
from adapters.departments.flask_notices import NoticeKind
from adapters.departments.flask_signin import BrowserSignIn
from adapters.departments.representing import REQUIRED, SELECT, SELF, is_handle
from adapters.departments.sessions import digest

_LARGEST_NOTICE = 32 * 1024


def blueprint(sign_in: BrowserSignIn) -> Blueprint:
    """The routes, bound to one app's sign-in."""
    routes = Blueprint("departments", __name__, template_folder="templates")
    settings = sign_in.party.settings
    signed_out_path = urlsplit(settings.post_logout_redirect_uri or "/oidc/signed-out").path

    @routes.get("/oidc/login")
    def login() -> ResponseReturnValue:
        return sign_in.start(target=request.args.get("next", ""))

    @routes.get(urlsplit(settings.redirect_uri).path)
    def callback() -> ResponseReturnValue:
        return _callback(sign_in)

    @routes.route("/oidc/logout", methods=["GET", "POST"])
    def logout() -> ResponseReturnValue:
        if request.method == "GET":
            return _ask_before_logout(sign_in)
        return _logout(sign_in)

    @routes.route("/oidc/switch", methods=["GET", "POST"])
    def switch() -> ResponseReturnValue:
        return _switch(sign_in)

    @routes.app_context_processor
    def banner() -> dict[str, object]:
        return {"acting_banner": sign_in.banner}

    @routes.get(signed_out_path)
    def signed_out() -> ResponseReturnValue:
        return _signed_out(sign_in)

    @routes.post("/oidc/backchannel-logout")
    def backchannel_logout() -> ResponseReturnValue:
        return _backchannel_logout(sign_in)

    return routes


def from_this_app(sign_in: BrowserSignIn) -> bool:
    """True unless the browser says that a page of another origin sent this form.

    SameSite=Lax alone would let through sibling hosts of one department's domain. Browsers too old to say anything
    are let through to that.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    return request.headers.get("Origin", sign_in.origin) == sign_in.origin


def _callback(sign_in: BrowserSignIn) -> ResponseReturnValue:
    parameters = request.args.to_dict(flat=False)
    taken = sign_in.store.take_pending(request.args.get("state", ""), now=sign_in.clock())
    browser = sign_in.cookies.read(request, "browser")
    if taken is None or browser is None or not hmac.compare_digest(digest(browser), taken[0].browser):
        return _stale(sign_in, target=sign_in.home)
    login, first = taken
    if not first:  # Back button, or the page was loaded again
        return _stale(sign_in, target=login.target)
    asked = login.request.asked
    try:
        completed = sign_in.party.finish(parameters, login.request, now=sign_in.clock())
        secret = sign_in.admit(completed, represent=login.request.represent)
    except DepartmentError as error:
        return sign_in.failed(error, target=login.target, asked=asked)
    if asked.met_by(completed.id_token.claims):
        response = _leave_for(login.target)
        sign_in.note_asked(response, asked)
    else:  # a voluntary level was declined: signed in, but the page that asked for it stays closed
        response = make_response(sign_in.notice(NoticeKind.LEVEL, target=login.target, asked=asked))
    sign_in.cookies.write(response, "session", secret)
    return response


def _stale(sign_in: BrowserSignIn, *, target: str) -> ResponseReturnValue:
    if sign_in.session() is not None:
        return _leave_for(target)
    return sign_in.notice(NoticeKind.STALE, target=target)


def _leave_for(address: str) -> Response:
    response = make_response(redirect(address, 303))
    response.headers["Cache-Control"] = "no-store"
    return response


def _switch(sign_in: BrowserSignIn) -> ResponseReturnValue:
    """By a link the person chooses on the provider's page; by a form of this app also what shows them no page."""
    if request.method == "GET":
        return sign_in.switch(SELECT, target=request.args.get("next", ""))
    target, wanted = request.form.get("next", ""), request.form.get("represent", SELECT)
    if not from_this_app(sign_in):
        return sign_in.notice(NoticeKind.FOREIGN_FORM, target=sign_in.home)
    known = wanted in (SELF, SELECT, REQUIRED) or is_handle(wanted)
    return sign_in.switch(wanted if known else SELECT, target=target)


def _ask_before_logout(sign_in: BrowserSignIn) -> ResponseReturnValue:
    kind = NoticeKind.SIGNED_OUT_HERE if sign_in.session() is None else NoticeKind.CONFIRM_LOGOUT
    return sign_in.notice(kind, target=sign_in.home)


def _logout(sign_in: BrowserSignIn) -> ResponseReturnValue:
    """End the app's session first, whatever the provider then does, and go there to end everything else."""
    if not from_this_app(sign_in):
        return sign_in.notice(NoticeKind.FOREIGN_FORM, target=sign_in.home)
    session = sign_in.forget()
    state = secrets.token_urlsafe(16)
    locale = "zh-CN" if sign_in.language() == "zh" else "en"
    try:
        address = sign_in.party.logout_url(
            id_token_hint=session.id_token if session else None,
            state=state,
            ui_locales=locale,
            now=sign_in.clock(),
        )
    except (ProviderUnavailable, ConfigurationError):
        address = None
    response = _leave_for(address or url_for("departments.signed_out"))
    sign_in.cookies.clear(response, "session")
    sign_in.cookies.write(response, "leaving", state, max_age=900)
    return response


def _signed_out(sign_in: BrowserSignIn) -> ResponseReturnValue:
    if sign_in.session() is not None:
        return _leave_for(sign_in.home)
    state = sign_in.cookies.read(request, "leaving") or ""
    ours = bool(state) and hmac.compare_digest(digest(state), digest(request.args.get("state", "")))
    kind = NoticeKind.SIGNED_OUT if ours else NoticeKind.SIGNED_OUT_HERE
    return sign_in.notice(kind, target=sign_in.home)


def _backchannel_logout(sign_in: BrowserSignIn) -> ResponseReturnValue:
    """Back-Channel Logout 1.0 2.5 to 2.8: 200 once done, 400 for a token that does not count."""
    try:
        _end_sessions(sign_in)
    except InvalidToken as refusal:
        return _refused(400, "invalid_request", str(refusal))
    except (ProviderUnavailable, ConfigurationError):
        return _refused(503, "temporarily_unavailable", "the provider's keys could not be fetched")
    return Response(status=200, headers={"Cache-Control": "no-store"})


def _end_sessions(sign_in: BrowserSignIn) -> None:
    request.max_content_length = _LARGEST_NOTICE
    sent = request.form.getlist("logout_token")
    if len(sent) != 1:
        raise InvalidToken(TokenFault.MALFORMED)
    now = sign_in.clock()
    notice = sign_in.party.logout_notice(sent[0], now=now)
    if sign_in.store.end(notice, now=now) is None:
        raise InvalidToken(TokenFault.REPLAYED)
    for hear in sign_in.ended:
        hear(notice)


def _refused(status: int, error: str, description: str) -> ResponseReturnValue:
    response = jsonify(error=error, error_description=description)
    response.headers["Cache-Control"] = "no-store"
    return response, status
