"""Open load: requests are sent when they are due, whether or not earlier ones were answered.

Always true: a request's waiting time counts from when it was due, so that a server that falls behind is not spared
(no coordinated omission); each request has a connection of its own, as the front end makes them.
"""

import gc
import random
import select
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.load import Answer, WrongAnswer, parse


@dataclass(frozen=True)
class Arrival:
    """A request that is due ``at`` so many seconds after the start."""

    at: float
    kind: str
    request: bytes


@dataclass(frozen=True)
class Answered:
    """What came back; ``seconds`` from when it was due to its last byte. ``answer`` is None when nothing came.

    ``due_at``: when it was due, by ``time.perf_counter``.
    """

    arrival: Arrival
    answer: Answer | None
    seconds: float
    due_at: float


def due(rate: float, seconds: float, draw: random.Random) -> list[float]:
    """When ``rate * seconds`` visitors who know nothing of each other come (a Poisson process of just so many)."""
    return sorted(draw.uniform(0.0, seconds) for _ in range(round(rate * seconds)))


class _Line:
    """A connection that is being made, then has its request under way."""

    def __init__(self, address: tuple[str, int], arrival: Arrival) -> None:
        self.arrival = arrival
        self.received = b""
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.connect_ex(address)
        self._unsent = arrival.request

    def send(self) -> bool:
        """Send what can be sent; whether all of it is."""
        self._unsent = self._unsent[self.socket.send(self._unsent) :]
        return not self._unsent

    def receive(self) -> Answer | None:
        """The answer when it is whole. Raises ``OSError`` when the server let go before."""
        chunk = self.socket.recv(262144)
        if not chunk:
            raise ConnectionError("closed before the answer")
        self.received += chunk
        parsed = parse(self.received)
        return parsed[0] if parsed else None


def run(address: tuple[str, int], arrivals: Sequence[Arrival], *, patience: float) -> list[Answered]:
    """Send all ``arrivals`` (in order of time) and wait at most ``patience`` seconds after the last."""
    collecting = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        return _Run(address, arrivals).drive(patience)
    finally:
        if collecting:
            gc.enable()


class _Run:
    def __init__(self, address: tuple[str, int], arrivals: Sequence[Arrival]) -> None:
        self._address = address
        self._waiting = list(reversed(arrivals))
        self._last = arrivals[-1].at if arrivals else 0.0
        self._lines: dict[int, _Line] = {}
        self._done: list[Answered] = []
        self._epoll = select.epoll()
        self._started = time.perf_counter()

    def drive(self, patience: float) -> list[Answered]:
        with self._epoll:
            while (self._waiting or self._lines) and self._now() < self._last + patience:
                self._begin_due()
                until = self._waiting[-1].at if self._waiting else self._last + patience
                for descriptor, events in self._epoll.poll(max(0.0, until - self._now())):
                    self._go_on(self._lines[descriptor], events)
            for line in list(self._lines.values()):
                self._end(line, None)
        return self._done

    def _now(self) -> float:
        return time.perf_counter() - self._started

    def _begin_due(self) -> None:
        while self._waiting and self._waiting[-1].at <= self._now():
            line = _Line(self._address, self._waiting.pop())
            self._lines[line.socket.fileno()] = line
            self._epoll.register(line.socket, select.EPOLLOUT)

    def _go_on(self, line: _Line, events: int) -> None:
        try:
            if events & select.EPOLLOUT:
                if line.send():
                    self._epoll.modify(line.socket, select.EPOLLIN)
            elif (answer := line.receive()) is not None:
                self._end(line, answer)
        except (OSError, WrongAnswer):
            self._end(line, None)

    def _end(self, line: _Line, answer: Answer | None) -> None:
        due_at = self._started + line.arrival.at
        self._done.append(Answered(line.arrival, answer, time.perf_counter() - due_at, due_at))
        del self._lines[line.socket.fileno()]
        self._epoll.unregister(line.socket)
        line.socket.close()
