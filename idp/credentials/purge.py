"""Forgetting what no longer counts.

Always true: only rows whose every effect has ended are deleted, or those of an account that closes.
"""

from idp.credentials import attempts, budgets, totp
from idp.credentials.rules import AttemptKind, AttemptPolicy
from idp.db import Statement, Transaction

_CODES = Statement[int]("DELETE FROM sms_challenge WHERE expires_at < :before", int)
_KEPT = 3600
_FACTORS = tuple(
    Statement[int](f"DELETE FROM {table} WHERE party_id = :party", int)
    for table in ("totp", "recovery_code", "passkey", "passkey_user")
)

_SINCE = (
    Statement[int]("DELETE FROM passkey WHERE party_id = :party AND created_at >= :since", int),
    Statement[int]("DELETE FROM recovery_code WHERE party_id = :party AND created_at >= :since", int),
    Statement[int](
        "DELETE FROM totp WHERE party_id = :party AND (confirmed_at >= :since OR confirmed_at IS NULL)", int
    ),
    Statement[int]("UPDATE totp SET pending = NULL WHERE party_id = :party AND pending_at >= :since", int),
)


def purge(tx: Transaction, *, now: int, policy: AttemptPolicy) -> int:
    """Delete ended attempts, budgets, codes and enrolments; how many rows. For `idp purge` and the worker."""
    codes = tx.run(_CODES, before=now - _KEPT)
    enrolments = totp.purge(tx, now=now)
    return codes + enrolments + attempts.purge(tx, now=now, policy=policy) + budgets.purge(tx, now=now)


def erase_factors(tx: Transaction, party_id: str, *, now: int) -> None:
    """Forget the authenticator app, recovery codes and passkeys, and the tries at them.

    The account closes, or its person has lost them.
    """
    for statement in _FACTORS:
        tx.run(statement, party=party_id)
    for kind in (AttemptKind.TOTP, AttemptKind.RECOVERY_CODE):
        attempts.clear(tx, key=attempts.account_key(party_id), kind=kind, now=now)


def forget_factors(tx: Transaction, party_id: str, *, since: int) -> int:
    """Remove what was added at ``since`` or later, and every enrolment under way; how many."""
    return sum(tx.run(statement, party=party_id, since=since) for statement in _SINCE)
