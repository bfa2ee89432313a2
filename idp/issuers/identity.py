"""Whom a certificate names, by the profile of its issuer.

Always true: a number counts only when its checksum holds; what a profile does not look at names nobody.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from idp.accounts.credit_code import CreditCode, OrganisationCode
from idp.accounts.documents import IdNumber
from idp.crypto import der
from idp.crypto.certificates import Certificate
from idp.crypto.x509_fields import Fields, fields_of
from idp.issuers.profiles import SUBJECT, Encoding, Kind, Profile, Source

__all__ = ["Named", "Profile", "named_by"]

_LONGEST = 256
"""Characters of a value that is looked at."""
_MOST_NAMES = 64
_STRINGS = {0x0C: "utf-8", 0x13: "ascii", 0x16: "ascii", 0x1A: "ascii", 0x12: "ascii", 0x1E: "utf-16-be"}
"""UTF8String, PrintableString, IA5String, VisibleString, NumericString, BMPString."""


@dataclass(frozen=True, slots=True)
class Named:
    """``entity`` with ``person``: a certificate of the entity that names its holder."""

    person: IdNumber | None
    entity: CreditCode | None
    name: str = field(default="", repr=False)
    """Common name or organisation, to be shown to its own person."""


def named_by(certificate: Certificate, profile: Profile, *, today: date) -> Named | None:
    """None: nobody, also where two sources name different people."""
    try:
        seen = fields_of(certificate.der)
        found = [(one.kind, text) for one in profile.sources for text in _texts(seen, one)]
        names = dict(reversed([(kind, _text(value)) for kind, value in _attributes(seen.subject)]))
    except der.Malformed:
        return None
    persons = {number for kind, text in found if kind is Kind.PERSON and (number := _person(text, today))}
    codes = [text for kind, text in found if kind is Kind.ENTITY]
    entities = {code for text in codes if (code := CreditCode.parse(text))}
    organisations = {nine for text in codes if (nine := OrganisationCode.parse(text))}
    if max(len(persons), len(entities)) > 1 or not persons | entities:
        return None
    if entities and organisations - {one.organisation for one in entities}:
        return None
    return Named(next(iter(persons), None), next(iter(entities), None), _name(names, entity=bool(entities)))


def _person(text: str, today: date) -> IdNumber | None:
    """The 15 characters of old foreigners' documents have no check character, and do not count here."""
    number = IdNumber.parse(text, today=today)
    return number if number and len(number.value) == 18 else None


def _name(names: dict[str, str | None], *, entity: bool) -> str:
    common, organisation = names.get(SUBJECT["CN"]), names.get(SUBJECT["O"])
    return ((organisation or common) if entity else (common or organisation)) or ""


def _texts(seen: Fields, source: Source) -> Iterator[str]:
    """What is left of each value in this place when the source has taken it apart."""
    for text in _values(seen, source):
        if text is not None and (number := _number(text, source)):
            yield number


def _values(seen: Fields, source: Source) -> list[str | None]:
    if source.extension is not None:
        value = seen.extensions.get(source.extension)
        return [] if value is None else [_unwrapped(value.value, source.encodings)]
    kind = SUBJECT[source.subject or ""]
    return [_text(value) for attribute, value in _attributes(seen.subject) if attribute == kind]


def _attributes(name: bytes) -> list[tuple[str, der.Element]]:
    """(type, value) of every attribute of a Name (DER), in order. Raises `idp.crypto.der.Malformed`."""
    found: list[tuple[str, der.Element]] = []
    for relative in der.only(name, der.SEQUENCE).parts.all(der.SET, most=_MOST_NAMES):
        for one in relative.parts.all(der.SEQUENCE, most=_MOST_NAMES):
            parts = one.parts
            found.append((der.oid(parts.take(der.OID)), parts.take()))
            parts.end()
    return found


def _number(text: str, source: Source) -> str | None:
    if source.split:
        parts = text.split(source.split)
        if not -len(parts) <= source.part <= len(parts):
            return None
        text = parts[source.part - 1 if source.part > 0 else source.part]
    text = text[source.skip :]
    if not text.startswith(source.prefix) or not text.endswith(source.suffix):
        return None
    return text.removeprefix(source.prefix).removesuffix(source.suffix)


def _unwrapped(value: bytes, encodings: tuple[Encoding, ...]) -> str | None:
    """The text of an extension's value, wrapped in one of ``encodings``. Raises `idp.crypto.der.Malformed`."""
    element = der.only(value)
    if element.tag == der.context(0):
        return _text(der.only(element.value)) if Encoding.EXPLICIT in encodings else None
    if element.tag == der.context(0, constructed=False):
        return _decoded(element.value, "utf-8") if Encoding.IMPLICIT in encodings else None
    if element.tag != der.OCTET_STRING:
        return _text(element) if Encoding.STRING in encodings else None
    return _of_octets(element.value, encodings) if Encoding.OCTETS in encodings else None


def _of_octets(value: bytes, encodings: tuple[Encoding, ...]) -> str | None:
    """Another wrapping, or the text as it is."""
    try:
        text = _unwrapped(value, tuple(one for one in encodings if one is not Encoding.OCTETS))
    except der.Malformed:
        text = None
    return _decoded(value, "utf-8") if text is None else text


def _text(element: der.Element) -> str | None:
    encoding = _STRINGS.get(element.tag)
    return _decoded(element.value, encoding) if encoding else None


def _decoded(value: bytes, encoding: str) -> str | None:
    """None: not this encoding, too long, or with characters that nobody sees."""
    try:
        text = value.decode(encoding)
    except UnicodeDecodeError:
        return None
    return text if len(text) <= _LONGEST and text.isprintable() else None
