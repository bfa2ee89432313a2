"""Sealed values: JSON objects in the state store that only this installation's field keys open.

Always true: a value is bound to its key and its kind, and one whose field key has left the ring is as gone as one
that has expired.
"""

import base64
from collections.abc import Mapping
from typing import Any

import orjson

from idp.crypto.fields import FieldCipher, FieldUnreadable
from idp.state.store import Store


class SealedValues:
    """One kind of them. ``kind`` names it in the seal; every method may raise `StateUnavailable`."""

    def __init__(self, store: Store, cipher: FieldCipher, *, namespace: str, kind: str, ttl: int) -> None:
        self._store = store
        self._cipher = cipher
        self._namespace = namespace
        self._kind = kind
        self._ttl = ttl

    def put(self, key: str, value: Mapping[str, Any]) -> None:
        sealed = self._cipher.seal(orjson.dumps(value).decode(), context=f"{self._kind}:{key}")
        self._store.put(self._namespace, key, {"sealed": base64.b64encode(sealed).decode()}, self._ttl)

    def get(self, key: str) -> dict[str, Any] | None:
        return self._open(key, self._store.get(self._namespace, key))

    def take(self, key: str) -> dict[str, Any] | None:
        """Use it up: one caller gets it."""
        return self._open(key, self._store.take(self._namespace, key))

    def _open(self, key: str, held: Mapping[str, Any] | None) -> dict[str, Any] | None:
        if held is None:
            return None
        try:
            text = self._cipher.open(base64.b64decode(held["sealed"]), context=f"{self._kind}:{key}")
        except FieldUnreadable:
            return None
        value: dict[str, Any] = orjson.loads(text)
        return value
