"""What a review is: its photos, how it may end, and when somebody may ask for one.

Always true: what operators were shown has one digest, and it changes with every photo.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from idp.accounts.documents import Document
from idp.accounts.names import PersonName

DAY = 86400
EVIDENCE = "review"
"""The kind of evidence an approved review is, and its source."""
FORGERY_PAUSE = DAY
"""Seconds for which nobody asks again after operators took a document for forged."""


class Side(StrEnum):
    """What a photo shows. In the order in which they are asked for."""

    FRONT = "front"
    BACK = "back"
    HOLDING = "holding"
    """The person with the document in their hand."""


class State(StrEnum):
    """Filed waits for operators; every other state is final, and has no photos."""

    FILED = "filed"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    """Nobody decided in time."""


class Cause(StrEnum):
    """Why operators reject; the person reads it in words."""

    UNREADABLE = "unreadable"
    EXPIRED = "expired"
    ANOTHER_PERSON = "another_person"
    NAME_DIFFERS = "name_differs"
    FORGERY = "forgery"
    OTHER = "other"


class Refusal(StrEnum):
    """Why a review was not begun or filed; `idp.web.reasons` has the sentence for each."""

    OPEN = "review_open"
    DAILY = "review_daily"
    PAUSED = "review_paused"
    PHOTOS_GONE = "review_photos_gone"
    TOO_MANY_PHOTOS = "photo_daily"
    ACCOUNT_CLOSED = "account_closed"
    KNOWN_OTHERWISE = "review_known_otherwise"
    """The account is somebody's by another document or name."""
    ELSEWHERE = "review_elsewhere"
    """Another account has the document."""


@dataclass(frozen=True, slots=True)
class Denied:
    reason: Refusal


@dataclass(frozen=True, slots=True)
class Policy:
    """``daily``: reviews, ``photos``: files somebody may send in a day. ``keep``: seconds an undecided review has.

    ``valid``: seconds for which an approved one proves who somebody is.
    """

    daily: int
    photos: int
    keep: int
    valid: int


@dataclass(frozen=True, slots=True)
class Claim:
    """Who somebody says to be."""

    name: PersonName
    document: Document


@dataclass(frozen=True, slots=True)
class Review:
    """``claim`` is None after the end. ``journey``: under which the photos stand. Times: Unix seconds."""

    id: str
    party_id: str
    claim: Claim | None = field(repr=False)
    locale: str
    state: State
    filed_at: int
    due_at: int
    decided_at: int | None
    cause: Cause | None
    digest: str
    journey: str

    def is_overdue(self, *, now: int) -> bool:
        return self.state is State.FILED and self.due_at < now


@dataclass(frozen=True, slots=True)
class Deciders:
    """Who decides, the id of the reason or proposal it rests on, and who proposed it, if somebody else did."""

    operator: str
    because: str
    proposer: str | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """An earlier review of somebody: when it was filed, and when and why it was rejected, if it was."""

    filed_at: int
    decided_at: int | None
    state: State
    cause: Cause | None


def objection(earlier: Sequence[Past], policy: Policy, *, now: int) -> Refusal | None:
    """Why somebody with ``earlier`` reviews may not ask for another one now."""
    if any(one.state is State.FILED for one in earlier):
        return Refusal.OPEN
    if any(one.cause is Cause.FORGERY and now - (one.decided_at or 0) < FORGERY_PAUSE for one in earlier):
        return Refusal.PAUSED
    today = sum(now - one.filed_at < DAY for one in earlier)
    return Refusal.DAILY if today >= policy.daily else None


def digest_of(photos: Mapping[Side, str]) -> str:
    """The digest of a set of photos. ``photos``: the SHA-256 of each, in hex."""
    return hashlib.sha256("\n".join(f"{side}:{photos.get(side, '')}" for side in Side).encode()).hexdigest()


def proved_until(policy: Policy, valid_to: int | None, *, now: int) -> int:
    """When the evidence of a review approved ``now`` ends: with its document at the latest."""
    return min(now + policy.valid, valid_to) if valid_to is not None else now + policy.valid
