"""Whether who has shown control of an account's phone may set a new password.

Always true: a phone that may be somebody else's, or became the account's a moment ago, is not enough.
"""

from dataclasses import dataclass
from enum import StrEnum


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
    """None when the code is enough. Other proofs (a face check) will be asked here beside it."""
    if not sms_opens:
        return Denied(Refusal.ANOTHER_WAY)
    return Denied(Refusal.HELD, until=held_until) if held_until is not None else None
