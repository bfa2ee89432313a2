"""An entity's administrators and staff, and how many of its people sign.

Always true: what changes the rule is `idp.mandates.ruling`, which these pages only ask.
"""

from types import SimpleNamespace
from typing import NoReturn

from flask import abort, redirect, render_template, request
from flask.typing import ResponseReturnValue

from idp.db import Transaction, current_transaction, db
from idp.mandates import listing, reading
from idp.mandates.desk import Behalf, behalf, blueprint, note_refused, parts, prove_first, signer
from idp.mandates.granting import Denied
from idp.mandates.rules import Kind, Mandate, Refusal, Side
from idp.mandates.ruling import RuleChange, open_change, rule_of
from idp.mandates.showing import shown_mandate
from idp.mandates.signing import SigningRule
from idp.mandates.words import RULES
from idp.web.clock import now
from idp.web.forms import Field, Form
from idp.web.guards import signed_in
from idp.web.notices import done_notice
from idp.web.reasons import sentence

RULE = Field("rule", sentence("mandate_choice_missing"), max_length=40)


@blueprint.get("/account/mandates/people")
@signed_in
def people() -> ResponseReturnValue:
    """Who administers the entity's mandates, and its staff with post and unit."""
    mine, tx = behalf(), current_transaction()
    if mine.entity is None:
        abort(404)
    living = [one for one in reading.given_by(tx, mine.party) if mine.theme in ("", one.theme)]
    return render_template(
        "mandates/people.html",
        entity_name=mine.entity.name,
        administrators=[_person(tx, mine, one) for one in living if one.kind is Kind.ADMINISTRATOR],
        staff=[_person(tx, mine, one) for one in living if one.kind is Kind.EMPLOYMENT],
        rule=RULES[rule_of(tx, mine.party)][0],
        change=_change(open_change(tx, mine.party, now=now()), mine),
        rule_url=None if mine.mandate else mine.url("signing_rule"),
        grant_url=mine.url("kind"),
        bulk_url=mine.url("bulk"),
        back_url=mine.url("index"),
        notice=done_notice(),
    )


def _change(waiting: RuleChange | None, mine: Behalf) -> SimpleNamespace | None:
    if waiting is None:
        return None
    mine_too = waiting.asked_by == mine.person
    address = mine.url("rule_change", change_id=waiting.id)
    return SimpleNamespace(rule=RULES[waiting.rule][0], until=waiting.until, signed=mine_too, url=address)


def _person(tx: Transaction, mine: Behalf, one: Mandate) -> SimpleNamespace:
    mandate, kept = listing.by_id(tx, listing.Place(0, one.id))
    shown = shown_mandate(tx, mandate, kept, Side.PRINCIPAL)
    shown.post = parts().granting.opened(one.id, kept)["post"]
    shown.url = mine.url("detail", mandate_id=one.id)
    return shown


@blueprint.route("/account/mandates/signing-rule", methods=["GET", "POST"])
@signed_in
def signing_rule() -> ResponseReturnValue:
    """How many sign where much is at stake; set by the representative, after proving themselves."""
    mine, tx = behalf(), current_transaction()
    if mine.entity is None or mine.mandate is not None:
        _not_theirs(mine)
    if request.method == "GET":
        return _rule_page(Form(RULE, values={"rule": rule_of(tx, mine.party)}), mine)
    if (first := prove_first(mine.url("signing_rule"))) is not None:
        return redirect(first, 303)
    form = Form.submitted(RULE)
    if form["rule"] and form["rule"] not in tuple(SigningRule):
        form.refuse("rule", sentence("mandate_choice_missing"))
    if not form.ok:
        return _rule_page(form, mine)
    outcome = parts().ruling.ask(tx, mine.party, SigningRule(form["rule"]), signer(), now=now())
    db.session.commit()
    if isinstance(outcome, Denied):
        form.refuse("rule", sentence(outcome.reason))
        return _rule_page(form, mine)
    return redirect(mine.url("people", done=_done(outcome)), 303)


@blueprint.post("/account/mandates/signing-rule/<change_id>")
@signed_in
def rule_change(change_id: str) -> ResponseReturnValue:
    """One more of the entity's people signs a change of its rule, or drops it."""
    mine, tx, act = behalf(), current_transaction(), request.form.get("act")
    if mine.entity is None:
        _not_theirs(mine)
    if act not in ("sign", "drop"):
        abort(404)
    if (first := prove_first(mine.url("people"))) is not None:
        return redirect(first, 303)
    if act == "sign":
        outcome = parts().ruling.sign(tx, change_id, signer(), now=now())
        reason = outcome.reason if isinstance(outcome, Denied) else None
        done = None if isinstance(outcome, Denied) else _done(outcome)
    else:
        reason, done = parts().ruling.drop(tx, change_id, signer(), now=now()), "mandate_rule_dropped"
    db.session.commit()
    return redirect(mine.url("people", done=reason or done), 303)


def _not_theirs(mine: Behalf) -> NoReturn:
    """No rule of an entity's is theirs to change; that they tried stays on record."""
    if request.method == "POST":
        note_refused(Refusal.NOT_GRANTOR, principal=mine.party)
    abort(404)


def _done(outcome: SigningRule | RuleChange) -> str:
    return "mandate_rule_waits" if isinstance(outcome, RuleChange) else "mandate_rule_set"


def _rule_page(form: Form, mine: Behalf) -> ResponseReturnValue:
    return render_template(
        "mandates/rule.html",
        form=form,
        entity_name=mine.entity.name if mine.entity else "",
        rules=[(rule.value, *words) for rule, words in RULES.items()],
        proved=prove_first(mine.url("signing_rule")) is None,
        back_url=mine.url("people"),
    )
