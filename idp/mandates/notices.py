"""Telling both sides in time that a mandate ends: thirty days, a week and a day before.

Always true: the note that they were told and the messages are written in one transaction, by one winner.
"""

from functools import partial
from typing import Any, NamedTuple

from idp.audit import Event, record
from idp.db import Database, Statement, Transaction
from idp.mandates.addressing import Addresses
from idp.mandates.telling import tell_party
from idp.proofing.ending import tell_due
from idp.proofing.rules import next_notice


class _Due(NamedTuple):
    id: str
    principal_id: str
    agent_id: str
    valid_to: int
    notice_at: int


_DUE = Statement(
    "SELECT id, principal_id, agent_id, valid_to, notice_at FROM mandate WHERE notice_at <= :now"
    " AND state IN ('active', 'suspended') ORDER BY notice_at, id LIMIT :limit",
    _Due,
)
_CLAIM = Statement[Any](
    "UPDATE mandate SET notice_at = :next WHERE id = :id AND notice_at = :seen AND state IN ('active', 'suspended')"
)


class Notices:
    def __init__(self, database: Database, addresses: Addresses) -> None:
        self._database = database
        self._addresses = addresses

    def run_due(self, now: int) -> None:
        """Tell everybody who is due, in the daytime."""
        tell_due(self._database, _DUE, partial(self._tell, now=now), now=now)

    def _tell(self, tx: Transaction, due: _Due, *, now: int) -> None:
        upcoming = next_notice(due.valid_to, after=now)
        if tx.run(_CLAIM, id=due.id, seen=due.notice_at, next=upcoming) != 1 or due.valid_to <= now:
            return
        for party in (due.principal_id, due.agent_id):
            tell_party(tx, self._addresses, party, "mandate_ends", at=due.valid_to - 1, now=now)
        detail = {"ends": due.valid_to}
        record(tx, Event.MANDATE_ENDING, subject=due.principal_id, mandate=due.id, detail=detail, now=now)
