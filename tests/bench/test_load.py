"""The load generator: what it takes for an answer, and that a wrong one stops it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from bench import load
from bench.load import DONE, Script, WrongAnswer, expect, parse, run
from bench.operations import repeat

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"


@pytest.mark.parametrize("message", [PLAIN, CHUNKED])
def test_an_answer_is_complete_at_its_last_byte_and_not_before(message: bytes) -> None:
    for end in range(len(message)):
        assert parse(message[:end]) is None
    parsed = parse(message + b"HTTP/1.1")
    assert parsed is not None
    answer, length = parsed
    assert (answer.status, answer.body, length) == (200, b"hello", len(message))


def test_an_empty_answer_needs_no_length() -> None:
    parsed = parse(b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n")
    assert parsed is not None
    assert parsed[0].status == 304


def test_an_answer_without_length_is_wrong_on_a_kept_connection() -> None:
    with pytest.raises(WrongAnswer):
        parse(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello")


def test_header_names_are_case_insensitive_and_may_repeat() -> None:
    parsed = parse(b"HTTP/1.1 204 No Content\r\nset-cookie: a=1\r\nSet-Cookie:b=2\r\n\r\n")
    assert parsed is not None
    assert parsed[0].headers(b"set-cookie") == [b"a=1", b"b=2"]
    assert parsed[0].header(b"location") is None


def test_expect_names_the_status_and_the_missing_content() -> None:
    parsed = parse(PLAIN)
    assert parsed is not None
    assert expect(parsed[0], 200, containing=b"ell") is parsed[0]
    with pytest.raises(WrongAnswer, match=r"status \(201, 204\)"):
        expect(parsed[0], 201, 204)
    with pytest.raises(WrongAnswer, match="world"):
        expect(parsed[0], 200, containing=b"world")


class Server:
    """Answers every request on every connection with ``answer``, in pieces of ``piece`` bytes."""

    def __init__(self, answer: bytes, piece: int = 65536) -> None:
        self.answer, self.piece, self.requests = answer, piece, 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._socket.getsockname()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self._threads.append(threading.Thread(target=self._serve, args=(connection,), daemon=True))
            self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):  # the other side may leave at any moment
            while connection.recv(65536):
                self.requests += 1
                for at in range(0, len(self.answer), self.piece):
                    connection.sendall(self.answer[at : at + self.piece])

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for thread in self._threads:
            thread.join(5)


@pytest.fixture(params=[65536, 7])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    one = Server(PLAIN, request.param)
    yield one
    one.close()


def test_every_answer_is_counted_and_nothing_is_left_under_way(server: Server) -> None:
    sample = run(server.address, repeat(b"GET / HTTP/1.1\r\n\r\n", b"hello"), connections=4, seconds=0.05)
    assert sample.operations == len(sample.latencies) == server.requests >= 4
    assert sample.seconds >= 0.05


def test_an_operation_may_take_several_requests(server: Server) -> None:
    def script(_: int) -> Script:
        while True:
            for _ in range(3):
                expect((yield b"GET / HTTP/1.1\r\n\r\n"), 200)
            yield DONE

    sample = run(server.address, script, connections=2, seconds=0.02)
    assert 3 * sample.operations == len(sample.latencies) == server.requests


@pytest.mark.parametrize(
    ("content", "whole"), [(b"world", False), (b"hell", True)], ids=["content missing", "not the whole body"]
)
def test_one_wrong_answer_ends_the_round(server: Server, content: bytes, whole: bool) -> None:
    with pytest.raises(WrongAnswer):
        run(server.address, repeat(b"GET / HTTP/1.1\r\n\r\n", content, whole=whole), connections=2, seconds=5)


def test_a_closed_connection_ends_the_round() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        closer = threading.Thread(target=lambda: listening.accept()[0].close())
        closer.start()
        with pytest.raises((WrongAnswer, OSError)):
            run(listening.getsockname(), repeat(b"GET / HTTP/1.1\r\n\r\n", b""), connections=1, seconds=5)
        closer.join()


def test_silence_ends_the_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "STALLED", 0.05)
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        pytest.raises(WrongAnswer, match="no answer"),
    ):
        run(listening.getsockname(), repeat(b"GET / HTTP/1.1\r\n\r\n", b""), connections=1, seconds=5)
