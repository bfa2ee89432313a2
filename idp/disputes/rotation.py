"""Sealing the texts of disputes anew, row by row.

Always true: it can be stopped at any moment and run again; a text is never without a key that opens it.
"""

from typing import Any

from idp.crypto.fields import FieldCipher
from idp.db import Database, Statement

_SEALED = Statement[tuple[str, bytes | None, bytes | None]](
    "SELECT id, text, answer FROM dispute WHERE id > :after AND text IS NOT NULL ORDER BY id LIMIT 200"
)
_RESEAL: dict[str, Statement[Any]] = {
    column: Statement(f"UPDATE dispute SET {column} = :sealed WHERE id = :id AND {column} = :before")
    for column in ("text", "answer")
}


def reseal_disputes(database: Database, cipher: FieldCipher) -> int:
    """Bring every text under the current key, two hundred disputes at a time; how many texts were changed."""
    changed, after = 0, ""
    while True:
        with database.transaction() as tx:
            rows = tx.all(_SEALED, after=after)
            for key, text, answer in rows:
                for column, blob in (("text", text), ("answer", answer)):
                    if blob and cipher.needs_rotation(blob):
                        context = f"dispute.{column}:{key}"
                        sealed = cipher.seal(cipher.open(blob, context=context), context=context)
                        changed += tx.run(_RESEAL[column], id=key, sealed=sealed, before=blob)
        if not rows:
            return changed
        after = rows[-1][0]
