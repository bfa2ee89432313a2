"""The relying party's own server: it takes back-channel logout notices and remembers them.

Always true: every notice is answered 200 with ``Cache-Control: no-store``, as a relying party that signed out does.
"""

import base64
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl


@dataclass(frozen=True)
class Notice:
    """One request as it came in, with the form pairs of its body."""

    method: str
    path: str
    content_type: str
    pairs: tuple[tuple[str, str], ...]

    @property
    def token(self) -> str:
        return dict(self.pairs).get("logout_token", "")

    def claims(self) -> dict[str, object]:
        """The claims, unverified: only to find out whose notice it is."""
        try:
            body = self.token.split(".")[1]
            found: dict[str, object] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        except (IndexError, ValueError):
            return {}
        return found


class Receiver:
    """A small HTTP server on a loopback port of its own; ``base`` is its address."""

    def __init__(self) -> None:
        self._arrived: list[Notice] = []
        self._changed = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/test/a/tongban"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def wait(self, wanted: Callable[[Notice], bool], timeout: float) -> Notice | None:
        """The first notice that is ``wanted``, or None after ``timeout`` seconds."""
        end = time.monotonic() + timeout
        with self._changed:
            while True:
                found = next((notice for notice in self._arrived if wanted(notice)), None)
                left = end - time.monotonic()
                if found or left <= 0:
                    return found
                self._changed.wait(left)

    def _take(self, notice: Notice) -> None:
        with self._changed:
            self._arrived.append(notice)
            self._changed.notify_all()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode("utf-8", "replace")
                pairs = tuple(parse_qsl(body, keep_blank_values=True))
                kind = self.headers.get("Content-Type", "")
                receiver._take(Notice("POST", self.path, kind, pairs))
                self.send_response(200)
                self.send_header("Cache-Control", "no-store")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Silence: pytest shows what failed."""

        return Handler
