"""Levels: identity (``ial``), strength of authentication (``aal``), the acr grammar that names them, and what a phone
may do for an account of a level.

Always true: a request for a level is met by the truth at or above it, and never by anything else.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

REGISTERED = 1
"""``ial`` of an account without evidence."""
CHECKED = 2
"""``ial`` of an account whose name and number a register has confirmed."""
NAME_AND_NUMBER = "name_number"
"""The kind of evidence that carries `CHECKED`."""
REAL_NAME = 2
"""``ial`` from which an account stands for a known person."""
FACE_CHECKED = 3
"""``ial`` from which evidence stands by itself: the person was looked at. What is below says only that whoever held
the account's phone knew a name and a number, so it ends with the phone (trust 7)."""
MAX_IAL = 4
MAX_AAL = 3
_ACR = re.compile(r"urn:tongban(?::ial:(?P<ial>[1-4]))?(?::aal:(?P<aal>[1-3]))?")


class ProofRefusal(StrEnum):
    """Why somebody was not proved to be who they say; `idp.web` has the sentence for each."""

    NOT_CONFIRMED = "identity_not_confirmed"
    DOCUMENT_EXPIRED = "document_expired"
    TRIES_USED_UP = "identity_tries_used_up"
    REGISTER_UNAVAILABLE = "register_unavailable"


@dataclass(frozen=True, slots=True)
class Level:
    """A pair of levels: what is true of a session, or at least demanded (``0`` demands nothing)."""

    ial: int = 0
    aal: int = 0

    def meets(self, demanded: "Level") -> bool:
        return self.ial >= demanded.ial and self.aal >= demanded.aal

    @property
    def acr(self) -> str:
        """The true combined value, ``urn:tongban:ial:N:aal:M``."""
        return f"urn:tongban:ial:{self.ial}:aal:{self.aal}"


NO_LEVEL = Level()


def parse_acr(text: str) -> Level | None:
    """The level an acr value demands; None for values of other vocabularies, which are ignored."""
    match = _ACR.fullmatch(text)
    if match is None or (match["ial"] is None and match["aal"] is None):
        return None
    return Level(int(match["ial"] or 0), int(match["aal"] or 0))


def acr_values_supported() -> list[str]:
    """Every requestable value, simple ones first."""
    ials = [f"urn:tongban:ial:{n}" for n in range(1, MAX_IAL + 1)]
    aals = [f"urn:tongban:aal:{n}" for n in range(1, MAX_AAL + 1)]
    return ials + aals + [f"{ial}:aal:{m}" for ial in ials for m in range(1, MAX_AAL + 1)]


class Evidence(NamedTuple):
    """One proof of identity: the level it carries and when it ends (None: it does not)."""

    level: int
    expires_at: int | None


def identity_level(evidence: Iterable[Evidence], *, now: int) -> int:
    """The highest level among evidence valid at ``now``; `REGISTERED` without any."""
    valid = (e.level for e in evidence if e.expires_at is None or e.expires_at > now)
    return max(valid, default=REGISTERED)


@dataclass(frozen=True, slots=True)
class PhonePolicy:
    """How long a phone is trusted to be its person's, and what waits after it changed. All in seconds."""

    recycled_after: int = 90 * 86400
    """Carriers give a number to somebody else after about so long."""
    change_hold: int = 72 * 3600
    """From one change of phone to the next."""
    reset_hold: int = 24 * 3600
    """From a change of phone to a new password by a code to it alone: never both in one go."""

    def idle(self, *, last_active: int, now: int) -> bool:
        """Whether an account has not been used for so long that its number may be somebody else's."""
        return now - last_active >= self.recycled_after

    def sms_opens(self, *, ial: int, last_active: int, now: int) -> bool:
        """Whether a code to the phone, and nothing else, opens an account of this identity level."""
        return ial < REAL_NAME or not self.idle(last_active=last_active, now=now)
