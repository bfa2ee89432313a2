"""Requests that came by POST, kept until the browser comes again by GET: with its SameSite=Lax cookies this time.

Always true: what they hold (hints, a token, a state) stands sealed in the state store and in no address.
"""

import base64
from collections.abc import Mapping

import orjson

from idp.crypto.fields import FieldCipher, FieldUnreadable
from idp.crypto.tokens import random_token
from idp.state.store import Store

PARAMETER = "posted"
_NAMESPACE = "posted"
_SECONDS = 120


class PostedRequests:
    """Raises `StateUnavailable`."""

    def __init__(self, store: Store, cipher: FieldCipher) -> None:
        self._store = store
        self._cipher = cipher

    def keep(self, params: Mapping[str, str]) -> str:
        """The key that finds ``params`` again."""
        key = random_token()
        sealed = self._cipher.seal(orjson.dumps(dict(params)).decode(), context=_context(key))
        self._store.put(_NAMESPACE, key, {"sealed": base64.b64encode(sealed).decode()}, _SECONDS)
        return key

    def find(self, key: str) -> dict[str, str] | None:
        """The parameters; no longer than a browser needs to follow a redirect."""
        held = self._store.get(_NAMESPACE, key)
        try:
            text = self._cipher.open(base64.b64decode(held["sealed"]), context=_context(key)) if held else None
        except FieldUnreadable:  # its key has left the ring
            return None
        return dict(orjson.loads(text)) if text else None


def _context(key: str) -> str:
    return f"posted.request:{key}"
