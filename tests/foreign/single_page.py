"""The files of the single-page app: its own, its settings, and the browser's build of oidc-client-ts from npm."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from adapters.sandbox import packages_node

_OWN = Path(__file__).parent / "spa"
_KINDS = {".html": "text/html; charset=utf-8", ".js": "text/javascript", ".json": "application/json"}


def library() -> Path:
    """The build that one script element loads."""
    return packages_node.modules() / "oidc-client-ts/dist/browser/oidc-client-ts.min.js"


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, files: Mapping[str, bytes], *arguments: object) -> None:
        self.files = files
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        name = path.removeprefix("/") if path.removeprefix("/") in self.files else "index.html"
        self.send_response(200)
        self.send_header("Content-Type", _KINDS[Path(name).suffix])
        self.send_header("Content-Length", str(len(self.files[name])))
        self.end_headers()
        self.wfile.write(self.files[name])

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""


@contextmanager
def served(port: int, settings: Mapping[str, str]) -> Iterator[None]:
    """Serve the app on a loopback port; ``settings`` of oidc-client-ts's UserManager."""
    files = {path.name: path.read_bytes() for path in (*_OWN.iterdir(), library())}
    files["settings.json"] = json.dumps(settings).encode()
    server = ThreadingHTTPServer(("127.0.0.1", port), partial(_Handler, files))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
