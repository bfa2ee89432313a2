"""A process's audit writer, and raw access for whoever tampers.

Always true: each test has chains of its own.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from idp.audit import Event, init_audit, record
from idp.audit import chains as chains_module
from idp.audit.chains import Writer
from idp.db import Database, Statement

KEY = b"an audit key of thirty-two bytes"
NOW = 1_795_000_000
"""2026-11-18 11:06:40 UTC"""

Execute = Callable[..., int]


@pytest.fixture
def writer() -> Iterator[Writer]:
    yield init_audit(KEY, "node-1")
    chains_module._writer = None


@pytest.fixture
def tamper(any_database: Database) -> Execute:
    """Run a statement the way somebody with the database's password would."""

    def execute(sql: str, **parameters: Any) -> int:
        with any_database.transaction() as tx:
            return tx.run(Statement[Any](sql), **parameters)

    return execute


def write(database: Database, count: int, *, now: int = NOW) -> None:
    """``count`` records, each in a transaction of its own, all in one chain."""
    for number in range(count):
        with database.transaction() as tx:
            record(tx, Event.GRANT_ISSUED, actor=f"pty_{number}", client="tax", detail={"n": number}, now=now)


def chains(database: Database) -> list[str]:
    with database.autocommit() as tx:
        return tx.all(Statement("SELECT DISTINCT chain FROM audit_event ORDER BY chain", str))
