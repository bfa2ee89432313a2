"""The port to a provider of digits to read or hear, for installations that do not want the house's own.

Always true: whoever is asked sends one answer or `Away`, and `Away` lets nobody through.
"""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Away:
    """No usable answer. ``reason``: a word for the log."""

    reason: str


@dataclass(frozen=True, slots=True)
class Media:
    """A picture (PNG or JPEG) or a sound (WAV or MP3), with its media type."""

    type: str
    content: bytes = field(repr=False)


class CaptchaProvider(Protocol):
    """``challenge`` is the provider's name of one. None of the methods raises, nor takes longer than its time-out."""

    def begin(self) -> str | Away:
        """A new challenge of five digits."""

    def picture(self, challenge: str) -> Media | Away: ...

    def sound(self, challenge: str, *, voice: str) -> Media | Away:
        """``voice``: ``zh`` or ``en``."""

    def verify(self, challenge: str, digits: str) -> bool | Away: ...
