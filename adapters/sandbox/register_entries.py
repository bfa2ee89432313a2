"""What registers and banks know, read from config/demo/registers.toml, and how they compare claims with it.

Always true: everybody in it is fictitious, and a file that says otherwise than the entries describe stops the start.
"""

import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from adapters.sandbox.register_contract import DOCUMENT_TYPES, CardQuestion, EntityQuestion, PersonQuestion
from adapters.sandbox.register_contract import Person as Claimed

STATUSES = ("active", "suspended", "moved", "revoked", "cancelled")
CARD_STATUSES = ("active", "lost", "closed", "frozen", "expired", "supplementary", "unsupported")
ROLES = ("legal_representative", "person_in_charge", "sole_trader", "managing_partner", "partner")
VERSION = "1"
AS_OF = 1_767_225_600
"""The demo entries are as they were at the start of 2026; they have one version."""
_DOTS = str.maketrans(dict.fromkeys("•‧∙⋅・･．", "·"))


class EntriesError(ValueError):
    """The file of entries is not what ``load_entries`` reads; the words say where."""


@dataclass(frozen=True, slots=True)
class Person:
    """One entry of the population register; ``valid_to`` may be empty, ``zh`` and ``en`` say what it is good for."""

    name: str
    document_type: str
    number: str
    status: str
    valid_to: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Enterprise:
    """One entry of the enterprise register; ``people``: name, document type, number and role of each."""

    uscc: str
    name: str
    entity_type: str
    status: str
    people: tuple[tuple[str, str, str, str], ...]
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Card:
    """One card of the banks and whose it is; ``mobile``, 11 digits, is the phone its bank knows."""

    card: str
    name: str
    document_type: str
    number: str
    mobile: str
    status: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Entries:
    """Both registers, and the banks."""

    people: tuple[Person, ...] = ()
    enterprises: tuple[Enterprise, ...] = ()
    cards: tuple[Card, ...] = ()


def load_entries(path: Path) -> Entries:
    """The entries in ``path``; none when there is no such file. Raises ``EntriesError``."""
    if not path.is_file():
        return Entries()
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        return Entries(
            tuple(_person(entry) for entry in tables.pop("person", [])),
            tuple(_enterprise(entry) for entry in tables.pop("enterprise", [])),
            tuple(_card(entry) for entry in tables.pop("card", [])),
        )
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, TypeError, ValueError) as error:
        raise EntriesError(f"{path}: {error}") from error


def _person(entry: Mapping[str, Any]) -> Person:
    person = Person(**entry)
    _one_of(person.document_type, DOCUMENT_TYPES)
    _one_of(person.status, ("alive", "deceased"))
    if person.valid_to:
        date.fromisoformat(person.valid_to)
    return person


def _enterprise(entry: Mapping[str, Any]) -> Enterprise:
    enterprise = Enterprise(**{**entry, "people": tuple((n, d, i, r) for n, d, i, r in entry["people"])})
    _one_of(enterprise.status, STATUSES)
    for _, document_type, _, role in enterprise.people:
        _one_of(document_type, DOCUMENT_TYPES)
        _one_of(role, ROLES)
    return enterprise


def _card(entry: Mapping[str, Any]) -> Card:
    card = Card(**entry)
    _one_of(card.document_type, DOCUMENT_TYPES)
    _one_of(card.status, CARD_STATUSES)
    return card


def _one_of(word: str, known: tuple[str, ...]) -> None:
    if word not in known:
        raise ValueError(f"{word} is none of {', '.join(known)}")


def check(entries: Entries, question: PersonQuestion) -> dict[str, object]:
    """What the population register says: nothing about who is not asked for by the right name."""
    asked = question.person
    document = (asked.document_type, asked.number)
    found = next((one for one in entries.people if (one.document_type, one.number) == document), None)
    if found is None:
        return {"found": False}
    if not same(found.name, asked.name):
        return {"found": True, "match": False}
    return {"found": True, "match": True, "status": found.status, "valid_to": found.valid_to or None}


def check_card(entries: Entries, question: CardQuestion) -> dict[str, object]:
    """What the banks say: nothing is compared of a card they do not take."""
    asked = question.person
    found = next((one for one in entries.cards if one.card == question.card), None)
    if found is None:
        return {"found": False}
    if found.status != "active":
        return {"found": True, "usable": False, "reason": found.status}
    matches = (
        same(found.name, asked.name)
        and (found.document_type, found.number) == (asked.document_type, asked.number)
        and question.mobile in (None, found.mobile)
    )
    if not matches:
        return {"found": True, "usable": True, "match": False}
    return {"found": True, "usable": True, "match": True, "elements": question.elements}


def look_up(entries: Entries, question: EntityQuestion) -> dict[str, object]:
    """What the enterprise register says: the entry, and whether the claims agree with it."""
    found = next((one for one in entries.enterprises if one.uscc == question.uscc), None)
    return record(found, question, _roles(found, question.representative)) if found else {"found": False}


def record(entry: Enterprise, question: EntityQuestion, roles: list[str]) -> dict[str, object]:
    """The answer about ``entry`` when the claimed person holds ``roles`` in it."""
    person = question.representative
    return {
        "found": True,
        "name": entry.name,
        "uscc": entry.uscc,
        "entity_type": entry.entity_type,
        "status": entry.status,
        "name_matches": None if question.name is None else same(entry.name, question.name),
        "representative_matches": None if person is None else any(role != "partner" for role in roles),
        "roles": roles,
        "version": VERSION,
        "as_of": AS_OF,
    }


def _roles(entry: Enterprise, claimed: Claimed | None) -> list[str]:
    if claimed is None:
        return []
    return [
        role
        for name, document_type, number, role in entry.people
        if (document_type, number) == (claimed.document_type, claimed.number) and same(name, claimed.name)
    ]


def same(known: str, claimed: str) -> bool:
    """One name, whatever the width of its letters, the code point of its dots, and how it is composed."""
    return _plain(known) == _plain(claimed)


def _plain(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name.translate(_DOTS)).casefold().split())
