"""What a phone is worth to its account, and what follows when it becomes somebody else's (trust 7).

Always true: a number leaves an account by one conditional statement with one winner, and the account's level, its
audit trail and the event for departments change in the same transaction.
"""

from idp.accounts.actions import Directory, Holder
from idp.accounts.events import add_event
from idp.accounts.parties import hold
from idp.accounts.rules import Mobile, PartyEventKind
from idp.audit import Event, record
from idp.db import Transaction
from idp.proofing.actions import end_phone_evidence, ever_proved
from idp.proofing.rules import PhonePolicy
from idp.signin.sessions import last_active


def sms_opens(tx: Transaction, party_id: str, policy: PhonePolicy, *, now: int) -> bool:
    """Whether a code to its phone alone opens this account."""
    return policy.sms_opens(proved=ever_proved(tx, party_id), last_active=last_active(tx, party_id), now=now)


def is_idle(tx: Transaction, party_id: str, policy: PhonePolicy, *, now: int) -> bool:
    return policy.idle(last_active=last_active(tx, party_id), now=now)


def release(tx: Transaction, directory: Directory, held: Holder, *, now: int) -> bool:
    """Take a number from the account that had it, because somebody else has shown control of it.

    The account keeps everything else. False when the number has left it meanwhile; the caller rolls back.
    """
    hold(tx, held.party_id)  # a closing ends the proofs before the number: not while this ends them after it
    if not directory.drop_identifier(tx, held):
        return False
    end_phone_evidence(tx, held.party_id, now=now)
    add_event(
        tx, held.party_id, PartyEventKind.IDENTIFIER_RECYCLED, detail={"identifier": Mobile.kind.value}, now=now
    )
    record(tx, Event.PHONE_RELEASED, subject=held.party_id, reason=PartyEventKind.IDENTIFIER_RECYCLED, now=now)
    return True
