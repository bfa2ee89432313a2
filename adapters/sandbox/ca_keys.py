"""The three kinds of keys of the demo CAs - RSA, ECDSA on P-256, SM2 - behind one face.

Always true: keys are made for trying out, and leave here as unencrypted PKCS #8 only to the shelf and containers.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from asn1crypto import keys
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from adapters.sandbox import der, sm2

SM2_CURVE = "1.2.156.10197.1.301"
SM2_SM3 = "1.2.156.10197.1.501"
_EC = "1.2.840.10045.2.1"


class Kind(StrEnum):
    """Which arithmetic; as it stands in addresses and file names."""

    SM2 = "sm2"
    RSA = "rsa"
    P256 = "p256"


class Key(Protocol):
    """A private key and what goes with it, all DER."""

    @property
    def kind(self) -> Kind: ...

    @property
    def pkcs8(self) -> bytes:
        """PrivateKeyInfo."""
        ...

    @property
    def public_info(self) -> bytes:
        """SubjectPublicKeyInfo."""
        ...

    @property
    def public_bits(self) -> bytes:
        """What its BIT STRING holds: key identifiers are made of it."""
        ...

    @property
    def algorithm(self) -> bytes:
        """AlgorithmIdentifier of its signatures."""
        ...

    def sign(self, data: bytes, *, user_id: bytes = sm2.USER_ID) -> bytes:
        """PKCS #1 v1.5 with SHA-256, or DER of {r, s}; ``user_id`` is for SM2 alone."""
        ...


@dataclass(frozen=True, slots=True)
class _PycaKey:
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey = field(repr=False)

    @property
    def kind(self) -> Kind:
        return Kind.RSA if isinstance(self.key, rsa.RSAPrivateKey) else Kind.P256

    @property
    def pkcs8(self) -> bytes:
        form = serialization.PrivateFormat.PKCS8
        return self.key.private_bytes(serialization.Encoding.DER, form, serialization.NoEncryption())

    @property
    def public_info(self) -> bytes:
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self.key.public_key().public_bytes(serialization.Encoding.DER, form)

    @property
    def public_bits(self) -> bytes:
        is_rsa = isinstance(self.key, rsa.RSAPrivateKey)
        form = serialization.PublicFormat.PKCS1 if is_rsa else serialization.PublicFormat.UncompressedPoint
        encoding = serialization.Encoding.DER if is_rsa else serialization.Encoding.X962
        return self.key.public_key().public_bytes(encoding, form)

    @property
    def algorithm(self) -> bytes:
        if isinstance(self.key, rsa.RSAPrivateKey):
            return der.sequence(der.oid("1.2.840.113549.1.1.11"), der.null())
        return der.sequence(der.oid("1.2.840.10045.4.3.2"))

    def sign(self, data: bytes, *, user_id: bytes = sm2.USER_ID) -> bytes:
        del user_id
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        return self.key.sign(data, ec.ECDSA(hashes.SHA256()))


@dataclass(frozen=True, slots=True)
class _Sm2Key:
    secret: int = field(repr=False)

    @property
    def kind(self) -> Kind:
        return Kind.SM2

    @property
    def pkcs8(self) -> bytes:
        secret = der.octets(self.secret.to_bytes(32, "big"))
        inner = der.sequence(der.integer(1), secret, der.explicit(1, der.bits(self.public_bits)))
        return der.sequence(der.integer(0), _SM2_KEY, der.octets(inner))

    @property
    def public_info(self) -> bytes:
        return der.sequence(_SM2_KEY, der.bits(self.public_bits))

    @property
    def public_bits(self) -> bytes:
        return sm2.public_point(self.secret)

    @property
    def algorithm(self) -> bytes:
        return der.sequence(der.oid(SM2_SM3))

    def sign(self, data: bytes, *, user_id: bytes = sm2.USER_ID) -> bytes:
        return sm2.sign(secret=self.secret, message=data, user_id=user_id)


_SM2_KEY = der.sequence(der.oid(_EC), der.oid(SM2_CURVE))


def make_key(kind: Kind) -> Key:
    """A fresh one; RSA takes a tenth of a second or more."""
    match kind:
        case Kind.SM2:
            return _Sm2Key(sm2.generate())
        case Kind.RSA:
            return _PycaKey(rsa.generate_private_key(public_exponent=65537, key_size=2048))
        case Kind.P256:
            return _PycaKey(ec.generate_private_key(ec.SECP256R1()))


def load_key(kind: Kind, pkcs8: bytes) -> Key:
    """The key that ``pkcs8`` was of. Raises ``ValueError`` for one of another kind."""
    if kind is Kind.SM2:
        return _Sm2Key(keys.PrivateKeyInfo.load(pkcs8)["private_key"].parsed["private_key"].native)
    found = serialization.load_der_private_key(pkcs8, None)
    if not isinstance(found, rsa.RSAPrivateKey if kind is Kind.RSA else ec.EllipticCurvePrivateKey):
        raise ValueError(f"no {kind} key")
    return _PycaKey(found)
