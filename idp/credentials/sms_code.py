"""The code by text message: six digits for one purpose, one number and one browser, good for one right answer.

Always true: an answer is counted in the main database before it is compared, and of any number of right answers one
wins; neither a flushed nor a restored state store gives further tries or a second win.
"""

import base64
import hmac
import secrets
from dataclasses import dataclass, field
from typing import Any

from idp.credentials import budgets
from idp.credentials.budgets import AddressBudget
from idp.credentials.policy import normalised
from idp.credentials.rules import Purpose, Refusal, Refused, SendPolicy
from idp.crypto.fields import BlindIndex, FieldCipher
from idp.crypto.rings import Ring
from idp.crypto.tokens import digest, new_id, same
from idp.db import Database, Statement
from idp.log import get_logger
from idp.messages.outbox import enqueue
from idp.messages.rules import Kind
from idp.settings import SmsLimits
from idp.state.store import Store

DIGITS = 6
_NS = "sms-code"
_HOUR = 3600
_log = get_logger("sms_code")
_OPEN = Statement[int]("INSERT INTO sms_challenge (id, answers, expires_at) VALUES (:id, 0, :expires_at)", int)
_COUNT = Statement(
    "UPDATE sms_challenge SET answers = answers + 1 WHERE id = :id AND answers < :limit AND expires_at > :now"
    " RETURNING answers",
    int,
)
_CLOSE = Statement[int]("DELETE FROM sms_challenge WHERE id = :id", int)


@dataclass(frozen=True, slots=True)
class Issued:
    """A code is on its way, or seems to be. ``challenge_id`` is not secret; it is of use in the same browser only."""

    challenge_id: str
    expires_at: int
    resend_at: int


@dataclass(frozen=True, slots=True)
class Proved:
    """Whoever holds this browser has read a message to ``phone`` (E.164) just now."""

    phone: str = field(repr=False)
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class Denied:
    reason: Refusal
    until: int | None = None
    """Unix seconds from which it may be tried again."""
    answers_left: int | None = None


class SmsCodes:
    """Issue and check codes. No transaction of the caller may be open on SQLite meanwhile.

    Methods may raise `idp.db.DatabaseUnavailable` and `idp.state.store.StateUnavailable`.
    """

    def __init__(
        self,
        database: Database,
        store: Store,
        *,
        cipher: FieldCipher,
        index: BlindIndex,
        ring: Ring,
        limits: SmsLimits,
    ) -> None:
        """``ring``: the ring of the blind index; codes get keys of their own from it."""
        self._database = database
        self._store = store
        self._cipher = cipher
        self._index = index
        self._keys = ring.derive("sms-code")
        self._limits = limits
        self._policy = SendPolicy(limits.per_number_interval, limits.per_number_daily)
        self._address = AddressBudget(store, index, "sms-address", limits.per_address_hourly)

    def issue(
        self,
        *,
        purpose: Purpose,
        phone: str,
        browser: str,
        locale: str,
        deliver: bool,
        now: int,
        address: str | None = None,
        replaces: str | None = None,
        party_id: str | None = None,
    ) -> Issued | Denied:
        """Send a code to ``phone`` (E.164), which only ``browser`` (a secret of its cookie) can answer.

        ``deliver``: False for a number that is to get none (unknown, or known when registering); everything looks and
        costs the same, and no answer is right. ``replaces``: the challenge whose code is no longer good.
        """
        if address is not None and not self._address.allows(address):
            return Denied(Refusal.SMS_ADDRESS_LIMIT)
        challenge, code = new_id("smc"), f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
        issued = Issued(challenge, now + self._limits.code_lifetime, now + self._limits.per_number_interval)
        # The store comes first: a message whose code cannot be answered would be worse than the other way round.
        held = self._hold(challenge, purpose, phone, browser, code if deliver else secrets.token_hex(8))
        self._store.put(_NS, challenge, held, self._limits.code_lifetime)
        message = {"to": phone, "template": f"{purpose}_code", "params": self._params(code), "locale": locale}
        old = self._own(replaces, purpose, browser)
        if refused := self._send(issued, message, Kind.SMS if deliver else Kind.NONE, old, party_id, now):
            self._store.delete(_NS, challenge)
            return Denied(refused.reason, until=refused.until)
        self._store.delete(_NS, old)
        self._count(address)
        return issued

    def _own(self, challenge: str | None, purpose: Purpose, browser: str) -> str:
        """``challenge`` if it is one of this browser for this purpose, else the name of none."""
        held = self._store.get(_NS, challenge or "")
        return challenge if challenge and held is not None and _is_for(held, purpose, browser) else ""

    def _params(self, code: str) -> dict[str, str]:
        return {"code": code, "minutes": str(max(1, self._limits.code_lifetime // 60))}

    def _hold(self, challenge: str, purpose: Purpose, phone: str, browser: str, code: str) -> dict[str, Any]:
        sealed = self._cipher.seal(phone, context=f"sms_code.phone:{challenge}")
        return {
            "purpose": purpose.value,
            "browser": digest(browser).hex(),
            "code": self._mac(self._keys.current.secret, challenge, code),
            "phone": base64.b64encode(sealed).decode(),
        }

    def _mac(self, key: bytes, challenge: str, code: str) -> str:
        return hmac.digest(key, f"{challenge}\0{code}".encode("utf-8", "surrogatepass"), "sha256").hex()

    def _send(
        self, issued: Issued, message: dict[str, Any], kind: Kind, old: str, party_id: str | None, now: int
    ) -> Refused | None:
        number = self._index.current("sms-number", message["to"])
        with self._database.transaction() as tx:
            refused = budgets.spend_message(tx, key=number, now=now, policy=self._policy)
            if refused is None:
                tx.run(_CLOSE, id=old)
                tx.run(_OPEN, id=issued.challenge_id, expires_at=issued.expires_at)
                enqueue(tx, kind, message, now=now, lifetime=self._limits.code_lifetime, party_id=party_id)
            return refused

    def _count(self, address: str | None) -> None:
        if address is not None:
            self._address.count(address)
        if self._store.incr("sms-global", "all", _HOUR) == self._limits.global_hourly + 1:
            _log.error("sms_budget_exceeded", hourly=self._limits.global_hourly)

    def answer(self, *, challenge_id: str, purpose: Purpose, code: str, browser: str, now: int) -> Proved | Denied:
        """Use the code up if it is right, for the purpose and in the browser it was sent for."""
        held = self._store.get(_NS, challenge_id)
        if held is None or not _is_for(held, purpose, browser):
            return Denied(Refusal.CODE_EXPIRED)
        with self._database.transaction() as tx:
            answers = tx.one(_COUNT, id=challenge_id, limit=self._limits.code_wrong_answers, now=now)
        if answers is None:
            return Denied(Refusal.CODE_EXHAUSTED, answers_left=0)
        if not self._is_right(held, challenge_id, code):
            left = self._limits.code_wrong_answers - answers
            return Denied(Refusal.CODE_WRONG if left else Refusal.CODE_EXHAUSTED, answers_left=left)
        if self._store.take(_NS, challenge_id) != held or not self._close(challenge_id):
            return Denied(Refusal.CODE_EXPIRED)
        return Proved(self._open(held, challenge_id), purpose)

    def phone(self, *, challenge_id: str, purpose: Purpose, browser: str) -> str | None:
        """The number (E.164) an open challenge of this browser was sent to; None when there is no such challenge."""
        held = self._store.get(_NS, challenge_id)
        return self._open(held, challenge_id) if held is not None and _is_for(held, purpose, browser) else None

    def _open(self, held: dict[str, Any], challenge: str) -> str:
        return self._cipher.open(base64.b64decode(held["phone"]), context=f"sms_code.phone:{challenge}")

    def _is_right(self, held: dict[str, Any], challenge: str, code: str) -> bool:
        typed = "".join(normalised(code).split())
        return any(same(held["code"], self._mac(key.secret, challenge, typed)) for key in self._keys.keys)

    def _close(self, challenge: str) -> bool:
        """Whether this caller is the one that used the code up."""
        with self._database.transaction() as tx:
            return tx.run(_CLOSE, id=challenge) == 1


def _is_for(held: dict[str, Any], purpose: Purpose, browser: str) -> bool:
    return held["purpose"] == purpose.value and same(held["browser"], digest(browser).hex())
