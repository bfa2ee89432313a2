"""Starts one demo app: `python -m adapters.departments.demo tax --issuer http://localhost:8000`; stops on SIGTERM.

Every option can also be given in the environment as DEMO_<OPTION>, which keeps the secret out of the process list.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from adapters.departments.demo.app import DemoSettings, create_app
from adapters.departments.demo.departments import DEPARTMENTS, TAX
from adapters.departments.demo.filings import PATH as API_PATH
from adapters.departments.errors import ConfigurationError
from adapters.departments.memory_store import MemoryStore
from adapters.departments.settings import ClientSettings
from adapters.departments.sqlite_store import SqliteStore

_log = logging.getLogger("demo")


class _Handler(WSGIRequestHandler):
    """Logs the path without its query, which in callbacks holds codes."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:  # noqa: ARG002 - the base's signature
        _log.info("%s %s %s", self.command, self.path.partition("?")[0], code)

    def version_string(self) -> str:
        return "demo"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m adapters.departments.demo", description=__doc__)
    parser.add_argument("department", choices=sorted(DEPARTMENTS))

    def option(name: str, meaning: str, default: str = "") -> None:
        variable = "DEMO_" + name.upper().replace("-", "_")
        shown = f" (default: {default})" if default else ""
        parser.add_argument(f"--{name}", default=os.environ.get(variable, default), help=meaning + shown)

    option("issuer", "the provider's issuer", "http://localhost:8000")
    option("port", "port to listen on; 8101 for tax, 8102 for social by default")
    option("host", "address to listen on", "127.0.0.1")
    option("base-url", "how browsers reach this app; http://<department>.localhost:<port> by default")
    option("other-url", "how browsers reach the other demo app")
    option("client-id", "registered client; <department>-demo by default")
    option("client-secret", "its secret; better given as DEMO_CLIENT_SECRET")
    option("scope", "what to ask for; as registered for the department by default")
    option("id-token-algorithm", "signature algorithm of the registration", "ES256")
    option("connect-to", "name:port=address:port,...: where to connect instead; the name is still checked")
    option("ca-file", "PEM file with the authorities to trust instead of the system's")
    option("store", "SQLite file for sessions; in memory by default")
    return parser


def settings_from(arguments: Sequence[str]) -> tuple[argparse.Namespace, DemoSettings]:
    """Read options and environment. Raises `ConfigurationError` for what cannot work."""
    options = _parser().parse_args(arguments)
    department = DEPARTMENTS[options.department]
    other = DEPARTMENTS[department.other]
    options.port = _port(options.port or str(department.port))
    base_url = (options.base_url or f"http://{department.key}.localhost:{options.port}").rstrip("/")
    client = ClientSettings(
        issuer=options.issuer,
        client_id=options.client_id or department.client_id,
        client_secret=options.client_secret,
        redirect_uri=f"{base_url}/oidc/callback",
        post_logout_redirect_uri=f"{base_url}/signed-out",
        scope=options.scope or department.scope,
        id_token_algorithm=options.id_token_algorithm,
        connect_to=_connect_to(options.connect_to),
        ca_file=options.ca_file or None,
    )
    other_url = (options.other_url or f"http://{other.key}.localhost:{other.port}").rstrip("/")
    return options, DemoSettings(
        department=department,
        client=client,
        base_url=base_url,
        other_url=other_url,
        api_address=f"http://127.0.0.1:{options.port}{API_PATH}" if department is TAX else "",
    )


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise ConfigurationError("port is not a port number")
    return int(text)


def _connect_to(text: str) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in text.split(",") if pair.strip()]
    return {name.strip(): target.strip() for name, _, target in pairs}


def _stop_on_signals(server: BaseWSGIServer) -> None:
    """`shutdown` waits for the serving loop, so it runs beside it."""

    def stop(_number: int, _frame: object) -> None:
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to stop; 2 if the options cannot work."""
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    try:
        options, settings = settings_from(sys.argv[1:] if arguments is None else arguments)
        app = create_app(settings, store=SqliteStore(options.store) if options.store else MemoryStore())
    except ConfigurationError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 2
    server = make_server(options.host, options.port, app, threaded=True, request_handler=_Handler)
    _stop_on_signals(server)
    _log.info("%s listens on %s:%d for %s", settings.department.key, server.host, server.port, settings.base_url)
    server.serve_forever(poll_interval=0.1)
    server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
