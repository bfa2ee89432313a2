"""What a signed content was made for, by its first lines.

Always true: the head of a challenge is no head of a text, so that a signature under one never passes for the other.
"""

from enum import StrEnum

CHALLENGE_HEAD = "tongban-certificate"
TEXT_HEAD = "tongban-text"


class Purpose(StrEnum):
    SIGN_IN = "sign-in"
    BINDING = "binding"
    TEXT = "text"


_CHALLENGES = {
    Purpose.SIGN_IN: ("sign-in", "confirm"),
    Purpose.BINDING: ("bind-person", "bind-entity", "renew"),
}
"""The second line of a challenge."""


def is_for(content: bytes, purpose: Purpose) -> bool | None:
    """None: the content has no head of ours and was made for nothing we know."""
    head, _, rest = content.partition(b"\n")
    if head == TEXT_HEAD.encode():
        return purpose is Purpose.TEXT
    if head != CHALLENGE_HEAD.encode():
        return None
    second = rest.partition(b"\n")[0]
    return any(second == one.encode() for one in _CHALLENGES.get(purpose, ()))
