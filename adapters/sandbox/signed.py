"""What every stand-in of the sandbox does alike: checks a request's signature, and refuses or falls silent.

Always true: nothing of a request is read before its signature holds.
"""

from collections.abc import Iterator

from flask import Response, current_app, jsonify, request

from adapters.sandbox.contract import Refusal, check_signature
from adapters.sandbox.settings import SandboxSettings


def settings() -> SandboxSettings:
    """This app's settings."""
    found: SandboxSettings = current_app.extensions["sandbox_settings"]
    return found


def refuse(refusal: Refusal) -> Response:
    """The contracts' error answer."""
    response = jsonify(error=refusal.error, message=refusal.message)
    response.status_code = refusal.status
    return response


def signed_body(secret: str, now: float) -> bytes | Refusal:
    """The body of this request, signed with ``secret`` about ``now``."""
    body = request.get_data(cache=False)
    refusal = check_signature(
        secret=secret,
        timestamp=request.headers.get("Tongban-Timestamp", ""),
        signature=request.headers.get("Tongban-Signature", ""),
        body=body,
        now=now,
        window=settings().clock_window,
    )
    if refusal:
        return refusal
    if request.mimetype != "application/json":
        return Refusal(415, "invalid_request", "the body is application/json")
    return body


class HangUp:
    """A body that ends the connection instead: a WSGI server sends no byte of the head before the body's first."""

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        raise ConnectionAbortedError("a magic number asked for this")
