"""Forgetting what the console no longer needs.

Always true: reasons and proposals stay as long as the audit records that name them.
"""

from idp.console import four_eyes, invitations, justifications, sessions
from idp.db import Transaction

_KEPT = 7 * 86400


def purge(tx: Transaction, *, now: int, retention: int) -> None:
    """``retention``: seconds for which audit records are kept."""
    invitations.purge(tx, before=now - _KEPT)
    sessions.purge(tx, before=now - _KEPT)
    justifications.purge(tx, before=now - retention)
    four_eyes.purge(tx, before=now - retention)
