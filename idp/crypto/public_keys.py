"""Public keys (SubjectPublicKeyInfo) that count here, and whether one of them made a signature.

Always true: a key that is weak, of another kind or not on its curve verifies nothing, and MD5, SHA-1 and SHA-224 are
in no table.

Clauses: RFC 3279 (2.3), RFC 4055, RFC 5480, RFC 5758, RFC 8017 (8), GM/T 0006 and GB/T 20518 (SM2).
"""

from dataclasses import dataclass
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric import padding as paddings
from cryptography.hazmat.primitives.serialization import load_der_public_key

from idp.crypto import der
from idp.crypto.sm2 import Sm2Verifier
from idp.crypto.x509_types import Algorithm, Certificate, Reason, Refused

Digest = Literal["sha256", "sha384", "sha512", "sm3"]
Padding = Literal["pkcs1v15", "pss"]

_RSA, _EC = "1.2.840.113549.1.1.1", "1.2.840.10045.2.1"
_PSS, _MGF1 = "1.2.840.113549.1.1.10", "1.2.840.113549.1.1.8"
_SM2_CURVE = "1.2.156.10197.1.301"
_CURVES: dict[str, tuple[Algorithm, ec.EllipticCurve]] = {
    "1.2.840.10045.3.1.7": (Algorithm.P256, ec.SECP256R1()),
    "1.3.132.0.34": (Algorithm.P384, ec.SECP384R1()),
    "1.3.132.0.35": (Algorithm.P521, ec.SECP521R1()),
}
_SM2_P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
_SM2_B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
_DIGESTS: dict[str, Digest] = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
_RSA_BITS = range(2048, 8192 + 1)
_RSA_EXPONENTS = range(65537, 1 << 64, 2)
"""FIPS 186-5 has none below 2**16; one beyond 64 bits serves nobody but who wants verification to be slow."""
_NULL = b"\x05\x00"


@dataclass(frozen=True, slots=True)
class Scheme:
    """How a signature was made. ``salt``: bytes, for PSS; None: as the signature has it."""

    keys: tuple[Algorithm, ...]
    digest: Digest
    padding: Padding = "pkcs1v15"
    salt: int | None = None


_NIST = (Algorithm.P256, Algorithm.P384, Algorithm.P521)
_SIGNATURES: dict[str, tuple[Scheme, tuple[bytes, ...]]] = {
    "1.2.840.113549.1.1.11": (Scheme((Algorithm.RSA,), "sha256"), (_NULL, b"")),
    "1.2.840.113549.1.1.12": (Scheme((Algorithm.RSA,), "sha384"), (_NULL, b"")),
    "1.2.840.113549.1.1.13": (Scheme((Algorithm.RSA,), "sha512"), (_NULL, b"")),
    "1.2.840.10045.4.3.2": (Scheme(_NIST, "sha256"), (b"",)),
    "1.2.840.10045.4.3.3": (Scheme(_NIST, "sha384"), (b"",)),
    "1.2.840.10045.4.3.4": (Scheme(_NIST, "sha512"), (b"",)),
    "1.2.156.10197.1.501": (Scheme((Algorithm.SM2,), "sm3"), (_NULL, b"")),
}
"""Signature algorithm of a certificate -> scheme, and the parameters it may have."""


def algorithm_of(key: bytes) -> Algorithm | Refused:
    """Of SubjectPublicKeyInfo (DER). Raises `idp.crypto.der.Malformed`."""
    parts = der.only(key, der.SEQUENCE).parts
    identifier = parts.take(der.SEQUENCE).parts
    bits = parts.take(der.BIT_STRING).value
    parts.end()
    if not bits or bits[0] != 0:
        raise der.Malformed("a key that ends within a byte")
    kind = der.oid(identifier.take(der.OID))
    if kind == _RSA:
        return _rsa(identifier, bits[1:])
    if kind == _EC and identifier.peek() == der.OID:
        curve = der.oid(identifier.take(der.OID))
        identifier.end()
        return _elliptic(curve, bits[1:])
    return Refused(Reason.ALGORITHM, f"key {kind}")


def scheme_of(identifier: bytes) -> Scheme | None:
    """Of a signature's AlgorithmIdentifier (DER); None: weak, or unknown here. Raises `idp.crypto.der.Malformed`."""
    parts = der.only(identifier, der.SEQUENCE).parts
    kind = der.oid(parts.take(der.OID))
    if kind == _PSS:
        return _pss(parts)
    scheme, parameters = _SIGNATURES.get(kind, (None, ()))
    return scheme if parts.data[parts.at :] in parameters else None


def made_by(key: bytes, scheme: Scheme, *, message: bytes, signature: bytes, sm2: Sm2Verifier) -> bool:
    """Whether ``key`` (SubjectPublicKeyInfo, DER) signed ``message``.

    May raise `idp.crypto.sm2.Sm2Unavailable`, and `idp.crypto.der.Malformed` for what is no key at all.
    """
    algorithm = algorithm_of(key)
    if isinstance(algorithm, Refused) or algorithm not in scheme.keys:
        return False
    if algorithm is Algorithm.SM2:
        return sm2.verify(point=key[-65:], message=message, signature=signature)
    public, digest = load_der_public_key(key), _HASHES[scheme.digest]()
    try:
        if isinstance(public, rsa.RSAPublicKey):
            public.verify(signature, message, _rsa_padding(scheme, digest), digest)
        elif isinstance(public, ec.EllipticCurvePublicKey):
            public.verify(signature, message, ec.ECDSA(digest))
        else:
            return False
    except InvalidSignature:
        return False
    return True


def verify_signature(
    key: Certificate | bytes,
    *,
    message: bytes,
    signature: bytes,
    digest: Digest,
    sm2: Sm2Verifier,
    padding: Padding = "pkcs1v15",
) -> bool:
    """Whether the key of a certificate, or a SubjectPublicKeyInfo (DER), signed ``message``.

    ``signature``: DER for ECDSA and SM2. ``padding``: for RSA. SM2 goes with SM3 only, and nothing else does. May
    raise what `made_by` may.
    """
    keys = (Algorithm.SM2,) if digest == "sm3" else (Algorithm.RSA, *_NIST)
    if digest != "sm3" and digest not in _HASHES:
        return False
    found = key.key if isinstance(key, Certificate) else key
    return made_by(found, Scheme(keys, digest, padding), message=message, signature=signature, sm2=sm2)


def _rsa(identifier: der.Reader, key: bytes) -> Algorithm | Refused:
    if identifier.data[identifier.at :] not in (_NULL, b""):
        raise der.Malformed("parameters of an RSA key")
    parts = der.only(key, der.SEQUENCE).parts
    modulus, exponent = (int.from_bytes(parts.take(der.INTEGER).value, signed=True) for _ in range(2))
    parts.end()
    if modulus <= 0 or modulus.bit_length() not in _RSA_BITS or modulus % 2 == 0:
        return Refused(Reason.WEAK_KEY, f"rsa {modulus.bit_length()}")
    if exponent not in _RSA_EXPONENTS:
        return Refused(Reason.WEAK_KEY, "rsa exponent")
    return Algorithm.RSA


def _elliptic(curve: str, point: bytes) -> Algorithm | Refused:
    if curve == _SM2_CURVE:
        return Algorithm.SM2 if _is_on_sm2(point) else Refused(Reason.WEAK_KEY, "point not on its curve")
    if curve not in _CURVES:
        return Refused(Reason.ALGORITHM, f"curve {curve}")
    algorithm, known = _CURVES[curve]
    try:
        # Compressed points are allowed by RFC 5480, and no issuer uses them: one encoding of a key is one key hash.
        if point[:1] != b"\x04":
            raise ValueError
        ec.EllipticCurvePublicKey.from_encoded_point(known, point)
    except ValueError:
        return Refused(Reason.WEAK_KEY, "point not on its curve")
    return algorithm


def _is_on_sm2(point: bytes) -> bool:
    if len(point) != 65 or point[0] != 4:
        return False
    x, y = int.from_bytes(point[1:33]), int.from_bytes(point[33:])
    return x < _SM2_P and y < _SM2_P and (y * y - (x * x - 3) * x - _SM2_B) % _SM2_P == 0


def _pss(parts: der.Reader) -> Scheme | None:
    """RFC 4055 3.1: one digest throughout, and none of the defaults, which are SHA-1."""
    parameters = parts.take(der.SEQUENCE).parts
    parts.end()
    digest = _digest(der.only(parameters.take(der.context(0)).value, der.SEQUENCE))
    masking = der.only(parameters.take(der.context(1)).value, der.SEQUENCE).parts
    generator = der.oid(masking.take(der.OID))
    masked = _digest(masking.take(der.SEQUENCE))
    masking.end()
    salt = der.small(der.only(parameters.take(der.context(2)).value, der.INTEGER))
    parameters.end()
    if digest is None or masked != digest or generator != _MGF1:
        return None
    return Scheme((Algorithm.RSA,), digest, "pss", salt)


def _digest(identifier: der.Element) -> Digest | None:
    parts = identifier.parts
    digest = _DIGESTS.get(der.oid(parts.take(der.OID)))
    return digest if parts.data[parts.at :] in (_NULL, b"") else None


def _rsa_padding(scheme: Scheme, digest: hashes.HashAlgorithm) -> paddings.AsymmetricPadding:
    if scheme.padding == "pkcs1v15":
        return paddings.PKCS1v15()
    salt = paddings.PSS.AUTO if scheme.salt is None else scheme.salt
    return paddings.PSS(paddings.MGF1(digest), salt)
