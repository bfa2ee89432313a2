"""Load generator: N keep-alive HTTP/1.1 connections in one thread, each driven by a script, every answer checked.

Always true: a connection has one request under way; when time is up nothing new starts and all that runs is
finished, so the number of answers and the server's CPU time cover exactly the same work.

A script is a generator: it yields request bytes, receives the ``Answer``, and yields ``DONE`` after each completed
operation. It raises ``WrongAnswer`` (through ``expect``) for anything but the right answer. Written over epoll and
plain sockets, because at these rates an event loop with futures costs more than the servers under test.
"""

import gc
import select
import socket
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Final, NamedTuple, NoReturn

DONE: Final = b""
STALLED: Final = 10.0


class WrongAnswer(AssertionError):
    """The server said something else than the operation must give."""


class Answer(NamedTuple):
    status: int
    head: bytes
    """Status line and header fields as received."""
    body: bytes

    def header(self, name: bytes) -> bytes | None:
        """The first field called ``name`` (given in lower case)."""
        values = self.headers(name)
        return values[0] if values else None

    def headers(self, name: bytes) -> list[bytes]:
        lines = (line.partition(b":") for line in self.head.split(b"\r\n")[1:])
        return [value.strip() for field_name, _, value in lines if field_name.lower() == name]


Script = Generator[bytes, Answer, None]


@dataclass
class Sample:
    """What one round saw. ``latencies`` are seconds per request; ``operations`` may take several requests each."""

    operations: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)


def wrong(why: str, answer: Answer) -> NoReturn:
    text = (answer.head + b"\r\n\r\n" + answer.body)[:1500].decode(errors="replace")
    raise WrongAnswer(f"{why}; the answer was:\n{text}")


def expect(answer: Answer, *statuses: int, containing: bytes = b"") -> Answer:
    if answer.status not in statuses:
        wrong(f"expected status {statuses}", answer)
    if containing not in answer.body:
        wrong(f"expected {containing!r} in the body", answer)
    return answer


def parse(buffer: bytes) -> tuple[Answer, int] | None:
    """The first complete answer in ``buffer`` and its length, or None while it is incomplete (RFC 9112 6)."""
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        return None
    head, start = buffer[:end], end + 4
    status = int(head[9:12])
    lower = head.lower()
    at = lower.find(b"\r\ncontent-length:")
    if at >= 0:
        stop = lower.find(b"\r\n", at + 2)
        length = int(lower[at + 17 : stop if stop >= 0 else len(lower)])
        if len(buffer) < start + length:
            return None
        return Answer(status, head, buffer[start : start + length]), start + length
    if b"\r\ntransfer-encoding: chunked" in lower:
        return _parse_chunked(status, head, buffer, start)
    if status in (204, 304):
        return Answer(status, head, b""), start
    raise WrongAnswer(f"an answer without length on a kept connection: {head[:500]!r}")


def _parse_chunked(status: int, head: bytes, buffer: bytes, at: int) -> tuple[Answer, int] | None:
    body = b""
    while (end := buffer.find(b"\r\n", at)) >= 0:
        size = int(buffer[at:end].partition(b";")[0], 16)
        at = end + 2 + size + 2
        if len(buffer) < at:
            return None
        body += buffer[end + 2 : at - 2]
        if size == 0:
            return Answer(status, head, body), at
    return None


class _Connection:
    """One socket and the script that speaks over it."""

    def __init__(self, address: tuple[str, int], script: Script) -> None:
        self.script = script
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""
        self.sent_at = 0.0

    def send(self, request: bytes) -> None:
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def answer(self) -> Answer | None:
        chunk = self.socket.recv(262144)
        if not chunk:
            raise WrongAnswer("the server closed a kept connection")
        buffer = self.received + chunk if self.received else chunk
        parsed = parse(buffer)
        if parsed is None:
            self.received = buffer
            return None
        if parsed[1] != len(buffer):
            raise WrongAnswer(f"bytes after the answer: {buffer[parsed[1] :][:200]!r}")
        self.received = b""
        return parsed[0]


def run(
    address: tuple[str, int],
    script: Callable[[int], Script],
    *,
    connections: int,
    seconds: float,
) -> Sample:
    """Drive ``script(0)`` … ``script(connections - 1)`` at full speed for about ``seconds``.

    Raises ``WrongAnswer`` at the first answer that is not right, and when a server is silent for ten seconds.
    """
    lines = [_Connection(address, script(number)) for number in range(connections)]
    collecting = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        return _drive(lines, seconds)
    finally:
        if collecting:
            gc.enable()
        for line in lines:
            line.script.close()
            line.socket.close()


def _drive(lines: list[_Connection], seconds: float) -> Sample:
    sample = Sample()
    epoll = select.epoll()
    by_descriptor = {line.socket.fileno(): line for line in lines}
    started = time.perf_counter()
    deadline = started + seconds
    with epoll:
        for descriptor, line in by_descriptor.items():
            epoll.register(descriptor, select.EPOLLIN)
            line.send(next(line.script))
        busy = len(lines)
        while busy:
            events = epoll.poll(STALLED)
            if not events:
                raise WrongAnswer(f"no answer for {STALLED:.0f} s on {busy} connections")
            for descriptor, _ in events:
                line = by_descriptor[descriptor]
                answer = line.answer()
                if answer is None:
                    continue
                now = time.perf_counter()
                sample.latencies.append(now - line.sent_at)
                request = line.script.send(answer)
                if request == DONE:
                    sample.operations += 1
                    if now >= deadline:
                        busy -= 1
                        continue
                    request = next(line.script)
                line.send(request)
    sample.seconds = time.perf_counter() - started
    return sample
