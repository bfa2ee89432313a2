"""The stand-in of a certificate tool's agent on a person's computer (GB/T 43694), beside the sandbox or on its own.

Always true: it listens on loopback alone, answers pages of the configured origins alone, and is never for production.
"""

import argparse
import base64
import binascii
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Thread
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, jsonify, request
from werkzeug.serving import make_server

from adapters.sandbox.agent_device import Device, Fault
from adapters.sandbox.ca import Issued, authorities
from adapters.sandbox.ca_cast import cast
from adapters.sandbox.ca_keys import Kind
from adapters.sandbox.ca_shelf import Shelf
from adapters.sandbox.ca_signed_data import signed_data
from adapters.sandbox.register_entries import load_entries
from adapters.sandbox.settings import AGENT_PORT, SandboxSettings, refusal

ENDPOINT = "/sof"
VERSION = "1.0"
_HOSTS = ["localhost", "127.0.0.1"]  # whoever has another name point here is not answered
_MOST_BYTES = 128 * 1024
_OK = 0
Params: TypeAlias = list[str]
Result: TypeAlias = object


def create_agent(device: Device, *, origins: Sequence[str]) -> Flask:
    """The agent of ``device`` for pages of ``origins``."""
    app = Flask(__name__)
    app.config.update(MAX_CONTENT_LENGTH=_MOST_BYTES, TRUSTED_HOSTS=_HOSTS)
    app.extensions["agent_device"] = device
    app.extensions["agent_origins"] = frozenset(origins)
    app.add_url_rule(ENDPOINT, view_func=_call, methods=["POST"])
    app.after_request(_allow)
    return app


def _allow(response: Response) -> Response:
    """CORS, for the configured origins; pages of public addresses ask for private ones besides."""
    response.headers["Vary"] = "Origin"
    response.headers["Cache-Control"] = "no-store"
    origin = request.headers.get("Origin")
    if origin not in current_app.extensions["agent_origins"]:
        return response
    response.headers["Access-Control-Allow-Origin"] = origin
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = "POST"
        response.headers["Access-Control-Allow-Headers"] = "Content-Type"
        response.headers["Access-Control-Allow-Private-Network"] = "true"
    return response


def _call() -> tuple[Response, int]:
    """``{"function": "SOF_…", "params": […]}`` -> ``{"result": …, "error": 0}``."""
    origin = request.headers.get("Origin")
    if origin is not None and origin not in current_app.extensions["agent_origins"]:
        return _answer(Fault.BAD_REQUEST), 403
    sent = request.get_json(silent=True)  # only application/json: anything else needs no preflight
    if not isinstance(sent, dict):
        return _answer(Fault.BAD_REQUEST), 400
    name, params = sent.get("function"), sent.get("params", [])
    known = FUNCTIONS.get(name) if isinstance(name, str) else None
    are_texts = isinstance(params, list) and all(isinstance(one, str) for one in params)
    if known is None or not are_texts or len(params) != known[0]:
        return _answer(Fault.BAD_REQUEST), 400
    device: Device = current_app.extensions["agent_device"]
    return _answer(known[1](device, params)), 200


def _answer(found: Result | Fault) -> Response:
    if isinstance(found, Fault):
        return jsonify(result=None, error=int(found), message=found.name.lower())
    return jsonify(result=found, error=_OK)


def _certificates(device: Device, params: Params) -> Result | Fault:
    del params
    return [{"id": pair.id, "name": pair.name} for pair in device.pairs()] if device.plugged else Fault.NO_DEVICE


def _export(device: Device, params: Params) -> Result | Fault:
    found = device.certificate(params[0])
    return found if isinstance(found, Fault) else _base64(found.held.certificate)


def _log_in(device: Device, params: Params) -> Result | Fault:
    fault = device.log_in(params[0], params[1])
    return True if fault is None else fault


def _log_out(device: Device, params: Params) -> Result | Fault:
    device.log_out(params[0])
    return True


def _sign(device: Device, params: Params) -> Result | Fault:
    return _signed(device, params, lambda issued, content: issued.held.key.sign(content))


def _sign_p7(device: Device, params: Params) -> Result | Fault:
    def attached(issued: Issued, content: bytes) -> bytes:
        """Tools for SM2 sign the content itself as a rule, others attributes with the time."""
        return signed_data(issued, content, now=None if issued.held.key.kind is Kind.SM2 else device.now)

    return _signed(device, params, attached)


def _signed(device: Device, params: Params, make: Callable[[Issued, bytes], bytes]) -> Result | Fault:
    try:
        content = base64.b64decode(params[1], validate=True)
    except (binascii.Error, ValueError):
        return Fault.BAD_REQUEST
    found = device.signing(params[0])
    return found if isinstance(found, Fault) else _base64(make(found, content))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


FUNCTIONS: Mapping[str, tuple[int, Callable[[Device, Params], Any]]] = {
    "SOF_GetVersion": (0, lambda device, params: VERSION),  # noqa: ARG005
    "SOF_GetCertList": (0, _certificates),
    "SOF_ExportUserCert": (1, _export),
    "SOF_GetPinRetryCount": (1, lambda device, params: device.tries_left),  # noqa: ARG005
    "SOF_Login": (2, _log_in),
    "SOF_Logout": (1, _log_out),
    "SOF_SignData": (2, _sign),
    "SOF_SignDataByP7": (2, _sign_p7),
}
"""Name -> how many parameters, all texts, and what it does."""


def origin_of(address: str) -> str:
    """``https://host:port`` of an address."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def beside(device: Device, *, origins: Sequence[str], port: int) -> str:
    """Serve in the background as long as the process lives; returns what to tell of it."""
    try:
        server = make_server("127.0.0.1", port, create_agent(device, origins=origins), threaded=True)
    except (OSError, SystemExit):  # werkzeug ends the process for a taken port
        return f"no agent: port {port} is taken"
    Thread(target=server.serve_forever, daemon=True).start()
    return f"agent: http://127.0.0.1:{server.port}{ENDPOINT}"


def main(arguments: Sequence[str]) -> int:
    """`python -m adapters.sandbox agent`: only the agent, until Ctrl-C. Returns the exit status."""
    known = SandboxSettings()
    parser = argparse.ArgumentParser(
        prog="python -m adapters.sandbox agent", description="Stand-in agent of a USB key."
    )
    parser.add_argument("--port", type=int, default=AGENT_PORT, help="on 127.0.0.1 (default: %(default)s)")
    parser.add_argument("--origin", action="append", help="page that may ask; by default the provider's")
    parser.add_argument("--ca", type=Path, help="directory of the demo CAs, to share it with a sandbox")
    options = parser.parse_args(list(arguments))
    if reason := refusal(os.environ, production=False):
        sys.stderr.write(f"agent: not started: {reason}\n")
        return 2
    demo = authorities(Shelf(options.ca), cast(load_entries(known.entries)), at=f"{known.address}/ca")
    origins = options.origin or [origin_of(os.environ.get("TONGBAN_ISSUER", known.issuer))]
    server = make_server(
        "127.0.0.1", options.port, create_agent(Device(demo, time.time), origins=origins), threaded=True
    )
    sys.stderr.write(f"agent: http://127.0.0.1:{server.port}{ENDPOINT}\n")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        return 0
    return 0
