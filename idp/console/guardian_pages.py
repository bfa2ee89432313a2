"""Guardianships of a person an operator looks at: those there are, recording one, ending one.

Always true: nothing is done here but laying it before a second operator; what is looked at needs the reason that was
stated for looking at the ward.
"""

from collections.abc import Callable
from datetime import date
from types import SimpleNamespace

from flask import abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.credit_code import CreditCode
from idp.accounts.identifiers import parse_identifiers
from idp.accounts.rules import Mobile, PartyKind, UserName
from idp.audit import Event
from idp.console.guardian_acts import END, GUARDIANS, RECORD, payload_of
from idp.console.guards import current_operator, looked, operator
from idp.console.justifications import LOOK, Justification
from idp.console.loading import parts
from idp.console.pages import blueprint, done_notice, page
from idp.console.people_pages import ask_for_a_reason, look_reason
from idp.console.reasons_form import REASON, TICKET, stated
from idp.console.rules import Denied
from idp.console.words import word
from idp.db import current_transaction, db
from idp.mandates.guardians import Guardianship
from idp.mandates.rules import Mandate
from idp.mandates.scopes import Action, Scope
from idp.mandates.themes import Theme
from idp.web.clock import now
from idp.web.forms import Field, Form
from idp.web.locale import china_date, preferences
from idp.web.reasons import sentence

NUMBER = Field("number", sentence("person_missing"), max_length=64)
LAST_DAY = Field("last_day", required=False, max_length=10)
PAPER = Field("paper", sentence("guardian_paper_missing"), max_length=80)


@blueprint.get("/people/<party_id>/guardianships")
@operator(*GUARDIANS, personal=True)
def guardianships(party_id: str) -> ResponseReturnValue:
    if look_reason(party_id) is None:
        return ask_for_a_reason()
    found = parts().guardianships.of_ward(current_transaction(), party_id)
    return page(
        "guardianships",
        "people",
        ward=_name(party_id),
        guardianships=[_line(one) for one in found],
        themes=[
            SimpleNamespace(
                title=_in_words(one), url=url_for("console.guardianship", party_id=party_id, code=one.code)
            )
            for one in _themes()
        ],
        back_url=url_for("console.person", party_id=party_id),
        notice=done_notice(),
    )


@blueprint.route("/people/<party_id>/guardianships/<code>", methods=["GET", "POST"])
@operator(*GUARDIANS, personal=True)
def guardianship(party_id: str, code: str) -> ResponseReturnValue:
    """One theme: who the guardian is, what they may do, until when and by which paper."""
    if look_reason(party_id) is None:
        return ask_for_a_reason()
    theme = next((one for one in _themes() if one.code == code), None) or abort(404)
    fields = (NUMBER, *_ticks(theme), LAST_DAY, PAPER, REASON, TICKET)
    if request.method == "GET":
        return _form_page(Form(*fields), party_id, theme)
    form = Form.submitted(*fields)
    why = stated(form)
    told = _told(form, party_id, theme, why) if why else None
    if why is None or told is None:
        db.session.commit()  # whom somebody sought is on record
        return _form_page(form, party_id, theme)
    return _proposed(form, RECORD, party_id, payload_of(told), why, lambda: _form_page(form, party_id, theme))


@blueprint.route("/people/<party_id>/guardianships/end/<mandate_id>", methods=["GET", "POST"])
@operator(*GUARDIANS, personal=True)
def end_guardianship(party_id: str, mandate_id: str) -> ResponseReturnValue:
    if look_reason(party_id) is None:
        return ask_for_a_reason()
    found = parts().guardianships.find(current_transaction(), mandate_id)
    if found is None or found.principal != party_id:
        abort(404)
    form = Form.submitted(REASON, TICKET) if request.method == "POST" else Form(REASON, TICKET)
    why = stated(form) if request.method == "POST" else None
    if why is None:
        return _end_page(form, found)
    return _proposed(form, END, party_id, {"mandate": found.id}, why, lambda: _end_page(form, found))


def _proposed(
    form: Form,
    act: str,
    ward: str,
    payload: dict[str, object],
    why: Justification,
    again: Callable[[], str],
) -> ResponseReturnValue:
    made = parts().four_eyes.propose(
        current_transaction(),
        act,
        subject=ward,
        payload=payload,
        reason=f"{why.text} [{why.ticket}]",
        proposer=current_operator().operator,
        now=now(),
    )
    if isinstance(made, Denied):
        form.refuse("", sentence(made.reason))
        return again()
    db.session.commit()
    return redirect(url_for("console.proposal", key=made.id, done="proposal_made"), 303)


def _told(form: Form, ward: str, theme: Theme, why: Justification) -> Guardianship | None:
    """What the form says; None with what is wrong said in it."""
    guardian, last_day = _guardian(form, why), _last_day(form)
    chosen = {name for name in _names(theme) if form[name] == "yes"}
    scope = Scope(
        frozenset(action for action in theme.actions if f"a-{action}" in chosen),
        frozenset(service.code for service in theme.services if f"s-{service.code}" in chosen),
    )
    if guardian is None or not form.ok:
        return None
    told = Guardianship(
        ward=ward, guardian=guardian, theme=theme.code, scope=scope, last_day=last_day, paper=form["paper"]
    )
    refused = parts().guardianships.judge(current_transaction(), told, now=now())
    if refused is not None:
        form.refuse("", sentence(refused))
    return told if form.ok else None


def _guardian(form: Form, why: Justification) -> str | None:
    """Whose document it is; that the operator sought them is recorded either way."""
    typed = parse_identifiers(form["number"], today=china_date(now()))
    documents = [one for one in typed if not isinstance(one, Mobile | UserName | CreditCode)]
    tx, mine = current_transaction(), current_operator().operator.party_id
    party = parts().directory.owner(tx, *documents)
    key = parts().justifications.add(tx, why, operator=mine, subject=party, act=LOOK, now=now())
    looked(Event.PERSON_SOUGHT, party, because=key, result="ok" if party else "none")
    if party is None:
        form.refuse("number", sentence("person_unknown"))
    return party


def _last_day(form: Form) -> date | None:
    try:
        return date.fromisoformat(form["last_day"]) if form["last_day"] else None
    except ValueError:
        form.refuse("last_day", sentence("audit_date_invalid"))
        return None


def _themes() -> list[Theme]:
    """In which one person may act for another."""
    person = PartyKind.PERSON
    return [one for one in parts().themes.all() if person in one.principals and person in one.agents]


def _names(theme: Theme) -> list[str]:
    actions = [f"a-{action}" for action in Action if action in theme.actions and action is not Action.MANAGE]
    return actions + [f"s-{service.code}" for service in theme.services]


def _ticks(theme: Theme) -> list[Field]:
    return [Field(name, required=False, max_length=3) for name in _names(theme)]


def _form_page(form: Form, ward: str, theme: Theme) -> str:
    language = preferences().lang
    actions = [f"a-{action}" for action in Action]
    return page(
        "guardianship",
        "people",
        form=form,
        ward=_name(ward),
        title=_in_words(theme),
        actions=[(name, word(f"action_{name[2:]}")) for name in actions if name in form],
        services=[(f"s-{one.code}", one.title.get(language, one.title["zh"])) for one in theme.services],
        back_url=url_for("console.guardianships", party_id=ward),
    )


def _end_page(form: Form, found: Mandate) -> str:
    return page(
        "intervene",
        "people",
        form=form,
        title=word(f"act_{END}"),
        about=word(f"about_{END}"),
        account_label=f"{_name(found.principal)} · {_name(found.agent)}",
        double=True,
        back_url=url_for("console.guardianships", party_id=found.principal),
    )


def _line(mandate: Mandate) -> SimpleNamespace:
    theme = parts().themes.of(mandate.theme, mandate.theme_version)
    return SimpleNamespace(
        guardian=_name(mandate.agent),
        theme=_in_words(theme) if theme else mandate.theme,
        until=mandate.valid_to,
        end_url=url_for("console.end_guardianship", party_id=mandate.principal, mandate_id=mandate.id),
    )


def _in_words(theme: Theme) -> str:
    return theme.title.get(preferences().lang, theme.title["zh"])


def _name(party_id: str) -> str:
    known = parts().directory.person(current_transaction(), party_id).identity
    return f"{known.name.masked} {known.document.masked}" if known else party_id
