"""What departments are to be told of a mandate.

Always true: only what had power is told of, in the transaction in which it gained, lost or regained it.
"""

from idp.accounts.events import add_event
from idp.accounts.rules import PartyEventKind
from idp.db import Transaction
from idp.mandates.rules import LIVING, Mandate, State

_FORCE = frozenset({State.ACTIVE, State.SUSPENDED})


def tell_departments(tx: Transaction, mandate: Mandate, to: State, now: int) -> None:
    """As `idp.mandates.moving.Changed`. ``mandate``: as it was before the step.

    Nobody was told of one that was taken back before it came into force.
    """
    if mandate.state not in _FORCE or mandate.in_force_at is None or now < mandate.in_force_at:
        return
    kind = PartyEventKind.MANDATE_CHANGED if to in LIVING else PartyEventKind.MANDATE_REVOKED
    add_event(tx, mandate.agent, kind, detail={"mandate": mandate.id, "state": to.value}, now=now)
