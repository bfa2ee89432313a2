"""Levels: identity (``ial``), strength of authentication (``aal``), the acr grammar that names them, and what a phone
may do for an account of a level.

Always true: a request for a level is met by the truth at or above it, and never by anything else.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

REGISTERED = 1
"""``ial`` of an account without evidence."""
CHECKED = 2
"""``ial`` of an account whose name and number a register has confirmed: it stands for a known person."""
NAME_AND_NUMBER = "name_number"
BANK_CARD = "bank_card"
BANK_CHANNEL = "bank_channel"
"""The kinds of evidence that carry `CHECKED`."""
FACE = "face"
"""The kind of evidence of a face check; it carries `FACE_CHECKED`."""
FACE_CHECKED = 3
"""``ial`` from which evidence stands by itself: the person was looked at. What is below says only that whoever held
the account's phone knew a name and a number, so it ends with the phone (trust 7)."""
DAY = 86400
NOTICE_DAYS = (30, 7, 1)
"""How many days before its end the person is told of evidence that carries the identity level."""
MAX_IAL = 4
MAX_AAL = 3
MAX_EL = 4
_ACR = re.compile(r"urn:tongban(?:(?::ial:(?P<ial>[1-4]))?(?::aal:(?P<aal>[1-3]))?|:el:(?P<el>[1-4]))")


class ProofRefusal(StrEnum):
    """Why somebody was not proved to be who they say; `idp.web` has the sentence for each."""

    NOT_CONFIRMED = "identity_not_confirmed"
    DOCUMENT_EXPIRED = "document_expired"
    TRIES_USED_UP = "identity_tries_used_up"
    HELD = "proof_held"
    """The account has just come to its phone by a face or a decision alone: the same again adds nothing to it."""
    REGISTER_UNAVAILABLE = "register_unavailable"


@dataclass(frozen=True, slots=True)
class Level:
    """Levels: what is true of a session, or at least demanded (``0`` demands nothing).

    ``el`` is the represented entity's, 0 where nobody is represented; it never counts for the person.
    """

    ial: int = 0
    aal: int = 0
    el: int = 0

    def meets(self, demanded: "Level") -> bool:
        return self.ial >= demanded.ial and self.aal >= demanded.aal and self.el >= demanded.el

    @property
    def acr(self) -> str:
        """The true combined value of the person, ``urn:tongban:ial:N:aal:M``."""
        return f"urn:tongban:ial:{self.ial}:aal:{self.aal}"


NO_LEVEL = Level()


@lru_cache(maxsize=256)
def parse_acr(text: str) -> Level | None:
    """The level an acr value demands; None for values of other vocabularies, which are ignored."""
    match = _ACR.fullmatch(text)
    if match is None or not any(match.groups()):
        return None
    return Level(*(int(match[name] or 0) for name in ("ial", "aal", "el")))


def acr_values_supported() -> list[str]:
    """Every requestable value, simple ones first."""
    ials = [f"urn:tongban:ial:{n}" for n in range(1, MAX_IAL + 1)]
    aals = [f"urn:tongban:aal:{n}" for n in range(1, MAX_AAL + 1)]
    both = [f"{ial}:aal:{m}" for ial in ials for m in range(1, MAX_AAL + 1)]
    return ials + aals + both + [f"urn:tongban:el:{n}" for n in range(1, MAX_EL + 1)]


class Evidence(NamedTuple):
    """One proof of identity: the level it carries and when it ends (None: it does not)."""

    level: int
    expires_at: int | None


class Proof(NamedTuple):
    """Evidence as its person sees it: what was proved, by whom, when and until when."""

    id: str
    kind: str
    level: int
    source: str
    proved_at: int
    expires_at: int | None

    def valid(self, now: int) -> bool:
        return self.expires_at is None or self.expires_at > now


def identity_level(evidence: Iterable[Evidence] | Iterable[Proof], *, now: int) -> int:
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

    def sms_opens(self, *, proved: bool, last_active: int, now: int) -> bool:
        """Whether a code to the phone, and nothing else, opens an account. ``proved``: it is, or once was, a known
        person's; evidence that has ended does not make it anybody's.
        """
        return not proved or not self.idle(last_active=last_active, now=now)


def carrying(proofs: Iterable[Proof], *, now: int) -> Proof | None:
    """The proof at whose end the identity level falls: of those of the highest level the one that lasts longest."""
    valid = [proof for proof in proofs if proof.valid(now) and proof.level > REGISTERED]
    return max(valid, key=lambda proof: (proof.level, _end(proof), proof.id), default=None)


def _end(proof: Proof) -> float:
    return float("inf") if proof.expires_at is None else proof.expires_at


def next_notice(expires_at: int | None, *, after: int) -> int | None:
    """When the next notice of this end is due, later than ``after``; None when there is none any more."""
    if expires_at is None:
        return None
    return min((at for days in NOTICE_DAYS if (at := expires_at - days * DAY) > after), default=None)


def renewable(proofs: Iterable[Proof], *, level: int = CHECKED, now: int) -> bool:
    """May ``level`` be proved (again): nothing confirms it beyond the time of the first notice."""
    until = max((_end(proof) for proof in proofs if proof.valid(now) and proof.level >= level), default=0)
    return until <= now + NOTICE_DAYS[0] * DAY
