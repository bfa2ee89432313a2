"""What an older platform said of one of its accounts, as a value, and the JSON it is stored as.

Always true: equal accounts have the same JSON, to the byte; no password, hash or salt has a place in it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import orjson

from idp.accounts.credit_code import CreditCode
from idp.accounts.documents import Document, DocumentType, stored_document
from idp.accounts.names import PersonName
from idp.accounts.rules import Kind, Mobile, WaitingState

_CHANGING = frozenset({Kind.PASSPORT})
"""Numbers that two countries may give out to two people."""


@dataclass(frozen=True, slots=True)
class Representative:
    """Who stood for a legal entity at the older platform."""

    name: PersonName
    document: Document


@dataclass(frozen=True, slots=True)
class OldAccount:
    """A person's has ``name`` and ``document``, a legal entity's ``credit_code`` and ``entity_name``.

    ``valid_to``: the last day of the document; None when it has none, or nobody knew it. ``region``: six digits.
    """

    name: PersonName | None = None
    document: Document | None = None
    mobile: Mobile | None = None
    valid_to: date | None = None
    credit_code: CreditCode | None = None
    entity_name: str | None = None
    representative: Representative | None = None
    region: str | None = None

    def is_of(self, name: PersonName, document: Document) -> bool:
        """Whether it is the account of ``document``'s holder. People change their names; a number that is given to
        one person for good says enough, another one only together with the name.
        """
        return self.document == document and is_named(self.name, name, document)

    def as_json(self) -> str:
        facts: dict[str, Any] = {
            "name": self.name and self.name.value,
            "document": self.document and _number(self.document),
            "mobile": self.mobile and self.mobile.value,
            "valid_to": self.valid_to and self.valid_to.isoformat(),
            "credit_code": self.credit_code and self.credit_code.value,
            "entity_name": self.entity_name,
            "region": self.region,
        }
        if self.representative:
            facts["representative"] = {
                "name": self.representative.name.value,
                "document": _number(self.representative.document),
            }
        told = {name: value for name, value in facts.items() if value is not None}
        return orjson.dumps(told, option=orjson.OPT_SORT_KEYS).decode()


def is_named(known: PersonName | None, name: PersonName, document: Document) -> bool:
    """Whether a record of ``document`` under the name ``known`` is about its holder called ``name``."""
    return document.kind not in _CHANGING or (known is not None and known.key == name.key)


@dataclass(frozen=True, slots=True)
class Waiting:
    """One account that waits, with what the older platform said of it. ``imported_at``: Unix seconds."""

    id: str
    platform: str
    region: str | None
    state: WaitingState
    imported_at: int
    told: OldAccount = field(repr=False)


def phones_on_file(waiting: Iterable[Waiting]) -> list[Mobile]:
    """Each number once, the one that was told last first."""
    newest = sorted(waiting, key=lambda one: (one.imported_at, one.id), reverse=True)
    return list(dict.fromkeys(one.told.mobile for one in newest if one.told.mobile))


def read_json(text: str) -> OldAccount:
    """What `OldAccount.as_json` wrote."""
    facts = orjson.loads(text)
    representative = facts.get("representative")
    return OldAccount(
        name=PersonName(facts["name"]) if "name" in facts else None,
        document=_document(facts["document"]) if "document" in facts else None,
        mobile=Mobile(facts["mobile"]) if "mobile" in facts else None,
        valid_to=date.fromisoformat(facts["valid_to"]) if "valid_to" in facts else None,
        credit_code=CreditCode(facts["credit_code"]) if "credit_code" in facts else None,
        entity_name=facts.get("entity_name"),
        representative=_representative(representative) if representative else None,
        region=facts.get("region"),
    )


def _representative(facts: Mapping[str, Any]) -> Representative:
    return Representative(PersonName(facts["name"]), _document(facts["document"]))


def _document(facts: Mapping[str, str]) -> Document:
    return stored_document(DocumentType(facts["type"]), facts["number"])


def _number(document: Document) -> dict[str, str]:
    return {"type": document.type, "number": document.value}
