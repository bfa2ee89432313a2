"""Callbacks as they are sent: after their time, signed at that moment, and again when nobody is there."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from adapters.sandbox import check_callbacks
from adapters.sandbox.check_callbacks import _deliver, deliver


class Hears(BaseHTTPRequestHandler):
    """Answers as the test says and notes what comes."""

    answers: list[int]
    heard: list[tuple[str, str, bytes]]
    arrived: threading.Event

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.heard.append((self.path, self.headers["Tongban-Timestamp"], body))
        self.send_response(self.answers.pop(0))
        self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.arrived.set()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def hears() -> type[Hears]:
    return type("Heard", (Hears,), {"answers": [], "heard": [], "arrived": threading.Event()})


@pytest.fixture
def provider(hears: type[Hears]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), hears)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://idp.localhost:{server.server_port}/hooks/face"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waited: list[float] = []
    monkeypatch.setattr(check_callbacks.time, "sleep", waited.append)
    return waited


def test_it_is_sent_in_the_background(provider: str, hears: type[Hears]) -> None:
    hears.answers.append(202)
    deliver(provider, lambda: ({"Tongban-Timestamp": "1"}, b"{}"), 0)
    assert hears.arrived.wait(10)
    assert hears.heard == [("/hooks/face", "1", b"{}")]


def test_it_is_signed_anew_for_every_try_and_a_refusal_ends_it(
    provider: str, hears: type[Hears], pauses: list[float]
) -> None:
    hears.answers.extend([503, 302])
    times = iter("123")
    _deliver(provider, lambda: ({"Tongban-Timestamp": next(times)}, b"{}"), 20)
    assert [timestamp for _, timestamp, _ in hears.heard] == ["1", "2"]
    assert pauses == [20, 1]


def test_nobody_there_is_no_failure(pauses: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    _deliver("http://127.0.0.1:1/hooks/face", lambda: ({}, b""), 0)
    assert pauses == [0, 1, 5]
    assert "ConnectionRefusedError" in capsys.readouterr().err
