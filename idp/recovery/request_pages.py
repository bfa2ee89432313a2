"""The last way, for who has lost everything: who they are, a new phone, and how operators shall make sure of them.

Always true: nothing here asks whether there is an account, so every answer is the same for whoever is named.
"""

from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.documents import DocumentType, stored_document
from idp.accounts.names import PersonName
from idp.accounts.rules import Mobile
from idp.audit import Event, record
from idp.captcha.pages import asked_before_sms, passed, question, sent_form
from idp.credentials.rules import Purpose
from idp.credentials.sms_code import Denied
from idp.db import current_transaction, db
from idp.flows.actions import Journey
from idp.flows.numbers import grouped
from idp.flows.rules import FlowKind, open_step, step_names, undone
from idp.flows.steps import Steps, journey_over
from idp.proofing.forms import FIELDS, empty_form, read_person
from idp.recovery.pages import blueprint, parts
from idp.recovery.rules import Claim, Way
from idp.signin.code_step import CodeStep
from idp.signin.codes import send_code
from idp.web.clock import now
from idp.web.cookies import browser_digest
from idp.web.forms import Field, Form
from idp.web.guards import public
from idp.web.locale import preferences
from idp.web.notices import done_notice
from idp.web.reasons import sentence

KIND = FlowKind.RECOVERY_REQUEST
BEGIN = "recovery.last_person"
PHONE = Field("phone", sentence("phone_missing"), max_length=32)
WAY = Field("way", sentence("recovery_way_missing"), max_length=16)
CODE_STEP = CodeStep(
    Purpose.BIND,
    "recover_last_code.html",
    endpoint="recovery.last_code",
    change="recovery.last_phone",
    change_goes_on=True,
)
PAGES = {step: f"recovery.last_{step}" for step in step_names(KIND)}


def _to(journey: Journey) -> str:
    """The address of the step that is open, or of what was filed."""
    step = open_step(KIND, journey.facts)
    return url_for(PAGES[step] if step else "recovery.last_filed", f=journey.id)


STEPS = Steps(KIND, BEGIN, lambda: parts().journeys, _to)


@blueprint.get("/recover/last")
@public
def last() -> ResponseReturnValue:
    """What happens, how long it takes, what to have at hand; and where to go on with a request."""
    known = parts()
    return render_template(
        "recover_last.html",
        working_days=known.requests.working_days,
        held_hours=known.phones.change_hold // 3600,
    )


@blueprint.route("/recover/last/person", methods=["GET", "POST"])
@public
def last_person() -> ResponseReturnValue:
    """Name and document; nobody is asked about them here. Coming back to it begins anew."""
    if request.method == "GET":
        return _person_page(empty_form())
    form = Form.submitted(*FIELDS)
    told = read_person(form)
    if told is None:
        return _person_page(form)
    name, document = told
    facts = {"name": name.value, "document": [document.type, document.value]}
    journey = parts().journeys.begin(current_transaction(), KIND, facts, browser=browser_digest(), now=now())
    db.session.commit()
    return redirect(_to(journey), 303)


def _person_page(form: Form) -> ResponseReturnValue:
    notice = done_notice() if form.ok else None
    return render_template("recover_last_person.html", form=form, notice=notice, steps=step_names(KIND))


@blueprint.route("/recover/last/phone", methods=["GET", "POST"])
@public
@STEPS.at(*step_names(KIND))
def last_phone(journey: Journey) -> ResponseReturnValue:
    """The new phone. Coming back to it undoes what followed."""
    if request.method == "GET":
        return _phone_page(Form(PHONE))
    form = sent_form(PHONE, asked=asked_before_sms())
    mobile = Mobile.parse(form["phone"]) if form.ok else None
    if form.ok and mobile is None:
        form.refuse("phone", sentence("phone_invalid"))
    if mobile is None or not passed(form):
        return _phone_page(form)
    db.session.rollback()
    issued = send_code(
        parts().codes, Purpose.BIND, mobile, None, deliver=True, replaces=journey.facts.get("challenge")
    )
    if isinstance(issued, Denied):
        form.refuse("", sentence(issued.reason))
        return _phone_page(form)
    facts = undone(KIND, "phone", journey.facts) | {"mobile": mobile.value, "challenge": issued.challenge_id}
    return _moved(journey, facts)


def _moved(journey: Journey, facts: dict[str, Any]) -> ResponseReturnValue:
    moved = parts().journeys.move(current_transaction(), journey, facts)
    db.session.commit()
    there = Journey(journey.id, KIND, facts, journey.version + 1)
    return redirect(_to(there), 303) if moved else journey_over(BEGIN)


def _phone_page(form: Form) -> ResponseReturnValue:
    return render_template(
        "recover_last_phone.html",
        form=form,
        captcha=question(form, asked=asked_before_sms()),
        steps=step_names(KIND),
        person_url=url_for(BEGIN),
    )


@blueprint.route("/recover/last/code", methods=["GET", "POST"])
@public
@STEPS.at("code")
def last_code(journey: Journey) -> ResponseReturnValue:
    """The code shows control of the new phone."""
    return CODE_STEP.serve(parts().codes, parts().journeys, journey, _proved)


def _proved(journey: Journey) -> ResponseReturnValue:
    record(current_transaction(), Event.PHONE_VERIFIED, subject=journey.id, now=now())
    return _moved(journey, {**journey.facts, "proved": True})


@blueprint.route("/recover/last/way", methods=["GET", "POST"])
@public
@STEPS.at("way")
def last_way(journey: Journey) -> ResponseReturnValue:
    """How operators shall make sure of the person; with that the request is filed."""
    if request.method == "GET":
        return _way_page(Form(WAY, values={"way": Way.COUNTER}))
    form = Form.submitted(WAY)
    if form.ok and form["way"] not in (Way.REVIEW, Way.COUNTER):
        form.refuse("way", sentence("recovery_way_missing"))
    if not form.ok:
        return _way_page(form)
    return _file(journey, Way(form["way"]))


def _file(journey: Journey, way: Way) -> ResponseReturnValue:
    tx, (kind, number) = current_transaction(), journey.facts["document"]
    claim = Claim(
        PersonName(journey.facts["name"]),
        stored_document(DocumentType(kind), number),
        Mobile(journey.facts["mobile"]),
    )
    filed = parts().requests.file(tx, claim, way, locale=preferences().lang, now=now())
    facts = {**journey.facts, "request": filed.id, "way": filed.way, "due_at": filed.due_at}
    if not parts().journeys.move(tx, journey, facts):
        db.session.rollback()
        return journey_over(BEGIN)
    db.session.commit()
    return redirect(url_for("recovery.last_filed", f=journey.id), 303)


def _way_page(form: Form) -> ResponseReturnValue:
    return render_template(
        "recover_last_way.html", form=form, working_days=parts().requests.working_days, steps=step_names(KIND)
    )


@blueprint.get("/recover/last/filed")
@public
@STEPS.at(None)
def last_filed(journey: Journey) -> ResponseReturnValue:
    """The number of the request, and what comes next; for the browser that filed it, as long as its journey lasts."""
    return render_template(
        "recover_last_filed.html",
        number=grouped(journey.facts["request"]),
        at_counter=journey.facts["way"] == Way.COUNTER,
        due_at=journey.facts["due_at"],
        masked_phone=Mobile(journey.facts["mobile"]).masked,
    )
