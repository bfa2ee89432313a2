"""The statements of an import: batches, what is known of old ids, what is added, corrected and flagged.

Always true: of the processes that import at the same time one writes, and a batch stands where its rows stand.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from idp.accounts.waiting import WaitingAccounts
from idp.activation.lines import Known, Line, Reason
from idp.crypto.tokens import new_id
from idp.db import Dialect, Statement, Transaction

# On SQLite writers stand in line from their first statement on.
_ALONE: dict[Dialect, Statement[Any] | None] = {
    "sqlite": None,
    "postgresql": Statement("LOCK TABLE legacy_batch IN SHARE ROW EXCLUSIVE MODE"),
}
_COUNTS = ("lines", "accepted", "updated", "duplicates", "quarantined", "flagged")


@dataclass(slots=True)
class Counts:
    """``lines``: ``accepted``, ``duplicates``, ``quarantined``, ``flagged`` together; ``updated`` of ``accepted``."""

    lines: int = 0
    accepted: int = 0
    updated: int = 0
    duplicates: int = 0
    quarantined: int = 0
    flagged: int = 0


class Batch(NamedTuple):
    """A file and how far it has come: ``position``: bytes, ``line``: lines of the file, blank ones included."""

    id: str
    position: int
    line: int
    finished_at: int | None
    lines: int
    accepted: int
    updated: int
    duplicates: int
    quarantined: int
    flagged: int

    @property
    def counts(self) -> Counts:
        return Counts(**{name: getattr(self, name) for name in _COUNTS})


_BATCH = f"SELECT id, position, line, finished_at, {', '.join(_COUNTS)} FROM legacy_batch"
_BY_DIGEST = Statement(f"{_BATCH} WHERE digest IN (:a, :b)", Batch)
_BY_ID = Statement(f"{_BATCH} WHERE id = :id", Batch)
_BEGIN = Statement[Any](
    "INSERT INTO legacy_batch (id, digest, format, position, line, lines, accepted, updated, duplicates, quarantined,"
    " flagged, started_at) VALUES (:id, :digest, :format, 0, 0, 0, 0, 0, 0, 0, 0, :now)"
)
_GO_ON = Statement[Any](
    "UPDATE legacy_batch SET position = :position, line = :line, finished_at = :finished_at, "
    + ", ".join(f"{name} = :{name}" for name in _COUNTS)
    + " WHERE id = :id"
)
_FIND = Statement(
    "SELECT id, state, flag, digest, line_batch_id FROM legacy_account"
    " WHERE platform = :platform AND old_blind IN (:a, :b)",
    Known,
)
_ADD = Statement[Any](
    "INSERT INTO legacy_account (id, batch_id, line_batch_id, platform, old_id, old_blind, kind, sealed, digest,"
    " document_blind, mobile_blind, credit_code_blind, representative_blind, region, state, flag, imported_at,"
    " updated_at, state_at) VALUES (:id, :batch, :batch, :platform, :old_id, :old_blind, :kind, :sealed, :digest,"
    " :document_blind, :mobile_blind, :credit_code_blind, :representative_blind, :region, 'imported', :flag, :now,"
    " :now, :now)"
)
_CORRECT = Statement(
    "UPDATE legacy_account SET line_batch_id = :batch, kind = :kind, sealed = :sealed, digest = :digest,"
    " document_blind = :document_blind, mobile_blind = :mobile_blind, credit_code_blind = :credit_code_blind,"
    " representative_blind = :representative_blind, region = :region, flag = :flag, updated_at = :now,"
    " state_at = :now WHERE id = :id AND state = 'imported' RETURNING id",
    str,
)
_FLAG = Statement(
    "UPDATE legacy_account SET flag = :flag, line_batch_id = :batch, updated_at = :now, state_at = :now"
    " WHERE id = :id AND flag IS NULL AND state IN ('imported', 'claimed', 'face_passed', 'phone_bound')"
    " RETURNING id",
    str,
)
_QUARANTINE = Statement[Any]("INSERT INTO legacy_quarantine (batch_id, line, reason) VALUES (:batch, :line, :reason)")


def find_batch(tx: Transaction, digests: tuple[bytes, ...]) -> Batch | None:
    """The batch of the file with one of these keyed digests."""
    return tx.one(_BY_DIGEST, a=digests[0], b=digests[-1])


def begin_batch(tx: Transaction, digest: bytes, *, format: str, now: int) -> Batch:
    key = new_id("leb")
    tx.run(_BEGIN, id=key, digest=digest, format=format, now=now)
    return Batch(key, 0, 0, None, *[0] * len(_COUNTS))


def alone(tx: Transaction) -> None:
    """No other process imports before ``tx`` ends."""
    if lock := _ALONE[tx.dialect]:
        tx.send(lock)


def stand(tx: Transaction, batch_id: str) -> Batch | None:
    return tx.one(_BY_ID, id=batch_id)


def go_on(tx: Transaction, batch: Batch) -> None:
    """Write down how far a batch has come."""
    values = batch._asdict()
    tx.send(_GO_ON, **values)


def find_known(tx: Transaction, keys: Iterable[tuple[str, tuple[bytes, ...]]]) -> list[Known | None]:
    """What is stored of each (platform, indexes of the old id), all in one round trip."""
    asked = [tx.ask(_FIND, platform=platform, a=blinds[0], b=blinds[-1]) for platform, blinds in keys]
    return [next(iter(answer()), None) for answer in asked]


@dataclass(frozen=True, slots=True)
class Writing:
    """Lines of one batch that are written into one transaction."""

    tx: Transaction
    accounts: WaitingAccounts
    batch_id: str
    now: int

    def add(self, line: Line, text: str, *, blind: bytes, digest: bytes) -> str:
        """Id of the new account. ``text``: the JSON of what the line says; ``blind``: index of its old id."""
        key = new_id("leg")
        self.tx.send(
            _ADD,
            id=key,
            platform=line.platform,
            old_id=self.accounts.seal_old_id(key, line.platform, line.old_id),
            old_blind=blind,
            **self._told(key, line, text, digest),
        )
        return key

    def correct(self, key: str, line: Line, text: str, *, digest: bytes) -> Callable[[], bool]:
        """The answer is False for an account that somebody has begun to activate meanwhile."""
        answer = self.tx.ask(_CORRECT, id=key, **self._told(key, line, text, digest))
        return lambda: bool(answer())

    def flag(self, key: str, line: Line) -> Callable[[], bool]:
        """Like `correct`, of the flag alone."""
        answer = self.tx.ask(_FLAG, id=key, flag=line.flag, batch=self.batch_id, now=self.now)
        return lambda: bool(answer())

    def quarantine(self, number: int, reason: Reason) -> None:
        self.tx.send(_QUARANTINE, batch=self.batch_id, line=number, reason=reason)

    def _told(self, key: str, line: Line, text: str, digest: bytes) -> dict[str, Any]:
        return {
            **self.accounts.seal(key, line.told, text),
            "digest": digest,
            "kind": line.kind,
            "region": line.told.region,
            "flag": line.flag,
            "batch": self.batch_id,
            "now": self.now,
        }
