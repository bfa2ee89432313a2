"""What time does to mandates - the last day, the week to accept - and a look for parties that are no more.

Always true: what is ended here had no power any more - a decision asks the clock and the parties itself.
"""

from collections.abc import Iterable

from idp.accounts.parties import hold as hold_account
from idp.db import Database, Statement
from idp.mandates import reading
from idp.mandates.moving import Moving
from idp.mandates.rules import LIVING, Step

_BATCH = 100
_OVER = Statement[tuple[str, str, str]](
    f"SELECT id, principal_id, 'term' FROM mandate WHERE state IN ({reading.LIVING_STATES}) AND valid_to <= :now"
    " LIMIT :most"
)
_LAPSED = Statement[tuple[str, str, str]](
    "SELECT id, principal_id, 'not-accepted' FROM mandate WHERE state = 'pending_acceptance' AND accept_by <= :now"
    " LIMIT :most"
)
_CLOSED = "SELECT id FROM party WHERE status = 'closed'"
_ENDED = "SELECT party_id FROM legal_entity WHERE status IN ('cancelled', 'revoked')"
_GONE = tuple(
    Statement[tuple[str, str, str]](
        f"SELECT id, principal_id, '{reason}' FROM mandate WHERE state IN ({reading.LIVING_STATES})"
        f" AND {side} IN ({parties}) LIMIT :most"
    )
    for reason, parties in (("account-closed", _CLOSED), ("entity-ended", _ENDED))
    for side in ("principal_id", "agent_id")
)


class Sweeping:
    """Run by the worker; several may."""

    def __init__(self, database: Database, moving: Moving) -> None:
        self._database = database
        self._moving = moving

    def run_due(self, now: int) -> None:
        """End what is over."""
        for statement in (_OVER, _LAPSED):
            while True:
                with self._database.autocommit() as tx:
                    over = tx.all(statement, now=now, most=_BATCH)
                self._end(over, Step.EXPIRE, now)
                if len(over) < _BATCH:
                    break

    def run_gone(self, now: int) -> None:
        """Whoever closes an account or hears of an entity's end ends its mandates there; here is what was missed."""
        with self._database.autocommit() as tx:
            gone = [one for statement in _GONE for one in tx.all(statement, most=_BATCH)]
        self._end(gone, Step.INVALIDATE, now)

    def _end(self, found: Iterable[tuple[str, str, str]], step: Step, now: int) -> None:
        """The principal's account is held first, as by whoever else moves a mandate of theirs: a counter's case, too,
        ends with its mandates, from the other side and at the same second.
        """
        for mandate_id, principal, why in found:
            with self._database.transaction() as tx:
                hold_account(tx, principal)
                mandate = reading.hold(tx, mandate_id)
                if mandate is not None and mandate.state in LIVING:
                    self._moving.by_system(tx, mandate, step, reason=why, now=now)
