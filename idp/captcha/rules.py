"""What the digits are, and how what somebody typed is read.

Always true: who has heard or read the digits right is right, on whatever keyboard and in whatever groups they typed.
"""

import unicodedata
from enum import StrEnum

LENGTH = 5
DIGITS = "023456789"
"""Without 1, which looks like 7 when it leans, and in Chinese sounds like it."""
RENDERINGS = 12
"""Pictures and sounds of one challenge: a few looks, a few listens, each of which a browser may ask for in parts."""


class Outcome(StrEnum):
    """What is counted of challenges."""

    SHOWN = "shown"
    RIGHT = "right"
    WRONG = "wrong"


def read(typed: str) -> str:
    """The digits in ``typed``: full-width ones (NFKC) are digits as well, and blanks do not count."""
    return "".join(unicodedata.normalize("NFKC", typed).split())


def is_answer(digits: str) -> bool:
    """Whether they may be right at all: so many ASCII digits."""
    return len(digits) == LENGTH and digits.isascii() and digits.isdigit()
