"""Finding, opening and describing accounts.

Always true: looking up an identifier runs the same statements whether it is known or not.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from idp.accounts.anchors import Anchors
from idp.accounts.credit_code import CreditCode
from idp.accounts.documents import Document, DocumentType, stored_document
from idp.accounts.events import add_event
from idp.accounts.identifiers import MOST, Identifier
from idp.accounts.names import PersonName
from idp.accounts.parties import hold
from idp.accounts.rules import Kind, Mobile, PartyEventKind, PartyKind, PartyStatus, UserName
from idp.accounts.subjects import Subjects
from idp.audit import Event, record
from idp.audit.rules import Detail
from idp.crypto.fields import BlindIndex, FieldCipher
from idp.crypto.tokens import new_id
from idp.db import Dialect, Statement, Transaction


class Holder(NamedTuple):
    """Whose an identifier is, and by which row."""

    party_id: str
    identifier_id: str


# One statement for whatever was typed; a blind belongs to its kind, so the two lists cannot meet crosswise.
_FIND = Statement[tuple[str, str, str]](
    "SELECT i.kind, i.party_id, p.kind FROM party_identifier i JOIN party p ON p.id = i.party_id"
    " WHERE i.kind IN (:k0, :k1, :k2) AND i.blind IN (:a0, :b0, :a1, :b1, :a2, :b2) AND p.status = 'active'"
)
_OWNER = Statement("SELECT party_id FROM party_identifier WHERE kind = :kind AND blind IN (:b0, :b1)", str)
_ADD_PARTY = Statement[Any]("INSERT INTO party (id, kind, status, created_at) VALUES (:id, :kind, :status, :now)")
_DROP_PARTY = Statement[Any]("DELETE FROM party WHERE id = :party")
_ADD_IDENTIFIER = Statement[Any](
    "INSERT INTO party_identifier (id, party_id, kind, sealed, blind, verified_at, created_at)"
    " VALUES (:id, :party, :kind, :sealed, :blind, :verified, :now) ON CONFLICT DO NOTHING"
)
_KNOWN = Statement(
    "SELECT COUNT(*) FROM party_identifier WHERE kind = :kind AND blind IN (:b0, :b1)",
    int,
)
_OWN = Statement("SELECT party_id, id FROM party_identifier WHERE party_id = :party AND kind = :kind", Holder)
_MOBILE = Statement[tuple[str, bytes]](
    "SELECT id, sealed FROM party_identifier WHERE party_id = :party AND kind = 'mobile'"
)
_NOBODYS = "party_identifier.sealed:nobody"
_DROP_IDENTIFIER = Statement[Any]("DELETE FROM party_identifier WHERE id = :id AND party_id = :party")


_HOLDER_SQL = (
    "SELECT i.party_id, i.id FROM party_identifier i JOIN party p ON p.id = i.party_id"
    " WHERE i.kind = :kind AND i.blind IN (:b0, :b1) AND p.status = 'active'"
)
# On SQLite writers stand in line from their first statement on; nothing need be locked.
_HOLDER: dict[Dialect, Statement[Holder]] = {
    "sqlite": Statement(_HOLDER_SQL, Holder),
    "postgresql": Statement(_HOLDER_SQL + " FOR UPDATE OF i", Holder),
}


class _PersonRow(NamedTuple):
    """``kind``: party, profile, mobile, user_name, or a document's type."""

    kind: str
    id: str
    sealed: bytes
    at: int | None
    until: int | None
    party_id: str


def person_where(party: str) -> Statement[_PersonRow]:
    """The one question about a person. ``party``: whose account, in SQL, with whatever parameters that has."""
    return Statement(
        "SELECT kind, id, sealed, created_at, CAST(NULL AS BIGINT), party_id FROM party_identifier"
        f" WHERE party_id = {party} AND kind IN ('mobile', 'user_name')"
        " UNION ALL SELECT type, id, sealed, verified_at, valid_to, party_id FROM identity_document"
        f" WHERE party_id = {party} AND ended_at IS NULL"
        " UNION ALL SELECT 'profile', party_id, sealed, updated_at, NULL, party_id FROM profile"
        f" WHERE party_id = {party}"
        f" UNION ALL SELECT 'party', id, NULL, created_at, NULL, id FROM party WHERE id = {party}",
        _PersonRow,
    )


_PERSON = person_where(":party")
_REPLACED = Statement[tuple[str, str, bytes]](
    "SELECT id, type, sealed FROM identity_document WHERE party_id = :party AND ended_at IS NOT NULL"
)
_END_DOCUMENTS = Statement[Any](
    "UPDATE identity_document SET ended_at = :now WHERE party_id = :party AND kind = :kind AND ended_at IS NULL"
)
_DROP_NUMBERS = Statement[Any](
    "DELETE FROM party_identifier WHERE party_id = :party AND kind = :kind AND blind NOT IN (:a, :b)"
)
_ADD_DOCUMENT = Statement[Any](
    "INSERT INTO identity_document"
    " (id, party_id, kind, type, sealed, valid_from, valid_to, verified_at, source, created_at)"
    " VALUES (:id, :party, :kind, :type, :sealed, :valid_from, :valid_to, :now, :source, :now)"
)
_SET_PROFILE = Statement[Any](
    "INSERT INTO profile (party_id, sealed, updated_at) VALUES (:party, :sealed, :now)"
    " ON CONFLICT (party_id) DO UPDATE SET sealed = excluded.sealed, updated_at = excluded.updated_at"
)
_CREDIT_CODE = Statement[tuple[str, bytes]](
    "SELECT id, sealed FROM party_identifier WHERE party_id = :party AND kind = 'credit_code'"
)
_DOCUMENT_TYPES = frozenset(kind.value for kind in DocumentType)


@dataclass(frozen=True, slots=True)
class Active:
    """An account that can be signed in to: a person's, or a legal entity's (``kind``)."""

    party_id: str
    kind: PartyKind = field(default=PartyKind.PERSON, compare=False)


@dataclass(frozen=True, slots=True)
class Unknown:
    """No such account."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The identifier already belongs to somebody."""

    kind: Kind


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is, as one document shows it. ``valid_to``: Unix seconds at which it ends (None: it does not)."""

    name: PersonName
    document: Document
    verified_at: int
    valid_to: int | None

    def is_of(self, name: PersonName, document: Document) -> bool:
        """Whether it says the same; verified data is not edited, so that nothing else may take its place."""
        return (self.name.key, self.document) == (name.key, document)


@dataclass(frozen=True, slots=True)
class Person:
    """What the account says of its person, in clear, for one request."""

    party_id: str
    mobile: Mobile | None
    user_name: UserName | None
    profile: Mapping[str, Any]
    updated_at: int | None
    created_at: int
    identity: Identity | None = None
    """As the document verified last shows it; None without."""
    documents: tuple[Identity, ...] = ()
    """One of each kind at most."""


class Directory:
    """The accounts, with the keys that open them."""

    def __init__(self, cipher: FieldCipher, index: BlindIndex, anchors: Anchors) -> None:
        self._cipher = cipher
        self._index = index
        self._anchors = anchors
        self._nobodys = cipher.seal("10000000000", context=_NOBODYS)
        self.subjects = Subjects()

    def blind(self, identifier: Identifier) -> bytes:
        """The keyed blind index of an identifier: what attempts at it are counted on when nobody owns it."""
        return self._index.current(identifier.kind, identifier.value)

    def blind_text(self, text: str) -> bytes:
        """The same for what can be no identifier at all."""
        return self._index.current("text", text)

    def blinds_of_text(self, text: str) -> tuple[bytes, ...]:
        """What `blind_text` made of it under each key of the ring, the current first: to find what was stored."""
        return self._index.candidates("text", text)

    def lookup(self, tx: Transaction, *identifiers: Identifier) -> Active | Unknown:
        """The account that the first of ``identifiers`` finds; of what was typed: `parse_identifiers`."""
        asked: dict[str, Any] = {}
        for place in range(MOST):
            one = identifiers[place] if place < len(identifiers) else None
            blinds = self._blinds(one) if one else (b"",)
            asked |= {f"k{place}": one.kind if one else "", f"a{place}": blinds[0], f"b{place}": blinds[-1]}
        found = {kind: Active(party, PartyKind(what)) for kind, party, what in tx.all(_FIND, **asked)}
        return next((found[one.kind] for one in identifiers if one.kind in found), None) or Unknown()

    def _blinds(self, identifier: Identifier) -> tuple[bytes, ...]:
        # Two places are enough: `idp fields rotate` finishes one rotation before another key may be added.
        return self._index.candidates(identifier.kind, identifier.value)

    def owner(self, tx: Transaction, *identifiers: Identifier) -> str | None:
        """The party that the first of them finds, however its account stands: for operators, never for sign-in."""
        for identifier in identifiers:
            blinds = self._blinds(identifier)
            if found := tx.one(_OWNER, kind=identifier.kind, b0=blinds[0], b1=blinds[-1]):
                return found
        return None

    def open_person(self, tx: Transaction, *, mobile: Mobile, user_name: UserName | None, now: int) -> Active | Taken:
        """A new person reached by ``mobile`` (proved by the caller). On ``Taken`` the caller rolls back."""
        party_id = new_id("pty")
        tx.run(_ADD_PARTY, id=party_id, kind=PartyKind.PERSON, status=PartyStatus.ACTIVE, now=now)
        if not self.add_identifier(tx, party_id, mobile, verified=True, now=now):
            return Taken(Kind.MOBILE)
        if user_name and not self.add_identifier(tx, party_id, user_name, verified=False, now=now):
            return Taken(Kind.USER_NAME)
        return Active(party_id)

    def open_known(
        self, tx: Transaction, *, document: Document, name: PersonName, valid_to: int | None, source: str, now: int
    ) -> Active | Taken:
        """A new person whom ``source`` has seen, and who cannot sign in: without phone or user name.

        ``valid_to``: seconds. On ``Taken`` nothing was written.
        """
        party_id = new_id("pty")
        tx.run(_ADD_PARTY, id=party_id, kind=PartyKind.PERSON, status=PartyStatus.ACTIVE, now=now)
        recorded = self.record_document(
            tx, party_id, document=document, name=name, valid_to=valid_to, source=source, now=now
        )
        if isinstance(recorded, Taken):
            tx.run(_DROP_PARTY, party=party_id)
            return recorded
        return Active(party_id)

    def open_entity(self, tx: Transaction, code: CreditCode, *, now: int) -> Active | Taken:
        """A new legal entity found by its ``code``. On ``Taken`` the caller rolls back."""
        party_id = new_id("pty")
        tx.run(_ADD_PARTY, id=party_id, kind=PartyKind.ENTITY, status=PartyStatus.ACTIVE, now=now)
        if not self.add_identifier(tx, party_id, code, verified=True, now=now):
            return Taken(Kind.CREDIT_CODE)
        return Active(party_id, PartyKind.ENTITY)

    def credit_code(self, tx: Transaction, party_id: str) -> CreditCode | None:
        """The code of a legal entity."""
        row = tx.one(_CREDIT_CODE, party=party_id)
        if row is None:
            return None
        return CreditCode(self._cipher.open(row[1], context=f"party_identifier.sealed:{row[0]}"))

    def add_identifier(
        self, tx: Transaction, party_id: str, identifier: Identifier, *, verified: bool, now: int
    ) -> bool:
        """False when somebody has it already (under any key of the index ring), or the party has one of its kind."""
        if self.is_held(tx, identifier):  # by an account that is suspended, too
            return False
        row = new_id("idn")
        written = tx.run(
            _ADD_IDENTIFIER,
            id=row,
            party=party_id,
            kind=identifier.kind,
            sealed=self._cipher.seal(identifier.value, context=f"party_identifier.sealed:{row}"),
            blind=self.blind(identifier),
            verified=now if verified else None,
            now=now,
        )
        return written == 1

    def record_document(
        self,
        tx: Transaction,
        party_id: str,
        *,
        document: Document,
        name: PersonName,
        valid_to: int | None,
        source: str,
        now: int,
        valid_from: int | None = None,
    ) -> Identity | Taken:
        """``source`` has verified that ``party_id`` holds it; it replaces an earlier document of its kind.

        The earlier number then finds nobody. On ``Taken`` nothing was written. ``valid_from``, ``valid_to``: seconds.
        """
        if not hold(tx, party_id):  # two documents of one party are recorded one after the other
            return Taken(document.kind)
        held = self.lookup(tx, document) == Active(party_id)
        if not held and not self.add_identifier(tx, party_id, document, verified=True, now=now):
            return Taken(document.kind)
        blinds = self._blinds(document)
        tx.run(_DROP_NUMBERS, party=party_id, kind=document.kind, a=blinds[0], b=blinds[-1])
        tx.run(_END_DOCUMENTS, party=party_id, kind=document.kind, now=now)
        row = new_id("doc")
        told = orjson.dumps({"number": document.value, "name": name.value}).decode()
        tx.run(
            _ADD_DOCUMENT,
            id=row,
            party=party_id,
            kind=document.kind,
            type=document.type,
            sealed=self._cipher.seal(told, context=f"identity_document.sealed:{row}"),
            valid_from=valid_from,
            valid_to=valid_to,
            source=source,
            now=now,
        )
        detail = {"type": document.type, "source": source}
        record(tx, Event.DOCUMENT_RECORDED, subject=party_id, detail=detail, now=now)
        if closed := self._anchors.join(tx, party_id, document):
            self._succeed(tx, party_id, closed, now=now)
        return Identity(name, document, now, valid_to)

    def _succeed(self, tx: Transaction, party_id: str, closed: str, *, now: int) -> None:
        """The person of a ``closed`` account is back: every sector that knew it is to hear whom it knows now."""
        known = self.subjects.all_of(tx, closed)
        for sector, old in known:
            new = self.subjects.of(tx, sector=sector, party_id=party_id)
            told = {"sector": sector, "old_sub": old, "new_sub": new}
            add_event(tx, party_id, PartyEventKind.SUBJECT_MERGED, detail=told, now=now)
        detail: Detail = {"closed": closed, "count": len(known)}
        record(tx, Event.PERSON_RECOGNISED, subject=party_id, detail=detail, now=now)

    def _identity(self, row: _PersonRow) -> Identity:
        told = orjson.loads(self._cipher.open(row.sealed, context=f"identity_document.sealed:{row.id}"))
        document = stored_document(DocumentType(row.kind), told["number"])
        return Identity(PersonName(told["name"]), document, row.at or 0, row.until)

    def replaced(self, tx: Transaction, party_id: str) -> list[Document]:
        """Documents that another has taken the place of, unless an account has their number now."""
        rows = tx.all(_REPLACED, party=party_id)
        told = [
            (kind, self._cipher.open(sealed, context=f"identity_document.sealed:{row}")) for row, kind, sealed in rows
        ]
        found = [stored_document(DocumentType(kind), orjson.loads(text)["number"]) for kind, text in told]
        return [document for document in found if not self.is_held(tx, document)]

    def holder(self, tx: Transaction, identifier: Identifier) -> Holder | None:
        """Whose it is; it cannot leave its account, nor the row its party, before ``tx`` ends."""
        blinds = self._blinds(identifier)
        return tx.one(_HOLDER[tx.dialect], kind=identifier.kind, b0=blinds[0], b1=blinds[-1])

    def is_held(self, tx: Transaction, identifier: Identifier) -> bool:
        """Whether some account has it, be it active or not."""
        blinds = self._blinds(identifier)
        held = tx.one(_KNOWN, kind=identifier.kind, b0=blinds[0], b1=blinds[-1])
        return held is not None and held > 0

    def own(self, tx: Transaction, party_id: str, kind: Kind) -> Holder | None:
        """The party's own phone or user name, of which it has one at most."""
        return tx.one(_OWN, party=party_id, kind=kind)

    def drop_identifier(self, tx: Transaction, held: Holder) -> bool:
        """Take an identifier from its party; False when somebody did so meanwhile."""
        return tx.run(_DROP_IDENTIFIER, id=held.identifier_id, party=held.party_id) == 1

    def stand_in(self, text: str) -> Mobile:
        """A number that nobody can have, always the same for one text: messages to it are counted, and go nowhere."""
        return Mobile(f"0{int.from_bytes(self.blind_text(text)[:8]) % 10**10:010}")

    def mobile(self, tx: Transaction, party_id: str) -> Mobile | None:
        """The phone on file. To have none costs the opening of a field, too: no time tells who exists (trust 3)."""
        row = tx.one(_MOBILE, party=party_id)
        if row is None:
            self._cipher.open(self._nobodys, context=_NOBODYS)
            return None
        return Mobile(self._cipher.open(row[1], context=f"party_identifier.sealed:{row[0]}"))

    def person(self, tx: Transaction, party_id: str) -> Person:
        return self._person(party_id, tx.all(_PERSON, party=party_id))

    def ask_person(
        self, tx: Transaction, question: Statement[_PersonRow], **parameters: Any
    ) -> Callable[[], Person | None]:
        """The person of a `person_where` of the caller's, in the round trip of whatever follows; None: nobody."""
        rows = tx.ask(question, **parameters)

        def answer() -> Person | None:
            found = rows()
            return self._person(found[0].party_id, found) if found else None

        return answer

    def _person(self, party_id: str, rows: Iterable[_PersonRow]) -> Person:
        mobile, user_name, claims, updated_at, created_at = None, None, {}, None, 0
        documents: list[Identity] = []
        for row in rows:
            if row.kind == "party":
                created_at = row.at or 0
            elif row.kind == "profile":
                claims = orjson.loads(self._cipher.open(row.sealed, context=f"profile.sealed:{party_id}"))
                updated_at = row.at
            elif row.kind in _DOCUMENT_TYPES:
                documents.append(self._identity(row))
            else:
                value = self._cipher.open(row.sealed, context=f"party_identifier.sealed:{row.id}")
                mobile = Mobile(value) if row.kind == Kind.MOBILE else mobile
                user_name = UserName(value) if row.kind == Kind.USER_NAME else user_name
        identity = max(documents, key=lambda one: one.verified_at, default=None)
        return Person(party_id, mobile, user_name, claims, updated_at, created_at, identity, tuple(documents))

    def set_profile(self, tx: Transaction, party_id: str, claims: Mapping[str, Any], *, now: int) -> None:
        sealed = self._cipher.seal(orjson.dumps(claims).decode(), context=f"profile.sealed:{party_id}")
        tx.run(_SET_PROFILE, party=party_id, sealed=sealed, now=now)
