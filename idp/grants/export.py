"""The apps a person is connected to, for the file of their data.

Always true: no code, token or hash of one is in it.
"""

from typing import Any, NamedTuple

from idp.db import Statement, Transaction
from idp.grants.actions import connected_clients, consents


class _Held(NamedTuple):
    client_id: str
    scope: str
    acr: str
    offline: bool
    created_at: int


_LIVING = Statement(
    f"SELECT {', '.join(_Held._fields)} FROM authorization_grant WHERE party_id = :party AND revoked_at IS NULL"
    " ORDER BY created_at, gid",
    _Held,
)


def export_apps(tx: Transaction, party_id: str) -> tuple[str, Any]:
    """Each app with what was agreed to, or told, and what it holds now."""
    agreed = {row.client_id: {"scope": row.scope.split(), "given_at": row.given_at} for row in consents(tx, party_id)}
    living = tx.all(_LIVING, party=party_id)
    return "apps", [
        {
            "client_id": client_id,
            "since_at": since,
            "consent": agreed.get(client_id),
            "grants": [_told(row) for row in living if row.client_id == client_id],
        }
        for client_id, since in connected_clients(tx, party_id)
    ]


def _told(row: _Held) -> dict[str, Any]:
    return {"scope": row.scope.split(), "acr": row.acr, "offline": bool(row.offline), "created_at": row.created_at}
