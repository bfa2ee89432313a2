"""Recovery codes: ten codes to keep on paper, each good once, for who has lost the other ways to confirm.

Always true: a code is shown when it is made and never again; of any number of tries with one code one wins.

Kept is the hash of each code, sealed with the field keys: without them a copy of the database tells nothing, and the
codes outlive a rotation of keys, which a hash keyed once for all would not.
"""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any, NamedTuple

from idp.credentials import attempts, trials
from idp.credentials.policy import normalised
from idp.credentials.rules import AttemptKind, AttemptPolicy, Denied, Refusal
from idp.crypto.fields import FieldCipher
from idp.crypto.tokens import new_id, same
from idp.db import Database, Statement, Transaction

KIND = AttemptKind.RECOVERY_CODE
COUNT = 10
FEW = 3
"""So many left, or fewer, are few."""
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base32: no I, L, O, U
_MISREAD = str.maketrans("OIL", "011")
_GROUPS, _GROUP = 4, 4  # 16 characters of 5 bits


class _Kept(NamedTuple):
    id: str
    sealed: bytes


_UNUSED = Statement("SELECT id, sealed FROM recovery_code WHERE party_id = :party AND used_at IS NULL", _Kept)
_ADD = Statement[Any](
    "INSERT INTO recovery_code (id, party_id, sealed, created_at) VALUES (:id, :party, :sealed, :now)"
)
_USE = Statement[int]("UPDATE recovery_code SET used_at = :now WHERE id = :id AND used_at IS NULL", int)
_REMOVE = Statement[int]("DELETE FROM recovery_code WHERE party_id = :party", int)
_LEFT = Statement(
    "SELECT SUM(CASE WHEN used_at IS NULL THEN 1 ELSE 0 END), MAX(created_at) FROM recovery_code"
    " WHERE party_id = :party HAVING COUNT(*) > 0",
    lambda left, made: Left(int(left), made),
)


@dataclass(frozen=True, slots=True)
class Left:
    """How many of the last codes are unused, and when they were made."""

    number: int
    made_at: int

    @property
    def few(self) -> bool:
        return self.number <= FEW


@dataclass(frozen=True, slots=True)
class Verified:
    """The code was right, and nobody can use it again. ``left``: how many others are unused."""

    left: int


class RecoveryCodes:
    """Make and verify. `verify` opens transactions of its own: none of the caller may be open on SQLite meanwhile."""

    def __init__(self, database: Database, cipher: FieldCipher, policy: AttemptPolicy) -> None:
        self._database = database
        self._cipher = cipher
        self._policy = policy

    def make(self, tx: Transaction, *, party_id: str, now: int) -> list[str]:
        """Ten new codes, to be shown once; those before them are no longer any good."""
        tx.run(_REMOVE, party=party_id)
        codes = [_random_code() for _ in range(COUNT)]
        for code in codes:
            key = new_id("rcc")
            sealed = self._cipher.seal(_hash(party_id, code), context=_context(key))
            tx.run(_ADD, id=key, party=party_id, sealed=sealed, now=now)
        return codes

    def verify(self, *, party_id: str | None, key: bytes, code: str, now: int) -> Verified | Denied:
        """Whether ``code`` is an unused one of the party (None: nobody), under the attempts counted for ``key``.

        ``key``: `attempts.account_key` or `attempts.unknown_key`. Raises `idp.db.DatabaseUnavailable`.
        """
        reserved = trials.reserve(self._database, key=key, kind=KIND, policy=self._policy, now=now)
        if isinstance(reserved, Denied):
            return reserved
        with self._database.transaction() as tx:
            unused = tx.all(_UNUSED, party=party_id or "")
            hashed = _hash(party_id or "", code)
            right = [kept.id for kept in unused if same(self._open(kept), hashed)]
            won = tx.run(_USE, id=right[0] if right else "", now=now) == 1
            until = attempts.settle(tx, key=key, kind=KIND, at=reserved.at, success=won, now=now, policy=self._policy)
        if won:
            return Verified(len(unused) - 1)
        return Denied(Refusal.RECOVERY_CODE_WRONG, until=until, newly_locked=until is not None)

    def _open(self, kept: _Kept) -> str:
        return self._cipher.open(kept.sealed, context=_context(kept.id))


def left(tx: Transaction, party_id: str) -> Left | None:
    """None when the party has never made any, or has removed them."""
    return tx.one(_LEFT, party=party_id)


def remove(tx: Transaction, *, party_id: str) -> bool:
    """Whether there were any to remove."""
    return tx.run(_REMOVE, party=party_id) > 0


def _context(code_id: str) -> str:
    return f"recovery_code.sealed:{code_id}"


def _random_code() -> str:
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))


def _hash(party_id: str, typed: str) -> str:
    """Of a code as people type it: any case, any blanks and hyphens, O for 0, I and L for 1."""
    plain = "".join(char for char in normalised(typed).upper() if char.isalnum()).translate(_MISREAD)
    return hashlib.sha256(f"{party_id}\0{plain}".encode("utf-8", "surrogatepass")).hexdigest()
