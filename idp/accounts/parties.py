"""How an account stands: held open for a transaction, asked, and moved from one status to the next.

Always true: an account is held before anything else of a person or an entity is.
"""

from idp.accounts.rules import PartyStatus
from idp.db import Dialect, Statement, Transaction

_ACTIVE = "SELECT id FROM party WHERE id = :party AND status = 'active'"
# On SQLite writers stand in line from their first statement on; nothing need be locked.
_HOLD: dict[Dialect, Statement[str]] = {
    "sqlite": Statement(_ACTIVE, str),
    "postgresql": Statement(_ACTIVE + " FOR NO KEY UPDATE", str),
}
_STATUS = Statement("SELECT status FROM party WHERE id = :party AND kind = 'person'", PartyStatus)
_MOVE = Statement[int](
    "UPDATE party SET status = :after WHERE id = :party AND kind = 'person' AND status = :before", int
)


def hold(tx: Transaction, party_id: str) -> bool:
    """Whether the account is open; it then cannot be closed before ``tx`` ends.

    Asked first in a transaction: whoever closes an account holds it before anything else.
    """
    return tx.one(_HOLD[tx.dialect], party=party_id) is not None


def status(tx: Transaction, party_id: str) -> PartyStatus | None:
    """How the account of a person stands; None when there is no such person."""
    return tx.one(_STATUS, party=party_id)


def move_status(tx: Transaction, party_id: str, *, before: PartyStatus, after: PartyStatus) -> bool:
    """Whether the account stood at ``before`` and now stands at ``after``; the caller ends what goes with it."""
    return tx.run(_MOVE, party=party_id, before=before, after=after) == 1
