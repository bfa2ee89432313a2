"""What a person whose face has passed is told, and what their account is worth at first.

Always true: a face check alone gives no account its full standing: the phone on file speaks for it, or time does.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from idp.accounts.old_accounts import Waiting
from idp.accounts.rules import Mobile
from idp.proofing.rules import CHECKED, FACE_CHECKED


class Found(StrEnum):
    """What there is of somebody whose face has passed."""

    WAITING = "waiting"
    ACTIVE = "active"
    UNPROVED = "unproved"
    """The document is on record with an account that no face, or no longer any, has proved to be its person's."""
    SUSPENDED = "suspended"
    REJECTED = "rejected"
    """It was activated before, by somebody else as who has the phone on file said: a face is not enough any more."""
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Finding:
    """``party_id``, ``mobile``: of the account there is already; ``waiting``: what can be activated."""

    found: Found
    party_id: str | None = None
    mobile: Mobile | None = None
    waiting: tuple[Waiting, ...] = ()


def level(*, on_file: bool) -> int:
    """``ial`` from a face check: whole with a code to the phone on file."""
    return FACE_CHECKED if on_file else CHECKED


def ranked(waiting: Iterable[Waiting], mobile: Mobile) -> list[Waiting]:
    """The one that becomes the account first, then those that are merged into it: whose phone was confirmed leads."""
    return sorted(waiting, key=lambda one: (one.told.mobile != mobile, -one.imported_at, one.id))
