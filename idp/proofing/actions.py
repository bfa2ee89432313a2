"""Recording and ending evidence, and reading the identity level.

Always true: adding and ending evidence leaves an audit record.
"""

from collections.abc import Callable
from typing import Any

from idp.audit import Event, record
from idp.audit.rules import Detail
from idp.crypto.tokens import new_id
from idp.db import Statement, Transaction
from idp.proofing.rules import CHECKED, FACE_CHECKED, MAX_IAL, Evidence, Proof, identity_level, next_notice

_OF = Statement("SELECT level, expires_at FROM evidence WHERE party_id = :party AND ended_at IS NULL", Evidence)
_ADD = Statement[Any](
    "INSERT INTO evidence (id, party_id, kind, level, source, proved_at, expires_at, notice_at, check_id)"
    " VALUES (:id, :party, :kind, :level, :source, :now, :expires_at, :notice_at, :check_id)"
)
_REPLACE = Statement[Any](
    "UPDATE evidence SET ended_at = :now WHERE party_id = :party AND kind = :kind AND ended_at IS NULL"
)
_EVER = Statement("SELECT 1 FROM evidence WHERE party_id = :party AND level >= :level LIMIT 1", int)
_PROOFS = Statement(
    f"SELECT {', '.join(Proof._fields)} FROM evidence WHERE party_id = :party AND ended_at IS NULL"
    " ORDER BY level DESC, proved_at DESC, id",
    Proof,
)
_END_BELOW = Statement[tuple[str, int]](
    "UPDATE evidence SET ended_at = :now WHERE party_id = :party AND level < :level AND ended_at IS NULL"
    " RETURNING kind, level"
)


def ial(tx: Transaction, party_id: str, *, now: int) -> int:
    return identity_level(tx.all(_OF, party=party_id), now=now)


def ask_ial(tx: Transaction, party_id: str, *, now: int) -> Callable[[], int]:
    """The same, in the round trip of whatever follows."""
    evidence = tx.ask(_OF, party=party_id)
    return lambda: identity_level(evidence(), now=now)


def ever_proved(tx: Transaction, party_id: str) -> bool:
    """Whether the account is, or was at any time, that of a person whose identity was checked."""
    return tx.one(_EVER, party=party_id, level=CHECKED) is not None


def proofs_of(tx: Transaction, party_id: str) -> list[Proof]:
    """What proves this person's identity, or did until it ran out; the strongest first."""
    return tx.all(_PROOFS, party=party_id)


_END = Statement[Any](
    "UPDATE evidence SET ended_at = :now WHERE party_id = :party AND kind = :kind AND ended_at IS NULL"
)
_RESTING = Statement(
    "SELECT 1 FROM evidence WHERE party_id = :party AND kind = :kind AND check_id = :check_id AND ended_at IS NULL",
    int,
)
_END_RESTING = Statement(
    "UPDATE evidence SET ended_at = :now WHERE party_id = :party AND kind = :kind AND check_id = :check_id"
    " AND ended_at IS NULL RETURNING level",
    int,
)


def end_proof(tx: Transaction, party_id: str, *, kind: str, now: int) -> None:
    """What proved it does so no longer."""
    tx.run(_END, party=party_id, kind=kind, now=now)


def add_evidence(
    tx: Transaction,
    party_id: str,
    *,
    kind: str,
    level: int,
    source: str,
    expires_at: int | None,
    now: int,
    check_id: str | None = None,
    beside: bool = False,
) -> None:
    """Add one proof, in place of an earlier one of its kind; ``source`` names the register, provider or counter,
    ``check_id`` the check made elsewhere, or the bound certificate, that it rests on.

    ``beside``: those of its kind stay, as several certificates do; whoever adds such a one tells of its end.
    """
    if not beside:
        end_proof(tx, party_id, kind=kind, now=now)
    tx.run(
        _ADD,
        id=new_id("evd"),
        party=party_id,
        kind=kind,
        level=level,
        source=source,
        now=now,
        expires_at=expires_at,
        notice_at=None if beside else next_notice(expires_at, after=now),
        check_id=check_id,
    )
    record(
        tx, Event.EVIDENCE_ADDED, subject=party_id, detail={"kind": kind, "level": level, "source": source}, now=now
    )


def rests_on(tx: Transaction, party_id: str, *, kind: str, check_id: str) -> bool:
    """Whether a proof of this kind that rests on ``check_id`` has not ended."""
    return tx.one(_RESTING, party=party_id, kind=kind, check_id=check_id) is not None


def end_resting_on(tx: Transaction, party_id: str, *, kind: str, check_id: str, reason: str, now: int) -> None:
    """End the proof that rests on ``check_id``, which proves nothing any more."""
    for level in tx.all(_END_RESTING, party=party_id, kind=kind, check_id=check_id, now=now):
        detail: Detail = {"kind": kind, "level": level}
        record(tx, Event.EVIDENCE_ENDED, subject=party_id, reason=reason, detail=detail, now=now)


def end_evidence(tx: Transaction, party_id: str, *, now: int) -> None:
    """End every proof of an account that closes."""
    _end(tx, party_id, below=MAX_IAL + 1, reason="account-closed", now=now)


def end_phone_evidence(tx: Transaction, party_id: str, *, now: int) -> None:
    """The party's phone is somebody else's now: what rested on it is no proof any more."""
    _end(tx, party_id, below=FACE_CHECKED, reason="identifier-recycled", now=now)


def require_proofing(tx: Transaction, party_id: str, *, actor: str, because: str, now: int) -> bool:
    """End every proof, so that the identity has to be proved anew; whether there was one."""
    ended = _end(tx, party_id, below=MAX_IAL + 1, reason="operator", now=now)
    detail: Detail = {"because": because, "count": ended}
    record(tx, Event.PERSON_EVIDENCE_ENDED, actor=actor, subject=party_id, detail=detail, now=now)
    return ended > 0


def _end(tx: Transaction, party_id: str, *, below: int, reason: str, now: int) -> int:
    """How many there were."""
    ended = tx.all(_END_BELOW, party=party_id, level=below, now=now)
    for kind, level in ended:
        detail: Detail = {"kind": kind, "level": level}
        record(tx, Event.EVIDENCE_ENDED, subject=party_id, reason=reason, detail=detail, now=now)
    return len(ended)
