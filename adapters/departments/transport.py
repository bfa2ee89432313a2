"""Owns the wire to the provider; a redirect is never followed and no answer is waited for or read without a limit.

Every request opens a connection of its own: a one-time value (code, refresh token) is then never posted on a kept
connection that the server is just closing, where nobody could tell whether it was used.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import SplitResult, urlencode, urlsplit

from adapters.departments.errors import ConfigurationError, ProviderUnavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request; `form` makes it a POST of `application/x-www-form-urlencoded`, `document` one of JSON."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    document: Mapping[str, Any] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Response:
    """Status, headers with lower-case names, and at most the transport's limit of body bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def json_object(self) -> dict[str, Any]:
        """The body as one JSON object; anything else is an answer nobody can use: `ProviderUnavailable`."""
        document = self._json()
        if not isinstance(document, dict):
            raise ProviderUnavailable("the answer is not a JSON object")
        return document

    def json_list(self) -> list[Any]:
        """The same of a JSON array."""
        document = self._json()
        if not isinstance(document, list):
            raise ProviderUnavailable("the answer is not a JSON array")
        return document

    def _json(self) -> Any:
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise ProviderUnavailable("the answer is not JSON") from error


class Transport(Protocol):
    """How the kit reaches the provider; tests and unusual networks bring their own."""

    def send(self, request: Request) -> Response:
        """Send once, follow nothing; `ProviderUnavailable` if there is no complete answer in time."""


def is_loopback(host: str) -> bool:
    """True for localhost, its subdomains (RFC 6761 6.3) and loopback addresses."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_address(url: str, *, what: str) -> SplitResult:
    """Accept https anywhere and http on loopback only, without user part or fragment; else `ConfigurationError`."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError as error:
        raise ConfigurationError(f"{what} is not an address") from error
    if not host or parts.username is not None or parts.fragment:
        raise ConfigurationError(f"{what} is not a plain address")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise ConfigurationError(f"{what} must use https (http is for loopback development only)")
    return parts


class HttpTransport:
    """Plain HTTP/1.1 over the standard library, safe to share between threads.

    connect_to: where to really connect, `{"idp.example:8443": "127.0.0.1:8443"}`; the name in the URL stays the one
        that is sent as Host and checked against the certificate.
    ca_file: PEM file with the authorities to trust instead of the system's.
    certificate_file, certificate_key_file: PEM of a certificate to show to servers that ask for one, and of its key.
    timeout: seconds for connecting, and again for the whole answer.
    limit: bytes of body at most; a longer answer is refused.
    """

    def __init__(
        self,
        *,
        connect_to: Mapping[str, str] | None = None,
        ca_file: str | None = None,
        certificate_file: str | None = None,
        certificate_key_file: str | None = None,
        timeout: float = 5.0,
        limit: int = 256 * 1024,
    ) -> None:
        self._targets = {name.lower(): _address(target) for name, target in (connect_to or {}).items()}
        self._timeout = timeout
        self._limit = limit
        try:
            self._tls = ssl.create_default_context(cafile=ca_file)
        except OSError as error:
            raise ConfigurationError("the CA file cannot be read") from error
        if certificate_file:
            self._show(certificate_file, certificate_key_file)

    def _show(self, certificate: str, key: str | None) -> None:
        try:
            self._tls.load_cert_chain(
                certificate, key, password=lambda: ""
            )  # who is asked for one at a terminal waits
        except OSError as error:  # ssl.SSLError is one
            raise ConfigurationError("the certificate, or its key, cannot be read") from error

    def send(self, request: Request) -> Response:
        parts = check_address(request.url, what="the provider's address")
        deadline = time.monotonic() + 2 * self._timeout
        connection = self._connection(parts)
        try:
            self._post_or_get(connection, parts, request)
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return Response(answer.status, headers, self._read(answer, deadline))
        except (OSError, http.client.HTTPException) as error:
            raise ProviderUnavailable(f"no answer from {parts.hostname}: {type(error).__name__}") from error
        finally:
            connection.close()

    def _connection(self, parts: SplitResult) -> _Connection:
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        target = self._targets.get(f"{host}:{port}", (host, port))
        return _Connection(host, port, target, self._tls if parts.scheme == "https" else None, self._timeout)

    @staticmethod
    def _post_or_get(connection: _Connection, parts: SplitResult, request: Request) -> None:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {"Accept": "application/json", "Connection": "close", **request.headers}
        if request.document is not None:
            headers["Content-Type"] = "application/json"
            connection.request("POST", path, body=json.dumps(request.document).encode("ascii"), headers=headers)
        elif request.form is None:
            connection.request("GET", path, headers=headers)
        else:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            connection.request("POST", path, body=urlencode(request.form).encode("ascii"), headers=headers)

    def _read(self, answer: http.client.HTTPResponse, deadline: float) -> bytes:
        chunks: list[bytes] = []
        size = 0
        while chunk := answer.read1(16384):
            chunks.append(chunk)
            size += len(chunk)
            if size > self._limit:
                raise ProviderUnavailable("the answer is too long")
            if time.monotonic() > deadline:
                raise ProviderUnavailable("the answer takes too long")
        return b"".join(chunks)


class _Connection(http.client.HTTPConnection):
    """Connects to `target` while speaking to, and checking the certificate of, `host`."""

    def __init__(
        self, host: str, port: int, target: tuple[str, int], tls: ssl.SSLContext | None, timeout: float
    ) -> None:
        super().__init__(host, port, timeout=timeout)
        self.default_port = 443 if tls else 80
        self._target = target
        self._tls = tls

    def connect(self) -> None:
        self.sock = socket.create_connection(self._target, self.timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls:
            self.sock = self._tls.wrap_socket(self.sock, server_hostname=self.host)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise ConfigurationError("connect_to wants host:port on both sides")
    return host.strip("[]"), int(port)
