"""Enrolment by an invitation: its code, then a password of one's own and an authenticator app.

Always true: before the code nothing is shown, and after it the link it was typed in behind is dead; the invitation is
used up in the transaction that stores both factors.
"""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from idp.audit import Event, record
from idp.console import invitations, sessions
from idp.console.loading import parts
from idp.console.pages import blueprint
from idp.console.rules import Operator, Reason
from idp.console.signin_pages import CODE
from idp.credentials import attempts
from idp.credentials.password import store_password
from idp.credentials.policy import Denied as Unfit
from idp.credentials.policy import Personal
from idp.credentials.rules import AttemptKind, Denied
from idp.credentials.totp import Enrolment
from idp.db import current_transaction, db
from idp.signin.choosing import password_rules
from idp.web.clock import now
from idp.web.errors import error_page
from idp.web.forms import Field, Form
from idp.web.guards import public
from idp.web.reasons import GENERAL, sentence

ENROLMENT_CODE = Field("enrolment_code", sentence("enrolment_code_missing"), max_length=32, secret=True)
NEW = Field("new_password", sentence("new_password_missing"), max_length=256, secret=True)


@blueprint.route("/enrol", methods=["GET", "POST"])
@public
def enrol() -> ResponseReturnValue:
    token = request.args.get("k", "")
    found = invitations.invited(current_transaction(), token, now=now())
    operator = parts().operators.get(current_transaction(), found.party_id) if found else None
    if found is None or operator is None:
        return _dead()
    if found.code_needed:
        return _code(token)
    enrolment = _enrolment(operator)
    if request.method == "GET":
        return _page(Form(NEW, CODE), operator, enrolment)
    form = Form.submitted(NEW, CODE)
    if form.ok:
        verdict = parts().passwords.judge(form["new_password"], Personal(user_name=operator.name))
        if isinstance(verdict, Unfit):
            form.refuse("new_password", sentence(verdict.reasons[0]))
    return _use(form, token, operator, enrolment) if form.ok else _page(form, operator, enrolment)


def _code(token: str) -> ResponseReturnValue:
    """The first step: with the right code the enrolment goes on under another token."""
    form = Form.submitted(ENROLMENT_CODE) if request.method == "POST" else Form(ENROLMENT_CODE)
    if request.method == "POST" and form.ok:
        tried = parts().invitations.try_code(current_transaction(), token, form["enrolment_code"], now=now())
        db.session.commit()
        if isinstance(tried, str):
            return redirect(url_for("console.enrol", k=tried), 303)
        if tried.reason is Reason.LINK_DEAD:
            return _dead()
        form.refuse("enrolment_code", sentence(tried.reason))
    return render_template("console/enrol_code.html", form=form)


def _enrolment(operator: Operator) -> Enrolment:
    """The secret of the authenticator app, the same however often the page is opened."""
    totp, tx = parts().totp, current_transaction()
    known = {"party_id": operator.party_id, "label": operator.name}
    found = totp.pending(tx, now=now(), **known) or totp.begin(tx, now=now(), **known)
    db.session.commit()
    return found


def _use(form: Form, token: str, operator: Operator, enrolment: Enrolment) -> ResponseReturnValue:
    hashed = parts().passwords.hash(form["new_password"])
    tx, party = current_transaction(), operator.party_id
    if invitations.use(tx, token, now=now()) != party:
        db.session.rollback()
        return _dead()
    outcome = parts().totp.confirm(tx, party_id=party, code=form["code"], now=now())
    if isinstance(outcome, Denied):
        db.session.rollback()
        form.refuse("code", sentence(outcome.reason))
        return _page(form, operator, enrolment)
    store_password(tx, party_id=party, hashed=hashed, now=now())
    for kind in (AttemptKind.PASSWORD, AttemptKind.TOTP):
        attempts.clear(tx, key=attempts.account_key(party), kind=kind, now=now())
    sessions.end_all(tx, party, "enrolled-anew", now=now())
    record(tx, Event.OPERATOR_ENROLLED, actor=party, subject=party, now=now())
    db.session.commit()
    return redirect(url_for("console.signin", done="operator_enrolled"), 303)


def _page(form: Form, operator: Operator, enrolment: Enrolment) -> ResponseReturnValue:
    return render_template(
        "console/enrol.html",
        form=form,
        name=operator.name,
        password_rules=password_rules(parts().passwords),
        qr=Markup(enrolment.qr),  # noqa: S704 - an image made here, of an address made here
        secret=enrolment.secret,
    )


def _dead() -> ResponseReturnValue:
    return error_page(400, title=sentence("enrolment_link_dead"), text=GENERAL, again=url_for("console.signin"))
