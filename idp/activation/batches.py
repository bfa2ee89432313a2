"""The statements of an import: batches, what is known of old ids, what is added, corrected and flagged.

Always true: of the processes that import at the same time one writes, and a batch stands where its rows stand.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
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
_FOUND = "SELECT old_blind, id, state, flag, digest, line_batch_id FROM legacy_account WHERE platform = :platform"
# On PostgreSQL one statement for all of a chunk, where each would be sent and answered by itself. OFFSET 0 has each
# looked up by both columns of the index: planned while there are few rows, `= ANY` reads all those of the platform,
# and goes on so while they become a million.
_FIND: dict[Dialect, Statement[tuple[bytes, Known]]] = {
    "sqlite": Statement(f"{_FOUND} AND old_blind IN (:a, :b)", lambda blind, *known: (bytes(blind), Known(*known))),
    "postgresql": Statement(
        "SELECT found.* FROM unnest(CAST(:blinds AS bytea[])) AS sought(blind)"
        f" CROSS JOIN LATERAL ({_FOUND} AND old_blind = sought.blind OFFSET 0) AS found",
        lambda blind, *known: (blind, Known(*known)),
    ),
}
_OWN = (
    "id", "platform", "old_id", "old_blind", "kind", "sealed", "digest", "document_blind", "mobile_blind",
    "credit_code_blind", "representative_blind", "region", "flag",
)  # fmt: skip
"""What tells one row that is added from another."""
_TOGETHER = (64, 8, 1)
"""Of how many rows there are statements."""


def _adding(count: int) -> Statement[Any]:
    rows = ", ".join(
        f"({', '.join(f':{name}_{row}' for name in _OWN)}, :batch, :batch, 'imported', :now, :now, :now)"
        for row in range(count)
    )
    return Statement(
        f"INSERT INTO legacy_account ({', '.join(_OWN)}, batch_id, line_batch_id, state, imported_at, updated_at,"
        f" state_at) VALUES {rows}"
    )


_ADD = {count: _adding(count) for count in _TOGETHER}
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
    asked = list(keys)
    found = _find_each(tx, asked) if tx.dialect == "sqlite" else _find_together(tx, asked)
    return [
        next((found[at] for blind in blinds if (at := (platform, blind)) in found), None)
        for platform, blinds in asked
    ]


_Place = tuple[str, bytes]


def _find_each(tx: Transaction, keys: list[tuple[str, tuple[bytes, ...]]]) -> dict[_Place, Known]:
    rows = [(key, tx.one(_FIND["sqlite"], platform=key, a=blinds[0], b=blinds[-1])) for key, blinds in keys]
    return {(platform, row[0]): row[1] for platform, row in rows if row}


def _find_together(tx: Transaction, keys: list[tuple[str, tuple[bytes, ...]]]) -> dict[_Place, Known]:
    sought: dict[str, list[bytes]] = {}
    for platform, blinds in keys:
        sought.setdefault(platform, []).extend(blinds)
    asked = [
        (platform, tx.ask(_FIND["postgresql"], platform=platform, blinds=some)) for platform, some in sought.items()
    ]
    return {(platform, blind): known for platform, answer in asked for blind, known in answer()}


@dataclass(frozen=True, slots=True)
class Writing:
    """Lines of one batch that are written into one transaction."""

    tx: Transaction
    accounts: WaitingAccounts
    batch_id: str
    now: int
    added: list[dict[str, Any]] = field(default_factory=list)
    """Rows that `finish` writes."""

    def add(self, line: Line, text: str, *, blind: bytes, digest: bytes) -> str:
        """Id of the new account. ``text``: the JSON of what the line says; ``blind``: index of its old id."""
        key = new_id("leg")
        self.added.append(
            {
                "id": key,
                "platform": line.platform,
                "old_id": self.accounts.seal_old_id(key, line.platform, line.old_id),
                "old_blind": blind,
                **self._told(key, line, text, digest),
            }
        )
        return key

    def finish(self) -> None:
        """Write what was added: many rows in a statement, for each costs about as much as the row itself."""
        done = 0
        for count in _TOGETHER:
            while len(self.added) - done >= count:
                rows = enumerate(self.added[done : done + count])
                values = {f"{name}_{at}": row[name] for at, row in rows for name in _OWN}
                self.tx.send(_ADD[count], **values, batch=self.batch_id, now=self.now)
                done += count
        self.added.clear()

    def correct(self, key: str, line: Line, text: str, *, digest: bytes) -> Callable[[], bool]:
        """The answer is False for an account that somebody has begun to activate meanwhile."""
        told = self._told(key, line, text, digest)
        answer = self.tx.ask(_CORRECT, id=key, **told, batch=self.batch_id, now=self.now)
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
        }
