"""Signature schemes as answers name them, and whether a public key made a signature by one.

Always true: MD5, SHA-1 and whatever is not named here verify nothing, and a scheme is used with keys of its own kind
only.

Clauses: RFC 8017 (RSA), RFC 4055 and 4056 (PSS), RFC 5758 (ECDSA), GB/T 35275 and GM/T 0006 (SM2).
"""

from dataclasses import dataclass
from enum import StrEnum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from idp.crypto import der
from idp.crypto.certificates import Algorithm, Certificate
from idp.crypto.sm2 import Sm2Verifier

SM3 = "1.2.156.10197.1.401"
DIGESTS: dict[str, type[hashes.HashAlgorithm]] = {
    "2.16.840.1.101.3.4.2.1": hashes.SHA256,
    "2.16.840.1.101.3.4.2.2": hashes.SHA384,
    "2.16.840.1.101.3.4.2.3": hashes.SHA512,
    SM3: hashes.SM3,
    f"{SM3}.1": hashes.SM3,  # GM/T 0006: "without a key"
}
_MOST_RSA_BITS = 8192


class Padding(StrEnum):
    """What stands between a hash and a key's arithmetic."""

    PKCS1 = "pkcs1"
    PSS = "pss"
    ECDSA = "ecdsa"
    SM2 = "sm2"


_KEYS = {
    Algorithm.RSA: (Padding.PKCS1, Padding.PSS),
    Algorithm.P256: (Padding.ECDSA,),
    Algorithm.P384: (Padding.ECDSA,),
    Algorithm.P521: (Padding.ECDSA,),
    Algorithm.SM2: (Padding.SM2,),
}
_SHA2 = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
_COORDINATE = {Algorithm.P256: 32, Algorithm.P384: 48, Algorithm.P521: 66, Algorithm.SM2: 32}


@dataclass(frozen=True, slots=True)
class Scheme:
    """``salt``: bytes of it, for PSS; None: found out from the signature."""

    padding: Padding
    digest: type[hashes.HashAlgorithm]
    salt: int | None = None


def schemes_of(algorithm: Algorithm) -> tuple[Scheme, ...]:
    """Those a bare signature may have been made by, which does not name its own."""
    if algorithm is Algorithm.SM2:
        return (Scheme(Padding.SM2, hashes.SM3),)
    return tuple(Scheme(kind, digest) for kind in _KEYS[algorithm] for digest in _SHA2)


def made_by(certificate: Certificate, scheme: Scheme, *, message: bytes, signature: bytes, sm2: Sm2Verifier) -> bool:
    """Whether the certificate's key signed ``message``. ``signature``: DER for ECDSA and SM2.

    May raise what ``sm2`` may.
    """
    if scheme.padding not in _KEYS[certificate.algorithm]:
        return False
    if scheme.padding is Padding.SM2:
        return _is_pair(signature) and sm2.verify(point=_point(certificate), message=message, signature=signature)
    key = load_der_public_key(certificate.key)
    try:
        if isinstance(key, rsa.RSAPublicKey) and key.key_size <= _MOST_RSA_BITS:
            key.verify(signature, message, _rsa_padding(scheme), scheme.digest())
        elif isinstance(key, ec.EllipticCurvePublicKey) and _is_pair(signature):
            key.verify(signature, message, ec.ECDSA(scheme.digest()))
        else:
            return False
    except InvalidSignature:
        return False
    return True


def as_pair(algorithm: Algorithm, signature: bytes) -> bytes:
    """DER of a signature that may be IEEE P1363's r || s; of RSA the signature as it is."""
    size = _COORDINATE.get(algorithm)
    if size is None or len(signature) != 2 * size or _is_pair(signature):
        return signature
    numbers = (int.from_bytes(half, "big") for half in (signature[:size], signature[size:]))
    return der.encoded(der.SEQUENCE, *(der.integer(number) for number in numbers))


def _rsa_padding(scheme: Scheme) -> padding.AsymmetricPadding:
    if scheme.padding is Padding.PKCS1:
        return padding.PKCS1v15()
    salt = padding.PSS.AUTO if scheme.salt is None else scheme.salt
    return padding.PSS(padding.MGF1(scheme.digest()), salt)


def _is_pair(signature: bytes) -> bool:
    """SEQUENCE {r INTEGER, s INTEGER}, both positive, in the one encoding DER has for it."""
    try:
        pair = der.only(signature, der.SEQUENCE).parts
        numbers = [pair.take(der.INTEGER).value, pair.take(der.INTEGER).value]
        pair.end()
    except der.Malformed:
        return False
    return all(_is_positive(number) for number in numbers)


def _is_positive(number: bytes) -> bool:
    if not number or number[0] & 0x80 or not any(number):
        return False
    return len(number) == 1 or number[0] != 0 or bool(number[1] & 0x80)


def _point(certificate: Certificate) -> bytes:
    """Of an SM2 key, uncompressed: 65 bytes. Raises `idp.crypto.der.Malformed`."""
    key = der.only(certificate.key, der.SEQUENCE).parts
    key.take(der.SEQUENCE)
    bits = key.take(der.BIT_STRING).value
    if len(bits) != 66 or bits[0] != 0 or bits[1] != 4:
        raise der.Malformed("point")
    return bits[1:]
