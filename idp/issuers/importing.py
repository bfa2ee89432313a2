"""Certificates of authorities as operators bring them, several in one text or file.

Always true: what is imported ends at a root that came with it, and every certificate passed
`idp.crypto.certificates.check_anchor`.
"""

from collections.abc import Sequence
from typing import NamedTuple

from cryptography.hazmat.primitives import hashes

from idp.crypto.certificates import Certificate, Refused, check_anchor
from idp.crypto.sm2 import Sm2Verifier
from idp.issuers.directory import blocks
from idp.issuers.rules import MOST_CERTIFICATES, CertificateKind, IssuerCertificateDer, IssuerRefusal

MOST_BYTES = 256 * 1024
"""Of one text or file."""


class Imported(NamedTuple):
    """``subject``: RFC 4514, of an authority; times: Unix seconds; fingerprints: hexadecimal."""

    kind: CertificateKind
    der: bytes
    subject: str
    algorithm: str
    not_before: int
    not_after: int
    sha256: str
    sm3: str

    @property
    def stored(self) -> IssuerCertificateDer:
        return IssuerCertificateDer(self.kind, self.sha256, self.der)


class ImportRefused(NamedTuple):
    """``detail``: what `check_anchor` found wrong, or which certificate does not belong; in ASCII for operators."""

    reason: IssuerRefusal
    detail: str = ""


def certificates_in(data: bytes) -> list[bytes]:
    """Every certificate of a PEM file, or the one that ``data`` is; no more than are ever taken, and one."""
    return blocks(data, "CERTIFICATE")[: MOST_CERTIFICATES + 1] if data.strip() else []


def checked(
    anchors: Sequence[bytes], intermediates: Sequence[bytes], *, sm2: Sm2Verifier
) -> tuple[Imported, ...] | ImportRefused:
    """Roots and what stands below them, each once. Verifies signatures: no transaction may be open.

    For certificates to be put beside those an issuer has, its own come with them.
    """
    if not anchors:
        return ImportRefused(IssuerRefusal.NO_ANCHOR)
    if len(anchors) + len(intermediates) > MOST_CERTIFICATES:
        return ImportRefused(IssuerRefusal.TOO_MANY)
    kinds = ((CertificateKind.ANCHOR, anchors), (CertificateKind.INTERMEDIATE, intermediates))
    found: dict[str, tuple[CertificateKind, Certificate]] = {}
    for kind, given in kinds:
        for der in given:
            read = _read(kind, der, sm2)
            if isinstance(read, ImportRefused):
                return read
            found.setdefault(read.fingerprint, (kind, read))
    names = {one.subject for _, one in found.values()}
    orphan = next((one for _, one in found.values() if one.issuer not in names), None)
    if orphan:
        return ImportRefused(IssuerRefusal.CERTIFICATE, f"nothing above it: {orphan.fingerprint}")
    return tuple(_imported(kind, one) for kind, one in found.values())


def _read(kind: CertificateKind, der: bytes, sm2: Sm2Verifier) -> Certificate | ImportRefused:
    read = check_anchor(der, sm2=sm2)
    if isinstance(read, Refused):
        return ImportRefused(IssuerRefusal.CERTIFICATE, f"{read.reason} {read.detail}".strip())
    if (read.issuer == read.subject) is not (kind is CertificateKind.ANCHOR):
        return ImportRefused(IssuerRefusal.CERTIFICATE, f"no {kind}: {read.fingerprint}")
    return read


def _imported(kind: CertificateKind, read: Certificate) -> Imported:
    return Imported(
        kind,
        read.der,
        read.subject,
        read.algorithm.value,
        read.not_before,
        read.not_after,
        read.fingerprint,
        sm3(read.der),
    )


def sm3(der: bytes) -> str:
    """The fingerprint that authorities of China print beside, or in place of, SHA-256; hexadecimal."""
    seen = hashes.Hash(hashes.SM3())
    seen.update(der)
    return seen.finalize().hex()


def grouped(fingerprint: str) -> str:
    """A fingerprint to be compared by eye: upper case, in groups of four."""
    return " ".join(fingerprint[at : at + 4].upper() for at in range(0, len(fingerprint), 4))
