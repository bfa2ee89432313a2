"""A provider that runs, as its relying parties know it: addresses, clients, one person, and what it tells of itself.

Always true: an ``Installation`` is what was started or configured; nothing of it comes through a faulty wire.
"""

import json
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

from tests.conformance.agent import Person
from tests.conformance.receiver import Receiver
from tests.conformance.wire import Wire, get

CALLBACK = "/callback"
POST_LOGOUT = "/post_logout_redirect"
BACKCHANNEL = "/backchannel_logout"
QUERY = "?dummy1=lorem&dummy2=ipsum"
"""What the suite appends to the redirect URI of the second client."""


@dataclass(frozen=True)
class Client:
    """A registered client; ``method`` is its token_endpoint_auth_method."""

    client_id: str
    secret: str
    method: str
    redirect_uri: str
    post_logout_redirect_uri: str


@dataclass(frozen=True)
class Endpoints:
    """Paths of the provider's endpoints, as its metadata names them."""

    authorization: str
    token: str
    userinfo: str
    jwks: str
    end_session: str
    introspection: str
    revocation: str
    discovery: str = "/.well-known/openid-configuration"


@dataclass(frozen=True)
class Installation:
    """``target`` names the provider; ``first``, ``second`` and ``post`` are the static clients of the plans."""

    target: str
    issuer: str
    person: Person
    first: Client
    second: Client
    post: Client
    receiver: Receiver
    wire: Wire

    @cached_property
    def endpoints(self) -> Endpoints:
        response = self.wire.send(get(f"{self.issuer}/.well-known/openid-configuration"))
        told: dict[str, str] = json.loads(response.content)

        def path(name: str) -> str:
            return urlsplit(told.get(name, "")).path

        return Endpoints(
            authorization=path("authorization_endpoint"),
            token=path("token_endpoint"),
            userinfo=path("userinfo_endpoint"),
            jwks=path("jwks_uri"),
            end_session=path("end_session_endpoint"),
            introspection=path("introspection_endpoint"),
            revocation=path("revocation_endpoint"),
        )


def static_clients(names: tuple[str, str, str], secrets: tuple[str, str, str], base: str) -> tuple[Client, ...]:
    """The three clients every target registers, with their addresses under ``base``."""
    methods = ("client_secret_basic", "client_secret_basic", "client_secret_post")
    suffixes = ("", QUERY, "")
    return tuple(
        Client(name, secret, method, f"{base}{CALLBACK}{suffix}", f"{base}{POST_LOGOUT}")
        for name, secret, method, suffix in zip(names, secrets, methods, suffixes, strict=True)
    )
