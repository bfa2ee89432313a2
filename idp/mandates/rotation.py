"""Sealing what mandates hold anew, and indexing anew whom they are addressed to, row by row.

Always true: it can be stopped at any moment and run again; what changes meanwhile is left to who changed it.
"""

from typing import Any, NamedTuple

import orjson

from idp.crypto.fields import BlindIndex, FieldCipher
from idp.db import Database, Statement, Transaction
from idp.mandates.addressing import read_addressee
from idp.mandates.reading import sealed_at

_BATCH = 200


class _Row(NamedTuple):
    id: str
    sealed: bytes
    blind: bytes | None


_ROWS = Statement(
    "SELECT id, sealed, addressee_blind FROM mandate WHERE sealed IS NOT NULL AND id > :after ORDER BY id"
    " LIMIT :limit",
    _Row,
)
_SET = Statement[Any](
    "UPDATE mandate SET sealed = :sealed, addressee_blind = :blind WHERE id = :id AND sealed = :before"
)


def rotate_mandates(database: Database, cipher: FieldCipher, index: BlindIndex) -> int:
    """Bring what is sealed and indexed of mandates under the current keys; the number of rows changed."""
    changed, after = 0, ""
    while True:
        with database.transaction() as tx:
            rows = tx.all(_ROWS, after=after, limit=_BATCH)
            changed += sum(_rotate(tx, cipher, index, row) for row in rows)
        if not rows:
            return changed
        after = rows[-1].id


def _rotate(tx: Transaction, cipher: FieldCipher, index: BlindIndex, row: _Row) -> int:
    text, blind = cipher.open(row.sealed, context=sealed_at(row.id)), row.blind
    if blind is not None:
        number = read_addressee(orjson.loads(text)["addressee"]).number
        blind = index.current(number.kind, number.value)
        if blind == row.blind and not cipher.needs_rotation(row.sealed):
            return 0
    elif not cipher.needs_rotation(row.sealed):
        return 0
    sealed = cipher.seal(text, context=sealed_at(row.id))
    return tx.run(_SET, id=row.id, sealed=sealed, blind=blind, before=row.sealed)
