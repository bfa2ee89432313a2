"""The curve of SM2 (GB/T 32918.5, GM/T 0003.5): just enough arithmetic to verify a signature.

Always true: it serves public values alone. Its time depends on them, so no private key may ever come near it.
"""

from collections.abc import Mapping

P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = P - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
"""Order of the generator, and of every point but infinity: the cofactor is 1."""
G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
SIZE = 32
"""Bytes of a coordinate."""

Affine = tuple[int, int]
Jacobian = tuple[int, int, int]
"""(X, Y, Z) is the point (X / Z^2, Y / Z^3); Z = 0 is infinity."""
INFINITY: Jacobian = (1, 1, 0)
_POINT_WINDOW = 5
_G_WINDOW = 8
"""Bits of a digit: a wider one saves additions and needs a larger table, which for G is made once."""


def is_on_curve(x: int, y: int) -> bool:
    """Whether (x, y) is a point other than infinity, its coordinates reduced."""
    return 0 <= x < P and 0 <= y < P and (y * y - (x * x + A) * x - B) % P == 0


def has_x(point: Jacobian, x: int) -> bool:
    """Whether the affine x of ``point`` is ``x`` modulo N; spares the inversion that finding it out would take."""
    z = point[2] * point[2] % P
    return z != 0 and any((point[0] - candidate * z) % P == 0 for candidate in range(x % N, P, N))


def sum_of_multiples(s: int, t: int, point: Affine) -> Jacobian:
    """s G + t ``point``, doubling once per bit for both together (Straus, with width-w non-adjacent forms)."""
    table = _odd_multiples(point, _POINT_WINDOW)
    of_g, of_point = _digits(s, _G_WINDOW), _digits(t, _POINT_WINDOW)
    total = INFINITY
    for bit in range(max([*of_g, *of_point], default=-1), -1, -1):
        total = double(total)
        if bit in of_g:
            total = add(total, _multiple(_OF_G, of_g[bit]))
        if bit in of_point:
            total = add(total, _multiple(table, of_point[bit]))
    return total


def double(point: Jacobian) -> Jacobian:
    """For a = -3 (Bernstein and Lange, dbl-2001-b)."""
    x, y, z = point
    delta, gamma = z * z % P, y * y % P
    beta = x * gamma % P
    alpha = 3 * (x - delta) * (x + delta) % P
    doubled = (alpha * alpha - 8 * beta) % P
    return doubled, (alpha * (4 * beta - doubled) - 8 * gamma * gamma) % P, 2 * y * z % P


def add(one: Jacobian, other: Affine) -> Jacobian:
    """Their sum, whatever they are: signatures are made up so that the same point, or its opposite, meets itself."""
    x, y, z = one
    if z == 0:
        return other[0], other[1], 1
    square = z * z % P
    run, rise = (other[0] * square - x) % P, (other[1] * square * z - y) % P
    if run == 0:
        return double(one) if rise == 0 else INFINITY
    run2 = run * run % P
    run3, base = run * run2 % P, x * run2 % P
    x = (rise * rise - run3 - 2 * base) % P
    return x, (rise * (base - x) - y * run3) % P, z * run % P


def _digits(scalar: int, width: int) -> Mapping[int, int]:
    """Bit -> odd digit under 2^(width-1), of either sign: their sum, each times 2^bit, is ``scalar``."""
    digits: dict[int, int] = {}
    half, at = 1 << (width - 1), 0
    while scalar:
        zeros = (scalar & -scalar).bit_length() - 1
        scalar >>= zeros
        at += zeros
        digit = scalar & (2 * half - 1)
        digits[at] = digit = digit - 2 * half if digit > half else digit
        scalar -= digit
    return digits


def _multiple(table: list[Affine], digit: int) -> Affine:
    x, y = table[abs(digit) >> 1]
    return (x, y) if digit > 0 else (x, P - y)


def _odd_multiples(point: Affine, width: int) -> list[Affine]:
    """1, 3, 5 ... times ``point``. None is infinity: the order is a large prime."""
    [twice] = _affine([double((*point, 1))])
    multiples: list[Jacobian] = [(*point, 1)]
    while len(multiples) < 1 << (width - 2):
        multiples.append(add(multiples[-1], twice))
    return _affine(multiples)


def _affine(points: list[Jacobian]) -> list[Affine]:
    """One inversion for all of them (Montgomery's trick)."""
    before = [1]
    for _, _, z in points:
        before.append(before[-1] * z % P)
    inverse, found = pow(before.pop(), -1, P), []
    for (x, y, z), product in zip(reversed(points), reversed(before), strict=True):
        own, inverse = inverse * product % P, inverse * z % P
        square = own * own % P
        found.append((x * square % P, y * square * own % P))
    return found[::-1]


_OF_G = _odd_multiples(G, _G_WINDOW)
