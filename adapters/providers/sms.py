"""The SMS provider's HTTP client (docs/providers.md): one signed request per message over the standard library.

Always true: `send` ends within the configured times whatever the other side does, follows no redirect, reads no
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
from datetime import UTC
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

from idp.messages.rules import (
    RefusalReason,
    Refused,
    Sent,
    SmsMessage,
    Unavailable,
    UnavailableReason,
)

MAX_ANSWER = 64 * 1024
MAX_RETRY_AFTER = 3600

# The rest of 4xx (404, 405, 407, 408, …) says that the way is wrong, not the message: it is tried again.
REFUSED_AS = {
    400: RefusalReason.INVALID_REQUEST,
    401: RefusalReason.BAD_SIGNATURE,
    403: RefusalReason.OTHER,
    409: RefusalReason.IDEMPOTENCY_CONFLICT,
    413: RefusalReason.INVALID_REQUEST,
    415: RefusalReason.INVALID_REQUEST,
    422: RefusalReason.OTHER,
}
_PROVIDER_ID = re.compile(r"[!-~]{1,128}")


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """The value of ``Tongban-Signature``: ``v1=`` and the hex HMAC-SHA256 of ``timestamp "." body``."""
    signed = str(timestamp).encode() + b"." + body
    return "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def encode(message: SmsMessage) -> bytes:
    """The request body: the same bytes for the same message, because a retry must repeat them."""
    fields = {
        "locale": message.locale,
        "message_id": message.message_id,
        "params": dict(message.params),
        "template": message.template,
        "text": message.text,
        "to": message.to,
    }
    return json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


class HttpSmsGateway:
    """Fills ``idp.messages.rules.SmsGateway``. Safe for several threads: a request keeps nothing on the instance."""

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
            raise ValueError("the SMS provider's address is http(s)://host[:port]/path, without user or fragment")
        self._host, self._port = parts.hostname.encode("idna").decode(), parts.port
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if not re.fullmatch(r"[!-~]+", self._target):
            raise ValueError("the path of the SMS provider's address is percent-encoded ASCII")
        self._tls = ssl.create_default_context(cafile=ca_file) if parts.scheme == "https" else None
        self._secret, self._timeout, self._clock = secret, timeout, clock

    def send(self, message: SmsMessage) -> Sent | Refused | Unavailable:
        """One try. After ``Unavailable`` the caller repeats the same message; its id keeps it from arriving twice."""
        body = encode(message)
        timestamp = int(self._clock())
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "User-Agent": "tongban",
            "Connection": "close",
            "Tongban-Timestamp": str(timestamp),
            "Tongban-Signature": signature(self._secret, timestamp, body),
            "Idempotency-Key": message.message_id,
        }
        try:
            return self._exchange(body, headers)
        except TimeoutError:
            return Unavailable(UnavailableReason.TIMEOUT)
        except _TooLargeError:
            return Unavailable(UnavailableReason.ANSWER_TOO_LARGE)
        except OSError:  # refused, reset, no such host, TLS not trusted; http.client.RemoteDisconnected too
            return Unavailable(UnavailableReason.UNREACHABLE)
        except http.client.HTTPException:
            return Unavailable(UnavailableReason.MALFORMED_ANSWER)

    def _exchange(self, body: bytes, headers: dict[str, str]) -> Sent | Refused | Unavailable:
        connection = self._connection()
        connection.connect()
        with closing(connection.sock) as sock:
            connection.sock = _Bounded(sock, time.monotonic() + self._timeout)
            connection.request("POST", self._target, body=body, headers=headers)
            status, retry_after, content = _answer(connection)
        return self._judge(status, retry_after, content)

    def _connection(self) -> http.client.HTTPConnection:
        if self._tls is None:
            return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)
        return http.client.HTTPSConnection(self._host, self._port, timeout=self._timeout, context=self._tls)

    def _judge(self, status: int, retry_after: str | None, content: bytes) -> Sent | Refused | Unavailable:
        if status == http.client.ACCEPTED:
            return _accepted(content)
        if status in REFUSED_AS:
            return Refused(_refusal(status, content))
        if status == http.client.TOO_MANY_REQUESTS:
            return Unavailable(UnavailableReason.THROTTLED, _seconds(retry_after, self._clock()))
        if status >= 500:
            return Unavailable(UnavailableReason.PROVIDER_ERROR, _seconds(retry_after, self._clock()))
        return Unavailable(
            UnavailableReason.REDIRECTED if 300 <= status < 400 else UnavailableReason.UNEXPECTED_STATUS
        )


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


def _answer(connection: http.client.HTTPConnection) -> tuple[int, str | None, bytes]:
    """Status, Retry-After and content. Raises ``OSError``, ``HTTPException``, ``_TooLargeError``."""
    try:
        with connection.getresponse() as answer:
            content = answer.read(MAX_ANSWER + 1)
            retry_after = answer.headers.get("Retry-After")
    except ValueError as error:  # http.client lets some nonsense in numbers through to int() and read()
        raise http.client.HTTPException from error
    if len(content) > MAX_ANSWER:
        raise _TooLargeError
    return answer.status, retry_after, content


def _parsed(content: bytes) -> dict[str, object]:
    """The answer's JSON object; empty when it is none (deep nesting exhausts the parser: ``RecursionError``)."""
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _accepted(content: bytes) -> Sent | Unavailable:
    answer = _parsed(content)
    provider_id = answer.get("provider_id")
    named = isinstance(provider_id, str) and _PROVIDER_ID.fullmatch(provider_id)
    if not named or answer.get("status") != "accepted":
        return Unavailable(UnavailableReason.MALFORMED_ANSWER)
    return Sent(named.group())


def _refusal(status: int, content: bytes) -> RefusalReason:
    """The provider's word if it is one of ours, else what the status says; its free text is dropped."""
    error = _parsed(content).get("error")
    return next((reason for reason in RefusalReason if reason == error), REFUSED_AS[status])


def _seconds(header: str | None, now: float) -> int | None:
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
