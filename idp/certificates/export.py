"""The certificates of a person, for the file of their data.

Always true: ended ones are in it, too, with their end.
"""

from typing import Any, NamedTuple

from idp.certificates.actions import Certificates
from idp.db import Statement, Transaction


class _Held(NamedTuple):
    id: str
    issuer_name: str
    serial: str
    fingerprint: str
    algorithm: str
    sealed: bytes | None
    not_before: int
    not_after: int
    bound_at: int
    last_used_at: int | None
    ended_at: int | None
    end_reason: str | None


_OF = Statement(
    f"SELECT {', '.join(_Held._fields)} FROM certificate_binding WHERE party_id = :party ORDER BY bound_at, id", _Held
)


class CertificateExport:
    """One part of the file; the names in the certificates are opened for it."""

    def __init__(self, certificates: Certificates) -> None:
        self._certificates = certificates

    def __call__(self, tx: Transaction, party_id: str) -> tuple[str, Any]:
        return "certificates", [self._told(row) for row in tx.all(_OF, party=party_id)]

    def _told(self, row: _Held) -> dict[str, Any]:
        return {
            "name": self._certificates.opened(row.id, row.sealed),
            "issuer": row.issuer_name,
            "serial": row.serial,
            "fingerprint": row.fingerprint,
            "algorithm": row.algorithm,
            "valid_from_at": row.not_before,
            "valid_until_at": row.not_after,
            "bound_at": row.bound_at,
            "last_used_at": row.last_used_at,
            "ended_at": row.ended_at,
            "end_reason": row.end_reason,
        }
