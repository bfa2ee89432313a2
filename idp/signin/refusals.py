"""What a refused password leaves behind: its audit record, and word to the person when it was the one that locked.

Always true: an identifier that nobody owns runs the same statements, and its message goes nowhere.
"""

from idp.accounts.actions import Directory
from idp.audit import Event, record
from idp.credentials.password import Denied
from idp.db import Statement, Transaction
from idp.messages.outbox import enqueue
from idp.messages.rules import Kind
from idp.signin.rules import Session
from idp.web.locale import preferences, short_time

_REPRESENTATIVE = Statement(
    "SELECT person_id FROM entity_role WHERE entity_id = :entity AND state = 'confirmed' AND ended_at IS NULL"
    " ORDER BY since, id LIMIT 1",
    str,
)


def note_refusal(
    tx: Transaction,
    directory: Directory,
    refused: Denied,
    *,
    party_id: str | None,
    session: Session | None = None,
    now: int,
) -> None:
    """Record the refusal of ``party_id`` (None: nobody). ``session``: when asked within one. The caller commits."""
    record(
        tx,
        Event.PASSWORD_LOCKED if refused.newly_locked else Event.PASSWORD_REFUSED,
        actor=session.party_id if session else None,
        subject=party_id,
        session=session.id if session else None,
        result="refused",
        reason=refused.reason,
        now=now,
    )
    if refused.newly_locked:
        _tell(tx, directory, party_id, until=refused.until or now, now=now)


def _tell(tx: Transaction, directory: Directory, party_id: str | None, *, until: int, now: int) -> None:
    """The account's person, or who represents the entity whose password it was."""
    representative = tx.one(_REPRESENTATIVE, entity=party_id or "")
    mobile = directory.person(tx, representative or party_id or "").mobile
    message = {
        "to": mobile.e164 if mobile else "",
        "template": "entity_password_locked" if representative else "password_locked",
        "params": {"time": short_time(until)},
        "locale": preferences().lang,
    }
    enqueue(tx, Kind.SMS if mobile else Kind.NONE, message, party_id=party_id, now=now)
