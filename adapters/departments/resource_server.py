"""Owns the verification of access tokens by an API (RFC 9068 section 4); what it returns has passed every check.

Safe to share between threads. It cannot know that a grant has ended since: see docs/departments.md.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from adapters.departments import jws
from adapters.departments.delegation import LONGEST, TYP, Delegation, read_delegation
from adapters.departments.discovery import Discovery
from adapters.departments.errors import ConfigurationError, InvalidToken, TokenFault
from adapters.departments.keys import ProviderKeys
from adapters.departments.settings import SIGNING_ALGORITHMS
from adapters.departments.transport import HttpTransport, Transport, check_address

_TYPES: frozenset[str | None] = frozenset({"at+jwt"})
_DELEGATION_TYPES: frozenset[str | None] = frozenset({TYP})
_LONGEST = 16 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceSettings:
    """What an API knows about the provider and itself.

    audience: the `aud` that the operator registered for this API's tokens.
    algorithm: by which access tokens are signed.
    leeway: seconds by which the provider's clocks may be ahead of or behind ours; a token is used that much longer.
    The others are as in `settings.ClientSettings`.
    """

    issuer: str
    audience: str
    algorithm: str = "ES256"
    leeway: int = 60
    keys_max_age: int = 3600
    keys_min_interval: int = 10
    connect_to: Mapping[str, str] = field(default_factory=dict)
    ca_file: str | None = None
    timeout: float = 5.0

    def __post_init__(self) -> None:
        check_address(self.issuer, what="issuer")
        if not self.audience:
            raise ConfigurationError("audience is empty")
        if self.algorithm not in SIGNING_ALGORITHMS:
            raise ConfigurationError("only asymmetric signing algorithms are accepted")

    @property
    def id_token_algorithm(self) -> str:
        """What the provider's keys are chosen by."""
        return self.algorithm


class ResourceServer:
    """One API that takes the provider's access tokens."""

    def __init__(self, settings: ResourceSettings, transport: Transport | None = None) -> None:
        self.settings = settings
        self._transport = transport or HttpTransport(
            connect_to=settings.connect_to, ca_file=settings.ca_file, timeout=settings.timeout
        )
        self._keys = ProviderKeys(settings, self._transport, Discovery(settings, self._transport))

    def verify(self, token: str, *, certificate: bytes | None = None, now: int) -> Mapping[str, Any]:
        """The claims of an access token for this API: `sub`, `client_id`, `scope`, and of a person's sign-in `acr`,
        `ial`, `aal`, `auth_time`. Raises `InvalidToken`, or `ProviderUnavailable` while keys cannot be fetched.

        certificate: DER of the one the caller's TLS connection was made with. A token that is bound (RFC 8705 3) is
        good beside its own alone.
        """
        claims = self._verified(token, _TYPES, certificate, now)
        audience = claims.get("aud")
        if self.settings.audience not in (audience if isinstance(audience, list) else [audience]):
            raise InvalidToken(TokenFault.AUDIENCE)
        return claims

    def verify_delegation(self, token: str, *, certificate: bytes | None = None, now: int) -> Delegation:
        """Who acts for whom and by what, of a token that says so: `typ` `gov-mandate+jwt`, for this API alone.

        The tokens `verify` takes are refused, and those this takes `verify` refuses: an API that takes both is
        registered twice, with two audiences, and has two of these servers. Raises as `verify`.
        """
        claims = self._verified(token, _DELEGATION_TYPES, certificate, now)
        if claims.get("aud") not in (self.settings.audience, [self.settings.audience]):
            raise InvalidToken(TokenFault.AUDIENCE)
        life = jws.seconds(claims, "exp", TokenFault.EXPIRED) - jws.seconds(claims, "iat", TokenFault.ISSUED_AT)
        if not 0 < life <= LONGEST:
            raise InvalidToken(TokenFault.EXPIRED)
        return read_delegation(claims)

    def _verified(
        self, token: str, types: frozenset[str | None], certificate: bytes | None, now: int
    ) -> dict[str, Any]:
        """Everything but the audience."""
        claims = jws.verified_claims(
            token, find_key=lambda kid: self._keys.find(kid, now), algorithm=self.settings.algorithm, types=types
        )
        if claims.get("iss") != self.settings.issuer:
            raise InvalidToken(TokenFault.ISSUER)
        self._check_times(claims, now)
        for name, fault in (("sub", TokenFault.SUBJECT), ("client_id", TokenFault.AUTHORIZED_PARTY)):
            jws.text(claims, name, fault)
        jws.text(claims, "jti", TokenFault.TOKEN_ID)
        if "cnf" in claims and (certificate is None or claims["cnf"] != _confirmation(certificate)):
            raise InvalidToken(TokenFault.CONFIRMATION)
        return claims

    def _check_times(self, claims: Mapping[str, Any], now: int) -> None:
        leeway = self.settings.leeway
        if now >= jws.seconds(claims, "exp", TokenFault.EXPIRED) + leeway:
            raise InvalidToken(TokenFault.EXPIRED)
        if jws.seconds(claims, "iat", TokenFault.ISSUED_AT) > now + leeway:
            raise InvalidToken(TokenFault.ISSUED_AT)
        if "nbf" in claims and jws.seconds(claims, "nbf", TokenFault.NOT_YET_VALID) > now + leeway:
            raise InvalidToken(TokenFault.NOT_YET_VALID)


def _confirmation(certificate: bytes) -> dict[str, str]:
    thumbprint = base64.urlsafe_b64encode(hashlib.sha256(certificate).digest())
    return {"x5t#S256": thumbprint.rstrip(b"=").decode("ascii")}


def bearer_token(authorization: str | None) -> str | None:
    """The token of an `Authorization` header (RFC 6750 2.1); None if it carries none."""
    scheme, _, token = (authorization or "").strip().partition(" ")
    token = token.strip()
    return token if scheme.lower() == "bearer" and 0 < len(token) <= _LONGEST else None
