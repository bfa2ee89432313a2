"""Ending bound certificates that are over, or that a list of their issuer revokes by now.

Always true: a list only says which certificates to look at; what ends one is the verdict that signing in would get,
and each is ended by one winner, whatever other workers do.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from idp.audit import Event, record
from idp.certificates import bindings
from idp.certificates.actions import Certificates
from idp.certificates.bindings import Binding
from idp.certificates.rules import EndReason
from idp.crypto.certificates import Authority, Reason, Refused
from idp.crypto.crls import read_crl
from idp.db import Database, Statement, Transaction
from idp.entities.roles import end_entries
from idp.entities.rules import Via
from idp.issuers.verifying import Verifier
from idp.proofing.ending import tell_if_reachable
from idp.signin.rules import BY_CERTIFICATE, SessionEnd
from idp.signin.sessions import end_signed_in_by

_BATCH = 100
_COLUMNS = ", ".join(Binding._fields)
_LIVING = Statement(
    f"SELECT {_COLUMNS} FROM certificate_binding WHERE ended_at IS NULL AND id > :after ORDER BY id LIMIT :limit",
    Binding,
)


@dataclass(slots=True)
class Sweeping:
    """``trusted``: the administered issuers as they stand; may raise `DatabaseUnavailable`."""

    database: Database
    certificates: Certificates
    verifier: Verifier
    trusted: Callable[[], Sequence[Authority]]
    _serials: dict[bytes, frozenset[bytes]] = field(default_factory=dict)
    """Of each list, by its SHA-256: a list of 200,000 is not taken apart every hour."""

    def run(self, now: int) -> int:
        """How many were ended. Each in a transaction of its own."""
        revoked, ended, after = self._revoked(), 0, ""
        while True:
            with self.database.autocommit() as tx:
                living = tx.all(_LIVING, after=after, limit=_BATCH)
            for one in living:
                reason = self._over(one, revoked.get(one.issuer_id, frozenset()), now)
                if reason is not None:
                    with self.database.transaction() as tx:
                        ended += self._end(tx, one, reason, now=now)
            if len(living) < _BATCH:
                return ended
            after = living[-1].id

    def _revoked(self) -> dict[str, frozenset[bytes]]:
        """The serial numbers (INTEGER, DER) in the lists of each issuer, whoever's of its authorities they are."""
        known = self._serials
        found: dict[str, frozenset[bytes]] = {}
        self._serials = {}
        for authority in self.trusted():
            for der in authority.crls:
                key = sha256(der).digest()
                self._serials[key] = known[key] if key in known else _serials_in(der)
                found[authority.id] = found.get(authority.id, frozenset()) | self._serials[key]
        return found

    def _over(self, one: Binding, revoked: frozenset[bytes], now: int) -> EndReason | None:
        if one.not_after < now:
            return EndReason.EXPIRED
        if _integer(one.serial) not in revoked:
            return None
        verdict = self.verifier.certificate(self.certificates.der_of(one), now=now)
        is_revoked = isinstance(verdict, Refused) and verdict.reason is Reason.REVOKED
        return EndReason.REVOKED if is_revoked else None

    def _end(self, tx: Transaction, one: Binding, reason: EndReason, *, now: int) -> bool:
        """Whether this worker ended it. What was signed in by a revoked one ends with it."""
        if bindings.end(tx, one.id, reason, now=now) is None:
            return False
        detail = {"certificate": one.id}
        record(tx, Event.CERTIFICATE_ENDED, subject=one.party_id, reason=reason, detail=detail, now=now)
        if reason is EndReason.REVOKED:
            if one.holder_id is None:
                end_signed_in_by(tx, one.party_id, BY_CERTIFICATE, SessionEnd.CERTIFICATE_ENDED, now=now)
            else:
                ended = SessionEnd.CERTIFICATE_ENDED
                end_entries(tx, one.party_id, Via.ENTITY_CERTIFICATE, ended, now=now)
            person = one.holder_id or one.party_id
            tell_if_reachable(tx, self.certificates.directory, person, "certificate_revoked", now=now)
        return True


def _serials_in(der: bytes) -> frozenset[bytes]:
    found = read_crl(der)
    return frozenset() if isinstance(found, Refused) else found.serials()


def _integer(serial: str) -> bytes:
    """A serial number as `Binding` has it, as INTEGER in DER."""
    number = int(serial, 16)
    value = number.to_bytes(number.bit_length() // 8 + 1)
    return bytes((2, len(value))) + value
