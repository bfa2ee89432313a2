"""Proposals: what waits for a second operator, what it would change, and the decision.

Always true: the page shows the difference as it was when the proposal was made, says when that is no longer so, and
approval is for this difference or for nothing.
"""

from types import SimpleNamespace

from flask import abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.audit import Event
from idp.console.acts import APPROVE_REVIEW
from idp.console.four_eyes import Done
from idp.console.guards import current_operator, looked, operator
from idp.console.invitations import link, link_is_open, new_link
from idp.console.loading import parts
from idp.console.pages import PROPOSERS, blueprint, change_line, done_notice, operator_name, page, proposal_line
from idp.console.reasons_form import REASON, TICKET, stated
from idp.console.rules import Denied, Proposal, ProposalState, Reason, may_decide
from idp.console.words import word
from idp.db import current_transaction, db
from idp.web.clock import now
from idp.web.forms import Field, Form
from idp.web.notices import Notice
from idp.web.reasons import sentence

LATEST = 100
APPROVE, REFUSE = "approve", "refuse"
DECISION = Field("decision", sentence("decision_missing"), max_length=8)
FIELDS = (DECISION, REASON, TICKET)


@blueprint.get("/proposals")
@operator(*PROPOSERS)
def proposals() -> str:
    found = parts().four_eyes.latest(current_transaction(), limit=LATEST)
    return page("proposals", "proposals", proposals=[proposal_line(p) for p in found if _mine(p)])


def _mine(proposal: Proposal) -> bool:
    """Whether it is for this operator's roles."""
    return current_operator().operator.has(*parts().four_eyes.acts[proposal.kind].roles)


@blueprint.route("/proposals/<key>", methods=["GET", "POST"])
@operator(*PROPOSERS, personal=True)
def proposal(key: str) -> ResponseReturnValue:
    found = parts().four_eyes.find(current_transaction(), key)
    if found is None or not _mine(found):
        abort(404)
    looked(Event.PROPOSAL_VIEWED, found.subject or found.id, because=found.id)
    if request.method == "GET":
        return _page(Form(*FIELDS), found)
    if request.form.get("withdraw") == "yes":
        return _withdraw(found)
    if request.form.get("link") == "show":
        return _link(found)
    form = Form.submitted(*FIELDS)
    if form.ok and form["decision"] not in (APPROVE, REFUSE):
        form.refuse("decision", sentence("decision_missing"))
    why = stated(form)
    if why is None:
        return _page(form, found)
    tx, here = current_transaction(), current_operator().operator
    because = parts().justifications.add(
        tx, why, operator=here.party_id, subject=found.subject, act="decide", now=now()
    )
    if form["decision"] == APPROVE:
        return _decided(form, found, parts().four_eyes.approve(tx, found, decider=here, because=because, now=now()))
    return _decided(
        form, found, parts().four_eyes.refuse(tx, found, decider=here, because=because, now=now()) or Done()
    )


def _withdraw(found: Proposal) -> ResponseReturnValue:
    here = current_operator().operator
    refused = parts().four_eyes.withdraw(current_transaction(), found, proposer=here, now=now())
    db.session.commit()
    done = refused.reason if refused else "proposal_withdrawn"
    return redirect(url_for("console.proposal", key=found.id, done=done), 303)


def _link(found: Proposal) -> ResponseReturnValue:
    """The link of an invitation that was approved, for its proposer alone; who approved has the code."""
    here = current_operator().operator.party_id
    token = new_link(current_transaction(), found.id, actor=here, now=now()) if found.proposer == here else None
    if token is None:
        return redirect(url_for("console.proposal", key=found.id, done=Reason.LINK_DEAD), 303)
    return page("link", "proposals", link=link(parts().issuer, token), name=str(found.payload.get("name", "")))


def _decided(form: Form, found: Proposal, outcome: Done | Denied) -> ResponseReturnValue:
    """The decision is committed with what it did; what is to be seen once is shown by this very answer."""
    db.session.commit()
    if isinstance(outcome, Denied):
        form.refuse("", sentence(outcome.reason))
        return _page(form, parts().four_eyes.find(current_transaction(), found.id) or found)
    if outcome.shown_once:
        name = str(found.payload.get("name", ""))
        return page("enrolment_code", "proposals", code=outcome.shown_once, name=name)
    return redirect(url_for("console.proposal", key=found.id, done="proposal_decided"), 303)


def _page(form: Form, found: Proposal) -> ResponseReturnValue:
    here, tx = current_operator().operator, current_transaction()
    act = parts().four_eyes.acts[found.kind]
    refused = may_decide(found, here, roles=act.roles, now=now())
    is_open = found.state_at(now()) is ProposalState.OPEN
    return page(
        "proposal",
        "proposals",
        form=form,
        proposal=SimpleNamespace(
            kind=word(f"act_{found.kind}"),
            about=_about(found),
            reason=found.reason,
            proposer=operator_name(found.proposer),
            created_at=found.created_at,
            expires_at=found.expires_at,
            state=word(f"proposal_{found.state_at(now())}"),
            decider=operator_name(found.decider) if found.decider else None,
            decided_at=found.decided_at,
        ),
        changes=[change_line(change) for change in found.changes] if is_open else [],
        decidable=refused is None,
        case_url=url_for("console.review", number=found.payload["review"]) if found.kind == APPROVE_REVIEW else None,
        own=is_open and found.proposer == here.party_id,
        link_open=found.proposer == here.party_id and link_is_open(tx, found.id, now=now()),
        notice=_notice(form, found, is_open=is_open),
    )


def _notice(form: Form, found: Proposal, *, is_open: bool) -> Notice | None:
    if is_open and not parts().four_eyes.stands(current_transaction(), found):
        return Notice("warn", sentence("proposal_facts_changed"))
    return done_notice() if form.ok else None


def _about(found: Proposal) -> str | None:
    """Whom it is about: the masked account."""
    if found.subject is None:
        return None
    person = parts().directory.person(current_transaction(), found.subject)
    label = person.mobile or person.user_name
    return label.masked if label else found.subject
