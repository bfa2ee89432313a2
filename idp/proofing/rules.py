"""Levels: identity (``ial``), strength of authentication (``aal``), and the acr grammar that names them.

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
MAX_IAL = 4
MAX_AAL = 3
MAX_EL = 4
_ACR = re.compile(r"urn:tongban(?:(?::ial:(?P<ial>[1-4]))?(?::aal:(?P<aal>[1-3]))?|:el:(?P<el>[1-4]))")


class ProofRefusal(StrEnum):
    """Why somebody was not proved to be who they say; `idp.web` has the sentence for each."""

    NOT_CONFIRMED = "identity_not_confirmed"
    DOCUMENT_EXPIRED = "document_expired"
    TRIES_USED_UP = "identity_tries_used_up"
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


def identity_level(evidence: Iterable[Evidence], *, now: int) -> int:
    """The highest level among evidence valid at ``now``; `REGISTERED` without any."""
    valid = (e.level for e in evidence if e.expires_at is None or e.expires_at > now)
    return max(valid, default=REGISTERED)
