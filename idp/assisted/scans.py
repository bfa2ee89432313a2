"""The picture of the 代办委托书 that a citizen has signed.

Always true: there is one in a case, sealed, with the hash of its bytes in the case's history; a new one takes the
place of the one before only until the case is authorised.
"""

import hashlib
from typing import Any, NamedTuple

from idp.crypto.fields import FieldCipher
from idp.crypto.tokens import new_id
from idp.db import Statement, Transaction


class Scan(NamedTuple):
    """``hash``: SHA-256 of the picture, ``text_hash``: of the text that was signed."""

    id: str
    hash: str
    text_hash: str
    brought_by: str
    brought_at: int


_DROP = Statement[Any]("DELETE FROM assisted_scan WHERE case_id = :case")
_ADD = Statement[Any](
    "INSERT INTO assisted_scan (id, case_id, hash, text_hash, sealed, brought_by, brought_at)"
    " VALUES (:id, :case, :hash, :text_hash, :sealed, :by, :now)"
)
_FIND = Statement(f"SELECT {', '.join(Scan._fields)} FROM assisted_scan WHERE case_id = :case", Scan)


class Scans:
    def __init__(self, cipher: FieldCipher) -> None:
        self._cipher = cipher

    def keep(self, tx: Transaction, case_id: str, picture: bytes, *, text_hash: str, by: str, now: int) -> Scan:
        """The caller holds the case."""
        scan = Scan(new_id("ass"), hashlib.sha256(picture).hexdigest(), text_hash, by, now)
        tx.run(_DROP, case=case_id)
        tx.run(
            _ADD,
            id=scan.id,
            case=case_id,
            hash=scan.hash,
            text_hash=text_hash,
            sealed=self._cipher.seal_bytes(picture, context=f"assisted_scan.sealed:{scan.id}"),
            by=by,
            now=now,
        )
        return scan


def find(tx: Transaction, case_id: str) -> Scan | None:
    return tx.one(_FIND, case=case_id)
