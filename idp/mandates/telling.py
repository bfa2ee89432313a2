"""Telling a party of a mandate: a person by text message, an entity by its representatives'.

Always true: a message names no other person, and nobody is told where there is nobody.
"""

from idp.accounts.telling import tell
from idp.db import Transaction
from idp.entities import roles
from idp.entities.rules import RoleState
from idp.mandates.addressing import Addresses


def tell_party(
    tx: Transaction, addresses: Addresses, party_id: str, template: str, *, at: int | None = None, now: int
) -> None:
    """Empty ``party_id``: a row of the outbox that goes nowhere, as for anybody (trust 3). ``at``: the time named."""
    for person in people_of(tx, party_id) or [party_id]:
        tell(tx, addresses.directory, person, template, at=at, now=now)


def people_of(tx: Transaction, party_id: str) -> list[str]:
    """Who speaks for an entity by its register; empty for a person."""
    return [one.person for one in roles.of_entity(tx, party_id) if one.state == RoleState.CONFIRMED]
