"""An entity's administrators and staff, and how many of its people sign.

Always true: a rule is only made stricter by one person alone, and only as strict as the people there are can meet.
"""

from types import SimpleNamespace
from typing import Any

from flask import abort, redirect, render_template, request
from flask.typing import ResponseReturnValue

from idp.audit import Event, record
from idp.db import Statement, Transaction, current_transaction, db
from idp.entities import roles
from idp.entities.rules import RoleState
from idp.mandates import listing, reading
from idp.mandates.desk import Behalf, behalf, blueprint, parts, prove_first
from idp.mandates.granting import Footing
from idp.mandates.rules import Kind, Mandate, Side, State
from idp.mandates.showing import shown_mandate
from idp.mandates.signing import Signature, SigningRule, is_signed
from idp.mandates.words import RULES
from idp.web.clock import now
from idp.web.forms import Field, Form
from idp.web.guards import signed_in
from idp.web.notices import done_notice
from idp.web.reasons import sentence

RULE = Field("rule", sentence("mandate_choice_missing"), max_length=40)
_READ = Statement("SELECT rule FROM entity_signing_rule WHERE entity_id = :entity", SigningRule)
_WRITE = Statement[Any](
    "INSERT INTO entity_signing_rule (entity_id, rule, set_by, set_at) VALUES (:entity, :rule, :by, :now)"
    " ON CONFLICT (entity_id) DO UPDATE SET rule = excluded.rule, set_by = excluded.set_by, set_at = excluded.set_at"
)


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
        rule_url=None if mine.mandate else mine.url("signing_rule"),
        grant_url=mine.url("kind"),
        bulk_url=mine.url("bulk"),
        back_url=mine.url("index"),
        notice=done_notice(),
    )


def _person(tx: Transaction, mine: Behalf, one: Mandate) -> SimpleNamespace:
    mandate, kept = listing.by_id(tx, listing.Place(0, one.id))
    shown = shown_mandate(tx, mandate, kept, Side.PRINCIPAL)
    shown.post = parts().granting.opened(one.id, kept)["post"]
    shown.url = mine.url("detail", mandate_id=one.id)
    return shown


def rule_of(tx: Transaction, entity: str) -> SigningRule:
    return tx.one(_READ, entity=entity) or SigningRule.ALONE


@blueprint.route("/account/mandates/signing-rule", methods=["GET", "POST"])
@signed_in
def signing_rule() -> ResponseReturnValue:
    """How many sign where much is at stake; set by the representative, after proving themselves."""
    mine, tx = behalf(), current_transaction()
    if mine.entity is None or mine.mandate is not None:
        abort(404)
    if request.method == "GET":
        return _rule_page(Form(RULE, values={"rule": rule_of(tx, mine.party)}), mine)
    if (first := prove_first(mine.url("signing_rule"))) is not None:
        return redirect(first, 303)
    form = Form.submitted(RULE)
    if form["rule"] and form["rule"] not in tuple(SigningRule):
        form.refuse("rule", sentence("mandate_choice_missing"))
    if not form.ok:
        return _rule_page(form, mine)
    roles.hold(tx, mine.party)
    wanted = SigningRule(form["rule"])
    refusal = _objection(tx, mine.party, wanted)
    if refusal is not None:
        db.session.rollback()
        form.refuse("rule", sentence(refusal))
        return _rule_page(form, mine)
    tx.run(_WRITE, entity=mine.party, rule=wanted, by=mine.person, now=now())
    event, detail = Event.SIGNING_RULE_SET, {"rule": wanted}
    record(tx, event, actor=mine.person, subject=mine.party, detail=detail, now=now())
    db.session.commit()
    return redirect(mine.url("people", done="mandate_rule_set"), 303)


def _objection(tx: Transaction, entity: str, wanted: SigningRule) -> str | None:
    there, held = _signers(tx, entity), rule_of(tx, entity)
    if not is_signed(wanted, there):
        return "mandate_rule_needs_two"
    looser = wanted is SigningRule.ALONE or (held, wanted) == (SigningRule.WITH_ADMINISTRATOR, SigningRule.ANY_TWO)
    return "mandate_rule_needed" if looser and held is not wanted and is_signed(held, there) else None


def _signers(tx: Transaction, entity: str) -> list[Signature]:
    """Everybody who could sign for the entity now."""
    there = [one for one in roles.of_entity(tx, entity) if one.state == RoleState.CONFIRMED]
    administer = [
        one for one in reading.given_by(tx, entity) if one.kind is Kind.ADMINISTRATOR and one.state is State.ACTIVE
    ]
    return [
        *(Signature(one.agent, Footing.ADMINISTRATOR) for one in administer if one.in_force(now=now())),
        *(Signature(one.person, Footing.REPRESENTATIVE) for one in there),
    ]


def _rule_page(form: Form, mine: Behalf) -> ResponseReturnValue:
    return render_template(
        "mandates/rule.html",
        form=form,
        entity_name=mine.entity.name if mine.entity else "",
        rules=[(rule.value, *words) for rule, words in RULES.items()],
        proved=prove_first(mine.url("signing_rule")) is None,
        back_url=mine.url("people"),
    )
