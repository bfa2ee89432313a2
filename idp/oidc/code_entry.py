"""Taking the scan whose code somebody has typed, or brought by the QR code in which it stands.

Always true: who tries codes that stand nowhere is locked out, by account and over all nodes, long before one is hit
(RFC 8628 5.1).
"""

from idp.credentials import attempts
from idp.credentials.attempts import account_key
from idp.credentials.rules import AttemptKind, AttemptPolicy, Reserved
from idp.db import Database
from idp.scans import actions
from idp.scans.actions import Scans
from idp.scans.rules import Refusal, Scan, read_code
from idp.signin.rules import Session

_KIND = AttemptKind.SCAN_CODE
_POLICY = AttemptPolicy(limit=8)


class CodeEntry:
    """Opens transactions of its own."""

    def __init__(self, database: Database, scans: Scans) -> None:
        self._database = database
        self._scans = scans

    def take(self, session: Session, typed: str, *, now: int) -> Scan | Refusal:
        """The scan, now this session's to answer."""
        if session.proofs == 0:
            return Refusal.NOT_PROVED  # else one sign-in would hand itself on and on
        key, code = account_key(session.party_id), read_code(typed)
        with self._database.transaction() as tx:
            got = attempts.reserve(tx, key=key, kind=_KIND, now=now, policy=_POLICY)
        if not isinstance(got, Reserved):
            return Refusal.TOO_MANY
        with self._database.transaction() as tx:
            found = self._scans.by_code(tx, code, now=now) if code else None
            attempts.settle(tx, key=key, kind=_KIND, at=got.at, success=found is not None, now=now, policy=_POLICY)
            if found is None:
                return Refusal.UNKNOWN
            return actions.scan(tx, found, party_id=session.party_id, session_id=session.id, now=now)
