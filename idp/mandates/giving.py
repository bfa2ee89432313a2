"""What a mandate put together question by question can become: the choices of each page, and the draft at the end.

Always true: only what the rules could allow is offered, and the rules are asked again when it is signed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from enum import StrEnum
from typing import Any

from idp.accounts.rules import PartyKind
from idp.db import Transaction
from idp.flows.rules import Facts
from idp.mandates import reading
from idp.mandates.actions import Draft
from idp.mandates.addressing import Addressee
from idp.mandates.days import a_month_after, a_year_after, begin_of, day_of
from idp.mandates.desk import Behalf, parts
from idp.mandates.granting import Denied, may_grant, replaced_by
from idp.mandates.rules import DAY, Kind, Mandate, Refusal
from idp.mandates.scopes import Action, Limit, Scope
from idp.mandates.standing import grantor_of, place_of
from idp.mandates.themes import LONGEST_DAYS, Theme


class Choice(StrEnum):
    """What somebody wants, as the first page asks it."""

    EMPLOYEE = "employee"
    AGENCY = "agency"
    STAFF = "staff"
    ADMINISTRATOR = "administrator"
    FAMILY = "family"
    FOR_CLIENT = "for_client"
    """An agency's own employee, for one of its clients."""


KIND = {
    Choice.EMPLOYEE: Kind.DELEGATED,
    Choice.AGENCY: Kind.DELEGATED,
    Choice.STAFF: Kind.EMPLOYMENT,
    Choice.ADMINISTRATOR: Kind.ADMINISTRATOR,
    Choice.FAMILY: Kind.PERSONAL,
    Choice.FOR_CLIENT: Kind.DELEGATED,
}
_OF_ENTITY = (Choice.EMPLOYEE, Choice.AGENCY, Choice.STAFF)


def choices(mine: Behalf) -> Sequence[Choice]:
    """What the party may give beside mandates for its clients' matters."""
    if mine.entity is None:
        return (Choice.FAMILY,)
    return _OF_ENTITY if mine.mandate else (*_OF_ENTITY, Choice.ADMINISTRATOR)


def clients(tx: Transaction, mine: Behalf, *, now: int) -> list[Mandate]:
    """The mandates of an agency under which it may appoint its own people, in the themes this person manages."""
    if mine.entity is None:
        return []
    return [
        one
        for one in reading.held_by(tx, mine.party)
        if one.may_delegate and one.in_force(now=now) and mine.theme in ("", one.theme)
    ]


def agent_kind(choice: Choice) -> PartyKind:
    return PartyKind.ENTITY if choice is Choice.AGENCY else PartyKind.PERSON


def themes_for(mine: Behalf, choice: Choice, parent: Mandate | None) -> list[Theme]:
    """What a mandate of this choice can be about."""
    if parent is not None:
        theme = parts().granting.themes.current(parent.theme)
        return [theme] if theme and theme.version == parent.theme_version else []
    return [
        theme
        for theme in parts().granting.themes.all()
        if mine.theme in ("", theme.code)
        and mine.kind in theme.principals
        and agent_kind(choice) in theme.agents
        and (choice is not Choice.ADMINISTRATOR or Action.MANAGE in theme.actions)
    ]


def offered_scope(mine: Behalf, theme: Theme, parent: Mandate | None) -> Scope:
    """The most that can be given."""
    held = mine.holds(theme.whole)
    return held.meet(parent.scope) if parent else held


def chosen_scope(choice: Choice, actions: frozenset[Action], services: frozenset[str], limit: Limit | None) -> Scope:
    """An administrator gives what they were given to give, and manages that."""
    manages = frozenset({Action.MANAGE}) if choice is Choice.ADMINISTRATOR else frozenset()
    return Scope(actions | manages, services, limit)


def last_end(mine: Behalf, theme: Theme, parent: Mandate | None, first: date) -> int:
    """Unix seconds: a mandate that begins on ``first`` ends no later."""
    ends = [begin_of(first) + min(theme.most_days, LONGEST_DAYS) * DAY]
    ends += [one.valid_to for one in (mine.mandate, parent) if one]
    return min(ends)


def presets(mine: Behalf, theme: Theme, parent: Mandate | None, *, now: int) -> Mapping[str, int]:
    """The ends of a month and of a year from today on, or what comes before them."""
    today = day_of(now)
    most = last_end(mine, theme, parent, today)
    return {
        "month": min(begin_of(a_month_after(today)), most),
        "year": min(begin_of(a_year_after(today)), most),
    }


def parent_of(tx: Transaction, facts: Facts) -> Mandate | None:
    return reading.find(tx, facts["parent"]) if facts.get("parent") else None


def draft_of(facts: Facts) -> Draft:
    """The mandate that the answers make; raises ``KeyError`` before the last question."""
    return Draft(
        id=facts["mandate"],
        kind=KIND[Choice(facts["choice"])],
        principal=facts["principal"],
        addressee=read_addressee(facts),
        theme=facts["theme"],
        theme_version=facts["version"],
        scope=Scope.read(facts["scope"]),
        valid_from=facts["from"],
        valid_to=facts["to"],
        may_delegate=facts.get("may_delegate", False),
        parent=facts.get("parent"),
        struck=frozenset(facts.get("struck", ())),
        post=facts.get("post", ""),
        unit=facts.get("unit", ""),
        waived=facts.get("waived", False),
    )


def read_addressee(facts: Facts) -> Addressee:
    return parts().granting.addresses.read(facts["addressee"])


def again(mandate: Mandate, kept: reading.Particulars) -> dict[str, Any] | None:
    """The answers that would give the same mandate anew, up to its dates; None where nobody can."""
    theme = parts().granting.themes.current(mandate.theme)
    draft = parts().granting.draft_of(mandate, kept)
    choice = _choice_of(draft)
    if theme is None or choice is None or not theme.whole.covers(mandate.scope):
        return None
    return {
        "choice": choice,
        "parent": mandate.parent,
        "addressee": parts().granting.addresses.write(draft.addressee),
        "post": draft.post,
        "unit": draft.unit,
        "theme": theme.code,
        "version": theme.version,
        "scope": mandate.scope.declaration(),
    }


def _choice_of(draft: Draft) -> Choice | None:
    if draft.kind is Kind.DELEGATED:
        if draft.parent:
            return Choice.FOR_CLIENT
        return Choice.AGENCY if draft.addressee.kind is PartyKind.ENTITY else Choice.EMPLOYEE
    return next((choice for choice, kind in KIND.items() if kind is draft.kind), None)


def objection(tx: Transaction, draft: Draft, person: str, *, now: int) -> Refusal | None:
    """Why the draft would be refused if ``person`` signed it now, so that nobody is asked to prove themselves for
    nothing; whoever signs is asked by `Granting` again.
    """
    recheck = parts().granting.recheck
    place = place_of(tx, person, draft.principal, theme=draft.theme, recheck=recheck, now=now)
    if place is None:
        return Refusal.NOT_GRANTOR
    parent = reading.find(tx, draft.parent) if draft.parent else None
    others = [one for one in reading.given_by(tx, draft.principal) if one.id != draft.id]
    wanted = parts().granting.wanted(tx, draft, parent)
    wanted = replace(wanted, replaces=replaced_by(wanted, others))
    found = may_grant(wanted, grantor_of(tx, person, place, acting=False, now=now), others, now=now)
    return found.reason if isinstance(found, Denied) else None


def replaced(tx: Transaction, draft: Draft) -> str | None:
    """The id of the mandate that ends when this one begins."""
    parent = reading.find(tx, draft.parent) if draft.parent else None
    others = [one for one in reading.given_by(tx, draft.principal) if one.id != draft.id]
    return replaced_by(parts().granting.wanted(tx, draft, parent), others)
