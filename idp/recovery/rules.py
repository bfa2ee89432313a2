"""Whether who has shown control of an account's phone may set a new password, and the last way for who has nothing.

Always true: a phone that may be somebody else's, or became the account's a moment ago, is not enough.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from idp.accounts.documents import Document
from idp.accounts.names import PersonName
from idp.accounts.rules import Mobile, PartyStatus

DAY = 86400
APPROVAL_LIFETIME = 7 * DAY
"""Seconds from the approval of a request within which its person has to set the new password."""
UNANSWERED_KEPT = 90 * DAY
"""Seconds for which a request is kept after its day when nobody came to the counter."""
MISMATCHES = 5
"""So many numbers that were not the one stated, and it can only be rejected: nobody finds a number out by trying."""


class Refusal(StrEnum):
    ANOTHER_WAY = "another_way"
    """The account stands for a known person and was not used for long: the number may have been given away."""
    HELD = "reset_held"
    """The phone changed a short time ago."""


@dataclass(frozen=True, slots=True)
class Denied:
    reason: Refusal
    until: int | None = None
    """Unix seconds from which it is possible."""


def may_reset(*, sms_opens: bool, held_until: int | None) -> Denied | None:
    """None when the code is enough."""
    if not sms_opens:
        return Denied(Refusal.ANOTHER_WAY)
    return Denied(Refusal.HELD, until=held_until) if held_until is not None else None


class Way(StrEnum):
    """How operators make sure of who asks."""

    REVIEW = "review"
    COUNTER = "counter"
    """The person comes with the document."""
    FACE = "face"
    """By nobody: the person activated an account by a face check, and it can only be stopped."""


class State(StrEnum):
    FILED = "filed"
    APPROVED = "approved"
    """By two operators; the account is closed to everybody until the new phone sets a password."""
    DONE = "done"
    STOPPED = "stopped"
    """By who has the old phone, or a later request took its place."""
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Claim:
    """Who somebody says to be, and the phone they have shown to be theirs."""

    name: PersonName
    document: Document
    mobile: Mobile


@dataclass(frozen=True, slots=True)
class Request:
    """``claim`` is None once the request has come to its end. Times: Unix seconds."""

    id: str
    claim: Claim | None = field(repr=False)
    way: Way
    locale: str
    state: State
    filed_at: int
    due_at: int
    party_id: str | None
    mismatches: int = 0
    """Numbers read from a document that were not the one stated."""

    @property
    def is_spent(self) -> bool:
        return self.mismatches >= MISMATCHES

    def is_overdue(self, *, now: int) -> bool:
        return self.state is State.FILED and self.due_at < now


@dataclass(frozen=True, slots=True)
class Match:
    """The account that has the document; ``open`` when it can be recovered."""

    party_id: str
    status: PartyStatus

    @property
    def open(self) -> bool:
        return self.status is PartyStatus.ACTIVE


@dataclass(frozen=True, slots=True)
class Decider:
    """Who decides, and the id of the reason or proposal it rests on."""

    operator: str
    because: str


def stop_text(mobile: Mobile, code: str) -> str:
    """What the stop code of a request is known by: the code means something only with the phone it was sent to."""
    return f"recovery-stop {mobile.value} {code}"
