"""Telling people in time that a certificate of theirs ends.

Always true: each is told of by one winner, whatever other workers do; who has a certificate hears of its end from
here alone, and of an entity's its registered holder does.
"""

from functools import partial
from typing import Any, NamedTuple

from idp.accounts.actions import Directory
from idp.audit import Event, record
from idp.db import Database, Statement, Transaction
from idp.proofing.ending import last_day, tell_due, tell_if_reachable
from idp.proofing.rules import next_notice


class _Due(NamedTuple):
    id: str
    owner: str
    person: str
    not_after: int
    notice_at: int


_DUE = Statement(
    "SELECT id, party_id, COALESCE(holder_id, party_id), not_after, notice_at FROM certificate_binding"
    " WHERE notice_at <= :now AND ended_at IS NULL ORDER BY notice_at, id LIMIT :limit",
    _Due,
)
_CLAIM = Statement[Any](
    "UPDATE certificate_binding SET notice_at = :next WHERE id = :id AND notice_at = :seen AND ended_at IS NULL"
)


def tell_of_ends(database: Database, directory: Directory, *, now: int) -> None:
    """Tell everybody whose certificate ends in 30, 7 or 1 days, in the daytime."""
    tell_due(database, _DUE, partial(_tell, directory=directory, now=now), now=now)


def _tell(tx: Transaction, due: _Due, *, directory: Directory, now: int) -> None:
    ends = due.not_after + 1
    if tx.run(_CLAIM, id=due.id, seen=due.notice_at, next=next_notice(ends, after=now)) != 1 or ends <= now:
        return
    told = tell_if_reachable(tx, directory, due.person, "certificate_ends", now=now, date=last_day(ends))
    record(
        tx,
        Event.CERTIFICATE_ENDING,
        subject=due.owner,
        result="ok" if told else "failed",
        reason=None if told else "no_phone",
        detail={"certificate": due.id, "ends": due.not_after},
        now=now,
    )
