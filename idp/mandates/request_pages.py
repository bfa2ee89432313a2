"""Asking somebody for a mandate: who would act says for whom, about what, how far and how long.

Always true: whoever is asked, the answer is the same, and nothing more is seen of it until they have signed.
"""

from collections.abc import Callable
from hashlib import sha256
from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.rules import PartyKind
from idp.audit import Event, record
from idp.crypto.tokens import new_id
from idp.db import Transaction, current_transaction, db
from idp.flows.actions import Journey
from idp.flows.rules import FlowKind, open_step, step_names, undone
from idp.flows.steps import Steps, journey_over
from idp.mandates.addressing import Addressee
from idp.mandates.answers import AMOUNT, DATES, read_dates, read_scope, scope_fields, shown_scope
from idp.mandates.desk import Behalf, behalf, blueprint, parts, refuse
from idp.mandates.drafts import LANGUAGES, Draft
from idp.mandates.giving import KIND as KINDS
from idp.mandates.giving import Choice, presets
from idp.mandates.grant_pages import CODE, NAME, THEME, named_person, read_entity, shown_themes
from idp.mandates.rules import Refusal
from idp.mandates.scopes import SPENDING, Action, Scope
from idp.mandates.showing import title
from idp.mandates.telling import tell_party
from idp.mandates.text_pages import text_page
from idp.mandates.texts import Drawn, mandate_text
from idp.mandates.themes import Theme
from idp.proofing.forms import FIELDS as PERSON
from idp.proofing.forms import empty_form
from idp.web.clock import now
from idp.web.cookies import browser_digest
from idp.web.forms import Field, Form
from idp.web.guards import signed_in
from idp.web.reasons import sentence
from idp.web.visit import carried

KIND = FlowKind.MANDATE_REQUEST
BEGIN = "mandates.ask"
DAILY = 10
"""Requests that one person sends in a day, to whomever."""
SENT = Field("sent", max_length=8)
View = Callable[[Journey, Behalf], ResponseReturnValue]


def _address(journey: Journey, step: str | None = None) -> str:
    return url_for(f"mandates.ask_{step or open_step(KIND, journey.facts) or 'theme'}", f=journey.id, **carried())


STEPS = Steps(KIND, BEGIN, lambda: parts().journeys, _address)


def _at(step: str) -> Callable[[View], Callable[[], ResponseReturnValue]]:
    def kept(view: View) -> Callable[[], ResponseReturnValue]:
        @STEPS.own(*step_names(KIND)[step_names(KIND).index(step) :])
        def serve(journey: Journey) -> ResponseReturnValue:
            mine = behalf()
            return view(journey, mine) if mine.party == journey.facts["agent"] else journey_over(BEGIN)

        serve.__name__ = f"ask_{step}"
        return serve

    return kept


def _answered(journey: Journey, step: str, **given: Any) -> ResponseReturnValue:
    facts = undone(KIND, step, journey.facts) | given
    if not parts().journeys.move(current_transaction(), journey, facts):
        db.session.rollback()
        return journey_over(BEGIN)
    db.session.commit()
    return redirect(_address(Journey(journey.id, KIND, facts, journey.version + 1)), 303)


def _page(step: str, form: Form, journey: Journey, **shown: Any) -> ResponseReturnValue:
    names = step_names(KIND)
    before = names[names.index(step) - 1]
    back = _address(journey, before) if before != "who" else url_for(BEGIN)
    return render_template(f"mandates/{step}.html", form=form, steps=names, step=step, back_url=back, **shown)


@blueprint.route("/account/mandates/request", methods=["GET", "POST"])
@signed_in
def ask() -> ResponseReturnValue:
    """A person or an entity: which of the two forms comes next."""
    return render_template(
        "mandates/ask.html",
        person_url=url_for("mandates.ask_who", of="person"),
        entity_url=url_for("mandates.ask_who", of="entity"),
        entity=behalf().entity is not None,
        back_url=behalf().url("index"),
    )


@blueprint.route("/account/mandates/request/who", methods=["GET", "POST"])
@signed_in
def ask_who() -> ResponseReturnValue:
    """Whom one would act for. Only who is proved to be somebody asks."""
    mine, tx = behalf(), current_transaction()
    own = parts().granting.addresses.own(tx, mine.party)
    if own is None:
        return redirect(url_for("account.identity", done="mandate_own_name_missing"), 303)
    entity = request.args.get("of") == "entity" or mine.entity is not None
    fields = (NAME, CODE) if entity else PERSON
    shown = {"entity": entity, "choice": "request", "steps": step_names(KIND), "step": "who"}
    shown["back_url"] = url_for(BEGIN)
    if request.method == "GET":
        form = Form(*fields) if entity else empty_form(*fields)
        return render_template("mandates/who.html", form=form, **shown)
    form = Form.submitted(*fields)
    found = read_entity(form) if entity else named_person(form)
    if found is not None and found.is_same(own):
        refuse(form, "name", "mandate_principal_self", Refusal.SELF, mine)
    if found is None or not form.ok:
        return render_template("mandates/who.html", form=form, **shown)
    return redirect(_address(_begin(mine, found)), 303)


def _begin(mine: Behalf, found: Addressee) -> Journey:
    choice = Choice.FAMILY if found.kind is PartyKind.PERSON else Choice.EMPLOYEE
    facts = {
        "party_id": mine.person,
        "agent": mine.party,
        "mandate": new_id("mnd"),
        "principal": parts().granting.addresses.write(found),
        "choice": choice,
    }
    journey = parts().journeys.begin(current_transaction(), KIND, facts, browser=browser_digest(), now=now())
    db.session.commit()
    return journey


def _principal(journey: Journey) -> Addressee:
    return parts().granting.addresses.read(journey.facts["principal"])


def _themes(journey: Journey, mine: Behalf) -> dict[str, Theme]:
    kind = _principal(journey).kind
    known = parts().granting.themes.all()
    return {one.code: one for one in known if kind in one.principals and mine.kind in one.agents}


@blueprint.route("/account/mandates/request/theme", methods=["GET", "POST"])
@_at("theme")
def ask_theme(journey: Journey, mine: Behalf) -> ResponseReturnValue:
    known = _themes(journey, mine)
    if request.method == "GET":
        return _page("theme", Form(THEME), journey, themes=shown_themes(known))
    form = Form.submitted(THEME)
    found = known.get(form["theme"])
    if found is None:
        refuse(form, "theme", "mandate_theme_missing", Refusal.THEME_UNKNOWN, mine)
        return _page("theme", form, journey, themes=shown_themes(known))
    return _answered(journey, "theme", theme=found.code, version=found.version)


def _theme(journey: Journey) -> Theme | None:
    return parts().granting.themes.of(journey.facts["theme"], journey.facts["version"])


@blueprint.route("/account/mandates/request/scope", methods=["GET", "POST"])
@_at("scope")
def ask_scope(journey: Journey, mine: Behalf) -> ResponseReturnValue:
    theme = _theme(journey)
    if theme is None:
        return journey_over(BEGIN)
    most = Scope(theme.actions - {Action.MANAGE}, theme.whole.services)
    fields = (*scope_fields(theme, most), *((AMOUNT,) if most.actions & SPENDING else ()))
    shown = {"theme": title(theme)} | shown_scope(theme, most)
    form = Form.submitted(*fields) if request.method == "POST" else Form(*fields)
    found = read_scope(form, theme, most, Choice(journey.facts["choice"]), mine) if request.method == "POST" else None
    if found is None:
        return _page("scope", form, journey, **shown)
    return _answered(journey, "scope", scope=found.declaration())


@blueprint.route("/account/mandates/request/dates", methods=["GET", "POST"])
@_at("dates")
def ask_dates(journey: Journey, mine: Behalf) -> ResponseReturnValue:
    theme = _theme(journey)
    if theme is None:
        return journey_over(BEGIN)
    ends = presets(mine, theme, None, now=now())
    form = Form.submitted(*DATES) if request.method == "POST" else Form(*DATES, values={"term": "month"})
    found = read_dates(form, ends, mine, theme, None) if request.method == "POST" else None
    if found is None:
        return _page("dates", form, journey, ends=ends)
    return _answered(journey, "dates", **{"from": found[0], "to": found[1]})


@blueprint.route("/account/mandates/request/text", methods=["GET", "POST"])
@_at("text")
def ask_text(journey: Journey, mine: Behalf) -> ResponseReturnValue:
    """The text that the other side will read; with it the request is sent."""
    theme, own = _theme(journey), parts().granting.addresses.own(current_transaction(), mine.party)
    if theme is None or own is None:
        return journey_over(BEGIN)
    if request.method == "GET":
        return _text_page(Form(SENT), journey, theme, own)
    form = Form.submitted(SENT)
    if form.ok and not _within_budget(mine):
        form.refuse("", sentence("mandate_requests_daily"))
    if not form.ok:
        return _text_page(form, journey, theme, own)
    tx = current_transaction()
    if not parts().journeys.move(tx, journey, {**journey.facts, "sent": True}, ended_at=now()):
        db.session.rollback()
        return journey_over(BEGIN)
    principal = parts().granting.addresses.resolve(tx, _principal(journey))
    if principal:
        draft = _draft(journey, own, principal)
        parts().granting.request(tx, draft, by=mine.party, person=mine.person, now=now())
    else:
        _ask_nobody(tx, journey, mine)
    db.session.commit()
    return redirect(mine.url("index", done="mandate_requested"), 303)


def _ask_nobody(tx: Transaction, journey: Journey, mine: Behalf) -> None:
    """What can be seen of a request by who sends it, without one."""
    record(tx, Event.MANDATE_REQUESTED, actor=mine.person, mandate=journey.facts["mandate"], now=now())
    tell_party(tx, parts().granting.addresses, "", "mandate_requested", now=now())


def _within_budget(mine: Behalf) -> bool:
    db.session.rollback()
    return parts().store.incr("mandate-requests", mine.person, 86400) <= DAILY


def _draft(journey: Journey, own: Addressee, principal: str) -> Draft:
    facts = journey.facts
    return Draft(
        id=facts["mandate"],
        kind=KINDS[Choice(facts["choice"])],
        principal=principal,
        addressee=own,
        theme=facts["theme"],
        theme_version=facts["version"],
        scope=Scope.read(facts["scope"]),
        valid_from=facts["from"],
        valid_to=facts["to"],
    )


def _text_page(form: Form, journey: Journey, theme: Theme, own: Addressee) -> ResponseReturnValue:
    """Made of what was typed: who is meant is not looked up for it."""
    wanted = _draft(journey, own, "")
    drawn = Drawn(
        id=wanted.id,
        kind=wanted.kind,
        theme=theme,
        scope=wanted.scope,
        valid_from=wanted.valid_from,
        valid_to=wanted.valid_to,
        principal=_principal(journey).shown,
        agent=own.shown,
    )
    texts = {language: mandate_text(drawn, language) for language in LANGUAGES}
    return text_page(
        form,
        what="request",
        texts=texts,
        text_hash=sha256("".join(texts.values()).encode()).hexdigest(),
        here=_address(journey),
        back_url=_address(journey, "dates"),
        steps=step_names(KIND),
    )
