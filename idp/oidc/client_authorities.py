"""The authorities of departments' certificates, from the files an operator keeps (settings ``mtls``).

Always true: they vouch for apps alone, never for people; a file that cannot be read vouches for nobody.
"""

import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from idp.crypto.certificates import Authority, PathValidator, Refused, read_certificate
from idp.crypto.sm2 import USER_ID
from idp.log import get_logger

_log = get_logger("client_authorities")
REMEMBERED = 30
"""Seconds for which an accepted certificate is not looked at again, unless a file changes: a path is dear."""
_MOST_ACCEPTED = 4096
_ID = "clients"
_PEM = b"-----BEGIN "
_CRL = re.compile(rb"-----BEGIN X509 CRL-----.+?-----END X509 CRL-----", re.DOTALL)
_Stamp = tuple[tuple[int, int, int] | None, ...]


@dataclass(frozen=True, slots=True)
class _Held:
    """``accepted``: until when a certificate, by its digest, is good without being looked at again (Unix seconds)."""

    stamp: _Stamp
    authority: Authority
    accepted: dict[bytes, int] = field(default_factory=dict)


class _NoSm2:
    """Front ends speak TLS without SM2, so that no such certificate can come."""

    def verify(self, *, point: bytes, message: bytes, signature: bytes, user_id: bytes = USER_ID) -> bool:
        del point, message, signature, user_id
        return False


class ClientAuthorities:
    """Says whether a certificate comes from the departments' own authorities and has not been revoked."""

    def __init__(self, *, ca: Path | None, crls: Iterable[Path], grace: int) -> None:
        """``grace``: seconds beyond a list's ``nextUpdate``."""
        self._validator = PathValidator(_NoSm2())
        self._ca = ca
        self._crls = tuple(crls)
        self._grace = grace
        self._lock = threading.Lock()
        self._held = _Held((), self._authority(b"", ()))

    def refusal(self, der: bytes, *, now: int) -> Refused | None:
        """Why the certificate is not to be relied on at ``now``, or None."""
        held, key = self._current(), sha256(der).digest()
        if now < held.accepted.get(key, 0):
            return None
        certificate = read_certificate(der)
        if isinstance(certificate, Refused):
            return certificate
        verdict = self._validator.validate(certificate, [held.authority], now=now)
        if isinstance(verdict, Refused):
            return verdict
        if len(held.accepted) >= _MOST_ACCEPTED:
            held.accepted.clear()
        held.accepted[key] = min(now + REMEMBERED, certificate.not_after + 1)
        return None

    def _current(self) -> _Held:
        stamp = tuple(_stamp(path) for path in (self._ca, *self._crls) if path)
        held = self._held
        if held.stamp == stamp:
            return held
        with self._lock:
            if self._held.stamp != stamp:
                self._held = _Held(stamp, self._read())
            return self._held

    def _read(self) -> Authority:
        try:
            ca = self._ca.read_bytes() if self._ca else b""
            return self._authority(ca, tuple(path.read_bytes() for path in self._crls))
        except (OSError, ValueError) as error:
            _log.error("client_authorities_unreadable", error=type(error).__name__)
            return self._authority(b"", ())

    def _authority(self, ca: bytes, crls: tuple[bytes, ...]) -> Authority:
        """Raises `ValueError` for what is neither certificate nor revocation list."""
        found = x509.load_pem_x509_certificates(ca) if ca else []
        roots = [certificate for certificate in found if certificate.subject == certificate.issuer]
        return Authority(
            id=_ID,
            anchors=tuple(root.public_bytes(Encoding.DER) for root in roots),
            intermediates=tuple(other.public_bytes(Encoding.DER) for other in found if other not in roots),
            crls=tuple(crl for content in crls for crl in _crls(content)),
            grace=self._grace,
        )


def _crls(content: bytes) -> list[bytes]:
    if _PEM not in content:
        return [x509.load_der_x509_crl(content).public_bytes(Encoding.DER)]
    blocks = _CRL.findall(content)
    return [x509.load_pem_x509_crl(block).public_bytes(Encoding.DER) for block in blocks]


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """What tells that a file was replaced or written."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
