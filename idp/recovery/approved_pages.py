"""After two operators have approved a request: the new password by a code to the new phone; and stopping it.

Always true: a number that is no approved request's looks the same and gets no message; only the browser that asked
for the code goes on with it.
"""

from dataclasses import replace

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

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
from idp.credentials.rules import Purpose
from idp.credentials.sms_code import Denied
from idp.db import current_transaction, db
from idp.flows.actions import Journey
from idp.flows.numbers import parse_number
from idp.flows.rules import FlowKind, open_step
from idp.flows.steps import Steps, journey_over
from idp.recovery.actions import Addressee
from idp.recovery.pages import NEW_PASSWORD, blueprint, order_code, parts
from idp.signin.choosing import password_rules, personal, refuse_unfit
from idp.signin.code_step import CodeStep
from idp.web.clock import now
from idp.web.cookies import browser_digest
from idp.web.forms import Field, Form
from idp.web.guards import public
from idp.web.notices import done_notice
from idp.web.reasons import sentence

KIND = FlowKind.RECOVERY_APPROVED
BEGIN = "recovery.approved"
REFERENCE = Field("request", sentence("recovery_reference_missing"), max_length=32)
OLD_PHONE = Field("phone", sentence("phone_missing"), max_length=32)
STOP = Field("code", sentence("recovery_stop_missing"), max_length=16, secret=True)
CODE_STEP = CodeStep(
    Purpose.RECOVER,
    "recover_approved_code.html",
    endpoint="recovery.approved_code",
    change=BEGIN,
    shows_phone=False,
    to_accounts_only=True,
)


def _to(journey: Journey) -> str:
    return url_for(f"recovery.approved_{open_step(KIND, journey.facts)}", f=journey.id)


STEPS = Steps(KIND, BEGIN, lambda: parts().journeys, _to)


@blueprint.route("/recover/approved", methods=["GET", "POST"])
@public
def approved() -> ResponseReturnValue:
    """Step 1: the number of the request; the code goes to the phone that stands in it."""
    if request.method == "GET":
        return _reference_page(Form(REFERENCE))
    form = sent_form(REFERENCE, asked=asked_before_sms())
    reference = parse_number(form["request"]) if form.ok else None
    if form.ok and reference is None:
        form.refuse("request", sentence("recovery_reference_invalid"))
    if reference is None or not passed(form):
        return _reference_page(form)
    to = _addressee(reference)
    db.session.rollback()
    issued = order_code(to, hidden=True)
    if isinstance(issued, Denied):
        form.refuse("", sentence(issued.reason))
        return _reference_page(form)
    facts = {
        "request": reference,
        "party_id": to.party_id or "",
        "mobile": to.mobile.value,
        "challenge": issued.challenge_id,
        "hidden": True,
    }
    journey = parts().journeys.begin(current_transaction(), KIND, facts, browser=browser_digest(), now=now())
    db.session.commit()
    return redirect(_to(journey), 303)


def _addressee(reference: str) -> Addressee:
    found = parts().requests.approved(current_transaction(), reference, now=now())
    if found is None or found.claim is None:
        return Addressee(None, parts().directory.stand_in(reference))
    return Addressee(found.party_id, found.claim.mobile)


def _reference_page(form: Form) -> ResponseReturnValue:
    return render_template(
        "recover_approved.html",
        form=form,
        captcha=question(form, asked=asked_before_sms()),
        notice=done_notice() if form.ok else None,
    )


@blueprint.route("/recover/approved/code", methods=["GET", "POST"])
@public
@STEPS.at("code")
def approved_code(journey: Journey) -> ResponseReturnValue:
    """Step 2: the code shows that the new phone is still theirs."""
    return CODE_STEP.serve(parts().codes, parts().journeys, journey, _proved)


def _proved(journey: Journey) -> ResponseReturnValue:
    tx = current_transaction()
    record(tx, Event.PHONE_VERIFIED, subject=journey.facts["party_id"], now=now())
    parts().journeys.move(tx, journey, {**journey.facts, "proved": True})
    db.session.commit()
    return redirect(url_for("recovery.approved_password", f=journey.id), 303)


@blueprint.route("/recover/approved/password", methods=["GET", "POST"])
@public
@STEPS.at("password")
def approved_password(journey: Journey) -> ResponseReturnValue:
    """Step 3: the new password; with it the phone becomes the account's."""
    if request.method == "GET":
        return _password_page(Form(NEW_PASSWORD))
    form = Form.submitted(NEW_PASSWORD)
    person = parts().directory.person(current_transaction(), journey.facts["party_id"])
    becoming = replace(person, mobile=Mobile(journey.facts["mobile"]))
    refuse_unfit(form, "new_password", parts().passwords, personal(becoming))
    if not form.ok:
        return _password_page(form)
    db.session.rollback()
    hashed = parts().passwords.hash(form["new_password"])
    tx = current_transaction()
    if not parts().requests.complete(tx, parts().journeys, journey, hashed=hashed, now=now()):
        db.session.rollback()
        return journey_over(BEGIN)
    db.session.commit()
    return redirect(url_for("signin.password", done="password_reset"), 303)


def _password_page(form: Form) -> ResponseReturnValue:
    return render_template("recover_password.html", form=form, password_rules=password_rules(parts().passwords))


@blueprint.route("/recover/stop", methods=["GET", "POST"])
@public
def stop() -> ResponseReturnValue:
    """Who had the phone before answers the text that told of the approval."""
    if request.method == "GET":
        return _stop_page(Form(OLD_PHONE, STOP))
    form = sent_form(OLD_PHONE, STOP, asked=asked_after_failures())
    mobile = Mobile.parse(form["phone"]) if form.ok else None
    if form.ok and mobile is None:
        form.refuse("phone", sentence("phone_invalid"))
    if mobile is None or not passed(form):
        return _stop_page(form)
    db.session.rollback()
    refused = parts().stopping.stop(mobile, "".join(form["code"].split()), now=now())
    if refused is None:
        return redirect(url_for("recovery.stop", done="recovery_stopped"), 303)
    note_failure()
    form.refuse("code", sentence(refused.reason))
    return _stop_page(form)


def _stop_page(form: Form) -> ResponseReturnValue:
    return render_template(
        "recover_stop.html",
        form=form,
        captcha=question(form, asked=asked_after_failures()),
        notice=done_notice() if form.ok else None,
    )
