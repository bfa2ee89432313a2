"""How long what is written of ended mandates is kept (docs/mandates.md).

Always true: of a living mandate nothing goes; of an ended one the number it was addressed to goes at once, its text
with the years, and its row, signatures and history stay.
"""

from typing import Any

from idp.crypto.fields import FieldCipher
from idp.db import Database, Statement
from idp.mandates.leaving import shorten

_BATCH = 200
_ENDED = Statement[tuple[str, bytes]](
    "SELECT id, sealed FROM mandate WHERE ended_at IS NOT NULL AND addressee_blind IS NOT NULL AND sealed IS NOT NULL"
    " ORDER BY ended_at LIMIT :most"
)
_FORGET = Statement[Any](
    "UPDATE mandate SET sealed = NULL, addressee_blind = NULL WHERE id IN (SELECT id FROM mandate"
    " WHERE ended_at < :before AND sealed IS NOT NULL ORDER BY ended_at LIMIT :most)"
)


class Keeping:
    """Run by the worker; several may. ``kept``: seconds after its end for which a text is kept."""

    def __init__(self, database: Database, cipher: FieldCipher, *, kept: int) -> None:
        self._database = database
        self._cipher = cipher
        self._kept = kept

    def run_due(self, now: int) -> None:
        while self._shorten():
            pass
        while True:
            with self._database.transaction() as tx:
                if tx.run(_FORGET, before=now - self._kept, most=_BATCH) < _BATCH:
                    return

    def _shorten(self) -> bool:
        """A batch; whether there may be more."""
        with self._database.transaction() as tx:
            rows = tx.all(_ENDED, most=_BATCH)
            done = sum(shorten(tx, self._cipher, mandate_id, sealed) for mandate_id, sealed in rows)
        return done == _BATCH
