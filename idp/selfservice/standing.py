"""Whether an account and the session that acts on it still stand, at the moment of a change.

Always true: whoever asked here first, suspension, closing and disowning wait until the change is committed, or were
before it and are seen.
"""

from flask import abort

from idp.accounts.actions import hold
from idp.db import Transaction
from idp.signin import sessions
from idp.signin.rules import Session


def hold_session(tx: Transaction, session: Session) -> None:
    """Ends in 400 when the account or the session has ended meanwhile."""
    living = sessions.by_id(tx, session.id) if hold(tx, session.party_id) else None
    if living is None or living.ended_at is not None:
        abort(400)
