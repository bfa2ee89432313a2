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
        self._lock = threading.Lock()

    def fetch(self, uri: str, now: int) -> KeySet | None:
        """The key set at ``uri``, at most `FRESH` seconds old; None when it cannot be had."""
        fetched, keys = self._held.get(uri, (0, None))
        if now - fetched < (FRESH if keys else PAUSE):
            return keys
        with self._lock:
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
