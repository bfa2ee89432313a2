"""Operators, their roles, their sessions, and who may decide on whose proposal.

Always true: nobody decides on a proposal of their own party, whichever session, account or role they come with.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

INVITATION_LIFETIME = 24 * 3600
"""Seconds for which an invitation is good."""
CODE_DIGITS = 8
CODE_TRIES = 5
"""Wrong enrolment codes that end an invitation."""
FIRST_FACTOR_LIFETIME = 300
"""Seconds between the password and the second factor."""
LOOK_LIFETIME = 1800
"""Seconds for which one stated reason lets an operator look at one person."""
PROPOSAL_LIFETIME = 3 * 86400
NAME_LENGTH = 40


class Role(StrEnum):
    """What an operator is for. Only `DEPARTMENT` has a scope: the sector of the department's apps."""

    PLATFORM = "platform"
    DEPARTMENT = "department"
    REVIEW = "review"
    COUNTER = "counter"
    """At a service counter, where people come with their documents."""
    AUDIT = "audit"


class OperatorState(StrEnum):
    ACTIVE = "active"
    DISABLED = "disabled"


class Factor(StrEnum):
    """What was proved in a session, as its ``amr`` value (RFC 8176)."""

    PASSWORD = "pwd"  # noqa: S105 - the registered name
    TOTP = "otp"


KINDS = {Factor.PASSWORD: "knowledge", Factor.TOTP: "possession"}


class Reason(StrEnum):
    """Why an operator was refused; `idp.web` has the sentence for each."""

    NAME_INVALID = "operator_name_invalid"
    NAME_TAKEN = "operator_name_taken"
    SCOPE_NEEDED = "operator_scope_needed"
    NOT_FOUND = "operator_not_found"
    LINK_DEAD = "enrolment_link_dead"
    CODE_WRONG = "enrolment_code_wrong"
    OWN_PROPOSAL = "proposal_own"
    ROLE_NEEDED = "proposal_role_needed"
    CLOSED = "proposal_closed"
    CHANGED = "proposal_subject_changed"
    PHONE_BARRED = "recovery_phone_barred"
    NOT_INSPECTED = "proposal_not_inspected"
    ALREADY_PROPOSED = "proposal_already_open"


@dataclass(frozen=True, slots=True)
class Denied:
    reason: Reason


class Assignment(NamedTuple):
    """One role of an operator; ``scope`` is empty for the whole province."""

    role: Role
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Operator:
    party_id: str
    name: str
    state: OperatorState
    assignments: frozenset[Assignment]
    created_at: int

    def has(self, *roles: Role) -> bool:
        return any(assignment.role in roles for assignment in self.assignments)

    @property
    def sectors(self) -> frozenset[str]:
        """The sectors whose apps a department operator may see."""
        return frozenset(a.scope for a in self.assignments if a.role is Role.DEPARTMENT)

    def __repr__(self) -> str:
        return f"Operator({self.party_id})"


class OperatorSession(NamedTuple):
    """A row of ``operator_session``; times are Unix seconds."""

    id: str
    party_id: str
    created_at: int
    last_seen_at: int
    absolute_end: int
    factors: str

    @property
    def complete(self) -> bool:
        """Whether factors of two different kinds were proved in it (trust 11)."""
        return len({KINDS[Factor(name)] for name in self.factors.split()}) > 1


def over(session: OperatorSession, *, idle: int, now: int) -> bool:
    return now >= session.absolute_end or now - session.last_seen_at >= idle


def canonical_name(text: str) -> str | None:
    """The name an operator signs in with: 2 to 40 letters, digits, dots, hyphens; None for anything else."""
    name = unicodedata.normalize("NFKC", text).strip().casefold()
    if not 2 <= len(name) <= NAME_LENGTH or not name[0].isalnum():
        return None
    return name if all(char.isalnum() or char in ".-_·" for char in name) else None


def assignments(roles: Iterable[Role], sectors: Iterable[str]) -> frozenset[Assignment] | Denied:
    """The roles with their scopes: a department operator needs a sector, no other role takes one."""
    wanted, scopes = frozenset(roles), frozenset(sectors)
    if not wanted or (Role.DEPARTMENT in wanted) != bool(scopes):
        return Denied(Reason.SCOPE_NEEDED)
    plain = {Assignment(role) for role in wanted - {Role.DEPARTMENT}}
    return frozenset(plain | {Assignment(Role.DEPARTMENT, scope) for scope in scopes})


class ProposalState(StrEnum):
    OPEN = "open"
    DONE = "done"
    """Approved by a second operator, and carried out in the same transaction."""
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    VOID = "void"
    """It could no longer be carried out: what it was about had changed, or its proposer was disabled."""
    EXPIRED = "expired"


class Change(NamedTuple):
    """One line of what approval would change, as texts or as words of `idp.console.words`."""

    what: str
    before: str
    after: str


class Proposal(NamedTuple):
    """A row of ``proposal`` with its sealed parts open."""

    id: str
    kind: str
    subject: str | None
    payload: dict[str, Any]
    reason: str
    proposer: str
    created_at: int
    expires_at: int
    state: ProposalState
    decider: str | None
    decided_at: int | None
    changes: tuple[Change, ...] = ()
    """What it would change, as that stood when it was made; it is carried out on these facts or not at all."""

    def state_at(self, now: int) -> ProposalState:
        overdue = self.state is ProposalState.OPEN and now >= self.expires_at
        return ProposalState.EXPIRED if overdue else self.state


def may_decide(proposal: Proposal, decider: Operator, *, roles: Iterable[Role], now: int) -> Denied | None:
    """Why ``decider`` may not decide, or None. The statement that decides asks the same once more."""
    if proposal.state_at(now) is not ProposalState.OPEN:
        return Denied(Reason.CLOSED)
    if decider.party_id == proposal.proposer:
        return Denied(Reason.OWN_PROPOSAL)
    if decider.state is not OperatorState.ACTIVE or not decider.has(*roles):
        return Denied(Reason.ROLE_NEEDED)
    return None
