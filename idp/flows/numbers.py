"""The numbers by which people name what they have asked for: twelve digits, shown and read aloud in groups of four.

Always true: a number says nothing of whose it is, and none follows from another.
"""

import re
import secrets
import unicodedata

_SEPARATORS = re.compile(r"[\s-]+")
_NUMBER = re.compile(r"[0-9]{12}", re.ASCII)


def new_number() -> str:
    return f"{secrets.randbelow(10**12):012}"


def parse_number(text: str) -> str | None:
    """The number in ``text``, with blanks or hyphens or without; None for anything else."""
    digits = _SEPARATORS.sub("", unicodedata.normalize("NFKC", text))
    return digits if _NUMBER.fullmatch(digits) else None


def grouped(number: str) -> str:
    """As it is shown and read aloud: three groups of four digits."""
    return f"{number[:4]} {number[4:8]} {number[8:]}"
