"""Rings of symmetric keys as they stand in the settings, and the sub-keys derived from them.

Always true: a ring has at least one key, its identifiers are unique, and a root key itself never encrypts anything.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
_ID = re.compile(r"[A-Za-z0-9._-]{1,32}\Z")


class BadRing(ValueError):
    """A ring in the settings is unusable; the text names the ring and the entry, never the key."""


@dataclass(frozen=True, slots=True)
class RingKey:
    id: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ring:
    """Keys in the order of the settings: the first is used for what is new, all for what exists."""

    keys: tuple[RingKey, ...]

    @property
    def current(self) -> RingKey:
        return self.keys[0]

    def derive(self, purpose: str) -> "Ring":
        """The ring of the sub-keys for one purpose, under the same identifiers (HKDF-SHA-256, RFC 5869)."""
        return Ring(tuple(RingKey(key.id, derive_key(key.secret, purpose)) for key in self.keys))


def derive_key(secret: bytes, purpose: str) -> bytes:
    """A sub-key of 32 bytes; different purposes give independent keys."""
    info = b"tongban/1/" + purpose.encode()
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(secret)


def parse_ring(entries: Sequence[str], *, name: str) -> Ring:
    """The ring written as ``("id:base64 of 32 bytes", ...)``. ``name`` is what errors call it.

    Raises `BadRing`.
    """
    keys = tuple(_parse_entry(entry, f"{name}[{number}]") for number, entry in enumerate(entries))
    if not keys:
        raise BadRing(f"{name} is empty: at least one key is needed")
    if len({key.id for key in keys}) != len(keys):
        raise BadRing(f"{name} uses a key id twice")
    if len({key.secret for key in keys}) != len(keys):
        raise BadRing(f"{name} holds the same key under two ids")
    return Ring(keys)


def _parse_entry(entry: str, where: str) -> RingKey:
    key_id, colon, encoded = entry.partition(":")
    if not colon or not _ID.match(key_id):
        raise BadRing(f"{where} is not 'id:base64' with an id of 1 to 32 letters, digits, '.', '_' or '-'")
    return RingKey(key_id, parse_key(encoded, name=where))


def parse_key(encoded: str, *, name: str) -> bytes:
    """One key of 32 bytes from standard or URL-safe base64. Raises `BadRing`."""
    text = encoded.strip().replace("-", "+").replace("_", "/").rstrip("=")
    try:
        secret = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise BadRing(f"{name} is not valid base64") from None
    if len(secret) != KEY_BYTES:
        raise BadRing(f"{name} has {len(secret)} bytes, {KEY_BYTES} are needed")
    return secret
