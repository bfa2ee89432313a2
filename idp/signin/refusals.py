"""What a refused try leaves behind: its audit record, and word to the person when it was the one that locked.

Always true: an identifier that nobody owns runs the same statements, and its message goes nowhere.
"""

from idp.accounts.actions import Directory
from idp.accounts.telling import tell
from idp.audit import Event, record
from idp.credentials.rules import AttemptKind, Denied
from idp.db import Statement, Transaction
from idp.signin.rules import Session

_EVENTS = {
    AttemptKind.PASSWORD: (Event.PASSWORD_REFUSED, Event.PASSWORD_LOCKED),
    AttemptKind.TOTP: (Event.TOTP_REFUSED, Event.TOTP_LOCKED),
    AttemptKind.RECOVERY_CODE: (Event.RECOVERY_CODE_REFUSED, Event.RECOVERY_CODE_LOCKED),
}

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
    kind: AttemptKind = AttemptKind.PASSWORD,
    now: int,
) -> None:
    """Record the refusal of ``party_id`` (None: nobody). ``session``: when asked within one. The caller commits."""
    refusal, lock = _EVENTS[kind]
    record(
        tx,
        lock if refused.newly_locked else refusal,
        actor=session.party_id if session else None,
        subject=party_id,
        session=session.id if session else None,
        result="refused",
        reason=refused.reason,
        now=now,
    )
    if refused.newly_locked:
        at = refused.until or now
        representative = tx.one(_REPRESENTATIVE, entity=party_id or "")
        if representative:
            tell(tx, directory, representative, f"entity_{kind}_locked", at=at, now=now)
        else:
            tell(tx, directory, party_id, f"{kind}_locked", at=at, now=now)
