"""Workers as processes: killed, racing, and cut off from their database."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapters.sandbox import services
from idp.db import Base, Database, DatabaseUnavailable
from idp.messages import outbox
from idp.messages.claims import database_time
from idp.messages.worker import Worker
from tests.conftest import opened
from tests.messages.conftest import RING, Recorder, Start, eventually, put, results, rows

_PROGRAM = """
import os, sys, time
from sqlalchemy import create_engine
from idp.crypto.fields import FieldCipher
from idp.crypto.rings import Ring, RingKey
from idp.db import Database, engine_options, prepare_engine
from idp.messages.outbox import init_outbox
from idp.messages.worker import Settled, Worker

url, key, how = sys.argv[1:]
engine = create_engine(url, **engine_options(url, pool_size=34, pool_timeout=10))
prepare_engine(engine)
init_outbox(FieldCipher(Ring((RingKey("2026", bytes.fromhex(key)),))))

def handler(message, payload):
    os.write(1, f"{message.id}\\n".encode())
    if how == "hang":
        time.sleep(600)
    return Settled()

Worker(Database(engine), {"logout": handler}, threads=8, per_receiver=8).run()
"""
Run = Callable[[str], Path]


@pytest.fixture
def run(any_database_url: str, tmp_path: Path) -> Iterator[tuple[list[subprocess.Popen[bytes]], Run]]:
    """Start a worker process that logs what it is given, and ``deliver``s it or ``hang``s."""
    processes: list[subprocess.Popen[bytes]] = []

    def begin(how: str) -> Path:
        log = tmp_path / f"worker-{len(processes)}.log"
        arguments = [sys.executable, "-c", _PROGRAM, any_database_url, RING.current.secret.hex(), how]
        with log.open("wb") as out:
            processes.append(subprocess.Popen(arguments, stdout=out))
        return log

    yield processes, begin
    for process in processes:
        process.kill()
        process.wait()


def lines(log: Path) -> list[str]:
    return log.read_text().split()


def fill(database: Database, count: int) -> None:
    with database.transaction() as tx:
        for number in range(count):
            outbox.enqueue(tx, "logout", {}, client_id=f"app-{number % 9}", now=int(time.time()))


@pytest.mark.processes
def test_two_processes_deliver_200_messages_once_each(
    any_database: Database, run: tuple[list[subprocess.Popen[bytes]], Run]
) -> None:
    fill(any_database, 200)
    logs = [run[1]("deliver") for _ in range(2)]
    eventually(lambda: None not in results(any_database), seconds=60)
    seen = Counter(name for log in logs for name in lines(log))
    assert (len(seen), set(seen.values())) == (200, {1})


@pytest.mark.processes
def test_a_killed_workers_messages_are_delivered_by_another(
    any_database: Database, run: tuple[list[subprocess.Popen[bytes]], Run], start: Start
) -> None:
    fill(any_database, 5)
    log = run[1]("hang")
    eventually(lambda: len(lines(log)) == 5, seconds=30)
    os.kill(run[0][0].pid, signal.SIGKILL)
    handler = Recorder()
    running = start({"logout": handler})
    assert [row.attempts for row in rows(any_database)] == [1] * 5
    running._clock = lambda tx: database_time(tx) + 31
    running._wake.set()
    eventually(lambda: results(any_database) == ["delivered"] * 5)
    assert sorted(message.id for message, _ in handler.seen) == sorted(lines(log))
    assert {message.attempt for message, _ in handler.seen} == {2}


def put_patiently(database: Database) -> None:
    """Write a row once the pool has noticed that its connections are dead; each of them may cost a 503."""

    def written() -> bool:
        try:
            put(database)
        except DatabaseUnavailable:
            return False
        return True

    eventually(written)


@pytest.mark.services
def test_a_restart_of_postgresql_heals_without_one_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    with services.Postgres() as server, contextmanager(opened)(server.url) as database:
        Base.metadata.create_all(database.engine)
        running = Worker(database, {"logout": Recorder()})
        running.start()
        put(database)
        eventually(lambda: results(database) == ["delivered"])
        server.stop()
        server.start()
        monkeypatch.setattr(outbox, "wake_workers", lambda: None)  # only the listener can tell
        put_patiently(database)
        eventually(lambda: results(database) == ["delivered"] * 2, seconds=10)
        server.kill()
        server.start()
        put_patiently(database)
        eventually(lambda: results(database) == ["delivered"] * 3, seconds=10)
        running.stop()
