"""How every link of a client stands: told, waiting, or why not.

Always true: what is called linked here is what `Links` tells, as far as one line shows it.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import orjson

from idp.accounts.names import PersonName
from idp.crypto.fields import FieldCipher
from idp.db import Statement, Transaction
from idp.mapping.actions import Links
from idp.mapping.rules import LEAST_IAL, Fault, Standing

_BATCH = 500


class Found(NamedTuple):
    """Something about one line, without a word of it."""

    seq: int
    line: int
    what: Fault | Standing


class _Surveyed(NamedTuple):
    """``shared``: whether a line gives the local id to somebody else, ``several``: this person another local id."""

    id: str
    seq: int
    line: int
    sealed: bytes
    shared: bool
    several: bool
    ended_at: int | None
    document_id: str | None
    document: bytes | None
    looked_at: bool


# Whose a line is may show by another document than that of the line beside it.
_SURVEY = Statement(
    "SELECT l.id, l.seq, l.line, l.sealed,"
    " EXISTS (SELECT 1 FROM account_link o WHERE o.client_id = l.client_id AND o.local = l.local AND o.id <> l.id"
    "  AND NOT EXISTS (SELECT 1 FROM party_identifier p"
    "   WHERE p.kind = o.kind AND p.blind = o.blind AND p.party_id = i.party_id)),"
    " EXISTS (SELECT 1 FROM account_link o WHERE o.client_id = l.client_id AND o.kind = l.kind AND o.blind = l.blind"
    "  AND o.id <> l.id)"
    " OR EXISTS (SELECT 1 FROM party_identifier p JOIN account_link o ON o.kind = p.kind AND o.blind = p.blind"
    "  WHERE p.party_id = i.party_id AND o.client_id = l.client_id AND o.local <> l.local),"
    " f.ended_at, d.id, d.sealed,"
    " EXISTS (SELECT 1 FROM evidence e"
    "  WHERE e.party_id = i.party_id AND e.level >= :least AND e.ended_at IS NULL)"
    " FROM account_link l JOIN link_import f ON f.client_id = l.client_id AND f.seq = l.seq"
    " LEFT JOIN party_identifier i ON i.kind = l.kind AND i.blind = l.blind"
    " LEFT JOIN identity_document d ON d.party_id = i.party_id AND d.kind = i.kind AND d.ended_at IS NULL"
    " WHERE l.client_id = :client AND l.seq >= :since AND l.id > :after ORDER BY l.id LIMIT :limit",
    _Surveyed,
)
_AT_FAULT = frozenset({Standing.NAME_DIFFERS, Standing.SHARED, Standing.SEVERAL})
"""What the department has to correct in its file."""


@dataclass(frozen=True, slots=True)
class Survey:
    """``say`` hears of lines that will not count as they are."""

    links: Links
    cipher: FieldCipher
    say: Callable[[Found], None]

    def of(self, tx: Transaction, client_id: str, *, since: int = 0) -> Counter[Standing]:
        """How the client's links stand, those of imports from ``since`` on."""
        standing: Counter[Standing] = Counter()
        after = ""
        while rows := tx.all(_SURVEY, client=client_id, since=since, after=after, least=LEAST_IAL, limit=_BATCH):
            for row in rows:
                how = self._standing(row)
                standing[how] += 1
                if how in _AT_FAULT:
                    self.say(Found(row.seq, row.line, how))
            after = rows[-1].id
        return standing

    def _standing(self, row: _Surveyed) -> Standing:
        if row.shared:
            return Standing.SHARED
        if row.several:
            return Standing.SEVERAL
        if row.ended_at is None:
            return Standing.UNFINISHED
        if row.document_id is None or row.document is None:
            return Standing.WAITING
        told = orjson.loads(self.cipher.open(row.document, context=f"identity_document.sealed:{row.document_id}"))
        if PersonName(told["name"]).key != self.links.open(row.id, row.sealed).name.key:
            return Standing.NAME_DIFFERS
        return Standing.LINKED if row.looked_at else Standing.WAITING
