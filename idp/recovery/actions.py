"""Setting a new password for who has shown control of the account's phone.

Always true: the new password, the end of every session and grant, the lifted lock and the notice to the phone are one
transaction, and the journey that led there has one such end.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from idp.accounts.actions import Active, Directory
from idp.accounts.holds import held_until, place_hold
from idp.accounts.identifiers import Identifier
from idp.accounts.parties import hold
from idp.accounts.rules import Act, Mobile, PartyKind
from idp.accounts.telling import tell_phone
from idp.audit import Event, record
from idp.credentials import password as passwords
from idp.db import Transaction
from idp.flows.actions import Journey, Journeys
from idp.grants.actions import end_party_grants
from idp.grants.rules import EndReason
from idp.proofing.rules import PhonePolicy
from idp.recovery.rules import Denied, may_reset
from idp.signin import sessions
from idp.signin.phones import sms_opens
from idp.signin.rules import SessionEnd


@dataclass(frozen=True, slots=True)
class Addressee:
    """Where a code goes. Without ``party_id`` there is nobody, and ``mobile`` gets no message."""

    party_id: str | None
    mobile: Mobile


def addressee(tx: Transaction, directory: Directory, identifiers: Sequence[Identifier]) -> Addressee:
    """The phone on file of whoever has one of ``identifiers``; the same statements when nobody does."""
    found = directory.lookup(tx, *identifiers)
    party_id = found.party_id if isinstance(found, Active) and found.kind is PartyKind.PERSON else None
    mobile = directory.mobile(tx, party_id or "")
    if party_id and mobile:
        return Addressee(party_id, mobile)
    typed = next((one for one in identifiers if isinstance(one, Mobile)), None)
    return Addressee(None, typed or directory.stand_in(identifiers[0].value))


def judge(tx: Transaction, party_id: str, policy: PhonePolicy, *, faced: bool = False, now: int) -> Denied | None:
    """Whether the code lets ``party_id`` go on, alone or beside their face; a refusal is in the audit trail."""
    denied = may_reset(
        sms_opens=faced or sms_opens(tx, party_id, policy, now=now),
        held_until=held_until(tx, party_id, Act.RESET_PASSWORD, now=now),
    )
    if denied:
        record(tx, Event.PASSWORD_RESET, subject=party_id, result="refused", reason=denied.reason, now=now)
    return denied


def reset(
    tx: Transaction,
    directory: Directory,
    journeys: Journeys,
    journey: Journey,
    policy: PhonePolicy,
    *,
    hashed: str,
    locale: str,
    now: int,
) -> bool:
    """End the journey with the new password; False when it has ended, or the phone is no longer the account's."""
    party_id, mobile = journey.facts["party_id"], Mobile(journey.facts["mobile"])
    held = directory.holder(tx, mobile) if hold(tx, party_id) else None
    if held is None or held.party_id != party_id:
        return False
    if not journeys.move(tx, journey, {**journey.facts, "reset": True}, ended_at=now):
        return False
    passwords.store_password(tx, party_id=party_id, hashed=hashed, now=now)
    if passwords.unlock(tx, party_id=party_id, now=now):
        record(tx, Event.PASSWORD_UNLOCKED, actor=party_id, subject=party_id, now=now)
    record(tx, Event.PASSWORD_RESET, actor=party_id, subject=party_id, now=now)
    sessions.end_all(tx, party_id, SessionEnd.PASSWORD_RESET, now=now)
    end_party_grants(tx, party_id, EndReason.PASSWORD_RESET, now=now)
    place_hold(tx, party_id, Act.CHANGE_METHODS, until=now + policy.reset_hold, now=now)
    tell_phone(tx, mobile, "password_reset", party_id=party_id, locale=locale, now=now)
    return True
