"""The port of the state store: one-time values, values with an end, and fixed windows that count.

Always true: of any number of `Store.take` calls for one value, over all processes, at most one gets it; and what has
ended, was taken or was lost is absent.

Keys are hashed before they are stored, so a dump does not hold the secret a caller looked something up by. Values are
stored as they are: callers put nothing personal and no secret into them in clear, and where a key is a phone number
or an address they pass its blind index, because a hash of something guessable hides nothing.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Protocol

import orjson


class StateUnavailable(Exception):
    """The store did not answer in time or refused; callers answer 503 with Retry-After."""


class Store(Protocol):
    """What may vanish at any moment. Every method may raise `StateUnavailable`.

    ``ns`` is a constant of the caller (letters, digits, hyphens), ``key`` any text, ``ttl`` and ``window`` whole
    seconds by the clock of the store itself.
    """

    def put(self, ns: str, key: str, value: Mapping[str, Any], ttl: int) -> None:
        """Keep a JSON object for ``ttl`` seconds, in place of what was there."""

    def get(self, ns: str, key: str) -> dict[str, Any] | None:
        """Look at a value without using it up."""

    def take(self, ns: str, key: str) -> dict[str, Any] | None:
        """Use a value up: exactly one caller gets it, everybody else None."""

    def incr(self, ns: str, key: str, window: int) -> int:
        """Count one more; the first call opens a window of ``window`` seconds, after which counting starts again."""

    def delete(self, ns: str, key: str) -> None:
        """Forget the value and the window of this key."""

    def close(self) -> None:
        """Close the connections of all threads of this process; the next call opens new ones."""


def hashed(ns: str, key: str) -> bytes:
    """What is stored in place of ``key``: 32 bytes, different in every name space."""
    return hashlib.sha256(f"{ns}\0{key}".encode("utf-8", "surrogatepass")).digest()


def pack(value: Mapping[str, Any]) -> bytes:
    return orjson.dumps(dict(value))


def unpack(stored: bytes) -> dict[str, Any]:
    value: dict[str, Any] = orjson.loads(stored)
    return value
