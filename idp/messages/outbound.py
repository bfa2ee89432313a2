"""The guarded client: the only way to addresses that departments registered (trust 9).

Always true: it connects to the very address it has checked, follows no redirect, asks no proxy, and ends within its
total time and size whatever the other side does.
"""

import http.client
import io
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from idp.messages.addresses import Allowed, Blocked, Target, ip_literal, parse_target

Resolve = Callable[[str, int], Sequence[str]]
"""Host and port to IP addresses in text form; raises ``OSError`` if there are none."""

_HEADER_BYTES = 32 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever its status (no redirect; 304 only to ``If-None-Match``). Headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Why nothing usable came back. ``sent`` says whether the request may have reached the other side."""

    reason: Blocked
    sent: bool = False


class _Ended(Exception):
    """Carries the reason out of the depth of ``http.client``."""

    def __init__(self, reason: Blocked) -> None:
        super().__init__(reason)
        self.reason = reason


@cache
def _trusting_the_system() -> ssl.SSLContext:
    return ssl.create_default_context()  # reading all authorities is the dearest part of starting: once will do


def _trusting_also(ca_file: Path) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.load_verify_locations(ca_file)
    return context


class GuardedClient:
    """Speaks to registered addresses; safe for several threads, each request on a connection of its own.

    ``timeout``: seconds for everything together, name resolution included. ``max_bytes``: of a body. ``ca_file``: PEM
    of further authorities; ``plain``: see `Allowed`. Raises ``ValueError`` for an unusable ``allow``, ``OSError`` for
    an unusable file.
    """

    def __init__(
        self,
        *,
        allow: Sequence[str] = (),
        timeout: float = 3.0,
        max_bytes: int = 64 * 1024,
        ca_file: Path | None = None,
        resolve: Resolve | None = None,
        plain: bool = False,
    ) -> None:
        self._allowed = Allowed.parse(allow, plain=plain)
        self._timeout = timeout
        self._max_bytes = max_bytes
        self._resolve = resolve or _system_resolve
        self._tls = _trusting_also(ca_file) if ca_file else _trusting_the_system()

    def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> Answer | NoAnswer:
        return self._request("GET", url, None, headers or {})

    def post(self, url: str, body: bytes, *, headers: Mapping[str, str] | None = None) -> Answer | NoAnswer:
        return self._request("POST", url, body, headers or {})

    def _request(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Answer | NoAnswer:
        target = parse_target(url)
        if isinstance(target, Blocked):
            return NoAnswer(target)
        deadline = time.monotonic() + self._timeout
        try:
            line = self._connect(target, deadline)
        except _Ended as ended:
            return NoAnswer(ended.reason)
        try:
            return self._exchange(line, target, method, body, headers)
        except _Ended as ended:
            return NoAnswer(ended.reason, sent=True)
        except TimeoutError:
            return NoAnswer(Blocked.TIMEOUT, sent=True)
        except http.client.HTTPException:
            return NoAnswer(Blocked.ANSWER_MALFORMED, sent=True)
        except OSError:
            return NoAnswer(Blocked.CONNECTION_FAILED, sent=True)
        finally:
            line.hang_up()

    def _connect(self, target: Target, deadline: float) -> "_Line":
        addresses = self._addresses(target, deadline)
        refusals = [self._allowed.refusal(target, address) for address in addresses]
        usable = [address for address, refusal in zip(addresses, refusals, strict=True) if refusal is None]
        if not usable:
            raise _Ended(next((refusal for refusal in refusals if refusal), Blocked.HOST_NOT_FOUND))
        reason = Blocked.CONNECTION_FAILED
        for number, address in enumerate(usable):
            share = (deadline - time.monotonic()) / (len(usable) - number)
            try:
                connected = socket.create_connection((address, target.port), timeout=max(share, 0.001))
            except TimeoutError:
                reason = Blocked.TIMEOUT
            except OSError:
                reason = Blocked.CONNECTION_FAILED
            else:
                return _Line(self._secure(connected, target, deadline), deadline, self._max_bytes)
        raise _Ended(reason)

    def _addresses(self, target: Target, deadline: float) -> list[str]:
        """Every address of the host, in the resolver's order; the resolver itself knows no time limit."""
        if ip_literal(target.host):
            return [target.host]
        found: queue.SimpleQueue[list[str]] = queue.SimpleQueue()

        def look_up() -> None:
            try:
                found.put(list(dict.fromkeys(self._resolve(target.host, target.port))))
            except (OSError, UnicodeError):
                found.put([])

        threading.Thread(target=look_up, name="resolve", daemon=True).start()
        try:
            return found.get(timeout=max(deadline - time.monotonic(), 0))
        except queue.Empty:
            raise _Ended(Blocked.TIMEOUT) from None

    def _secure(self, connected: socket.socket, target: Target, deadline: float) -> socket.socket:
        if target.scheme == "http":
            return connected
        try:
            connected.settimeout(max(deadline - time.monotonic(), 0.001))
            return self._tls.wrap_socket(connected, server_hostname=target.host.rstrip("."))
        except TimeoutError:
            connected.close()
            raise _Ended(Blocked.TIMEOUT) from None
        except OSError:  # ssl.SSLError is one
            connected.close()
            raise _Ended(Blocked.TLS_FAILED) from None

    def _exchange(
        self, line: "_Line", target: Target, method: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Answer | NoAnswer:
        connection = http.client.HTTPConnection(target.host, target.port)
        connection.sock = line
        connection.putrequest(method, target.path, skip_host=True, skip_accept_encoding=True)
        fixed = {"Host": target.authority, "Connection": "close", "Accept-Encoding": "identity"}
        length = {} if body is None else {"Content-Length": str(len(body))}
        for name, value in {**headers, **fixed, **length}.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        unchanged = response.status == 304 and "If-None-Match" in headers  # RFC 9110 15.4.5
        if 300 <= response.status < 400 and not unchanged:
            return NoAnswer(Blocked.REDIRECTED, sent=True)
        content = response.read(self._max_bytes + 1)
        if len(content) > self._max_bytes:
            return NoAnswer(Blocked.ANSWER_TOO_LARGE, sent=True)
        if response.length:  # the other side hung up early
            return NoAnswer(Blocked.ANSWER_MALFORMED, sent=True)
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, content)


class _Line:
    """A connected socket as ``http.client`` uses it, with one deadline and one budget over all reads and writes."""

    def __init__(self, connected: socket.socket, deadline: float, max_bytes: int) -> None:
        self._socket = connected
        self._deadline = deadline
        self._budget = 2 * max_bytes + _HEADER_BYTES  # chunks have heads, too

    def sendall(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            self._arm()
            view = view[self._socket.send(view) :]

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self))

    def receive(self, buffer: Any) -> int:
        self._arm()
        count = self._socket.recv_into(buffer)
        self._budget -= count
        if self._budget < 0:
            raise _Ended(Blocked.ANSWER_TOO_LARGE)
        return count

    def close(self) -> None:
        """``http.client`` lets go of the connection as soon as it has the headers; the body is still to come."""

    def hang_up(self) -> None:
        self._socket.close()

    def _arm(self) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)


class _Reader(io.RawIOBase):
    def __init__(self, line: _Line) -> None:
        self._line = line

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._line.receive(buffer)


def _system_resolve(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]
