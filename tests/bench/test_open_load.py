"""The open load: nobody waits for anybody, and waiting counts from when a request was due."""

import itertools
import random
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from bench.open_load import Arrival, due, run

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
REQUEST = b"GET / HTTP/1.1\r\n\r\n"


@contextmanager
def serving(answer: Callable[[socket.socket], None]) -> Iterator[tuple[str, int]]:
    """A server that gives each connection to ``answer``, on a thread of its own."""
    threads: list[threading.Thread] = []

    def one(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(65536)
            answer(connection)

    def accept() -> None:
        with suppress(OSError):
            while True:
                threads.append(threading.Thread(target=one, args=(listening.accept()[0],)))
                threads[-1].start()

    listening = socket.create_server(("127.0.0.1", 0))
    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield listening.getsockname()
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        for thread in [accepting, *threads]:
            thread.join(5)


def test_so_many_come_in_the_time_each_whenever_it_likes() -> None:
    moments = due(200.0, 20.0, random.Random(1))
    assert len(moments) == 4000
    assert moments == sorted(moments)
    assert 0.0 <= moments[0] < moments[-1] <= 20.0
    halves = sum(moment < 10.0 for moment in moments)
    assert 1850 < halves < 2150
    gaps = [later - earlier for earlier, later in itertools.pairwise(moments)]
    assert max(gaps) > 5 * sum(gaps) / len(gaps)  # not one after the other in step


def test_nobody_waits_for_an_earlier_answer() -> None:
    everybody = threading.Barrier(20)

    def answer(connection: socket.socket) -> None:
        everybody.wait(10)  # nobody is answered before all have asked
        connection.sendall(ANSWER)

    with serving(answer) as address:
        done = run(address, [Arrival(number / 1000, "x", REQUEST) for number in range(20)], patience=20)
    assert [one.answer.status for one in done if one.answer] == [200] * 20


def test_waiting_counts_from_when_it_was_due() -> None:
    with serving(lambda connection: connection.sendall(ANSWER)) as address:
        [one] = run(address, [Arrival(-5.0, "could not be sent for five seconds", REQUEST)], patience=20)
    assert one.answer is not None
    assert one.seconds >= 5.0


@pytest.mark.parametrize(
    "answer",
    [lambda _: None, lambda connection: connection.sendall(ANSWER[:-1])],
    ids=["closed at once", "cut short"],
)
def test_a_lost_answer_is_told(answer: Callable[[socket.socket], None]) -> None:
    with serving(answer) as address:
        [one] = run(address, [Arrival(0.0, "x", REQUEST)], patience=20)
    assert one.answer is None


def test_silence_ends_with_patience() -> None:
    released = threading.Event()
    with serving(lambda _: released.wait(20) and None) as address:
        [one] = run(address, [Arrival(0.0, "x", REQUEST)], patience=0.1)
        released.set()
    assert one.answer is None
    assert one.seconds >= 0.1


def test_nobody_there_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = listening.getsockname()
    [one] = run(address, [Arrival(0.0, "x", REQUEST)], patience=20)
    assert one.answer is None
