"""Sign-in by a code sent to the phone.

Always true: a number without an account, and without one that waits to be activated, is treated like any other and
gets no message; where a captcha is asked for,
nothing is sent or compared before it was passed.
"""

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.actions import Active
from idp.accounts.parties import hold
from idp.accounts.rules import Mobile
from idp.audit import Event, record
from idp.captcha.pages import (
    asked_after_failures,
    asked_before_sms,
    note_failure,
    passed,
    question,
    sent_form,
)
from idp.credentials import password as passwords
from idp.credentials.rules import Purpose, Refusal
from idp.credentials.sms_code import Denied, Issued, Proved
from idp.db import current_transaction, db
from idp.signin.codes import answer_code, send_code
from idp.signin.loading import authenticated
from idp.signin.pages import CODE, another_way_page, blueprint, client_name, opening_notice, parts, send_to_activation
from idp.signin.phones import sms_opens
from idp.signin.rules import Method
from idp.web.clock import now
from idp.web.cookies import browser_id
from idp.web.errors import error_page
from idp.web.forms import Field, Form
from idp.web.guards import current_session, public
from idp.web.reasons import GENERAL, sentence
from idp.web.visit import carried, current_visit, onward

PHONE = Field("identifier", sentence("phone_missing"), max_length=64)


@blueprint.route("/signin/code", methods=["GET", "POST"])
@public
def code() -> ResponseReturnValue:
    """Ask for a code; an unknown number looks the same and gets none."""
    _must_be_offered()
    if request.method == "GET":
        visit = current_visit()
        hint = visit.login_hint if visit and Mobile.parse(visit.login_hint) else ""
        return _code_page(Form(PHONE, values={"identifier": hint}))
    form = sent_form(PHONE, asked=asked_before_sms())
    mobile = Mobile.parse(form["identifier"]) if form.ok else None
    if form.ok and mobile is None:
        form.refuse("identifier", sentence("phone_invalid"))
    if mobile is None or not passed(form):
        return _code_page(form)
    issued = _send_sign_in_code(mobile, replaces=None)
    if isinstance(issued, Denied):
        form.refuse("", sentence(issued.reason))
        return _code_page(form)
    return redirect(url_for("signin.enter_code", c=issued.challenge_id, **carried()), 303)


def _must_be_offered() -> None:
    if not parts().sms_codes:
        abort(404)


def _code_page(form: Form) -> ResponseReturnValue:
    return render_template(
        "signin_code.html",
        form=form,
        captcha=question(form, asked=asked_before_sms()),
        client_name=client_name(),
        notice=opening_notice() if form.ok else None,
        password_url=url_for("signin.password", **carried()),
        register_url=url_for("registration.phone", **carried()),
    )


def _send_sign_in_code(mobile: Mobile, *, replaces: str | None) -> Issued | Denied:
    found = parts().directory.lookup(current_transaction(), mobile)
    waits = parts().waiting.phone_waits(current_transaction(), mobile)
    db.session.rollback()
    party_id = found.party_id if isinstance(found, Active) else None
    return send_code(
        parts().codes, Purpose.SIGN_IN, mobile, party_id, deliver=waits or party_id is not None, replaces=replaces
    )


@blueprint.route("/signin/code/enter", methods=["GET", "POST"])
@public
def enter_code() -> ResponseReturnValue:
    _must_be_offered()
    challenge = request.args.get("c", "")
    phone = parts().codes.phone(challenge_id=challenge, purpose=Purpose.SIGN_IN, browser=browser_id())
    mobile = Mobile.parse(phone) if phone else None
    if mobile is None:
        return _code_gone()
    if request.method == "GET":
        return _resend_page(Form(), mobile) if "resend" in request.args else _enter_page(Form(CODE), mobile)
    if request.form.get("resend") == "yes":
        return _resend(mobile, challenge)
    form = sent_form(CODE, asked=asked_after_failures())
    if not passed(form):
        return _enter_page(form, mobile)
    current_session()  # now: noting its activity commits, which would let go of the account while it is held
    answered = answer_code(parts().codes, Purpose.SIGN_IN, challenge, form["code"])
    party_id = _held_by_phone(mobile) if isinstance(answered, Proved) else None
    if party_id:
        return _signed_in_by_code(party_id)
    waits = isinstance(answered, Proved) and parts().waiting.phone_waits(current_transaction(), mobile)
    db.session.commit()
    if waits:
        return send_to_activation()
    note_failure()
    form.refuse("code", sentence(answered.reason if isinstance(answered, Denied) else Refusal.CODE_EXPIRED))
    return _enter_page(form, mobile)


def _held_by_phone(mobile: Mobile) -> str | None:
    """The open account of the phone, held; None when there is none, or the phone left it before it was held."""
    tx, directory = current_transaction(), parts().directory
    found = directory.lookup(tx, mobile)
    if not isinstance(found, Active) or not hold(tx, found.party_id):
        return None
    return found.party_id if directory.lookup(tx, mobile) == found else None


def _code_gone() -> ResponseReturnValue:
    """Who opens the page is led back; who answers is told 400, as the loser of two answers at once (trust 1)."""
    again = url_for("signin.code", done="code_expired", **carried())
    if request.method == "GET":
        return redirect(again, 303)
    return error_page(400, title=sentence("code_expired"), text=GENERAL, again=again)


def _resend(mobile: Mobile, challenge: str) -> ResponseReturnValue:
    sent = sent_form(asked=asked_before_sms())
    if not passed(sent):
        return _resend_page(sent, mobile)
    issued = _send_sign_in_code(mobile, replaces=challenge)
    if isinstance(issued, Denied):
        form = Form(CODE)
        form.refuse("", sentence(issued.reason))
        return _enter_page(form, mobile)
    return redirect(url_for("signin.enter_code", c=issued.challenge_id, done="code_sent", **carried()), 303)


def _here(*, resend: str | None = None) -> str:
    return url_for("signin.enter_code", c=request.args.get("c"), resend=resend, **carried())


def _resend_page(form: Form, mobile: Mobile) -> ResponseReturnValue:
    return render_template(
        "code_resend.html",
        form=form,
        captcha=question(form, asked=asked_before_sms()),
        masked_phone=mobile.masked,
        enter_url=_here(),
    )


def _enter_page(form: Form, mobile: Mobile) -> ResponseReturnValue:
    return render_template(
        "signin_code_enter.html",
        form=form,
        captcha=question(form, asked=asked_after_failures()),
        resend_url=_here(resend="yes") if asked_before_sms() else None,
        masked_phone=mobile.masked,
        client_name=client_name(),
        notice=opening_notice() if form.ok and "done" in request.args else None,
        change_url=url_for("signin.code", **carried()),
    )


def _signed_in_by_code(party_id: str) -> ResponseReturnValue:
    """Success by another factor lifts a lock of the password (trust 2)."""
    tx = current_transaction()
    if not sms_opens(tx, party_id, parts().phones, now=now()):
        record(tx, Event.SESSION_BEGUN, subject=party_id, result="refused", reason="phone-idle", now=now())
        db.session.commit()
        return another_way_page()
    if passwords.unlock(tx, party_id=party_id, now=now()):
        record(tx, Event.PASSWORD_UNLOCKED, actor=party_id, subject=party_id, now=now())
    authenticated(party_id, Method.SMS)
    db.session.commit()
    return redirect(onward(url_for("account.overview")), 303)
