"""One mandate as both sides see it, and what each may do with it: freeze, take back, lay down, decline, renew.

Always true: a step is one POST of the side whose it is, and the rules decide; a GET changes nothing.
"""

from types import SimpleNamespace

from flask import abort, redirect, render_template, request
from flask.typing import ResponseReturnValue

from idp.db import Transaction, current_transaction, db
from idp.mandates import history, reading
from idp.mandates.desk import blueprint, note_refused, parts, prove_first
from idp.mandates.finding import Looked, look
from idp.mandates.giving import again
from idp.mandates.grant_pages import address, begin
from idp.mandates.granting import Denied
from idp.mandates.rules import Kind, Mandate, Refusal, Side, State, Step, after
from idp.mandates.showing import acts, amount, matters, person_name, shown_mandate
from idp.mandates.themes import Theme
from idp.mandates.uses import Use, list_uses
from idp.mandates.words import RELEASED, STEPS, use_word
from idp.web.clock import now
from idp.web.forms import Form
from idp.web.guards import signed_in
from idp.web.locale import preferences
from idp.web.notices import done_notice
from idp.web.reasons import sentence

USES = 50
"""Uses that the page shows."""
_DONE = {
    State.SUSPENDED: "mandate_frozen",
    State.ACTIVE: "mandate_unfrozen",
    State.REVOKED: "mandate_revoked",
    State.RENOUNCED: "mandate_renounced",
}
_TAKEN_ON = frozenset({State.ACTIVE, State.SUSPENDED})
"""Before that nobody is told whether it has found its agent."""
_RENEWED = frozenset({State.ACTIVE, State.SUSPENDED, State.EXPIRED, State.REVOKED, State.RENOUNCED})


@blueprint.get("/account/mandates/<mandate_id>")
@signed_in
def detail(mandate_id: str) -> ResponseReturnValue:
    seen = look(mandate_id)
    return _page(seen, Form())


def _page(seen: Looked, form: Form) -> ResponseReturnValue:
    tx, mandate, kept = current_transaction(), seen.mandate, seen.kept
    theme, entries = parts().granting.themes.of(mandate.theme, mandate.theme_version), history.read(tx, mandate.id)
    names = {one.person: one.name for one in seen.signatures()}
    return render_template(
        "mandates/detail.html",
        form=form,
        one=shown_mandate(tx, mandate, kept, seen.side),
        side=str(seen.side),
        limit=amount(mandate.scope.limit) or None,
        matters=matters(theme, mandate.scope) if theme else [],
        acts=acts(mandate.scope),
        texts=parts().granting.opened(mandate.id, kept)["text"],
        text_hash=kept.text_hash,
        told=_told(theme, kept.struck) if theme else [],
        accept_by=kept.accept_by if mandate.state is State.PENDING_ACCEPTANCE else None,
        begins=mandate.in_force_at if mandate.in_force_at and mandate.in_force_at > now() else None,
        signatures=seen.signatures(),
        entries=[_entry(tx, entry, seen, names) for entry in entries],
        whole=history.is_whole(mandate.id, entries),
        uses=[_use(one, theme, tx) for one in list_uses(tx, mandate.id, most=USES)],
        people=[_child(tx, child) for child in reading.under(tx, mandate.id) if child.state in _TAKEN_ON],
        can=_can(seen),
        url={name: seen.mine.url(name, mandate_id=mandate.id) for name in ("step", "renew")}
        | {name: seen.mine.url("sign", mandate_id=mandate.id, step=name) for name in ("sign", "accept")}
        | {name: seen.mine.url("end", mandate_id=mandate.id, step=name) for name in ("revoke", "renounce", "decline")}
        | {"print": seen.mine.url("print_", mandate_id=mandate.id), "list": seen.mine.url("index")},
        notice=done_notice(),
    )


def _can(seen: Looked) -> frozenset[str]:
    """What this side may do now, by the names of its buttons."""
    state, side, kind = seen.mandate.state, seen.side, seen.mandate.kind
    can = {str(step) for step in Step if after(step, state, side=side, kind=kind) is not None}
    if side is Side.PRINCIPAL and state in (State.REQUESTED, State.PENDING_APPROVALS):
        signed = seen.mine.person in {one.person for one in seen.signatures()}
        can = (can - {Step.SIGN}) | (set() if signed else {"sign"})
    if side is Side.PRINCIPAL and state is State.REQUESTED:
        can -= {Step.REVOKE}  # it was asked for, not given: it is declined
    if side is Side.PRINCIPAL and state is State.PENDING_ACCEPTANCE:
        can -= {Step.DECLINE}
    if side is Side.PRINCIPAL and state in _RENEWED and seen.mandate.kind is not Kind.ASSISTED:
        can |= {"renew"}
    return frozenset(can)


def _told(theme: Theme, struck: str) -> list[object]:
    """What apps may be told about the represented party under it."""
    gone = struck.split()
    return [RELEASED[one.claim] for one in theme.releases if one.claim not in gone]


def _entry(tx: Transaction, entry: history.Entry, seen: Looked, names: dict[str, str]) -> SimpleNamespace:
    actor = entry.actor_id
    return SimpleNamespace(
        at=entry.at,
        step=STEPS.get(entry.step, entry.step),
        mine=actor == seen.mine.person,
        who=(names.get(actor) or person_name(tx, actor)) if actor else None,
    )


def _use(one: Use, theme: Theme | None, tx: Transaction) -> SimpleNamespace:
    client = parts().registry.get(one.client_id)
    service = next((s for s in theme.services if s.code == one.service), None) if theme else None
    return SimpleNamespace(
        at=one.used_at,
        app=client.label(preferences().lang) if client else one.client_id,
        what=use_word(one.what),
        matter=service.title[preferences().lang] if service else None,
        region=one.region,
        who=person_name(tx, one.person),
    )


def _child(tx: Transaction, child: Mandate) -> SimpleNamespace:
    """One of an agency's people: the agency's matter, and so masked for whom it acts for."""
    return SimpleNamespace(name=person_name(tx, child.agent), ends=child.valid_to)


@blueprint.post("/account/mandates/<mandate_id>/step")
@signed_in
def step(mandate_id: str) -> ResponseReturnValue:
    """Freeze, which is one act and at once; or release, for which one proves oneself."""
    seen = look(mandate_id)
    asked = request.form.get("step")
    if asked not in (Step.FREEZE, Step.UNFREEZE):
        abort(400)
    if asked == Step.UNFREEZE:
        first = prove_first(seen.mine.url("detail", mandate_id=mandate_id))
        if first is not None:
            return redirect(first, 303)
    return _take(seen, Step(asked))


@blueprint.route("/account/mandates/<mandate_id>/<any(revoke, renounce, decline):step>", methods=["GET", "POST"])
@signed_in
def end(mandate_id: str, step: str) -> ResponseReturnValue:
    """What ends it for good is asked once more."""
    seen = look(mandate_id)
    if request.method == "POST":
        return _take(seen, Step(step))
    if after(Step(step), seen.mandate.state, side=seen.side, kind=seen.mandate.kind) is None:
        abort(404)
    return render_template(
        "mandates/end.html",
        step=step,
        side=str(seen.side),
        one=shown_mandate(current_transaction(), seen.mandate, seen.kept, seen.side),
        back_url=seen.mine.url("detail", mandate_id=mandate_id),
    )


def _take(seen: Looked, step: Step) -> ResponseReturnValue:
    found = parts().moving.step(
        current_transaction(), seen.mandate.id, step, person=seen.mine.person, party=seen.mine.party, now=now()
    )
    db.session.commit()
    if isinstance(found, Denied):
        form = Form()
        form.refuse("", sentence(found.reason))
        return _page(look(seen.mandate.id), form)
    if step is Step.DECLINE:
        return redirect(seen.mine.url("index", done="mandate_declined"), 303)
    return redirect(seen.mine.url("detail", mandate_id=seen.mandate.id, done=_DONE[found]), 303)


@blueprint.post("/account/mandates/<mandate_id>/renew")
@signed_in
def renew(mandate_id: str) -> ResponseReturnValue:
    """The same to the same once more: the questions begin with the dates."""
    seen = look(mandate_id)
    if "renew" not in _can(seen):
        reason = Refusal.STATE if seen.side is Side.PRINCIPAL else Refusal.FOR_ANOTHER
        note_refused(reason, principal=seen.mandate.principal, mandate=seen.mandate.id)
        abort(400)
    tx = current_transaction()
    answers = again(seen.mandate, seen.kept)
    if answers is None:
        note_refused(Refusal.THEME_UNKNOWN, principal=seen.mandate.principal, mandate=seen.mandate.id)
        form = Form()
        form.refuse("", sentence("mandate_theme_unknown"))
        return _page(seen, form)
    return redirect(address(begin(tx, seen.mine, answers)), 303)
