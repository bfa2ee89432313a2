"""The exact text of a mandate, read and signed: by who gives it, by who signs with them, by who accepts.

Always true: what is signed is the text whose hash the page showed, by somebody who has just proved themselves twice.
"""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.db import Transaction, current_transaction, db
from idp.flows.actions import Journey
from idp.flows.rules import step_names
from idp.flows.steps import journey_over
from idp.mandates import reading
from idp.mandates.actions import Text
from idp.mandates.desk import Behalf, blueprint, parts, prove_first, signer
from idp.mandates.finding import Looked, look
from idp.mandates.giving import draft_of, objection, replaced
from idp.mandates.grant_pages import BEGIN, KIND, address, at
from idp.mandates.granting import Denied
from idp.mandates.rules import Side, State
from idp.mandates.showing import other_name, shown_mandate
from idp.web.clock import now
from idp.web.forms import Field, Form
from idp.web.guards import signed_in
from idp.web.reasons import sentence

HASH = Field("text_hash", sentence("mandate_state"), max_length=64)
REPLACES = Field("replaces", max_length=80, required=False)
SIGNED = (HASH, REPLACES)
SHOWN = 16
"""Characters of a hash that people compare."""


@blueprint.route("/account/mandates/new/text", methods=["GET", "POST"])
@at("text")
def text(journey: Journey, mine: Behalf) -> ResponseReturnValue:
    """The text as it will be kept; with its signature the mandate is given."""
    tx, draft = current_transaction(), draft_of(journey.facts)
    found, ends = parts().granting.text(tx, draft), replaced(tx, draft)
    if found is None:
        return journey_over(BEGIN)
    here = address(journey)
    if request.method == "GET":
        form = Form(*SIGNED)
        if (refusal := objection(tx, draft, mine.person, now=now())) is not None:
            form.refuse("", sentence(refusal))
        return _wizard_page(tx, form, journey, found, ends)
    if (first := prove_first(here)) is not None:
        return redirect(first, 303)
    form = Form.submitted(*SIGNED)
    if not form.ok:
        return _wizard_page(tx, form, journey, found, ends)
    return _draw(form, journey, mine)


def _draw(form: Form, journey: Journey, mine: Behalf) -> ResponseReturnValue:
    """One of two that send the same journey moves it, and gives the mandate."""
    tx, draft = current_transaction(), draft_of(journey.facts)
    if not parts().journeys.move(tx, journey, journey.facts):
        db.session.rollback()
        return journey_over(BEGIN)
    moved = Journey(journey.id, KIND, journey.facts, journey.version + 1)
    found = parts().granting.draw(
        tx, replace(draft, replaces=form["replaces"] or None), signer(), text_hash=form["text_hash"], now=now()
    )
    if isinstance(found, Denied):
        db.session.commit()
        form.refuse("", sentence(found.reason))
        text_now = parts().granting.text(current_transaction(), draft) or abort(404)
        return _wizard_page(current_transaction(), form, moved, text_now, replaced(current_transaction(), draft))
    parts().journeys.move(tx, moved, {**journey.facts, "given": True}, ended_at=now())
    db.session.commit()
    return redirect(mine.url("done", mandate_id=draft.id), 303)


def _wizard_page(tx: Transaction, form: Form, journey: Journey, found: Text, ends: str | None) -> ResponseReturnValue:
    return text_page(
        form,
        what="give",
        texts=found.by_language,
        text_hash=found.hash,
        here=address(journey),
        replaces=_replaced(tx, ends),
        back_url=address(journey, "options"),
        steps=step_names(KIND),
    )


def text_page(
    form: Form,
    *,
    what: str,
    texts: Any,
    text_hash: str,
    here: str,
    replaces: SimpleNamespace | None = None,
    back_url: str,
    steps: Any = (),
    decline_url: str | None = None,
    signed: Any = (),
) -> ResponseReturnValue:
    """``what``: give, sign, accept or request; ``signed``: who has signed already."""
    return render_template(
        "mandates/text.html",
        form=form,
        what=what,
        texts=texts,
        text_hash=text_hash,
        short_hash=text_hash[:SHOWN],
        replaces=replaces,
        proved=prove_first(here) is None,
        back_url=back_url,
        steps=steps,
        decline_url=decline_url,
        signed=signed,
    )


def _replaced(tx: Transaction, mandate_id: str | None) -> SimpleNamespace | None:
    mandate = reading.find(tx, mandate_id) if mandate_id else None
    kept = reading.particulars(tx, mandate_id) if mandate_id else None
    return shown_mandate(tx, mandate, kept, Side.PRINCIPAL) if mandate and kept else None


@blueprint.route("/account/mandates/<mandate_id>/sign", methods=["GET", "POST"])
@signed_in
def sign(mandate_id: str) -> ResponseReturnValue:
    """One more of the principal's people signs, or the first one what was asked for."""
    tx, seen = current_transaction(), look(mandate_id)
    if seen.side is not Side.PRINCIPAL or seen.mandate.state not in (State.REQUESTED, State.PENDING_APPROVALS):
        abort(404)
    here, draft = seen.mine.url("sign", mandate_id=mandate_id), parts().granting.draft_of(seen.mandate, seen.kept)
    if request.method == "POST" and (first := prove_first(here)) is not None:
        return redirect(first, 303)
    form = Form.submitted(*SIGNED) if request.method == "POST" else Form(*SIGNED)
    if request.method == "POST" and form.ok:
        shown = form["replaces"] or None
        found = parts().granting.sign(
            tx, mandate_id, signer(), text_hash=form["text_hash"], replaces=shown, now=now()
        )
        db.session.commit()
        if not isinstance(found, Denied):
            return redirect(seen.mine.url("done", mandate_id=mandate_id), 303)
        form.refuse("", sentence(found.reason))
    ends = _replaced(current_transaction(), replaced(current_transaction(), draft))
    return _kept_page(form, seen, "sign", here, ends)


@blueprint.route("/account/mandates/<mandate_id>/accept", methods=["GET", "POST"])
@signed_in
def accept(mandate_id: str) -> ResponseReturnValue:
    """The agent takes it on, after reading it."""
    tx, seen = current_transaction(), look(mandate_id)
    if seen.side is not Side.AGENT or seen.mandate.state is not State.PENDING_ACCEPTANCE:
        abort(404)
    here = seen.mine.url("accept", mandate_id=mandate_id)
    if request.method == "POST" and (first := prove_first(here)) is not None:
        return redirect(first, 303)
    form = Form.submitted(HASH) if request.method == "POST" else Form(HASH)
    if request.method == "POST" and form.ok:
        found = parts().moving.accept(
            tx, mandate_id, signer(), party=seen.mine.party, text_hash=form["text_hash"], now=now()
        )
        db.session.commit()
        if not isinstance(found, Denied):
            return redirect(seen.mine.url("done", mandate_id=mandate_id), 303)
        form.refuse("", sentence(found.reason))
    return _kept_page(form, seen, "accept", here, None)


def _kept_page(form: Form, seen: Looked, what: str, here: str, ends: SimpleNamespace | None) -> ResponseReturnValue:
    return text_page(
        form,
        what=what,
        texts=parts().granting.opened(seen.mandate.id, seen.kept)["text"],
        text_hash=seen.kept.text_hash,
        here=here,
        replaces=ends,
        back_url=seen.mine.url("detail", mandate_id=seen.mandate.id),
        decline_url=seen.mine.url("end", mandate_id=seen.mandate.id, step="decline"),
        signed=seen.signatures(),
    )


@blueprint.get("/account/mandates/<mandate_id>/done")
@signed_in
def done(mandate_id: str) -> ResponseReturnValue:
    """What happens next."""
    seen = look(mandate_id)
    return render_template(
        "mandates/done.html",
        state=str(seen.mandate.state),
        side=str(seen.side),
        other=other_name(current_transaction(), seen.mandate, seen.kept, seen.side),
        accept_by=seen.kept.accept_by,
        begins=max(seen.mandate.valid_from, seen.mandate.in_force_at or 0),
        waits=not seen.kept.waived,
        detail_url=seen.mine.url("detail", mandate_id=mandate_id),
        print_url=seen.mine.url("print_", mandate_id=mandate_id),
        list_url=seen.mine.url("index"),
        again_url=url_for("entities.acting"),
    )
