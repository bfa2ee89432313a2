"""The captcha provider's client (docs/providers.md): it makes, shows and speaks digits, and says which are right.

Always true: only the literal ``true`` of a signed answer to this very question is right.
"""

import base64
import binascii
import re
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from adapters.providers.register import Fields, Patience, RegisterLine, exactly
from idp.captcha.ports import Away, Media
from idp.proofing.ports import Unavailable, Unusable

T = TypeVar("T")
PATIENCE = Patience(timeout=2.0, breaker_failures=1)
"""The house has digits of its own, so one failure is enough to leave the provider alone for a while."""
MAX_MEDIA = 45_000
"""Bytes of a picture or sound; in base64 they fit into an answer."""
_CHALLENGE = re.compile(r"[!-~]{1,128}")
_PICTURES = ("image/png", "image/jpeg")
_SOUNDS = ("audio/wav", "audio/mpeg")


class HttpCaptchaProvider:
    """Fills ``idp.captcha.ports.CaptchaProvider``. Safe for several threads."""

    def __init__(
        self,
        url: str,
        secret: str,
        *,
        patience: Patience = PATIENCE,
        ca_file: Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Raises ``ValueError`` for an unusable ``url``, ``OSError`` for an unreadable ``ca_file``."""
        self._line = RegisterLine(url, secret, patience=patience, ca_file=ca_file, clock=clock)

    def begin(self) -> str | Away:
        return self._ask({"want": "challenge"}, _challenge)

    def picture(self, challenge: str) -> Media | Away:
        return self._ask({"want": "picture", "challenge": challenge}, lambda answer: _media(answer, _PICTURES))

    def sound(self, challenge: str, *, voice: str) -> Media | Away:
        question = {"want": "sound", "challenge": challenge, "voice": voice}
        return self._ask(question, lambda answer: _media(answer, _SOUNDS))

    def verify(self, challenge: str, digits: str) -> bool | Away:
        return self._ask({"want": "verdict", "challenge": challenge, "digits": digits}, _verdict)

    def _ask(self, question: Fields, read: Callable[[Fields], T | None]) -> T | Away:
        answer = self._line.ask({"reference": secrets.token_hex(16), **question}, read)
        return Away(answer.reason) if isinstance(answer, Unavailable | Unusable) else answer


def _challenge(answer: Fields) -> str | None:
    name = answer.get("challenge")
    usable = exactly(answer, "challenge") and isinstance(name, str) and _CHALLENGE.fullmatch(name)
    return str(name) if usable else None


def _media(answer: Fields, types: tuple[str, ...]) -> Media | None:
    kind, data = answer.get("type"), answer.get("data")
    if not exactly(answer, "type", "data") or kind not in types or not isinstance(data, str):
        return None
    try:
        content = base64.b64decode(data, validate=True)
    except (ValueError, binascii.Error):
        return None
    return Media(str(kind), content) if 0 < len(content) <= MAX_MEDIA else None


def _verdict(answer: Fields) -> bool | None:
    right = answer.get("right")
    return right if exactly(answer, "right") and isinstance(right, bool) else None
