"""Owns the memory of what was fetched from the provider; threads that need it at once cause one fetch."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from adapters.departments.errors import DepartmentError, ProviderUnavailable

T = TypeVar("T")


class Cached(Generic[T]):
    """One fetched value. A failed renewal keeps the old one; while there is none, a failure is remembered briefly.

    fetch: is given the time in Unix seconds.
    max_age: seconds after which the value is fetched again.
    min_interval: seconds that must lie between two fetches forced by `renewed`.
    """

    RETRY_AFTER = 1  # seconds: while the provider is away, waiting threads share one failure instead of queueing

    def __init__(self, fetch: Callable[[int], T], *, max_age: int, min_interval: int) -> None:
        self._fetch = fetch
        self._max_age = max_age
        self._min_interval = min_interval
        self._lock = threading.Lock()
        self._values: list[T] = []
        self._tried_at = 0
        self._failure: DepartmentError | None = None

    def get(self, now: int) -> T:
        """The value, fetched if there is none or it is too old; raises what `fetch` raises if there is none."""
        if self._values and now - self._tried_at < self._max_age:
            return self._values[0]
        with self._lock:
            if self._values and now - self._tried_at < self._max_age:
                return self._values[0]
            return self._fetched(now)

    def renewed(self, now: int) -> T:
        """The value, fetched again unless that was done less than `min_interval` seconds ago."""
        with self._lock:
            if self._values and now - self._tried_at < self._min_interval:
                return self._values[0]
            return self._fetched(now)

    def _fetched(self, now: int) -> T:
        if self._failure and not self._values and now - self._tried_at <= self.RETRY_AFTER:
            raise ProviderUnavailable("the provider could not be used a moment ago") from self._failure
        self._tried_at = now
        try:
            self._values, self._failure = [self._fetch(now)], None
        except DepartmentError as error:
            self._failure = error
            if not self._values:
                raise
        return self._values[0]
