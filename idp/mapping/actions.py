"""Links between an app's earlier accounts and people: told to the app, shown to their person, forgotten, re-keyed.

Always true: a link counts for who holds the document in the line's name and was looked at, if no other line speaks of
that local id or that person.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from idp.accounts.actions import Directory, Identity, Person
from idp.accounts.documents import Document, DocumentType, stored_document
from idp.accounts.names import PersonName
from idp.crypto.fields import BlindIndex, FieldCipher
from idp.db import Database, Statement, Transaction
from idp.mapping.rules import LEAST_IAL, Line
from idp.proofing.actions import proofs_of

_BATCH = 200
_MOST = 3
"""Documents a person may have at once: one of each kind (`idp.accounts.rules.Kind`)."""


class _Row(NamedTuple):
    id: str
    client_id: str
    sealed: bytes
    created_at: int
    ended_at: int | None
    """Of the import that says so last."""


class _Stored(NamedTuple):
    id: str
    client_id: str
    kind: str
    local: bytes
    blind: bytes
    sealed: bytes


class Link(NamedTuple):
    """What a person is told of one."""

    client_id: str
    local_id: str
    created_at: int


# A blind belongs to its kind, so the two lists cannot meet crosswise.
_THEIRS = "kind IN (:k0, :k1, :k2) AND blind IN (:a0, :b0, :a1, :b1, :a2, :b2)"
_ROWS = (
    "SELECT l.id, l.client_id, l.sealed, l.created_at, f.ended_at FROM account_link l"
    " JOIN link_import f ON f.client_id = l.client_id AND f.seq = l.seq"
)
_OF_PERSON = Statement(f"{_ROWS} WHERE {_THEIRS} ORDER BY l.created_at, l.id", _Row)
_AT_CLIENT = Statement(f"{_ROWS} WHERE l.client_id = :client AND {_THEIRS} LIMIT 9", _Row)
_OTHERS = Statement(
    f"SELECT COUNT(*) FROM account_link WHERE client_id = :client AND local IN (:l0, :l1) AND NOT ({_THEIRS})", int
)
_FORGET = Statement[Any]("DELETE FROM account_link WHERE client_id = :client AND local IN (:l0, :l1)")
_PAGE = Statement(
    f"SELECT {', '.join(_Stored._fields)} FROM account_link WHERE id > :after ORDER BY id LIMIT :limit", _Stored
)
# Who imports while index keys rotate may have written the same line under the new key already.
_DROP_TWIN = Statement[Any](
    "DELETE FROM account_link WHERE client_id = :client AND local = :local AND kind = :kind AND blind = :blind"
    " AND id <> :id"
)
_REKEY = Statement[Any](
    "UPDATE account_link SET local = :local, blind = :blind, sealed = :sealed WHERE id = :id AND sealed = :before"
)


class Links:
    """The links, with the keys that open and find them."""

    def __init__(self, cipher: FieldCipher, index: BlindIndex, directory: Directory) -> None:
        self._cipher = cipher
        self._index = index
        self._directory = directory

    def local_id(self, tx: Transaction, client_id: str, person: Person, *, ial: int) -> str | None:
        """The account this client kept of this person of level ``ial``, if it is certain whose it is."""
        if ial < LEAST_IAL or not person.documents:
            return None
        theirs = self._of([identity.document for identity in person.documents])
        return self._certain(tx, theirs, tx.all(_AT_CLIENT, client=client_id, **theirs), person.documents)

    def of_person(self, tx: Transaction, party_id: str) -> list[Link]:
        """What clients would be told of this person, oldest first; a proof that has run out was one all the same."""
        looked_at = any(proof.level >= LEAST_IAL for proof in proofs_of(tx, party_id))
        documents = self._directory.person(tx, party_id).documents if looked_at else ()
        if not documents:
            return []
        theirs = self._of([identity.document for identity in documents])
        rows: dict[str, list[_Row]] = {}
        for row in tx.all(_OF_PERSON, **theirs):
            rows.setdefault(row.client_id, []).append(row)
        found = [(held[0], self._certain(tx, theirs, held, documents)) for held in rows.values()]
        return [Link(row.client_id, local_id, row.created_at) for row, local_id in found if local_id is not None]

    def export(self, tx: Transaction, party_id: str) -> tuple[str, Any]:
        """The part of the file of one's data."""
        return "earlier_accounts", [row._asdict() for row in self.of_person(tx, party_id)]

    def erase(self, tx: Transaction, party_id: str, *, now: int) -> None:  # noqa: ARG002 - what every eraser is given
        """The person's account closes: nobody is told of them any more. Comes before their documents are forgotten.

        What contradicted their links goes as well, or it would count from now on.
        """
        held = [identity.document for identity in self._directory.person(tx, party_id).documents]
        for document in (*held, *self._directory.replaced(tx, party_id)):
            for row in tx.all(_OF_PERSON, **self._of([document])):
                local = self.locals_of(row.client_id, self.open(row.id, row.sealed).local_id)
                tx.run(_FORGET, client=row.client_id, l0=local[0], l1=local[-1])

    def seal(self, key: str, line: Line) -> bytes:
        told = [line.local_id, line.name.value, line.document.type, line.document.value]
        return self._cipher.seal(orjson.dumps(told).decode(), context=_context(key))

    def open(self, key: str, sealed: bytes) -> Line:
        local_id, name, kind, number = orjson.loads(self._cipher.open(sealed, context=_context(key)))
        return Line(local_id, PersonName(name), stored_document(DocumentType(kind), number))

    def locals_of(self, client_id: str, local_id: str) -> tuple[bytes, ...]:
        """The blind indexes of a local id, the current first."""
        return self._index.candidates("local_id", f"{client_id}\n{local_id}")

    def digests_of(self, digest: str) -> tuple[str, ...]:
        """What a file of that digest is known by, keyed and in hex, the current first."""
        return tuple(blind.hex() for blind in self._index.candidates("link_file", digest))

    def blinds_of(self, document: Document) -> tuple[bytes, ...]:
        """The same of a document: as those of `PartyIdentifier`, by which its holder is found."""
        return self._index.candidates(document.kind, document.value)

    def _of(self, documents: Sequence[Document]) -> dict[str, Any]:
        """The parameters of `_THEIRS`."""
        asked: dict[str, Any] = {}
        for place in range(_MOST):
            held = documents[place] if place < len(documents) else None
            blinds = self.blinds_of(held) if held else (b"",)
            asked |= {f"k{place}": held.kind if held else "", f"a{place}": blinds[0], f"b{place}": blinds[-1]}
        return asked

    def _certain(
        self, tx: Transaction, theirs: dict[str, Any], rows: Sequence[_Row], documents: Sequence[Identity]
    ) -> str | None:
        """The one local id that all ``rows`` of a client name, unless it is said to be somebody else's, too.

        What stands only in a file that is being read may be contradicted further down in it.
        """
        if all(row.ended_at is None for row in rows):
            return None
        lines = [self.open(row.id, row.sealed) for row in rows]
        names = {identity.document: identity.name.key for identity in documents}
        if len({line.local_id for line in lines}) != 1:
            return None
        if any(names.get(line.document) != line.name.key for line in lines):
            return None
        local = self.locals_of(rows[0].client_id, lines[0].local_id)
        others = tx.one(_OTHERS, client=rows[0].client_id, l0=local[0], l1=local[-1], **theirs)
        return None if others else lines[0].local_id

    def rotate(self, database: Database) -> int:
        """Bring the links under the current keys; how many were changed. It can be stopped and run again."""
        changed, after = 0, ""
        while True:
            with database.transaction() as tx:
                rows = tx.all(_PAGE, after=after, limit=_BATCH)
                changed += sum(self._rotated(tx, row) for row in rows)
            if not rows:
                return changed
            after = rows[-1].id

    def _rotated(self, tx: Transaction, row: _Stored) -> int:
        line = self.open(row.id, row.sealed)
        local, blind = self.locals_of(row.client_id, line.local_id)[0], self.blinds_of(line.document)[0]
        moved = (local, blind) != (bytes(row.local), bytes(row.blind))
        if not moved and not self._cipher.needs_rotation(row.sealed):
            return 0
        if moved:
            tx.run(_DROP_TWIN, client=row.client_id, local=local, kind=row.kind, blind=blind, id=row.id)
        sealed = self.seal(row.id, line)
        return tx.run(_REKEY, id=row.id, local=local, blind=blind, sealed=sealed, before=row.sealed)


def _context(key: str) -> str:
    return f"account_link.sealed:{key}"
