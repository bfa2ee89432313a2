"""Requests that came by POST, kept until the browser comes again by GET: with its SameSite=Lax cookies this time.

Always true: what they hold (hints, a token, a state) stands sealed in the state store and in no address.
"""

from collections.abc import Mapping

from idp.crypto.fields import FieldCipher
from idp.crypto.sealed import SealedValues
from idp.crypto.tokens import random_token
from idp.state.store import Store

PARAMETER = "posted"
_SECONDS = 120


class PostedRequests:
    """Raises `StateUnavailable`."""

    def __init__(self, store: Store, cipher: FieldCipher) -> None:
        self._values = SealedValues(store, cipher, namespace="posted", kind="posted.request", ttl=_SECONDS)

    def keep(self, params: Mapping[str, str]) -> str:
        """The key that finds ``params`` again."""
        key = random_token()
        self._values.put(key, dict(params))
        return key

    def find(self, key: str) -> dict[str, str] | None:
        """The parameters; no longer than a browser needs to follow a redirect."""
        return self._values.get(key)
