"""The department apps' own server: it takes back-channel logout notices, as fast or as slowly as a test wants.

Always true: a notice counts as arrived when its request was read, whatever is answered to it and when.
"""

import base64
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs


@dataclass(frozen=True, slots=True)
class Notice:
    """One logout token as it came in, its claims unverified; ``at`` by the monotonic clock."""

    path: str
    at: float
    claims: dict[str, Any]

    @property
    def sid(self) -> str:
        return str(self.claims.get("sid", ""))


class Receiver:
    """A server on a loopback port of its own. ``delay`` (seconds) and ``status`` by path say how it answers."""

    def __init__(self) -> None:
        self.delay: dict[str, float] = {}
        self.status: dict[str, int] = {}
        self._notices: list[Notice] = []
        self._changed = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def notices(self) -> list[Notice]:
        with self._changed:
            return list(self._notices)

    def of(self, sid: str) -> list[Notice]:
        """The notices about one session of one app."""
        return [notice for notice in self.notices if notice.sid == sid]

    def wait(self, arrived: Callable[[list[Notice]], bool], *, seconds: float) -> bool:
        """Whether ``arrived`` becomes true of the notices within ``seconds``."""
        end = time.monotonic() + seconds
        with self._changed:
            while not arrived(self._notices):
                left = end - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(left)
            return True

    def wait_for(self, *sids: str, seconds: float = 5) -> bool:
        """Whether a notice about each of these sessions arrives in time."""
        return self.wait(lambda notices: set(sids) <= {notice.sid for notice in notices}, seconds=seconds)

    def _take(self, path: str, body: str) -> None:
        token = parse_qs(body).get("logout_token", [""])[0]
        notice = Notice(path, time.monotonic(), claims_of(token))
        with self._changed:
            self._notices.append(notice)
            self._changed.notify_all()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                receiver._take(self.path, body)
                time.sleep(receiver.delay.get(self.path, 0))
                self.send_response(receiver.status.get(self.path, 200))
                self.send_header("Cache-Control", "no-store")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Silence: pytest shows what failed."""

            def handle(self) -> None:
                try:
                    super().handle()
                except ConnectionError:
                    return  # the provider was killed, or would not wait any longer

        return Handler


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a JWT, unverified; empty for anything else."""
    return _part(token, 1)


def header_of(token: str) -> dict[str, Any]:
    """The header of a JWT, unverified; empty for anything else."""
    return _part(token, 0)


def _part(token: str, place: int) -> dict[str, Any]:
    try:
        text = token.split(".")[place]
        found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (IndexError, ValueError):
        return {}
    return found
