"""For whom somebody can act by mandates, as the page where they choose shows it.

Always true: what is offered was judged just now, and is judged again when it is chosen.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from idp.accounts.rules import PartyKind
from idp.db import Transaction
from idp.entities.actions import Entities
from idp.entities.rules import Acting, RepresentedStatus, Via
from idp.mandates import reading
from idp.mandates.contexts import Context, Contexts
from idp.mandates.details import Detail, read_details
from idp.mandates.power import CAPACITY
from idp.mandates.refusing import not_now
from idp.mandates.rules import Mandate, Refusal, State

MOST = 200
"""Mandates of one person that are looked at."""


@dataclass(frozen=True, slots=True)
class Offered:
    """One mandate to act by. ``name`` is of the represented party, ``theme`` its title by language; ``until``: Unix
    seconds of the first moment without it.
    """

    mandate: str
    party: str
    name: str
    capacity: str
    theme: Mapping[str, str]
    until: int


class Offering:
    def __init__(self, contexts: Contexts, entities: Entities) -> None:
        self._contexts = contexts
        self._entities = entities

    def offered(self, tx: Transaction, person: str, *, details: str, now: int) -> list[Offered]:
        """The mandates in force that hold something of ``details``, grouped by whom they are of."""
        asked = read_details(details)
        held = _held(tx, self._contexts, person, now)
        found = [self._shown(tx, mandate, context) for mandate, context in held if _fits(mandate, context, asked)]
        return sorted(found, key=lambda one: (one.name, one.party, one.mandate))

    def choose(self, person: str, mandate_id: str, *, now: int) -> Acting | None:
        """The acting by this mandate, if the person may now; else that is on record. No transaction may be open."""
        with self._contexts.database.autocommit() as tx:
            mandate = reading.find(tx, mandate_id)
        if mandate is not None and mandate.kind in CAPACITY:
            acting = acting_by(mandate)
            self._contexts.hear(person, acting, now=now)
            with self._contexts.database.autocommit() as tx:
                if self._contexts.judge(tx, person, acting, now=now).current:
                    return acting
        theirs = mandate is not None and (mandate.agent == person or mandate.state is not State.ACTIVE)
        with self._contexts.database.transaction() as tx:
            reason = Refusal.STATE if theirs else Refusal.FOR_ANOTHER
            not_now(tx, mandate_id, person=person, reason=reason, now=now)
        return None

    def allows_office(self, details: str) -> bool:
        """Whether representing an entity by office can hold what is asked."""
        themes, asked = self._contexts.deciding.themes, read_details(details)
        found = (themes.current(one.theme) for one in asked)
        return not asked or any(theme is not None and PartyKind.ENTITY in theme.principals for theme in found)

    def name_of(self, tx: Transaction, party: str) -> str | None:
        return party_name(tx, self._entities, party)

    def _shown(self, tx: Transaction, mandate: Mandate, context: Context) -> Offered:
        theme = self._contexts.deciding.themes.of(mandate.theme, mandate.theme_version)
        assert theme is not None  # noqa: S101 - without it the mandate counts for nothing
        until = context.power.chain.until if context.power else None
        name = self.name_of(tx, mandate.represented) or ""
        capacity = CAPACITY[mandate.kind]
        return Offered(mandate.id, mandate.represented, name, capacity, theme.title, until or mandate.valid_to)


def acting_by(mandate: Mandate) -> Acting:
    return Acting(mandate.represented, CAPACITY[mandate.kind], Via.MANDATE, mandate.id)


def party_name(tx: Transaction, entities: Entities, party: str) -> str | None:
    """Of an entity its name, of a person the name that was checked."""
    entity = entities.describe(tx, party)
    if entity is not None:
        return entity.name
    identity = entities.directory.person(tx, party).identity
    return identity.name.value if identity else None


def reach_of(tx: Transaction, contexts: Contexts, person: str, *, now: int) -> int:
    """The highest level of an entity that the person could choose to act for by a mandate."""
    return max((context.el for _, context in _held(tx, contexts, person, now)), default=0)


_USABLE = frozenset({RepresentedStatus.CURRENT, RepresentedStatus.REGISTER_UNAVAILABLE})
"""The register is asked when one is chosen."""


def _held(tx: Transaction, contexts: Contexts, person: str, now: int) -> Iterator[tuple[Mandate, Context]]:
    """The mandates of the person, or of an agency they speak for, that can be acted by, and what they amount to."""
    for mandate in reading.usable_by(tx, person, most=MOST):
        if mandate.kind in CAPACITY and mandate.state is State.ACTIVE:
            context = contexts.judge(tx, person, acting_by(mandate), now=now)
            if context.status in _USABLE:
                yield mandate, context


def _fits(mandate: Mandate, context: Context, asked: tuple[Detail, ...]) -> bool:
    scope = context.power.chain.scope if context.power else mandate.scope
    mine = [one for one in asked if one.theme == mandate.theme]
    return not asked or any(one.narrows(scope) for one in mine)
