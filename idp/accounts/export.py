"""What the account itself holds about its person, in clear, for the file of their data.

Always true: no blind index and no seal is in it.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from idp.accounts import closing
from idp.accounts.acceptances import acceptances
from idp.accounts.rules import PartyEventKind
from idp.crypto.fields import FieldCipher
from idp.db import Statement, Transaction


class _Identifier(NamedTuple):
    id: str
    kind: str
    sealed: bytes
    verified_at: int | None
    created_at: int


class _Document(NamedTuple):
    id: str
    type: str
    sealed: bytes
    valid_from: int | None
    valid_to: int | None
    verified_at: int
    source: str
    ended_at: int | None


class _Profile(NamedTuple):
    sealed: bytes
    updated_at: int


_PARTY = Statement[tuple[str, str, int]]("SELECT kind, status, created_at FROM party WHERE id = :party")
_IDENTIFIERS = Statement(
    "SELECT id, kind, sealed, verified_at, created_at FROM party_identifier WHERE party_id = :party ORDER BY id",
    _Identifier,
)
_DOCUMENTS = Statement(
    "SELECT id, type, sealed, valid_from, valid_to, verified_at, source, ended_at FROM identity_document"
    " WHERE party_id = :party ORDER BY verified_at, id",
    _Document,
)
_PROFILE = Statement("SELECT sealed, updated_at FROM profile WHERE party_id = :party", _Profile)
_SUBJECTS = Statement[tuple[str, str]](
    "SELECT sector, sub FROM pairwise_subject WHERE party_id = :party ORDER BY sector"
)
_MERGED = Statement(
    "SELECT detail FROM party_event WHERE party_id = :party AND kind = :kind ORDER BY created_at, id", str
)

Part = tuple[str, Any]


class AccountExport:
    """The parts of the file, each under its name."""

    def __init__(self, cipher: FieldCipher) -> None:
        self._cipher = cipher

    def account(self, tx: Transaction, party_id: str) -> Part:
        kind, status, created_at = tx.all(_PARTY, party=party_id)[0]
        asked = closing.find(tx, party_id)
        closes_at = asked.closes_at if asked else None
        return "account", {"id": party_id, "kind": kind, "status": status, "created_at": created_at,
                           "closes_at": closes_at}  # fmt: skip

    def identifiers(self, tx: Transaction, party_id: str) -> Part:
        return "identifiers", [self._identifier(row) for row in tx.all(_IDENTIFIERS, party=party_id)]

    def _identifier(self, row: _Identifier) -> Mapping[str, Any]:
        value = self._cipher.open(row.sealed, context=f"party_identifier.sealed:{row.id}")
        return {"kind": row.kind, "value": value, "verified_at": row.verified_at, "created_at": row.created_at}

    def documents(self, tx: Transaction, party_id: str) -> Part:
        """What showed who the person is; earlier ones with their end."""
        return "documents", [self._document(row) for row in tx.all(_DOCUMENTS, party=party_id)]

    def _document(self, row: _Document) -> Mapping[str, Any]:
        told = orjson.loads(self._cipher.open(row.sealed, context=f"identity_document.sealed:{row.id}"))
        return {
            "type": row.type,
            **told,
            "source": row.source,
            "verified_at": row.verified_at,
            "valid_from_at": row.valid_from,
            "valid_until_at": row.valid_to,
            "replaced_at": row.ended_at,
        }

    def profile(self, tx: Transaction, party_id: str) -> Part:
        """The OpenID standard claims as they are held."""
        row = tx.one(_PROFILE, party=party_id)
        if row is None:
            return "profile", None
        claims = orjson.loads(self._cipher.open(row.sealed, context=f"profile.sealed:{party_id}"))
        return "profile", {"claims": claims, "updated_at": row.updated_at}

    def agreements(self, tx: Transaction, party_id: str) -> Part:
        return "agreements", [row._asdict() for row in acceptances(tx, party_id)]

    def subjects(self, tx: Transaction, party_id: str) -> Part:
        """What the departments of each sector know the person by; ``replaces``: in accounts closed before."""
        merged = [
            orjson.loads(detail) for detail in tx.all(_MERGED, party=party_id, kind=PartyEventKind.SUBJECT_MERGED)
        ]
        return "subjects", [
            {"sector": sector, "sub": sub, "replaces": [one["old_sub"] for one in merged if one["sector"] == sector]}
            for sector, sub in tx.all(_SUBJECTS, party=party_id)
        ]
