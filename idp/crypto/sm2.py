"""SM2 signatures (GB/T 32918.2, GM/T 0003.2) with SM3, verified; nothing here ever signs.

Always true: what is not a strictly encoded signature over the given bytes by the given key is False, never an error.
"""

from dataclasses import dataclass
from typing import Protocol

from cryptography.hazmat.primitives import hashes

from idp.crypto.sm2_curve import SIZE, A, B, G, N, has_x, is_on_curve, sum_of_multiples

USER_ID = b"1234567812345678"
"""GM/T 0009 7: the user identity where nothing else was agreed. The empty one is another identity, and refused."""
LONGEST_USER_ID = 0xFFFF // 8
"""Bytes: Z holds the length in bits, as two bytes."""
_UNCOMPRESSED = 4
_INTEGER, _SEQUENCE = 0x02, 0x30
_LONGEST_SIGNATURE = 2 + 2 * (2 + SIZE + 1)


class Sm2Verifier(Protocol):
    """Who verifies: our own arithmetic, a faster library, or a server elsewhere.

    Only a server may raise, `idp.crypto.sm2.Sm2Unavailable`; the callers refuse then.
    """

    def verify(self, *, point: bytes, message: bytes, signature: bytes, user_id: bytes = USER_ID) -> bool:
        """``point``: 65 bytes, uncompressed; ``message``: as it was signed, before Z is put in front of it;
        ``signature``: DER of SEQUENCE {r, s}.
        """
        ...


class Sm2Unavailable(Exception):
    """The server that verifies cannot be reached or makes no sense."""


@dataclass(frozen=True, slots=True)
class WellFormed:
    """A signature that may hold: the key is on the curve, r, s and r + s are what a signer can make."""

    point: tuple[int, int]
    r: int
    s: int


class PureSm2:
    """By arithmetic of our own: on every platform, and quick enough for a sign-in (docs/benchmarks.md)."""

    def verify(self, *, point: bytes, message: bytes, signature: bytes, user_id: bytes = USER_ID) -> bool:
        """GB/T 32918.2 7.1."""
        given = well_formed(point, signature, user_id)
        if given is None:
            return False
        e = int.from_bytes(digest(point, message, user_id))
        total = sum_of_multiples(given.s, (given.r + given.s) % N, given.point)
        return has_x(total, given.r - e)


class GmsslSm2:
    """By GmSSL, an optional package. Safe for several threads.

    The library writes lines of its own sources, and nothing else, to the standard error for a signature that is well
    formed and does not hold; it is not asked about any other that does not.
    """

    def __init__(self) -> None:
        """Raises ``ImportError`` where the package is not installed (the extra ``sm2``)."""
        import gmssl_pyx

        self._verify, self._error = gmssl_pyx.sm2_verify_sm3_digest, gmssl_pyx.GmsslInnerError

    def verify(self, *, point: bytes, message: bytes, signature: bytes, user_id: bytes = USER_ID) -> bool:
        if well_formed(point, signature, user_id) is None:
            return False
        try:
            return self._verify(point[1:], digest(point, message, user_id), signature) is True
        except self._error:
            return False


def well_formed(point: bytes, signature: bytes, user_id: bytes) -> WellFormed | None:
    """What every verifier insists on before anything is computed, so that all of them agree about the rest."""
    read = read_signature(signature)
    if read is None or len(point) != 1 + 2 * SIZE or point[0] != _UNCOMPRESSED or len(user_id) > LONGEST_USER_ID:
        return None
    x, y = int.from_bytes(point[1 : 1 + SIZE]), int.from_bytes(point[1 + SIZE :])
    r, s = read
    possible = 1 <= r < N and 1 <= s < N and r + s != N
    return WellFormed((x, y), r, s) if possible and is_on_curve(x, y) else None


def digest(point: bytes, message: bytes, user_id: bytes) -> bytes:
    """SM3 over Z and ``message``, 32 bytes (GB/T 32918.2 5.5, 7.1): Z names the signer, the curve and the key."""
    named = (A, B, *G)
    length = (8 * len(user_id)).to_bytes(2)
    z = _sm3(length, user_id, *(number.to_bytes(SIZE) for number in named), point[1:])
    return _sm3(z, message)


def read_signature(signature: bytes) -> tuple[int, int] | None:
    """r and s; None for anything but what `write_signature` makes of them."""
    if not 8 <= len(signature) <= _LONGEST_SIGNATURE:
        return None
    middle = 4 + signature[3]
    r, s = int.from_bytes(signature[4:middle]), int.from_bytes(signature[middle + 2 :])
    return (r, s) if write_signature(r, s) == signature else None


def write_signature(r: int, s: int) -> bytes:
    """DER (X.690 10.1, 8.3.2) of SEQUENCE {r, s}, neither negative nor over 64 bytes long."""
    content = _integer(r) + _integer(s)
    return bytes((_SEQUENCE, len(content))) + content


def _integer(number: int) -> bytes:
    content = number.to_bytes(number.bit_length() // 8 + 1)
    return bytes((_INTEGER, len(content))) + content


def _sm3(*parts: bytes) -> bytes:
    made = hashes.Hash(hashes.SM3())
    for part in parts:
        made.update(part)
    return made.finalize()
