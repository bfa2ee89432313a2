"""The mandates a person gave and holds, for the file of their data.

Always true: the other party is named as the text of the mandate names them, which both have read.
"""

from typing import Any, NamedTuple

from idp.db import Statement, Transaction
from idp.mandates import reading
from idp.mandates.actions import Granting
from idp.mandates.scopes import Scope

_MOST = 1000
"""Of each kind of row; the newest."""


class _Row(NamedTuple):
    id: str
    principal_id: str


class _Signature(NamedTuple):
    mandate_id: str
    side: str
    method: str
    signed_at: int
    signature_id: str | None
    """Of the text that a certificate signed, which the file has among its signatures."""


class _Use(NamedTuple):
    mandate_id: str
    client_id: str
    what: str
    service: str | None
    region: str | None
    used_at: int


_MANDATES = Statement(
    "SELECT id, principal_id FROM mandate WHERE principal_id = :party OR agent_id = :party"
    " ORDER BY created_at DESC, id LIMIT :most",
    _Row,
)
_SIGNATURES = Statement(
    f"SELECT {', '.join(_Signature._fields)} FROM mandate_signature WHERE person_id = :party"
    " ORDER BY signed_at DESC, id LIMIT :most",
    _Signature,
)
_USES = Statement(
    f"SELECT {', '.join(_Use._fields)} FROM mandate_use WHERE person_id = :party OR represented_id = :party"
    " ORDER BY used_at DESC, id LIMIT :most",
    _Use,
)


class MandateExport:
    """One part of the file: mandates, what the person signed, and every use by or for them."""

    def __init__(self, granting: Granting) -> None:
        self._granting = granting

    def __call__(self, tx: Transaction, party_id: str) -> tuple[str, Any]:
        return "mandates", {
            "given_and_held": [
                self._told(tx, row, party_id) for row in tx.all(_MANDATES, party=party_id, most=_MOST)
            ],
            "signatures": [row._asdict() for row in tx.all(_SIGNATURES, party=party_id, most=_MOST)],
            "uses": [row._asdict() for row in tx.all(_USES, party=party_id, most=_MOST)],
        }

    def _told(self, tx: Transaction, row: _Row, party_id: str) -> dict[str, Any]:
        mandate, kept = reading.find(tx, row.id), reading.particulars(tx, row.id)
        assert mandate is not None and kept is not None  # noqa: S101, PT018 - read in this transaction
        scope: Scope = mandate.scope
        return {
            "id": mandate.id,
            "side": "principal" if row.principal_id == party_id else "agent",
            "kind": mandate.kind,
            "theme": mandate.theme,
            "scope": scope.declaration(),
            "state": mandate.state,
            "created_at": kept.created_at,
            "valid_from_at": mandate.valid_from,
            "valid_until_at": mandate.valid_to,
            "ended_at": kept.ended_at,
            "end_reason": kept.end_reason,
            "text": self._granting.opened(mandate.id, kept)["text"],
        }
