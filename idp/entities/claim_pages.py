"""Claiming an entity from outside: which entity and who represents it, then an account, then the claim is sent.

Always true: nothing is asked of the register for who has no account, and a claim gives nobody power.
"""

from collections.abc import Mapping
from datetime import date

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.names import PersonName
from idp.db import current_transaction, db
from idp.entities.asking import Denied
from idp.entities.pages import CODE, NAME, TYPE, blueprint, entity_told, entity_types, notice, parts
from idp.entities.registering import Representative, Told
from idp.entities.rules import RoleState
from idp.flows.actions import Journey
from idp.flows.rules import FlowKind, open_step
from idp.proofing.checking import end_of
from idp.proofing.forms import KINDS, typed_document
from idp.proofing.ports import EntityType
from idp.signin.rules import Session
from idp.web.clock import now
from idp.web.cookies import browser_digest
from idp.web.forms import Field, Form
from idp.web.guards import current_session, public
from idp.web.reasons import sentence
from idp.web.visit import carried

FLOW = FlowKind.ENTITY_CLAIM
PERSON = Field("person", sentence("representative_missing"), max_length=100)
KIND = Field("kind", sentence("document_kind_missing"), max_length=16)
NUMBER = Field("number", sentence("document_number_missing"), max_length=64)
VALID_TO = Field("valid_to", required=False, max_length=32)
LONG_TERM = Field("long_term", required=False, max_length=8)
FIELDS = (TYPE, NAME, CODE, PERSON, KIND, NUMBER, VALID_TO, LONG_TERM)


@blueprint.route("/entities/claim", methods=["GET", "POST"])
@public
def claim() -> ResponseReturnValue:
    """The form; who has no session yet gets one on the way, and comes back to it filled in."""
    session: Session | None = current_session()
    journey = _journey()
    if request.method == "GET":
        values = journey.facts["claim"] if journey else {"type": EntityType.ENTERPRISE, "kind": KINDS[0]}
        return _page(Form(*FIELDS, values=values), session)
    form = Form.submitted(*FIELDS)
    told, named = entity_told(form), _named(form)
    if told is None or named is None or not form.ok:
        return _page(form, session)
    if session is None:
        return _to_account(form)
    return _send(form, session, journey, told, named)


def _journey() -> Journey | None:
    key = request.values.get("f", "")
    if not key:
        return None
    found = parts().journeys.read(current_transaction(), FLOW, key, browser=browser_digest(), now=now())
    return found if found and open_step(FLOW, found.facts) == "send" else None


def _named(form: Form) -> Representative | None:
    """The representative as typed; what is wrong stands in the form then."""
    name = PersonName.parse(form["person"]) if form["person"] else None
    document = typed_document(form["kind"], form["number"]) if form["number"] and form["kind"] in KINDS else None
    if form["person"] and name is None:
        form.refuse("person", sentence("name_invalid"))
    if form["kind"] and form["kind"] not in KINDS:
        form.refuse("kind", sentence("document_kind_missing"))
    elif form["number"] and document is None:
        form.refuse("number", sentence("document_number_invalid"))
    valid_to = _end(form)
    return Representative(name, document, valid_to) if form.ok and name and document else None


def _end(form: Form) -> int | None:
    """When the document ends: after its last day, or never."""
    if form["long_term"] == "yes":
        return None
    try:
        ends = end_of(date.fromisoformat(form["valid_to"]))
    except ValueError:
        form.refuse("valid_to", sentence("valid_to_missing"))
        return None
    if ends is not None and ends <= now():
        form.refuse("valid_to", sentence("representative_document_expired"))
    return ends


def _to_account(form: Form) -> ResponseReturnValue:
    """An account first, new or not; what was typed waits for its person in this browser."""
    facts: Mapping[str, object] = {"claim": {field.name: form[field.name] for field in FIELDS}}
    journey = parts().journeys.begin(current_transaction(), FLOW, facts, browser=browser_digest(), now=now())
    db.session.commit()
    return redirect(url_for("registration.phone", next=url_for("entities.claim", f=journey.id, **carried())), 303)


def _send(
    form: Form, session: Session, journey: Journey | None, told: Told, named: Representative
) -> ResponseReturnValue:
    db.session.rollback()
    outcome = parts().registering.claim(session.party_id, told, named, now=now())
    if isinstance(outcome, Denied):
        form.refuse("", sentence(outcome.reason))
        return _page(form, session)
    if journey:
        parts().journeys.move(current_transaction(), journey, {**journey.facts, "sent": True}, ended_at=now())
        db.session.commit()
    done = {RoleState.CLAIMED: "entity_claimed", RoleState.CONFIRMED: "entity_registered"}
    return redirect(
        url_for("entities.acting", done=done.get(outcome.state, "entity_claim_contested"), **carried()), 303
    )


def _page(form: Form, session: Session | None) -> ResponseReturnValue:
    return render_template(
        "entity_claim.html",
        form=form,
        types=entity_types(),
        signed_in=session is not None,
        notice=notice() if form.ok else None,
        new_url=url_for("entities.new", **carried()),
    )
