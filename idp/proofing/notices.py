"""Telling people in time that what carries their identity level ends.

Always true: the note that somebody was told and the message are written in one transaction, by one winner, so that
workers who meet, stop or start again tell everybody once.
"""

from functools import partial
from typing import Any, NamedTuple

from idp.accounts.actions import Directory
from idp.audit import Event, record
from idp.db import Database, Statement, Transaction
from idp.proofing.actions import proofs_of
from idp.proofing.ending import last_day, tell_due, tell_if_reachable
from idp.proofing.rules import carrying, next_notice


class _Due(NamedTuple):
    id: str
    party_id: str
    status: str
    expires_at: int
    notice_at: int


_DUE = Statement(
    "SELECT evidence.id, party_id, status, expires_at, notice_at FROM evidence JOIN party ON party.id = party_id"
    " WHERE notice_at <= :now AND ended_at IS NULL ORDER BY notice_at, evidence.id LIMIT :limit",
    _Due,
)
_CLAIM = Statement[Any](
    "UPDATE evidence SET notice_at = :next WHERE id = :id AND notice_at = :seen AND ended_at IS NULL"
)


def tell_of_ends(database: Database, directory: Directory, *, now: int) -> None:
    """Tell everybody who is due, in the daytime."""
    tell_due(database, _DUE, partial(_tell, directory=directory, now=now), now=now)


def _tell(tx: Transaction, due: _Due, *, directory: Directory, now: int) -> None:
    """Note it, and tell the person if the level does fall at that end: other evidence may carry it further."""
    upcoming = next_notice(due.expires_at, after=now)
    if tx.run(_CLAIM, id=due.id, seen=due.notice_at, next=upcoming) != 1:
        return
    carrier = carrying(proofs_of(tx, due.party_id), now=now)
    if due.status != "active" or carrier is None or carrier.id != due.id:
        return
    told = tell_if_reachable(tx, directory, due.party_id, "identity_ends", now=now, date=last_day(due.expires_at))
    record(
        tx,
        Event.EVIDENCE_ENDING,
        subject=due.party_id,
        result="ok" if told else "failed",
        reason=None if told else "no_phone",
        detail={"evidence": due.id, "ends": due.expires_at},
        now=now,
    )
