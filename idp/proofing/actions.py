"""Recording evidence and reading the identity level.

Always true: adding evidence leaves an audit record.
"""

from typing import Any, NamedTuple

from idp.audit import Event, record
from idp.crypto.tokens import new_id
from idp.db import Statement, Transaction
from idp.proofing.rules import Evidence, identity_level


class Held(NamedTuple):
    """One proof as an operator reads it."""

    kind: str
    level: int
    source: str
    proved_at: int
    expires_at: int | None


_OF = Statement("SELECT level, expires_at FROM evidence WHERE party_id = :party AND ended_at IS NULL", Evidence)
_ADD = Statement[Any](
    "INSERT INTO evidence (id, party_id, kind, level, source, proved_at, expires_at)"
    " VALUES (:id, :party, :kind, :level, :source, :now, :expires_at)"
)
_HELD = Statement(
    "SELECT kind, level, source, proved_at, expires_at FROM evidence WHERE party_id = :party AND ended_at IS NULL"
    " ORDER BY proved_at, id",
    Held,
)
_END_ALL = Statement(
    "UPDATE evidence SET ended_at = :now WHERE party_id = :party AND ended_at IS NULL RETURNING id", str
)


def ial(tx: Transaction, party_id: str, *, now: int) -> int:
    return identity_level(tx.all(_OF, party=party_id), now=now)


def add_evidence(
    tx: Transaction, party_id: str, *, kind: str, level: int, source: str, expires_at: int | None, now: int
) -> None:
    """Add one proof; ``source`` names the register, provider or counter it came from."""
    tx.run(
        _ADD, id=new_id("evd"), party=party_id, kind=kind, level=level, source=source, now=now, expires_at=expires_at
    )
    record(
        tx, Event.EVIDENCE_ADDED, subject=party_id, detail={"kind": kind, "level": level, "source": source}, now=now
    )


def held_evidence(tx: Transaction, party_id: str) -> list[Held]:
    """Every proof that was not ended, expired ones included, oldest first."""
    return tx.all(_HELD, party=party_id)


def end_evidence(tx: Transaction, party_id: str, *, actor: str, because: str, now: int) -> int:
    """End every proof of this person, so that their identity has to be proved anew; how many there were."""
    ended = tx.all(_END_ALL, party=party_id, now=now)
    record(
        tx,
        Event.PERSON_EVIDENCE_ENDED,
        actor=actor,
        subject=party_id,
        detail={"because": because, "count": len(ended)},
        now=now,
    )
    return len(ended)
