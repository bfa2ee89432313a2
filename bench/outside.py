"""The outside world of ``bench faces``: it takes text messages at once, and holds whoever asks it to check a face.

Always true: every message taken, and every connection held and let go of, is one line of the log, with its moment by
``time.perf_counter``, which all processes of a machine share.
"""

import contextlib
import json
import socket
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from adapters.sandbox import processes
from bench.targets import ROOT

HOLD = 30.0
"""Seconds for which a connection is held."""
PATIENCE = 10.0
"""Seconds that its start may take."""
SMS, FACE = "/sms/v1/messages", "/face/v1"
TAKEN, HELD, LET_GO = "taken", "held", "let-go"
_writing = threading.Lock()


@dataclass(frozen=True)
class Happened:
    """One line of the log. ``number``: as the message was addressed (E.164), "" for a connection."""

    at: float
    what: str
    number: str = ""


class _Outside(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == SMS:
            self._take(str(json.loads(body)["to"]))
        else:
            self._hold()

    def _take(self, number: str) -> None:
        _write(TAKEN, number)
        answer = json.dumps({"status": "accepted", "provider_id": "bench"}).encode()
        self.send_response(202)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _hold(self) -> None:
        """Until its time is over, or the other side has gone."""
        _write(HELD)
        self.connection.settimeout(HOLD)
        with contextlib.suppress(OSError):
            self.connection.recv(1)
        _write(LET_GO)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Nothing beside the lines that are counted."""


def _write(what: str, number: str = "") -> None:
    with _writing:
        sys.stdout.write(f"{time.perf_counter():.6f} {what} {number}\n")
        sys.stdout.flush()


class Outside:
    """The other process, seen from here."""

    def __init__(self, log: Path) -> None:
        self._log = log

    def happened(self, since: float) -> list[Happened]:
        return read(self._log.read_text(), since)


def read(text: str, since: float) -> list[Happened]:
    """The whole lines of a log from ``since`` on."""
    lines = (line.split() for line in text[: text.rfind("\n") + 1].splitlines())
    found = [Happened(float(at), what, "".join(number)) for at, what, *number in lines]
    return [one for one in found if one.at >= since]


def held(happened: Sequence[Happened]) -> tuple[int, int]:
    """How many connections were held, and how many of them at most at the same time."""
    now = most = count = 0
    for one in happened:
        count += one.what == HELD
        now += (one.what == HELD) - (one.what == LET_GO)
        most = max(most, now)
    return count, most


@contextlib.contextmanager
def outside(directory: Path, port: int) -> Iterator[Outside]:
    log = directory / "outside.log"
    command = [sys.executable, "-m", "bench.outside", str(port)]
    child = processes.start("outside", command, log=log, cwd=ROOT)
    try:
        processes.wait_until(partial(_listens, port), child, seconds=PATIENCE)
        yield Outside(log)
    finally:
        processes.stop(child)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), _Outside).serve_forever()
