"""SM2 signatures with SM3 (GB/T 32918.2), made and verified for tests, by arithmetic that shares nothing with ours.

Always true: the keys are made up, and the random number of a signature follows from what is signed.
"""

import hashlib
from dataclasses import dataclass
from functools import cache, lru_cache

from asn1crypto import core
from cryptography.hazmat.primitives import hashes

P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = P - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
USER_ID = b"1234567812345678"
Point = tuple[int, int]


ALGORITHM = bytes.fromhex("300a06082a811ccf55018375")
"""AlgorithmIdentifier of SM2 with SM3."""
_SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")


class _Pair(core.Sequence):
    _fields = [("r", core.Integer), ("s", core.Integer)]  # noqa: RUF012 - asn1crypto's way


@dataclass(frozen=True)
class Sm2Key:
    secret: int

    @property
    def point(self) -> bytes:
        return b"\x04" + b"".join(part.to_bytes(32) for part in _public(self.secret))

    @property
    def spki(self) -> bytes:
        """SubjectPublicKeyInfo, DER."""
        return _SPKI + self.point

    def sign(self, message: bytes, user_id: bytes = USER_ID) -> bytes:
        e = _digest(self.point, message, user_id)
        k = int.from_bytes(hashlib.sha512(b"%x %x" % (self.secret, e)).digest()) % (N - 1) + 1
        r = (e + _times((k, G))[0]) % N
        s = pow(1 + self.secret, -1, N) * (k - r * self.secret) % N
        return _Pair({"r": r, "s": s}).dump()


class SlowSm2:
    """`idp.crypto.sm2.Sm2Verifier`; what it was asked before it remembers."""

    def __init__(self) -> None:
        self.asked = 0

    def verify(self, *, point: bytes, message: bytes, signature: bytes, user_id: bytes = USER_ID) -> bool:
        self.asked += 1
        return _verify(point, message, signature, user_id)


@lru_cache(4096)
def _verify(point: bytes, message: bytes, signature: bytes, user_id: bytes) -> bool:
    try:
        pair = _Pair.load(signature, strict=True)
        r, s = pair["r"].native, pair["s"].native
    except ValueError:
        return False
    if not (0 < r < N and 0 < s < N and (r + s) % N) or _Pair({"r": r, "s": s}).dump() != signature:
        return False
    key = (int.from_bytes(point[1:33]), int.from_bytes(point[33:]))
    return (_digest(point, message, user_id) + _times((s, G), ((r + s) % N, key))[0]) % N == r


def _digest(point: bytes, message: bytes, user_id: bytes) -> int:
    curve = b"".join(number.to_bytes(32) for number in (A, B, *G))
    z = _sm3((8 * len(user_id)).to_bytes(2) + user_id + curve + point[1:])
    return int.from_bytes(_sm3(z + message))


def _sm3(data: bytes) -> bytes:
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


@lru_cache(512)
def _doubles(point: Point) -> list[Point]:
    found = [point]
    while len(found) < 256:
        x, y = found[-1]
        slope = (3 * x * x + A) * pow(2 * y, -1, P)
        u = (slope * slope - 2 * x) % P
        found.append((u, (slope * (x - u) - y) % P))
    return found


def _times(*terms: tuple[int, Point]) -> Point:
    """The sum of scalar times point. It never meets the same point twice, or its opposite, by chance."""
    x = y = z = 0
    for scalar, point in terms:
        for bit, (u, v) in enumerate(_doubles(point)):
            if not scalar >> bit & 1:
                continue
            if z == 0:
                x, y, z = u, v, 1
                continue
            run, rise = (u * z * z - x) % P, (v * z * z * z - y) % P
            base, cube = x * run * run % P, run * run * run % P
            x = (rise * rise - cube - 2 * base) % P
            y, z = (rise * (base - x) - y * cube) % P, z * run % P
    inverse = pow(z, -1, P)
    return x * inverse * inverse % P, y * inverse * inverse * inverse % P


@cache
def _public(secret: int) -> Point:
    return _times((secret, G))
