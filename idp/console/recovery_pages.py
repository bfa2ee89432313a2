"""Requests of people who have lost everything: finding one by its number, and what an operator makes of it.

Always true: nothing of a request is shown without a reason stated in the last half hour; what is shown is masked, and
every look is recorded; who made sure of a person never decides.
"""

from types import SimpleNamespace

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.audit import Event
from idp.console.acts import RECOVER, RECOVERERS
from idp.console.guards import current_operator, looked, operator
from idp.console.justifications import LOOK, Justification, standing
from idp.console.loading import parts
from idp.console.pages import blueprint, done_notice, page
from idp.console.reasons_form import REASON, TICKET, stated
from idp.console.rules import Denied, Role
from idp.console.words import word
from idp.db import current_transaction, db
from idp.flows.numbers import grouped, parse_number
from idp.proofing.actions import ial
from idp.proofing.forms import typed_document
from idp.recovery.rules import Claim, Decider, Match, Request, State, Way
from idp.web.clock import now
from idp.web.forms import Field, Form
from idp.web.reasons import sentence

LISTED = 50
PROPOSE, REJECT = "propose", "reject"
NOT_OPEN = "recovery_not_open"
REFERENCE = Field("request", sentence("recovery_reference_missing"), max_length=32)
DECISION = Field("decision", sentence("recovery_decision_missing"), max_length=8)
HOW = Field("how", required=False, max_length=16)
NUMBER = Field("number", required=False, max_length=64)
SEEK = (REFERENCE, REASON, TICKET)
FIELDS = (DECISION, HOW, NUMBER, REASON, TICKET)
WAYS = {Way.COUNTER: Role.COUNTER, Way.REVIEW: Role.REVIEW}
"""Whose word it is that somebody was made sure of so."""


@blueprint.route("/recoveries", methods=["GET", "POST"])
@operator(*RECOVERERS)
def recoveries() -> ResponseReturnValue:
    """By the exact number; of those that wait nothing is listed but their days."""
    if request.method == "GET":
        return _seek_page(Form(*SEEK, values={"request": request.args.get("request", "")[:16]}))
    form = Form.submitted(*SEEK)
    why = stated(form)
    reference = parse_number(form["request"]) if why else None
    if why is None or reference is None:
        if form.ok:
            form.refuse("request", sentence("recovery_reference_invalid"))
        return _seek_page(form)
    tx, mine = current_transaction(), current_operator().operator.party_id
    found = parts().requests.find(tx, reference)
    key = parts().justifications.add(tx, why, operator=mine, subject=found.id if found else None, act=LOOK, now=now())
    subject, result = (found.id, "ok") if found else (None, "none")
    looked(Event.RECOVERY_SOUGHT, subject, because=key, result=result)
    db.session.commit()
    if found:
        return redirect(url_for("console.recovery", reference=found.id), 303)
    form.refuse("request", sentence("recovery_unknown"))
    return _seek_page(form)


def _seek_page(form: Form) -> ResponseReturnValue:
    waiting = parts().requests.waiting(current_transaction(), limit=LISTED)
    return page(
        "recoveries",
        "recoveries",
        form=form,
        waiting=[_line(one) for one in waiting],
        notice=done_notice() if form.ok else None,
    )


def _line(found: Request) -> SimpleNamespace:
    return SimpleNamespace(
        url=url_for("console.recoveries", request=found.id),
        reference=grouped(found.id),
        way=word(f"way_{found.way}"),
        filed_at=found.filed_at,
        due_at=found.due_at,
        overdue=found.is_overdue(now=now()),
    )


@blueprint.route("/recoveries/<reference>", methods=["GET", "POST"])
@operator(*RECOVERERS, personal=True)
def recovery(reference: str) -> ResponseReturnValue:
    """One request beside the account whose document it names."""
    tx, mine = current_transaction(), current_operator().operator.party_id
    because = standing(tx, operator=mine, subject=reference, now=now())
    found = parts().requests.find(tx, reference) if because else None
    if because is None or found is None:
        return redirect(url_for("console.recoveries", done="recovery_look_needs_reason"), 303)
    match = parts().requests.match(tx, found)
    looked(Event.RECOVERY_VIEWED, match.party_id if match else found.id, because=because)
    if request.method == "GET":
        return _page(Form(*FIELDS), found, match)
    form = Form.submitted(*FIELDS)
    why = stated(form)
    if form["decision"] and form["decision"] not in (PROPOSE, REJECT):
        form.refuse("decision", sentence("recovery_decision_missing"))
    if why is None or not form.ok:
        return _page(form, found, match)
    if form["decision"] == REJECT:
        return _reject(form, found, match, why)
    return _propose(form, found, match, why, because)


def _reject(form: Form, found: Request, match: Match | None, why: Justification) -> ResponseReturnValue:
    tx, mine = current_transaction(), current_operator().operator.party_id
    subject = match.party_id if match else found.id
    key = parts().justifications.add(tx, why, operator=mine, subject=subject, act="reject-recovery", now=now())
    done = parts().requests.reject(tx, found, Decider(mine, key), now=now())
    db.session.commit()
    if not done:
        form.refuse("", sentence("recovery_not_waiting"))
        return _page(form, found, match)
    return redirect(url_for("console.recoveries", done="recovery_decided"), 303)


def _propose(
    form: Form, found: Request, match: Match | None, why: Justification, because: str
) -> ResponseReturnValue:
    barred = _barred(found, match)
    if match is None or found.claim is None or barred:
        form.refuse("", sentence(barred or NOT_OPEN))
        return _page(form, found, match)
    if form["how"] not in _ways():
        form.refuse("how", sentence("recovery_how_missing"))
    elif form["how"] == Way.COUNTER and typed_document(found.claim.document.kind, form["number"]) is None:
        form.refuse("number", sentence("document_number_invalid"))
    elif form["how"] == Way.COUNTER and not _read(form["number"], found, found.claim, because):
        form.refuse("number", sentence("recovery_number_differs"))
    if not form.ok:
        return _page(form, found, match)
    made = parts().four_eyes.propose(
        current_transaction(),
        RECOVER,
        subject=match.party_id,
        payload={"request": found.id, "how": form["how"]},
        reason=f"{why.text} [{why.ticket}]",
        proposer=current_operator().operator,
        now=now(),
    )
    if isinstance(made, Denied):
        form.refuse("", sentence(made.reason))
        return _page(form, found, match)
    db.session.commit()
    return redirect(url_for("console.proposal", key=made.id, done="proposal_made"), 303)


def _barred(found: Request, match: Match | None) -> str | None:
    """The name of the sentence that says why it can only be rejected."""
    if match is None or not match.open:
        return NOT_OPEN
    if found.is_spent:
        return "recovery_number_spent"
    return "recovery_phone_barred" if parts().requests.phone_barred(current_transaction(), found) else None


def _ways() -> list[Way]:
    """How this operator may make sure of somebody."""
    return [way for way, role in WAYS.items() if current_operator().operator.has(role)]


def _read(typed: str, found: Request, claim: Claim, because: str) -> bool:
    """Whether ``typed`` is the number of the document that was stated."""
    by = Decider(current_operator().operator.party_id, because)
    number = typed_document(claim.document.kind, typed)
    return parts().requests.is_number_of(current_transaction(), found, number, by, now=now())


def _page(form: Form, found: Request, match: Match | None) -> ResponseReturnValue:
    waits = found.state is State.FILED
    barred = _barred(found, match) if waits else None
    return page(
        "recovery",
        "recoveries",
        form=form,
        recovery=SimpleNamespace(
            reference=grouped(found.id),
            state=word(f"recovery_{found.state}"),
            way=word(f"way_{found.way}"),
            filed_at=found.filed_at,
            due_at=found.due_at,
            overdue=found.is_overdue(now=now()),
            name=found.claim.name.masked if found.claim else None,
            document=found.claim.document.masked if found.claim else None,
            phone=found.claim.mobile.masked if found.claim else None,
        ),
        account=_account(found.claim, match) if match and found.claim else None,
        waits=waits,
        barred=sentence(barred) if barred else None,
        ways=[] if barred else [(way.value, word(f"way_{way}"), None) for way in _ways()],
        at_counter=Way.COUNTER in _ways(),
    )


def _account(claim: Claim, match: Match) -> SimpleNamespace:
    tx = current_transaction()
    person = parts().directory.person(tx, match.party_id)
    return SimpleNamespace(
        party_id=match.party_id,
        status=word(f"status_{match.status}"),
        name=person.identity.name.masked if person.identity else None,
        same_name=person.identity is not None and person.identity.name.key == claim.name.key,
        phone=person.mobile.masked if person.mobile else None,
        ial=ial(tx, match.party_id, now=now()),
    )
