"""The registers' and banks' half of their contracts (docs/providers.md): is this question well formed?

Always true: it reads nothing but its arguments, and garbage of any kind is a `Refusal`, never an exception.
"""

import hashlib
import re
from dataclasses import dataclass

from adapters.sandbox.contract import KEY, Forms, Refusal, invalid, like, parse_fields, words

DOCUMENT_TYPES = (
    "resident_id",
    "residence_permit",
    "permanent_residence",
    "passport",
    "hk_macao_permit",
    "taiwan_permit",
)
_NUMBER = re.compile(r"[0-9A-Z()]{1,32}")
_CARD = re.compile(r"[0-9]{12,19}")
_MOBILE = re.compile(r"\+86(1[3-9][0-9]{9})")
_USCC = re.compile(r"[0-9A-HJ-NPQRTUWXY]{18}")


@dataclass(frozen=True, slots=True)
class Person:
    """A claimed person."""

    name: str
    document_type: str
    number: str


@dataclass(frozen=True, slots=True)
class PersonQuestion:
    """A well-formed question to the population register; ``digest`` is the body's SHA-256 in hexadecimal."""

    reference: str
    person: Person
    digest: str


@dataclass(frozen=True, slots=True)
class CardQuestion:
    """A well-formed question to the banks; ``mobile``, 11 digits, None is not asked for."""

    reference: str
    person: Person
    card: str
    mobile: str | None
    digest: str

    @property
    def elements(self) -> int:
        return 3 if self.mobile is None else 4


@dataclass(frozen=True, slots=True)
class EntityQuestion:
    """A well-formed question to the enterprise register; ``name`` and ``representative`` None are not asked for."""

    reference: str
    uscc: str
    name: str | None
    representative: Person | None
    digest: str


def parse_person(body: bytes, *, key: str) -> PersonQuestion | Refusal:
    """The question in ``body``; ``key``, which no signature covers, has to be its reference."""
    fields = parse_fields(body, {"reference": like(KEY), **_PERSON})
    if isinstance(fields, Refusal):
        return fields
    reference = fields.pop("reference")
    if reference != key:
        return _other_key()
    return PersonQuestion(reference, Person(**fields), hashlib.sha256(body).hexdigest())


def parse_card(body: bytes, *, key: str) -> CardQuestion | Refusal:
    """The question in ``body``; ``key`` as in `parse_person`."""
    fields = parse_fields(body, _OF_CARD)
    if isinstance(fields, Refusal):
        return fields
    if fields["reference"] != key:
        return _other_key()
    person = Person(**{name: fields[name] for name in _PERSON})
    mobile = fields["mobile"] and fields["mobile"].removeprefix("+86")
    return CardQuestion(key, person, fields["card"], mobile, hashlib.sha256(body).hexdigest())


def parse_entity(body: bytes, *, key: str) -> EntityQuestion | Refusal:
    """The question in ``body``; ``key`` as in `parse_person`."""
    fields = parse_fields(body, _ENTITY)
    if isinstance(fields, Refusal):
        return fields
    if fields["reference"] != key:
        return _other_key()
    claimed = fields["representative"]
    person = Person(**claimed) if claimed else None
    digest = hashlib.sha256(body).hexdigest()
    return EntityQuestion(fields["reference"], fields["uscc"], fields["name"], person, digest)


def _other_key() -> Refusal:
    return invalid("Idempotency-Key is missing or is not the reference")


def _person_or_none(value: object) -> bool:
    if value is None:
        return True
    return (
        isinstance(value, dict)
        and value.keys() == _PERSON.keys()
        and all(has_form(value[name]) for name, has_form in _PERSON.items())
    )


def _name_or_none(value: object) -> bool:
    return value is None or words(200)(value)


_PERSON: Forms = {
    "name": words(100),
    "document_type": lambda value: value in DOCUMENT_TYPES,
    "number": like(_NUMBER),
}
_OF_CARD: Forms = {
    "reference": like(KEY),
    **_PERSON,
    "card": like(_CARD),
    "mobile": lambda value: value is None or like(_MOBILE)(value),
}
_ENTITY: Forms = {
    "reference": like(KEY),
    "uscc": like(_USCC),
    "name": _name_or_none,
    "representative": _person_or_none,
}
