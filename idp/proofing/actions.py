"""Recording evidence and reading the identity level.

Always true: adding evidence leaves an audit record.
"""

from typing import Any

from idp.audit import Event, record
from idp.crypto.tokens import new_id
from idp.db import Statement, Transaction
from idp.proofing.rules import Evidence, identity_level

_OF = Statement("SELECT level, expires_at FROM evidence WHERE party_id = :party AND ended_at IS NULL", Evidence)
_ADD = Statement[Any](
    "INSERT INTO evidence (id, party_id, kind, level, source, proved_at, expires_at)"
    " VALUES (:id, :party, :kind, :level, :source, :now, :expires_at)"
)


def ial(tx: Transaction, party_id: str, *, now: int) -> int:
    return identity_level(tx.all(_OF, party=party_id), now=now)


_END = Statement[Any](
    "UPDATE evidence SET ended_at = :now WHERE party_id = :party AND kind = :kind AND ended_at IS NULL"
)


def end_evidence(tx: Transaction, party_id: str, *, kind: str, now: int) -> None:
    """What proved it does so no longer."""
    tx.run(_END, party=party_id, kind=kind, now=now)


def add_evidence(
    tx: Transaction, party_id: str, *, kind: str, level: int, source: str, expires_at: int | None, now: int
) -> None:
    """Add one proof, in place of an earlier one of its kind; ``source`` names the register, provider or counter."""
    end_evidence(tx, party_id, kind=kind, now=now)
    tx.run(
        _ADD, id=new_id("evd"), party=party_id, kind=kind, level=level, source=source, now=now, expires_at=expires_at
    )
    record(
        tx, Event.EVIDENCE_ADDED, subject=party_id, detail={"kind": kind, "level": level, "source": source}, now=now
    )
