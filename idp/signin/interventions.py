"""What operators do to a person's sign-ins: ending them, suspending the account, ending the password or the proofs.

Always true: whatever is done here ends the sessions and grants it has to end, is recorded with the operator as actor
and the reason's id, and is told to the person, all in one transaction; nothing here shows or sets a password.
"""

from dataclasses import dataclass

from idp.accounts.actions import Directory
from idp.accounts.events import add_event
from idp.accounts.parties import move_status
from idp.accounts.rules import PartyEventKind, PartyStatus
from idp.accounts.telling import tell
from idp.audit import Event, record
from idp.credentials import password as passwords
from idp.db import Transaction
from idp.grants.actions import end_party_grants
from idp.grants.rules import EndReason
from idp.proofing import actions as proofing
from idp.signin import sessions
from idp.signin.rules import SessionEnd


@dataclass(frozen=True, slots=True)
class Intervention:
    """Who intervenes in whose account. ``because``: the id of the reason or of the proposal that was approved."""

    tx: Transaction
    directory: Directory
    party_id: str
    operator: str
    because: str
    now: int

    def note(self, event: Event) -> None:
        because = {"because": self.because}
        record(self.tx, event, actor=self.operator, subject=self.party_id, detail=because, now=self.now)

    def tell(self, template: str) -> None:
        tell(self.tx, self.directory, self.party_id, template, now=self.now)

    def end_everything(self, session_end: SessionEnd, grant_end: EndReason) -> None:
        """Sessions first, so that each app is told once; then what outlived its session."""
        sessions.end_all(self.tx, self.party_id, session_end, now=self.now)
        end_party_grants(self.tx, self.party_id, grant_end, now=self.now)


def sign_out_everywhere(act: Intervention) -> bool:
    act.end_everything(SessionEnd.OPERATOR, EndReason.OPERATOR)
    act.note(Event.PERSON_SIGNED_OUT)
    act.tell("signed_out_by_staff")
    return True


def unlock_password(act: Intervention) -> bool:
    """Whether it was locked."""
    locked = passwords.unlock(act.tx, party_id=act.party_id, now=act.now)
    act.note(Event.PERSON_PASSWORD_UNLOCKED)
    return locked


def end_password(act: Intervention) -> bool:
    """The person has to set a new one; whether there was one to end."""
    had = passwords.require_reset(act.tx, party_id=act.party_id, now=act.now)
    act.end_everything(SessionEnd.OPERATOR, EndReason.OPERATOR)
    act.note(Event.PERSON_PASSWORD_ENDED)
    act.tell("password_ended")
    return had


def suspend(act: Intervention) -> bool:
    """False, and nothing is done, when the account is not active."""
    if not move_status(act.tx, act.party_id, before=PartyStatus.ACTIVE, after=PartyStatus.SUSPENDED):
        return False
    act.end_everything(SessionEnd.ACCOUNT_SUSPENDED, EndReason.ACCOUNT_SUSPENDED)
    act.note(Event.PERSON_SUSPENDED)
    add_event(act.tx, act.party_id, PartyEventKind.ACCOUNT_DISABLED, detail={}, now=act.now)
    act.tell("account_suspended")
    return True


def restore(act: Intervention) -> bool:
    """False, and nothing is done, when the account is not suspended.

    A sign-in that was under way at the suspension may have left a session: it ends here, before it can be used.
    """
    if not move_status(act.tx, act.party_id, before=PartyStatus.SUSPENDED, after=PartyStatus.ACTIVE):
        return False
    act.end_everything(SessionEnd.ACCOUNT_SUSPENDED, EndReason.ACCOUNT_SUSPENDED)
    act.note(Event.PERSON_RESTORED)
    add_event(act.tx, act.party_id, PartyEventKind.ACCOUNT_ENABLED, detail={}, now=act.now)
    act.tell("account_restored")
    return True


def require_proofing(act: Intervention) -> bool:
    """End every proof of identity, and whatever an app was given on the strength of it; whether there was any."""
    ended = proofing.require_proofing(act.tx, act.party_id, actor=act.operator, because=act.because, now=act.now)
    act.end_everything(SessionEnd.OPERATOR, EndReason.OPERATOR)
    act.tell("proofing_ended")
    return ended
