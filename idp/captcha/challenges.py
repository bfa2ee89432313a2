"""Challenges: the digits somebody is to read, in the state store, for one browser and one answer.

Always true: presence means unused. Any answer of its browser, right or wrong, uses a challenge up by the one atomic
take, so that of any number of answers at once at most one is looked at; another browser can neither see nor use it.
"""

import base64
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from idp.captcha import rendering
from idp.captcha.ports import Away, CaptchaProvider, Media
from idp.captcha.rules import DIGITS, LENGTH, RENDERINGS, is_answer, read
from idp.crypto.fields import FieldCipher, FieldUnreadable
from idp.crypto.tokens import new_id, same
from idp.log import get_logger
from idp.state.store import Store

T = TypeVar("T")
_NS = "captcha"


@dataclass(frozen=True, slots=True)
class Challenge:
    """``seed``: what everything random in its sound is drawn from, so that each part a browser asks for fits."""

    digits: str = field(repr=False)
    seed: str = field(repr=False)
    theirs: str = ""
    """The provider's name of it: then the provider alone knows the digits, and ``digits`` and ``seed`` are empty."""


class Challenges:
    """Make, show and answer challenges. ``browser``: SHA-256 of the browser's id (`idp.web.cookies.browser_digest`).

    With a ``provider`` the digits are its own, and the house's while it is away; then no database transaction may be
    open where one begins, is shown or answered. At most ``waiting`` callers wait for it at once: a slow one leaves
    threads for everything else. Methods may raise `idp.state.store.StateUnavailable`.
    """

    def __init__(
        self,
        store: Store,
        cipher: FieldCipher,
        *,
        lifetime: int,
        provider: CaptchaProvider | None = None,
        waiting: int = 8,
    ) -> None:
        self._store = store
        self._cipher = cipher
        self._lifetime = lifetime
        self._provider = provider
        self._places = threading.BoundedSemaphore(waiting)

    def begin(self, *, browser: bytes) -> str:
        """The key of a new challenge; no secret, as it is of use in the same browser only."""
        key = new_id("cap")
        theirs = self._told(lambda provider: provider.begin())
        held = {"theirs": theirs} if theirs else {"digits": self._drawn(key)}
        self._store.put(_NS, key, {"browser": browser.hex(), **held}, self._lifetime)
        return key

    def _drawn(self, key: str) -> str:
        digits = "".join(secrets.choice(DIGITS) for _ in range(LENGTH))
        return base64.b64encode(self._cipher.seal(digits, context=_context(key))).decode()

    def find(self, key: str, *, browser: bytes) -> Challenge | None:
        """The challenge, while it waits for an answer of this browser."""
        return self._open(key, self._held(key, browser))

    def may_render(self, key: str) -> bool:
        """Count one more rendering, each of which costs milliseconds; False when there were `RENDERINGS` of them."""
        return self._store.incr(f"{_NS}-renderings", key, self._lifetime) <= RENDERINGS

    def picture(self, challenge: Challenge) -> Media | None:
        """None: the provider did not show it."""
        if not challenge.theirs:
            return Media("image/png", rendering.picture(challenge.digits))
        return self._told(lambda provider: provider.picture(challenge.theirs))

    def sound(self, challenge: Challenge, *, voice: str) -> Media | None:
        """``voice``: one of `idp.captcha.rendering.VOICES`. None: the provider did not speak it."""
        if not challenge.theirs:
            return Media("audio/wav", rendering.sound(challenge.digits, voice=voice, seed=challenge.seed))
        return self._told(lambda provider: provider.sound(challenge.theirs, voice=voice))

    def answer(self, key: str, typed: str, *, browser: bytes) -> bool:
        """Use the challenge up; whether these are its digits."""
        if self._held(key, browser) is None:
            return False
        taken = self._open(key, self._store.take(_NS, key))
        if taken is None or not taken.theirs:
            return taken is not None and same(taken.digits, read(typed))
        digits = read(typed)
        return is_answer(digits) and self._told(lambda provider: provider.verify(taken.theirs, digits)) is True

    def _told(self, ask: Callable[[CaptchaProvider], T | Away]) -> T | None:
        """What the provider said; its silence is logged unless its breaker is open."""
        if self._provider is None:
            return None
        if not self._places.acquire(blocking=False):
            get_logger("captcha").warning("captcha_provider_busy")
            return None
        try:
            answer = ask(self._provider)
        finally:
            self._places.release()
        if not isinstance(answer, Away):
            return answer
        if answer.reason != "circuit_open":
            get_logger("captcha").warning("captcha_provider_away", reason=answer.reason)
        return None

    def _held(self, key: str, browser: bytes) -> dict[str, Any] | None:
        held = self._store.get(_NS, key)
        return held if held is not None and same(held["browser"], browser.hex()) else None

    def _open(self, key: str, held: dict[str, Any] | None) -> Challenge | None:
        if held is None:
            return None
        if "theirs" in held:
            return Challenge("", "", held["theirs"])
        try:
            digits = self._cipher.open(base64.b64decode(held["digits"]), context=_context(key))
        except FieldUnreadable:  # its key has left the ring: the challenge is as gone as one that expired
            return None
        return Challenge(digits, seed=held["digits"])


def _context(key: str) -> str:
    return f"captcha.digits:{key}"
