"""Forgetting what no longer counts.

Always true: only rows whose every effect has ended are deleted.
"""

from idp.credentials import attempts, budgets, totp
from idp.credentials.rules import AttemptPolicy
from idp.db import Statement, Transaction

_CODES = Statement[int]("DELETE FROM sms_challenge WHERE expires_at < :before", int)
_KEPT = 3600


def purge(tx: Transaction, *, now: int, policy: AttemptPolicy) -> int:
    """Delete ended attempts, budgets, codes and enrolments; how many rows. For `idp purge` and the worker."""
    codes = tx.run(_CODES, before=now - _KEPT)
    enrolments = totp.purge(tx, now=now)
    return codes + enrolments + attempts.purge(tx, now=now, policy=policy) + budgets.purge(tx, now=now)
