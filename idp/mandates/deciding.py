"""Whether somebody may do something for somebody else now, asked of the rows.

Always true: it is asked anew each time, of rows as they are, and whoever has gone - human, agency or represented
party - leaves no power behind.
"""

from collections.abc import Iterable, Sequence

from idp.db import Statement, Transaction
from idp.entities import roles
from idp.entities.rules import RepresentedStatus, Tie, worth
from idp.mandates import reading
from idp.mandates.power import Asked, Chain, Office, chains, decide
from idp.mandates.registry import Themes
from idp.mandates.themes import Theme
from idp.proofing.actions import ask_ial

_THERE = Statement(
    "SELECT p.id FROM party p LEFT JOIN legal_entity l ON l.party_id = p.id WHERE p.id IN (:agent, :represented)"
    " AND p.status = 'active' AND COALESCE(l.status, 'active') = 'active'",
    str,
)
_REPRESENTED = Statement[tuple[str, str]](
    "SELECT DISTINCT represented_id, theme FROM mandate WHERE state = 'active' AND (agent_id = :agent"
    " OR (parent_id IS NULL AND agent_id IN"
    " (SELECT entity_id FROM entity_role WHERE person_id = :agent AND state = 'confirmed')))"
    " ORDER BY represented_id, theme LIMIT :most"
)


class Deciding:
    """``recheck``: seconds for which the register's word on a representative is good."""

    def __init__(self, themes: Themes, *, recheck: int) -> None:
        self.themes = themes
        self._recheck = recheck

    def may(
        self, tx: Transaction, *, agent: str, represented: str, theme: str, asked: Asked, now: int
    ) -> Chain | None:
        """The chain by which ``agent`` may do what is asked; None: no."""
        current = self.themes.current(theme)
        if current is None:
            return None
        level = ask_ial(tx, agent, now=now)
        found = self.chains(tx, agent=agent, represented=represented, theme=current, now=now)
        return decide(asked, found, current, ial=level()) if found else None

    def chains(self, tx: Transaction, *, agent: str, represented: str, theme: Theme, now: int) -> Sequence[Chain]:
        """Every unbroken one all of whose parties are there; best first: an office, then what holds most."""
        ties, there = roles.ask_ties(tx, agent, now=now), tx.ask(_THERE, agent=agent, represented=represented)
        links = reading.between(tx, agent=agent, represented=represented, theme=theme.code)  # all one round trip
        if not {agent, represented} <= set(there()):
            return ()
        offices = self._of_ties(agent, ties(), now)
        found = [one for one in chains(agent, represented, theme, links, offices, now=now) if one.scope]
        return sorted(found, key=lambda one: (len(one.mandates), -len(one.scope.services), -len(one.scope.actions)))

    def offices(self, tx: Transaction, agent: str, *, now: int) -> list[Office]:
        """For whom ``agent`` speaks by a register that was heard lately."""
        return self._of_ties(agent, roles.ties_of(tx, agent, now=now), now)

    def _of_ties(self, agent: str, ties: Iterable[Tie], now: int) -> list[Office]:
        current = RepresentedStatus.CURRENT
        return [Office(agent, tie.entity) for tie in ties if worth(tie, recheck=self._recheck, now=now) is current]

    def represented_by(self, tx: Transaction, agent: str, *, most: int) -> list[tuple[str, str]]:
        """(party, theme) that a mandate in force, or soon to be, may let ``agent`` act in; `chains` tells if so."""
        return tx.all(_REPRESENTED, agent=agent, most=most)
