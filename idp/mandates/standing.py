"""What somebody is to a party now, as mandates ask it: themselves, its representative, its administrator.

Always true: a role counts only while the register bears it out and was asked lately, and an administrator's mandate
only while it is in force.
"""

from typing import NamedTuple

from idp.accounts.holds import held_until
from idp.accounts.rules import Act
from idp.db import Transaction
from idp.entities import roles
from idp.entities.rules import RepresentedStatus, worth
from idp.mandates import reading
from idp.mandates.granting import Footing, Grantor
from idp.mandates.rules import Kind, Mandate
from idp.mandates.scopes import Action
from idp.proofing.actions import ial


class Place(NamedTuple):
    """By what a person speaks for a party. ``mandate``: an administrator's own."""

    footing: Footing
    el: int = 0
    mandate: Mandate | None = None


def place_of(tx: Transaction, person: str, party: str, *, theme: str, recheck: int, now: int) -> Place | None:
    """None: they are nothing to it, or nothing in this theme. ``recheck``: how long a register's answer is good."""
    if person == party:
        return Place(Footing.OWN)
    tie = roles.tie_to(tx, person, party, now=now)
    if tie is not None and worth(tie, recheck=recheck, now=now) is RepresentedStatus.CURRENT:
        return Place(Footing.REPRESENTATIVE, tie.level)
    own = next((one for one in reading.held_by(tx, person) if _administers(one, party, theme, now)), None)
    return Place(Footing.ADMINISTRATOR, ial(tx, party, now=now), own) if own else None


def footings(tx: Transaction, entity: str, *, recheck: int, now: int) -> dict[str, Footing]:
    """Who may sign for the entity as such, whatever the theme: its representatives, and its administrators."""
    given = [one for one in reading.given_by(tx, entity) if one.kind is Kind.ADMINISTRATOR and one.in_force(now=now)]
    found = {one.agent: Footing.ADMINISTRATOR for one in given}
    for one in roles.of_entity(tx, entity):
        tie = roles.tie_to(tx, one.person, entity, now=now)
        if tie is not None and worth(tie, recheck=recheck, now=now) is RepresentedStatus.CURRENT:
            found[one.person] = Footing.REPRESENTATIVE
    return found


def speaks_for(tx: Transaction, person: str, entity: str, *, recheck: int, now: int) -> Footing | None:
    """By what the person speaks for the entity, whatever the theme."""
    return footings(tx, entity, recheck=recheck, now=now).get(person)


def _administers(mandate: Mandate, party: str, theme: str, now: int) -> bool:
    mine = mandate.kind is Kind.ADMINISTRATOR and mandate.principal == party and mandate.theme == theme
    return mine and mandate.in_force(now=now)


def grantor_of(tx: Transaction, person: str, place: Place, *, acting: bool, now: int) -> Grantor:
    """The same, as `may_grant` asks it. ``acting``: their session acts for somebody by a mandate."""
    own = place.mandate
    return Grantor(
        person=person,
        footing=place.footing,
        ial=ial(tx, person, now=now),
        el=place.el,
        scope=own.scope.without(Action.MANAGE) if own else None,
        until=own.valid_to if own else None,
        held=held_until(tx, person, Act.REPRESENT, now=now) is not None,
        acting=acting,
    )
