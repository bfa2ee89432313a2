"""The worker that sends what stands in the outbox and runs the periodic jobs.

Always true: no transaction is open while a handler runs, and a slow or dead receiver holds up nobody else's messages.

It sleeps until it is woken: by this process's commits, by PostgreSQL's notifications, by the next postponed message,
or by a sweep every few seconds for whatever was missed.
"""

import os
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import orjson

from idp.crypto.fields import FieldUnreadable
from idp.db import Database, DatabaseUnavailable, Transaction
from idp.log import get_logger
from idp.messages.claims import Message, claim, database_time, next_due, postpone, settle
from idp.messages.jobs import Job, Jobs
from idp.messages.listening import Listener
from idp.messages.outbox import current_cipher, payload_context, subscribe, unsubscribe
from idp.messages.rules import Kind, next_try


@dataclass(frozen=True, slots=True)
class Settled:
    """The message arrived."""

    result: str = "delivered"


@dataclass(frozen=True, slots=True)
class Retry:
    """Nobody knows whether it arrived, or not yet: try again, not before ``after`` seconds."""

    reason: str
    after: int | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """It never will."""

    reason: str


Outcome = Settled | Retry | Failed
Handler = Callable[[Message, Mapping[str, Any]], Outcome]
"""Sends one message, given its row and payload: in bounded time, on any thread, with no transaction open."""

OnSettled = Callable[[Transaction, Message, str, int], None]
"""Called in the transaction that settles a message, with the result and the time: ``delivered`` or the handler's own
word, ``failed:reason``, ``expired:reason``."""

SWEEP_SECONDS = 5.0
MOMENT = 0.05
"""Seconds between hearing of a row and sending it: the answer of the request that wrote it leaves first.
Sent at once, a message would slow that answer on one machine, and tell that it was sent to somebody (trust 3)."""
_SETTLE_TRIES = 20
_SETTLE_PAUSE = 0.5
_JOBS = "jobs"
_EXPIRED = "expired"
_log = get_logger("worker")


class Worker:
    """Sends with ``threads`` at once, at most ``per_receiver`` of them to one receiver.

    A handler must end within ``lease`` seconds: after that another worker sends the message again.
    """

    def __init__(
        self,
        database: Database,
        handlers: Mapping[str, Handler],
        *,
        on_settled: OnSettled | None = None,
        threads: int = 32,
        per_receiver: int = 8,
        lease: int = 15,
        clock: Callable[[Transaction], int] = database_time,
    ) -> None:
        self.name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._database = database
        self._handlers = {str(Kind.NONE): _send_nothing, **handlers}
        self._on_settled = on_settled
        self._threads = threads
        self._per_receiver = per_receiver
        self._lease = lease
        self._clock = clock
        self._jobs = Jobs(database, self.name)
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="outbox")
        self._lock = threading.Lock()
        self._in_flight: Counter[str] = Counter()
        self._failing: set[str] = set()
        self._held_back = False
        self._heard = False
        self._thread: threading.Thread | None = None

    def every(self, seconds: int, name: str, run: Job) -> None:
        """Run ``run(now)`` every ``seconds``, in one worker of all; before `run` or `start`."""
        self._jobs.add(seconds, name, run)

    def start(self) -> None:
        """Run in a thread of this process (embedded mode)."""
        self._thread = threading.Thread(target=self.run, name="outbox-worker", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Claim nothing more; after `start`, return when what is on its way has ended.

        Not from inside a signal handler, which may interrupt the very lock it needs: a thread waits for the signal.
        """
        self._stopping.set()
        self._wake.set()
        if self._thread:
            self._thread.join()

    def run(self) -> None:
        """Work until `stop`; heals by itself when the database was away."""
        subscribe(self._hear)
        listener = Listener(self._database, self._hear) if self._database.dialect == "postgresql" else None
        if listener:
            listener.start()
        announced = False
        while not self._stopping.is_set():
            pause = 1.0
            try:
                announced = announced or self._announce()
                pause = self._turn()
            except DatabaseUnavailable as error:
                _log.warning("database unavailable", error=str(error))
            self._wake.wait(pause)
            self._wake.clear()
            heard, self._heard = self._heard, False
            if heard and not self._held_back:
                self._stopping.wait(MOMENT)
        unsubscribe(self._hear)
        self._pool.shutdown()
        if listener:
            listener.stop()

    def _hear(self) -> None:
        """A row was committed."""
        self._heard = True
        self._wake.set()

    def _announce(self) -> bool:
        with self._database.autocommit() as tx:
            now = self._clock(tx)
        self._jobs.announce(now)
        return True

    def _turn(self) -> float:
        """Hand out everything that is due; seconds until there may be more."""
        with self._database.autocommit() as tx:
            now = self._clock(tx)
            while messages := self._claim(tx, now):
                for message in messages:
                    self._pool.submit(self._deliver, message, now)
            for name in self._jobs.claim(tx, now):
                self._count(_JOBS, 1)
                self._pool.submit(self._run_job, name, now)
            due = next_due(tx, now=now)
        return SWEEP_SECONDS if due is None else min(SWEEP_SECONDS, due - now)

    def _claim(self, tx: Transaction, now: int) -> list[Message]:
        with self._lock:
            free = self._threads - self._in_flight.total()
            failing = list(self._failing)
            busy = [name for name, count in self._in_flight.items() if count >= self._limit(name)]
            self._held_back = free <= 0 or bool(busy)
        if free <= 0 or self._stopping.is_set():
            return []
        messages = claim(
            tx,
            worker=self.name,
            kinds=list(self._handlers),
            busy=busy,
            failing=failing,
            share=self._per_receiver,
            limit=free,
            lease=self._lease,
            now=now,
        )
        for message in messages:
            self._count(message.receiver, 1)
        return messages

    def _limit(self, receiver: str) -> int:
        return 1 if receiver in self._failing else self._per_receiver

    def _count(self, receiver: str, change: int) -> None:
        with self._lock:
            self._in_flight[receiver] += change
            if not self._in_flight[receiver]:
                del self._in_flight[receiver]
        if change < 0 and self._held_back:
            self._wake.set()

    def _deliver(self, message: Message, now: int) -> None:
        try:
            outcome = self._attempt(message, now)
            with self._lock:
                (self._failing.add if isinstance(outcome, Retry) else self._failing.discard)(message.receiver)
            self._write_down(message, outcome)
        except Exception as error:  # nobody waits for this thread's result; the claim ends and the row is tried again
            _log.error("delivery not written down", outbox_id=message.id, error=type(error).__name__)
        finally:
            self._count(message.receiver, -1)

    def _attempt(self, message: Message, now: int) -> Outcome:
        if now > message.expires_at and message.kind != Kind.NONE:
            return Failed(_EXPIRED)
        try:
            payload = orjson.loads(current_cipher().open(message.payload or b"", context=payload_context(message.id)))
        except FieldUnreadable:
            return Failed("unreadable")
        try:
            return self._handlers[message.kind](message, payload)
        except Exception as error:
            _log.error("handler failed", outbox_id=message.id, kind=message.kind, error=type(error).__name__)
            return Retry("handler_error")

    def _write_down(self, message: Message, outcome: Outcome) -> None:
        """Settle or postpone, through a restart of the database: what was sent should not be sent again."""
        for left in range(_SETTLE_TRIES, -1, -1):
            try:
                with self._database.transaction() as tx:
                    self._conclude(tx, message, outcome)
                return
            except DatabaseUnavailable:
                if not left:
                    raise
                time.sleep(_SETTLE_PAUSE)

    def _conclude(self, tx: Transaction, message: Message, outcome: Outcome) -> None:
        now = self._clock(tx)
        if isinstance(outcome, Retry):
            due = next_try(attempt=message.attempt, now=now, expires_at=message.expires_at, retry_after=outcome.after)
            if due is not None:
                postpone(tx, message, worker=self.name, due=due)
                tx.after_commit(self._wake.set)  # to sleep no longer than until then
                return
        result = _result(outcome)
        if settle(tx, message, result, now=now) and self._on_settled:
            self._on_settled(tx, message, result, now)

    def _run_job(self, name: str, now: int) -> None:
        try:
            self._jobs.run(name, now)
        except Exception as error:  # the next period tries again
            _log.error("job failed", job=name, error=type(error).__name__)
        finally:
            self._count(_JOBS, -1)


def _send_nothing(_message: Message, _payload: Mapping[str, Any]) -> Outcome:
    return Settled("nothing")


def _result(outcome: Outcome) -> str:
    match outcome:
        case Settled(result):
            return result
        case Retry(reason):
            return f"{_EXPIRED}:{reason}"
        case Failed(reason):
            return _EXPIRED if reason == _EXPIRED else f"failed:{reason}"
