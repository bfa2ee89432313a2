"""The entities a person is something to, for the file of their data.

Always true: ended and refused roles are in it, too, with their state and end.
"""

from typing import Any, NamedTuple

from idp.db import Statement, Transaction
from idp.entities.actions import Entities


class _Held(NamedTuple):
    entity_id: str
    role: str
    state: str
    source: str
    since: int
    ended_at: int | None


_OF = Statement(
    f"SELECT {', '.join(_Held._fields)} FROM entity_role WHERE person_id = :party ORDER BY since, id", _Held
)


class EntityExport:
    """One part of the file; the entities' names are opened for it."""

    def __init__(self, entities: Entities) -> None:
        self._entities = entities

    def __call__(self, tx: Transaction, party_id: str) -> tuple[str, Any]:
        return "entities", [self._told(tx, row) for row in tx.all(_OF, party=party_id)]

    def _told(self, tx: Transaction, row: _Held) -> dict[str, Any]:
        entity = self._entities.describe(tx, row.entity_id)
        return {
            "name": entity.name if entity else None,
            "role": row.role,
            "state": row.state,
            "source": row.source,
            "since_at": row.since,
            "ended_at": row.ended_at,
        }
