"""Registration as far as every installation has it: the phone and its code.

Always true: a page shows only the step its journey has open, whatever address was typed.
"""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Flask, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.actions import Directory
from idp.accounts.rules import Mobile
from idp.accounts.waiting import WaitingAccounts
from idp.audit import Event, record
from idp.captcha.pages import asked_before_sms, passed, question, sent_form
from idp.channels.current import note
from idp.channels.rules import Step
from idp.credentials import sms_code
from idp.credentials.password import Passwords
from idp.credentials.rules import Purpose
from idp.db import current_transaction, db
from idp.flows.actions import Journey, Journeys
from idp.flows.rules import FlowKind, open_step, step_names, undone
from idp.proofing.name_check import NameCheck
from idp.proofing.rules import PhonePolicy
from idp.signin.code_step import CodeStep
from idp.signin.codes import send_code
from idp.signin.pages import client_name
from idp.signin.phones import is_idle
from idp.web.agreements import Agreements
from idp.web.clock import now
from idp.web.cookies import browser_digest
from idp.web.forms import Field, Form
from idp.web.guards import public
from idp.web.notices import done_notice
from idp.web.reasons import sentence
from idp.web.visit import carried, current_visit

EXTENSION = "tongban_registration"
PHONE = Field("phone", sentence("phone_missing"), max_length=32)
CODE_STEP = CodeStep(
    Purpose.REGISTER,
    "register_code.html",
    endpoint="registration.code",
    change="registration.phone",
    change_goes_on=True,
)
blueprint = Blueprint("registration", __name__)


@dataclass(frozen=True, slots=True)
class Registration:
    directory: Directory
    passwords: Passwords
    codes: sms_code.SmsCodes
    journeys: Journeys
    agreements: Agreements
    phones: PhonePolicy
    name_check: NameCheck
    waiting: WaitingAccounts
    kind: FlowKind = FlowKind.REGISTRATION
    """Which row of the table of journeys people walk."""
    user_names: bool = True
    offers_identity: bool = False


def init_registration(app: Flask, known: Registration) -> None:
    from idp.registration import agreement_pages, details_pages, identity_pages  # noqa: F401 - views of the blueprint

    app.extensions[EXTENSION] = known
    app.register_blueprint(blueprint)


def parts() -> Registration:
    found: Registration = current_app.extensions[EXTENSION]
    return found


def current_journey() -> Journey | None:
    key = request.values.get("f", "")
    if not key:
        return None
    return parts().journeys.read(current_transaction(), parts().kind, key, browser=browser_digest(), now=now())


def to_open_step(journey: Journey | None, *, done: str | None = None) -> ResponseReturnValue:
    """The page of the step that is open."""
    kind = parts().kind
    step = open_step(kind, journey.facts) if journey else None
    if journey is None or step is None:
        return redirect(url_for(f"registration.{step_names(kind)[0]}", done=done, **carried()), 303)
    return redirect(url_for(f"registration.{step}", f=journey.id, done=done, **carried()), 303)


def entity_url() -> str:
    """Where an entity is registered instead; the app one is on the way to goes along."""
    visit = current_visit()
    return url_for("entities.claim", r=visit.key if visit else None)


def is_at(step: str, journey: Journey) -> bool:
    return open_step(parts().kind, journey.facts) == step


def lead_on(journey: Journey | None) -> ResponseReturnValue:
    """From a page whose step is not open to the one that is."""
    return to_open_step(journey, done=None if journey else "flow_expired")


@blueprint.route("/register", methods=["GET", "POST"])
@public
def phone() -> ResponseReturnValue:
    """The phone. Coming back to it undoes what followed."""
    journey = current_journey()
    before = undone(parts().kind, "phone", journey.facts) if journey else {}
    if open_step(parts().kind, before) != "phone":  # another step comes first
        return to_open_step(journey, done=request.args.get("done"))
    if request.method == "GET":
        return _phone_page(Form(PHONE))
    form = sent_form(PHONE, asked=asked_before_sms())
    mobile = Mobile.parse(form["phone"]) if form.ok else None
    if form.ok and mobile is None:
        form.refuse("phone", sentence("phone_invalid"))
    if mobile is None or not passed(form):
        return _phone_page(form)
    db.session.rollback()
    issued = send_code(parts().codes, Purpose.REGISTER, mobile, None, deliver=True)
    if isinstance(issued, sms_code.Denied):
        form.refuse("", sentence(issued.reason))
        return _phone_page(form)
    return _asked(journey, {**before, "mobile": mobile.value, "challenge": issued.challenge_id})


def _asked(journey: Journey | None, facts: dict[str, Any]) -> ResponseReturnValue:
    """The code is on its way: go on with the journey, or begin it."""
    tx = current_transaction()
    if journey is None:
        begun = parts().journeys.begin(tx, parts().kind, facts, browser=browser_digest(), now=now())
        db.session.commit()
        return to_open_step(begun)
    parts().journeys.move(tx, journey, facts)
    db.session.commit()
    return to_open_step(current_journey())


def _phone_page(form: Form) -> ResponseReturnValue:
    return render_template(
        "register_phone.html",
        form=form,
        captcha=question(form, asked=asked_before_sms()),
        client_name=client_name(),
        notice=done_notice(),
        signin_url=url_for("signin.password", **carried()),
        entity_url=entity_url(),
        steps=step_names(parts().kind),
    )


@blueprint.route("/register/code", methods=["GET", "POST"])
@public
def code() -> ResponseReturnValue:
    """The code shows control of the phone."""
    journey = current_journey()
    if journey is None or not is_at("code", journey):
        return lead_on(journey)
    return CODE_STEP.serve(parts().codes, parts().journeys, journey, _proved)


def _proved(journey: Journey) -> ResponseReturnValue:
    """Who holds the phone may learn that it has an account already, or that one waits to be activated (trust 3).

    An account that nobody has used for long may be of whoever had the number before (trust 7).
    """
    tx = current_transaction()
    record(tx, Event.PHONE_VERIFIED, subject=journey.id, now=now())
    held = parts().directory.holder(tx, Mobile(journey.facts["mobile"]))
    if "counted" not in journey.facts:  # a second phone does not make it a second journey
        note(Step.STARTED)
    if held and not is_idle(tx, held.party_id, parts().phones, now=now()):
        parts().journeys.move(tx, journey, journey.facts, ended_at=now())
        db.session.commit()
        return redirect(url_for("signin.password", done="phone_registered", **carried()), 303)
    waits = parts().waiting.phone_waits(tx, Mobile(journey.facts["mobile"]))
    facts = {**journey.facts, "proved": True, "counted": True, "holder": list(held or ()), "waits": waits}
    parts().journeys.move(tx, journey, facts)
    db.session.commit()
    return to_open_step(current_journey())
