"""The one client for addresses that departments registered: key sets and logout notices.

Always true: it connects to the very address it has checked, follows nothing, and ends within its deadline.
"""

import http.client
import socket
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit

Resolve = Callable[[str, int], Sequence[str]]


class Trouble(StrEnum):
    """Why there is no answer."""

    BAD_ADDRESS = "bad-address"
    NOT_ALLOWED = "address-not-allowed"
    UNRESOLVED = "unresolved"
    UNREACHABLE = "unreachable"
    TLS = "tls"
    TIMEOUT = "time-out"
    TOO_LARGE = "too-large"
    MALFORMED = "malformed-answer"


@dataclass(frozen=True, slots=True)
class Received:
    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class NotReceived:
    reason: Trouble


def resolve(host: str, port: int) -> list[str]:
    """The addresses of ``host``. Raises ``OSError``."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class GuardedClient:
    """``allow``: host names or networks (CIDR) that may be reached although private, or by plain http.

    ``timeout``: seconds for everything from resolving to the last byte. ``max_bytes``: of the answer's body.
    """

    def __init__(
        self,
        *,
        allow: Sequence[str] = (),
        timeout: float = 3.0,
        max_bytes: int = 64 * 1024,
        ca_file: Path | None = None,
        resolve: Resolve = resolve,
    ) -> None:
        self._names = frozenset(entry.lower() for entry in allow if not _is_network(entry))
        self._networks = tuple(ip_network(entry, strict=False) for entry in allow if _is_network(entry))
        self._timeout = timeout
        self._max_bytes = max_bytes
        self._resolve = resolve
        self._tls = ssl.create_default_context()
        if ca_file:
            self._tls.load_verify_locations(ca_file)

    def get(self, url: str) -> Received | NotReceived:
        return self._send("GET", url, None, {"Accept": "application/json"})

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Received | NotReceived:
        return self._send("POST", url, body, headers)

    def _send(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Received | NotReceived:
        deadline = time.monotonic() + self._timeout
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError:
            return NotReceived(Trouble.BAD_ADDRESS)
        if parts.scheme not in ("http", "https") or not host or parts.username is not None:
            return NotReceived(Trouble.BAD_ADDRESS)
        try:
            addresses = self._resolve(host, port)
        except OSError:
            return NotReceived(Trouble.UNRESOLVED)
        target = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        outcome = NotReceived(Trouble.NOT_ALLOWED)
        for address in addresses:
            if self._may_reach(host, address, tls=parts.scheme == "https"):
                connection = _Connection(host, port, address, self._tls if parts.scheme == "https" else None, deadline)
                answer = connection.exchange(method, target, body, headers, self._max_bytes)
                if isinstance(answer, Received) or answer.reason is not Trouble.UNREACHABLE:
                    return answer
                outcome = answer
        return outcome

    def _may_reach(self, host: str, address: str, *, tls: bool) -> bool:
        """Public addresses by https; anything else only if listed."""
        found = _plain(address)
        if host.lower() in self._names or any(found in network for network in self._networks):
            return True
        return tls and found.is_global and not found.is_multicast


def _is_network(entry: str) -> bool:
    try:
        ip_network(entry, strict=False)
    except ValueError:
        return False
    return True


def _plain(address: str) -> IPv4Address | IPv6Address:
    """The address; an IPv4 address written as IPv6 in any of the known ways is the IPv4 one."""
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        return found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else found)
    return found


class _Connection:
    """One exchange with one checked address; TLS and Host keep the name."""

    def __init__(self, host: str, port: int, address: str, tls: ssl.SSLContext | None, deadline: float) -> None:
        self._host, self._port, self._address, self._tls, self._deadline = host, port, address, tls, deadline

    def exchange(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str], max_bytes: int
    ) -> Received | NotReceived:
        try:
            with self._open() as sock:
                connection = http.client.HTTPConnection(self._host, self._port)
                connection.sock = sock
                connection.request(method, target, body, {"Connection": "close", **headers})
                return self._read(connection, sock, max_bytes)
        except TimeoutError:
            return NotReceived(Trouble.TIMEOUT)
        except ssl.SSLError:
            return NotReceived(Trouble.TLS)
        except OSError:
            return NotReceived(Trouble.UNREACHABLE)
        except (http.client.HTTPException, ValueError):
            return NotReceived(Trouble.MALFORMED)

    def _open(self) -> socket.socket:
        sock = socket.create_connection((self._address, self._port), timeout=self._left())
        sock.settimeout(self._left())
        return self._tls.wrap_socket(sock, server_hostname=self._host) if self._tls else sock

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def _read(self, connection: http.client.HTTPConnection, sock: socket.socket, most: int) -> Received | NotReceived:
        sock.settimeout(self._left())
        response = connection.getresponse()
        body = b""
        while len(body) <= most:
            sock.settimeout(self._left())
            part = response.read1(most + 1 - len(body))
            if not part:
                return Received(response.status, body)
            body += part
        return NotReceived(Trouble.TOO_LARGE)
