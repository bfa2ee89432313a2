"""Signing in to the console: the password, then the authenticator app; signing out.

Always true: known and unknown names run the same statements and cost one hash, and the cookie's secret is new after
the second factor.
"""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.audit import Event, record
from idp.captcha.pages import asked_after_failures, note_failure, passed, question, sent_form
from idp.console.loading import Present, begin, complete, halfway, leave, parts, present
from idp.console.pages import blueprint, done_notice
from idp.console.rules import NAME_LENGTH, Factor, OperatorState
from idp.credentials import password as passwords
from idp.credentials import totp
from idp.credentials.attempts import account_key, unknown_key
from idp.credentials.rules import Refusal
from idp.db import current_transaction, db
from idp.web.clock import now
from idp.web.forms import Field, Form
from idp.web.guards import public
from idp.web.limits import address_budget_key
from idp.web.locale import local_path
from idp.web.reasons import sentence

NAME = Field("name", sentence("operator_name_missing"), max_length=2 * NAME_LENGTH)
PASSWORD = Field("password", sentence("password_missing"), max_length=256, secret=True)
CODE = Field("code", sentence("totp_missing"), max_length=32, secret=True)


def _next() -> str | None:
    """The page of the console one came for."""
    wanted = local_path(request.values.get("next"))
    inside = wanted is not None and (wanted == "/console" or wanted.startswith(("/console/", "/console?")))
    return wanted if inside else None


@blueprint.route("/signin", methods=["GET", "POST"])
@public
def signin() -> ResponseReturnValue:
    if request.method == "GET":
        return redirect(url_for("console.home"), 303) if present() else _page(Form(NAME, PASSWORD))
    form = sent_form(NAME, PASSWORD, asked=asked_after_failures())
    if not passed(form):
        return _page(form)
    refused = _check_password(form["name"], form["password"])
    db.session.commit()
    if refused is None:
        return redirect(url_for("console.signin_code", next=_next()), 303)
    note_failure()
    locked = refused is Refusal.PASSWORD_LOCKED
    form.refuse("", sentence("operator_locked" if locked else refused))
    return _page(form)


def _page(form: Form) -> ResponseReturnValue:
    return render_template(
        "console/signin.html",
        form=form,
        captcha=question(form, asked=asked_after_failures()),
        notice=done_notice() if form.ok else None,
    )


def _check_password(name: str, secret: str) -> Refusal | None:
    """Why the first factor was refused, or None with a session for the second; leaves the audit record."""
    found = parts().operators.named(current_transaction(), name)
    db.session.rollback()
    party = found.party_id if found and found.state is OperatorState.ACTIVE else None
    outcome = parts().passwords.verify(
        party_id=party,
        key=account_key(party) if party else unknown_key(parts().operators.blind(name)),
        password=secret,
        address=address_budget_key(),
        now=now(),
    )
    tx = current_transaction()
    if isinstance(outcome, passwords.Verified) and party and passwords.stands(tx, outcome, party_id=party):
        record(tx, Event.OPERATOR_PASSWORD_ACCEPTED, actor=party, subject=party, now=now())
        begin(party)
        return None
    reason = outcome.reason if isinstance(outcome, passwords.Denied) else Refusal.CREDENTIALS_REFUSED
    record(tx, Event.OPERATOR_PASSWORD_REFUSED, subject=party, result="refused", reason=reason, now=now())
    return reason


@blueprint.route("/signin/code", methods=["GET", "POST"])
@public
def signin_code() -> ResponseReturnValue:
    """The second factor; without the first there is nothing to see."""
    found = halfway()
    if found is None:
        return redirect(url_for("console.signin", done="operator_step_expired", next=_next()), 303)
    if request.method == "GET":
        return _code_page(Form(CODE))
    form = Form.submitted(CODE)
    if form.ok:
        db.session.rollback()
        outcome = parts().totp.verify(
            party_id=found.operator.party_id,
            key=account_key(found.operator.party_id),
            code=form["code"],
            now=now(),
        )
        if isinstance(outcome, totp.Verified):
            return _completed(found)
        _note_refused(found, outcome.reason)
        form.refuse("code", sentence(outcome.reason))
    return _code_page(form)


def _code_page(form: Form) -> ResponseReturnValue:
    return render_template("console/signin_code.html", form=form)


def _note_refused(found: Present, reason: Refusal) -> None:
    record(
        current_transaction(),
        Event.OPERATOR_TOTP_REFUSED,
        subject=found.operator.party_id,
        session=found.session.id,
        result="refused",
        reason=reason,
        now=now(),
    )
    db.session.commit()


def _completed(found: Present) -> ResponseReturnValue:
    done = complete(found.session, Factor.TOTP)
    db.session.commit()
    if not done:
        return redirect(url_for("console.signin", done="operator_step_expired", next=_next()), 303)
    return redirect(_next() or url_for("console.home"), 303)


@blueprint.post("/signout")
@public
def signout() -> ResponseReturnValue:
    leave("signed-out")
    db.session.commit()
    return redirect(url_for("console.signin", done="signed_out"), 303)
