"""SM2 signatures (GM/T 0003.2, GB/T 32918.2) with SM3 for the stand-in CA: keys are made, sign and verify.

Always true: it is for trying out and guards nothing: plain double-and-add, not in constant time.
"""

import secrets
from typing import TypeAlias

from cryptography.hazmat.primitives import hashes

from adapters.sandbox import der

USER_ID = b"1234567812345678"
"""GM/T 0009 7."""
LONGEST_USER_ID = 0xFFFF // 8
"""Bytes: its length in bits stands in two."""
P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = P - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
GX = 0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7
GY = 0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0

_Point: TypeAlias = tuple[int, int] | None
"""None is the point at infinity."""


def generate() -> int:
    """A private key, 1 to n - 2."""
    return secrets.randbelow(N - 2) + 1


def public_point(secret: int) -> bytes:
    """65 bytes, uncompressed."""
    found = _times(secret, (GX, GY))
    if found is None:
        raise ValueError("a private key is from 1 to n - 2")
    return b"\x04" + _bytes(found[0]) + _bytes(found[1])


def sign(*, secret: int, message: bytes, user_id: bytes = USER_ID) -> bytes:
    """DER of SEQUENCE {r, s}."""
    digest = _digest(public_point(secret), message, user_id)
    while True:
        nonce = generate()
        found = _times(nonce, (GX, GY))
        r = (digest + (found[0] if found else 0)) % N
        s = pow(1 + secret, -1, N) * (nonce - r * secret) % N
        if r and s and r + nonce != N:
            return der.sequence(der.integer(r), der.integer(s))


def verify(*, point: bytes, message: bytes, signature: bytes, user_id: bytes = USER_ID) -> bool:
    """``point``: 65 bytes, uncompressed; ``signature``: DER of SEQUENCE {r, s}, strictly."""
    public, numbers = _point(point), _numbers(signature)
    if public is None or numbers is None or len(user_id) > LONGEST_USER_ID:
        return False
    r, s = numbers
    t = (r + s) % N
    if not (0 < r < N and 0 < s < N and t):
        return False
    found = _plus(_times(s, (GX, GY)), _times(t, public))
    return found is not None and (_digest(point, message, user_id) + found[0]) % N == r


def _digest(point: bytes, message: bytes, user_id: bytes) -> int:
    length = (len(user_id) * 8).to_bytes(2, "big")
    z = sm3(length + user_id + b"".join(map(_bytes, (A, B, GX, GY))) + point[1:])
    return int.from_bytes(sm3(z + message), "big")


def sm3(data: bytes) -> bytes:
    made = hashes.Hash(hashes.SM3())
    made.update(data)
    return made.finalize()


def _point(encoded: bytes) -> _Point:
    if len(encoded) != 65 or encoded[0] != 4:
        return None
    x, y = int.from_bytes(encoded[1:33], "big"), int.from_bytes(encoded[33:], "big")
    on_curve = x < P and y < P and (y * y - (x * x * x + A * x + B)) % P == 0
    return (x, y) if on_curve else None


def _numbers(signature: bytes) -> tuple[int, int] | None:
    """r and s; only what writing them again gives byte for byte."""
    if len(signature) < 8 or len(signature) > 72:
        return None
    end = 4 + signature[3]
    r = int.from_bytes(signature[4:end], "big")
    s = int.from_bytes(signature[end + 2 :], "big")
    return (r, s) if der.sequence(der.integer(r), der.integer(s)) == signature else None


def _times(factor: int, point: _Point) -> _Point:
    """Double and add in Jacobian coordinates, (X / Z^2, Y / Z^3): one inversion in the end, not one at every step."""
    if point is None:
        return None
    x, y, z = 1, 1, 0
    for bit in range(factor.bit_length() - 1, -1, -1):
        x, y, z = _doubled(x, y, z)
        if factor >> bit & 1:
            x, y, z = _and_affine(x, y, z, point)
    if z == 0:
        return None
    inverse = pow(z, -1, P)
    return x * inverse**2 % P, y * inverse**3 % P


def _doubled(x: int, y: int, z: int) -> tuple[int, int, int]:
    square = y * y % P
    s, m = 4 * x * square, 3 * x * x + A * pow(z, 4, P)
    x3 = (m * m - 2 * s) % P
    return x3, (m * (s - x3) - 8 * square * square) % P, 2 * y * z % P


def _and_affine(x: int, y: int, z: int, point: tuple[int, int]) -> tuple[int, int, int]:
    if z == 0:
        return *point, 1
    square = z * z % P
    run, rise = (point[0] * square - x) % P, (point[1] * square * z - y) % P
    if run == 0:
        return _doubled(x, y, z) if rise == 0 else (1, 1, 0)
    run2 = run * run % P
    run3, base = run * run2 % P, x * run2 % P
    x3 = (rise * rise - run3 - 2 * base) % P
    return x3, (rise * (base - x3) - y * run3) % P, z * run % P


def _plus(one: _Point, other: _Point) -> _Point:
    if one is None or other is None:
        return one or other
    (x1, y1), (x2, y2) = one, other
    if x1 == x2 and (y1 + y2) % P == 0:
        return None
    rise, run = (3 * x1 * x1 + A, 2 * y1) if one == other else (y2 - y1, x2 - x1)
    slope = rise * pow(run, -1, P) % P
    x3 = (slope * slope - x1 - x2) % P
    return x3, (slope * (x1 - x3) - y1) % P


def _bytes(number: int) -> bytes:
    return number.to_bytes(32, "big")
