"""Sealing the fields of credentials anew under the first key of the ring.

Always true: it can be stopped at any moment and run again; a row is never without a key that opens it.
"""

from typing import Any

from idp.crypto.fields import FieldCipher
from idp.db import Database, Statement

_BATCH = 200
_COLUMNS = (  # table, column that names the row, sealed column, its context
    ("totp", "party_id", "sealed", "totp.sealed"),
    ("totp", "party_id", "pending", "totp.sealed"),
    ("recovery_code", "id", "sealed", "recovery_code.sealed"),
    ("passkey", "id", "name", "passkey.name"),
)


def rotate_credentials(database: Database, cipher: FieldCipher) -> int:
    """Bring every sealed field of credentials under the current key; the number of fields changed."""
    return sum(_rotate(database, cipher, *column) for column in _COLUMNS)


def _rotate(database: Database, cipher: FieldCipher, table: str, key: str, column: str, context: str) -> int:
    read = Statement[tuple[str, bytes]](
        f"SELECT {key}, {column} FROM {table} WHERE {column} IS NOT NULL AND {key} > :after"
        f" ORDER BY {key} LIMIT :limit"
    )
    write = Statement[Any](f"UPDATE {table} SET {column} = :sealed WHERE {key} = :key AND {column} = :before")
    changed, after = 0, ""
    while True:
        with database.transaction() as tx:
            rows = tx.all(read, after=after, limit=_BATCH)
            for row, blob in rows:
                if cipher.needs_rotation(blob):
                    place = f"{context}:{row}"
                    sealed = cipher.seal(cipher.open(blob, context=place), context=place)
                    changed += tx.run(write, key=row, sealed=sealed, before=blob)
        if not rows:
            return changed
        after = rows[-1][0]
