"""Encryption of single database fields, and the keyed index that finds a row by a value nobody can read.

Always true: a sealed field opens only in the row and column it was sealed for, and an index value can be made only
with the key of its kind.
"""

import hashlib
import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from idp.crypto.rings import Ring, derive_key

_FORMAT = 1  # AES-256-GCM; another cipher (SM4-GCM) takes another number
_NONCE_BYTES = 12
_TAG_BYTES = 16
_BLOCK_BYTES = 64  # of SHA-256
_INNER, _OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))


class FieldUnreadable(Exception):
    """A sealed field was altered, moved to another row, or sealed with a key that is no longer in the ring."""


class FieldCipher:
    """AES-256-GCM with a random nonce; a blob is format, length of the key id, key id, nonce, ciphertext and tag."""

    __slots__ = ("_ciphers", "_prefix")

    def __init__(self, ring: Ring) -> None:
        derived = ring.derive("field")
        self._ciphers = {_prefix(key.id): AESGCM(key.secret) for key in derived.keys}
        self._prefix = _prefix(ring.current.id)

    def seal(self, text: str, *, context: str) -> bytes:
        """Encrypt ``text`` for ``context``, which is written ``table.column:row id``."""
        return self.seal_bytes(text.encode(), context=context)

    def open(self, blob: bytes, *, context: str) -> str:
        """The text sealed for this very ``context``. Raises `FieldUnreadable`."""
        return self.open_bytes(blob, context=context).decode()

    def seal_bytes(self, data: bytes, *, context: str) -> bytes:
        """The same for what is no text (a photo)."""
        nonce = os.urandom(_NONCE_BYTES)
        return self._prefix + nonce + self._ciphers[self._prefix].encrypt(nonce, data, _bound(self._prefix, context))

    def open_bytes(self, blob: bytes, *, context: str) -> bytes:
        """What `seal_bytes` sealed for this very ``context``. Raises `FieldUnreadable`."""
        prefix, body = _split(blob)
        cipher = self._ciphers.get(prefix)
        if cipher is None or len(body) < _NONCE_BYTES + _TAG_BYTES:
            raise FieldUnreadable("no key of the ring made this field")
        try:
            return cipher.decrypt(body[:_NONCE_BYTES], body[_NONCE_BYTES:], _bound(prefix, context))
        except InvalidTag:
            raise FieldUnreadable("the field was altered or belongs to another row") from None

    def needs_rotation(self, blob: bytes) -> bool:
        """Whether the field was sealed with another key than the first of the ring."""
        return _split(blob)[0] != self._prefix


def _prefix(key_id: str) -> bytes:
    return bytes((_FORMAT, len(key_id))) + key_id.encode()


def _split(blob: bytes) -> tuple[bytes, bytes]:
    blob = bytes(blob)
    end = 2 + (blob[1] if len(blob) > 1 else 0)
    return blob[:end], blob[end:]


def _bound(prefix: bytes, context: str) -> bytes:
    return prefix + context.encode()


class BlindIndex:
    """HMAC-SHA-256 of canonical values under one key per kind of value, for equality lookups."""

    __slots__ = ("_begun", "_ring")

    def __init__(self, ring: Ring) -> None:
        self._ring = ring.derive("index")
        self._begun = lru_cache(maxsize=256)(_begun)

    def current(self, kind: str, canonical: str) -> bytes:
        """The value to store for ``canonical`` (already normalised), 32 bytes."""
        return self._make(self._ring.current.secret, kind, canonical)

    def candidates(self, kind: str, canonical: str) -> tuple[bytes, ...]:
        """The values to look for: one for each key of the ring, the current first."""
        return tuple(self._make(key.secret, kind, canonical) for key in self._ring.keys)

    def _make(self, secret: bytes, kind: str, canonical: str) -> bytes:
        begun = self._begun(secret, kind)
        inner, outer = begun[0].copy(), begun[1].copy()
        inner.update(canonical.encode("utf-8", "surrogatepass"))
        outer.update(inner.digest())
        return outer.digest()


def _begun(secret: bytes, kind: str) -> "tuple[hashlib._Hash, hashlib._Hash]":
    """The two hashes of HMAC with the key's blocks in them (RFC 2104 4): more than half of the cost of a value."""
    key = derive_key(secret, kind).ljust(_BLOCK_BYTES, b"\0")
    return hashlib.sha256(key.translate(_INNER)), hashlib.sha256(key.translate(_OUTER))
