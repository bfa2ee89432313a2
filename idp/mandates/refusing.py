"""The record that each refusal about a mandate leaves, whoever refuses it.

Always true: nothing is refused to a person, or found to be too late by the system, without its reason in the trail.
"""

from idp.audit import Event, record
from idp.db import Transaction
from idp.mandates import reading
from idp.mandates.granting import Denied
from idp.mandates.rules import Refusal


def refused(
    tx: Transaction, reason: Refusal, *, principal: str | None, mandate: str | None, person: str | None, now: int
) -> Denied:
    """The refusal, with its record. ``person``: None where the system was too late by itself."""
    record(
        tx,
        Event.MANDATE_REFUSED,
        actor=person,
        subject=principal,
        mandate=mandate,
        result="refused",
        reason=reason,
        now=now,
    )
    return Denied(reason)


def not_now(
    tx: Transaction, mandate_id: str, *, person: str | None, reason: Refusal = Refusal.STATE, now: int
) -> Denied:
    """Refuse what there is no such mandate for, or none in a state for it."""
    seen = reading.find(tx, mandate_id)
    principal, known = (seen.principal, seen.id) if seen else (None, None)
    return refused(tx, reason, principal=principal, mandate=known, person=person, now=now)
