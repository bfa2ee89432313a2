"""Adding an authenticator app.

Always true: the secret is shown until it is confirmed by a first code and never after; one in force stays meanwhile.
"""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.audit import Event
from idp.credentials.rules import Denied
from idp.credentials.totp import Enrolment
from idp.db import current_transaction, db
from idp.selfservice.methods import note_change
from idp.selfservice.pages import blueprint, label, parts
from idp.signin.confirm_pages import confirm_first
from idp.signin.confirm_steps import TOTP_CODE
from idp.signin.rules import Session
from idp.signin.standing import hold_session
from idp.web.clock import now
from idp.web.forms import Form
from idp.web.guards import current_session, signed_in
from idp.web.reasons import sentence


@blueprint.route("/methods/totp", methods=["GET", "POST"])
@signed_in
def add_totp() -> ResponseReturnValue:
    session: Session = current_session()
    if (first := confirm_first(session)) is not None:
        return first
    if request.method == "POST" and request.form.get("begin") == "yes":
        parts().factors.totp.begin(current_transaction(), party_id=session.party_id, label=_label(session), now=now())
        db.session.commit()
        return redirect(url_for("account.add_totp"), 303)
    enrolment = parts().factors.totp.pending(
        current_transaction(), party_id=session.party_id, label=_label(session), now=now()
    )
    if enrolment is None:
        return redirect(
            url_for("account.methods", done="enrolment_expired" if request.method == "POST" else None), 303
        )
    form = Form.submitted(TOTP_CODE) if request.method == "POST" else Form(TOTP_CODE)
    if request.method == "POST" and form.ok and (done := _confirm(session, form)):
        return redirect(url_for("account.methods", done=done), 303)
    return _page(form, enrolment)


def _label(session: Session) -> str:
    return label(parts().directory.person(current_transaction(), session.party_id))


def _confirm(session: Session, form: Form) -> str | None:
    hold_session(session, Event.TOTP_ADDED)
    confirmed = parts().factors.totp.confirm(
        current_transaction(), party_id=session.party_id, code=form["code"], now=now()
    )
    if isinstance(confirmed, Denied):
        form.refuse("code", sentence(confirmed.reason))
        return None
    done = note_change(session, Event.TOTP_ADDED, "totp_added")
    db.session.commit()
    return done


def _page(form: Form, enrolment: Enrolment) -> ResponseReturnValue:
    groups = [enrolment.secret[at : at + 4] for at in range(0, len(enrolment.secret), 4)]
    return render_template("account/totp.html", form=form, qr=enrolment.qr, uri=enrolment.uri, secret=groups)
