"""Authentication of clients at the machine endpoints.

Always true: a client authenticates by exactly the method it registered, and a refusal says nothing about why.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

import orjson
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from idp.clients.actions import Registry
from idp.clients.rules import ASSERTION_ALGS, TLS_METHODS, AuthMethod, Client
from idp.crypto.tokens import digest, same
from idp.db import Database
from idp.grants.spent import spend
from idp.oidc.client_certificates import ClientCertificates, FetchJwks
from idp.web.protocol import ProtocolRequest, ProtocolResponse, error_response

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_PARAMETERS = frozenset({"client_secret", "client_assertion", "client_assertion_type"})
"""What authenticates the client, and belongs to no request of its own."""
MAX_ASSERTION_LIFE = 600
"""Seconds an assertion may live: as long as its ``jti`` is remembered at most."""
_CLOCK_SKEW = 300
_NOBODY = digest("no client has this secret")


@dataclass(frozen=True, slots=True)
class Unauthenticated:
    """``error`` is ``invalid_client`` or ``invalid_request`` (RFC 6749 5.2)."""

    error: str
    description: str
    challenge: bool = False
    """The request used the Authorization header, so the answer carries WWW-Authenticate."""

    def response(self, issuer: str) -> ProtocolResponse:
        if self.error == "invalid_request":
            return error_response(self.error, self.description)
        headers = (("WWW-Authenticate", f'Basic realm="{issuer}"'),) if self.challenge else ()
        return error_response(self.error, self.description, status=401, headers=headers)


_FAILED = "client authentication failed"


class ClientAuthenticator:
    """Finds the client behind a request; ``fetch_jwks`` reads a registered ``jwks_uri``."""

    def __init__(
        self,
        registry: Registry,
        database: Database,
        *,
        issuer: str,
        token_endpoint: str,
        fetch_jwks: FetchJwks,
        certificates: ClientCertificates,
    ) -> None:
        self._registry = registry
        self._database = database
        self._issuer = issuer
        self._token_endpoint = token_endpoint
        self._fetch_jwks = fetch_jwks
        self._certificates = certificates

    def authenticate(self, request: ProtocolRequest) -> Client | Unauthenticated:
        """The client in service that this request comes from. Raises `DatabaseUnavailable`."""
        form = request.form
        basic = bool(request.authorization)
        offered = [basic, "client_secret" in form, "client_assertion" in form or "client_assertion_type" in form]
        if sum(offered) > 1:
            return Unauthenticated("invalid_request", "more than one way of client authentication", basic)
        if basic:
            return self._basic(request)
        if offered[1]:
            return self._secret(form.get("client_id", ""), form["client_secret"], AuthMethod.SECRET_POST, request.now)
        if offered[2]:
            return self._assertion(request)
        return self._unspoken(request)

    def _find(self, client_id: str, method: AuthMethod) -> Client | None:
        client = self._registry.get(client_id)
        return client if client and client.served and client.auth_method is method else None

    def _basic(self, request: ProtocolRequest) -> Client | Unauthenticated:
        scheme, _, encoded = request.authorization.partition(" ")
        credentials = _basic_credentials(encoded) if scheme.lower() == "basic" else None
        if credentials is None:
            return Unauthenticated("invalid_client", _FAILED, True)
        client_id, secret = credentials
        if request.form.get("client_id", client_id) != client_id:
            return Unauthenticated("invalid_request", "client_id differs from the authenticated client", True)
        return self._secret(client_id, secret, AuthMethod.SECRET_BASIC, request.now)

    def _secret(self, client_id: str, secret: str, method: AuthMethod, now: int) -> Client | Unauthenticated:
        client = self._find(client_id, method)
        hashed = digest(secret)
        if client is None:
            same(hashed, _NOBODY)
        elif any(same(hashed, s.hash) for s in client.secrets if s.expires_at is None or s.expires_at > now):
            return client
        return Unauthenticated("invalid_client", _FAILED, method is AuthMethod.SECRET_BASIC)

    def _unspoken(self, request: ProtocolRequest) -> Client | Unauthenticated:
        """Nothing but its name: a public client, or one its connection's certificate speaks for (RFC 8705 2)."""
        client = self._registry.get(request.form.get("client_id", ""))
        if client and client.served:
            if client.auth_method is AuthMethod.NONE:
                return client
            if client.auth_method in TLS_METHODS and self._certified(client, request):
                return client
        return Unauthenticated("invalid_client", _FAILED)

    def _certified(self, client: Client, request: ProtocolRequest) -> bool:
        shown = request.certificate
        return shown is not None and self._certificates.is_of(client, shown, now=request.now)

    def _assertion(self, request: ProtocolRequest) -> Client | Unauthenticated:
        """private_key_jwt (RFC 7523 3, OpenID Connect Core 9)."""
        form = request.form
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            return Unauthenticated("invalid_client", _FAILED)
        text = form.get("client_assertion", "")
        client_id = _unverified_issuer(text)
        client = self._find(client_id, AuthMethod.PRIVATE_KEY_JWT) if client_id else None
        if client is None or form.get("client_id", client_id) != client_id:
            return Unauthenticated("invalid_client", _FAILED)
        claims = self._verified(client, text, request.now)
        if claims is None or not self._spend(client, claims):
            return Unauthenticated("invalid_client", _FAILED)
        return client

    def _verified(self, client: Client, text: str, now: int) -> dict[str, Any] | None:
        try:
            keys = (
                KeySet.import_key_set(orjson.loads(client.jwks))
                if client.jwks
                else self._remote_keys(client, text, now)
            )
            if keys is None:
                return None
            claims = jwt.decode(text, keys, algorithms=sorted(ASSERTION_ALGS)).claims
        except (JoseError, ValueError, TypeError, KeyError, binascii.Error):
            return None
        return claims if self._acceptable(client, claims, now) else None

    def _remote_keys(self, client: Client, text: str, now: int) -> KeySet | None:
        kid = _unverified(text, 0).get("kid")
        return (
            self._fetch_jwks(client.jwks_uri, kid if isinstance(kid, str) else None, now) if client.jwks_uri else None
        )

    def _acceptable(self, client: Client, claims: dict[str, Any], now: int) -> bool:
        audiences = {"issuer": {self._issuer}, "token_endpoint": {self._token_endpoint}}.get(
            client.assertion_audience, {self._issuer, self._token_endpoint}
        )
        audience = claims.get("aud")
        named = {name for name in (audience if isinstance(audience, list) else [audience]) if isinstance(name, str)}
        times = [claims.get("exp"), claims.get("iat", now), claims.get("nbf", now)]
        if not all(type(t) is int for t in times):
            return False
        expires, issued, not_before = times
        return (
            claims.get("iss") == claims.get("sub") == client.client_id
            and bool(named & audiences)
            and now < expires <= now + MAX_ASSERTION_LIFE + _CLOCK_SKEW
            and issued <= now + _CLOCK_SKEW
            and not_before <= now + _CLOCK_SKEW
            and isinstance(claims.get("jti"), str)
            and 0 < len(claims["jti"]) <= 256
        )

    def _spend(self, client: Client, claims: dict[str, Any]) -> bool:
        """An assertion counts once over all nodes."""
        jti = f"assertion:{client.client_id}:{digest(claims['jti']).hex()}"
        with self._database.autocommit() as tx:
            return spend(tx, jti, until=claims["exp"] + _CLOCK_SKEW)


def _basic_credentials(encoded: str) -> tuple[str, str] | None:
    """Client id and secret, each form-decoded (RFC 6749 2.3.1)."""
    try:
        pair = base64.b64decode(encoded.strip(), validate=True).decode()
        client_id, colon, secret = pair.partition(":")
        if not colon:
            return None
        return unquote_plus(client_id, errors="strict"), unquote_plus(secret, errors="strict")
    except (binascii.Error, ValueError):
        return None


def _unverified_issuer(assertion: str) -> str | None:
    """Who the assertion says it is from: only to find the keys it is then verified with."""
    issuer = _unverified(assertion, 1).get("iss")
    return issuer if isinstance(issuer, str) else None


def _unverified(assertion: str, part: int) -> dict[str, Any]:
    """Header (0) or claims (1) of a JWT nobody has verified; empty when they cannot be read."""
    try:
        segment = assertion.split(".")[part]
        found = orjson.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    except (IndexError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
