import threading
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from idp.crypto.fields import FieldCipher
from idp.crypto.rings import Ring, RingKey
from idp.db import Database, DatabaseUnavailable, Statement, Transaction
from idp.messages import outbox, worker
from idp.messages.claims import Message, database_time
from idp.messages.outbox import init_outbox
from idp.messages.worker import Failed, Outcome, Retry, Settled, Worker
from tests.messages.conftest import Recorder, Start, eventually, put, results, rows


class Clock:
    """The database's clock, to be set forward."""

    def __init__(self) -> None:
        self.ahead = 0

    def __call__(self, tx: Transaction) -> int:
        return database_time(tx) + self.ahead


def test_a_message_is_delivered_at_once_and_settled(any_database: Database, start: Start) -> None:
    handler = Recorder()
    start({"logout": handler})
    row_id = put(any_database, session_id="ses_1", party_id="pty_1")
    eventually(lambda: results(any_database) == ["delivered"], seconds=5)
    ((message, payload),) = handler.seen
    assert (message.id, message.kind, message.attempt) == (row_id, "logout", 1)
    assert (message.client_id, message.session_id, message.party_id) == ("tax", "ses_1", "pty_1")
    assert payload == {"n": 1}
    (row,) = rows(any_database)
    assert (row.payload, row.claimed_by, row.attempts) == (None, None, 1)


def test_what_stood_there_before_the_start_is_delivered(any_database: Database, start: Start) -> None:
    for _ in range(3):
        put(any_database)
    start({"logout": Recorder()})
    eventually(lambda: results(any_database) == ["delivered"] * 3)


@pytest.mark.services
def test_another_process_is_heard_at_once(
    postgres_database_url: str, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    from contextlib import contextmanager

    from tests.conftest import opened

    with contextmanager(opened)(postgres_database_url) as database:
        handler = Recorder()
        running = Worker(database, {"logout": handler})
        running.start()
        put(database)
        eventually(lambda: len(handler.seen) == 1)
        monkeypatch.setattr(outbox, "wake_workers", lambda: None)  # as if committed elsewhere
        began = time.monotonic()
        put(database)
        eventually(lambda: len(handler.seen) == 2)
        running.stop()
        assert time.monotonic() - began < worker.SWEEP_SECONDS / 2


def test_a_handlers_word_and_refusal_are_the_result(any_database: Database, start: Start) -> None:
    start({"logout": Recorder(Failed("client_error")), "sms": Recorder(Settled("noted"))})
    put(any_database)
    put(any_database, kind="sms", client_id=None)
    eventually(lambda: all(results(any_database)))
    assert sorted(map(str, results(any_database))) == ["failed:client_error", "noted"]


def test_a_try_that_failed_is_repeated_after_its_pause_until_it_expires(any_database: Database, start: Start) -> None:
    handler, clock = Recorder(Retry("timeout")), Clock()
    running = start({"logout": handler}, clock=clock)
    put(any_database, lifetime=40)
    pauses = []
    for tries in range(1, 6):
        eventually(lambda tries=tries: len(handler.seen) == tries and rows(any_database)[0].claimed_by is None)  # type: ignore[misc]
        row = rows(any_database)[0]
        if row.settled_at:
            break
        pauses.append(row.not_before - handler.moments[-1] - clock.ahead)
        with any_database.autocommit() as tx:
            clock.ahead += row.not_before - clock(tx)
        running._wake.set()
    assert rows(any_database)[0].result == "expired:timeout"
    assert [message.attempt for message, _ in handler.seen] == list(range(1, tries + 1))
    assert all(abs(pause - due) <= 1.5 for pause, due in zip(pauses, (1, 2, 5, 15), strict=True))


def test_a_receiver_may_ask_for_a_longer_pause(any_database: Database, start: Start) -> None:
    start({"logout": Recorder(Retry("throttled", after=600))})
    put(any_database)
    eventually(lambda: rows(any_database)[0].not_before)
    with any_database.autocommit() as tx:
        assert 590 < rows(any_database)[0].not_before - database_time(tx) <= 600


def test_a_retry_comes_without_a_sweep(any_database: Database, start: Start) -> None:
    outcomes: list[Outcome] = [Retry("timeout"), Settled()]
    start({"logout": lambda _message, _payload: outcomes.pop(0)})
    put(any_database)
    eventually(lambda: results(any_database) == ["delivered"], seconds=10)


def test_a_message_is_not_sent_before_its_time_nor_after_its_end(any_database: Database, start: Start) -> None:
    handler, clock = Recorder(), Clock()
    running = start({"sms": handler}, clock=clock)
    put(any_database, kind="sms", client_id=None, not_before=int(time.time()) + 500, lifetime=300)
    eventually(lambda: not running._in_flight)
    assert results(any_database) == [None]
    clock.ahead = 900
    running._wake.set()
    eventually(lambda: results(any_database) == ["expired"])
    assert handler.seen == []


def test_a_handler_that_raises_is_a_failed_try(any_database: Database, start: Start) -> None:
    outcomes: list[Outcome] = [Settled()]

    def handler(message: Message, _payload: Mapping[str, Any]) -> Outcome:
        if message.attempt == 1:
            raise ZeroDivisionError
        return outcomes.pop()

    start({"logout": handler})
    put(any_database)
    eventually(lambda: results(any_database) == ["delivered"])


def test_a_payload_nobody_can_open_any_more_is_given_up(any_database: Database, start: Start) -> None:
    put(any_database)
    init_outbox(FieldCipher(Ring((RingKey("other", b"o" * 32),))))
    start({"logout": Recorder()})
    eventually(lambda: results(any_database) == ["failed:unreadable"])


def test_a_kind_of_a_newer_version_is_left_to_newer_workers(any_database: Database, start: Start) -> None:
    put(any_database, kind="sms")
    put(any_database)
    start({"logout": Recorder()})
    eventually(lambda: "delivered" in results(any_database))
    assert sorted(row.attempts for row in rows(any_database)) == [0, 1]


def test_all_notices_of_a_sign_out_go_at_once(any_database: Database, start: Start) -> None:
    together = threading.Barrier(12)

    def handler(_message: Message, _payload: Mapping[str, Any]) -> Outcome:
        together.wait(10)
        return Settled()

    start({"logout": handler})
    with any_database.transaction() as tx:
        for number in range(12):
            outbox.enqueue(tx, "logout", {}, client_id=f"app-{number}", now=int(time.time()))
    eventually(lambda: results(any_database) == ["delivered"] * 12)


def test_a_slow_receiver_holds_up_nobody_else(any_database: Database, start: Start) -> None:
    release = threading.Event()
    slow: list[int] = []

    def handler(message: Message, _payload: Mapping[str, Any]) -> Outcome:
        if message.client_id == "slow":
            slow.append(1)
            release.wait(20)
        return Settled()

    with any_database.transaction() as tx:
        for _ in range(60):
            outbox.enqueue(tx, "logout", {}, client_id="slow", now=int(time.time()))
        for number in range(5):
            outbox.enqueue(tx, "logout", {}, client_id=f"app-{number}", now=int(time.time()))
    start({"logout": handler}, threads=16, per_receiver=4)
    eventually(lambda: results(any_database).count("delivered") == 5)
    assert len(slow) <= 8
    release.set()
    eventually(lambda: results(any_database).count("delivered") == 65)


def test_a_receiver_that_does_not_answer_gets_one_try_at_a_time(any_database: Database, start: Start) -> None:
    at_once = Counter[str]()
    most = Counter[str]()
    lock = threading.Lock()

    def handler(message: Message, _payload: Mapping[str, Any]) -> Outcome:
        with lock:
            at_once[message.receiver] += 1
            most[message.receiver] = max(most[message.receiver], at_once[message.receiver])
        time.sleep(0.02)
        with lock:
            at_once[message.receiver] -= 1
        return Retry("timeout", after=500)

    running = start({"logout": handler}, per_receiver=4)
    put(any_database, client_id="dead")
    eventually(lambda: running._failing == {"dead"} and not running._in_flight)
    with any_database.transaction() as tx:
        for _ in range(6):
            outbox.enqueue(tx, "logout", {}, client_id="dead", now=int(time.time()))
    eventually(lambda: all(row.attempts for row in rows(any_database)) and not running._in_flight)
    assert most == {"dead": 1}


def test_what_settles_a_message_is_one_transaction_with_its_record(any_database: Database, start: Start) -> None:
    told: list[tuple[str, str]] = []
    fail = [True]

    def on_settled(tx: Transaction, message: Message, result: str, now: int) -> None:
        assert now > 0
        if fail.pop() if fail else False:
            raise ZeroDivisionError
        told.append((message.id, result))

    running = start({"logout": Recorder()}, on_settled=on_settled, lease=1)
    row_id = put(any_database)
    eventually(lambda: not fail and not running._in_flight)
    assert results(any_database) == [None]

    def settled() -> bool:
        running._wake.set()
        return results(any_database) == ["delivered"]

    eventually(settled)
    assert told == [(row_id, "delivered")]


def test_a_sent_message_is_settled_through_a_restart_of_the_database(
    any_database: Database, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_SETTLE_PAUSE", 0.01)
    handler = Recorder()
    down = [True] * 5
    transaction = any_database.transaction
    put(any_database)

    def sometimes() -> Any:
        if down:
            down.pop()
            raise DatabaseUnavailable
        return transaction()

    monkeypatch.setattr(any_database, "transaction", sometimes)
    start({"logout": handler})
    eventually(lambda: results(any_database) == ["delivered"])
    assert len(handler.seen) == 1


def test_a_stop_waits_for_what_is_on_its_way(any_database: Database, start: Start) -> None:
    begun = threading.Event()

    def handler(_message: Message, _payload: Mapping[str, Any]) -> Outcome:
        begun.set()
        time.sleep(0.2)
        return Settled()

    running = start({"logout": handler})
    put(any_database)
    assert begun.wait(5)
    running.stop()
    assert results(any_database) == ["delivered"]
    put(any_database)
    assert sorted(map(str, results(any_database))) == ["None", "delivered"]


def test_an_idle_worker_asks_nothing(any_database: Database, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    running = start({"logout": Recorder()})
    put(any_database)
    eventually(lambda: results(any_database) == ["delivered"] and not running._in_flight)
    time.sleep(0.2)
    asked: list[Any] = []
    execute = Transaction._execute

    def spy(tx: Transaction, statement: Statement[Any], parameters: dict[str, Any]) -> Any:
        asked.append(statement)
        return execute(tx, statement, parameters)

    monkeypatch.setattr(Transaction, "_execute", spy)
    time.sleep(0.3)
    assert asked == []


def test_two_workers_deliver_200_messages_once_each(any_database: Database, start: Start) -> None:
    handlers = [Recorder(), Recorder()]
    with any_database.transaction() as tx:
        for number in range(200):
            outbox.enqueue(tx, "logout", {}, client_id=f"app-{number % 7}", now=int(time.time()))
    for handler in handlers:
        start({"logout": handler})
    eventually(lambda: None not in results(any_database), seconds=30)
    seen = Counter(message.id for handler in handlers for message, _ in handler.seen)
    assert len(seen) == 200
    assert set(seen.values()) == {1}
