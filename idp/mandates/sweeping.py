"""What time and registers do to mandates: the last day, the week to accept, an entity that is no more.

Always true: what is ended here had no power any more - a decision asks the clock and the parties itself.
"""

from idp.db import Database, Statement
from idp.mandates import reading
from idp.mandates.moving import Moving
from idp.mandates.rules import State, Step

_BATCH = 100
_DUE = Statement[tuple[str, str]](
    "SELECT id, CASE WHEN valid_to <= :now THEN 'term' ELSE 'not-accepted' END FROM mandate"
    " WHERE state IN ('requested', 'pending_approvals', 'pending_acceptance', 'active', 'suspended')"
    " AND (valid_to <= :now OR (state = 'pending_acceptance' AND accept_by <= :now)) ORDER BY valid_to LIMIT :most"
)
_GONE = Statement[tuple[str, str]](
    "SELECT m.id, CASE WHEN p.status = 'closed' THEN 'account-closed' ELSE COALESCE(l.status, 'closed') END"
    " FROM mandate m JOIN party p ON p.id IN (m.principal_id, m.agent_id)"
    " LEFT JOIN legal_entity l ON l.party_id = p.id"
    " WHERE m.state IN ('requested', 'pending_approvals', 'pending_acceptance', 'active', 'suspended')"
    " AND (p.status = 'closed' OR l.status IN ('cancelled', 'revoked')) LIMIT :most"
)


class Sweeping:
    """Run by the worker; several may."""

    def __init__(self, database: Database, moving: Moving) -> None:
        self._database = database
        self._moving = moving

    def run_due(self, now: int) -> None:
        """End what is over, a batch of each kind."""
        with self._database.autocommit() as tx:
            over = [(mandate, Step.EXPIRE, why) for mandate, why in tx.all(_DUE, now=now, most=_BATCH)]
            over += [(mandate, Step.INVALIDATE, why) for mandate, why in tx.all(_GONE, most=_BATCH)]
        for mandate_id, step, why in over:
            with self._database.transaction() as tx:
                mandate = reading.hold(tx, mandate_id)
                if mandate is not None and mandate.state not in _ENDED:
                    self._moving.by_system(tx, mandate, step, reason=why, now=now)


_ENDED = frozenset({State.EXPIRED, State.REVOKED, State.RENOUNCED, State.SUPERSEDED, State.INVALIDATED})
