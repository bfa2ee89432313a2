"""Who may give which mandate to whom: ``may_grant``, pure and in the order in which it is asked.

Always true: nobody gives more than they hold, for longer than they hold it, or to themselves.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from idp.accounts.rules import PartyKind
from idp.mandates.rules import DAY, LIVING, STANDARD, Kind, Mandate, Refusal, State, Terms
from idp.mandates.scopes import Action, Scope
from idp.mandates.themes import LONGEST_DAYS, Theme


class Footing(StrEnum):
    """By what somebody speaks for the principal."""

    OWN = "own"
    """They are the principal."""
    REPRESENTATIVE = "representative"
    """The register says that they speak for the entity."""
    ADMINISTRATOR = "administrator"
    """The representative has appointed them to manage mandates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grantor:
    """The person who gives the mandate, and what they are to the principal.

    ``scope``: what they may give of the theme, None for everything in it; ``until``: when their own power ends.
    ``acting``: their session acts for somebody by a mandate, whose power is not theirs to hand on.
    """

    person: str
    footing: Footing
    ial: int
    el: int = 0
    scope: Scope | None = None
    until: int | None = None
    held: bool = False
    acting: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The mandate to be. ``agent``: empty while nobody has an account of that name and number, which nobody who
    grants learns. ``parent``: the agency's own mandate.
    """

    kind: Kind
    principal: str
    principal_kind: PartyKind
    agent: str
    agent_kind: PartyKind
    theme: Theme | None
    scope: Scope
    valid_from: int
    valid_to: int
    may_delegate: bool = False
    parent: Mandate | None = None
    replaces: str | None = None
    """The mandate that the grantor was shown as the one that ends with this."""


@dataclass(frozen=True, slots=True)
class Granted:
    """``replaces``: the mandate that ends when this one begins."""

    replaces: str | None = None


@dataclass(frozen=True, slots=True)
class Denied:
    reason: Refusal


_KINDS: dict[Kind, tuple[frozenset[PartyKind], frozenset[PartyKind], frozenset[Footing]]] = {
    Kind.ADMINISTRATOR: (
        frozenset({PartyKind.ENTITY}),
        frozenset({PartyKind.PERSON}),
        frozenset({Footing.REPRESENTATIVE}),
    ),
    Kind.DELEGATED: (
        frozenset({PartyKind.ENTITY}),
        frozenset(PartyKind),
        frozenset({Footing.REPRESENTATIVE, Footing.ADMINISTRATOR}),
    ),
    Kind.EMPLOYMENT: (
        frozenset({PartyKind.ENTITY}),
        frozenset({PartyKind.PERSON}),
        frozenset({Footing.REPRESENTATIVE, Footing.ADMINISTRATOR}),
    ),
    Kind.PERSONAL: (frozenset({PartyKind.PERSON}), frozenset({PartyKind.PERSON}), frozenset({Footing.OWN})),
    Kind.ASSISTED: (frozenset({PartyKind.PERSON}), frozenset({PartyKind.PERSON}), frozenset({Footing.OWN})),
}
"""Principal, agent, and by what one speaks for the principal. What is not here (guardians) nobody grants."""


def may_grant(
    wanted: Wanted, grantor: Grantor, given: Sequence[Mandate], *, terms: Terms = STANDARD, now: int
) -> Granted | Denied:
    """Whether the mandate may be given. ``given``: every living mandate that the principal has given already."""
    for check in _CHECKS:
        if (refusal := check(wanted, grantor, now)) is not None:
            return Denied(refusal)
    if wanted.valid_to - wanted.valid_from > terms.longest_days * DAY:
        return Denied(Refusal.TERM)
    living = [one for one in given if one.principal == wanted.principal and one.state in LIVING]
    if wanted.kind is Kind.PERSONAL and _too_many(wanted, living, terms.most_personal):
        return Denied(Refusal.TOO_MANY)
    replaced = replaced_by(wanted, living)
    if replaced is not None and replaced != wanted.replaces:
        return Denied(Refusal.REPLACED_UNSEEN)
    return Granted(replaced)


def replaced_by(wanted: Wanted, living: Sequence[Mandate]) -> str | None:
    """The accepted mandate of the same kind, parties and theme (and agency's mandate): one of each at a time.

    One that waits to be accepted is none: whether it has found its agent would tell who has an account.
    """
    theme = wanted.theme.code if wanted.theme else ""
    parent = wanted.parent.id if wanted.parent else None
    same = (wanted.kind, wanted.principal, wanted.agent, theme, parent)
    return next(
        (
            one.id
            for one in living
            if one.state in (State.ACTIVE, State.SUSPENDED)
            and (one.kind, one.principal, one.agent, one.theme, one.parent) == same
        ),
        None,
    )


def _too_many(wanted: Wanted, living: Sequence[Mandate], most: int) -> bool:
    """Persons who act for this one; one person in several themes is one person."""
    personal = [one for one in living if one.kind is Kind.PERSONAL]
    agents = {one.agent or one.id for one in personal}  # who is not known yet may be anybody
    return len(agents | {wanted.agent}) > most


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptor:
    """Who accepts, declines or renounces: ``agent`` is the party they are, or speak for by ``footing``."""

    person: str
    agent: str
    footing: Footing
    ial: int
    held: bool = False
    acting: bool = False
    """By a mandate of somebody else's: an office of their own is none."""


def may_accept(mandate: Mandate, acceptor: Acceptor, theme: Theme, signers: Mapping[str, int]) -> Refusal | None:
    """Whether they may take the mandate on. ``mandate.agent`` is who it is addressed to, known by now.

    ``signers``: who has signed for the principal, with their identity levels then.
    """
    if acceptor.acting:
        return Refusal.ACTING
    if acceptor.agent != mandate.agent:
        return Refusal.FOR_ANOTHER
    if acceptor.held:
        return Refusal.HELD
    if acceptor.agent == mandate.principal:
        return Refusal.SELF
    if acceptor.footing is not Footing.OWN:
        return None
    if acceptor.person in signers:
        return Refusal.SELF
    # An administrator speaks for the entity: nobody appoints one who is known less well than who appoints.
    least = max(theme.agent_ial, *signers.values()) if mandate.kind is Kind.ADMINISTRATOR else theme.agent_ial
    return Refusal.AGENT_LEVEL if acceptor.ial < least else None


def _speaks(wanted: Wanted, grantor: Grantor, _now: int) -> Refusal | None:
    if grantor.acting:
        return Refusal.ACTING
    if grantor.held:
        return Refusal.HELD
    principals, agents, footings = _KINDS.get(wanted.kind, (frozenset(), frozenset(), frozenset()))
    own = grantor.person == wanted.principal
    if grantor.footing not in footings or own is not (grantor.footing is Footing.OWN):
        return Refusal.NOT_GRANTOR
    if wanted.principal_kind not in principals:
        return Refusal.PRINCIPAL_KIND
    return None if wanted.agent_kind in agents else Refusal.AGENT_KIND


def _another(wanted: Wanted, grantor: Grantor, _now: int) -> Refusal | None:
    """Who gives is not who gets, and no chain comes back to where it began."""
    if wanted.agent in (wanted.principal, grantor.person):
        return Refusal.SELF
    return Refusal.CYCLE if wanted.parent is not None and wanted.agent == wanted.parent.principal else None


def _theme(wanted: Wanted, _grantor: Grantor, _now: int) -> Refusal | None:
    theme = wanted.theme
    if theme is None:
        return Refusal.THEME_UNKNOWN
    represented = wanted.principal_kind if wanted.parent is None else None
    if represented is not None and represented not in theme.principals:
        return Refusal.PRINCIPAL_KIND
    return None if wanted.agent_kind in theme.agents else Refusal.AGENT_KIND


def _levels(wanted: Wanted, grantor: Grantor, _now: int) -> Refusal | None:
    theme = wanted.theme
    assert theme is not None  # noqa: S101 - `_theme` comes first
    speaks_for_entity = grantor.footing is not Footing.OWN
    low = grantor.ial < theme.grantor_ial or (speaks_for_entity and grantor.el < theme.grantor_el)
    return Refusal.GRANTOR_LEVEL if low else None


def _within(wanted: Wanted, grantor: Grantor, _now: int) -> Refusal | None:
    theme, scope = wanted.theme, wanted.scope
    assert theme is not None  # noqa: S101 - `_theme` comes first
    if not scope:
        return Refusal.SCOPE_EMPTY
    if not theme.whole.covers(scope) or (grantor.scope is not None and not grantor.scope.covers(scope)):
        return Refusal.SCOPE_BEYOND
    managing = Action.MANAGE in scope.actions
    if managing is not (wanted.kind is Kind.ADMINISTRATOR):
        return Refusal.SCOPE_BEYOND  # who manages mandates gives them; what others do is theirs to be given
    return None


def _term(wanted: Wanted, grantor: Grantor, now: int) -> Refusal | None:
    most = wanted.theme.most_days if wanted.theme else LONGEST_DAYS
    if not now - DAY < wanted.valid_from < wanted.valid_to or wanted.valid_to <= now:
        return Refusal.TERM
    if wanted.valid_to - wanted.valid_from > min(most, LONGEST_DAYS) * DAY:
        return Refusal.TERM
    return Refusal.TERM if grantor.until is not None and wanted.valid_to > grantor.until else None


def _chain(wanted: Wanted, _grantor: Grantor, now: int) -> Refusal | None:
    """Two typed links: principal to agency, agency to its employee (design: a chain is not free sub-delegation)."""
    theme, parent = wanted.theme, wanted.parent
    if wanted.may_delegate and (wanted.kind is not Kind.DELEGATED or wanted.agent_kind is not PartyKind.ENTITY):
        return Refusal.NOT_DELEGABLE
    if wanted.may_delegate and (theme is None or not theme.delegable or parent is not None):
        return Refusal.NOT_DELEGABLE if parent is None else Refusal.THIRD_LINK
    if parent is None:
        return None
    if parent.parent is not None or wanted.agent_kind is not PartyKind.PERSON:
        return Refusal.THIRD_LINK
    if wanted.kind is not Kind.DELEGATED or parent.kind is not Kind.DELEGATED or parent.agent != wanted.principal:
        return Refusal.NOT_GRANTOR
    if not parent.may_delegate or theme is None or not theme.delegable:
        return Refusal.NOT_DELEGABLE
    if (parent.theme, parent.theme_version) != (theme.code, theme.version) or not parent.in_force(now=now):
        return Refusal.NOT_DELEGABLE
    if not parent.scope.covers(wanted.scope):
        return Refusal.SCOPE_BEYOND
    return Refusal.TERM if wanted.valid_to > parent.valid_to else None


_CHECKS: tuple[Callable[[Wanted, Grantor, int], Refusal | None], ...] = (
    _speaks,
    _another,
    _theme,
    _levels,
    _within,
    _term,
    _chain,
)
