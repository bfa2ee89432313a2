"""What a running provider looks like to the load: addresses, clients, sessions, and how its requests are written.

Always true: both providers are described by the same value and get byte for byte the same kind of request.
"""

import base64
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from urllib.parse import quote, urlencode

from bench.load import Answer, WrongAnswer, parse

Cookies = dict[bytes, bytes]


@dataclass(frozen=True)
class Client:
    """A confidential client that authenticates with client_secret_basic."""

    id: str
    secret: str
    scope: str = ""

    @property
    def authorization(self) -> str:
        pair = f"{quote(self.id, safe='')}:{quote(self.secret, safe='')}"  # RFC 6749 2.3.1: encoded first
        return "Basic " + base64.b64encode(pair.encode()).decode()


@dataclass(frozen=True)
class Clients:
    """Who asks in the benchmark."""

    service: Client
    """client_credentials, access tokens in the provider's usual form"""
    jwt_service: Client
    """client_credentials, access tokens as JWTs signed with ES256"""
    app: Client
    """code flow, access token only"""
    keeper: Client
    """code flow with refresh tokens"""
    resource: Client
    """asks at the introspection endpoint"""

    def items(self) -> Iterator[tuple[str, Client]]:
        """(role, client)"""
        return ((one.name, getattr(self, one.name)) for one in fields(self))


@dataclass(frozen=True)
class Paths:
    authorize: str = "/authorize"
    token: str = "/token"
    introspect: str = "/introspect"
    userinfo: str = "/userinfo"
    jwks: str = "/jwks"
    discovery: str = "/.well-known/openid-configuration"


@dataclass(frozen=True)
class Site:
    """A provider under load. ``sessions(site, n)`` gives the cookies of n sessions that need no page any more."""

    name: str
    issuer: str
    address: tuple[str, int]
    clients: Clients
    redirect_uri: str
    sessions: Callable[["Site", int], list[Cookies]]
    paths: Paths = Paths()
    headers: Mapping[str, str] = field(default_factory=dict)
    """What a proxy in front would add to every request."""

    @cached_property
    def _common(self) -> str:
        host = self.issuer.partition("://")[2]
        return lines({"Host": host, "User-Agent": "bench", "Accept": "*/*", **self.headers})

    def get(self, target: str, **header: str) -> bytes:
        return f"GET {target} HTTP/1.1\r\n{self._common}{lines(header)}\r\n".encode("ascii")

    def post(self, target: str, form: Mapping[str, str], **header: str) -> bytes:
        body = urlencode(form)
        return (
            f"POST {target} HTTP/1.1\r\n{self._common}{lines(header)}"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        ).encode("ascii")

    def exchange(self, request: bytes) -> Answer:
        """One request on a connection of its own, outside of any measurement."""
        with socket.create_connection(self.address, timeout=10) as connection:
            connection.sendall(request)
            received = b""
            while (parsed := parse(received)) is None:
                chunk = connection.recv(65536)
                if not chunk:
                    raise WrongAnswer(f"connection closed after {received[:500]!r}")
                received += chunk
            return parsed[0]


def lines(header: Mapping[str, str]) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in header.items())


def remember(cookies: Cookies, answer: Answer) -> Cookies:
    """Take over the Set-Cookie fields of ``answer``; an emptied cookie is forgotten."""
    for value in answer.headers(b"set-cookie"):
        name, _, content = value.partition(b";")[0].partition(b"=")
        if content:
            cookies[name] = content
        else:
            cookies.pop(name, None)
    return cookies


def cookie_header(cookies: Cookies) -> bytes:
    return b"; ".join(b"%b=%b" % pair for pair in cookies.items())
