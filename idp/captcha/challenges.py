"""Challenges: the digits somebody is to read, in the state store, for one browser and one answer.

Always true: presence means unused. Any answer of its browser, right or wrong, uses a challenge up by the one atomic
take, so that of any number of answers at once at most one is looked at; another browser can neither see nor use it.
"""

import base64
import secrets
from dataclasses import dataclass, field
from typing import Any

from idp.captcha.rules import DIGITS, LENGTH, RENDERINGS, read
from idp.crypto.fields import FieldCipher, FieldUnreadable
from idp.crypto.tokens import new_id, same
from idp.state.store import Store

_NS = "captcha"


@dataclass(frozen=True, slots=True)
class Challenge:
    """``seed``: what everything random in its sound is drawn from, so that each part a browser asks for fits."""

    digits: str = field(repr=False)
    seed: str = field(repr=False)


class Challenges:
    """Make, show and answer challenges. ``browser``: SHA-256 of the browser's id (`idp.web.cookies.browser_digest`).

    Methods may raise `idp.state.store.StateUnavailable`.
    """

    def __init__(self, store: Store, cipher: FieldCipher, *, lifetime: int) -> None:
        self._store = store
        self._cipher = cipher
        self._lifetime = lifetime

    def begin(self, *, browser: bytes) -> str:
        """The key of a new challenge; no secret, as it is of use in the same browser only."""
        key, digits = new_id("cap"), "".join(secrets.choice(DIGITS) for _ in range(LENGTH))
        sealed = base64.b64encode(self._cipher.seal(digits, context=_context(key))).decode()
        self._store.put(_NS, key, {"browser": browser.hex(), "digits": sealed}, self._lifetime)
        return key

    def find(self, key: str, *, browser: bytes) -> Challenge | None:
        """The challenge, while it waits for an answer of this browser."""
        return self._open(key, self._held(key, browser))

    def may_render(self, key: str) -> bool:
        """Count one more rendering, each of which costs milliseconds; False when there were `RENDERINGS` of them."""
        return self._store.incr(f"{_NS}-renderings", key, self._lifetime) <= RENDERINGS

    def answer(self, key: str, typed: str, *, browser: bytes) -> bool:
        """Use the challenge up; whether these are its digits."""
        if self._held(key, browser) is None:
            return False
        taken = self._open(key, self._store.take(_NS, key))
        return taken is not None and same(taken.digits, read(typed))

    def _held(self, key: str, browser: bytes) -> dict[str, Any] | None:
        held = self._store.get(_NS, key)
        return held if held is not None and same(held["browser"], browser.hex()) else None

    def _open(self, key: str, held: dict[str, Any] | None) -> Challenge | None:
        if held is None:
            return None
        try:
            digits = self._cipher.open(base64.b64decode(held["digits"]), context=_context(key))
        except FieldUnreadable:  # its key has left the ring: the challenge is as gone as one that expired
            return None
        return Challenge(digits, seed=held["digits"])


def _context(key: str) -> str:
    return f"captcha.digits:{key}"
