"""A text to be signed, handed from a desktop to a phone by a QR code: what it is made of, and what ends it.

Always true: who signs says which number stands on the desktop, out of three and once; a wrong one ends it, so that
nobody signs for a screen they do not see.

Whoever relays the code to somebody else's phone cannot be told from who holds it up: the phone therefore says for
what, for which app, from where and since when.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

LIFETIME = 120
"""Seconds a code is good for, at most: never longer than what is to be signed."""
APP = "app"
"""Who scanned, when it was an app of its own and no browser."""


class QrState(StrEnum):
    """As the desktop sees it. ``OVER``: consumed, ended by a wrong number, too old, or never there."""

    CREATED = "created"
    SCANNED = "scanned"
    SIGNED = "signed"
    OVER = "over"


class QrRefusal(StrEnum):
    """`idp.web.reasons` has the sentence for each."""

    OVER = "qr_over"
    ELSEWHERE = "qr_elsewhere"
    """Another phone has scanned it."""
    WRONG_NUMBER = "qr_wrong_number"
    EMPTY = "qr_empty"
    """A number without an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """``challenge``: by which the desktop's own page knows ``text``; ``browser``: digest of the desktop's name.

    ``back``: local address of that page, which takes the answer; ``app``: its name by language, empty without one;
    ``address``: where the desktop's requests come from; times: Unix seconds.
    """

    challenge: str
    text: str = field(repr=False)
    purpose: str
    browser: str = field(repr=False)
    back: str
    app: Mapping[str, str]
    address: str = field(repr=False)
    number: str = field(repr=False)
    numbers: tuple[str, ...] = field(repr=False)
    created_at: int
    expires_at: int
    beside: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What else stood in the form of the desktop's page."""


@dataclass(frozen=True, slots=True)
class Signed:
    """An answer as it was sent, in base64: SignedData, or a signature with its certificate."""

    signed_data: str = field(default="", repr=False)
    signature: str = field(default="", repr=False)
    certificate: str = field(default="", repr=False)

    @property
    def whole(self) -> bool:
        return bool(self.signed_data or (self.signature and self.certificate))
