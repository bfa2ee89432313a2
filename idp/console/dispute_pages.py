"""The queue of disputes, and the page on which one is read and answered.

Always true: opening a dispute is a recorded look at its person; of two answers one counts.
"""

import re
from types import SimpleNamespace

from flask import abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.audit import Event
from idp.console.acts import CASEWORK
from idp.console.guards import current_operator, looked, operator
from idp.console.loading import parts
from idp.console.pages import blueprint, done_notice, operator_name, page
from idp.db import current_transaction, db
from idp.disputes.actions import FIRST, Denied, Dispute, Place
from idp.disputes.rules import Decision, State
from idp.web.clock import now
from idp.web.forms import Field, Form
from idp.web.reasons import sentence
from idp.web.words.account import DISPUTE_STATES, ITEMS

PAGE = 30
DECISION = Field("decision", sentence("dispute_decision_missing"), max_length=16)
ANSWER = Field("answer", sentence("dispute_reason_missing"), max_length=1000)
_PLACE = re.compile(r"([0-9]{1,11})\.(dsp_[0-9a-z]{26})", re.ASCII)


@blueprint.get("/disputes")
@operator(*CASEWORK)
def disputes() -> ResponseReturnValue:
    """Those that wait, the most urgent first; nothing of a person is in the list."""
    place = _PLACE.fullmatch(request.args.get("after", ""))
    after = Place(int(place[1]), place[2]) if place else FIRST
    found = parts().disputes.waiting(current_transaction(), after, limit=PAGE + 1)
    last = found[PAGE - 1].place if len(found) > PAGE else None
    return page(
        "disputes",
        "disputes",
        disputes=[_line(dispute) for dispute in found[:PAGE]],
        more_url=url_for("console.disputes", after=f"{last.due_at}.{last.id}") if last else None,
        notice=done_notice(),
    )


def _line(dispute: Dispute) -> SimpleNamespace:
    return SimpleNamespace(
        url=url_for("console.dispute", dispute_id=dispute.id),
        item=ITEMS[dispute.item],
        filed_at=dispute.filed_at,
        due_at=dispute.due_at,
        overdue=dispute.is_overdue(now=now()),
    )


@blueprint.route("/disputes/<dispute_id>", methods=["GET", "POST"])
@operator(*CASEWORK, personal=True)
def dispute(dispute_id: str) -> ResponseReturnValue:
    found = parts().disputes.find(current_transaction(), dispute_id) or abort(404)
    if found.state is State.WITHDRAWN:  # nobody has anything to do with it any more
        abort(404)
    looked(Event.DISPUTE_VIEWED, found.party_id, because=found.id)
    if request.method == "GET":
        return _page(found, Form(DECISION, ANSWER))
    form = Form.submitted(DECISION, ANSWER)
    if form.ok and form["decision"] not in tuple(Decision):
        form.refuse("decision", sentence("dispute_decision_missing"))
    if not form.ok:
        return _page(found, form)
    outcome = parts().disputes.answer(
        current_transaction(),
        found.id,
        operator=current_operator().operator.party_id,
        decision=Decision(form["decision"]),
        reason=form["answer"],
        now=now(),
    )
    db.session.commit()
    if isinstance(outcome, Denied):
        form.refuse("", sentence(outcome.reason))
        return _page(found, form)
    return redirect(url_for("console.disputes", done="dispute_answered"), 303)


def _page(found: Dispute, form: Form) -> str:
    person = parts().directory.person(current_transaction(), found.party_id)
    shown = SimpleNamespace(
        item=ITEMS[found.item],
        text=found.text,
        state=DISPUTE_STATES[found.state],
        waits=found.settled_at is None,
        name=person.identity.name.masked if person.identity else None,
        party_id=found.party_id,
        filed_at=found.filed_at,
        due_at=found.due_at,
        overdue=found.is_overdue(now=now()),
        answer=found.answer or None,
        settled_at=found.settled_at,
        operator=operator_name(found.operator) or None,
    )
    return page("dispute", "disputes", form=form, dispute=shown)
