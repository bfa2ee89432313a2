"""Requests that no client library would send: bytes over a socket, and the answer as it came.

Always true: exactly the given bytes are sent; the answer is complete or ``None``.
"""

import contextlib
import http.client
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

TIMEOUT = 10.0


@dataclass(frozen=True)
class RawResponse:
    """Status, headers with lower-case names (several of one name joined) and body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def location(self) -> str | None:
        return self.headers.get("location")


def exchange(issuer: str, message: bytes) -> RawResponse | None:
    """Send ``message`` to the server of ``issuer``; None if it closed the connection without a word."""
    parts = urlsplit(issuer)
    with socket.create_connection((parts.hostname or "", parts.port or 80), TIMEOUT) as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # refused while still being sent
            connection.sendall(message)
        answer = http.client.HTTPResponse(connection)
        try:
            answer.begin()
            body = answer.read()
        except (http.client.HTTPException, ConnectionError):
            return None
        finally:
            answer.close()
    headers: dict[str, str] = {}
    for name, value in answer.getheaders():
        known = headers.get(name.lower())
        headers[name.lower()] = f"{known}, {value}" if known else value
    return RawResponse(answer.status, headers, body)


def message(
    method: bytes, target: bytes, *, host: str, body: bytes = b"", headers: tuple[bytes, ...] = (), form: bool = True
) -> bytes:
    """A request with ``target`` and ``headers`` as they are; a body is announced as a form unless told otherwise."""
    lines = [b"%s %s HTTP/1.1" % (method, target), b"Host: " + host.encode("ascii"), b"Connection: close"]
    if method == b"POST":
        lines.append(b"Content-Length: %d" % len(body))
        if form:
            lines.append(b"Content-Type: application/x-www-form-urlencoded")
    return b"\r\n".join([*lines, *headers, b"", b""]) + body
