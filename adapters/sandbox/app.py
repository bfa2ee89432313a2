"""The sandbox: one small web app that stands in for the outside services, and the command that serves it.

Always true: it refuses to run in production, and listens on loopback unless somebody names another address.
"""

import argparse
import os
import secrets
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from flask import Flask, Response, render_template, request
from werkzeug.exceptions import HTTPException, SecurityError
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.wrappers import Response as AnyResponse

from adapters.sandbox.agent import beside, origin_of
from adapters.sandbox.agent_device import Device
from adapters.sandbox.ca import authorities
from adapters.sandbox.ca_cast import cast
from adapters.sandbox.ca_pages import ca_pages
from adapters.sandbox.ca_shelf import Shelf
from adapters.sandbox.captcha import Challenges, captcha
from adapters.sandbox.cards import cards
from adapters.sandbox.check_pages import check_pages
from adapters.sandbox.check_store import Checks
from adapters.sandbox.checks import checks
from adapters.sandbox.contract import Refusal
from adapters.sandbox.pages import pages, words
from adapters.sandbox.people import PeopleError, load_people
from adapters.sandbox.phone import phone
from adapters.sandbox.photos import photos
from adapters.sandbox.register_entries import EntriesError, load_entries
from adapters.sandbox.registers import RegisterMemory, registers
from adapters.sandbox.settings import AGENT_PORT, CA_DIRECTORY, SandboxSettings, refusal, secrets_from
from adapters.sandbox.signed import refuse
from adapters.sandbox.sm2_server import sm2_server
from adapters.sandbox.sms import sms
from adapters.sandbox.store import Inbox

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

APIS = (
    *("/sms", "/population/", "/enterprise/", "/bank-cards/", "/photos/v1/", "/captcha/", "/sm2/"),
    *("/face/v1/", "/bank/v1/"),
)
"""What programs ask, and are answered in JSON whatever happens."""


def create_sandbox(settings: SandboxSettings | None = None) -> Flask:
    """A sandbox of its own, empty. Raises ``PeopleError``, ``EntriesError`` for a file it cannot read."""
    settings = settings or SandboxSettings()
    app = Flask(__name__)
    app.config.update(MAX_CONTENT_LENGTH=settings.max_body, MAX_FORM_PARTS=16, TRUSTED_HOSTS=list(settings.names))
    app.extensions["sandbox_settings"] = settings
    app.extensions["sandbox_inbox"] = Inbox(max_messages=settings.max_messages, max_requests=settings.max_requests)
    app.extensions["sandbox_people"] = load_people(settings.people)
    app.extensions["sandbox_token"] = secrets.token_urlsafe(32)
    app.extensions["sandbox_entries"] = load_entries(settings.entries)
    app.extensions["sandbox_captcha"] = Challenges(most=settings.max_requests)
    app.extensions["sandbox_checks"] = Checks(most=settings.max_requests)
    app.extensions["sandbox_register_memory"] = RegisterMemory(most=settings.max_requests)
    demo = authorities(Shelf(settings.ca), cast(app.extensions["sandbox_entries"]), at=f"{settings.address}/ca")
    app.extensions["sandbox_authorities"] = demo
    app.extensions["sandbox_device"] = Device(demo, settings.clock)
    app.register_blueprint(sms)
    app.register_blueprint(registers)
    app.register_blueprint(cards)
    app.register_blueprint(photos)
    app.register_blueprint(captcha)
    app.register_blueprint(sm2_server)
    app.register_blueprint(checks)
    app.register_blueprint(check_pages)
    app.register_blueprint(ca_pages)
    app.register_blueprint(phone)
    app.register_blueprint(pages)
    app.context_processor(words)
    app.after_request(_harden)
    app.register_error_handler(HTTPException, _explain)
    return app


def _harden(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)  # pages with a script of their own say so themselves
    return response


def _explain(error: HTTPException) -> AnyResponse:
    """Any refusal of the framework's, as JSON where machines ask and as a page where people do."""
    status = error.code or 500
    if isinstance(error, SecurityError):  # no address of ours can be built for a foreign host name
        return Response("400: this host name is not served here (--name adds one)\n", 400, mimetype="text/plain")
    if request.path.startswith(APIS):
        response: AnyResponse = refuse(Refusal(status, "invalid_request" if status < 500 else "internal", error.name))
    else:
        response = Response(render_template("error.html", status=status), status)
    if status == 405:
        response.headers["Allow"] = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
    return response


class _Requests(WSGIRequestHandler):
    """Says what was asked for without its query: numbers stand there."""

    timeout = 60

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        del size
        path = getattr(self, "path", "-").partition("?")[0]
        sys.stderr.write(f"sandbox: {getattr(self, 'command', '-')} {ascii(path)[1:-1]} {code}\n")

    def log(self, type: str, message: str, *args: object) -> None:
        """Nothing: the base class would repeat a malformed request line word for word."""


def make(settings: SandboxSettings, *, host: str, port: int, app: Flask | None = None) -> BaseWSGIServer:
    """A server with a thread per request, bound and not yet serving; port 0 finds a free one."""
    return make_server(host, port, app or create_sandbox(settings), threaded=True, request_handler=_Requests)


def main(arguments: Sequence[str] = (), *, host: str | None = None, port: int | None = None) -> int:
    """Serve until Ctrl-C or SIGTERM; ``host`` and ``port`` stand before ``arguments``. Returns the exit status."""
    options = _parser().parse_args(list(arguments))
    reason = refusal(os.environ, production=options.production)
    if reason:
        sys.stderr.write(f"sandbox: not started: {reason}\n")
        return 2
    port = options.port if port is None else port
    try:
        settings = _settings(options, port)
        app = create_sandbox(settings)
        server = make(settings, host=host or options.host, port=port, app=app)
    except (PeopleError, EntriesError) as error:
        sys.stderr.write(f"sandbox: not started: {error}\n")
        return 2
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.stderr.write(
        f"sandbox: http://{options.names[0]}:{server.port}/ (nothing is kept after it stops but the demo CAs)\n"
    )
    if options.agent_port is not None:
        device: Device = app.extensions["sandbox_device"]
        told = beside(device, origins=[origin_of(settings.issuer)], port=options.agent_port)
        sys.stderr.write(f"sandbox: {told}\n")
    server.serve_forever()  # ends on KeyboardInterrupt and closes its socket
    return 0


def _settings(options: argparse.Namespace, port: int) -> SandboxSettings:
    settings = SandboxSettings(
        **secrets_from(os.environ),
        issuer=options.issuer.rstrip("/"),
        tax=options.tax.rstrip("/"),
        social=options.social.rstrip("/"),
        names=tuple(options.names),
        ca=options.ca,
        address=f"http://{options.names[0]}:{port}" if port else SandboxSettings().address,
    )
    files = {"people": options.people, "entries": options.registers}
    return replace(settings, **{name: path for name, path in files.items() if path})


def _parser() -> argparse.ArgumentParser:
    known = SandboxSettings()
    parser = argparse.ArgumentParser(
        prog="idp sandbox",
        description="Stand-in for the outside services: SMS inbox, registers, magic numbers, start page. "
        "The keys of the contracts come from the provider's variables, such as TONGBAN_SMS__SECRET.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8009, help="default: %(default)s; 0 finds a free one")
    parser.add_argument(
        "--name", dest="names", action="append", default=list(known.names), metavar="HOST", help="further host name"
    )
    parser.add_argument("--issuer", default=os.environ.get("TONGBAN_ISSUER", known.issuer), help="the provider")
    parser.add_argument("--tax", default=known.tax, help="the tax demo app")
    parser.add_argument("--social", default=known.social, help="the social security demo app")
    parser.add_argument("--people", type=Path, help="TOML file of demo people (config/demo/people.toml)")
    parser.add_argument("--registers", type=Path, help="TOML file of register entries (config/demo/registers.toml)")
    parser.add_argument(
        "--ca", type=Path, default=CA_DIRECTORY, help="where demo CAs are kept (default: %(default)s)"
    )
    parser.add_argument(
        "--agent-port",
        type=_port,
        default=AGENT_PORT,
        help="of the agent of a USB key (default: %(default)s); 'none'",
    )
    parser.add_argument("--production", action="store_true", help="only makes it refuse to start")
    return parser


def _port(written: str) -> int | None:
    return None if written == "none" else int(written)
