"""The password: stored as Argon2id, verified in a bounded pool, under attempts that were counted beforehand.

Always true: known and unknown accounts, with and without a password, run the same statements and cost one hash; no
hash is computed inside a transaction.
"""

import base64
import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from idp.credentials import attempts
from idp.credentials.budgets import AddressBudget
from idp.credentials.policy import PROFILES, Acceptable, Personal, judge, normalised
from idp.credentials.policy import Denied as Unfit
from idp.credentials.rules import AttemptKind, AttemptPolicy, Busy, Locked, Refusal, Reserved
from idp.credentials.rules import (
    Denied as Denied,
)  # what `Passwords.verify` answers, as this module's callers name it
from idp.db import Database, Dialect, Statement, Transaction
from idp.settings import Password, PasswordLimits

KIND = AttemptKind.PASSWORD
_PAUSE = 0.02
_NICER = 10


class _Stored(NamedTuple):
    hash: str
    changed_at: int
    reset_required_at: int | None


_HASH = Statement("SELECT hash, changed_at, reset_required_at FROM password WHERE party_id = :party", _Stored)
_CHANGED = Statement("SELECT changed_at FROM password WHERE party_id = :party", int)
_STANDS = "SELECT 1 FROM password WHERE party_id = :party AND changed_at = :changed_at AND reset_required_at IS NULL"
# On SQLite writers stand in line from their first statement on; nothing need be locked.
_HOLD: dict[Dialect, Statement[int]] = {
    "sqlite": Statement(_STANDS, int),
    "postgresql": Statement(_STANDS + " FOR UPDATE", int),
}
# No two changes at the same second: `stands` tells passwords apart by it.
_SET = Statement[int](
    "INSERT INTO password (party_id, hash, changed_at) VALUES (:party, :hash, :now)"
    " ON CONFLICT (party_id) DO UPDATE SET hash = excluded.hash, reset_required_at = NULL, changed_at ="
    " CASE WHEN excluded.changed_at > password.changed_at THEN excluded.changed_at ELSE password.changed_at + 1 END",
    int,
)
_REVOKE = Statement[int]("DELETE FROM password WHERE party_id = :party", int)
_REHASH = Statement[int]("UPDATE password SET hash = :hash WHERE party_id = :party AND hash = :before", int)
_REQUIRE_RESET = Statement[int]("UPDATE password SET reset_required_at = :now WHERE party_id = :party", int)
_RESET_REQUIRED = Statement(
    "SELECT reset_required_at FROM password WHERE party_id = :party AND reset_required_at IS NOT NULL", int
)
_ERASE = Statement[int]("DELETE FROM password WHERE party_id = :party", int)


class PoolBusy(Exception):
    """Too many wait for a hash, or for a photo to be decoded; callers answer 503 with Retry-After."""


@dataclass(frozen=True, slots=True)
class Verified:
    """The password was right; the account is the one the caller asked about. Whether it still is: `stands`."""

    changed_at: int = field(default=0, compare=False)
    """Which of the account's passwords it was."""


class Hasher:
    """Argon2id with a bound on how many hashes one process computes, and how many callers wait for it.

    ``waiting`` stays below the number of threads, so that a flood of sign-ins leaves threads for tokens. The work is
    done by threads of its own: a C library gives each thread that hashes its 19 MiB, and takes them back from none;
    and they give way to whatever else wants the processors.
    """

    def __init__(self, limits: PasswordLimits, *, waiting: int = 8) -> None:
        self._argon2 = PasswordHasher(limits.argon2_time, limits.argon2_memory_kib, parallelism=1)
        self._free = threading.BoundedSemaphore(limits.hash_workers)
        self._places = threading.BoundedSemaphore(limits.hash_workers + waiting)
        self._wait = limits.hash_wait
        self._threads = ThreadPoolExecutor(limits.hash_workers, thread_name_prefix="argon2", initializer=_give_way)
        self.dummy = _impossible(self._argon2)

    def check_places(self) -> None:
        """Raises `PoolBusy` when there is no place now, which `slot` would find out later and at more cost."""
        if not self._places.acquire(blocking=False):
            raise PoolBusy
        self._places.release()

    @contextmanager
    def slot(self) -> Iterator[None]:
        """The right to compute hashes one after the other. Raises `PoolBusy`."""
        if not self._places.acquire(blocking=False):
            raise PoolBusy
        try:
            if not self._free.acquire(timeout=self._wait):
                raise PoolBusy
            try:
                yield
            finally:
                self._free.release()
        finally:
            self._places.release()

    def hash(self, password: str) -> str:
        return self._threads.submit(self._argon2.hash, _bytes(password)).result()

    def matches(self, stored: str, password: str) -> bool:
        try:
            return self._threads.submit(self._argon2.verify, stored, _bytes(password)).result()
        except (VerificationError, InvalidHashError):
            return False

    def is_outdated(self, stored: str) -> bool:
        """Whether it was made with other parameters than the settings now say."""
        return self._argon2.check_needs_rehash(stored)


def _give_way() -> None:
    """Run this thread behind others: on Linux each thread has a priority of its own (sched(7)).

    A sandbox may forbid it. Then passwords are compared all the same: an error here would end the pool for good.
    """
    if sys.platform == "linux":
        thread = threading.get_native_id()
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, thread, min(19, os.getpriority(os.PRIO_PROCESS, thread) + _NICER))


def _bytes(password: str) -> bytes:
    return normalised(password).encode("utf-8", "surrogatepass")


def _impossible(argon2: PasswordHasher) -> str:
    """A hash that no password has, as costly to check as a real one."""
    salt, tag = (base64.b64encode(os.urandom(length)).rstrip(b"=").decode() for length in (16, 32))
    return f"$argon2id$v=19$m={argon2.memory_cost},t={argon2.time_cost},p={argon2.parallelism}${salt}${tag}"


class Passwords:
    """What somebody does with a password. No transaction of the caller may be open on SQLite meanwhile."""

    def __init__(
        self,
        database: Database,
        hasher: Hasher,
        limits: PasswordLimits,
        choice: Password,
        failures_of_address: AddressBudget | None = None,
    ) -> None:
        self._database = database
        self._hasher = hasher
        self._wait = limits.hash_wait
        self._profile = PROFILES[choice.profile]
        self._min_length = choice.min_length
        self._address = failures_of_address
        self._dummy = _Stored(hasher.dummy, 0, None)
        self.policy = AttemptPolicy(limits.wrong_per_hour, lock_steps=limits.lock_steps)

    def check_places(self) -> None:
        """To be asked before anything else that a sign-in costs: raises `PoolBusy` when it would be turned away."""
        self._hasher.check_places()

    def verify(
        self, *, party_id: str | None, key: bytes, password: str, address: str | None = None, now: int
    ) -> Verified | Denied:
        """Whether it is the password of ``party_id`` (None: nobody owns the identifier).

        ``key``: `attempts.account_key` or `attempts.unknown_key`. ``address``: where failures are counted as well.
        Raises `PoolBusy`, `idp.db.DatabaseUnavailable`, `idp.state.store.StateUnavailable`.
        """
        if self._address and address is not None and not self._address.allows(address):
            return Denied(Refusal.TOO_MANY_REQUESTS)
        outcome = self._verify(party_id, key, password, now)
        failed = isinstance(outcome, Denied) and outcome.reason is Refusal.CREDENTIALS_REFUSED
        if self._address and address is not None and failed:
            self._address.count(address)
        return outcome

    def _verify(self, party_id: str | None, key: bytes, password: str, now: int) -> Verified | Denied:
        deadline = time.monotonic() + self._wait
        while time.monotonic() < deadline:
            with self._hasher.slot():
                outcome, stored = self._reserve(party_id, key, now)
                if isinstance(outcome, Reserved):
                    return self._evaluate(party_id, key, password, stored or self._dummy, outcome.at)
            if isinstance(outcome, Locked):
                return Denied(Refusal.PASSWORD_LOCKED, until=outcome.until)
            time.sleep(_PAUSE)  # others are being evaluated; what they leave over is known in a moment
        raise PoolBusy

    def _reserve(self, party_id: str | None, key: bytes, now: int) -> tuple[Reserved | Locked | Busy, _Stored | None]:
        with self._database.transaction() as tx:
            outcome = attempts.reserve(tx, key=key, kind=KIND, now=now, policy=self.policy)
            return outcome, tx.one(_HASH, party=party_id or "")

    def _evaluate(
        self, party_id: str | None, key: bytes, password: str, stored: _Stored, now: int
    ) -> Verified | Denied:
        right = self._hasher.matches(stored.hash, password)
        fresh = self._hasher.hash(password) if right and self._hasher.is_outdated(stored.hash) else None
        with self._database.transaction() as tx:
            until = attempts.settle(tx, key=key, kind=KIND, at=now, success=right, now=now, policy=self.policy)
            if fresh:
                tx.run(_REHASH, party=party_id, hash=fresh, before=stored.hash)
        if right and stored.reset_required_at is not None:
            return Denied(Refusal.RESET_REQUIRED)
        if right:
            return Verified(stored.changed_at)
        return Denied(Refusal.CREDENTIALS_REFUSED, until=until, newly_locked=until is not None)

    def judge(self, password: str, personal: Personal) -> Acceptable | Unfit:
        """Whether it may be chosen under this installation's profile."""
        return judge(password, profile=self._profile, min_length=self._min_length, personal=personal)

    def advice(self) -> list[tuple[str, dict[str, int | str]]]:
        """What to say above a new password: the rule's name and what it names (`idp.web.reasons.password_rule`)."""
        profile, least = self._profile, max(self._min_length, self._profile.min_length)
        rules: list[tuple[str, dict[str, int | str]]] = [("length", {"number": least})]
        if profile.advised_max:
            rules = [("advised_length", {"number": least, "most": profile.advised_max})]
        if profile.kinds_needed:
            both, few = profile.kinds_needed == len(profile.kinds), f"{profile.kinds_needed}_kinds"
            named: dict[str, int | str] = {"symbols": profile.symbols} if profile.symbols else {}
            rules.append(("letters_and_digits" if both else f"{few}_of_symbols" if named else few, named))
        return [*rules, ("uncommon", {})]

    def hash(self, password: str) -> str:
        """What `store_password` stores; computed before the transaction. Raises `PoolBusy`."""
        with self._hasher.slot():
            return self._hasher.hash(password)


def stands(tx: Transaction, verified: Verified, *, party_id: str) -> bool:
    """Whether the password that was right is still the account's; it cannot then change before ``tx`` ends.

    Who begins a session on the strength of a password asks this in the same transaction: a change meanwhile ends
    the sessions it sees, and must not miss this one.
    """
    return tx.one(_HOLD[tx.dialect], party=party_id, changed_at=verified.changed_at) is not None


def store_password(tx: Transaction, *, party_id: str, hashed: str, now: int) -> None:
    """Set or replace the password; a reset that was required is thereby done."""
    tx.run(_SET, party=party_id, hash=hashed, now=now)


def changed_at(tx: Transaction, party_id: str) -> int | None:
    """When the password was set last; None when the party has none."""
    return tx.one(_CHANGED, party=party_id)


def require_reset(tx: Transaction, *, party_id: str, now: int) -> bool:
    """Let the password open nothing until another is set; False when the party has none.

    Who ends sessions for the same reason does so afterwards: a sign-in that `stands` meanwhile is seen then.
    """
    return tx.run(_REQUIRE_RESET, party=party_id, now=now) == 1


def reset_required(tx: Transaction, party_id: str) -> bool:
    """Whether the party has a password that opens nothing until another is set."""
    return tx.one(_RESET_REQUIRED, party=party_id) is not None


def erase(tx: Transaction, party_id: str, *, now: int) -> None:
    """Forget the password and its attempts: the account closes."""
    tx.run(_ERASE, party=party_id)
    attempts.clear(tx, key=attempts.account_key(party_id), kind=KIND, now=now)


def unlock(tx: Transaction, *, party_id: str, now: int) -> bool:
    """Forget failures and lock, because the person proved themselves by another factor; whether there was a lock."""
    return attempts.clear(tx, key=attempts.account_key(party_id), kind=KIND, now=now)
