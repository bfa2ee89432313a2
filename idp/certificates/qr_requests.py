"""Texts handed to phones, in the state store: made, scanned, answered, and taken back by the desktop they are from.

Always true: one phone scans, one answer is taken from it, and one request of the browser that made the code gets that
answer; the values stand sealed.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from idp.certificates.qr_rules import LIFETIME, Handed, QrRefusal, QrState, Signed
from idp.crypto.fields import FieldCipher
from idp.crypto.sealed import SealedValues
from idp.crypto.tokens import random_token, same
from idp.state.store import Store

_NS = "certificate-qr"
_KEPT = LIFETIME + 60
"""Seconds: the desktop may fetch in its time what was signed in the last moment."""


class QrRequests:
    """``phone``: digest of the name of the browser on it, or `qr_rules.APP`. Methods may raise `StateUnavailable`."""

    def __init__(self, store: Store, cipher: FieldCipher) -> None:
        self._store = store
        self._handed = SealedValues(store, cipher, namespace=_NS, kind="certificate.qr", ttl=_KEPT)
        self._answers = SealedValues(
            store, cipher, namespace=f"{_NS}-answer", kind="certificate.qr.answer", ttl=_KEPT
        )

    def make(self, handed: Handed) -> str:
        """The token of the code: whoever has it may look, sign once, and no more."""
        token = random_token()
        self._store.put(f"{_NS}-open", token, {}, _KEPT)
        self._handed.put(token, asdict(handed))
        return token

    def desk(self, token: str, *, browser: str) -> Handed | None:
        """What this browser has handed out."""
        handed = self._read(token)
        return handed if handed and same(handed.browser, browser) else None

    def state(self, token: str, *, browser: str, now: int) -> QrState:
        handed = self.desk(token, browser=browser)
        if handed is None:
            return QrState.OVER
        if self._answers.get(token) is not None:
            return QrState.SIGNED
        if now >= handed.expires_at:
            return QrState.OVER
        return QrState.SCANNED if self._phone(token) else QrState.CREATED

    def scan(self, token: str, *, phone: str, now: int) -> Handed | QrRefusal:
        """What ``phone`` is to sign; the first that asks is the only one."""
        handed = self._live(token, now=now)
        if handed is None:
            return QrRefusal.OVER
        if self._phone(token) is None and self._store.incr(f"{_NS}-scans", token, _KEPT) == 1:
            self._store.put(f"{_NS}-phone", token, {"phone": phone}, _KEPT)
        return handed if self._is_phone(token, phone) else QrRefusal.ELSEWHERE

    def answer(self, token: str, *, phone: str, number: str, signed: Signed, now: int) -> QrRefusal | None:
        """Keep what ``phone`` has signed for the desktop; whose it is and whether it holds is not looked at here."""
        handed = self._live(token, now=now)
        if handed is None:
            return QrRefusal.OVER
        if not self._is_phone(token, phone):
            return QrRefusal.ELSEWHERE
        if not signed.whole:
            return QrRefusal.EMPTY
        if self._store.take(f"{_NS}-open", token) is None:
            return QrRefusal.OVER
        if not same(number, handed.number):
            self._handed.take(token)
            return QrRefusal.WRONG_NUMBER
        self._answers.put(token, asdict(signed))
        return None

    def take(self, token: str, *, browser: str, challenge: str) -> Signed | None:
        """The answer, used up, for the browser and the challenge it was asked for."""
        handed = self.desk(token, browser=browser)
        if handed is None or not same(handed.challenge, challenge):
            return None
        held = self._answers.take(token)
        if held is None:
            return None
        self._handed.take(token)
        return Signed(**held)

    def _read(self, token: str) -> Handed | None:
        held = self._handed.get(token)
        return Handed(**{**held, "numbers": tuple(held["numbers"])}) if held else None

    def _live(self, token: str, *, now: int) -> Handed | None:
        handed = self._read(token)
        open_ = self._store.get(f"{_NS}-open", token) is not None
        return handed if handed and open_ and now < handed.expires_at else None

    def _phone(self, token: str) -> str | None:
        found: Mapping[str, Any] | None = self._store.get(f"{_NS}-phone", token)
        return str(found["phone"]) if found else None

    def _is_phone(self, token: str, phone: str) -> bool:
        return same(self._phone(token) or "", phone)
