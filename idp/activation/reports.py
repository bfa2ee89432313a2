"""How far the people of old accounts have come, by file and altogether.

Always true: counts of states, and reasons with numbers of lines; nothing that an older platform said.
"""

import time
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from idp.accounts.rules import WaitingState
from idp.db import Database, DatabaseUnavailable, Statement, Transaction
from idp.web.metrics import Metrics

_GOOD_FOR = 60.0
"""Seconds that a count for the metrics is good for: counting a million takes a while."""
WAITING = "waiting"
FLAGGED = "flagged"


class Told(NamedTuple):
    """A file that was imported, or begun. Times: Unix seconds."""

    id: str
    format: str
    started_at: int
    finished_at: int | None
    lines: int
    accepted: int
    updated: int
    duplicates: int
    quarantined: int
    flagged: int


_TOLD = f"SELECT {', '.join(Told._fields)} FROM legacy_batch"
_ALL = Statement(f"{_TOLD} ORDER BY started_at, id", Told)
_ONE = Statement(f"{_TOLD} WHERE id = :id", Told)
_STATES = Statement[tuple[str, str | None, int]](
    "SELECT state, flag, COUNT(*) FROM legacy_account WHERE batch_id = :id GROUP BY state, flag"
)
_TOGETHER = Statement[tuple[str, str | None, int]](
    "SELECT state, flag, COUNT(*) FROM legacy_account GROUP BY state, flag"
)
_REASONS = Statement[tuple[str, int]](
    "SELECT reason, COUNT(*) FROM legacy_quarantine WHERE batch_id = :id GROUP BY reason ORDER BY reason"
)
_LINES = Statement[tuple[int, str]](
    "SELECT line, reason FROM legacy_quarantine WHERE batch_id = :id AND line > :after ORDER BY line LIMIT 1000"
)


def batches(tx: Transaction, batch_id: str | None) -> list[Told]:
    """All in the order they were begun, or the one that is named; empty when there is none."""
    return tx.all(_ONE, id=batch_id) if batch_id else tx.all(_ALL)


def funnel(tx: Transaction, batch_id: str) -> dict[str, int]:
    """``imported``: accounts this file brought; then where they stand today, which adds up to them.

    ``waiting``: nobody has begun; ``flagged``: closed or deceased, whatever their state.
    """
    found = _by_state(tx.all(_STATES, id=batch_id))
    return {"imported": sum(found.values()), **found}


def reasons(tx: Transaction, batch_id: str) -> dict[str, int]:
    """Reason -> lines not taken."""
    return dict(tx.all(_REASONS, id=batch_id))


def quarantined(tx: Transaction, batch_id: str) -> Iterator[tuple[int, str]]:
    """(number of the line, reason), in order."""
    after = 0
    while rows := tx.all(_LINES, id=batch_id, after=after):
        yield from rows
        after = rows[-1][0]


def _by_state(rows: list[tuple[str, str | None, int]]) -> dict[str, int]:
    names = [WAITING if state is WaitingState.IMPORTED else state.value for state in WaitingState]
    found = dict.fromkeys([*names, FLAGGED], 0)
    for state, flag, count in rows:
        found[FLAGGED if flag else WAITING if state == WaitingState.IMPORTED else state] += count
    return found


def watch_old_accounts(metrics: Metrics, database: Database) -> None:
    """``idp_legacy_accounts{state=}``; nothing while the database is away."""
    metrics.watch_each("idp_legacy_accounts", "Accounts of older platforms", "state", _Together(database).read)


class _Together:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._found: Mapping[str, Any] = {}
        self._until = 0.0

    def read(self) -> Mapping[str, float]:
        if time.monotonic() >= self._until:
            try:
                with self._database.autocommit() as tx:
                    self._found = _by_state(tx.all(_TOGETHER))
            except DatabaseUnavailable:
                return {}
            self._until = time.monotonic() + _GOOD_FOR
        return self._found
