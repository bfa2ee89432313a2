"""The sessions of a person, ended ones included, for the file of their data.

Always true: nothing in it lets anybody enter a session.
"""

from typing import Any, NamedTuple

from idp.db import Statement, Transaction


class _Held(NamedTuple):
    id: str
    agent: str
    methods: str
    created_at: int
    last_seen_at: int
    ended_at: int | None
    end_reason: str | None


_OF = Statement(
    f"SELECT {', '.join(_Held._fields)} FROM session WHERE party_id = :party ORDER BY created_at, id", _Held
)


def export_sessions(tx: Transaction, party_id: str) -> tuple[str, Any]:
    return "sessions", [row._asdict() | {"methods": row.methods.split()} for row in tx.all(_OF, party=party_id)]
