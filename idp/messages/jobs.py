"""Things done every so often: each by whichever worker claims it first when it falls due.

Always true: a job runs in one worker at a time, and a killed worker's job is taken over when its claim ends.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from idp.db import Database, Statement, Transaction

Job = Callable[[int], object]
"""Called with the time, Unix seconds."""

LEASE = 120
_ADD = Statement[Any]("INSERT INTO job (name, due_at, claimed_until) VALUES (:name, :now, 0) ON CONFLICT DO NOTHING")
_HASTEN = Statement[Any]("UPDATE job SET due_at = :latest WHERE name = :name AND due_at > :latest")
_DUE = Statement("SELECT name FROM job WHERE due_at <= :now AND claimed_until <= :now", str)
_CLAIM = Statement[Any](
    "UPDATE job SET claimed_by = :worker, claimed_until = :until"
    " WHERE name = :name AND due_at <= :now AND claimed_until <= :now"
)
_FINISH = Statement[Any](
    "UPDATE job SET due_at = :due, claimed_by = NULL, claimed_until = 0 WHERE name = :name AND claimed_by = :worker"
)


@dataclass(frozen=True, slots=True)
class _Entry:
    seconds: int
    run: Job


class Jobs:
    """The jobs one worker knows; other workers' are left to them."""

    def __init__(self, database: Database, worker: str) -> None:
        self._database = database
        self._worker = worker
        self._known: dict[str, _Entry] = {}

    def add(self, seconds: int, name: str, run: Job) -> None:
        self._known[name] = _Entry(seconds, run)

    def announce(self, now: int) -> None:
        """Write down new jobs as due now, and known ones as due no later than their present period says."""
        for name, entry in self._known.items():
            with self._database.autocommit() as tx:
                tx.run(_ADD, name=name, now=now)
                tx.run(_HASTEN, name=name, latest=now + entry.seconds)

    def claim(self, tx: Transaction, now: int) -> list[str]:
        """The names of the due jobs that this worker now has to run."""
        due = [name for name in tx.all(_DUE, now=now) if name in self._known] if self._known else []
        claimed = {"worker": self._worker, "until": now + LEASE, "now": now}
        return [name for name in due if tx.run(_CLAIM, name=name, **claimed) == 1]

    def run(self, name: str, now: int) -> None:
        """Do a claimed job; whatever it raises, it falls due again after its period."""
        entry = self._known[name]
        try:
            entry.run(now)
        finally:
            with self._database.autocommit() as tx:
                tx.run(_FINISH, name=name, worker=self._worker, due=now + entry.seconds)
