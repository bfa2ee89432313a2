"""Who calls an endpoint that programs of departments use on their own account, and whether they may.

Always true: a caller is a confidential client in service that is registered for the scope of the endpoint; by a token
only if the token was given to the client itself, for that scope and for us.
"""

from dataclasses import replace
from typing import Protocol

from idp.audit.rules import Counted
from idp.clients.actions import Registry
from idp.clients.rules import Client
from idp.db import Transaction
from idp.oidc.client_auth import ClientAuthenticator, Unauthenticated
from idp.oidc.machine import Access
from idp.oidc.server import Count
from idp.web.protocol import ProtocolRequest, ProtocolResponse, problem_response


class ReadAccess(Protocol):
    """Reads an access token of ours, if all it rests on stands and who shows ``certificate`` may use it."""

    def __call__(self, tx: Transaction, token: str, *, certificate: bytes | None, now: int) -> Access | None: ...


class Callers:
    """``read``: as `idp.oidc.machine`; ``count``: where refusals are counted."""

    def __init__(
        self, registry: Registry, authenticator: ClientAuthenticator, read: ReadAccess, issuer: str, count: Count
    ) -> None:
        self._registry = registry
        self._authenticator = authenticator
        self._read = read
        self._issuer = issuer
        self._count = count

    def caller(
        self, tx: Transaction, request: ProtocolRequest, scope: str, kind: Counted
    ) -> Client | ProtocolResponse:
        """The client behind ``request``, by an access token of its own (RFC 6750) or by client_secret_basic."""
        method, _, token = request.authorization.partition(" ")
        bearer = method.lower() == "bearer"
        client = self._by_token(tx, token.strip(), scope, request) if bearer else self._by_secret(request)
        if client is None:
            self._count(kind, None, "client-authentication", request.now)
            error = 'error="invalid_token", ' if bearer else ""
            challenge = f'Bearer {error}scope="{scope}", realm="{self._issuer}"'
            both = (("WWW-Authenticate", challenge), ("WWW-Authenticate", f'Basic realm="{self._issuer}"'))
            return problem_response("client_authentication", status=401, headers=both)
        if isinstance(client, Client) and scope in client.scopes:
            return client
        self._count(kind, client.client_id if isinstance(client, Client) else None, "insufficient-scope", request.now)
        headers = (("WWW-Authenticate", f'Bearer error="insufficient_scope", scope="{scope}"'),)
        return problem_response("insufficient_scope", status=403, headers=headers)

    def _by_secret(self, request: ProtocolRequest) -> Client | None:
        if not request.authorization:
            return None
        client = self._authenticator.authenticate(replace(request, form={}))
        return None if isinstance(client, Unauthenticated) or not client.confidential else client

    def _by_token(self, tx: Transaction, token: str, scope: str, request: ProtocolRequest) -> Client | bool | None:
        """None: no token of a client's own for us; False: one without the scope."""
        access = self._read(tx, token, certificate=request.certificate, now=request.now) if token else None
        client = self._registry.get(access.client_id) if access is not None and access.footing is None else None
        if access is None or client is None or access.audience not in (self._issuer, client.audience):
            return None
        return client if scope in access.scope.split() else False
