"""Writes DER (X.690): the few types certificates, lists and containers are made of.

Always true: what is written is minimal and definite; nothing is read here.
"""

from datetime import UTC, datetime

_LONG = 0x80
_YEAR_OF_GENERALIZED_TIME = 2050  # RFC 5280 4.1.2.5


def tlv(tag: int, *parts: bytes) -> bytes:
    """``tag`` (its identifier octet) around ``parts``."""
    content = b"".join(parts)
    length = len(content)
    if length < _LONG:
        return bytes((tag, length)) + content
    size = (length.bit_length() + 7) // 8
    return bytes((tag, _LONG | size)) + length.to_bytes(size, "big") + content


def sequence(*parts: bytes) -> bytes:
    return tlv(0x30, *parts)


def set_of(*parts: bytes) -> bytes:
    return tlv(0x31, *sorted(parts))


def integer(value: int) -> bytes:
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def enumerated(value: int) -> bytes:
    return tlv(0x0A, bytes((value,)))


def boolean(value: bool) -> bytes:
    return tlv(0x01, b"\xff" if value else b"\x00")


def null() -> bytes:
    return tlv(0x05)


def octets(value: bytes) -> bytes:
    return tlv(0x04, value)


def bits(value: bytes) -> bytes:
    """Whole octets."""
    return tlv(0x03, b"\x00", value)


def flags(*positions: int) -> bytes:
    """A BIT STRING of named bits, without trailing zeros (X.690 11.2.2)."""
    last = max(positions)
    value = sum(1 << (last - position) for position in positions)
    unused = 7 - last % 8
    return tlv(0x03, bytes((unused,)), (value << unused).to_bytes(last // 8 + 1, "big"))


def oid(dotted: str) -> bytes:
    first, second, *others = (int(arc) for arc in dotted.split("."))
    return tlv(0x06, b"".join(_base128(arc) for arc in (first * 40 + second, *others)))


def _base128(arc: int) -> bytes:
    digits = [arc & 0x7F]
    while arc := arc >> 7:
        digits.append(arc & 0x7F | 0x80)
    return bytes(reversed(digits))


def utf8(text: str) -> bytes:
    return tlv(0x0C, text.encode())


def printable(text: str) -> bytes:
    return tlv(0x13, text.encode("ascii"))


def ia5(text: str) -> bytes:
    return tlv(0x16, text.encode("ascii"))


def bmp(text: str) -> bytes:
    return tlv(0x1E, text.encode("utf-16-be"))


def explicit(number: int, *parts: bytes) -> bytes:
    return tlv(0xA0 | number, *parts)


def implicit(number: int, content: bytes) -> bytes:
    """A primitive type under a tag of its own; ``content`` is bare."""
    return tlv(0x80 | number, content)


def time(seconds: int) -> bytes:
    """UTCTime, or GeneralizedTime from 2050 on."""
    if datetime.fromtimestamp(seconds, UTC).year < _YEAR_OF_GENERALIZED_TIME:
        return tlv(0x17, f"{datetime.fromtimestamp(seconds, UTC):%y%m%d%H%M%SZ}".encode())
    return generalized_time(seconds)


def generalized_time(seconds: int) -> bytes:
    return tlv(0x18, f"{datetime.fromtimestamp(seconds, UTC):%Y%m%d%H%M%SZ}".encode())
