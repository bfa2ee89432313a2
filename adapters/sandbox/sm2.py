"""SM2 signatures (GB/T 32918.2) as the stand-in of a signature-verification server verifies them.

Always true: it shares no arithmetic with the provider, and is slow and plain: for made-up keys alone.
"""

from cryptography.hazmat.primitives import hashes

P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = P - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
Point = tuple[int, int] | None
"""None: infinity."""


def verify(*, point: bytes, message: bytes, signature: bytes, user_id: bytes) -> bool:
    """Whether ``signature`` (DER) over ``message`` is that of the key ``point`` (65 bytes, uncompressed)."""
    key, numbers = _point(point), _numbers(signature)
    if key is None or numbers is None or len(user_id) > 0xFFFF // 8:
        return False
    r, s = numbers
    if not (0 < r < N and 0 < s < N and r + s != N):
        return False
    curve = b"".join(number.to_bytes(32) for number in (A, B, *G))
    z = _sm3((8 * len(user_id)).to_bytes(2) + user_id + curve + point[1:])
    found = _add(_times(s, G), _times((r + s) % N, key))
    return found is not None and (int.from_bytes(_sm3(z + message)) + found[0]) % N == r


def _point(data: bytes) -> Point:
    if len(data) != 65 or data[0] != 4:
        return None
    x, y = int.from_bytes(data[1:33]), int.from_bytes(data[33:])
    return (x, y) if max(x, y) < P and (y * y - x * x * x - A * x - B) % P == 0 else None


def _numbers(signature: bytes) -> tuple[int, int] | None:
    if len(signature) < 8 or signature[0] != 0x30 or signature[1] != len(signature) - 2 or signature[1] > 127:
        return None
    first, rest = _number(signature[2:])
    second, rest = _number(rest)
    return None if first is None or second is None or rest else (first, second)


def _number(data: bytes) -> tuple[int | None, bytes]:
    """The positive INTEGER at the head of ``data``, as short as it can be, and what follows it."""
    if len(data) < 3 or data[0] != 2 or not 1 <= data[1] <= min(33, len(data) - 2):
        return None, b""
    content, rest = data[2 : 2 + data[1]], data[2 + data[1] :]
    padded = content[0] == 0 and len(content) > 1 and content[1] < 0x80
    return (None if padded or content[0] >= 0x80 else int.from_bytes(content)), rest


def _times(scalar: int, point: Point) -> Point:
    total: Point = None
    for bit in format(scalar, "b"):
        total = _add(total, total)
        total = _add(total, point) if bit == "1" else total
    return total


def _add(one: Point, other: Point) -> Point:
    if one is None or other is None:
        return other if one is None else one
    if one[0] == other[0]:
        if (one[1] + other[1]) % P == 0:
            return None
        slope = (3 * one[0] * one[0] + A) * pow(2 * one[1], -1, P) % P
    else:
        slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, P) % P
    x = (slope * slope - one[0] - other[0]) % P
    return x, (slope * (one[0] - x) - one[1]) % P


def _sm3(data: bytes) -> bytes:
    made = hashes.Hash(hashes.SM3())
    made.update(data)
    return made.finalize()
