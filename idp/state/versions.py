"""Values that every process keeps in memory and checks against a version in the main database.

Always true: a value that was not confirmed within the last second is not used, so a change reaches every process of
every node within a second, whoever made it.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from idp.db import Database, DatabaseUnavailable, Statement, Transaction

T = TypeVar("T")
BOUND = 1.0
"""Seconds a value may be used after the moment its confirmation was asked for."""
_WAIT = 5.0
_READ = Statement[int]("SELECT version FROM registry_version WHERE name = :name", int)
_BUMP = Statement[int](
    "INSERT INTO registry_version (name, version) VALUES (:name, 1)"
    " ON CONFLICT (name) DO UPDATE SET version = registry_version.version + 1",
    int,
)


def read(tx: Transaction, name: str) -> int:
    """How often the registry ``name`` was changed; 0 for one that never was."""
    return tx.one(_READ, name=name) or 0


def bump(tx: Transaction, name: str) -> None:
    """Tell every process that the registry ``name`` changes with this transaction."""
    tx.run(_BUMP, name=name)


@dataclass(frozen=True, slots=True)
class _Held(Generic[T]):
    value: T
    version: int
    confirmed: float
    """Monotonic time at which the question was sent that this value answers."""


class Versioned(Generic[T]):
    """One value of a process, loaded again when its version in the database changes.

    ``load`` gets a transaction in which each statement stands alone. It runs after the version was read, so it may
    see more than that version says, and then is merely called once again.
    """

    def __init__(
        self, database: Database, name: str, load: Callable[[Transaction], T], max_age: float = BOUND / 2
    ) -> None:
        self._database = database
        self._name = name
        self._load = load
        self._max_age = max_age
        self._lock = threading.Lock()
        self._held: _Held[T] | None = None
        self._failed = self._expired = float("-inf")

    def get(self) -> T:
        """The value. While one thread asks the database, others use what they have until the bound is reached.

        Raises `DatabaseUnavailable` when the value cannot be confirmed.
        """
        now = time.monotonic()
        held = self._held
        age = now - held.confirmed if held is not None and held.confirmed > self._expired else BOUND
        if held is not None and age < self._max_age:
            return held.value
        usable = age < BOUND
        if not self._lock.acquire(blocking=not usable, timeout=-1 if usable else _WAIT):
            if held is not None and usable:
                return held.value
            raise DatabaseUnavailable("the version was not confirmed in time")
        try:
            return self._confirm(now, held if usable else None)
        finally:
            self._lock.release()

    def expire(self) -> None:
        """Ask again at the next `get`: for ``tx.after_commit`` of whoever changed the registry in this process."""
        self._expired = time.monotonic()

    def _confirm(self, asked: float, usable: _Held[T] | None) -> T:
        held = self._held
        if held is not None and held.confirmed >= asked:  # another thread did it while this one waited
            return held.value
        if self._failed >= asked:  # and it failed; asking again would let threads wait one after the other
            raise DatabaseUnavailable("the version could not be confirmed")
        sent = time.monotonic()
        try:
            with self._database.autocommit() as tx:
                version = read(tx, self._name)
                same = held is not None and held.version == version
                value = held.value if held is not None and same else self._load(tx)
        except DatabaseUnavailable:
            self._failed = time.monotonic()
            if usable is not None and self._failed - usable.confirmed < BOUND:
                return usable.value
            raise
        self._held = _Held(value, version, sent)
        return value
