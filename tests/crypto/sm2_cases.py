"""Signatures of SM2 for tests, and every way we know to spoil one.

Always true: nothing here comes from the code under test: curve, hash and encoding are done over, slowly and plainly.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import gmssl_pyx
from asn1crypto.core import Integer
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from idp.crypto.sm2 import USER_ID, Sm2Verifier

P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFC
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
Point = tuple[int, int] | None
"""None: infinity."""


@dataclass(frozen=True)
class Case:
    point: bytes
    message: bytes
    signature: bytes
    user_id: bytes = USER_ID

    def holds(self, verifier: Sm2Verifier) -> bool:
        return verifier.verify(point=self.point, message=self.message, signature=self.signature, user_id=self.user_id)


def add(one: Point, other: Point) -> Point:
    if one is None or other is None:
        return other if one is None else one
    (x, y), (u, v) = one, other
    if x == u and (y + v) % P == 0:
        return None
    slope = (3 * x * x + A) * pow(2 * y, -1, P) if one == other else (v - y) * pow(u - x, -1, P)
    w = (slope * slope - x - u) % P
    return w, (slope * (x - w) - y) % P


def times(scalar: int, point: Point) -> Point:
    total = None
    for bit in f"{scalar:b}":
        total = add(total, total)
        total = add(total, point) if bit == "1" else total
    return total


@cache
def _doublings() -> list[Point]:
    found: list[Point] = [G]
    while len(found) < 256:
        found.append(add(found[-1], found[-1]))
    return found


def of_generator(scalar: int) -> tuple[int, int]:
    total = None
    for bit, point in enumerate(_doublings()):
        total = add(total, point) if scalar >> bit & 1 else total
    assert total is not None
    return total


def encoded(point: tuple[int, int]) -> bytes:
    return b"\4" + point[0].to_bytes(32) + point[1].to_bytes(32)


@cache
def public(private: int) -> bytes:
    return encoded(of_generator(private))


def der(*parts: bytes, tag: int = 0x30) -> bytes:
    content = b"".join(parts)
    return bytes([tag, len(content)]) + content


def signature(r: int, s: int) -> bytes:
    return der(Integer(r).dump(), Integer(s).dump())


def numbers(case: Case) -> tuple[int, int]:
    length = case.signature[3]
    return int.from_bytes(case.signature[4 : 4 + length]), int.from_bytes(case.signature[6 + length :])


def z(point: bytes, user_id: bytes, sm3: Callable[[bytes], bytes] = gmssl_pyx.sm3_hash) -> bytes:
    """GB/T 32918.2 5.5."""
    curve = b"".join(number.to_bytes(32) for number in (A, B, *G))
    return sm3((len(user_id) * 8).to_bytes(2) + user_id + curve + point[1:])


def signed(private: int, message: bytes, user_id: bytes = USER_ID, *, digest: bytes | None = None) -> Case:
    """GB/T 32918.2 6.1, with a nonce that the message makes; ``digest`` stands in for the right one."""
    point = public(private)
    e = int.from_bytes(digest or gmssl_pyx.sm3_hash(z(point, user_id) + message))
    nonce = int.from_bytes(hashlib.sha512(b"%d %s %d" % (private, message, e)).digest()) % (N - 1) + 1
    r = (e + of_generator(nonce)[0]) % N
    s = pow(1 + private, -1, N) * (nonce - r * private) % N
    return Case(point, message, signature(r, s), user_id)


def scalar(seed: str) -> int:
    return int.from_bytes(hashlib.sha512(seed.encode()).digest()) % (N - 2) + 1


@cache
def good(number: int) -> Case:
    """A signature that holds; others by other numbers."""
    user_ids = (USER_ID, USER_ID, b"ALICE123@YAHOO.COM", b"", b"u" * 8191)
    return signed(scalar(f"key {number % 16}"), f"message {number}".encode() * (number % 7), user_ids[number % 5])


def openssl_vectors() -> list[tuple[str, Case, bool]]:
    """Name, case, whether it holds. Made by OpenSSL 3.0: ``genpkey -algorithm EC -pkeyopt ec_paramgen_curve:SM2``,
    ``pkeyutl -sign -rawin -digest sm3 -pkeyopt distid:...`` and ``req -x509 -sm3 -sigopt distid:...``.
    """
    found = json.loads(Path(__file__).with_name("sm2_openssl.json").read_text())
    names = ("point", "message", "signature", "user_id")
    return [(one["case"], Case(**{name: bytes.fromhex(one[name]) for name in names}), one["valid"]) for one in found]


def _numbers(change: Callable[[int, int], tuple[int, int]]) -> Callable[[Case], Case]:
    return lambda case: replace(case, signature=signature(*change(*numbers(case))))


def _parts(change: Callable[[bytes, bytes], bytes]) -> Callable[[Case], Case]:
    """``change`` is given the two INTEGERs, encoded."""

    def changed(case: Case) -> Case:
        middle = 4 + case.signature[3]
        return replace(case, signature=change(case.signature[2:middle], case.signature[middle:]))

    return changed


def _point(change: Callable[[bytes, bytes], bytes]) -> Callable[[Case], Case]:
    """``change`` is given the two coordinates."""
    return lambda case: replace(case, point=change(case.point[1:33], case.point[33:]))


def _signature(change: Callable[[bytes], bytes]) -> Callable[[Case], Case]:
    return lambda case: replace(case, signature=change(case.signature))


def _padded(integer: bytes) -> bytes:
    return bytes([2, integer[1] + 1, 0]) + integer[2:]


def _number(data: bytes) -> int:
    return int.from_bytes(data)


def _resigned(digest: Callable[[Case], bytes]) -> Callable[[Case], Case]:
    """The right key signs the wrong digest."""
    return lambda case: signed(scalar("another key"), case.message, case.user_id, digest=digest(_anew(case)))


def _anew(case: Case) -> Case:
    return replace(case, point=public(scalar("another key")))


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _p256() -> bytes:
    key = ec.derive_private_key(scalar("P-256") >> 8, ec.SECP256R1()).public_key()
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


WELL_FORMED = frozenset(
    {
        *("n - s", "r + 1", "swapped", "ones", "the opposite key", "the generator"),
        *("another message", "another identity"),
        *("SHA-256", "SHA-256 of the message alone", "SHA-256 behind Z by SM3", "SM3 without Z"),
    }
)
"""The spoilt ones that somebody has to compute about."""
SPOILT: dict[str, Callable[[Case], Case]] = {
    "r = 0": _numbers(lambda _r, s: (0, s)),
    "s = 0": _numbers(lambda r, _s: (r, 0)),
    "both 0": _numbers(lambda _r, _s: (0, 0)),
    "r = n": _numbers(lambda _r, s: (N, s)),
    "s = n": _numbers(lambda r, _s: (r, N)),
    "r = n + 1": _numbers(lambda _r, s: (N + 1, s)),
    "s = n + 1": _numbers(lambda r, _s: (r, N + 1)),
    "r + n": _numbers(lambda r, s: (r + N, s)),
    "s + n": _numbers(lambda r, s: (r, s + N)),
    "r - n": _numbers(lambda r, s: (r - N, s)),
    "s - n": _numbers(lambda r, s: (r, s - N)),
    "-r": _numbers(lambda r, s: (-r, s)),
    "-s": _numbers(lambda r, s: (r, -s)),
    "n - s": _numbers(lambda r, s: (r, N - s)),
    "r + s = n": _numbers(lambda r, _s: (r, N - r)),
    "r + 1": _numbers(lambda r, s: (r % (N - 1) + 1, s)),
    "swapped": _numbers(lambda r, s: (s, r)),
    "ones": _numbers(lambda _r, _s: (1, 1)),
    "longer than n": _numbers(lambda r, s: (r << 64, s)),
    "long form of the outer length": _parts(lambda r, s: bytes([0x30, 0x81, len(r + s)]) + r + s),
    "long form of an inner length": _parts(lambda r, s: der(bytes([2, 0x81]) + r[1:], s)),
    "indefinite length": _parts(lambda r, s: b"\x30\x80" + r + s + b"\0\0"),
    "a zero before r": _parts(lambda r, s: der(_padded(r), s)),
    "a zero before s": _parts(lambda r, s: der(r, _padded(s))),
    "a byte behind": _signature(lambda whole: whole + b"\0"),
    "a byte behind, inside": _parts(lambda r, s: der(r, s, b"\0")),
    "a third number": _parts(lambda r, s: der(r, s, s)),
    "one number": _parts(lambda r, _s: der(r)),
    "an empty number": _parts(lambda _r, s: der(b"\2\0", s)),
    "no numbers": _signature(lambda _whole: der()),
    "a SET": _parts(lambda r, s: der(r, s, tag=0x31)),
    "a primitive SEQUENCE": _parts(lambda r, s: der(r, s, tag=0x10)),
    "an OCTET STRING": _parts(lambda r, s: der(b"\4" + r[1:], s)),
    "an ENUMERATED": _parts(lambda r, s: der(r, b"\x0a" + s[1:])),
    "a context tag": _parts(lambda r, s: der(b"\x82" + r[1:], s)),
    "wrapped": _signature(lambda whole: der(whole, tag=4)),
    "r || s": lambda case: replace(case, signature=b"".join(one.to_bytes(32) for one in numbers(case))),
    "too short by one": _signature(lambda whole: whole[:-1]),
    "far too long": _signature(lambda whole: whole * 50),
    "empty": _signature(lambda _whole: b""),
    "compressed": _point(lambda x, y: bytes([2 + y[-1] % 2]) + x),
    "hybrid": _point(lambda x, y: bytes([6 + y[-1] % 2]) + x + y),
    "without its first byte": _point(lambda x, y: x + y),
    "infinity": _point(lambda _x, _y: b"\0"),
    "infinity, padded": _point(lambda _x, _y: bytes(65)),
    "the origin": _point(lambda _x, _y: b"\4" + bytes(64)),
    "the opposite key": _point(lambda x, y: b"\4" + x + (P - _number(y)).to_bytes(32)),
    "off the curve": _point(lambda x, y: b"\4" + x + ((_number(y) + 1) % P).to_bytes(32)),
    "coordinates swapped": _point(lambda x, y: b"\4" + y + x),
    "coordinates of ones": _point(lambda _x, _y: b"\4" + b"\xff" * 64),
    "a byte behind the key": _point(lambda x, y: b"\4" + x + y + b"\0"),
    "no key": _point(lambda _x, _y: b""),
    "the generator": _point(lambda _x, _y: encoded(G)),
    "a P-256 key": lambda case: replace(case, point=_p256()),
    "another message": lambda case: replace(case, message=case.message + b"."),
    "another identity": lambda case: replace(case, user_id=case.user_id[:-1] or b"1"),
    "an identity too long": lambda case: replace(case, user_id=b"u" * 8192),
    "an identity whose length wraps around": lambda case: replace(case, user_id=case.user_id + b"u" * 8192),
    "SHA-256": _resigned(lambda case: _sha256(z(case.point, case.user_id, _sha256) + case.message)),
    "SHA-256 of the message alone": _resigned(lambda case: _sha256(case.message)),
    "SHA-256 behind Z by SM3": _resigned(lambda case: _sha256(z(case.point, case.user_id) + case.message)),
    "SM3 without Z": _resigned(lambda case: gmssl_pyx.sm3_hash(case.message)),
}
