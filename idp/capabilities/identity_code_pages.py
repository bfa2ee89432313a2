"""The person's side of an identity code: showing it, and answering who has read it.

Always true: the session that shows a code is the one that answers; it sees the clerk, the office, the matters and
what would be told before anything is.
"""

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.capabilities import identity_codes
from idp.capabilities.identity_code_rules import SHOWING, CodeState, IdentityCode
from idp.capabilities.pages import blueprint, parts
from idp.db import current_transaction, db
from idp.signin.rules import Session
from idp.web.clock import now
from idp.web.guards import current_session, signed_in
from idp.web.headers import refresh_after
from idp.web.locale import preferences
from idp.web.qr import qr_svg
from idp.web.reasons import scope_words

_AGAIN = 3
"""Seconds after which the page looks whether somebody has read the code."""


@blueprint.route("/account/identity-code", methods=["GET", "POST"])
@signed_in
def identity_code() -> ResponseReturnValue:
    if request.method == "GET":
        return _page("begin")
    key = parts().codes.show(current_transaction(), current_session(), now=now())
    db.session.commit()
    return redirect(url_for("capabilities.shown_code", key=key), 303)


@blueprint.route("/account/identity-code/<key>", methods=["GET", "POST"])
@signed_in
def shown_code(key: str) -> ResponseReturnValue:
    session: Session = current_session()
    code = _own(key, session)
    if request.method == "POST" and code.waits(now()):
        return _answered(code, session)
    if code.state is CodeState.SHOWN:
        return _show(code, session)
    if code.waits(now()):
        return _question(code)
    return _page("over" if code.state is CodeState.REDEEMED else code.state.value)


def _own(key: str, session: Session) -> IdentityCode:
    code = identity_codes.find(current_transaction(), key)
    if code is None or code.session_id != session.id:
        abort(404)
    return code


def _show(code: IdentityCode, session: Session) -> ResponseReturnValue:
    """The picture; one whose minute is over is replaced as long as the page is likely to be looked at."""
    if now() >= code.begun_at + SHOWING:
        return _page("begin")
    if now() >= code.expires_at:
        key = parts().codes.show(current_transaction(), session, begun=code.begun_at, now=now())
        db.session.commit()
        return redirect(url_for("capabilities.shown_code", key=key), 303)
    here = url_for("capabilities.shown_code", key=code.id)
    refreshing = "pause" not in request.args
    if refreshing:
        refresh_after(_AGAIN, here)
    return _page(
        "shown",
        qr=qr_svg(parts().codes.text(code)),
        refreshing=refreshing,
        refresh_url=here,
        pause_url=url_for("capabilities.shown_code", key=code.id, pause=1),
    )


def _question(code: IdentityCode) -> ResponseReturnValue:
    asked, language = parts().codes.asked(code), preferences().lang
    client = parts().registry.get(code.client_id) if code.client_id else None
    clerk = parts().directory.person(current_transaction(), code.clerk_id or "").identity
    if client is None and code.client_id is not None:
        abort(404)
    return _page(
        "asked",
        client_name=client.label(language) if client else asked.office,
        department_name=(client.department.get(language) or client.label(language)) if client else asked.office,
        clerk_name=clerk.name.value if clerk else None,
        office=asked.office,
        matters=asked.matters,
        items=[(scope, *scope_words(scope)) for scope in asked.scopes],
    )


def _answered(code: IdentityCode, session: Session) -> ResponseReturnValue:
    told = request.form.getlist("scope") if request.form.get("decision") == "confirm" else None
    parts().codes.answer(current_transaction(), code, session, told, now=now())
    db.session.commit()
    return redirect(url_for("capabilities.shown_code", key=code.id), 303)


def _page(state: str, **shown: object) -> str:
    return render_template("account/identity_code.html", state=state, **shown)
