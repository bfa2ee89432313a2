import threading
import time

from idp.db import Database, Statement
from idp.messages.jobs import LEASE, Jobs
from idp.messages.worker import Worker
from tests.messages.conftest import eventually

_DUE = Statement("SELECT due_at FROM job WHERE name = :name", int)


def due(database: Database, name: str) -> int | None:
    with database.autocommit() as tx:
        return tx.one(_DUE, name=name)


def claim(jobs: Jobs, database: Database, now: int) -> list[str]:
    with database.autocommit() as tx:
        return jobs.claim(tx, now)


def test_a_new_job_is_due_at_once_and_then_every_period(any_database: Database) -> None:
    ran: list[int] = []
    jobs = Jobs(any_database, "w1")
    jobs.add(60, "checkpoint", ran.append)
    jobs.announce(1000)
    for now, expected in ((1000, ["checkpoint"]), (1000, []), (1059, []), (1060, ["checkpoint"])):
        assert claim(jobs, any_database, now) == expected
        for name in expected:
            jobs.run(name, now)
    assert ran == [1000, 1060]


def test_a_job_runs_in_one_worker_at_a_time(any_database: Database) -> None:
    one, other = Jobs(any_database, "w1"), Jobs(any_database, "w2")
    for jobs in (one, other):
        jobs.add(60, "purge", lambda _now: None)
        jobs.announce(1000)
    assert claim(one, any_database, 1000) == ["purge"]
    assert claim(other, any_database, 1001) == []
    one.run("purge", 1000)
    assert claim(other, any_database, 1059) == []
    assert claim(other, any_database, 1060) == ["purge"]


def test_a_killed_workers_job_is_taken_over(any_database: Database) -> None:
    killed, other = Jobs(any_database, "w1"), Jobs(any_database, "w2")
    for jobs in (killed, other):
        jobs.add(60, "purge", lambda _now: None)
        jobs.announce(1000)
    claim(killed, any_database, 1000)
    assert claim(other, any_database, 1000 + LEASE - 1) == []
    assert claim(other, any_database, 1000 + LEASE) == ["purge"]
    killed.run("purge", 1000)
    assert due(any_database, "purge") == 1000


def test_a_job_of_another_version_is_left_alone(any_database: Database) -> None:
    old, new = Jobs(any_database, "w1"), Jobs(any_database, "w2")
    new.add(60, "new", lambda _now: None)
    new.announce(1000)
    assert claim(old, any_database, 2000) == []


def test_a_shorter_period_takes_effect_at_the_next_start(any_database: Database) -> None:
    jobs = Jobs(any_database, "w1")
    jobs.add(86400, "rotation", lambda _now: None)
    jobs.announce(1000)
    claim(jobs, any_database, 1000)
    jobs.run("rotation", 1000)
    jobs.add(60, "rotation", lambda _now: None)
    jobs.announce(1000)
    assert due(any_database, "rotation") == 1060


def test_the_worker_runs_its_jobs_beside_its_messages_and_survives_their_failures(any_database: Database) -> None:
    ran = threading.Event()

    def fail(now: int) -> None:
        raise ZeroDivisionError

    running = Worker(any_database, {})
    running.every(3600, "bad", fail)
    running.every(3600, "good", lambda _now: ran.set())
    began = int(time.time())
    running.start()
    assert ran.wait(10)
    eventually(lambda: (due(any_database, "bad") or 0) >= began + 3500)
    eventually(lambda: (due(any_database, "good") or 0) >= began + 3500)
    running.stop()
