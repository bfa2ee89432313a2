"""An outbox with a real cipher, and workers that are stopped at the end of the test.

Always true: a test waits for what it expects, never for a fixed time.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import pytest

from idp.crypto.fields import FieldCipher
from idp.crypto.rings import Ring, RingKey
from idp.db import Database, Statement
from idp.messages import outbox, worker
from idp.messages.claims import Message
from idp.messages.outbox import enqueue, init_outbox
from idp.messages.worker import Handler, Outcome, Settled, Worker

RING = Ring((RingKey("2026", b"k" * 32),))


class Row(NamedTuple):
    id: str
    kind: str
    payload: bytes | None
    client_id: str | None
    not_before: int
    attempts: int
    claimed_by: str | None
    settled_at: int | None
    result: str | None


_ROWS = Statement(f"SELECT {', '.join(Row._fields)} FROM outbox ORDER BY id", Row)


def rows(database: Database) -> list[Row]:
    with database.autocommit() as tx:
        return tx.all(_ROWS)


def results(database: Database) -> list[str | None]:
    return [row.result for row in rows(database)]


def put(database: Database, kind: str = "logout", client_id: str | None = "tax", **options: Any) -> str:
    """One row in a transaction of its own."""
    with database.transaction() as tx:
        return enqueue(tx, kind, {"n": 1}, client_id=client_id, now=int(time.time()), **options)


def eventually(condition: Callable[[], object], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen"
        time.sleep(0.005)


class Recorder:
    """A handler that remembers what it was given, and when, and answers ``outcome``."""

    def __init__(self, outcome: Outcome | None = None) -> None:
        self.outcome = outcome or Settled()
        self.seen: list[tuple[Message, Mapping[str, Any]]] = []
        self.moments: list[float] = []
        self._lock = threading.Lock()

    def __call__(self, message: Message, payload: Mapping[str, Any]) -> Outcome:
        with self._lock:
            self.moments.append(time.time())
            self.seen.append((message, payload))
        return self.outcome


@pytest.fixture(autouse=True)
def cipher() -> Iterator[FieldCipher]:
    made = FieldCipher(RING)
    init_outbox(made)
    yield made
    outbox._cipher = None


@pytest.fixture(autouse=True)
def seldom_sweeps(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has to be noticed at once must not wait for the sweep."""
    monkeypatch.setattr(worker, "SWEEP_SECONDS", 60.0)


Start = Callable[..., Worker]


@pytest.fixture
def start(any_database: Database) -> Iterator[Start]:
    """Start a worker over ``any_database`` with these handlers; it is stopped at the end."""
    running: list[Worker] = []

    def begin(handlers: Mapping[str, Handler], **options: Any) -> Worker:
        made = Worker(any_database, handlers, **options)
        running.append(made)
        made.start()
        return made

    yield begin
    for made in running:
        made.stop()
