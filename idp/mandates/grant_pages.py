"""Giving a mandate, one question on a page: what for, to whom, about what, how far, how long, and on which terms.

Always true: the mandate's id is made with the first answer, and each later one undoes what was answered after it.
"""

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.credit_code import CreditCode
from idp.accounts.rules import PartyKind
from idp.crypto.tokens import new_id
from idp.db import Transaction, current_transaction, db
from idp.flows.actions import Journey
from idp.flows.rules import FlowKind, open_step, step_names, undone
from idp.flows.steps import Steps, journey_over
from idp.mandates import reading
from idp.mandates.addressing import Addressee
from idp.mandates.answers import (
    AMOUNT,
    DATES,
    POST_HELD,
    UNIT,
    read_dates,
    read_scope,
    scope_fields,
    shown_scope,
)
from idp.mandates.desk import Behalf, behalf, behalf_by, blueprint, parts, refuse
from idp.mandates.giving import (
    Choice,
    agent_kind,
    choices,
    clients,
    offered_scope,
    parent_of,
    presets,
    read_addressee,
    themes_for,
)
from idp.mandates.rules import Mandate, Refusal, Side
from idp.mandates.scopes import SPENDING
from idp.mandates.showing import matters, other_name, title
from idp.mandates.themes import Theme
from idp.mandates.words import RELEASED
from idp.proofing.forms import FIELDS as PERSON
from idp.proofing.forms import empty_form, read_person
from idp.web.clock import now
from idp.web.cookies import browser_digest
from idp.web.forms import Field, Form
from idp.web.guards import signed_in
from idp.web.reasons import sentence
from idp.web.visit import carried

KIND = FlowKind.MANDATE
BEGIN = "mandates.kind"
CHOICE = Field("choice", sentence("mandate_choice_missing"), max_length=80)
THEME = Field("theme", sentence("mandate_theme_missing"), max_length=140)
NAME = Field("name", sentence("entity_name_missing"), max_length=200)
CODE = Field("uscc", sentence("credit_code_missing"), max_length=64)
WAIVED = Field("waived", max_length=8, required=False)
DELEGATES = Field("may_delegate", max_length=8, required=False)
View = Callable[[Journey, Behalf], ResponseReturnValue]


def address(journey: Journey, step: str | None = None) -> str:
    """The page of ``step``, else of the one that is open."""
    return url_for(f"mandates.{step or open_step(KIND, journey.facts) or 'kind'}", f=journey.id, **carried())


STEPS = Steps(KIND, BEGIN, lambda: parts().journeys, address)


def at(step: str, endpoint: str = "") -> Callable[[View], Callable[[], ResponseReturnValue]]:
    """For a view of ``step``, which stays open while later ones are; it is given on whose behalf, too.

    ``endpoint``: where it is another page of the step than its own.
    """

    def kept(view: View) -> Callable[[], ResponseReturnValue]:
        @STEPS.own(*step_names(KIND)[step_names(KIND).index(step) :])
        def serve(journey: Journey) -> ResponseReturnValue:
            mine = behalf_by(journey.facts["by"])
            return view(journey, mine) if mine.party == journey.facts["principal"] else journey_over(BEGIN)

        serve.__name__ = endpoint or step
        return serve

    return kept


def answered(journey: Journey, step: str, **given: Any) -> ResponseReturnValue:
    """Keep the answers of a step, forget those of later ones, and go on."""
    facts = undone(KIND, step, journey.facts) | given
    if not parts().journeys.move(current_transaction(), journey, facts):
        db.session.rollback()
        return journey_over(BEGIN)
    db.session.commit()
    return redirect(address(Journey(journey.id, KIND, facts, journey.version + 1)), 303)


def page(step: str, form: Form, journey: Journey | None = None, **shown: Any) -> ResponseReturnValue:
    """``shown``: what the question needs; ``back_url`` where it is not the question before."""
    names = step_names(KIND)
    if journey is not None:
        shown = {"back_url": address(journey, names[names.index(step) - 1])} | shown
    return render_template(f"mandates/{step}.html", form=form, steps=names, step=step, **shown)


@blueprint.route("/account/mandates/new", methods=["GET", "POST"])
@signed_in
def kind() -> ResponseReturnValue:
    """What somebody wants; with the answer the journey begins."""
    tx, mine = current_transaction(), behalf()
    if parts().granting.addresses.own(tx, mine.party) is None:
        return redirect(url_for("account.identity", done="mandate_own_name_missing"), 303)
    served = clients(tx, mine, now=now())
    offered = choices(mine)
    if request.method == "GET":
        return _kind_page(tx, Form(CHOICE, values={"choice": offered[0]}), mine, served)
    form = Form.submitted(CHOICE)
    client = next((one.id for one in served if one.id == form["choice"]), None)
    if form["choice"] and client is None and form["choice"] not in offered:
        refuse(form, "choice", "mandate_choice_missing", Refusal.NOT_GRANTOR, mine)
    if not form.ok:
        return _kind_page(tx, form, mine, served)
    chosen = Choice.FOR_CLIENT if client else Choice(form["choice"])
    return redirect(address(begin(tx, mine, {"choice": chosen, "parent": client})), 303)


def begin(tx: Transaction, mine: Behalf, answers: Mapping[str, Any]) -> Journey:
    """A journey with its first answers, or all up to the dates; commits."""
    by = mine.mandate.id if mine.mandate else None
    first = {"party_id": mine.person, "principal": mine.party, "by": by, "mandate": new_id("mnd")}
    journey = parts().journeys.begin(tx, KIND, first | dict(answers), browser=browser_digest(), now=now())
    db.session.commit()
    return journey


def _kind_page(tx: Transaction, form: Form, mine: Behalf, served: list[Mandate]) -> ResponseReturnValue:
    shown = [SimpleNamespace(id=one.id, name=_client_name(tx, one), ends=one.valid_to) for one in served]
    return page(
        "kind",
        form,
        back_url=mine.url("index"),
        choices=[str(one) for one in choices(mine)],
        clients=shown,
        entity_name=mine.entity.name if mine.entity else None,
    )


def _client_name(tx: Transaction, mandate: Mandate) -> str:
    kept = reading.particulars(tx, mandate.id)
    return other_name(tx, mandate, kept, Side.AGENT) if kept else ""


@blueprint.route("/account/mandates/new/who", methods=["GET", "POST"])
@at("who")
def who(journey: Journey, mine: Behalf) -> ResponseReturnValue:
    """Whom it is for. The answer is the same whether or not anybody of that name and number has an account."""
    choice = Choice(journey.facts["choice"])
    post = (POST_HELD, UNIT) if choice is Choice.STAFF else ()
    entity = agent_kind(choice) is PartyKind.ENTITY
    fields = (NAME, CODE) if entity else (*PERSON, *post)
    shown = {"entity": entity, "choice": str(choice), "back_url": mine.url("kind")}
    if request.method == "GET":
        return page("who", Form(*fields) if entity else empty_form(*fields), journey, **shown)
    form = Form.submitted(*fields)
    found = read_entity(form) if entity else named_person(form)
    own = parts().granting.addresses.own(current_transaction(), mine.party)
    if found is not None and own is not None and own.is_same(found):
        refuse(form, "name", "mandate_to_self", Refusal.SELF, mine)
    if found is None or not form.ok:
        return page("who", form, journey, **shown)
    written = parts().granting.addresses.write(found)
    told = {"post": form["post"], "unit": form["unit"]} if post else {"post": ""}
    return answered(journey, "who", addressee=written, **told)


def named_person(form: Form) -> Addressee | None:
    """The person of a form; None when it says what is wrong."""
    found = read_person(form)
    return Addressee(found[0].value, found[1]) if found else None


def read_entity(form: Form) -> Addressee | None:
    """The entity of a form; None when it says what is wrong."""
    code = CreditCode.parse(form["uscc"]) if form["uscc"] else None
    if form["uscc"] and code is None:
        form.refuse("uscc", sentence("credit_code_invalid"))
    return Addressee(" ".join(form["name"].split()), code) if form.ok and code else None


@blueprint.route("/account/mandates/new/theme", methods=["GET", "POST"])
@at("theme")
def theme(journey: Journey, mine: Behalf) -> ResponseReturnValue:
    """What it is about."""
    parent = parent_of(current_transaction(), journey.facts)
    known = {one.code: one for one in themes_for(mine, Choice(journey.facts["choice"]), parent)}
    if request.method == "GET":
        form = Form(THEME, values={"theme": next(iter(known)) if len(known) == 1 else ""})
        return page("theme", form, journey, themes=shown_themes(known))
    form = Form.submitted(THEME)
    found = known.get(form["theme"])
    if found is None:
        refuse(form, "theme", "mandate_theme_missing", Refusal.THEME_UNKNOWN, mine)
        return page("theme", form, journey, themes=shown_themes(known))
    return answered(journey, "theme", theme=found.code, version=found.version)


def shown_themes(known: Mapping[str, Theme]) -> list[SimpleNamespace]:
    return [
        SimpleNamespace(
            code=code,
            title=title(one),
            matters=matters(one, one.whole),
            sensitive=one.sensitive,
            level=one.grantor_ial,
        )
        for code, one in known.items()
    ]


def theme_of(journey: Journey) -> Theme:
    """The theme that was chosen, in the version of then."""
    found = parts().granting.themes.of(journey.facts["theme"], journey.facts["version"])
    return found or abort(404)


@blueprint.route("/account/mandates/new/scope", methods=["GET", "POST"])
@at("scope")
def scope(journey: Journey, mine: Behalf) -> ResponseReturnValue:
    """Which matters, which actions, up to which amount."""
    about = theme_of(journey)
    most = offered_scope(mine, about, parent_of(current_transaction(), journey.facts))
    fields = (*scope_fields(about, most), *((AMOUNT,) if most.actions & SPENDING else ()))
    shown = shown_scope(about, most)
    if request.method == "GET":
        return page("scope", Form(*fields), journey, theme=title(about), **shown)
    form = Form.submitted(*fields)
    found = read_scope(form, about, most, Choice(journey.facts["choice"]), mine)
    if found is None:
        return page("scope", form, journey, theme=title(about), **shown)
    return answered(journey, "scope", scope=found.declaration())


@blueprint.route("/account/mandates/new/dates", methods=["GET", "POST"])
@at("dates")
def dates(journey: Journey, mine: Behalf) -> ResponseReturnValue:
    """From when until when."""
    about, parent = theme_of(journey), parent_of(current_transaction(), journey.facts)
    ends = presets(mine, about, parent, now=now())
    if request.method == "GET":
        return page("dates", Form(*DATES, values={"term": "month"}), journey, ends=ends)
    form = Form.submitted(*DATES)
    found = read_dates(form, ends, mine, about, parent)
    if found is None:
        return page("dates", form, journey, ends=ends)
    return answered(journey, "dates", **{"from": found[0], "to": found[1]})


@blueprint.route("/account/mandates/new/options", methods=["GET", "POST"])
@at("options")
def options(journey: Journey, mine: Behalf) -> ResponseReturnValue:
    """What is not told to apps, whether an agency appoints its own people, whether it counts at once."""
    del mine
    about, agency = theme_of(journey), read_addressee(journey.facts).kind is PartyKind.ENTITY
    told = {f"tell-{one.claim}": one.claim for one in about.releases if one.optional}
    fields = [Field(name, max_length=8, required=False) for name in told]
    delegates = (DELEGATES,) if agency and about.delegable else ()
    if request.method == "GET":
        form = Form(*fields, *delegates, WAIVED, values=dict.fromkeys(told, "yes"))
        data = [SimpleNamespace(field=name, word=RELEASED[claim]) for name, claim in told.items()]
        always = [RELEASED[one.claim] for one in about.releases if not one.optional]
        return page("options", form, journey, data=data, always=always, delegates=bool(delegates))
    form = Form.submitted(*fields, *delegates, WAIVED)
    return answered(
        journey,
        "options",
        struck=sorted(claim for name, claim in told.items() if form[name] != "yes"),
        may_delegate=bool(delegates) and form["may_delegate"] == "yes",
        waived=form["waived"] == "yes",
    )
