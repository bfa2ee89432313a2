"""Key sets that clients publish at their ``jwks_uri``.

Always true: a set is fetched through the guarded client, checked like a registered one, and at most once a minute.
"""

import threading

import orjson
from joserfc.jwk import KeySet

from idp.clients.rules import jwks_faults
from idp.messages.outbound import GuardedClient, NoAnswer

FRESH = 300
"""Seconds a fetched set is used without asking again."""
PAUSE = 60
"""Seconds between two fetches from one address, whatever came of the first."""


class RemoteKeys:
    def __init__(self, outbound: GuardedClient) -> None:
        self._outbound = outbound
        self._held: dict[str, tuple[int, KeySet | None]] = {}
        self._locks: dict[str, threading.Lock] = {}

    def fetch(self, uri: str, kid: str | None, now: int) -> KeySet | None:
        """The key set at ``uri``, at most `FRESH` seconds old; None when it cannot be had.

        A ``kid`` that is not among the keys held means that they were rotated (OpenID Connect Core 10.1.1).
        """
        fetched, keys = self._held.get(uri, (0, None))
        known = keys is not None and (kid is None or any(key.kid == kid for key in keys.keys))
        if now - fetched < (FRESH if known else PAUSE):
            return keys
        with self._locks.setdefault(uri, threading.Lock()):
            fetched, keys = self._held.get(uri, (0, None))
            if now - fetched >= PAUSE:
                keys = self._get(uri)
                self._held[uri] = (now, keys)
        return keys

    def _get(self, uri: str) -> KeySet | None:
        answer = self._outbound.get(uri)
        if isinstance(answer, NoAnswer) or answer.status != 200:
            return None
        text = answer.body.decode("utf-8", "replace")
        return None if jwks_faults(text) else KeySet.import_key_set(orjson.loads(text))
