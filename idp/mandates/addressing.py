"""Whom a mandate is addressed to: a name with a document's number, or with an entity's code.

Always true: nobody who writes an address learns whether somebody lives there; who signs in with that very number, and
is of that name, finds the mandate.
"""

from dataclasses import dataclass, field

from idp.accounts.actions import Active, Directory
from idp.accounts.credit_code import CreditCode
from idp.accounts.documents import Document, DocumentType, stored_document
from idp.accounts.names import PersonName
from idp.accounts.rules import PartyKind
from idp.db import Transaction
from idp.entities.actions import Entities


@dataclass(frozen=True, slots=True)
class Addressee:
    """``name``: of a person as a document gives it, of an entity as its register does."""

    name: str = field(repr=False)
    number: Document | CreditCode

    @property
    def kind(self) -> PartyKind:
        return PartyKind.ENTITY if isinstance(self.number, CreditCode) else PartyKind.PERSON

    def is_same(self, other: "Addressee") -> bool:
        """Whether both mean the same; how a person's name is spelt does not tell two apart."""
        one, two = PersonName.parse(self.name), PersonName.parse(other.name)
        named = one.key == two.key if one and two else self.name == other.name
        return named and self.number == other.number

    @property
    def shown(self) -> str:
        """For the text: the name in full, a person's number masked; an entity's code is public."""
        number = self.number.value if isinstance(self.number, CreditCode) else self.number.masked
        return f"{self.name} ({number})"


class Addresses:
    def __init__(self, directory: Directory, entities: Entities) -> None:
        self.directory = directory
        self.entities = entities

    def blind(self, addressee: Addressee) -> bytes:
        return self.directory.blind(addressee.number)

    def resolve(self, tx: Transaction, addressee: Addressee) -> str:
        """The party that is meant; empty when there is none of that number, or it has another name.

        For the rules, never for whoever typed it.
        """
        found = self.directory.lookup(tx, addressee.number)
        if not isinstance(found, Active) or found.kind is not addressee.kind:
            return ""
        return found.party_id if self._is_named(tx, found.party_id, addressee) else ""

    def _is_named(self, tx: Transaction, party_id: str, addressee: Addressee) -> bool:
        if addressee.kind is PartyKind.ENTITY:
            entity = self.entities.describe(tx, party_id)
            return entity is not None and entity.name == addressee.name
        identity, name = self.directory.person(tx, party_id).identity, PersonName.parse(addressee.name)
        return identity is not None and name is not None and identity.name.key == name.key

    def write(self, addressee: Addressee) -> list[str]:
        """For a sealed column; `read` is its counterpart."""
        type_ = "" if isinstance(addressee.number, CreditCode) else addressee.number.type.value
        return [addressee.name, type_, addressee.number.value]

    def read(self, stored: list[str]) -> Addressee:
        return read_addressee(stored)

    def own(self, tx: Transaction, party_id: str) -> Addressee | None:
        """How a party is addressed; None for a person who is not proved to be anybody."""
        if (entity := self.entities.describe(tx, party_id)) is not None:
            return Addressee(entity.name, entity.code)
        identity = self.directory.person(tx, party_id).identity
        return Addressee(identity.name.value, identity.document) if identity else None


def read_addressee(stored: list[str]) -> Addressee:
    """Of a sealed column."""
    name, type_, value = stored
    return Addressee(name, stored_document(DocumentType(type_), value) if type_ else CreditCode(value))


def shortened(stored: list[str]) -> list[str]:
    """The same, with of a person's number no more than any text shows: who it was, and not how to find them."""
    addressee = read_addressee(stored)
    if isinstance(addressee.number, CreditCode):
        return stored
    return [stored[0], stored[1], addressee.number.masked]
