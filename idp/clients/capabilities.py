"""Capabilities: what a department app may have done beside signing people in, on which terms, and where that stands.

Always true: without a permit in force there is none, whatever was applied for.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

MOST_DAILY = 1_000_000
_LONGEST = 200
_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_NUMBER = re.compile(r"(?<![0-9])(?:[0-9]{15}|[0-9]{17}[0-9Xx])(?![0-9])")


class Capability(StrEnum):
    NAME_CHECK = "name_check"
    """Whether the verified name and number of the signed-in person are current."""
    FACE_CHECK = "face_check"
    """Whether the signed-in person is the one in front of the camera."""
    COUNTER_PROOFING = "counter_proofing"
    """Recording that a clerk has seen a person and their document."""
    IDENTITY_CODE = "identity_code"
    """Being told at a counter, by a code the person shows and confirms, who they are."""


class PermitState(StrEnum):
    """``applied`` -> ``granted`` or ``refused``; ``granted`` -> ``withdrawn``, or ``replaced`` by another permit."""

    APPLIED = "applied"
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    REPLACED = "replaced"


class CapabilityRefusal(StrEnum):
    """Why an application was not taken, or not decided; `idp.web` has the sentence for each."""

    MALFORMED = "capability_malformed"
    APPLIED_ALREADY = "capability_applied_already"
    NOT_OPEN = "capability_not_open"
    NOT_CONFIDENTIAL = "capability_not_confidential"


@dataclass(frozen=True, slots=True)
class Terms:
    """What is applied for. ``purpose``: by language, at least ``zh``, as people read it; ``law``: the provision it
    rests on; ``daily``: how often a day, by the clocks of China.
    """

    capability: Capability
    purpose: Mapping[str, str]
    law: str
    daily: int

    def label(self, language: str) -> str:
        return self.purpose.get(language) or self.purpose["zh"]


@dataclass(frozen=True, slots=True)
class Permit:
    """A row of ``capability_permit``."""

    id: str
    client_id: str
    terms: Terms
    state: PermitState
    applied_at: int
    decided_at: int | None


def read_terms(data: Mapping[str, Any]) -> Terms | CapabilityRefusal:
    """Terms from what an operator or a command gives."""
    try:
        purpose = {language: text.strip() for language, text in data["purpose"].items() if text.strip()}
        found = Terms(Capability(data["capability"]), purpose, data["law"].strip(), int(data["daily"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        return CapabilityRefusal.MALFORMED
    texts = (*found.purpose.values(), found.law)
    sound = "zh" in found.purpose and 1 <= found.daily <= MOST_DAILY and all(0 < len(t) <= _LONGEST for t in texts)
    return found if sound else CapabilityRefusal.MALFORMED


def is_reference(text: Any) -> bool:
    """A name a department gives to something of its own: plain letters, and no document number in disguise."""
    return isinstance(text, str) and bool(_REFERENCE.fullmatch(text)) and not _NUMBER.search(text)
