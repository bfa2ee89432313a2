"""How many messages one number may get, and how much one network address may cause.

Always true: the budget of a number is a row of the main database, so it outlives the state store; the budgets of
addresses are windows there, as they only slow things down.
"""

import orjson

from idp.credentials.rules import Refused, SendPolicy, reserve_send
from idp.crypto.fields import BlindIndex
from idp.db import Statement, Transaction
from idp.state.store import Store

HOUR = 3600
_OPEN = Statement(
    "INSERT INTO send_budget (key, sent, updated_at) VALUES (:key, '[]', :now)"
    " ON CONFLICT (key) DO UPDATE SET updated_at = excluded.updated_at RETURNING sent",
    str,
)
_STORE = Statement[int]("UPDATE send_budget SET sent = :sent WHERE key = :key", int)
_PURGE = Statement[int]("DELETE FROM send_budget WHERE updated_at < :before", int)


def spend_message(tx: Transaction, *, key: bytes, now: int, policy: SendPolicy) -> Refused | None:
    """Count one message to the number whose blind index is ``key``, or say why there is none."""
    sent = reserve_send(orjson.loads(tx.all(_OPEN, key=key, now=now)[0]), now=now, policy=policy)
    if isinstance(sent, Refused):
        return sent
    tx.run(_STORE, key=key, sent=orjson.dumps(sent).decode())
    return None


def purge(tx: Transaction, *, now: int) -> int:
    """Delete budgets of numbers that got nothing for two days; how many."""
    return tx.run(_PURGE, before=now - 48 * HOUR)


class AddressBudget:
    """At most ``limit`` events (0: any number) from one address in an hour.

    Bad ones are counted when they have happened, and a further hour closes the budget then; what costs something is
    spent before.

    Methods may raise `idp.state.store.StateUnavailable`.
    """

    def __init__(self, store: Store, index: BlindIndex, name: str, limit: int) -> None:
        self._store = store
        self._index = index
        self._name = name
        self._limit = limit

    def allows(self, address: str) -> bool:
        return not self._limit or self._store.get(f"{self._name}-over", self._key(address)) is None

    def count(self, address: str) -> None:
        """One more event from ``address``."""
        if self._limit and self._store.incr(self._name, self._key(address), HOUR) >= self._limit:
            self._store.put(f"{self._name}-over", self._key(address), {}, HOUR)

    def spend(self, address: str) -> bool:
        """Count one event that is to happen; False when there is none left in this hour."""
        return not self._limit or self._store.incr(self._name, self._key(address), HOUR) <= self._limit

    def _key(self, address: str) -> str:
        return self._index.current("address", address).hex()
