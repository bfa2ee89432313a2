"""What a channel is, and the codes on its posters.

Always true: a code is short enough to be typed, and says nothing of who scans it.
"""

import re
from enum import StrEnum
from typing import NamedTuple

LIFE = 86400
"""Seconds for which a browser remembers the channel it came by."""
_CODE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])")
_REGION = re.compile(r"[1-9][0-9]{5}")
_NAME_MOST = 60


class ChannelKind(StrEnum):
    COUNTY = "county"
    BANK = "bank"
    COUNTER = "counter"


class Step(StrEnum):
    """What is counted."""

    STARTED = "started"
    """Somebody has begun to register, and shown control of a phone: what costs nothing would count for nobody."""
    REGISTERED = "registered"
    ACTIVATED = "activated"


class Channel(NamedTuple):
    """``region``: six digits of GB/T 2260."""

    code: str
    kind: str
    name_zh: str
    name_en: str
    region: str
    active: bool

    def name(self, language: str) -> str:
        return self.name_en if language == "en" and self.name_en else self.name_zh


def parse_code(text: str) -> str | None:
    """The code in ``text``, whatever its case; None when it is none."""
    code = text.strip().lower()
    return code if _CODE.fullmatch(code) else None


def address(issuer: str, code: str) -> str:
    """What the code on a poster says."""
    return f"{issuer}/c/{code}"


def faults(channel: Channel) -> list[str]:
    """What is wrong with a channel to be added (English, for the operator)."""
    found = []
    if parse_code(channel.code) != channel.code:
        found.append("code: 2 to 32 of a-z 0-9 -, not beginning or ending with -")
    if not _REGION.fullmatch(channel.region):
        found.append("region: six digits of GB/T 2260")
    if not _fits(channel.name_zh) or (channel.name_en and not _fits(channel.name_en)):
        found.append(f"name: up to {_NAME_MOST} characters on one line")
    return found


def _fits(name: str) -> bool:
    return bool(name.strip()) and len(name) <= _NAME_MOST and name.isprintable()
