"""Authorities and revocation lists, made anew for a run on P-256.

Always true: nothing made here is trusted anywhere but in the test that asks for it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from idp.crypto.sm2 import PureSm2
from idp.db import Database
from idp.issuers import actions
from idp.issuers.importing import checked
from idp.issuers.rules import Declaration, Issuer

NOW = 1_800_000_000
DAY = 86400
SM2 = PureSm2()


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@dataclass(frozen=True)
class Ca:
    """One authority with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    def crl(
        self,
        number: int | None = 1,
        *,
        this_update: int = NOW - 60,
        next_update: int = NOW + DAY,
        revoked: int = 0,
        part: str | None = None,
        indirect: bool = False,
        name: x509.Name | None = None,
    ) -> bytes:
        """DER of a list. ``part``: the distribution point it is for; ``name``: of the issuer, if not this one's."""
        made = x509.CertificateRevocationListBuilder(
            issuer_name=name or self.certificate.subject, last_update=at(this_update), next_update=at(next_update)
        )
        for serial in range(1, revoked + 1):
            entry = x509.RevokedCertificateBuilder(serial, at(this_update))
            made = made.add_revoked_certificate(entry.build())
        if number is not None:
            made = made.add_extension(x509.CRLNumber(number), critical=False)
        if part or indirect:
            where = [x509.UniformResourceIdentifier(part)] if part else None
            scope = x509.IssuingDistributionPoint(where, None, False, False, None, indirect, False)
            made = made.add_extension(scope, critical=True)
        return made.sign(self.key, hashes.SHA256()).public_bytes(Encoding.DER)


@dataclass(frozen=True)
class House:
    """A root and an issuing authority below it."""

    root: Ca
    issuing: Ca

    def add(self, database: Database, *, now: int = NOW, **said: object) -> Issuer:
        """Trusted, as the console or the command leaves it."""
        found = checked([self.root.der], [self.issuing.der], sm2=SM2)
        assert isinstance(found, tuple), found
        declared = Declaration(**{"title_zh": "示例证书颁发机构", "profile": "gmt0015", **said})  # type: ignore[arg-type]
        with database.transaction() as tx:
            added = actions.add(tx, declared, [one.stored for one in found], actor=None, now=now)
        assert isinstance(added, Issuer), added
        return added


def a_house(name: str) -> House:
    root = _made(f"{name} Root", None, 1)
    return House(root, _made(f"{name} CA", root, 0))


def a_ca(name: str, above: Ca | None = None) -> Ca:
    return _made(name, above, None)


def a_leaf(name: str, above: Ca, status_at: str | None = None) -> Ca:
    """``status_at``: where it says that its issuer answers about it."""
    return _made(name, above, None, is_ca=False, status_at=status_at)


def _made(name: str, above: Ca | None, length: int | None, *, is_ca: bool = True, status_at: str | None = None) -> Ca:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    usage = x509.KeyUsage(not is_ca, False, False, False, False, is_ca, is_ca, False, False)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(above.certificate.subject if above else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at(NOW - 3650 * DAY))
        .not_valid_after(at(NOW + 3650 * DAY))
        .add_extension(x509.BasicConstraints(is_ca, length if is_ca else None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if status_at:
        there = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(status_at))
        made = made.add_extension(x509.AuthorityInformationAccess([there]), critical=False)
    return Ca(made.sign((above.key if above else key), hashes.SHA256()), key)
