"""Counting machine events that are too many to tell one by one.

Always true: a count reaches the database within about a second of the event, or at shutdown; a killed process loses
at most that second's counts.
"""

import threading
from typing import Any

from idp.audit.rules import Counted
from idp.db import Database, DatabaseUnavailable, Statement
from idp.log import get_logger

FLUSH_SECONDS = 1.0
_UPSERT = Statement[Any](
    "INSERT INTO audit_count (minute, node, kind, client, result, count)"
    " VALUES (:minute, :node, :kind, :client, :result, :count) ON CONFLICT (minute, node, kind, client, result)"
    " DO UPDATE SET count = audit_count.count + excluded.count"
)
_Key = tuple[int, str, str, str]


class Counts:
    """Sums held in this process until they are flushed; safe for all threads."""

    def __init__(self) -> None:
        self._sums: dict[_Key, int] = {}
        self._lock = threading.Lock()
        self.pending = threading.Event()

    def add(self, key: _Key, count: int = 1) -> None:
        with self._lock:
            self._sums[key] = self._sums.get(key, 0) + count
            if not self.pending.is_set():
                self.pending.set()

    def flush(self, database: Database, node: str) -> None:
        """Write all sums in one transaction; a failure keeps them. Raises `DatabaseUnavailable`."""
        with self._lock:
            sums, self._sums = self._sums, {}
            self.pending.clear()
        if not sums:
            return
        try:
            with database.transaction() as tx:
                for (minute, kind, client, result), count in sorted(sums.items()):  # one order: no deadlock
                    tx.run(_UPSERT, minute=minute, node=node, kind=kind, client=client, result=result, count=count)
        except BaseException:
            for key, count in sums.items():
                self.add(key, count)
            raise


_counts = Counts()


def count(kind: Counted, client: str | None, result: str, now: int) -> None:
    """Count one machine event. ``client`` is a registered client's id or None: strangers must not fill a table."""
    _counts.add((now // 60, kind.value, client or "", str(result)))


class CountFlusher:
    """The thread that writes this process's counts once a second while there are any."""

    def __init__(self, database: Database, node: str) -> None:
        self._database = database
        self._node = node
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="audit-counts", daemon=True)

    def start(self) -> None:
        """Start the thread; after a fork, in the child."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread and write what is left. Raises `DatabaseUnavailable`."""
        self._stopping.set()
        _counts.pending.set()
        self._thread.join()
        _counts.flush(self._database, self._node)

    def _run(self) -> None:
        while not self._stopping.is_set():
            _counts.pending.wait()
            self._stopping.wait(FLUSH_SECONDS)
            try:
                _counts.flush(self._database, self._node)
            except DatabaseUnavailable:
                get_logger("audit").warning("counts kept in memory: database unavailable")
