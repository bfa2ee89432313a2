import threading
import time
from typing import NamedTuple

import pytest

from idp.audit import counts as counts_module
from idp.audit.counts import CountFlusher, Counts, count
from idp.audit.rules import Counted
from idp.db import Database, DatabaseUnavailable, Statement
from tests.audit.conftest import NOW


class Row(NamedTuple):
    minute: int
    node: str
    kind: str
    client: str
    result: str
    count: int


_ROWS = Statement("SELECT minute, node, kind, client, result, count FROM audit_count ORDER BY 1, 2, 3, 4, 5", Row)


def rows(database: Database) -> list[Row]:
    with database.autocommit() as tx:
        return tx.all(_ROWS)


@pytest.fixture(autouse=True)
def counts(monkeypatch: pytest.MonkeyPatch) -> Counts:
    fresh = Counts()
    monkeypatch.setattr(counts_module, "_counts", fresh)
    return fresh


def test_events_are_counted_per_client_minute_and_result(any_database: Database, counts: Counts) -> None:
    for second in (0, 1, 59, 60):
        count(Counted.REFRESH, "tax", "ok", NOW // 60 * 60 + second)
    count(Counted.REFRESH, "tax", "invalid_grant", NOW // 60 * 60)
    count(Counted.INTROSPECTION, None, "ok", NOW // 60 * 60)
    counts.flush(any_database, "n")
    minute = NOW // 60
    assert rows(any_database) == [
        (minute, "n", "introspection", "", "ok", 1),
        (minute, "n", "refresh", "tax", "invalid_grant", 1),
        (minute, "n", "refresh", "tax", "ok", 3),
        (minute + 1, "n", "refresh", "tax", "ok", 1),
    ]


def test_flushes_and_processes_add_up(any_database: Database, counts: Counts) -> None:
    for _ in range(3):
        count(Counted.USERINFO, "tax", "ok", NOW)
        counts.flush(any_database, "n")
        counts.flush(any_database, "n")
    assert [row.count for row in rows(any_database)] == [3]


def test_no_count_is_lost_between_threads(any_database: Database, counts: Counts) -> None:
    def run() -> None:
        for _ in range(2000):
            count(Counted.CLIENT_CREDENTIALS, "tax", "ok", NOW)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(10):
        counts.flush(any_database, "n")
    for thread in threads:
        thread.join()
    counts.flush(any_database, "n")
    assert [row.count for row in rows(any_database)] == [8000]


def test_a_database_that_is_down_loses_no_count(
    any_database: Database, counts: Counts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down() -> None:
        raise DatabaseUnavailable

    count(Counted.REFRESH, "tax", "ok", NOW)
    with monkeypatch.context() as patched:
        patched.setattr(any_database, "transaction", down)
        with pytest.raises(DatabaseUnavailable):
            counts.flush(any_database, "n")
    count(Counted.REFRESH, "tax", "ok", NOW)
    counts.flush(any_database, "n")
    assert [row.count for row in rows(any_database)] == [2]


def test_counts_arrive_within_a_second_and_at_shutdown(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counts_module, "FLUSH_SECONDS", 0.02)
    flusher = CountFlusher(database, "n")
    flusher.start()
    count(Counted.REFRESH, "tax", "ok", NOW)
    deadline = time.monotonic() + 5
    while not rows(database) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [row.count for row in rows(database)] == [1]
    count(Counted.REFRESH, "tax", "ok", NOW)
    flusher.stop()
    assert [row.count for row in rows(database)] == [2]
