"""Acting contexts: what acting for somebody, chosen earlier, amounts to at this moment.

Always true: it is judged anew at each use, of the register's word for an office and of the whole chain for a mandate;
whatever is missing from either is no power.
"""

from dataclasses import dataclass

from idp.accounts.rules import PartyKind
from idp.db import Database, Transaction
from idp.entities import roles
from idp.entities.rechecking import Rechecking
from idp.entities.rules import Acting, RepresentedStatus, Tie, Via, represented_level, worth
from idp.mandates import reading
from idp.mandates.basis import Basis, read_basis
from idp.mandates.deciding import Deciding
from idp.mandates.power import Chain, chains
from idp.mandates.rules import LIVING, OPEN, Mandate
from idp.mandates.themes import Theme
from idp.proofing.actions import ial


@dataclass(frozen=True, slots=True)
class Power:
    """One theme of what a context holds."""

    theme: Theme
    chain: Chain


@dataclass(frozen=True, slots=True)
class Context:
    """``tie``: of an office; ``mandate``: the last link, whatever has become of it; ``power`` stands behind it while
    it is current. ``el``: the level of an entity that is represented now, else 0.
    """

    status: RepresentedStatus
    kind: PartyKind = PartyKind.ENTITY
    el: int = 0
    tie: Tie | None = None
    mandate: Mandate | None = None
    power: Power | None = None

    @property
    def current(self) -> bool:
        return self.status is RepresentedStatus.CURRENT


_OVER = Context(RepresentedStatus.EXPIRED_IN_SESSION)
_DENIED = Context(RepresentedStatus.NOT_ALLOWED)


class Contexts:
    def __init__(self, database: Database, deciding: Deciding, rechecking: Rechecking) -> None:
        self.deciding = deciding
        self.database = database
        self._rechecking = rechecking

    @property
    def recheck(self) -> int:
        """Seconds for which the register's word is good."""
        return self._rechecking.period

    def hear(self, person: str, acting: Acting, *, now: int) -> bool:
        """Ask the register where its last word on what this rests on is too old; whether it was asked.

        It may take seconds: no transaction may be open.
        """
        office = acting if acting.mandate is None else self._office_behind(person, acting.mandate)
        return office is not None and self._rechecking.before_use(person, office, now=now)

    def _office_behind(self, person: str, mandate_id: str) -> Acting | None:
        """Of a mandate that an agency holds, and its representative uses: the office in the agency."""
        with self.database.autocommit() as tx:
            mandate = reading.find(tx, mandate_id)
        agency = mandate is not None and mandate.agent not in ("", person)
        return Acting(mandate.agent, "", Via.ROLE) if mandate and agency else None

    def judge(self, tx: Transaction, person: str, acting: Acting, *, basis: Basis | None = None, now: int) -> Context:
        """``basis``: of the mandate of ``acting``, where this very transaction has read it already."""
        if acting.mandate is not None:
            if basis is None or basis.mandate is None or basis.mandate.id != acting.mandate:
                basis = read_basis(tx, acting.mandate, person)
            return self._by_mandate(tx, person, acting, basis, now)
        tie = roles.tie_to(tx, person, acting.entity, now=now)
        recheck = self._rechecking.period
        status = worth(tie, recheck=recheck, now=now)
        return Context(status, el=represented_level(tie, recheck=recheck, now=now), tie=tie)

    def power(self, tx: Transaction, person: str, acting: Acting, theme: str, *, now: int) -> Power | None:
        """What a context, judged current, holds in one theme; None: nothing."""
        if acting.mandate is not None:
            own = self.judge(tx, person, acting, now=now).power
            return own if own is not None and own.theme.code == theme else None
        current = self.deciding.themes.current(theme)
        if current is None or PartyKind.ENTITY not in current.principals:
            return None
        found = self.deciding.chains(tx, agent=person, represented=acting.entity, theme=current, now=now)
        chain = next((one for one in found if not one.mandates), None)
        capable = chain is not None and ial(tx, person, now=now) >= current.agent_ial
        return Power(current, chain) if chain is not None and capable else None

    def _by_mandate(self, tx: Transaction, person: str, acting: Acting, basis: Basis, now: int) -> Context:
        mandate = basis.mandate
        if mandate is None or mandate.state not in LIVING or mandate.valid_to <= now:
            return _OVER
        theme = self.deciding.themes.of(mandate.theme, mandate.theme_version)
        if mandate.represented != acting.entity or theme is None:
            return _DENIED
        if mandate.state in OPEN:
            return Context(RepresentedStatus.APPROVAL_PENDING, mandate=mandate)
        chain = self._chain_of(tx, person, mandate, basis.parent, theme, now)
        if chain is None or not chain.scope:
            return Context(self._why_not(tx, person, mandate, now), mandate=mandate)
        if not basis.there(_parties_of(chain)) or basis.level_of(person, now=now) < theme.agent_ial:
            return Context(RepresentedStatus.NOT_ALLOWED, mandate=mandate)
        kind = PartyKind(basis.kind_of(acting.entity))
        el = basis.level_of(acting.entity, now=now) if kind is PartyKind.ENTITY else 0
        return Context(RepresentedStatus.CURRENT, kind, el, mandate=mandate, power=Power(theme, chain))

    def _chain_of(
        self, tx: Transaction, person: str, mandate: Mandate, parent: Mandate | None, theme: Theme, now: int
    ) -> Chain | None:
        """The one chain that ends in ``mandate``: by itself, after its parent, or by an office in its agency."""
        links = [mandate, parent] if parent else [mandate]
        agency = mandate.agent != person
        offices = self.deciding.offices(tx, person, now=now) if agency else []
        found = chains(person, mandate.represented, theme, links, offices, now=now)
        return next((one for one in found if one.mandates and one.mandates[-1].id == mandate.id), None)

    def _why_not(self, tx: Transaction, person: str, mandate: Mandate, now: int) -> RepresentedStatus:
        """An agency's representative may only have to wait for the register."""
        if mandate.agent == person or not mandate.in_force(now=now):
            return RepresentedStatus.NOT_ALLOWED
        office = worth(roles.tie_to(tx, person, mandate.agent, now=now), recheck=self._rechecking.period, now=now)
        unheard = office is RepresentedStatus.REGISTER_UNAVAILABLE
        return office if unheard else RepresentedStatus.NOT_ALLOWED


def _parties_of(chain: Chain) -> set[str]:
    return {chain.agent, chain.represented, chain.intermediary or chain.agent}
