"""A scan: what its code looks like, where it stands, and what ends it.

Always true: who confirms has said which number stands on the other screen, out of three and once (unless that screen
can show none); a wrong one ends it, so that nobody confirms a screen they do not see.

A code that is relayed to somebody else's phone looks like any other: the phone therefore says for what, for which
app, from where and since when as well.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
"""No vowels, so that no words come of it, and nothing that looks like a digit (RFC 8628 6.1)."""
_LENGTH = 8
LIFETIME = 300
GRACE = 60
"""Seconds in which what was confirmed in the last moment can still be fetched."""
INTERVAL = 5
SLOWER = 5
"""Seconds that `slow_down` adds, for good (RFC 8628 3.5)."""
_CHOICES = 3


class Kind(StrEnum):
    DEVICE = "device"
    """A kiosk's or another device's, by RFC 8628."""
    SIGN_IN = "sign_in"
    """A desktop browser's at our own sign-in page."""


class State(StrEnum):
    """``waiting`` -> ``scanned`` -> ``matched`` -> ``confirmed`` -> ``consumed``; or it ends before."""

    WAITING = "waiting"
    SCANNED = "scanned"
    MATCHED = "matched"
    """The number was right; what the app demands may still be missing."""
    CONFIRMED = "confirmed"
    CONSUMED = "consumed"
    DENIED = "denied"
    WRONG_NUMBER = "wrong_number"


ENDED = frozenset({State.CONSUMED, State.DENIED, State.WRONG_NUMBER})


class Refusal(StrEnum):
    """`idp.web.reasons` has the sentence for each."""

    UNKNOWN = "scan_code_unknown"
    OVER = "scan_over"
    ELSEWHERE = "scan_elsewhere"
    """Somebody else, or another session, has taken it."""
    WRONG_NUMBER = "scan_wrong_number"
    TOO_MANY = "scan_too_many"
    NOT_PROVED = "scan_not_proved"
    """The session that would confirm came by such a code itself."""


class Scan(NamedTuple):
    """A row of ``scan``. ``number``, ``numbers``: empty for a screen that shows none; ``session_id``: the phone's."""

    id: str
    kind: Kind
    state: State
    client_id: str | None
    holder: bytes
    number: str
    numbers: str
    party_id: str | None
    session_id: str | None
    sealed: bytes
    pace: int
    created_at: int
    expires_at: int

    def over(self, now: int) -> bool:
        """Whether nothing can come of it any more; what was confirmed is for who waits to fetch."""
        if self.state is State.CONFIRMED:
            return now >= self.expires_at + GRACE
        return self.state in ENDED or now >= self.expires_at

    @property
    def choices(self) -> list[str]:
        return self.numbers.split()


@dataclass(frozen=True, slots=True)
class Made:
    """What the screen is given to show. ``number``: empty when it shows none."""

    id: str
    code: str = field(repr=False)
    number: str = field(repr=False)
    expires_at: int


Facts = Mapping[str, Any]
"""What the code was made for, in JSON; sealed."""


def draw_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(_LENGTH))


def shown_code(code: str) -> str:
    """In two halves, to be read out or typed."""
    return f"{code[:4]}-{code[4:]}"


def read_code(typed: str) -> str | None:
    """The code in what somebody typed, in any case and with anything between its letters (RFC 8628 6.1)."""
    letters = "".join(char for char in typed.upper() if char in ALPHABET)
    plain = all(char in ALPHABET or not char.isalnum() for char in typed.upper())
    return letters if plain and len(letters) == _LENGTH else None


def draw_numbers() -> tuple[str, tuple[str, ...]]:
    """The number for the screen, and the three that the phone offers, in an order that tells nothing."""
    chance = secrets.SystemRandom()
    numbers = tuple(str(number) for number in chance.sample(range(10, 100), _CHOICES))
    return chance.choice(numbers), numbers
