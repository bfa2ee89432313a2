"""Beginning, reading and moving a journey.

Always true: of two requests that move the same journey one wins; the other finds it moved.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from idp.crypto.fields import FieldCipher
from idp.crypto.resealing import reseal_column
from idp.crypto.tokens import new_id
from idp.db import Database, Statement, Transaction
from idp.flows.rules import FlowKind


class _Row(NamedTuple):
    facts: bytes
    version: int


_BEGIN = Statement[Any](
    "INSERT INTO flow (id, kind, browser, party_id, facts, version, created_at, expires_at)"
    " VALUES (:id, :kind, :browser, :party, :facts, 1, :now, :expires_at)"
)
_READ = Statement(
    "SELECT facts, version FROM flow WHERE id = :id AND kind = :kind AND browser = :browser"
    " AND ended_at IS NULL AND expires_at > :now",
    _Row,
)
_LATEST = Statement(
    "SELECT id, facts, version FROM flow WHERE browser = :browser AND kind = :kind AND ended_at IS NULL"
    " AND expires_at > :now ORDER BY created_at DESC, id DESC LIMIT 1",
    lambda key, facts, version: (str(key), _Row(facts, version)),
)
_LOAD = Statement(
    "SELECT facts, version FROM flow WHERE id = :id AND kind = :kind AND ended_at IS NULL AND expires_at > :now", _Row
)
_MOVE = Statement[Any](
    "UPDATE flow SET facts = :facts, party_id = :party, version = version + 1, ended_at = :ended_at"
    " WHERE id = :id AND version = :version AND ended_at IS NULL"
)
_ERASE = Statement[Any]("DELETE FROM flow WHERE party_id = :party")
_PURGE = Statement[Any]("DELETE FROM flow WHERE expires_at < :before")


@dataclass(frozen=True, slots=True)
class Journey:
    id: str
    kind: FlowKind
    facts: Mapping[str, Any]
    version: int

    def __repr__(self) -> str:
        return f"Journey({self.id}, {self.kind}, facts={sorted(self.facts)})"


class Journeys:
    """The journeys, with the key that opens their facts."""

    def __init__(self, cipher: FieldCipher, *, lifetime: int) -> None:
        self._cipher = cipher
        self.lifetime = lifetime

    def begin(
        self, tx: Transaction, kind: FlowKind, facts: Mapping[str, Any], *, browser: bytes, now: int
    ) -> Journey:
        key = new_id("flw")
        sealed = self._seal(key, facts)
        whose = {"browser": browser, "party": _party(facts)}
        tx.run(_BEGIN, id=key, kind=kind, **whose, facts=sealed, now=now, expires_at=now + self.lifetime)
        return Journey(key, kind, dict(facts), 1)

    def read(self, tx: Transaction, kind: FlowKind, key: str, *, browser: bytes, now: int) -> Journey | None:
        """The journey, if this browser began it and it is neither over nor expired."""
        return self._opened(kind, key, tx.one(_READ, id=key, kind=kind, browser=browser, now=now))

    def load(self, tx: Transaction, kind: FlowKind, key: str, *, now: int) -> Journey | None:
        """For the worker, which goes on with a journey while its browser waits."""
        return self._opened(kind, key, tx.one(_LOAD, id=key, kind=kind, now=now))

    def latest(self, tx: Transaction, kind: FlowKind, *, browser: bytes, now: int) -> Journey | None:
        """What this browser began last and has not come to the end of."""
        found = tx.one(_LATEST, kind=kind, browser=browser, now=now)
        return self._opened(kind, *found) if found else None

    def _opened(self, kind: FlowKind, key: str, row: _Row | None) -> Journey | None:
        if row is None:
            return None
        facts = orjson.loads(self._cipher.open(row.facts, context=f"flow.facts:{key}"))
        return Journey(key, kind, facts, row.version)

    def move(
        self, tx: Transaction, journey: Journey, facts: Mapping[str, Any], *, ended_at: int | None = None
    ) -> bool:
        """Put ``facts`` in place of the journey's; False when it has moved on meanwhile."""
        sealed = self._seal(journey.id, facts)
        moved = {"facts": sealed, "party": _party(facts), "ended_at": ended_at}
        return tx.run(_MOVE, id=journey.id, version=journey.version, **moved) == 1

    def _seal(self, key: str, facts: Mapping[str, Any]) -> bytes:
        return self._cipher.seal(orjson.dumps(facts).decode(), context=f"flow.facts:{key}")


def _party(facts: Mapping[str, Any]) -> str | None:
    """The account a journey says it is about; some have none, or only make one."""
    found = facts.get("party_id")
    return found if isinstance(found, str) and found.startswith("pty_") else None


def erase(tx: Transaction, party_id: str, *, now: int) -> None:
    """Forget the journeys of an account that closes, those that are over with the others."""
    del now
    tx.run(_ERASE, party=party_id)


def purge(tx: Transaction, *, before: int) -> int:
    """Delete journeys that expired before ``before``; how many."""
    return tx.run(_PURGE, before=before)


def reseal_flows(database: Database, cipher: FieldCipher) -> int:
    """Bring journeys under way under the current key; the number changed. One that moves meanwhile did so itself."""
    return reseal_column(database, cipher, "flow", "facts", where="ended_at IS NULL")
