"""The second factor: a page that says why, and takes whichever of password and code the session has not used.

Always true: who declines goes on without it, and the app decides what that is worth.
"""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.rules import Mobile
from idp.audit import Event, record
from idp.credentials import password as passwords
from idp.credentials.attempts import account_key
from idp.credentials.rules import Purpose, Refusal
from idp.credentials.sms_code import Denied, Proved
from idp.db import current_transaction, db
from idp.signin.codes import answer_code, send_code
from idp.signin.loading import authenticated
from idp.signin.pages import CODE, PASSWORD, blueprint, client_name, parts
from idp.signin.refusals import note_refusal
from idp.signin.rules import Method, Session
from idp.web.clock import now
from idp.web.cookies import browser_id
from idp.web.forms import Form
from idp.web.guards import current_session, signed_in
from idp.web.reasons import known_reason, sentence
from idp.web.visit import carried, current_visit, onward


@blueprint.route("/signin/confirm", methods=["GET", "POST"])
@signed_in
def confirm() -> ResponseReturnValue:
    """The second factor: whichever of password and code this session has not used yet."""
    session: Session = current_session()
    if request.method == "POST" and request.form.get("decline") == "yes":
        return redirect(url_for("admission.decline", what="strengthen", **carried()), 307)
    if Method.PASSWORD not in session.used:
        return _confirm_by_password(session)
    if Method.SMS not in session.used:
        return _confirm_by_code(session)
    return redirect(onward(url_for("account.overview")), 303)


def _confirm_by_password(session: Session) -> ResponseReturnValue:
    form = Form.submitted(PASSWORD) if request.method == "POST" else Form(PASSWORD)
    if request.method == "POST" and form.ok:
        db.session.rollback()
        outcome = parts().passwords.verify(
            party_id=session.party_id, key=account_key(session.party_id), password=form["password"], now=now()
        )
        if isinstance(outcome, passwords.Verified):
            if passwords.stands(current_transaction(), outcome, party_id=session.party_id):
                _note_accepted(session)
                return _confirmed(session, Method.PASSWORD)
            outcome = passwords.Denied(Refusal.CREDENTIALS_REFUSED)  # changed while it was compared
        note_refusal(
            current_transaction(), parts().directory, outcome, party_id=session.party_id, session=session, now=now()
        )
        db.session.commit()
        wrong = "password_wrong" if outcome.reason is Refusal.CREDENTIALS_REFUSED else outcome.reason
        form.refuse("password", sentence(wrong))
    return _confirm_page(form, method="password", stage="enter", mobile=None)


def _note_accepted(session: Session) -> None:
    record(
        current_transaction(),
        Event.PASSWORD_ACCEPTED,
        actor=session.party_id,
        subject=session.party_id,
        session=session.id,
        now=now(),
    )


def _confirm_by_code(session: Session) -> ResponseReturnValue:
    mobile = parts().directory.person(current_transaction(), session.party_id).mobile
    challenge = request.args.get("c", "")
    sent = challenge and parts().codes.phone(challenge_id=challenge, purpose=Purpose.CONFIRM, browser=browser_id())
    if mobile is None:
        return redirect(url_for("admission.decline", what="strengthen", **carried()), 307)
    if request.method == "POST" and (request.form.get("resend") == "yes" or not (sent or "code" in request.form)):
        return _send_confirmation(session, mobile, challenge if sent else None)
    if request.method == "POST" and not sent:  # an answer to a code that is gone orders no other
        form = Form(CODE)
        form.refuse("", sentence(Refusal.CODE_EXPIRED))
        return _confirm_page(form, method="sms", stage="send", mobile=mobile)
    form = Form.submitted(CODE) if request.method == "POST" else Form(CODE)
    if request.method == "POST" and form.ok:
        answered = answer_code(parts().codes, Purpose.CONFIRM, challenge, form["code"], party_id=session.party_id)
        if isinstance(answered, Proved) and answered.phone == mobile.e164:
            return _confirmed(session, Method.SMS)
        db.session.commit()
        form.refuse("code", sentence(answered.reason if isinstance(answered, Denied) else "code_wrong"))
    return _confirm_page(form, method="sms", stage="enter" if sent else "send", mobile=mobile)


def _send_confirmation(session: Session, mobile: Mobile, challenge: str | None) -> ResponseReturnValue:
    db.session.rollback()
    issued = send_code(parts().codes, Purpose.CONFIRM, mobile, session.party_id, deliver=True, replaces=challenge)
    if isinstance(issued, Denied):
        form = Form(CODE)
        form.refuse("", sentence(issued.reason))
        return _confirm_page(form, method="sms", stage="enter" if challenge else "send", mobile=mobile)
    return redirect(url_for("signin.confirm", c=issued.challenge_id, **carried()), 303)


def _confirmed(session: Session, method: Method) -> ResponseReturnValue:
    authenticated(session.party_id, method)
    db.session.commit()
    return redirect(onward(url_for("account.overview")), 303)


def _confirm_page(form: Form, *, method: str, stage: str, mobile: Mobile | None) -> ResponseReturnValue:
    visit = current_visit()
    return render_template(
        "signin_confirm.html",
        form=form,
        client_name=client_name(),
        method=method,
        stage=stage,
        masked_phone=mobile.masked if mobile else None,
        notice=None,
        why=sentence(visit.reason) if visit and known_reason(visit.reason) else None,
        decline_action=None,
        decline_fields={},
    )
