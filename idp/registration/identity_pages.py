"""Registration that begins with name and document number: saying them, and their check once the phone is proved.

Always true: a number that is wrong, one the register does not confirm and one that some account has, be it active,
waiting or closed, lead to one and the same page (trust 3).
"""

from types import SimpleNamespace

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.documents import Document, DocumentType, stored_document
from idp.accounts.names import PersonName
from idp.accounts.rules import Mobile
from idp.captcha.pages import note_failure
from idp.db import current_transaction, db
from idp.flows.actions import Journey
from idp.flows.rules import step_names
from idp.proofing.checking import Confirmed
from idp.proofing.forms import FIELDS, empty_form, read_person
from idp.proofing.name_check import Stranger
from idp.proofing.rules import ProofRefusal
from idp.registration.pages import blueprint, current_journey, entity_url, is_at, lead_on, parts, to_open_step
from idp.signin.pages import client_name
from idp.web.clock import now
from idp.web.cookies import browser_digest
from idp.web.forms import Form
from idp.web.guards import public
from idp.web.notices import done_notice
from idp.web.reasons import sentence
from idp.web.visit import carried


def told_in(journey: Journey) -> tuple[PersonName, Document] | None:
    """Who the person of this journey said to be, if it asks."""
    if "document" not in journey.facts:
        return None
    kind, number = journey.facts["document"]
    return PersonName(journey.facts["name"]), stored_document(DocumentType(kind), number)


@blueprint.route("/register/identity", methods=["GET", "POST"])
@public
def identity() -> ResponseReturnValue:
    """Name and document number; nobody is asked about them yet. Coming back to it begins anew."""
    if step_names(parts().kind)[0] != "identity":
        return redirect(url_for("registration.phone", **carried()), 303)
    if request.method == "GET":
        return _identity_page(empty_form())
    form = Form.submitted(*FIELDS)
    told = read_person(form)
    if told is None:
        return _identity_page(form)
    name, document = told
    facts = {"name": name.value, "document": [document.type, document.value]}
    begun = parts().journeys.begin(current_transaction(), parts().kind, facts, browser=browser_digest(), now=now())
    db.session.commit()
    return to_open_step(begun)


def _identity_page(form: Form) -> ResponseReturnValue:
    return render_template(
        "register_identity.html",
        form=form,
        client_name=client_name(),
        notice=done_notice() if form.ok else None,
        signin_url=url_for("signin.password", **carried()),
        entity_url=entity_url(),
        steps=step_names(parts().kind),
    )


@blueprint.route("/register/check", methods=["GET", "POST"])
@public
def check() -> ResponseReturnValue:
    """The register is asked. Its no, and a document that has an account, end the journey."""
    journey = current_journey()
    told = told_in(journey) if journey else None
    if journey is None or told is None or not is_at("check", journey):
        return lead_on(journey)
    if request.method == "GET":
        return _check_page(Form(), journey, *told)
    claim = Stranger(*told, phone=Mobile(journey.facts["mobile"]), journey=journey.id)
    db.session.rollback()
    outcome = parts().name_check.check_stranger(claim, now=now())
    if isinstance(outcome, Confirmed):
        facts = {**journey.facts, "confirmed": True, "valid_to": outcome.valid_to}
        parts().journeys.move(current_transaction(), journey, facts)
        db.session.commit()
        return to_open_step(current_journey())
    if outcome.reason is ProofRefusal.REGISTER_UNAVAILABLE:
        form = Form()
        form.refuse("", sentence(outcome.reason))
        return _check_page(form, journey, *told)
    note_failure()
    return confirm_elsewhere(journey)


def _check_page(form: Form, journey: Journey, name: PersonName, document: Document) -> ResponseReturnValue:
    return render_template(
        "register_check.html",
        form=form,
        person=SimpleNamespace(name=name.masked, number=document.masked),
        again_url=url_for("registration.identity", **carried()),
        steps=step_names(journey.kind),
    )


def confirm_elsewhere(journey: Journey) -> ResponseReturnValue:
    """End the journey: name and number alone do not open an account here, and nobody is told why."""
    parts().journeys.move(current_transaction(), journey, journey.facts, ended_at=now())
    db.session.commit()
    page = render_template(
        "register_elsewhere.html",
        signin_url=url_for("signin.password", **carried()),
        again_url=url_for("registration.identity", **carried()),
        activate_url=url_for("activation.person", **carried()),
    )
    return page, 403
