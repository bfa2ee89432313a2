"""How checks end by themselves, and what is kept of those that are over.

Always true: what nobody came back from ends within a minute of its time, by whichever worker looks first.
"""

from typing import Any

from idp.audit import Event, record
from idp.audit.rules import Detail
from idp.checks.actions import Checks
from idp.checks.rules import KEPT, CheckState, Refusal
from idp.checks.work import Work
from idp.crypto.fields import FieldCipher
from idp.crypto.resealing import reseal_column
from idp.db import Database, Statement, Transaction

_REFUSED = Statement(
    "SELECT ended_at FROM outside_check WHERE id = :id AND state = 'failed' AND reason = 'check_not_passed'", int
)
_PURGE = Statement[Any](
    "DELETE FROM outside_check WHERE expires_at < :unused AND (taken_at IS NULL OR (taken_at < :used AND NOT EXISTS"
    " (SELECT 1 FROM evidence e WHERE e.check_id = outside_check.id)))"
)

_ABANDON = Statement[tuple[str, str, str]](
    "UPDATE outside_check SET state = 'failed', reason = 'check_abandoned', sealed = NULL, ended_at = :now"
    " WHERE party_id = :party AND state IN ('ordered', 'agreed', 'open') RETURNING id, kind, purpose"
)
_ERASE = Statement[Any]("DELETE FROM outside_check WHERE party_id = :party AND taken_at IS NULL")


def refused_at(tx: Transaction, key: str) -> int | None:
    """When a vendor's no ended the check, in whichever browser it was ordered; None when none did."""
    return tx.one(_REFUSED, id=key)


def end_stale(database: Database, checks: Checks, *, now: int) -> int:
    """End what nobody came back from, a hundred in a transaction; how many."""
    ended = 0
    while True:
        with database.transaction() as tx:
            works = checks.stale(tx, now=now)
            ended += sum(checks.give_up(tx, work, _why(work), now=now) for work in works)
        if not works:
            return ended


def _why(work: Work) -> Refusal:
    """What a vendor was not asked about, or has not answered, is not the person's fault."""
    waits = work.check.state is CheckState.AGREED or work.asked_for
    return Refusal.VENDOR_AWAY if waits else Refusal.ABANDONED


def erase(tx: Transaction, party_id: str, *, now: int) -> None:
    """Give up what is under way for an account that closes, and forget what it did not use: as `Eraser`."""
    for key, kind, purpose in tx.all(_ABANDON, party=party_id, now=now):
        detail: Detail = {"check": key, "kind": kind, "purpose": purpose, "cause": "account_closed"}
        who: dict[str, Any] = {"actor": party_id, "subject": party_id}
        record(tx, Event.CHECK_REFUSED, result="refused", reason=Refusal.ABANDONED, detail=detail, now=now, **who)
    tx.run(_ERASE, party=party_id)


def purge_checks(tx: Transaction, *, retention: int, now: int) -> None:
    """Delete checks nobody used, and used ones after ``retention`` seconds when no evidence rests on them."""
    tx.run(_PURGE, unused=now - KEPT, used=now - retention)


def reseal_checks(database: Database, cipher: FieldCipher) -> int:
    """Bring checks under way under the current key; the number changed."""
    return reseal_column(database, cipher, "outside_check", "sealed")
