"""One counted try at a secret short enough to be guessed.

Always true: the try is reserved in a transaction of its own, committed before the secret is looked at.
"""

import time

from idp.credentials import attempts
from idp.credentials.rules import AttemptKind, AttemptPolicy, Denied, Locked, Refusal, Reserved
from idp.db import Database

LOCKED = {
    AttemptKind.PASSWORD: Refusal.PASSWORD_LOCKED,
    AttemptKind.TOTP: Refusal.TOTP_LOCKED,
    AttemptKind.RECOVERY_CODE: Refusal.RECOVERY_CODE_LOCKED,
    AttemptKind.RECOVERY_STOP: Refusal.RECOVERY_STOP_LOCKED,
    AttemptKind.CERTIFICATE: Refusal.CERTIFICATE_LOCKED,
}
_WAIT = 3.0
_PAUSE = 0.02


def reserve(
    database: Database, *, key: bytes, kind: AttemptKind, policy: AttemptPolicy, now: int
) -> Reserved | Denied:
    """The right to one evaluation, which the caller settles. No transaction of the caller may be open on SQLite."""
    deadline = time.monotonic() + _WAIT
    while True:
        with database.transaction() as tx:
            outcome = attempts.reserve(tx, key=key, kind=kind, now=now, policy=policy)
        if isinstance(outcome, Reserved):
            return outcome
        if isinstance(outcome, Locked):
            return Denied(LOCKED[kind], until=outcome.until)
        if time.monotonic() >= deadline:
            return Denied(Refusal.TOO_MANY_REQUESTS)
        time.sleep(_PAUSE)  # others are being evaluated; what they leave over is known in a moment
