"""Confirming by a code to the phone on file that it is still the person, before what cannot be taken back.

Always true: only a code to the phone of the session's own account confirms, and the page goes back to where it
was asked from.
"""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.rules import Mobile
from idp.credentials.rules import Purpose
from idp.credentials.sms_code import Denied, Proved
from idp.db import current_transaction, db
from idp.selfservice.pages import blueprint, parts
from idp.signin.codes import answer_code, send_code
from idp.signin.loading import authenticated
from idp.signin.pages import CODE
from idp.signin.rules import Method, Session
from idp.web.clock import now
from idp.web.cookies import browser_id
from idp.web.forms import Form
from idp.web.guards import current_session, signed_in
from idp.web.reasons import sentence
from idp.web.visit import carried, onward


def is_fresh(session: Session) -> bool:
    """Whether the person has proved themselves within the last few minutes (``account.fresh``)."""
    return session.proofs > 0 and now() - session.auth_time < parts().fresh


def confirm_first() -> ResponseReturnValue:
    """To the page here, and back to the page that sends there."""
    return redirect(url_for("account.confirm", next=request.path), 303)


@blueprint.route("/confirm", methods=["GET", "POST"])
@signed_in
def confirm() -> ResponseReturnValue:
    session: Session = current_session()
    mobile = parts().directory.mobile(current_transaction(), session.party_id)
    if mobile is None:  # no phone on file: signing in again is as fresh
        return redirect(url_for("signin.password", **carried()), 303)
    challenge = request.args.get("c", "")
    sent = bool(challenge) and _sent_here(challenge)
    if request.method != "POST":
        return _page(Form(CODE), mobile, sent=sent)
    if "code" not in request.form:
        return _send(session, mobile, challenge if sent else None)
    form = Form.submitted(CODE)
    if form.ok and _proves(form, session, mobile, challenge):
        authenticated(session.party_id, Method.SMS)
        db.session.commit()
        return redirect(onward(url_for("account.overview")), 303)
    db.session.commit()
    return _page(form, mobile, sent=sent)


def _sent_here(challenge: str) -> bool:
    return parts().codes.phone(challenge_id=challenge, purpose=Purpose.CONFIRM, browser=browser_id()) is not None


def _send(session: Session, mobile: Mobile, challenge: str | None) -> ResponseReturnValue:
    db.session.rollback()
    issued = send_code(parts().codes, Purpose.CONFIRM, mobile, session.party_id, deliver=True, replaces=challenge)
    if isinstance(issued, Denied):
        form = Form(CODE)
        form.refuse("", sentence(issued.reason))
        return _page(form, mobile, sent=challenge is not None)
    return redirect(url_for("account.confirm", c=issued.challenge_id, **carried()), 303)


def _proves(form: Form, session: Session, mobile: Mobile, challenge: str) -> bool:
    answered = answer_code(parts().codes, Purpose.CONFIRM, challenge, form["code"], party_id=session.party_id)
    if isinstance(answered, Proved) and answered.phone == mobile.e164:
        return True
    form.refuse("code", sentence(answered.reason if isinstance(answered, Denied) else "code_wrong"))
    return False


def _page(form: Form, mobile: Mobile, *, sent: bool) -> ResponseReturnValue:
    return render_template("account/confirm.html", form=form, masked_phone=mobile.masked, sent=sent)
