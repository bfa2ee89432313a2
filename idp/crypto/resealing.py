"""Bringing a sealed column under the first key of the ring, row by row.

Always true: it can be stopped at any moment and run again; what changes meanwhile is left to who changed it.
"""

from typing import Any

from idp.crypto.fields import FieldCipher
from idp.db import Database, Statement

_BATCH = 200


def reseal_column(
    database: Database,
    cipher: FieldCipher,
    table: str,
    column: str,
    *,
    key: str = "id",
    context: str | None = None,
    where: str = "1 = 1",
    batch: int | None = None,
) -> int:
    """How many rows were sealed anew, ``batch`` in a transaction (fields are small: two hundred if not given).

    ``key`` names the row, and its value the row's place in the context ``<context>:<key>``; ``context`` is
    ``<table>.<column>`` if not given. ``where``: which rows are worth it, in SQL.
    """
    read = Statement[tuple[str, bytes]](
        f"SELECT {key}, {column} FROM {table} WHERE {column} IS NOT NULL AND {where} AND {key} > :after"
        f" ORDER BY {key} LIMIT :limit"
    )
    write = Statement[Any](f"UPDATE {table} SET {column} = :sealed WHERE {key} = :key AND {column} = :before")
    changed, after = 0, ""
    while True:
        with database.transaction() as tx:
            rows = tx.all(read, after=after, limit=batch or _BATCH)
            for row, blob in rows:
                if cipher.needs_rotation(blob):
                    place = f"{context or f'{table}.{column}'}:{row}"
                    sealed = cipher.seal_bytes(cipher.open_bytes(blob, context=place), context=place)
                    changed += tx.run(write, key=row, sealed=sealed, before=blob)
        if not rows:
            return changed
        after = rows[-1][0]
