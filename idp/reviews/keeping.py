"""Photos as they are kept: one for each side of a journey, until their time is over.

Always true: a photo stands sealed in its own row, and one whose time is over is not there any more.
"""

import hashlib
from typing import Any, NamedTuple

from idp.audit import Event, record
from idp.crypto.fields import FieldCipher
from idp.crypto.resealing import reseal_column
from idp.db import Database, Statement, Transaction
from idp.reviews.rules import Side, digest_of


class _Photo(NamedTuple):
    id: str
    sealed: bytes


_PUT = Statement[Any](
    "INSERT INTO photo (id, journey, party_id, side, sealed, digest, created_at, purge_at)"
    " VALUES (:id, :journey, :party, :side, :sealed, :digest, :now, :purge_at)"
    " ON CONFLICT (id) DO UPDATE SET sealed = excluded.sealed, digest = excluded.digest,"
    " created_at = excluded.created_at, purge_at = excluded.purge_at"
)
_READ = Statement("SELECT id, sealed FROM photo WHERE id = :id AND purge_at > :now", _Photo)
_DIGESTS = Statement[tuple[str, str]]("SELECT side, digest FROM photo WHERE journey = :journey AND purge_at > :now")
_KEEP = Statement[Any]("UPDATE photo SET purge_at = :purge_at WHERE journey = :journey AND purge_at > :now")
_DROP = Statement[Any]("DELETE FROM photo WHERE journey = :journey")
# One set of photos that nobody has filed is enough for anybody.
_DROP_UNFILED = Statement[Any](
    "DELETE FROM photo WHERE party_id = :party AND NOT EXISTS"
    " (SELECT 1 FROM review WHERE review.journey = photo.journey AND state = 'filed')"
)
_DROP_ALL = Statement[Any]("DELETE FROM photo WHERE party_id = :party")
_PURGE = Statement[Any]("DELETE FROM photo WHERE purge_at <= :now")
_SEEN = Statement[Any](
    "INSERT INTO photo_view (photo_id, operator, seen_at) VALUES (:id, :operator, :now)"
    " ON CONFLICT (photo_id, operator) DO NOTHING"
)
_SEEN_BY = Statement(
    "SELECT COUNT(*) FROM photo p JOIN photo_view v ON v.photo_id = p.id"
    " WHERE p.journey = :journey AND v.operator = :operator",
    int,
)
_PURGE_VIEWS = Statement[Any](
    "DELETE FROM photo_view WHERE NOT EXISTS (SELECT 1 FROM photo WHERE photo.id = photo_view.photo_id)"
)


class Photos:
    """The photos, with the key that opens them."""

    def __init__(self, cipher: FieldCipher) -> None:
        self._cipher = cipher

    def put(
        self, tx: Transaction, party_id: str, journey: str, side: Side, jpeg: bytes, *, until: int, now: int
    ) -> str:
        """Keep ``jpeg`` in place of an earlier one until ``until``; its digest."""
        key, digest = _id(journey, side), hashlib.sha256(jpeg).hexdigest()
        tx.run(
            _PUT,
            id=key,
            journey=journey,
            party=party_id,
            side=side,
            sealed=self._cipher.seal_bytes(jpeg, context=_context(key)),
            digest=digest,
            now=now,
            purge_at=until,
        )
        record(tx, Event.PHOTO_SENT, actor=party_id, subject=party_id, detail={"side": side.value}, now=now)
        return digest

    def read(self, tx: Transaction, journey: str, side: Side, *, now: int) -> bytes | None:
        """The JPEG, while it is there."""
        row = tx.one(_READ, id=_id(journey, side), now=now)
        return self._cipher.open_bytes(row.sealed, context=_context(row.id)) if row else None

    def show(self, tx: Transaction, journey: str, side: Side, *, operator: str, now: int) -> bytes | None:
        """The JPEG for an operator; that they were shown it is written down."""
        jpeg = self.read(tx, journey, side, now=now)
        if jpeg is not None:
            tx.run(_SEEN, id=_id(journey, side), operator=operator, now=now)
        return jpeg

    def seen_by(self, tx: Transaction, operator: str, journey: str) -> bool:
        """Whether every photo was shown to this operator."""
        return tx.one(_SEEN_BY, journey=journey, operator=operator) == len(Side)

    def digests(self, tx: Transaction, journey: str, *, now: int) -> dict[Side, str]:
        """Of those that are there now: the SHA-256 of each, in hex."""
        return {Side(side): digest for side, digest in tx.all(_DIGESTS, journey=journey, now=now)}

    def digest(self, tx: Transaction, journey: str, *, now: int) -> str:
        """The one digest of those that are there now."""
        return digest_of(self.digests(tx, journey, now=now))

    def keep(self, tx: Transaction, journey: str, *, until: int, now: int) -> None:
        """They are needed for longer."""
        tx.run(_KEEP, journey=journey, purge_at=until, now=now)


def drop(tx: Transaction, journey: str) -> None:
    tx.run(_DROP, journey=journey)


def drop_unfiled(tx: Transaction, party_id: str) -> None:
    """Those of journeys that led to no review."""
    tx.run(_DROP_UNFILED, party=party_id)


def drop_all(tx: Transaction, party_id: str) -> None:
    tx.run(_DROP_ALL, party=party_id)


def purge(tx: Transaction, *, now: int) -> None:
    """Delete those whose time is over, and who was shown those that are gone."""
    tx.run(_PURGE, now=now)
    tx.run(_PURGE_VIEWS)


def reseal_photos(database: Database, cipher: FieldCipher) -> int:
    """Bring photos under the current key, few in a transaction, for they are large; the number changed."""
    return reseal_column(database, cipher, "photo", "sealed", batch=10)


def _id(journey: str, side: Side) -> str:
    return f"{journey}.{side.value}"


def _context(key: str) -> str:
    return f"photo.sealed:{key}"
