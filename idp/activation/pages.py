"""Activating an account of an older platform: who one is, the face check, and what there is of one.

Always true: whoever is named, the pages up to the passed face check are the same and run the same statements; what
there is of somebody is told to the browser in which their face has passed, and nowhere else (trust 3).
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

from flask import Blueprint, Flask, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import LazyString

from idp.activation.actions import Activations, facts_of, subject_of
from idp.activation.rules import Finding, Found
from idp.checks.pages import order_check, take_check
from idp.checks.rules import CheckKind, CheckPurpose, CheckSubject, Passed
from idp.credentials.password import Passwords
from idp.credentials.sms_code import SmsCodes
from idp.db import current_transaction, db
from idp.flows.actions import Journey, Journeys
from idp.flows.rules import FlowKind, open_step, step_names
from idp.flows.steps import Steps, journey_over
from idp.proofing.forms import FIELDS, empty_form, read_person
from idp.proofing.rules import PhonePolicy
from idp.proofing.ways import offered
from idp.registration.pages import parts as registration
from idp.reviews.rules import EVIDENCE as REVIEW
from idp.signin.pages import client_name
from idp.web.clock import now
from idp.web.cookies import browser_digest
from idp.web.forms import Field, Form
from idp.web.guards import public
from idp.web.notices import done_notice
from idp.web.reasons import sentence
from idp.web.regions import province_name
from idp.web.visit import carried

EXTENSION = "tongban_activation"
KIND = FlowKind.ACTIVATION
BEGIN = "activation.person"
RECORDS = Field("records", sentence("activation_changed"), max_length=4000)
STILL_THERE = 600
"""Seconds for which a passed face says who is at the browser: another may sit down there (a shared machine)."""
blueprint = Blueprint("activation", __name__)


@dataclass(frozen=True, slots=True)
class Activation:
    """``count``: told each step that somebody has reached, for the metrics."""

    activations: Activations
    journeys: Journeys
    codes: SmsCodes
    passwords: Passwords
    phones: PhonePolicy
    count: Callable[[str], None]


def init_activation(app: Flask, known: Activation) -> None:
    from idp.activation import details_pages, phone_pages  # noqa: F401 - their views join the blueprint

    app.extensions[EXTENSION] = known
    app.register_blueprint(blueprint)


def parts() -> Activation:
    found: Activation = current_app.extensions[EXTENSION]
    return found


def to(journey: Journey, *, done: str | None = None) -> str:
    """The address of the step that is open."""
    return url_for(f"activation.{open_step(KIND, journey.facts)}", f=journey.id, done=done, **carried())


STEPS = Steps(KIND, BEGIN, lambda: parts().journeys, to)


@blueprint.route("/activate", methods=["GET", "POST"])
@public
def person() -> ResponseReturnValue:
    """Step 1: name and document. A face check is ordered for whoever is named; nobody is looked up."""
    if request.method == "GET":
        return _person_page(empty_form())
    form = Form.submitted(*FIELDS)
    told = read_person(form)
    if told is None:
        return _person_page(form)
    subject = CheckSubject(*told)
    if (begun := _resumed(subject)) is not None:
        return redirect(to(begun), 303)
    tx, facts = current_transaction(), facts_of(subject)
    journey = parts().journeys.begin(tx, KIND, facts, browser=browser_digest(), now=now())
    address = _order(journey)
    db.session.commit()
    parts().count("begun")
    return redirect(address, 303)


def _resumed(subject: CheckSubject) -> Journey | None:
    """What this browser began for the same person and did not bring to its end."""
    found = parts().journeys.latest(current_transaction(), KIND, browser=browser_digest(), now=now())
    if found is None or "passed" not in found.facts or subject_of(found) != subject:
        return None
    return found if now() - found.facts["passed"]["judged_at"] <= STILL_THERE else None


def _order(journey: Journey) -> str:
    """The address of a face check for whoever was named."""
    return order_check(
        CheckKind.FACE,
        CheckPurpose.ACTIVATION,
        subject_of(journey),
        back=url_for("activation.face", f=journey.id, **carried()),
        elsewhere=url_for("activation.elsewhere", **carried()),
    )


def _person_page(form: Form) -> ResponseReturnValue:
    return render_template(
        "activate.html",
        form=form,
        client_name=client_name(),
        notice=done_notice() if form.ok else None,
        signin_url=url_for("signin.password", **carried()),
        elsewhere_url=url_for("activation.elsewhere", **carried()),
        steps=step_names(KIND),
    )


@blueprint.route("/activate/face", methods=["GET", "POST"])
@public
@STEPS.at("face")
def face(journey: Journey) -> ResponseReturnValue:
    """Step 2: back from the check. What passed is used at once; anything else may be tried again."""
    if request.method == "POST":
        address = _order(journey)
        db.session.commit()
        return redirect(address, 303)
    taken = take_check(CheckKind.FACE, CheckPurpose.ACTIVATION, subject_of(journey))
    if not isinstance(taken, Passed):
        db.session.commit()
        return _face_page(journey, sentence(taken.reason) if taken else None)
    finding = parts().activations.pass_face(current_transaction(), journey, taken, now=now())
    if finding is None:
        db.session.rollback()
        return journey_over(BEGIN)
    db.session.commit()
    parts().count("face_passed")
    parts().count(f"found_{finding.found}")
    return redirect(url_for("activation.found", f=journey.id, **carried()), 303)


def _face_page(journey: Journey, reason: LazyString | None) -> ResponseReturnValue:
    subject = subject_of(journey)
    return render_template(
        "activate_face.html",
        person=SimpleNamespace(name=subject.name.masked, number=subject.document.masked),
        reason=reason,
        again_url=url_for(BEGIN, **carried()),
        elsewhere_url=url_for("activation.elsewhere", **carried()),
        client_name=client_name(),
        steps=step_names(KIND),
    )


@blueprint.route("/activate/found", methods=["GET", "POST"])
@public
@STEPS.at("found")
def found(journey: Journey) -> ResponseReturnValue:
    """Step 3: what there is of the person whose face has passed; they confirm what is to become one account."""
    finding = parts().activations.find(current_transaction(), subject_of(journey), now=now())
    if finding.found is not Found.WAITING:
        return _nothing_waits(finding) if request.method == "GET" else journey_over(BEGIN)
    if request.method == "GET":
        return _found_page(Form(RECORDS), journey, finding)
    form = Form.submitted(RECORDS)
    if form.ok and form["records"] != _records(finding):
        form.refuse("", sentence("activation_changed"))
    if not form.ok:
        return _found_page(form, journey, finding)
    facts = {**journey.facts, "records": form["records"].split()}
    moved = parts().journeys.move(current_transaction(), journey, facts)
    db.session.commit()
    return redirect(url_for("activation.phone", f=journey.id, **carried()), 303) if moved else journey_over(BEGIN)


def end_url(journey: Journey) -> str:
    return url_for("activation.end", f=journey.id, **carried())


def _records(finding: Finding) -> str:
    return " ".join(sorted(one.id for one in finding.waiting))


def _found_page(form: Form, journey: Journey, finding: Finding) -> ResponseReturnValue:
    subject = subject_of(journey)
    return render_template(
        "activate_found.html",
        form=form,
        person=SimpleNamespace(name=subject.name.masked, number=subject.document.masked),
        accounts=[
            SimpleNamespace(
                platform=one.platform,
                region=province_name(one.region),
                name=one.told.name.masked if one.told.name else None,
                masked_phone=one.told.mobile.masked if one.told.mobile else None,
            )
            for one in finding.waiting
        ],
        records=_records(finding),
        end_url=end_url(journey),
        client_name=client_name(),
        elsewhere_url=url_for("activation.elsewhere", **carried()),
        steps=step_names(KIND),
    )


def _nothing_waits(finding: Finding) -> ResponseReturnValue:
    return render_template(
        "activate_nothing.html",
        found=str(finding.found),
        masked_phone=finding.mobile.masked if finding.mobile else None,
        reviewed=_reviewed(),
        signin_url=url_for("signin.password", **carried()),
        recover_url=url_for("recovery.identifier", **carried()),
        register_url=_register_url()
        if finding.found is Found.REJECTED
        else url_for("registration.phone", **carried()),
        client_name=client_name(),
    )


@blueprint.post("/activate/end")
@public
@STEPS.at("found", "phone", "code", "details")
def end(journey: Journey) -> ResponseReturnValue:
    """Who is at the browser is not the one whose face has passed there, or wants no more of it."""
    parts().journeys.move(current_transaction(), journey, journey.facts, ended_at=now())
    db.session.commit()
    return redirect(url_for(BEGIN, **carried()), 303)


@blueprint.get("/activate/elsewhere")
@public
def elsewhere() -> ResponseReturnValue:
    """The ways for who cannot, or would rather not, have their face checked; and for whom it did not know."""
    return render_template(
        "activate_elsewhere.html",
        again_url=url_for(BEGIN, **carried()),
        register_url=_register_url(),
        reviewed=_reviewed(),
    )


def _register_url() -> str | None:
    """Where who has an old account gets a new one without it; None where registration begins with name and number,
    which confirm nobody for whom an account waits.
    """
    return None if step_names(registration().kind)[0] == "identity" else url_for("registration.phone", **carried())


def _reviewed() -> bool:
    return any(way.name == REVIEW for way in offered())
