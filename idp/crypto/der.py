"""A reader of DER (X.690 10) that takes one element after another and copies nothing it was not asked for.

Always true: what has an indefinite, padded or overlong length, or a byte behind its end, raises `Malformed`; work is
in proportion to the elements read, never to those that stand in the bytes.
"""

from dataclasses import dataclass
from typing import NamedTuple

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
SEQUENCE, SET = 0x30, 0x31


class Malformed(ValueError):
    """Not DER, or not of the shape that was asked for; the text says what, without any value."""


class Element(NamedTuple):
    """``whole``: with tag and length."""

    tag: int
    value: bytes
    whole: bytes

    @property
    def parts(self) -> "Reader":
        return Reader(self.value)


def context(number: int, *, constructed: bool = True) -> int:
    """The tag ``[number]``; numbers above 30 do not occur here."""
    return (0xA0 if constructed else 0x80) | number


@dataclass(slots=True)
class Reader:
    """The elements that stand in ``data`` one behind the other. Every method may raise `Malformed`."""

    data: bytes
    at: int = 0

    def peek(self) -> int | None:
        """The tag of the next element; None at the end."""
        return self.data[self.at] if self.at < len(self.data) else None

    def take(self, *tags: int) -> Element:
        """The next element, which has one of ``tags`` (any if none is named)."""
        start = self.at
        tag, head, end = _header(self.data, start)
        if tags and tag not in tags:
            raise Malformed(f"tag {tag:02x}")
        self.at = end
        return Element(tag, self.data[head:end], self.data[start:end])

    def maybe(self, *tags: int) -> Element | None:
        return self.take(*tags) if self.peek() in tags else None

    def all(self, *tags: int, most: int) -> list[Element]:
        """What is left, of no more than ``most`` elements."""
        found: list[Element] = []
        while self.peek() is not None:
            if len(found) == most:
                raise Malformed(f"more than {most} elements")
            found.append(self.take(*tags))
        return found

    def end(self) -> None:
        if self.at != len(self.data):
            raise Malformed("bytes behind the end")


def only(data: bytes, *tags: int) -> Element:
    """The one element that ``data`` is. Raises `Malformed`."""
    reader = Reader(data)
    found = reader.take(*tags)
    reader.end()
    return found


def small(element: Element) -> int:
    """An INTEGER from 0 to 127. Raises `Malformed`."""
    if element.tag != INTEGER or len(element.value) != 1 or element.value[0] > 127:
        raise Malformed("number")
    return element.value[0]


def oid(element: Element) -> str:
    """In dots. Raises `Malformed`."""
    if element.tag != OID or not 1 <= len(element.value) <= 40 or element.value[-1] & 0x80:
        raise Malformed("object identifier")
    arcs: list[int] = []
    arc = 0
    for byte in element.value:
        if arc == 0 and byte == 0x80:
            raise Malformed("object identifier")  # X.690 8.19.2
        arc = arc << 7 | byte & 0x7F
        if not byte & 0x80:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def encoded(tag: int, *values: bytes) -> bytes:
    """One element of ``values`` one behind the other."""
    value = b"".join(values)
    if len(value) < 0x80:
        return bytes((tag, len(value))) + value
    length = len(value).to_bytes((len(value).bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + value


def integer(number: int) -> bytes:
    """INTEGER of ``number``, which is not negative."""
    return encoded(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _header(data: bytes, start: int) -> tuple[int, int, int]:
    """(tag, where the value begins, where it ends)."""
    if start + 2 > len(data):
        raise Malformed("cut off")
    tag, length, head = data[start], data[start + 1], start + 2
    if tag & 0x1F == 0x1F:
        raise Malformed("a tag of several bytes")
    if length >= 0x80:
        count = length & 0x7F
        digits = data[head : head + count]
        if not 1 <= count <= 3 or len(digits) != count:
            raise Malformed("an indefinite or overlong length")
        length, head = int.from_bytes(digits, "big"), head + count
        if digits[0] == 0 or length < 0x80:
            raise Malformed("a padded length")
    if head + length > len(data):
        raise Malformed("cut off")
    return tag, head, head + length
