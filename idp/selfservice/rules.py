"""Whether a person may change their phone now.

Always true: nobody changes it who has not authenticated a moment ago, or has changed it a short time ago.
"""

from enum import StrEnum

FRESH = 300
"""Seconds for which an authentication is recent enough to change a phone."""


class Refusal(StrEnum):
    STALE = "phone_reauthenticate"
    HELD = "phone_change_held"


def may_change_phone(*, auth_time: int, held_until: int | None, now: int) -> Refusal | None:
    """None when the change may begin. Every way to authenticate is another one than the new phone."""
    if held_until is not None:
        return Refusal.HELD
    return Refusal.STALE if now - auth_time >= FRESH else None
