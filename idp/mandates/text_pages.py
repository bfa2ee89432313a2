"""The exact text of a mandate, read and signed: by who gives it, by who signs with them, by who accepts.

Always true: what is signed is the text whose hash the page showed, by somebody who has just proved themselves twice.
"""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from flask import abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.parties import hold as hold_account
from idp.db import Transaction, current_transaction, db
from idp.flows.actions import Journey
from idp.flows.rules import step_names
from idp.flows.steps import journey_over
from idp.mandates import reading
from idp.mandates.actions import Signer, Text
from idp.mandates.certified import has_certificate
from idp.mandates.desk import Behalf, blueprint, parts, prove_first, signer, turned_away
from idp.mandates.finding import Looked, look
from idp.mandates.giving import draft_of, objection, replaced
from idp.mandates.grant_pages import BEGIN, KIND, address, at
from idp.mandates.granting import Denied
from idp.mandates.rules import Refusal, Side, State
from idp.mandates.showing import other_name, shown_mandate
from idp.signin.pages import CERTIFICATES
from idp.web.clock import now
from idp.web.forms import Field, Form
from idp.web.guards import signed_in
from idp.web.reasons import sentence
from idp.web.visit import carried

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
    found = parts().granting.text(tx, draft)
    if found is None:
        return journey_over(BEGIN)
    here = address(journey)
    if request.method == "GET":
        form = Form(*SIGNED)
        if (refusal := objection(tx, draft, mine.person, now=now())) is not None:
            form.refuse("", sentence(refusal))
        return _wizard_page(form, journey, mine, found)
    if (first := prove_first(here)) is not None:
        return redirect(first, 303)
    form = Form.submitted(*SIGNED)
    answer = given(form, journey, mine, signer()) if form.ok else None
    return answer or _wizard_page(
        form, journey, mine, parts().granting.text(current_transaction(), draft) or abort(404)
    )


def given(form: Form, journey: Journey, mine: Behalf, by: Signer) -> ResponseReturnValue | None:
    """Give the mandate; None when the form says why not. One of two that send the same journey moves it."""
    tx, draft = current_transaction(), draft_of(journey.facts)
    hold_account(tx, draft.principal)  # before the journey, as where a certificate signs
    if not parts().journeys.move(tx, journey, journey.facts):
        db.session.rollback()
        return journey_over(BEGIN)
    moved = Journey(journey.id, KIND, journey.facts, journey.version + 1)
    draft = replace(draft, replaces=form["replaces"] or None)
    found = parts().granting.draw(tx, draft, by, text_hash=form["text_hash"], now=now())
    if isinstance(found, Denied):
        db.session.commit()
        form.refuse("", sentence(found.reason))
        return None
    parts().journeys.move(tx, moved, {**journey.facts, "given": True}, ended_at=now())
    db.session.commit()
    return redirect(mine.url("done", mandate_id=draft.id), 303)


def _wizard_page(form: Form, journey: Journey, mine: Behalf, found: Text) -> ResponseReturnValue:
    tx = current_transaction()
    by_certificate = url_for("mandates.give_by_certificate", f=journey.id, **carried())
    return text_page(
        form,
        what="give",
        texts=found.by_language,
        text_hash=found.hash,
        here=address(journey),
        replaces=replaced_one(tx, replaced(tx, draft_of(journey.facts))),
        back_url=address(journey, "options"),
        steps=step_names(KIND),
        certificate_url=by_certificate if offers_certificate(mine) else None,
    )


def offers_certificate(mine: Behalf) -> bool:
    """Whether they can sign by a certificate here."""
    served = CERTIFICATES in current_app.extensions
    return served and has_certificate(current_transaction(), mine.person, mine.party, now=now())


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
    certificate_url: str | None = None,
) -> ResponseReturnValue:
    """``what``: give, sign, accept or request; ``signed``: who has signed already; ``certificate_url``: where they
    can sign by a certificate instead.
    """
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
        certificate_url=certificate_url,
    )


def replaced_one(tx: Transaction, mandate_id: str | None) -> SimpleNamespace | None:
    mandate = reading.find(tx, mandate_id) if mandate_id else None
    kept = reading.particulars(tx, mandate_id) if mandate_id else None
    return shown_mandate(tx, mandate, kept, Side.PRINCIPAL) if mandate and kept else None


@blueprint.route("/account/mandates/<mandate_id>/<any(sign, accept):step>", methods=["GET", "POST"])
@signed_in
def sign(mandate_id: str, step: str) -> ResponseReturnValue:
    """One more of the principal's people signs, or the first one what was asked for; or the agent takes it on."""
    seen = look(mandate_id)
    must_be_signable(seen, step)
    here, fields = seen.mine.url("sign", mandate_id=mandate_id, step=step), fields_of(step)
    if request.method == "GET":
        return _kept_page(Form(*fields), seen, step, here)
    if (first := prove_first(here)) is not None:
        return redirect(first, 303)
    form = Form.submitted(*fields)
    answer = signed(form, seen, step, signer()) if form.ok else None
    return answer or _kept_page(form, seen, step, here)


def fields_of(step: str) -> tuple[Field, ...]:
    """``step``: sign or accept, as everywhere here. Whoever accepts ends nothing by it that they were to be shown."""
    return SIGNED if step == "sign" else (HASH,)


def may_be_signed(seen: Looked, step: str) -> bool:
    """Whether there is anything to be signed, or accepted, by this side."""
    if step == "sign":
        return seen.side is Side.PRINCIPAL and seen.mandate.state in (State.REQUESTED, State.PENDING_APPROVALS)
    return seen.side is Side.AGENT and seen.mandate.state is State.PENDING_ACCEPTANCE


def must_be_signable(seen: Looked, step: str) -> None:
    """404 where there is nothing to be signed; who has sent it all the same is on record."""
    if may_be_signed(seen, step):
        return
    if request.method == "GET":
        abort(404)
    own = seen.side is (Side.PRINCIPAL if step == "sign" else Side.AGENT)
    turned_away(seen.mandate.id, Refusal.STATE if own else Refusal.FOR_ANOTHER)


def signed(form: Form, seen: Looked, step: str, by: Signer) -> ResponseReturnValue | None:
    """Sign or accept; None when the form says why not."""
    tx, key, text_hash = current_transaction(), seen.mandate.id, form["text_hash"]
    if step == "sign":
        shown = form["replaces"] or None
        found = parts().granting.sign(tx, key, by, text_hash=text_hash, replaces=shown, now=now())
    else:
        found = parts().moving.accept(tx, key, by, party=seen.mine.party, text_hash=text_hash, now=now())
    db.session.commit()
    if isinstance(found, Denied):
        form.refuse("", sentence(found.reason))
        return None
    return redirect(seen.mine.url("done", mandate_id=key), 303)


def ends_of(seen: Looked, step: str) -> SimpleNamespace | None:
    """What ends when this one begins, for who gives it."""
    tx = current_transaction()
    draft = parts().granting.draft_of(seen.mandate, seen.kept) if step == "sign" else None
    return replaced_one(tx, replaced(tx, draft)) if draft else None


def _kept_page(form: Form, seen: Looked, step: str, here: str) -> ResponseReturnValue:
    by_certificate = seen.mine.url("sign_by_certificate", mandate_id=seen.mandate.id, step=step)
    return text_page(
        form,
        what=step,
        texts=parts().granting.opened(seen.mandate.id, seen.kept)["text"],
        text_hash=seen.kept.text_hash,
        here=here,
        replaces=ends_of(seen, step),
        back_url=seen.mine.url("detail", mandate_id=seen.mandate.id),
        decline_url=seen.mine.url("end", mandate_id=seen.mandate.id, step="decline"),
        signed=seen.signatures(),
        certificate_url=by_certificate if offers_certificate(seen.mine) else None,
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
