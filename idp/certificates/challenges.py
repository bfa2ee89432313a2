"""Texts given out to be signed, each for one answer.

Always true: a challenge is answered once over all nodes, within its time, in the browser, session and account and for
the purpose it was made for; whoever else comes with its id leaves it untouched. A text of somebody's stands sealed.
"""

from dataclasses import dataclass
from typing import Any

from idp.certificates.rules import Challenge, Purpose, challenge_text
from idp.crypto.fields import FieldCipher
from idp.crypto.sealed import SealedValues
from idp.crypto.tokens import random_token, same
from idp.state.store import Store

_NS = "certificate"
READING = 900
"""Seconds for a text that somebody reads before they sign it, or signs with a tool of their own."""


@dataclass(frozen=True, slots=True)
class Bound:
    """Who is asked. ``browser``: digest of the browser's name, hexadecimal; ``session``: id of the session there is;
    ``party``: whose account it is about; ``about``: what else, for example the certificate that is to be replaced.
    """

    browser: str
    session: str | None = None
    party: str | None = None
    about: str | None = None

    @property
    def facts(self) -> dict[str, str | None]:
        return {"session": self.session, "party": self.party, "about": self.about}


class Challenges:
    """``origin``: the issuer, whatever Host says; ``lifetime``: seconds, of what is no text of its own.

    Methods may raise `idp.state.store.StateUnavailable`; no transaction need be open.
    """

    def __init__(self, store: Store, cipher: FieldCipher, *, origin: str, lifetime: int) -> None:
        self._store = store
        self._texts = SealedValues(
            store, cipher, namespace=f"{_NS}-text", kind="certificate.text", ttl=max(READING, lifetime)
        )
        self._origin = origin
        self._lifetime = lifetime

    def make(self, purpose: Purpose, bound: Bound, *, text: str = "", now: int) -> Challenge:
        """``text``: of `Purpose.TEXT`, what is to be signed as it is."""
        lifetime = max(READING, self._lifetime) if purpose is Purpose.TEXT else self._lifetime
        key, nonce, expires_at = random_token(), random_token(), now + lifetime
        held = {"purpose": purpose.value, "browser": bound.browser, "nonce": nonce, "until": expires_at}
        if purpose is Purpose.TEXT:
            self._texts.put(key, {"text": text})
        self._store.put(_NS, key, held | bound.facts, lifetime)
        return Challenge(key, text or self._text(key, held), expires_at)

    def redeem(self, key: str, purpose: Purpose, bound: Bound, *, now: int) -> bytes | None:
        """The text that had to be signed, used up; None when there is none for this purpose and these facts."""
        held = self._store.get(_NS, key)
        if held is None or held["purpose"] != purpose.value or not same(held["browser"], bound.browser):
            return None
        if any(held[name] != value for name, value in bound.facts.items()) or held["until"] <= now:
            return None
        content = self._content(key, held)
        return content.encode() if content and self._store.take(_NS, key) == held else None

    def anew(self, key: str, *, browser: str, now: int) -> tuple[Purpose, Challenge] | None:
        """Another text for what ``key`` was made for, with its whole time; None where this browser was not asked."""
        held = self._store.get(_NS, key)
        if held is None or not same(held["browser"], browser):
            return None
        purpose = Purpose(held["purpose"])
        facts = {name: held[name] for name in ("session", "party", "about")}
        text = self._content(key, held) if purpose is Purpose.TEXT else ""
        if text is None:
            return None
        return purpose, self.make(purpose, Bound(browser, **facts), text=text, now=now)

    def _content(self, key: str, held: dict[str, Any]) -> str | None:
        if held["purpose"] != Purpose.TEXT:
            return self._text(key, held)
        found = self._texts.get(key)
        return str(found["text"]) if found else None

    def _text(self, key: str, held: dict[str, Any]) -> str:
        return challenge_text(
            Purpose(held["purpose"]), origin=self._origin, key=key, nonce=held["nonce"], expires_at=held["until"]
        )
