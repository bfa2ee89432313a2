"""What a person does about their whole account: disowning a sign-in, closing the account, keeping it after all.

Always true: whatever ends sessions here also ends every grant, ``offline_access`` included, and leaves word with the
phone on file.
"""

from collections.abc import Callable
from dataclasses import dataclass

from idp.accounts import closing
from idp.accounts.actions import Directory
from idp.accounts.events import add_event
from idp.accounts.parties import hold
from idp.accounts.rules import PartyEventKind
from idp.accounts.telling import tell
from idp.audit import Event, record
from idp.audit.rules import Detail, Entry
from idp.certificates.bindings import end_since
from idp.credentials import password as passwords
from idp.credentials.purge import forget_factors
from idp.db import Database, Transaction
from idp.grants.actions import end_party_grants
from idp.grants.rules import EndReason
from idp.log import get_logger
from idp.signin import sessions
from idp.signin.rules import Session, SessionEnd

_log = get_logger("closing")
SIGN_INS = frozenset({Event.SESSION_BEGUN, Event.SESSION_STEPPED_UP, Event.GRANT_ISSUED})
"""What a person may say they have not done."""

Eraser = Callable[..., object]
"""``(tx, party_id, *, now)``: one capability forgets what it holds of the person whose account closes."""


def is_disownable(entry: Entry, session: Session) -> bool:
    """Whether it is a sign-in, and not the one the person is asking by."""
    return entry.event in SIGN_INS and entry.session != session.id


def disown(
    tx: Transaction, directory: Directory, session: Session, entry: Entry, *, methods: bool, locale: str, now: int
) -> None:
    """Somebody else has signed in: turn the password off, then end every session and grant, this one included.

    ``methods``: the session may change the ways to sign in, and those added since go as well. Else who has but the
    phone would be rid of the owner's authenticator.
    """
    party_id = session.party_id
    record(
        tx,
        Event.SESSION_DISOWNED,
        actor=party_id,
        subject=party_id,
        client=entry.client,
        session=session.id,
        detail={"disowned": entry.session, "event": entry.event},
        now=now,
    )
    if passwords.require_reset(tx, party_id=party_id, now=now):
        record(tx, Event.PASSWORD_RESET_REQUIRED, actor=party_id, subject=party_id, session=session.id, now=now)
    if methods:
        _forget_additions(tx, party_id, session, entry, now=now)
    sessions.end_all(tx, party_id, SessionEnd.DISOWNED, now=now)
    end_party_grants(tx, party_id, EndReason.DISOWNED, now=now)
    tell(tx, directory, party_id, "signin_disowned", locale=locale, now=now)


def _forget_additions(tx: Transaction, party_id: str, session: Session, entry: Entry, *, now: int) -> None:
    """What was added to sign in by since the disowned session began may be the intruder's."""
    theirs = sessions.by_id(tx, entry.session) if entry.session else None
    since = theirs.created_at if theirs else entry.at
    certificates = end_since(tx, party_id, since=since, now=now)
    if gone := forget_factors(tx, party_id, since=since) + certificates:
        detail: Detail = {"count": gone}
        event = Event.FACTORS_DISOWNED
        record(tx, event, actor=party_id, subject=party_id, session=session.id, detail=detail, now=now)


@dataclass(frozen=True, slots=True)
class Closings:
    """Closing accounts. ``cooling_off`` in seconds; ``erasers`` of every capability that holds something.

    ``afterwards``: those of what is under way. Whoever moves it on holds its row and then the account's, so each runs
    when the account is closed and let go, in a transaction of its own.
    """

    directory: Directory
    cooling_off: int
    erasers: tuple[Eraser, ...]
    afterwards: tuple[Eraser, ...]

    def ask(self, tx: Transaction, session: Session, *, why: str, locale: str, now: int) -> bool:
        """Begin the time to think; the apps' grants end at once. False when it has been asked already."""
        party_id, closes_at = session.party_id, now + self.cooling_off
        if not hold(tx, party_id) or not closing.ask(tx, party_id, closes_at=closes_at, locale=locale, now=now):
            return False
        detail: dict[str, str | int | bool | None] = {"why": why, "closes_at": closes_at}
        event = Event.ACCOUNT_CLOSING_ASKED
        record(tx, event, actor=party_id, subject=party_id, session=session.id, detail=detail, now=now)
        end_party_grants(tx, party_id, EndReason.ACCOUNT_CLOSING, now=now)
        tell(tx, self.directory, party_id, "account_closing", at=closes_at, locale=locale, now=now)
        return True

    def keep(self, tx: Transaction, session: Session, *, locale: str, now: int) -> bool:
        """Think better of it; False when there was nothing to keep, or no longer."""
        party_id = session.party_id
        if not closing.keep(tx, party_id):
            return False
        record(tx, Event.ACCOUNT_KEPT, actor=party_id, subject=party_id, session=session.id, now=now)
        tell(tx, self.directory, party_id, "account_kept", locale=locale, now=now)
        return True

    def close(self, tx: Transaction, party_id: str, *, now: int) -> bool:
        """Close an account whose time to think is over; False when it was kept, or another worker was first."""
        asked = closing.claim(tx, party_id, now=now) if hold(tx, party_id) else None
        if asked is None:
            return False
        # the last message needs the number that is erased next
        tell(tx, self.directory, party_id, "account_closed", locale=asked.locale, now=now)
        for erase in self.erasers:
            erase(tx, party_id, now=now)
        sessions.end_all(tx, party_id, SessionEnd.ACCOUNT_CLOSED, now=now)
        end_party_grants(tx, party_id, EndReason.ACCOUNT_CLOSED, now=now)
        record(tx, Event.ACCOUNT_CLOSED, actor=party_id, subject=party_id, now=now)
        add_event(tx, party_id, PartyEventKind.ACCOUNT_PURGED, detail={}, now=now)
        return True


def close_due(database: Database, closings: Closings, *, now: int) -> int:
    """Close every account that is due, each in a transaction of its own; how many. Several workers may do so at once.

    An account that cannot be closed is logged, and does not keep the others waiting.
    """
    closed, after = 0, ""
    while True:
        with database.autocommit() as tx:
            waiting = closing.due(tx, now=now, after=after)
        for party_id in waiting:
            try:
                with database.transaction() as tx:
                    done = closings.close(tx, party_id, now=now)
                closed += done
                for erase in closings.afterwards if done else ():
                    with database.transaction() as tx:
                        erase(tx, party_id, now=now)
            except Exception as error:
                _log.error("account_not_closed", party=party_id, error=type(error).__name__)
        if not waiting:
            return closed
        after = waiting[-1]
