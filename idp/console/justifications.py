"""Why an operator looked at somebody, or did something to them.

Always true: a reason is written before the look or in the transaction of the act it explains; the audit record names
it by its id, because what people write may be personal.
"""

from typing import Any, NamedTuple

import orjson

from idp.console.rules import LOOK_LIFETIME
from idp.crypto.fields import FieldCipher
from idp.crypto.resealing import reseal_column
from idp.crypto.tokens import new_id
from idp.db import Database, Statement, Transaction

LOOK = "look"
_ADD = Statement[Any](
    "INSERT INTO justification (id, operator, subject, act, sealed, created_at)"
    " VALUES (:id, :operator, :subject, :act, :sealed, :now)"
)
_STANDING = Statement(
    "SELECT id FROM justification WHERE operator = :operator AND subject = :subject AND act = :act"
    " AND created_at > :after ORDER BY created_at DESC, id DESC LIMIT 1",
    str,
)
_READ = Statement("SELECT sealed FROM justification WHERE id = :id", bytes)
_PURGE = Statement[Any]("DELETE FROM justification WHERE created_at < :before")
_ALL = Statement[tuple[str, bytes]]("SELECT id, sealed FROM justification WHERE id > :after ORDER BY id LIMIT 200")
_RESEAL = Statement[int]("UPDATE justification SET sealed = :sealed WHERE id = :id AND sealed = :before", int)


class Justification(NamedTuple):
    text: str
    ticket: str


class Justifications:
    """The reasons, with the key that opens them."""

    def __init__(self, cipher: FieldCipher) -> None:
        self._cipher = cipher

    def add(
        self, tx: Transaction, why: Justification, *, operator: str, subject: str | None, act: str, now: int
    ) -> str:
        """Its id."""
        key = new_id("jst")
        sealed = self._cipher.seal(orjson.dumps(why._asdict()).decode(), context=_context(key))
        tx.run(_ADD, id=key, operator=operator, subject=subject, act=act, sealed=sealed, now=now)
        return key

    def read(self, tx: Transaction, key: str) -> Justification | None:
        sealed = tx.one(_READ, id=key)
        if sealed is None:
            return None
        return Justification(**orjson.loads(self._cipher.open(sealed, context=_context(key))))


def standing(tx: Transaction, *, operator: str, subject: str, now: int) -> str | None:
    """The reason this operator gave, at most half an hour ago, for looking at this person."""
    return tx.one(_STANDING, operator=operator, subject=subject, act=LOOK, after=now - LOOK_LIFETIME)


def purge(tx: Transaction, *, before: int) -> None:
    tx.run(_PURGE, before=before)


def reseal_justifications(database: Database, cipher: FieldCipher) -> int:
    """Bring reasons under the current key; the number changed."""
    return reseal_column(database, cipher, "justification", "sealed")


def _context(key: str) -> str:
    return f"justification.sealed:{key}"
