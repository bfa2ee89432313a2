"""Sealing and indexing stored fields anew, row by row.

Always true: it can be stopped at any moment and run again; a row is never without a key that opens it.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from idp.crypto.fields import BlindIndex, FieldCipher
from idp.crypto.resealing import reseal_column
from idp.db import Database, Statement

_BATCH = 200


class _Identifier(NamedTuple):
    id: str
    kind: str
    sealed: bytes
    blind: bytes


_IDENTIFIERS = Statement(
    "SELECT id, kind, sealed, blind FROM party_identifier WHERE id > :after ORDER BY id LIMIT :limit", _Identifier
)
_SET_IDENTIFIER = Statement[Any](
    "UPDATE party_identifier SET sealed = :sealed, blind = :blind WHERE id = :id AND sealed = :before"
)
_SEALED = (("profile", "party_id"), ("identity_document", "id"), ("legal_entity", "party_id"))
"""Tables with a column ``sealed``, and what names their rows."""


def rotate_accounts(
    database: Database, cipher: FieldCipher, index: BlindIndex, *, progress: Callable[[str], None]
) -> int:
    """Bring everything sealed of parties under the current keys; the number of rows changed."""
    changed = _rotate_identifiers(database, cipher, index, progress)
    return changed + sum(reseal_column(database, cipher, table, "sealed", key=key) for table, key in _SEALED)


def _rotate_identifiers(
    database: Database, cipher: FieldCipher, index: BlindIndex, progress: Callable[[str], None]
) -> int:
    changed, seen, after = 0, 0, ""
    while True:
        with database.transaction() as tx:
            rows = tx.all(_IDENTIFIERS, after=after, limit=_BATCH)
            for row in rows:
                context = f"party_identifier.sealed:{row.id}"
                value = cipher.open(row.sealed, context=context)
                blind = index.current(row.kind, value)
                if cipher.needs_rotation(row.sealed) or blind != bytes(row.blind):
                    sealed = cipher.seal(value, context=context)
                    changed += tx.run(_SET_IDENTIFIER, id=row.id, sealed=sealed, blind=blind, before=row.sealed)
        if not rows:
            return changed
        seen, after = seen + len(rows), rows[-1].id
        progress(f"{seen} identifiers looked at")
