"""Capabilities of a department app: the department applies, a platform operator lays that before a second one.

Always true: nobody grants a capability alone; anybody of the platform withdraws one alone, and at once.
"""

from flask import abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.audit import Event, record
from idp.audit.rules import Detail
from idp.clients import permits
from idp.clients.capabilities import Capability, CapabilityRefusal, Permit, PermitState, Terms, read_terms
from idp.clients.rules import Client
from idp.console.acts import GRANT
from idp.console.client_pages import ROLES, shown_client, shown_permit, visible_client
from idp.console.guards import current_operator, operator
from idp.console.loading import parts
from idp.console.pages import blueprint, done_notice, page
from idp.console.reasons_form import REASON, TICKET, stated
from idp.console.rules import Denied, Role
from idp.console.words import word
from idp.db import current_transaction, db
from idp.web.clock import now
from idp.web.forms import Field, Form
from idp.web.reasons import sentence

CAPABILITY = Field("capability", sentence("capability_missing"), max_length=32)
PURPOSE = Field("purpose", sentence("purpose_missing"))
PURPOSE_EN = Field("purpose_en", required=False)
LAW = Field("law", sentence("law_missing"))
DAILY = Field("daily", sentence("daily_missing"), max_length=7)
APPLICATION = (CAPABILITY, PURPOSE, PURPOSE_EN, LAW, DAILY)
DECISION = Field("decision", sentence("decision_missing"), max_length=8)
DECISIONS = {PermitState.APPLIED: ("grant", "refuse"), PermitState.GRANTED: ("withdraw",)}


@blueprint.route("/clients/<client_id>/apply", methods=["GET", "POST"])
@operator(*ROLES)
def apply_capability(client_id: str) -> ResponseReturnValue:
    client = visible_client(client_id)
    if request.method == "GET":
        return _application(Form(*APPLICATION), client)
    form = Form.submitted(*APPLICATION)
    terms = _terms(form) if form.ok else None
    if terms is None:
        return _application(form, client)
    here, tx = current_operator().operator, current_transaction()
    made = permits.apply(tx, client, terms, actor=here.party_id, now=now())
    if isinstance(made, CapabilityRefusal):
        form.refuse("", sentence(made))
        return _application(form, client)
    db.session.commit()
    return redirect(url_for("console.capability", key=made, done="capability_applied"), 303)


def _terms(form: Form) -> Terms | None:
    purpose = {"zh": form["purpose"], "en": form["purpose_en"]}
    terms = read_terms({"purpose": purpose, **{name: form[name] for name in ("capability", "law", "daily")}})
    if isinstance(terms, Terms):
        return terms
    wrong = "capability" if form["capability"] not in tuple(Capability) else "daily"
    form.refuse(wrong, sentence(f"{wrong}_missing"))
    return None


def _application(form: Form, client: Client) -> str:
    options = [(one.value, word(f"capability_{one}"), word(f"about_{one}")) for one in Capability]
    return page("capability_apply", "clients", form=form, client=shown_client(client), capabilities=options)


@blueprint.route("/capabilities/<key>", methods=["GET", "POST"])
@operator(*ROLES)
def capability(key: str) -> ResponseReturnValue:
    permit = permits.find(current_transaction(), key)
    if permit is None:
        abort(404)
    client = visible_client(permit.client_id)
    fields = (DECISION, REASON, TICKET)
    if request.method == "GET":
        return _page(Form(*fields), permit, client)
    if not current_operator().operator.has(Role.PLATFORM):
        abort(403)
    form = Form.submitted(*fields)
    if form["decision"] not in DECISIONS.get(permit.state, ()):
        form.refuse("decision", sentence("decision_missing"))
    why = stated(form)
    if why is None:
        return _page(form, permit, client)
    here, tx = current_operator().operator, current_transaction()
    if form["decision"] == "grant":
        payload, reason = {"permit": permit.id}, f"{why.text} [{why.ticket}]"
        made = parts().four_eyes.propose(
            tx, GRANT, subject=None, payload=payload, reason=reason, proposer=here, now=now()
        )
        if isinstance(made, Denied):
            form.refuse("", sentence(made.reason))
            return _page(form, permit, client)
        db.session.commit()
        return redirect(url_for("console.proposal", key=made.id, done="proposal_made"), 303)
    because = parts().justifications.add(
        tx, why, operator=here.party_id, subject=None, act=form["decision"], now=now()
    )
    ended = _end(permit, here.party_id, because)
    db.session.commit()
    if not ended:
        form.refuse("", sentence(CapabilityRefusal.NOT_OPEN))
        return _page(form, permit, client)
    return redirect(url_for("console.capability", key=key, done=f"capability_{form['decision']}"), 303)


def _end(permit: Permit, actor: str, because: str) -> bool:
    """Refuse or withdraw; who comes too late for that is recorded as well."""
    tx, terms, event = current_transaction(), permit.terms, Event.CAPABILITY_REFUSED
    if permit.state is PermitState.APPLIED:
        done = permits.refuse(tx, permit, actor=actor, because=because, now=now())
    else:
        event = Event.CAPABILITY_WITHDRAWN
        done = permits.withdraw(tx, permit.client_id, terms.capability, actor=actor, because=because, now=now())
    if not done:
        detail: Detail = {"capability": terms.capability.value, "permit": permit.id, "because": because}
        reason, who = CapabilityRefusal.NOT_OPEN, {"actor": actor, "client": permit.client_id}
        record(tx, event, result="refused", reason=reason, subject=permit.client_id, detail=detail, now=now(), **who)
    return done


def _page(form: Form, permit: Permit, client: Client) -> str:
    platform = current_operator().operator.has(Role.PLATFORM)
    options = [(name, word(f"decide_{name}"), None) for name in DECISIONS.get(permit.state, ())]
    return page(
        "capability",
        "clients",
        form=form,
        client=shown_client(client),
        permit=shown_permit(permit),
        decisions=options if platform else [],
        notice=done_notice() if form.ok else None,
    )
