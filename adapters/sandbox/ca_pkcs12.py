"""Containers of a key with its certificates (`.p12`, RFC 7292): AES-256 by PBKDF2 with HMAC-SHA-256, MAC by SHA-256.

Always true: there is one password for all of them, and it stands in the documentation.
"""

import hashlib
import hmac
import secrets

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from adapters.sandbox import der
from adapters.sandbox.ca import Issued

PASSWORD = "tongban"  # noqa: S105 - known to everybody
_ITERATIONS = 2048
_DATA, _ENCRYPTED_DATA = "1.2.840.113549.1.7.1", "1.2.840.113549.1.7.6"
_BAG = "1.2.840.113549.1.12.10.1"
_SHA256 = der.sequence(der.oid("2.16.840.1.101.3.4.2.1"), der.null())
_MAC_KEY = 3


def container(issued: Issued, *, label: str, password: str = PASSWORD) -> bytes:
    """The key, its certificate and those above it, DER; ``label`` is what programs show."""
    held = issued.held
    local = hashlib.sha256(held.certificate).digest()[:20]
    marks = der.set_of(
        _mark("1.2.840.113549.1.9.20", der.bmp(label)), _mark("1.2.840.113549.1.9.21", der.octets(local))
    )
    scheme, sealed = _encrypt(held.key.pkcs8, password)
    key = _bag(2, der.sequence(scheme, der.octets(sealed)), marks)
    certificates = [_bag(3, _certificate(held.certificate), marks)]
    certificates += [_bag(3, _certificate(above)) for above in issued.chain]
    scheme, sealed = _encrypt(der.sequence(*certificates), password)
    encrypted = der.sequence(der.integer(0), der.sequence(der.oid(_DATA), scheme, der.implicit(0, sealed)))
    contents = der.sequence(
        der.sequence(der.oid(_ENCRYPTED_DATA), der.explicit(0, encrypted)), _data(der.sequence(key))
    )
    return der.sequence(der.integer(3), _data(contents), _mac(contents, password))


def _data(content: bytes) -> bytes:
    return der.sequence(der.oid(_DATA), der.explicit(0, der.octets(content)))


def _bag(kind: int, value: bytes, marks: bytes = b"") -> bytes:
    return der.sequence(der.oid(f"{_BAG}.{kind}"), der.explicit(0, value), marks)


def _certificate(certificate: bytes) -> bytes:
    return der.sequence(der.oid("1.2.840.113549.1.9.22.1"), der.explicit(0, der.octets(certificate)))


def _mark(dotted: str, value: bytes) -> bytes:
    return der.sequence(der.oid(dotted), der.set_of(value))


def _encrypt(plain: bytes, password: str) -> tuple[bytes, bytes]:
    """RFC 8018 6.2: the AlgorithmIdentifier, and what it seals."""
    salt, start = secrets.token_bytes(16), secrets.token_bytes(16)
    key = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ITERATIONS, 32)
    padder = padding.PKCS7(128).padder()
    cipher = Cipher(algorithms.AES256(key), modes.CBC(start)).encryptor()
    sealed = cipher.update(padder.update(plain) + padder.finalize()) + cipher.finalize()
    by_hmac = der.sequence(der.oid("1.2.840.113549.2.9"), der.null())
    parameters = der.sequence(der.octets(salt), der.integer(_ITERATIONS), by_hmac)
    derivation = der.sequence(der.oid("1.2.840.113549.1.5.12"), parameters)
    encryption = der.sequence(der.oid("2.16.840.1.101.3.4.1.42"), der.octets(start))
    return der.sequence(der.oid("1.2.840.113549.1.5.13"), der.sequence(derivation, encryption)), sealed


def _mac(contents: bytes, password: str) -> bytes:
    salt = secrets.token_bytes(16)
    digest = hmac.digest(_mac_key(password, salt), contents, "sha256")
    return der.sequence(der.sequence(_SHA256, der.octets(digest)), der.octets(salt), der.integer(_ITERATIONS))


def _mac_key(password: str, salt: bytes) -> bytes:
    """RFC 7292 B.2 with SHA-256, for as many octets as one round gives."""
    secret = password.encode("utf-16-be") + b"\0\0"
    block = bytes((_MAC_KEY,)) * 64 + _filled(salt) + _filled(secret)
    for _ in range(_ITERATIONS):
        block = hashlib.sha256(block).digest()
    return block


def _filled(value: bytes) -> bytes:
    """Repeated to whole blocks of 64 octets."""
    length = -(-len(value) // 64) * 64
    return (value * -(-length // len(value)))[:length]
