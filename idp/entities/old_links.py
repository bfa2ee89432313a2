"""Entities a person stood for at an older platform: shown to them, and at their end when one is registered here.

Always true: such a link has no power; the entity comes by the register's word, as any other, and whoever is not its
representative acts for it by a mandate of its people.
"""

from dataclasses import dataclass

from idp.accounts.credit_code import CreditCode
from idp.accounts.rules import WaitingState
from idp.accounts.waiting import WaitingAccounts
from idp.db import Transaction


@dataclass(frozen=True, slots=True)
class OldLink:
    """``id``: of the account that waits."""

    id: str
    name: str
    code: CreditCode


def links_of(tx: Transaction, waiting: WaitingAccounts, person_id: str) -> list[OldLink]:
    """What waits for this person to confirm it, each entity once."""
    found: dict[str, OldLink] = {}
    for one in waiting.claimed_by(tx, person_id):
        told = waiting.open(tx, one.id)
        if told and told.credit_code:
            found.setdefault(told.credit_code.value, OldLink(one.id, told.entity_name or "", told.credit_code))
    return list(found.values())


def settle(tx: Transaction, waiting: WaitingAccounts, code: CreditCode, entity: str, *, by: str, now: int) -> None:
    """The entity stands here, by its representative ``by``: what waited of it waits no more, but for what others have
    activated, which its people answer (`idp.mandates.links`).
    """
    for one in waiting.find_by_code(tx, code):
        if one.state is WaitingState.CLAIMED and one.party_id not in (None, by):
            continue
        waiting.move(tx, one.id, one.state, WaitingState.ACTIVE, now=now, party_id=entity)
