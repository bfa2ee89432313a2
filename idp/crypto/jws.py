"""Compact signed tokens (RFC 7515), made and checked with keys of our own only.

Always true: the algorithm is the key's and never the header's, and no text, however broken, makes `verify` raise.
"""

import base64
import binascii
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, cast

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

Algorithm = Literal["ES256", "RS256"]
ALGORITHMS: tuple[Algorithm, ...] = ("ES256", "RS256")
MAX_TOKEN = 8 * 1024
"""Characters of the longest token that is looked at."""
_RSA_BITS = 2048
_SHA256 = SHA256()
_ECDSA = ec.ECDSA(_SHA256)
_PKCS1 = padding.PKCS1v15()

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True, slots=True)
class Key:
    """A key pair ready for use."""

    kid: str
    alg: Algorithm
    private: PrivateKey = field(repr=False)
    public: ec.EllipticCurvePublicKey | rsa.RSAPublicKey = field(repr=False)

    def signature(self, data: bytes) -> bytes:
        """ES256: r and s of 32 bytes each (RFC 7518 3.4); RS256: PKCS #1 1.5 (3.3)."""
        if isinstance(self.private, ec.EllipticCurvePrivateKey):
            r, s = decode_dss_signature(self.private.sign(data, _ECDSA))
            return r.to_bytes(32) + s.to_bytes(32)
        return self.private.sign(data, _PKCS1, _SHA256)

    def accepts(self, signature: bytes, data: bytes) -> bool:
        try:
            if isinstance(self.public, ec.EllipticCurvePublicKey):
                if len(signature) != 64:
                    return False
                r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
                self.public.verify(encode_dss_signature(r, s), data, _ECDSA)
            else:
                self.public.verify(signature, data, _PKCS1, _SHA256)
        except InvalidSignature:
            return False
        return True


def generate(alg: Algorithm) -> PrivateKey:
    """A new private key: P-256 for ES256, RSA of 2048 bits for RS256 (which takes a noticeable part of a second)."""
    if alg == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS)


def export_pem(key: PrivateKey) -> str:
    """PKCS #8 PEM, not encrypted: the caller seals it."""
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def import_pem(kid: str, alg: Algorithm, pem: str) -> Key:
    """The key that `export_pem` wrote; its consistency is not checked again, as the seal around it was."""
    private = cast(
        PrivateKey,
        serialization.load_pem_private_key(pem.encode(), password=None, unsafe_skip_rsa_key_validation=True),
    )
    return Key(kid, alg, private, private.public_key())


def public_jwk(kid: str, alg: Algorithm, key: PrivateKey) -> dict[str, str]:
    """The public half for the JWKS (RFC 7517 4, RFC 7518 6)."""
    jwk = {"kid": kid, "use": "sig", "alg": alg}
    if isinstance(key, ec.EllipticCurvePrivateKey):
        point = key.public_key().public_numbers()
        return {**jwk, "kty": "EC", "crv": "P-256", "x": _number(point.x, 32), "y": _number(point.y, 32)}
    numbers = key.public_key().public_numbers()
    return {**jwk, "kty": "RSA", "n": _number(numbers.n, _RSA_BITS // 8), "e": _number(numbers.e, 3)}


def _number(value: int, length: int) -> str:
    return encode(value.to_bytes(length))


def encode(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@lru_cache(maxsize=64)
def _header(kid: str, alg: str, typ: str) -> bytes:
    header = json.dumps({"alg": alg, "kid": kid, "typ": typ}, separators=(",", ":"))
    return encode(header.encode()).encode() + b"."


def sign(key: Key, claims: dict[str, Any], *, typ: str) -> str:
    """The compact token over ``claims``; ``typ`` tells kinds of token apart (RFC 8725 3.11)."""
    payload = base64.urlsafe_b64encode(orjson.dumps(claims)).rstrip(b"=")
    data = _header(key.kid, key.alg, typ) + payload
    return (data + b"." + base64.urlsafe_b64encode(key.signature(data)).rstrip(b"=")).decode()


def verify(keys: Mapping[str, Key], token: str, *, typ: str, algs: Collection[str]) -> dict[str, Any] | None:
    """The claims of a token that one of ``keys`` signed as a ``typ``, else None.

    Nothing is said about their content: whether it has ended, and for whom it is, is for the caller to check.
    """
    if len(token) > MAX_TOKEN or not token.isascii():
        return None
    try:
        header, payload, signature = token.encode().split(b".")
        named = orjson.loads(_decode(header))
        key = keys.get(named["kid"])
        if key is None or key.alg not in algs or named["alg"] != key.alg or named["typ"] != typ or "crit" in named:
            return None
        if not key.accepts(_decode(signature), header + b"." + payload):
            return None
        claims = orjson.loads(_decode(payload))
    except (ValueError, TypeError, KeyError):  # binascii.Error and JSONDecodeError are ValueErrors
        return None
    return claims if isinstance(claims, dict) else None


def algorithm(token: str) -> str:
    """The ``alg`` in the header of a token that `verify` accepted."""
    name: str = orjson.loads(_decode(token.partition(".")[0].encode()))["alg"]
    return name


def _decode(segment: bytes) -> bytes:
    """Base64url of exactly one spelling: no padding, no foreign characters, no stray bits. Raises ``ValueError``."""
    data = base64.urlsafe_b64decode(segment + b"=" * (-len(segment) % 4))
    if base64.urlsafe_b64encode(data).rstrip(b"=") != segment:
        raise binascii.Error("not the canonical spelling")
    return data
