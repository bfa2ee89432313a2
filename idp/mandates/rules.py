"""Kinds of mandates, their states, and what moves one from state to state.

Always true: what is not in a table here is not allowed, and a mandate that has ended never begins again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from idp.mandates.scopes import Scope
from idp.mandates.themes import LONGEST_DAYS

WAIT = 600
"""Seconds from the last signature until a mandate is in force, in which whoever gave it can think again."""
ACCEPTANCE = 7 * 86400
"""Seconds an agent has to accept."""
MOST_PERSONAL = 5
"""Mandates between persons that one person may have given at a time, unless the settings say otherwise."""
DAY = 86400


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What an installation has chosen (settings ``mandates``). ``wait`` and ``acceptance`` in seconds."""

    wait: int = WAIT
    waivable: bool = True
    """Whether who gives a mandate may have it in force at once."""
    acceptance: int = ACCEPTANCE
    most_personal: int = MOST_PERSONAL
    longest_days: int = LONGEST_DAYS

    def begins(self, *, signed_at: int, waived: bool) -> int:
        """When a mandate signed for the last time at ``signed_at`` comes into force, if its first day has come."""
        return signed_at if waived and self.waivable else signed_at + self.wait

    def lapses(self, *, signed_at: int) -> int:
        """Until when it has to be accepted."""
        return signed_at + self.acceptance


STANDARD = Terms()


class Kind(StrEnum):
    ADMINISTRATOR = "administrator"
    """A person who manages an entity's mandates; appointed by its representative, and able to do nothing else."""
    DELEGATED = "delegated"
    """An employee or an agency, and an employee of that agency for the same matters."""
    PERSONAL = "personal"
    """Family and friends."""
    STATUTORY = "statutory"
    """The guardian of a minor or a ward; nobody grants it, and neither of the two can end it."""
    EMPLOYMENT = "employment"
    """Staff of an organ or organisation, with post and unit."""
    ASSISTED = "assisted"
    """A clerk for somebody who is present, in the matters they named."""


class State(StrEnum):
    REQUESTED = "requested"
    """By the agent; the principal has not said anything yet."""
    PENDING_APPROVALS = "pending_approvals"
    """Somebody of the principal's has signed, and the signing rule wants more."""
    PENDING_ACCEPTANCE = "pending_acceptance"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    REVOKED = "revoked"
    RENOUNCED = "renounced"
    SUPERSEDED = "superseded"
    INVALIDATED = "invalidated"


OPEN = frozenset({State.REQUESTED, State.PENDING_APPROVALS, State.PENDING_ACCEPTANCE})
LIVING = OPEN | {State.ACTIVE, State.SUSPENDED}
"""In which a mandate has not ended."""


class Step(StrEnum):
    """What happens to a mandate; its name in the history."""

    SIGN = "sign"
    """The principal's last needed signature."""
    ACCEPT = "accept"
    DECLINE = "decline"
    FREEZE = "freeze"
    UNFREEZE = "unfreeze"
    REVOKE = "revoke"
    RENOUNCE = "renounce"
    EXPIRE = "expire"
    """By the clock: its last day, or the day by which it had to be accepted."""
    SUPERSEDE = "supersede"
    ESTABLISH = "establish"
    """A guardianship was recorded, or a clerk's mandate agreed to on the spot: nobody accepts those."""
    INVALIDATE = "invalidate"
    """By a register: the grounds it stood on have gone."""


class Side(StrEnum):
    """Who may take a step."""

    PRINCIPAL = "principal"
    AGENT = "agent"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class _Move:
    side: frozenset[Side]
    to: State
    since: frozenset[State]


def _move(side: Side | frozenset[Side], to: State, *since: State) -> _Move:
    return _Move(frozenset({side}) if isinstance(side, Side) else side, to, frozenset(since))


_MOVES: Mapping[Step, _Move] = {
    Step.SIGN: _move(Side.PRINCIPAL, State.PENDING_ACCEPTANCE, State.REQUESTED, State.PENDING_APPROVALS),
    Step.ACCEPT: _move(Side.AGENT, State.ACTIVE, State.PENDING_ACCEPTANCE),
    Step.DECLINE: _move(
        frozenset({Side.AGENT, Side.PRINCIPAL}), State.RENOUNCED, State.REQUESTED, State.PENDING_ACCEPTANCE
    ),
    Step.FREEZE: _move(frozenset({Side.PRINCIPAL, Side.SYSTEM}), State.SUSPENDED, State.ACTIVE),
    Step.UNFREEZE: _move(Side.PRINCIPAL, State.ACTIVE, State.SUSPENDED),
    Step.REVOKE: _Move(frozenset({Side.PRINCIPAL}), State.REVOKED, LIVING),
    Step.RENOUNCE: _move(Side.AGENT, State.RENOUNCED, State.ACTIVE, State.SUSPENDED),
    Step.EXPIRE: _Move(frozenset({Side.SYSTEM}), State.EXPIRED, LIVING),
    Step.SUPERSEDE: _Move(frozenset({Side.SYSTEM}), State.SUPERSEDED, LIVING),
    Step.ESTABLISH: _move(Side.SYSTEM, State.ACTIVE, State.PENDING_APPROVALS),
    Step.INVALIDATE: _Move(frozenset({Side.SYSTEM}), State.INVALIDATED, LIVING),
}


def after(step: Step, state: State, *, side: Side, kind: Kind) -> State | None:
    """The state that ``step`` leads to; None: it is not this side's, or not possible now.

    A guardianship (`Kind.STATUTORY`) is moved by the register's side alone.
    """
    if kind is Kind.STATUTORY and side is not Side.SYSTEM:
        return None
    move = _MOVES[step]
    return move.to if side in move.side and state in move.since else None


class Refusal(StrEnum):
    """Why a mandate was not given, or a step not taken; `idp.web` has the sentence for each."""

    SELF = "mandate_self"
    """Nobody gives themselves a mandate, or decides on one of their own."""
    CYCLE = "mandate_cycle"
    """The agent would act for whom acts for them, in one chain."""
    NOT_GRANTOR = "mandate_not_grantor"
    PRINCIPAL_KIND = "mandate_principal_kind"
    AGENT_KIND = "mandate_agent_kind"
    THEME_UNKNOWN = "mandate_theme_unknown"
    GRANTOR_LEVEL = "mandate_grantor_level"
    AGENT_LEVEL = "mandate_agent_level"
    SCOPE_EMPTY = "mandate_scope_empty"
    SCOPE_BEYOND = "mandate_scope_beyond"
    """More than the grantor holds, or than the theme has."""
    TERM = "mandate_term"
    """It begins in the past, ends before it begins, or lasts too long."""
    NOT_DELEGABLE = "mandate_not_delegable"
    THIRD_LINK = "mandate_third_link"
    TOO_MANY = "mandate_too_many"
    HELD = "mandate_held"
    """The account has just been recovered, and speaks for nobody yet."""
    ACTING = "mandate_acting"
    """Who acts for another manages no mandates of that other's by it."""
    FOR_ANOTHER = "mandate_for_another"
    """The step is somebody else's to take."""
    STATE = "mandate_state"
    SIGNERS_MISSING = "mandate_signers_missing"
    """An entity has nobody who could meet the signing rule it is to have."""
    REPLACED_UNSEEN = "mandate_replaced_unseen"
    """It would replace one that the grantor was not shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mandate:
    """One mandate as far as decisions need it. Times: Unix seconds; ``valid_to`` is the first second without it.

    ``agent``: empty while nobody has an account of the name and number it is addressed to. ``represented``: for whom
    the agent comes to act: the principal, or for an agency's employee the agency's principal. ``in_force_at``: None
    while it was never active. ``parent``: of an agency's employee, the mandate of the agency.
    """

    id: str
    kind: Kind
    principal: str
    agent: str
    represented: str
    theme: str
    theme_version: int
    scope: Scope = field(default_factory=Scope)
    state: State
    valid_from: int
    valid_to: int
    in_force_at: int | None = None
    parent: str | None = None
    may_delegate: bool = False
    unit: str = ""
    """Of staff: the office they work in, as the organisation names it."""

    def to(self, agent: str) -> "Mandate":
        """The same, now that it is known who is meant."""
        return replace(self, agent=agent)

    def covers(self, other: "Mandate") -> bool:
        """Whether ``other`` between the same two gives no more than this one."""
        return self.scope.covers(other.scope) and (self.may_delegate or not other.may_delegate)

    def in_force(self, *, now: int) -> bool:
        if self.state is not State.ACTIVE or self.in_force_at is None:
            return False
        return max(self.valid_from, self.in_force_at) <= now < self.valid_to
