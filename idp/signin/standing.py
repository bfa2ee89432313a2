"""Whether an account and the session that acts on it still stand, at the moment of a change.

Always true: whoever asked here first, suspension, closing and disowning wait until the change is committed, or were
before it and are seen; a change that came too late leaves a record.
"""

from flask import abort

from idp.accounts.parties import hold
from idp.audit import Event, record
from idp.db import current_transaction, db
from idp.signin import sessions
from idp.signin.rules import Session
from idp.web.clock import now


def hold_session(session: Session, wanted: Event) -> None:
    """Ends in 400 when the account or the session has ended meanwhile. ``wanted``: the change it is about."""
    tx, party_id = current_transaction(), session.party_id
    living = sessions.by_id(tx, session.id) if hold(tx, party_id) else None
    if living is not None and living.ended_at is None:
        return
    db.session.rollback()
    record(
        current_transaction(),
        Event.METHOD_REFUSED,
        actor=party_id,
        subject=party_id,
        session=session.id,
        result="refused",
        reason="session-ended" if living else "account-ended",
        detail={"wanted": wanted},
        now=now(),
    )
    db.session.commit()
    abort(400)
