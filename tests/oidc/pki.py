"""Certificates of departments' apps, made for one run: an authority, what it issued, what it revoked, and strangers.

Always true: keys are small curves, so that a test pays nothing for them; RSA is made where RSA is the question.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
SUBJECT = "CN=tax.example,O=税务局,C=CN"
FRONT_SECRET = "the-front-end-and-nobody-else-knows-this"
NAMES: tuple[x509.GeneralName, ...] = (
    x509.DNSName("tax.example"),
    x509.UniformResourceIdentifier("https://tax.example/app"),
    x509.IPAddress(ip_address("192.0.2.7")),
    x509.RFC822Name("tax@example.gov.cn"),
)


@dataclass(frozen=True)
class Shown:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: Key

    @cached_property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @cached_property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def headers(self, secret: str = FRONT_SECRET) -> dict[str, str]:
        """What nginx sends for a connection made with it."""
        return {"X-Client-Cert": quote(self.pem, safe=""), "X-Client-Cert-Secret": secret}


@dataclass
class Authority:
    """A root, or one below ``above``, and what it says; ``revoked``: serial numbers on its list."""

    name: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    revoked: list[int] = field(default_factory=list)
    above: "Authority | None" = None

    @cached_property
    def root(self) -> x509.Certificate:
        issuer = self.above or self
        builder = _builder(f"CN={self.name}", f"CN={issuer.name}", self.key)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        builder = builder.add_extension(_usage(signs=True), critical=True)
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False
        )
        return builder.sign(issuer.key, hashes.SHA256())

    def issue(
        self,
        subject: str = SUBJECT,
        *,
        names: Sequence[x509.GeneralName] = NAMES,
        key: Key | None = None,
        signing: bool = True,
        days: tuple[int, int] = (-1, 30),
    ) -> Shown:
        """A certificate in force for ``days`` from and until; without ``signing``: the encryption one of a pair."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        builder = _builder(subject, f"CN={self.name}", key, days)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_usage(signs=False, digital_signature=signing), critical=True)
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return Shown(builder.sign(self.key, hashes.SHA256()), key)

    def crl(self, *, days: tuple[int, int] = (-1, 7)) -> bytes:
        """PEM."""
        now = datetime.now(UTC)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.root.subject)
            .last_update(now + timedelta(days=days[0]))
            .next_update(now + timedelta(days=days[1]))
            .add_extension(x509.CRLNumber(len(self.revoked) + 1), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )
        for serial in self.revoked:
            revoked = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now - timedelta(hours=1))
            builder = builder.add_revoked_certificate(revoked.build())
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM)

    def revoke(self, shown: Shown) -> None:
        self.revoked.append(shown.certificate.serial_number)

    def write(self, directory: Path) -> tuple[Path, Path]:
        """The files of the settings ``mtls.client_ca`` and ``mtls.client_crls``."""
        ca, crl = directory / "client-ca.pem", directory / "client-crl.pem"
        ca.write_bytes(self.root.public_bytes(Encoding.PEM))
        crl.write_bytes(self.crl())
        return ca, crl


def self_signed(subject: str = "CN=own", *, days: tuple[int, int] = (-1, 30), key: Key | None = None) -> Shown:
    """What `openssl req -x509` makes: its own authority."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    builder = _builder(subject, subject, key, days)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return Shown(builder.sign(key, hashes.SHA256()), key)


def _builder(subject: str, issuer: str, key: Key, days: tuple[int, int] = (-2, 60)) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name.from_rfc4514_string(subject))
        .issuer_name(x509.Name.from_rfc4514_string(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs: bool, digital_signature: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=not signs and not digital_signature,
        data_encipherment=False,
        key_agreement=not signs and not digital_signature,
        encipher_only=False,
        decipher_only=False,
    )
