"""What somebody may do for somebody else now: ``decide`` over an unbroken chain of links.

Always true: deny is the answer to every missing piece, and a chain is never longer than its two typed links.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from idp.mandates.rules import Kind, Mandate
from idp.mandates.scopes import NOTHING, Action, Limit, Scope
from idp.mandates.themes import Theme


class Capacity(StrEnum):
    """As what the human acts; what departments read."""

    REPRESENTATIVE = "representative"
    HANDLER = "handler"
    EMPLOYEE = "employee"
    FAMILY = "family"
    GUARDIAN = "guardian"
    CLERK = "clerk"


CAPACITY = {
    Kind.DELEGATED: Capacity.HANDLER,
    Kind.EMPLOYMENT: Capacity.EMPLOYEE,
    Kind.PERSONAL: Capacity.FAMILY,
    Kind.STATUTORY: Capacity.GUARDIAN,
    Kind.ASSISTED: Capacity.CLERK,
}
"""Who manages mandates (`Kind.ADMINISTRATOR`) does nothing else by it, and so has none."""


@dataclass(frozen=True, slots=True)
class Office:
    """A role in a register, confirmed and fresh: ``person`` speaks for ``entity``."""

    person: str
    entity: str


@dataclass(frozen=True, slots=True)
class Chain:
    """How ``agent`` comes to act for ``represented``: the mandates from the represented party on, none of them for a
    representative's own entity; ``scope`` is what all of them hold. ``until``: when the first of them ends.
    """

    represented: str
    agent: str
    mandates: tuple[Mandate, ...]
    scope: Scope
    capacity: Capacity
    until: int | None

    @property
    def intermediary(self) -> str | None:
        """The agency between, if there is one."""
        first = self.mandates[0] if self.mandates else None
        return first.agent if first is not None and first.agent != self.agent else None


def chains(
    agent: str,
    represented: str,
    theme: Theme,
    mandates: Iterable[Mandate],
    offices: Iterable[Office],
    *,
    now: int,
) -> Iterator[Chain]:
    """Every unbroken chain from ``represented`` to the person ``agent`` in this theme; what they hold may be nothing.

    ``mandates`` may hold any others beside; a version of the theme that a mandate was not given in counts for it only
    as far as both agree.
    """
    held = {one.entity for one in offices if one.person == agent}
    links = {
        one.id: one for one in mandates if one.theme == theme.code and one.kind in CAPACITY and one.in_force(now=now)
    }
    if represented in held:
        yield Chain(represented, agent, (), theme.whole, Capacity.REPRESENTATIVE, None)
    for link in links.values():
        first = links.get(link.parent) if link.parent else link
        if link.parent is None and link.principal == represented and link.agent == agent:
            yield _of(theme, represented, agent, (link,))
        elif link.parent is None and link.principal == represented and link.agent in held:
            yield _of(theme, represented, agent, (link,))  # the agency's own representative acts as the agency
        elif first is not None and link.agent == agent and _joined(first, link, represented):
            yield _of(theme, represented, agent, (first, link))


def _joined(first: Mandate, second: Mandate, represented: str) -> bool:
    """Whether the two are the typed links: principal to agency, agency to its employee."""
    typed = first.kind is second.kind is Kind.DELEGATED and first.parent is None and first.may_delegate
    return typed and first.principal == second.represented == represented and first.agent == second.principal


def _of(theme: Theme, represented: str, agent: str, mandates: tuple[Mandate, ...]) -> Chain:
    scope = theme.whole
    for mandate in mandates:
        scope = scope.meet(mandate.scope)
    until = min(mandate.valid_to for mandate in mandates)
    return Chain(represented, agent, mandates, scope, CAPACITY[mandates[-1].kind], until)


@dataclass(frozen=True, slots=True)
class Asked:
    """One act in question. ``service`` None: whether there is any service in which it may be done."""

    action: Action
    service: str | None = None
    amount: Limit | None = None


def decide(asked: Asked, found: Iterable[Chain], theme: Theme, *, ial: int) -> Chain | None:
    """The chain that allows it; None: no. ``ial``: of the human now."""
    if ial < theme.agent_ial:
        return None
    return next((chain for chain in found if _allows(chain.scope, asked, theme)), None)


def _allows(scope: Scope, asked: Asked, theme: Theme) -> bool:
    if asked.action is Action.MANAGE or scope == NOTHING:
        return False  # managing mandates is done here, never asked by a department
    services = scope.services if asked.service is None else {asked.service}
    return any(
        asked.action in theme.acts(service) and scope.allows(asked.action, service, asked.amount)
        for service in services
    )
