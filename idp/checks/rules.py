"""What a check is for, where it stands, and when its result counts.

Always true: a result counts once, for the purpose, the person and the browser it was ordered for, within its time.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from idp.accounts.documents import Document
from idp.accounts.names import PersonName

LIFETIME = 600
"""Seconds from the order to the moment at which the result counts no more (trust 5)."""
TRIES = 4
"""So often a vendor is asked the same, within about 30 seconds, before the person is offered another way."""
PAUSES = ((60, 1), (180, 2), (LIFETIME, 5))
"""Within so many seconds from the person's leaving for the vendor, so many between two questions for the result."""
CONNECTING = ((4, 1), (LIFETIME, 3))
"""The same from their agreeing, between two looks whether the vendor is there: one that is has answered by then."""
KEPT = 7 * 86400
"""Seconds for which a check is kept whose result nobody used; one that was used stays as long as what rests on it."""


class CheckKind(StrEnum):
    FACE = "face"
    BANK = "bank"
    """A bank's own channel, where the person signs in to the bank."""


class CheckPurpose(StrEnum):
    """What the person was told it is for; a result serves no other."""

    IDENTITY = "identity"
    SIGN_IN = "sign_in"
    RECOVERY = "recovery"
    ACTIVATION = "activation"
    ASSISTED = "assisted"
    """Somebody at a counter, who lets a clerk act for them."""
    MATTER = "matter"
    """A department's own, named in the check."""


class Variant(StrEnum):
    """How a person gets to the vendor."""

    REDIRECT = "redirect"
    """To a page of the vendor's."""
    SDK = "sdk"
    """By the vendor's software inside an app, which takes a token."""


class CheckState(StrEnum):
    """``ordered`` -> ``agreed`` -> ``open`` -> ``passed``, ``failed`` or ``away``; only ``passed`` can be taken."""

    ORDERED = "ordered"
    """Nothing was sent yet: the person has not agreed."""
    AGREED = "agreed"
    OPEN = "open"
    PASSED = "passed"
    FAILED = "failed"
    AWAY = "away"
    """The vendor could not be asked, or gave no result in time."""


OVER = frozenset({CheckState.PASSED, CheckState.FAILED, CheckState.AWAY})


class Refusal(StrEnum):
    """Why a check did not speak for its person; `idp.web.reasons` has the sentence for each."""

    NOT_PASSED = "check_not_passed"
    """Somebody else, no living face, or an answer that is no clear yes."""
    ABANDONED = "check_abandoned"
    """The person went away from it."""
    VENDOR_AWAY = "check_vendor_away"
    TRIES_USED_UP = "check_tries_used_up"
    TOO_MANY = "check_too_many"
    """So many were begun by people without an account: from this address, or everywhere."""
    OVER = "check_over"
    """Expired, taken already, or not this browser's."""


@dataclass(frozen=True, slots=True)
class CheckSubject:
    """Who is to be checked."""

    name: PersonName
    document: Document

    @property
    def key(self) -> str:
        """What has to be equal for two to be one: the canonical name and the document."""
        return f"{self.document.type}:{self.document.value}:{self.name.key}"


@dataclass(frozen=True, slots=True)
class Order:
    """What a room of the house wants checked. ``back``: where the person goes with the outcome; ``elsewhere``: where
    other ways stand, offered from the first page on. Both are paths of ours with their parameters; the check's id is
    added to ``back`` as ``check``.

    ``party_id``: whose account it is, when the person is known; ``asked_by`` and ``matter``: which department asks,
    and for what, in words shown to the person.
    """

    kind: CheckKind
    purpose: CheckPurpose
    subject: CheckSubject = field(repr=False)
    party_id: str | None
    back: str
    elsewhere: str
    locale: str
    variant: Variant = Variant.REDIRECT
    asked_by: str = ""
    matter: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Check:
    """A check as pages see it. ``order`` is None when it is over: nothing tells any more who was checked."""

    id: str
    kind: CheckKind
    purpose: CheckPurpose
    state: CheckState
    reason: Refusal | None
    back: str
    elsewhere: str
    expires_at: int
    order: Order | None = None
    url: str | None = field(default=None, repr=False)
    sdk_token: str | None = field(default=None, repr=False)
    agreed_at: int | None = None
    left_at: int | None = None
    """When the browser was sent to the vendor."""
    asking: bool = False
    """A question for the result is under way."""

    @property
    def left(self) -> bool:
        return self.left_at is not None

    def pause(self, now: int) -> int:
        """Seconds until it is worth looking again."""
        pauses = PAUSES if self.left else CONNECTING
        since = now - (self.left_at or self.agreed_at or now)
        return next((pause for until, pause in pauses if since < until), pauses[-1][1])


@dataclass(frozen=True, slots=True)
class Passed:
    """A result that was taken: what evidence keeps of it."""

    check_id: str
    vendor: str
    transaction: str
    score: int | None
    digest: str
    judged_at: int
