"""Changing an account's phone, also to a number that another account has.

Always true: the old number, the new one, the holds that follow and the notices to both are one transaction; of
several changes that meet, one wins and the others change nothing.
"""

from dataclasses import dataclass

from idp.accounts.actions import Directory, Holder
from idp.accounts.holds import held_until, place_hold
from idp.accounts.parties import hold
from idp.accounts.rules import Act, Kind, Mobile
from idp.accounts.telling import tell_phone
from idp.audit import Event, record
from idp.db import Transaction
from idp.proofing.rules import PhonePolicy
from idp.signin.phones import release
from idp.signin.rules import Session


@dataclass(frozen=True, slots=True)
class Change:
    """``expected``: who had the number when control of it was shown; None when nobody had."""

    session: Session
    mobile: Mobile
    expected: Holder | None


def change_phone(
    tx: Transaction, directory: Directory, change: Change, policy: PhonePolicy, *, locale: str, now: int
) -> bool:
    """False when the number, or the account's own, went elsewhere meanwhile; the caller rolls back."""
    party_id = change.session.party_id
    parties = {party_id, change.expected.party_id if change.expected else party_id}
    open_ones = {party for party in sorted(parties) if hold(tx, party)}  # in one order, whoever takes whose number
    if party_id not in open_ones or held_until(tx, party_id, Act.CHANGE_PHONE, now=now) is not None:
        return False
    old = directory.mobile(tx, party_id)
    own = directory.own(tx, party_id, Kind.MOBILE)
    if not _give_up(tx, directory, own, change.expected, now=now):
        return False
    if not directory.add_identifier(tx, party_id, change.mobile, verified=True, now=now):
        return False
    place_hold(tx, party_id, Act.CHANGE_PHONE, until=now + policy.change_hold, now=now)
    for act in (Act.RESET_PASSWORD, Act.CHANGE_METHODS):
        place_hold(tx, party_id, act, until=now + policy.reset_hold, now=now)
    _record(tx, change, now=now)
    if old:
        tail = change.mobile.value[-4:]
        tell_phone(tx, old, "phone_replaced", party_id=party_id, locale=locale, now=now, tail=tail)
    tell_phone(tx, change.mobile, "phone_bound", party_id=party_id, locale=locale, now=now)
    return True


def _give_up(tx: Transaction, directory: Directory, own: Holder | None, others: Holder | None, *, now: int) -> bool:
    """Both numbers leave their accounts, in the order of their rows: two that swap numbers do not deadlock."""
    for held in sorted((held for held in (own, others) if held), key=lambda held: held.identifier_id):
        gone = directory.drop_identifier(tx, held) if held is own else release(tx, directory, held, now=now)
        if not gone:
            return False
    return True


def _record(tx: Transaction, change: Change, *, now: int) -> None:
    party_id = change.session.party_id
    record(
        tx,
        Event.PHONE_CHANGED,
        actor=party_id,
        subject=party_id,
        session=change.session.id,
        detail={"taken_over": change.expected is not None},
        now=now,
    )
