"""Certificate revocation lists, read once and asked about single serial numbers ever after.

Always true: a list is walked from end to end when it is read, and a question about a serial number costs a search in
its bytes, never an object for each entry: a list of 200,000 takes milliseconds and no more memory than its bytes.

What path validation is shown of a list is an extract with the entries that matter to one certificate. Its signature
cannot be that of the extract; `Crl.is_signed_by` says whether the list as a whole was signed.

Clauses: RFC 5280 (5, 6.3).
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import gmtime, strftime
from typing import NamedTuple

from idp.crypto import der
from idp.crypto.der import Malformed, Reader, context
from idp.crypto.public_keys import made_by, scheme_of
from idp.crypto.sm2 import Sm2Verifier
from idp.crypto.x509_fields import (
    GENERALIZED_TIME,
    UTC_TIME,
    check_strict,
    fields_of,
    seconds_of,
    unwrapped,
    usages_of,
    whole_bytes,
)
from idp.crypto.x509_names import comparable, readable
from idp.crypto.x509_types import Reason, Refused

MOST_CRL_BYTES = 64 * 1024 * 1024
_MOST_BESIDES = 64 * 1024
"""Bytes of what stands before the entries, and of what stands behind them."""
_SHORTEST_ENTRY = 18
"""A serial number of one byte, and a UTCTime."""
_CRL_SIGN = 6
_NUMBER, _BASE_NUMBER, _SCOPE, _FRESHEST = "2.5.29.20", "2.5.29.27", "2.5.29.28", "2.5.29.46"
_KEY = "2.5.29.35"
_MOST_EXTENSIONS = 32
_VERSION_2 = b"\x02\x01\x01"
_ENTRY_ISSUER = b"\x06\x03\x55\x1d\x1d"
_DIRECTORY_NAME = context(4)
_INDIRECT = context(4, constructed=False)
_SOME_FRESHEST = bytes.fromhex("300b0603551d2e040430023000")
"""The extension freshestCRL, with nothing in it but that there is a delta."""
_LATEST = 253402300799
_TIMES = (UTC_TIME, GENERALIZED_TIME)


@dataclass(frozen=True, slots=True, eq=False)
class Crl:
    """One list that is well formed; whether it is signed is another question. Times: Unix seconds.

    ``issuer``: RFC 4514; ``entries``: how many; ``number``: of the list, ``base``: of the list that a delta adds to.
    """

    der: bytes = field(repr=False)
    issuer: str
    this_update: int
    next_update: int
    entries: int
    number: int | None
    base: int | None
    is_indirect: bool
    """It speaks of certificates of other issuers as well."""
    issuer_name: str = field(repr=False)
    """Comparable by RFC 5280 7.1."""
    scope: tuple[bytes, bytes] = field(repr=False)
    """Values of issuingDistributionPoint and authorityKeyIdentifier: lists of one scope replace each other."""
    algorithm: bytes = field(repr=False)
    tbs: tuple[int, int] = field(repr=False)
    """Where what is signed begins and ends."""
    signature: bytes = field(repr=False)
    _head: bytes = field(repr=False)
    """Version, algorithm, issuer and thisUpdate."""
    _tail: bytes = field(repr=False)
    """Algorithm and signature."""
    _extensions: tuple[tuple[str, bytes], ...] = field(repr=False)
    _starts: "array[int]" = field(repr=False)
    """Where each entry begins, and the end of them all."""

    @property
    def has_freshest(self) -> bool:
        return any(kind == _FRESHEST for kind, _ in self._extensions)

    def is_signed_by(self, key: bytes, sm2: Sm2Verifier) -> bool:
        """``key``: SubjectPublicKeyInfo, DER. May raise `idp.crypto.sm2.Sm2Unavailable`."""
        scheme = scheme_of(self.algorithm)
        if scheme is None:
            return False
        signed = self.der[self.tbs[0] : self.tbs[1]]
        return made_by(key, scheme, message=signed, signature=self.signature, sm2=sm2)

    def serials(self) -> frozenset[bytes]:
        """Of all entries: INTEGER, DER; of which issuers' certificates, they do not say."""
        found = (_inside(self.der, start) for start in self._starts[:-1])
        return frozenset(self.der[at : _end(self.der, at)] for at in found)

    def extract(self, serial: bytes, *, until: int, freshest: bool) -> tuple[bytes, bytes]:
        """(what would be signed, all of it): this list as if it had entries of ``serial`` (INTEGER, DER) alone.

        ``until``: its nextUpdate; ``freshest``: whether it says that there is a delta.
        """
        entries = b"".join(self.der[start:end] for start, end in self._speaking_of(serial))
        extensions = [whole for kind, whole in self._extensions if kind != _FRESHEST]
        if freshest:
            extensions.append(_SOME_FRESHEST)
        tbs = der.encoded(
            der.SEQUENCE,
            self._head,
            _time(until),
            der.encoded(der.SEQUENCE, entries) if entries else b"",
            der.encoded(context(0), der.encoded(der.SEQUENCE, *extensions)) if extensions else b"",
        )
        return tbs, der.encoded(der.SEQUENCE, tbs, self._tail)

    def _speaking_of(self, serial: bytes) -> list[tuple[int, int]]:
        """Where the entries of ``serial`` stand, with those before that say whose certificates are spoken of."""
        found: set[int] = set()
        for index in self._entries_of(serial):
            found.add(index)
            found.update(self._issuers_before(index))
        return [(self._starts[index], self._starts[index + 1]) for index in sorted(found)]

    def _entries_of(self, serial: bytes) -> Iterator[int]:
        at, end = self._starts[0], self._starts[-1]
        while (at := self.der.find(serial, at, end)) >= 0:
            index = bisect_right(self._starts, at) - 1
            if _inside(self.der, self._starts[index]) == at:
                yield index
            at += 1

    def _issuers_before(self, index: int) -> Iterator[int]:
        """RFC 5280 5.3.3: the issuer of an entry that names none is that of the entry before."""
        end = self._starts[index + 1]
        while (at := self.der.rfind(_ENTRY_ISSUER, self._starts[0], end)) >= 0:
            index = bisect_right(self._starts, at) - 1
            yield index
            if _names_issuer(self.der[self._starts[index] : self._starts[index + 1]]):
                return
            end = self._starts[index]


def read_crl(data: bytes) -> Crl | Refused:
    """DER, PEM or base64 of one list."""
    if len(data) > MOST_CRL_BYTES:
        return Refused(Reason.TOO_LARGE, "crl")
    try:
        return _read(unwrapped(data, b"X509 CRL"))
    except (Malformed, ValueError, IndexError) as error:
        return Refused(Reason.MALFORMED, f"crl: {error}")


def verify_crl(crl: Crl, issuer_certificate: bytes, *, sm2: Sm2Verifier) -> bool:
    """Whether the certificate (DER) bears the name that issued ``crl``, may sign lists, and has signed this one.

    May raise `idp.crypto.sm2.Sm2Unavailable`.
    """
    try:
        fields = fields_of(issuer_certificate)
        usages = usages_of(fields)
        if comparable(fields.subject) != crl.issuer_name or (usages is not None and _CRL_SIGN not in usages):
            return False
        return crl.is_signed_by(fields.key, sm2)
    except Malformed:
        return False


class _Front(NamedTuple):
    """What stands before the entries. ``head``: without nextUpdate; ``end``: where nextUpdate ends."""

    head: bytes
    issuer: bytes
    this_update: int
    next_update: int
    end: int


def _read(data: bytes) -> Crl:
    outer = _inside(data, 0, len(data))
    tbs_end = _end(data, outer)
    tail = _short(data[tbs_end:])
    parts = Reader(tail)
    algorithm, signature = parts.take(der.SEQUENCE).whole, whole_bytes(parts.take(der.BIT_STRING))
    parts.end()
    front = _front(data, _inside(data, outer), algorithm)
    at, starts = front.end, array("I", [front.end])
    if at < tbs_end and data[at] == der.SEQUENCE:
        starts = _walked(data, _inside(data, at), at := _end(data, at))
    if at > tbs_end:
        raise Malformed("what is signed ends before its members")
    extensions = _extensions(_short(data[at:tbs_end]))
    values = {kind: _value(whole) for kind, whole in extensions}
    return Crl(
        der=data,
        issuer=readable(front.issuer),
        this_update=front.this_update,
        next_update=front.next_update,
        entries=len(starts) - 1,
        number=_integer(values.get(_NUMBER)),
        base=_integer(values.get(_BASE_NUMBER)),
        is_indirect=_is_indirect(values.get(_SCOPE)),
        issuer_name=comparable(front.issuer),
        scope=(values.get(_SCOPE, b""), values.get(_KEY, b"")),
        algorithm=algorithm,
        tbs=(outer, tbs_end),
        signature=signature,
        _head=front.head,
        _tail=tail,
        _extensions=extensions,
        _starts=starts,
    )


def _front(data: bytes, start: int, algorithm: bytes) -> _Front:
    at = start
    if data[at] == der.INTEGER and data[at : (at := _end(data, at))] != _VERSION_2:
        raise Malformed("version")
    if data[at : (at := _end(data, at))] != algorithm:
        raise Malformed("signature algorithms differ")
    issuer = data[at : (at := _end(data, at))]
    this_update = _take_time(data, at)
    head = _short(data[start : (at := _end(data, at))])
    check_strict(head)
    next_update = _take_time(data, at)
    if next_update < this_update:
        raise Malformed("nextUpdate before thisUpdate")
    return _Front(head, issuer, this_update, next_update, _end(data, at))


def _walked(data: bytes, at: int, end: int) -> "array[int]":
    """The beginnings of the SEQUENCEs that fill ``data`` from ``at`` to ``end``, and ``end``."""
    starts = array("I")
    append = starts.append
    while at < end:
        length = data[at + 1]
        if data[at] != der.SEQUENCE or length < _SHORTEST_ENTRY:
            raise Malformed("entry")
        append(at)
        at = at + 2 + length if length < 0x80 else _end(data, at)
    if at != end:
        raise Malformed("entries")
    append(end)
    return starts


def _inside(data: bytes, at: int, whole: int | None = None) -> int:
    """Where the value of the element at ``at`` begins; ``whole``: where the element must end."""
    inside, end = _bounds(data, at)
    if whole is not None and end != whole:
        raise Malformed("bytes behind the end")
    return inside


def _end(data: bytes, at: int) -> int:
    return _bounds(data, at)[1]


def _bounds(data: bytes, at: int) -> tuple[int, int]:
    """As `idp.crypto.der` has it, but nothing is copied and lengths may have four bytes."""
    length, inside = data[at + 1], at + 2
    if length >= 0x80:
        count = length & 0x7F
        length, inside = int.from_bytes(data[inside : inside + count]), inside + count
        if not 1 <= count <= 4 or length < max(0x80, 1 << 8 * (count - 1)):
            raise Malformed("length")
    if inside + length > len(data):
        raise Malformed("cut off")
    return inside, inside + length


def _short(data: bytes) -> bytes:
    """Entries may be many; a list that is long elsewhere is there to be slow."""
    if len(data) > _MOST_BESIDES:
        raise Malformed("too much besides the entries")
    return data


def _take_time(data: bytes, at: int) -> int:
    return seconds_of(Reader(data[at : _end(data, at)]).take(*_TIMES))


def _time(seconds: int) -> bytes:
    text = strftime("%Y%m%d%H%M%SZ", gmtime(min(seconds, _LATEST)))
    return der.encoded(GENERALIZED_TIME, text.encode())


def _extensions(data: bytes) -> tuple[tuple[str, bytes], ...]:
    if not data:
        return ()
    check_strict(data)
    listed = der.only(der.only(data, context(0)).value, der.SEQUENCE).parts.all(der.SEQUENCE, most=_MOST_EXTENSIONS)
    found = tuple((der.oid(one.parts.take(der.OID)), one.whole) for one in listed)
    if len({kind for kind, _ in found}) != len(found):
        raise Malformed("an extension stands twice")
    return found


def _value(extension: bytes) -> bytes:
    parts = der.only(extension, der.SEQUENCE).parts
    parts.take(der.OID)
    parts.maybe(der.BOOLEAN)
    return parts.take(der.OCTET_STRING).value


def _integer(value: bytes | None) -> int | None:
    return None if value is None else int.from_bytes(der.only(value, der.INTEGER).value, signed=True)


def _is_indirect(scope: bytes | None) -> bool:
    listed = der.only(scope, der.SEQUENCE).parts.all(most=8) if scope else []
    return any(one.tag == _INDIRECT and one.value != b"\x00" for one in listed)


def _names_issuer(entry: bytes) -> bool:
    parts = der.only(entry, der.SEQUENCE).parts
    parts.take(der.INTEGER)
    parts.take(*_TIMES)
    for extension in (parts.maybe(der.SEQUENCE) or der.Element(0, b"", b"")).parts.all(der.SEQUENCE, most=16):
        if extension.value.startswith(_ENTRY_ISSUER):
            names = der.only(_value(extension.whole), der.SEQUENCE).parts.all(most=64)
            return any(name.tag == _DIRECTORY_NAME for name in names)
    return False
