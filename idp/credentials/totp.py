"""The authenticator app: six digits that change every thirty seconds (RFC 6238).

Always true: of any number of tries with the code of one time step one wins, and no earlier step is good after it; the
secret stands sealed wherever it is kept.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import pyotp

from idp.credentials import attempts, trials
from idp.credentials.policy import normalised
from idp.credentials.rules import AttemptKind, AttemptPolicy, Denied, Refusal
from idp.crypto.fields import FieldCipher
from idp.crypto.tokens import same
from idp.db import Database, Statement, Transaction
from idp.web.qr import qr_svg

KIND = AttemptKind.TOTP
STEP = 30
"""Seconds for which one code is shown."""
DRIFT = 1
"""Steps by which a phone's clock may be off, either way (RFC 6238 5.2)."""
ENROLMENT_LIFETIME = 1800
"""Seconds in which an enrolment must be confirmed."""
_SECRET_CHARACTERS = 32  # of base32: 20 random bytes (RFC 4226 4, R6)


class _Held(NamedTuple):
    sealed: bytes


_BEGIN = Statement[int](
    "INSERT INTO totp (party_id, last_step, pending, pending_at) VALUES (:party, 0, :pending, :now)"
    " ON CONFLICT (party_id) DO UPDATE SET pending = excluded.pending, pending_at = excluded.pending_at",
    int,
)
_PENDING = Statement(
    "SELECT pending FROM totp WHERE party_id = :party AND pending IS NOT NULL AND pending_at > :after", _Held
)
_CONFIRM = Statement[int](
    "UPDATE totp SET sealed = pending, last_step = :step, confirmed_at = :now, pending = NULL, pending_at = NULL"
    " WHERE party_id = :party AND pending = :pending",
    int,
)
_HELD = Statement("SELECT sealed FROM totp WHERE party_id = :party AND sealed IS NOT NULL", _Held)
_USE = Statement[int](
    "UPDATE totp SET last_step = :step WHERE party_id = :party AND sealed = :sealed AND last_step < :step", int
)
_SINCE = Statement("SELECT confirmed_at FROM totp WHERE party_id = :party AND sealed IS NOT NULL", int)
_REMOVE = Statement[int]("DELETE FROM totp WHERE party_id = :party AND sealed IS NOT NULL", int)
_FORGET = Statement[int](
    "UPDATE totp SET pending = NULL, pending_at = NULL WHERE sealed IS NOT NULL AND pending_at < :before", int
)
_FORGET_PENDING = Statement[int]("UPDATE totp SET pending = NULL WHERE party_id = :party", int)
_PURGE = Statement[int]("DELETE FROM totp WHERE sealed IS NULL AND pending_at < :before", int)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What the app is to be told; shown to the person, kept by nobody else."""

    uri: str = field(repr=False)
    """``otpauth://totp/…``"""
    secret: str = field(repr=False)
    """Base32, for typing."""

    @property
    def qr(self) -> str:
        """The address as an SVG image, to be put into a page as it is."""
        return qr_svg(self.uri)


@dataclass(frozen=True, slots=True)
class Verified:
    """The code was right, and nobody can use it again."""


class Totp:
    """Enrol and verify. ``issuer`` is the name the app shows beside the code.

    `verify` opens transactions of its own: none of the caller may be open on SQLite meanwhile.
    """

    def __init__(self, database: Database, cipher: FieldCipher, policy: AttemptPolicy, *, issuer: str) -> None:
        self._database = database
        self._cipher = cipher
        self._policy = policy
        self._issuer = issuer
        self._dummy = pyotp.random_base32(_SECRET_CHARACTERS)

    def begin(self, tx: Transaction, *, party_id: str, label: str, now: int) -> Enrolment:
        """A fresh secret; the one in force stays until the new one is confirmed. ``label``: shown in the app."""
        secret = pyotp.random_base32(_SECRET_CHARACTERS)
        tx.run(_BEGIN, party=party_id, pending=self._cipher.seal(secret, context=_context(party_id)), now=now)
        return self._enrolment(secret, label)

    def pending(self, tx: Transaction, *, party_id: str, label: str, now: int) -> Enrolment | None:
        """The enrolment under way, to be shown again."""
        held = tx.one(_PENDING, party=party_id, after=now - ENROLMENT_LIFETIME)
        return self._enrolment(self._open(held, party_id), label) if held else None

    def confirm(self, tx: Transaction, *, party_id: str, code: str, now: int) -> Verified | Denied:
        """Put the secret of the enrolment in force if ``code`` is its own.

        Not counted: who is asked has been shown the secret, so there is nothing to guess.
        """
        held = tx.one(_PENDING, party=party_id, after=now - ENROLMENT_LIFETIME)
        if held is None:
            return Denied(Refusal.ENROLMENT_EXPIRED)
        step = _step_of(self._open(held, party_id), code, now)
        if step is None:
            return Denied(Refusal.TOTP_WRONG)
        if tx.run(_CONFIRM, party=party_id, pending=held.sealed, step=step, now=now) != 1:
            return Denied(Refusal.ENROLMENT_EXPIRED)  # another answer was first
        return Verified()

    def verify(self, *, party_id: str | None, key: bytes, code: str, now: int) -> Verified | Denied:
        """Whether ``code`` is the party's (None: nobody), under the attempts counted for ``key``.

        ``key``: `attempts.account_key` or `attempts.unknown_key`. Raises `idp.db.DatabaseUnavailable`.
        """
        reserved = trials.reserve(self._database, key=key, kind=KIND, policy=self._policy, now=now)
        if isinstance(reserved, Denied):
            return reserved
        with self._database.transaction() as tx:
            held = tx.one(_HELD, party=party_id or "")
            step = _step_of(self._open(held, party_id or "") if held else self._dummy, code, now)
            right = held is not None and step is not None
            won = tx.run(_USE, party=party_id or "", sealed=held.sealed if held else b"", step=step or 0) == 1
            until = attempts.settle(tx, key=key, kind=KIND, at=reserved.at, success=won, now=now, policy=self._policy)
        if won:
            return Verified()
        reason = Refusal.TOTP_USED if right else Refusal.TOTP_WRONG
        return Denied(reason, until=until, newly_locked=until is not None)

    def _open(self, held: _Held, party_id: str) -> str:
        return self._cipher.open(held.sealed, context=_context(party_id))

    def _enrolment(self, secret: str, label: str) -> Enrolment:
        uri = pyotp.TOTP(secret).provisioning_uri(name=label or self._issuer, issuer_name=self._issuer)
        return Enrolment(uri, secret)


def enrolled_at(tx: Transaction, party_id: str) -> int | None:
    """When the party's authenticator app was confirmed; None when there is none."""
    return tx.one(_SINCE, party=party_id)


def remove(tx: Transaction, *, party_id: str) -> bool:
    """Whether there was one to remove."""
    return tx.run(_REMOVE, party=party_id) == 1


def purge(tx: Transaction, *, now: int) -> int:
    """Forget enrolments that nobody confirmed; how many."""
    before = now - ENROLMENT_LIFETIME
    return tx.run(_FORGET, before=before) + tx.run(_PURGE, before=before)


def _context(party_id: str) -> str:
    return f"totp.sealed:{party_id}"


def _step_of(secret: str, code: str, now: int) -> int | None:
    """The latest time step around ``now`` whose code it is."""
    typed, otp = "".join(normalised(code).split()), pyotp.TOTP(secret, interval=STEP)
    steps = range(now // STEP - DRIFT, now // STEP + DRIFT + 1)
    right = [step for step in steps if same(otp.at(step * STEP), typed)]
    return max(right, default=None)


def forget_pending(tx: Transaction, *, party_id: str) -> None:
    """End an enrolment that was begun and not confirmed; the secret in force stays."""
    tx.run(_FORGET_PENDING, party=party_id)
