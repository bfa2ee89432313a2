"""Identifiers and bearer secrets, and the one way secrets are stored and compared.

Always true: an identifier may be shown and is never a secret; a secret is stored as its digest only.
"""

import hashlib
import hmac
import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = tuple(a + b for a in _ALPHABET for b in _ALPHABET)
_SHIFTS = tuple(range(120, -1, -10))


def new_id(prefix: str) -> str:
    """``prefix_`` and 26 characters (48 bits of Unix milliseconds, 80 random bits, Crockford base32 in lower case).

    Identifiers of one prefix sort by the millisecond they were made in.
    """
    number = (time.time_ns() // 1_000_000 << 80) | int.from_bytes(secrets.token_bytes(10))
    pairs = _PAIRS
    return f"{prefix}_" + "".join([pairs[number >> shift & 1023] for shift in _SHIFTS])


def random_token() -> str:
    """A secret of 256 random bits, 43 characters of base64url."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> bytes:
    """SHA-256 of a random secret, 32 bytes: what is stored and looked up. Any text is accepted, garbage included."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def same(a: str | bytes, b: str | bytes) -> bool:
    """Whether two values are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(_raw(a), _raw(b))


def _raw(value: str | bytes) -> bytes:
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
