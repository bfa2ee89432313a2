"""The second evidence for who activated an account by their face and a new phone: it ends their waiting (trust 5).

Always true: it ends what was held back for that alone, and while it is held back; what an older or later cause holds
stays held.
"""

from typing import NamedTuple

from idp.accounts.holds import lift_holds
from idp.accounts.rules import Act
from idp.audit import Event, record
from idp.db import Statement, Transaction
from idp.proofing.actions import add_evidence
from idp.proofing.rules import CHECKED, FACE, FACE_CHECKED


class _Half(NamedTuple):
    source: str
    proved_at: int
    expires_at: int | None
    check_id: str | None


# An activation alone leaves a face below its level; what it holds back was placed at the same second.
_HALF = Statement(
    "SELECT e.source, e.proved_at, e.expires_at, e.check_id FROM evidence e"
    " JOIN party_hold h ON h.party_id = e.party_id AND h.created_at = e.proved_at AND h.act = :act"
    " WHERE e.party_id = :party AND e.kind = :kind AND e.level = :level AND e.ended_at IS NULL"
    " AND (e.expires_at IS NULL OR e.expires_at > :now) AND h.held_until > :now",
    _Half,
)


def _half(tx: Transaction, party_id: str, now: int) -> _Half | None:
    return tx.one(_HALF, party=party_id, kind=FACE, level=CHECKED, act=Act.REPRESENT, now=now)


def awaits_second(tx: Transaction, party_id: str, *, now: int) -> bool:
    """Whether a second evidence would complete what the face has shown."""
    return _half(tx, party_id, now) is not None


def complete(tx: Transaction, party_id: str, *, now: int) -> None:
    """The same person was made sure of in another way: the face is worth its level now, and nothing waits for it."""
    half = _half(tx, party_id, now)
    if half is None:
        return
    lift_holds(tx, party_id, placed_at=half.proved_at)
    add_evidence(
        tx,
        party_id,
        kind=FACE,
        level=FACE_CHECKED,
        source=half.source,
        expires_at=half.expires_at,
        check_id=half.check_id,
        now=now,
    )
    record(tx, Event.ACTIVATION_COMPLETED, actor=party_id, subject=party_id, now=now)
