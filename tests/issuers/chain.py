"""A small CA of P-256 keys: a root, an issuing CA, certificates as asked for, and a revocation list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID, ObjectIdentifier

from idp.crypto.certificates import Authority
from idp.crypto.der import encoded
from tests.crypto.signing import CMS, SHA256, Holder, algorithm

NOW = int(datetime(2026, 11, 26, 8, 0, tzinfo=UTC).timestamp())
NUMBER, OTHER_NUMBER = "430105199003070011", "11010519491231002X"
CODE, OTHER_CODE = "91430100MA0000007Q", "92420100MA4K00029K"
PERSON, ORGANISATION, CREDIT_CODE = "1.2.156.10260.4.1.1", "1.2.156.10260.4.1.4", "1.2.156.10260.4.4"
EXPLICIT, IMPLICIT, UTF8, PRINTABLE, IA5, OCTETS, BMP = 0xA0, 0x80, 0x0C, 0x13, 0x16, 0x04, 0x1E
DAY = 86400


def printable(text: str) -> bytes:
    return encoded(PRINTABLE, text.encode())


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def name(*parts: tuple[ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(kind, text) for kind, text in parts])


@dataclass
class Chain:
    """``now``: Unix seconds around which everything is valid."""

    now: int = NOW
    title: str = "Test CA"
    serial: int = field(default=1000, init=False)

    @cached_property
    def root_key(self) -> ec.EllipticCurvePrivateKey:
        return ec.generate_private_key(ec.SECP256R1())

    @cached_property
    def key(self) -> ec.EllipticCurvePrivateKey:
        return ec.generate_private_key(ec.SECP256R1())

    @cached_property
    def root(self) -> x509.Certificate:
        own = name((NameOID.COMMON_NAME, f"{self.title} root"))
        return self._authority(own, own, self.root_key, self.root_key)

    @cached_property
    def issuing(self) -> x509.Certificate:
        return self._authority(self.root.subject, name((NameOID.COMMON_NAME, self.title)), self.key, self.root_key)

    def _authority(
        self, issuer: x509.Name, own: x509.Name, key: ec.EllipticCurvePrivateKey, by: ec.EllipticCurvePrivateKey
    ) -> x509.Certificate:
        usage = x509.KeyUsage(*(number in (5, 6) for number in range(9)))
        return (
            self._begun(issuer, own, key, -3650, 3650)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .sign(by, hashes.SHA256())
        )

    def _begun(
        self, issuer: x509.Name, own: x509.Name, key: ec.EllipticCurvePrivateKey, start: int, end: int
    ) -> x509.CertificateBuilder:
        self.serial += 1
        return (
            x509.CertificateBuilder()
            .issuer_name(issuer)
            .subject_name(own)
            .public_key(key.public_key())
            .serial_number(self.serial)
            .not_valid_before(at(self.now + start * DAY))
            .not_valid_after(at(self.now + end * DAY))
        )

    def holder(
        self,
        extensions: Mapping[str, bytes] | None = None,
        *,
        subject: Sequence[tuple[ObjectIdentifier, str]] = ((NameOID.COMMON_NAME, "欧阳清岚"),),
        days: tuple[int, int] = (-1, 365),
        signs: bool = True,
    ) -> Holder:
        """``extensions``: by identifier; a person's number if none is given."""
        key = ec.generate_private_key(ec.SECP256R1())
        usage = x509.KeyUsage(*(number == (0 if signs else 2) for number in range(9)))
        begun = self._begun(self.issuing.subject, name(*subject), key, *days).add_extension(usage, critical=True)
        if extensions is None:
            extensions = {PERSON: encoded(EXPLICIT, printable(NUMBER))}
        for kind, value in extensions.items():
            begun = begun.add_extension(x509.UnrecognizedExtension(ObjectIdentifier(kind), value), critical=False)
        made = begun.sign(self.key, hashes.SHA256()).public_bytes(Encoding.DER)
        scheme = algorithm("1.2.840.10045.4.3.2")
        return Holder(made, lambda message: key.sign(message, ec.ECDSA(hashes.SHA256())), SHA256, scheme, CMS)

    def crl(self, *revoked: int, by_root: bool = False) -> bytes:
        issuer, key = (self.root.subject, self.root_key) if by_root else (self.issuing.subject, self.key)
        begun = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer)
            .last_update(at(self.now - DAY))
            .next_update(at(self.now + 7 * DAY))
        )
        for serial in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at(self.now - 2 * DAY))
            begun = begun.add_revoked_certificate(entry.build())
        return begun.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)

    def authority(self, *revoked: int, enabled: bool = True, issuer_id: str = "iss_test") -> Authority:
        return Authority(
            issuer_id,
            (self.root.public_bytes(Encoding.DER),),
            (self.issuing.public_bytes(Encoding.DER),),
            (self.crl(*revoked), self.crl(by_root=True)),
            enabled=enabled,
        )


def serial_of(holder: Holder) -> int:
    return x509.load_der_x509_certificate(holder.certificate).serial_number
