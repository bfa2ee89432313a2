"""Numbers of identity documents as value types, and what they say of their holder.

Always true: a value has one canonical form; ``repr`` and ``str`` show no more than its first and last character.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from operator import mul

from idp.accounts.rules import Kind

_IGNORED = re.compile(r"[\s()\-\u2010-\u2015\u2212]+")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_EIGHTEEN = re.compile(r"[1-9][0-9]{16}[0-9X]")
_FIFTEEN = re.compile(r"[1-8][0-9]{14}")
_LETTERED = re.compile(r"[A-Z]{3}[0-9]{12}")
_PASSPORT = re.compile(r"(?=.*[0-9])[A-Z0-9]{5,9}")
_HK_MACAO = re.compile(r"([HM][0-9]{8})(?:[0-9]{2})?")
_TAIWAN = re.compile(r"([0-9]{8})(?:[0-9]{2}[A-Z]?)?")
_EARLIEST = 1900


class DocumentType(StrEnum):
    RESIDENT_ID = "resident_id"
    """居民身份证 (GB 11643)."""
    RESIDENCE_PERMIT = "residence_permit"
    """港澳台居民居住证: 81, 82, 83."""
    PERMANENT_RESIDENCE = "permanent_residence"
    """外国人永久居留身份证: 9..., before 2023 three letters and twelve digits."""
    PASSPORT = "passport"
    HK_MACAO_PERMIT = "hk_macao_permit"
    """港澳居民来往内地通行证."""
    TAIWAN_PERMIT = "taiwan_permit"
    """台湾居民来往大陆通行证."""


class Sex(StrEnum):
    """As the number says; the words are those of OpenID's ``gender``."""

    MALE = "male"
    FEMALE = "female"


def compact(text: str) -> str:
    """``text`` in half width and capitals, without blanks, hyphens and brackets; empty when it is not ASCII then."""
    if text.isascii() and text.isalnum():
        return text.upper()
    plain = _IGNORED.sub("", unicodedata.normalize("NFKC", text))
    return plain.upper() if plain.isascii() else ""


def masked(value: str, *, head: int = 1, tail: int = 1) -> str:
    """The one masking of numbers: fewer characters than Chinese services often show, for 18 digits say too much."""
    return value[:head] + "*" * (len(value) - head - tail) + value[len(value) - tail :]


def check_character(seventeen: str) -> str:
    """ISO 7064 MOD 11-2, as GB 11643 has it."""
    return _CHECK[sum(map(mul, _WEIGHTS, map(int, seventeen))) % 11]


def _date(text: str) -> date | None:
    """``YYYYMMDD`` as a date."""
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class IdNumber:
    """18 digits of a resident, of a Hong Kong, Macao or Taiwan resident's or a foreigner's residence document, or the
    15 characters of a foreigner's document from before 2023, of which the form and the birth date are checked only.
    """

    value: str
    kind = Kind.ID_NUMBER

    @classmethod
    def parse(cls, text: str, *, today: date, migrated: bool = False) -> "IdNumber | None":
        """``migrated``: 15 digits of before 1999 are taken, too, and become the 18 that replaced them."""
        value = compact(text)
        if _LETTERED.fullmatch(value):
            century = 20 if _is_born(f"20{value[7:13]}", today) else 19
            return cls(value) if _is_born(f"{century}{value[7:13]}", today) else None
        if migrated and _FIFTEEN.fullmatch(value):
            value = f"{value[:6]}19{value[6:]}"
            value += check_character(value)
        if not _EIGHTEEN.fullmatch(value) or check_character(value[:17]) != value[17]:
            return None
        return cls(value) if _is_born(value[6:14], today) else None

    @property
    def type(self) -> DocumentType:
        if len(self.value) == 15 or self.value.startswith("9"):
            return DocumentType.PERMANENT_RESIDENCE
        residence = self.value[:2] in ("81", "82", "83")
        return DocumentType.RESIDENCE_PERMIT if residence else DocumentType.RESIDENT_ID

    @property
    def birth_date(self) -> date | None:
        """None for the 15 characters, which do not tell the century."""
        return _date(self.value[6:14]) if len(self.value) == 18 else None

    @property
    def sex(self) -> Sex | None:
        if len(self.value) == 15:
            return None
        return Sex.MALE if int(self.value[16]) % 2 else Sex.FEMALE

    @property
    def region(self) -> str:
        """Six digits of GB/T 2260: where the number was first given; for foreigners no finer than it says."""
        if len(self.value) == 15:
            return self.value[3:7] + "00"
        return self.value[1:3] + "0000" if self.value.startswith("9") else self.value[:6]

    @property
    def masked(self) -> str:
        return masked(self.value)

    def __repr__(self) -> str:
        return f"IdNumber({self.masked})"

    __str__ = __repr__


def _is_born(text: str, today: date) -> bool:
    born = _date(text)
    return born is not None and born.year >= _EARLIEST and born <= today


@dataclass(frozen=True, slots=True)
class Passport:
    """A passport number of any country: 5 to 9 letters and digits (ICAO 9303-4), one of them a digit."""

    value: str
    kind = Kind.PASSPORT
    type = DocumentType.PASSPORT

    @classmethod
    def parse(cls, text: str) -> "Passport | None":
        value = compact(text)
        return cls(value) if _PASSPORT.fullmatch(value) else None

    @property
    def masked(self) -> str:
        return masked(self.value)

    def __repr__(self) -> str:
        return f"Passport({self.masked})"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class TravelPermit:
    """The lifelong part of a mainland travel permit's number: H or M (Hong Kong, Macao) and 8 digits, or 8 digits
    (Taiwan). What older permits print behind it counts the renewals and is left out.
    """

    value: str
    kind = Kind.TRAVEL_PERMIT

    @classmethod
    def parse(cls, text: str) -> "TravelPermit | None":
        value = compact(text)
        found = _HK_MACAO.fullmatch(value) or _TAIWAN.fullmatch(value)
        return cls(found[1]) if found else None

    @property
    def type(self) -> DocumentType:
        return DocumentType.TAIWAN_PERMIT if self.value.isdecimal() else DocumentType.HK_MACAO_PERMIT

    @property
    def masked(self) -> str:
        return masked(self.value)

    def __repr__(self) -> str:
        return f"TravelPermit({self.masked})"

    __str__ = __repr__


Document = IdNumber | Passport | TravelPermit


def parse_document(kind: DocumentType, text: str, *, today: date) -> Document | None:
    """The number in ``text`` if it is one of that very document."""
    found: Document | None
    if kind is DocumentType.PASSPORT:
        found = Passport.parse(text)
    elif kind in (DocumentType.HK_MACAO_PERMIT, DocumentType.TAIWAN_PERMIT):
        found = TravelPermit.parse(text)
    else:
        found = IdNumber.parse(text, today=today)
    return found if found and found.type is kind else None


def stored_document(kind: DocumentType, value: str) -> Document:
    """The document whose canonical number was stored as ``value``."""
    if kind is DocumentType.PASSPORT:
        return Passport(value)
    if kind in (DocumentType.HK_MACAO_PERMIT, DocumentType.TAIWAN_PERMIT):
        return TravelPermit(value)
    return IdNumber(value)
