"""SignedData as CA tools make it: RFC 5652 for RSA and ECDSA, GB/T 35275 for SM2.

Always true: it has one signer, and brings the signer's certificate and the issuing CA's along.
"""

import hashlib

from asn1crypto import x509

from adapters.sandbox import der, sm2
from adapters.sandbox.ca import Issued
from adapters.sandbox.ca_keys import SM2_CURVE, Kind

_CMS = ("1.2.840.113549.1.7.2", "1.2.840.113549.1.7.1")
_GM = ("1.2.156.10197.6.1.4.2.2", "1.2.156.10197.6.1.4.2.1")
"""The types of SignedData and of data."""
_SHA256 = der.sequence(der.oid("2.16.840.1.101.3.4.2.1"), der.null())
_SM3 = der.sequence(der.oid("1.2.156.10197.1.401"), der.null())
_SIGNATURES = {
    Kind.RSA: der.sequence(der.oid("1.2.840.113549.1.1.1"), der.null()),
    Kind.P256: der.sequence(der.oid("1.2.840.10045.4.3.2")),
    Kind.SM2: der.sequence(der.oid(f"{SM2_CURVE}.1"), der.null()),
}


def signed_data(issued: Issued, content: bytes, *, now: int | None = None, detached: bool = False) -> bytes:
    """A ContentInfo, DER. With ``now`` (Unix seconds) its attributes are signed, the time among them; without, the
    content itself is.
    """
    key = issued.held.key
    signed_type, data_type = _GM if key.kind is Kind.SM2 else _CMS
    digest = _SM3 if key.kind is Kind.SM2 else _SHA256
    attributes = () if now is None else _attributes(data_type, _hash(key.kind, content), now)
    inner = der.sequence(der.oid(data_type), *([] if detached else [der.explicit(0, der.octets(content))]))
    signer = der.sequence(
        der.integer(1),
        _issuer_and_serial(issued.held.certificate),
        digest,
        *([der.tlv(0xA0, *sorted(attributes))] if attributes else []),
        _SIGNATURES[key.kind],
        der.octets(key.sign(der.set_of(*attributes) if attributes else content)),
    )
    whole = der.sequence(
        der.integer(1),
        der.set_of(digest),
        inner,
        der.tlv(0xA0, issued.held.certificate, issued.chain[0]),
        der.set_of(signer),
    )
    return der.sequence(der.oid(signed_type), der.explicit(0, whole))


def _attributes(data_type: str, digest: bytes, now: int) -> tuple[bytes, ...]:
    return (
        _attribute("1.2.840.113549.1.9.3", der.oid(data_type)),
        _attribute("1.2.840.113549.1.9.4", der.octets(digest)),
        _attribute("1.2.840.113549.1.9.5", der.time(now)),
    )


def _attribute(dotted: str, value: bytes) -> bytes:
    return der.sequence(der.oid(dotted), der.set_of(value))


def _hash(kind: Kind, content: bytes) -> bytes:
    return sm2.sm3(content) if kind is Kind.SM2 else hashlib.sha256(content).digest()


def _issuer_and_serial(certificate: bytes) -> bytes:
    found = x509.Certificate.load(certificate)
    return der.sequence(found.issuer.dump(), der.integer(found.serial_number))
