"""The evidence of a person's identity, for the file of their data.

Always true: ended evidence is in it, too, with its end.
"""

from typing import Any, NamedTuple

from idp.db import Statement, Transaction


class _Proof(NamedTuple):
    kind: str
    level: int
    source: str
    proved_at: int
    expires_at: int | None
    ended_at: int | None


_OF = Statement(
    f"SELECT {', '.join(_Proof._fields)} FROM evidence WHERE party_id = :party ORDER BY proved_at, id", _Proof
)


def export_evidence(tx: Transaction, party_id: str) -> tuple[str, Any]:
    return "evidence", [row._asdict() for row in tx.all(_OF, party=party_id)]
