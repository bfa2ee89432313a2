"""Recognising a person who closed their account and proves themselves again in a new one.

Always true: an anchor leads from a document's number to the newest account of its person, and back to no number; it
is taken over from a closed account by one other, once.
"""

from typing import Any

from idp.accounts.documents import Document
from idp.accounts.rules import Kind
from idp.crypto.fields import BlindIndex
from idp.crypto.rings import Ring, RingKey
from idp.db import Statement, Transaction

_LASTING = frozenset({Kind.ID_NUMBER, Kind.TRAVEL_PERMIT})
"""Numbers given to one person, for good. Passports change theirs, and two countries may give out the same."""
_JOIN = Statement[Any](
    "INSERT INTO person_anchor (anchor, party_id) VALUES (:anchor, :party) ON CONFLICT (anchor) DO NOTHING"
)
_CLOSED = Statement(
    "SELECT a.party_id FROM person_anchor a JOIN party p ON p.id = a.party_id"
    " WHERE a.anchor = :anchor AND p.status = 'closed'",
    str,
)
_TAKE = Statement[Any]("UPDATE person_anchor SET party_id = :party WHERE party_id = :closed")


class Anchors:
    """``key``: 32 bytes that stay for the life of the installation: what they were used on is erased, so nothing
    could be computed anew under another (docs/adr/0012).
    """

    def __init__(self, key: bytes) -> None:
        self._index = BlindIndex(Ring((RingKey("anchor", key),)))

    def join(self, tx: Transaction, party_id: str, document: Document) -> str | None:
        """Note that ``party_id`` holds ``document``; the closed account whose person this is, for whoever is first.

        The caller holds the account, which alone has the number. All anchors of the closed account move over.
        """
        if document.kind not in _LASTING:
            return None
        anchor = self._index.current(document.kind, document.value)
        if tx.run(_JOIN, anchor=anchor, party=party_id):
            return None
        closed = tx.one(_CLOSED, anchor=anchor)
        return closed if closed and tx.run(_TAKE, party=party_id, closed=closed) else None
