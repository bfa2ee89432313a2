"""What the clients of outside services share: one signed request, bounded in time and bytes (docs/providers.md).

Always true: `post` ends within the configured times whatever the other side does, follows no redirect, reads no
proxy setting, and neither the key nor anything personal leaves it but in the request itself.
"""

import hashlib
import hmac
import http.client
import io
import json
import re
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

MAX_ANSWER = 64 * 1024
MAX_RETRY_AFTER = 3600


class Failure(StrEnum):
    """How an exchange can end without an answer to the question; every port's reasons have the same words."""

    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    THROTTLED = "throttled"
    PROVIDER_ERROR = "provider_error"
    REDIRECTED = "redirected"
    UNEXPECTED_STATUS = "unexpected_status"
    MALFORMED_ANSWER = "malformed_answer"
    ANSWER_TOO_LARGE = "answer_too_large"


@dataclass(frozen=True, slots=True)
class Failed:
    """No answer; ``retry_after`` in seconds when the other side said so."""

    failure: Failure
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; ``timestamp`` and ``signature`` are its Tongban headers as sent, unchecked."""

    status: int
    content: bytes = field(repr=False)
    retry_after: int | None = None
    timestamp: str = ""
    signature: str = ""

    def failed(self) -> Failed:
        """What a status means that is neither the contract's answer nor one of its refusals."""
        if self.status == http.client.TOO_MANY_REQUESTS:
            return Failed(Failure.THROTTLED, self.retry_after)
        if self.status >= 500:
            return Failed(Failure.PROVIDER_ERROR, self.retry_after)
        return Failed(Failure.REDIRECTED if 300 <= self.status < 400 else Failure.UNEXPECTED_STATUS)


def signature(secret: str, timestamp: int | str, body: bytes) -> str:
    """The value of ``Tongban-Signature``: ``v1=`` and the hex HMAC-SHA256 of ``timestamp "." body``."""
    signed = str(timestamp).encode() + b"." + body
    return "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


class SignedClient:
    """Posts to one address. Safe for several threads: a request keeps nothing on the instance."""

    def __init__(
        self,
        url: str,
        secret: str,
        *,
        timeout: float = 3.0,
        ca_file: Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``timeout``: seconds to connect, again to agree on TLS, and again for the whole answer.

        Raises ``ValueError`` for an unusable ``url``, ``OSError`` for an unreadable ``ca_file``.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or parts.fragment:
            raise ValueError("an outside service's address is http(s)://host[:port]/path, without user or fragment")
        self._host, self._port = parts.hostname.encode("idna").decode(), parts.port
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if not re.fullmatch(r"[!-~]+", self._target):
            raise ValueError("the path of an outside service's address is percent-encoded ASCII")
        self._tls = ssl.create_default_context(cafile=ca_file) if parts.scheme == "https" else None
        self._secret, self._timeout, self._clock = secret, timeout, clock

    def post(self, body: bytes, *, key: str, timeout: float | None = None) -> Answer | Failed:
        """One try; ``key`` is the idempotency key, ``timeout`` stands in for the configured one."""
        timestamp = int(self._clock())
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "User-Agent": "tongban",
            "Connection": "close",
            "Tongban-Timestamp": str(timestamp),
            "Tongban-Signature": signature(self._secret, timestamp, body),
            "Idempotency-Key": key,
        }
        try:
            return self._exchange(body, headers, self._timeout if timeout is None else timeout)
        except TimeoutError:
            return Failed(Failure.TIMEOUT)
        except _TooLargeError:
            return Failed(Failure.ANSWER_TOO_LARGE)
        except OSError:  # refused, reset, no such host, TLS not trusted; http.client.RemoteDisconnected too
            return Failed(Failure.UNREACHABLE)
        except http.client.HTTPException:
            return Failed(Failure.MALFORMED_ANSWER)

    def _exchange(self, body: bytes, headers: dict[str, str], timeout: float) -> Answer:
        connection = self._connection(timeout)
        connection.connect()
        with closing(connection.sock) as sock:
            connection.sock = _Bounded(sock, time.monotonic() + timeout)
            connection.request("POST", self._target, body=body, headers=headers)
            return _answer(connection, self._clock())

    def _connection(self, timeout: float) -> http.client.HTTPConnection:
        if self._tls is None:
            return http.client.HTTPConnection(self._host, self._port, timeout=timeout)
        return http.client.HTTPSConnection(self._host, self._port, timeout=timeout, context=self._tls)


class _TooLargeError(Exception):
    """The answer, head included, is longer than any honest one."""


class _Bounded:
    """A connected socket as ``http.client`` uses one, under one deadline and one budget of bytes for everything read.

    A plain socket time-out starts anew with every byte a slow peer drips, and a negative chunk size makes
    ``http.client`` read to the end whatever the amount asked for.
    """

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock, self._deadline, self._budget = sock, deadline, 2 * MAX_ANSWER

    def _arm(self) -> None:
        seconds = self._deadline - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        self._sock.settimeout(seconds)

    def sendall(self, data: bytes) -> None:
        self._arm()
        self._sock.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        del mode  # http.client only reads
        return io.BufferedReader(_Reader(self))

    def receive(self, buffer: memoryview) -> int:
        self._arm()
        count = self._sock.recv_into(buffer)
        self._budget -= count
        if self._budget < 0:
            raise _TooLargeError
        return count

    def close(self) -> None:
        """Nothing: ``http.client`` lets go of a socket before it has read the answer; its owner closes it."""


class _Reader(io.RawIOBase):
    def __init__(self, source: _Bounded) -> None:
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        return self._source.receive(buffer)


def _answer(connection: http.client.HTTPConnection, now: float) -> Answer:
    """The whole answer. Raises ``OSError``, ``HTTPException``, ``_TooLargeError``."""
    try:
        with connection.getresponse() as answer:
            content = answer.read(MAX_ANSWER + 1)
            headers = answer.headers
    except ValueError as error:  # http.client lets some nonsense in numbers through to int() and read()
        raise http.client.HTTPException from error
    if len(content) > MAX_ANSWER:
        raise _TooLargeError
    return Answer(
        answer.status,
        content,
        seconds(headers.get("Retry-After"), now),
        headers.get("Tongban-Timestamp", ""),
        headers.get("Tongban-Signature", ""),
    )


def parsed(content: bytes) -> dict[str, object]:
    """The answer's JSON object; empty when it is none (deep nesting exhausts the parser: ``RecursionError``)."""
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def seconds(header: str | None, now: float) -> int | None:
    """RFC 9110 10.2.3: seconds or a date; None when it says nothing usable. At most an hour is believed."""
    if header is None or len(header) > 64:
        return None
    if re.fullmatch(r"[0-9]+", header):
        return min(int(header), MAX_RETRY_AFTER)
    try:
        when = parsedate_to_datetime(header)
        seconds = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() - now
    except (ValueError, OverflowError, IndexError, TypeError):  # the parser of dates is not strict in its errors
        return None
    return max(0, min(int(seconds), MAX_RETRY_AFTER))
