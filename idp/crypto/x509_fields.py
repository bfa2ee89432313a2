"""The members of a certificate as they stand in its bytes, read strictly (RFC 5280 4.1; X.690 10 and 11).

Always true: what is not DER throughout, of version 3, and with every extension once raises
`idp.crypto.der.Malformed`; nothing is judged here.
"""

import base64
import binascii
import re
from calendar import timegm
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from idp.crypto import der
from idp.crypto.der import Malformed, Reader, context

BASIC_CONSTRAINTS, KEY_USAGE = "2.5.29.19", "2.5.29.15"
KEY_IDENTIFIER, AUTHORITY_KEY_IDENTIFIER = "2.5.29.14", "2.5.29.35"
UTC_TIME, GENERALIZED_TIME = 0x17, 0x18
_DEEPEST = 24
_MOST_EXTENSIONS = 64
_TIME = {UTC_TIME: re.compile(rb"\d{12}Z"), GENERALIZED_TIME: re.compile(rb"\d{14}Z")}
_PEM = re.compile(rb"\s*-----BEGIN ([A-Z0-9 ]{1,40})-----([A-Za-z0-9+/=\s]*)-----END \1-----\s*")
_VERSION_3 = b"\x02\x01\x02"


@dataclass(frozen=True, slots=True)
class Extension:
    """``value``: extnValue without its OCTET STRING."""

    critical: bool
    value: bytes


@dataclass(frozen=True, slots=True)
class Fields:
    """Names, keys and algorithms: DER; times: Unix seconds."""

    der: bytes = field(repr=False)
    tbs: bytes = field(repr=False)
    """What is signed."""
    serial: int
    algorithm: bytes
    """AlgorithmIdentifier of the signature, the same inside and outside."""
    issuer: bytes = field(repr=False)
    subject: bytes = field(repr=False)
    not_before: int
    not_after: int
    key: bytes = field(repr=False)
    extensions: Mapping[str, Extension] = field(repr=False)
    signature: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Constraints:
    """basicConstraints (RFC 5280 4.2.1.9)."""

    authority: bool = False
    longest_path: int | None = None


def fields_of(data: bytes) -> Fields:
    """``data``: DER. Raises `Malformed`."""
    check_strict(data)
    parts = der.only(data, der.SEQUENCE).parts
    tbs, algorithm = parts.take(der.SEQUENCE), parts.take(der.SEQUENCE)
    signature = whole_bytes(parts.take(der.BIT_STRING))
    parts.end()
    body = tbs.parts
    if body.take(context(0)).value != _VERSION_3:
        raise Malformed("version")
    serial = int.from_bytes(body.take(der.INTEGER).value, signed=True)
    if body.take(der.SEQUENCE) != algorithm:
        raise Malformed("signature algorithms differ")
    issuer, validity, subject, key = (body.take(der.SEQUENCE) for _ in range(4))
    for unique_id in (1, 2):
        body.maybe(context(unique_id, constructed=False))
    extensions = _extensions(body.maybe(context(3)))
    body.end()
    not_before, not_after = _validity(validity.parts)
    return Fields(
        data, tbs.whole, serial, algorithm.whole, issuer.whole, subject.whole, not_before, not_after, key.whole,
        extensions, signature,
    )  # fmt: skip


def constraints_of(fields: Fields) -> Constraints:
    """Raises `Malformed`."""
    if (extension := fields.extensions.get(BASIC_CONSTRAINTS)) is None:
        return Constraints()
    parts = der.only(extension.value, der.SEQUENCE).parts
    authority = parts.maybe(der.BOOLEAN)
    longest = parts.maybe(der.INTEGER)
    parts.end()
    return Constraints(
        authority is not None and authority.value == b"\xff", None if longest is None else der.small(longest)
    )


def usages_of(fields: Fields) -> frozenset[int] | None:
    """Numbers of the bits of keyUsage that are set (RFC 5280 4.2.1.3); None: not there. Raises `Malformed`."""
    if (extension := fields.extensions.get(KEY_USAGE)) is None:
        return None
    bits = der.only(extension.value, der.BIT_STRING).value
    if not 1 <= len(bits) <= 3 or bits[0] > 7:
        raise Malformed("keyUsage")
    octets = bits[1:]
    return frozenset(n for n in range(8 * len(octets)) if octets[n // 8] & 0x80 >> n % 8)


def key_identifiers_of(fields: Fields) -> tuple[bytes, bytes]:
    """(of its own key, of its issuer's); empty: not said. Raises `Malformed`."""
    own, issuers = fields.extensions.get(KEY_IDENTIFIER), fields.extensions.get(AUTHORITY_KEY_IDENTIFIER)
    found = der.only(own.value, der.OCTET_STRING).value if own else b""
    said = der.only(issuers.value, der.SEQUENCE).parts.maybe(context(0, constructed=False)) if issuers else None
    return found, said.value if said else b""


def unwrapped(data: bytes, *labels: bytes) -> bytes:
    """DER of what is DER, PEM under one of ``labels``, or base64. Raises `Malformed`."""
    if data[:1] == b"\x30":
        return data
    if data.lstrip()[:5] == b"-----":
        pem = _PEM.fullmatch(data)
        if pem is None or pem[1] not in labels:
            raise Malformed("PEM of something else, or of several")
        data = pem[2]
    try:
        return base64.b64decode(b"".join(data.split()), validate=True)
    except binascii.Error:
        raise Malformed("neither DER nor PEM nor base64") from None


def seconds_of(element: der.Element) -> int:
    """Of a Time (RFC 5280 4.1.2.5), Unix seconds. Raises `Malformed`."""
    if element.tag not in _TIME or not _TIME[element.tag].fullmatch(element.value):
        raise Malformed("time")
    text = element.value.decode("ascii")
    if element.tag == UTC_TIME:
        text = ("19" if text[:2] >= "50" else "20") + text
    try:
        return timegm(datetime.strptime(text, "%Y%m%d%H%M%SZ").timetuple())  # noqa: DTZ007 - Z, and read as such
    except ValueError:
        raise Malformed("time") from None


def whole_bytes(element: der.Element) -> bytes:
    """Of a BIT STRING. Raises `Malformed` when its bits end within a byte."""
    if not element.value or element.value[0] != 0:
        raise Malformed("bits")
    return element.value[1:]


def check_strict(data: bytes, deep: int = 0) -> None:
    """Raises `Malformed` unless ``data`` is elements of DER one behind the other, all the way down."""
    if deep > _DEEPEST:
        raise Malformed("too deep")
    reader = Reader(data)
    while (tag := reader.peek()) is not None:
        value = reader.take().value
        if tag & 0x20:
            check_strict(value, deep + 1)
        elif tag == der.BOOLEAN and value not in (b"\x00", b"\xff"):
            raise Malformed("boolean")
        elif tag == der.INTEGER and not _is_shortest(value):
            raise Malformed("integer")


def _is_shortest(number: bytes) -> bool:
    return len(number) == 1 or (len(number) > 1 and (number[0], number[1] >> 7) not in ((0, 0), (0xFF, 1)))


def _extensions(held: der.Element | None) -> Mapping[str, Extension]:
    found: dict[str, Extension] = {}
    listed = der.only(held.value, der.SEQUENCE).parts.all(der.SEQUENCE, most=_MOST_EXTENSIONS) if held else []
    for one in listed:
        parts = one.parts
        kind = der.oid(parts.take(der.OID))
        critical = parts.maybe(der.BOOLEAN)
        value = parts.take(der.OCTET_STRING).value
        parts.end()
        if kind in found:
            raise Malformed("an extension stands twice")
        found[kind] = Extension(critical is not None and critical.value == b"\xff", value)
    return found


def _validity(parts: Reader) -> tuple[int, int]:
    not_before, not_after = (seconds_of(parts.take(UTC_TIME, GENERALIZED_TIME)) for _ in range(2))
    parts.end()
    if not_before > not_after:
        raise Malformed("validity")
    return not_before, not_after
