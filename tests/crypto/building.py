"""Certificates, lists and OCSP answers for tests, by whatever key and with whatever is wrong with them.

Always true: nothing is checked here; what a test asks for is what it gets, in strict DER.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from hashlib import sha1, sha256
from itertools import count
from typing import Any, Protocol

from asn1crypto import algos, core, crl, ocsp, x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from idp.crypto import der
from tests.crypto.sm2_signing import ALGORITHM, Sm2Key

NOW = 1_790_000_000
DAY = 86400
ANYTHING = "1.3.6.1.4.1.99999.1"
Extension = tuple[str, bool, bytes]
_serials = count(0x10_0000)


class Key(Protocol):
    @property
    def spki(self) -> bytes: ...
    def sign(self, message: bytes) -> bytes: ...


@dataclass(frozen=True)
class PycaKey:
    key: Any
    digest: hashes.HashAlgorithm = field(default_factory=hashes.SHA256)

    @property
    def spki(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, message: bytes) -> bytes:
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(message, padding.PKCS1v15(), self.digest)
        return self.key.sign(message, ec.ECDSA(self.digest))


@cache
def rsa_key(label: str, bits: int = 2048, exponent: int = 65537) -> PycaKey:
    return PycaKey(rsa.generate_private_key(exponent, bits))


@cache
def p256_key(label: str) -> PycaKey:
    return PycaKey(ec.derive_private_key(_secret(label), ec.SECP256R1()))


@cache
def sm2_key(label: str) -> Sm2Key:
    return Sm2Key(_secret(label))


def _secret(label: str) -> int:
    return int.from_bytes(sha256(label.encode()).digest()) >> 8


def algorithm_of(key: Key) -> bytes:
    if isinstance(key, Sm2Key):
        return ALGORITHM
    assert isinstance(key, PycaKey)
    kind = "rsa" if isinstance(key.key, rsa.RSAPrivateKey) else "ecdsa"
    return algos.SignedDigestAlgorithm({"algorithm": f"{key.digest.name}_{kind}"}).dump()


def name_of(common: str) -> x509.Name:
    return x509.Name.build({"country_name": "CN", "organization_name": "示例", "common_name": common})


def extension(kind: str, value: core.Asn1Value | bytes, *, critical: bool = False) -> Extension:
    return x509.ExtensionId(kind).dotted, critical, value if isinstance(value, bytes) else value.dump()


def basic(authority: bool = True, longest: int | None = None) -> Extension:
    return extension(
        "basic_constraints", x509.BasicConstraints({"ca": authority, "path_len_constraint": longest}), critical=True
    )


def usage(*uses: str) -> Extension:
    return extension("key_usage", x509.KeyUsage(set(uses)), critical=True)


def points(*uris: str, issuer: x509.Name | None = None) -> Extension:
    found = [x509.DistributionPoint({"distribution_point": _full(uri)}) for uri in uris]
    if issuer is not None:
        found = [x509.DistributionPoint({"crl_issuer": [x509.GeneralName("directory_name", issuer)]})]
    return extension("crl_distribution_points", x509.CRLDistributionPoints(found))


def answers_at(uri: str) -> Extension:
    location = x509.GeneralName("uniform_resource_identifier", uri)
    return extension(
        "authority_information_access",
        x509.AuthorityInfoAccessSyntax([{"access_method": "ocsp", "access_location": location}]),
    )


def purposes(*names: str) -> Extension:
    return extension("extended_key_usage", x509.ExtKeyUsageSyntax(list(names)))


def scope(uri: str | None = None, *, indirect: bool = False, **more: Any) -> Extension:
    value = {"indirect_crl": indirect, **more, **({"distribution_point": _full(uri)} if uri else {})}
    return "2.5.29.28", True, crl.IssuingDistributionPoint(value).dump()


SIGNING = usage("digital_signature", "non_repudiation")
OF_AUTHORITIES = (basic(), usage("key_cert_sign", "crl_sign"))


@dataclass(frozen=True)
class Made:
    """A certificate with its key, which issues others."""

    name: x509.Name
    key: Key
    der: bytes
    serial: int

    def issue(
        self,
        common: str,
        *,
        key: Key | None = None,
        extensions: Sequence[Extension] = (SIGNING,),
        days: tuple[int, int] = (-30, 365),
        serial: int | None = None,
        **changed: Any,
    ) -> "Made":
        """``days``: from and to, from `NOW`. ``changed``: as `certificate` has it."""
        key, serial = key or _like(self.key, common), next(_serials) if serial is None else serial
        made = certificate(
            issuer=self.name, subject=name_of(common), key=key, signer=self.key, serial=serial,
            times=(NOW + days[0] * DAY, NOW + days[1] * DAY), extensions=extensions, **changed,
        )  # fmt: skip
        return Made(name_of(common), key, made, serial)

    def authority(self, common: str, *, extensions: Sequence[Extension] = OF_AUTHORITIES, **given: Any) -> "Made":
        return self.issue(common, extensions=extensions, **given)

    def crl(self, *revoked: "Revoked", **changed: Any) -> bytes:
        return crl_of(self.name, self.key, *revoked, **changed)


def root(common: str, key: Key, extensions: Sequence[Extension] = OF_AUTHORITIES, **given: Any) -> Made:
    return Made(name_of(common), key, b"", 0).issue(common, key=key, extensions=extensions, **given)


def certificate(
    *,
    issuer: x509.Name,
    subject: x509.Name,
    key: Key,
    signer: Key,
    serial: int,
    times: tuple[int, int],
    extensions: Sequence[Extension],
    version: bytes = b"\xa0\x03\x02\x01\x02",
    algorithm: bytes = b"",
    outer: bytes = b"",
    spki: bytes = b"",
) -> bytes:
    inner = algorithm or algorithm_of(signer)
    tbs = der.encoded(
        der.SEQUENCE,
        version,
        core.Integer(serial).dump(),
        inner,
        issuer.dump(),
        der.encoded(der.SEQUENCE, *map(_time, times)),
        subject.dump(),
        spki or key.spki,
        _extensions(extensions, 3),
    )
    return _signed(tbs, outer or inner, signer)


@dataclass(frozen=True)
class Revoked:
    serial: int
    reason: str | None = None
    issuer: x509.Name | None = None
    at: int = NOW - DAY
    critical: str | None = None

    def dump(self) -> bytes:
        extensions: list[Extension] = []
        if self.reason is not None:
            extensions.append(("2.5.29.21", False, crl.CRLReason(self.reason).dump()))
        if self.issuer is not None:
            names = x509.GeneralNames([x509.GeneralName("directory_name", self.issuer)])
            extensions.append(("2.5.29.29", True, names.dump()))
        if self.critical is not None:
            extensions.append((self.critical, True, b"\x05\x00"))
        return der.encoded(der.SEQUENCE, core.Integer(self.serial).dump(), _time(self.at), _extensions(extensions))


def crl_of(
    issuer: x509.Name,
    key: Key,
    *revoked: Revoked,
    days: tuple[float, float] = (-1, 6),
    number: int = 5,
    base: int | None = None,
    freshest: bool = False,
    extensions: Sequence[Extension] = (),
    more: bytes = b"",
) -> bytes:
    """``base``: of the list that it adds to, which makes it a delta; ``more``: entries, DER."""
    own: list[Extension] = [("2.5.29.20", False, core.Integer(number).dump())]
    if base is not None:
        own.append(("2.5.29.27", True, core.Integer(base).dump()))
    if freshest:
        own.append(("2.5.29.46", False, x509.CRLDistributionPoints([{"distribution_point": _full("u:d")}]).dump()))
    entries = b"".join(one.dump() for one in revoked) + more
    tbs = der.encoded(
        der.SEQUENCE,
        b"\x02\x01\x01",
        algorithm_of(key),
        issuer.dump(),
        *(_time(int(NOW + day * DAY)) for day in days),
        der.encoded(der.SEQUENCE, entries) if entries else b"",
        _extensions([*own, *extensions], 0),
    )
    return _signed(tbs, algorithm_of(key), key)


def ocsp_of(
    issuer: Made,
    of: Made,
    *,
    status: str = "good",
    by: Made,
    days: tuple[float, float] = (-0.1, 1),
    digest: str = "sha1",
) -> bytes:
    """``by``: the responder, whose certificate goes along."""
    spoken: Any = core.Null() if status == "good" else {"revocation_time": _moment(NOW - DAY)}
    kept = x509.Certificate.load(issuer.der)
    identifier = ocsp.CertId({
        "hash_algorithm": {"algorithm": digest},
        "issuer_name_hash": hashed(digest, issuer.name.dump()),
        "issuer_key_hash": hashed(digest, bytes(kept.public_key["public_key"])),
        "serial_number": of.serial,
    })  # fmt: skip
    data = ocsp.ResponseData({
        "responder_id": ocsp.ResponderId("by_name", by.name),
        "produced_at": _moment(NOW),
        "responses": [{
            "cert_id": identifier,
            "cert_status": ocsp.CertStatus(status, spoken),
            "this_update": _moment(int(NOW + days[0] * DAY)),
            "next_update": _moment(int(NOW + days[1] * DAY)),
        }],
    }).dump()  # fmt: skip
    certs = der.encoded(der.context(0), der.encoded(der.SEQUENCE, by.der))
    signature = der.encoded(der.BIT_STRING, b"\0", by.key.sign(data))
    whole = der.encoded(der.SEQUENCE, data, algorithm_of(by.key), signature, certs)
    return ocsp.OCSPResponse({
        "response_status": "successful",
        "response_bytes": {"response_type": "basic_ocsp_response", "response": ocsp.BasicOCSPResponse.load(whole)},
    }).dump()  # fmt: skip


def hashed(digest: str, data: bytes) -> bytes:
    if digest == "sha1":
        return sha1(data).digest()  # noqa: S324 - RFC 6960 identifies by it
    state = hashes.Hash(hashes.SM3())
    state.update(data)
    return state.finalize()


def _like(key: Key, label: str) -> Key:
    if isinstance(key, Sm2Key):
        return sm2_key(label)
    assert isinstance(key, PycaKey)
    return rsa_key("one for all") if isinstance(key.key, rsa.RSAPrivateKey) else p256_key(label)


def _signed(tbs: bytes, algorithm: bytes, key: Key) -> bytes:
    return der.encoded(der.SEQUENCE, tbs, algorithm, der.encoded(der.BIT_STRING, b"\0", key.sign(tbs)))


def _extensions(listed: Sequence[Extension], tag: int | None = None) -> bytes:
    if not listed:
        return b""
    members = (
        der.encoded(
            der.SEQUENCE,
            core.ObjectIdentifier(kind).dump(),
            b"\x01\x01\xff" if critical else b"",
            der.encoded(der.OCTET_STRING, value),
        )
        for kind, critical, value in listed
    )
    whole = der.encoded(der.SEQUENCE, *members)
    return whole if tag is None else der.encoded(der.context(tag), whole)


def _full(uri: str) -> x509.DistributionPointName:
    return x509.DistributionPointName("full_name", [x509.GeneralName("uniform_resource_identifier", uri)])


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _time(seconds: int) -> bytes:
    kind = core.UTCTime if _moment(seconds).year < 2050 else core.GeneralizedTime
    return kind(_moment(seconds)).dump()
