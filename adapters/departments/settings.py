"""Owns what a department app knows about its own registration; nothing here is read from a request.

The values are those of the client's registration at the provider; a difference shows as a refused sign-in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from adapters.departments.errors import ConfigurationError
from adapters.departments.transport import check_address

SIGNING_ALGORITHMS = frozenset({"ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512"})
"""Asymmetric signatures only: `none` and HMAC under the client secret are not accepted (RFC 8725 3.1, 3.2)."""


class ClientAuthentication(StrEnum):
    """How the app proves itself at the token endpoint (OIDC Core 9, RFC 8705 2)."""

    SECRET_BASIC = "client_secret_basic"  # noqa: S105 - the name of a method
    PRIVATE_KEY_JWT = "private_key_jwt"
    TLS = "tls_client_auth"
    SELF_SIGNED_TLS = "self_signed_tls_client_auth"


class AssertionAudience(StrEnum):
    """Whom a `private_key_jwt` assertion is addressed to: ordinary clients the endpoint, FAPI 2.0 the issuer."""

    TOKEN_ENDPOINT = "token_endpoint"  # noqa: S105 - the name of a policy
    ISSUER = "issuer"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSettings:
    """One client's registration, checked once when it is made.

    scope: space separated; `openid` must be in it.
    private_key: PEM or JWK text for `private_key_jwt`; `key_id` is the `kid` that stands in the registered key set.
    certificate_file, certificate_key_file: PEM of the certificate to connect with (one file may hold both),
        for the two TLS methods, or for any other whose tokens are bound to it (RFC 8705 3).
    leeway: seconds by which the provider's clocks may be ahead of or behind ours.
    keys_max_age: seconds after which cached provider keys and metadata are fetched again.
    keys_min_interval: seconds between two fetches that unknown key ids may cause.
    connect_to, ca_file, timeout: see `transport.HttpTransport`.
    """

    issuer: str
    client_id: str
    redirect_uri: str
    post_logout_redirect_uri: str | None = None
    scope: str = "openid profile"
    authentication: ClientAuthentication = ClientAuthentication.SECRET_BASIC
    client_secret: str = field(default="", repr=False)
    private_key: str = field(default="", repr=False)
    key_id: str = ""
    certificate_file: str | None = None
    certificate_key_file: str | None = None
    assertion_algorithm: str = "ES256"
    assertion_audience: AssertionAudience = AssertionAudience.TOKEN_ENDPOINT
    id_token_algorithm: str = "ES256"  # noqa: S105 - the name of an algorithm
    leeway: int = 300
    keys_max_age: int = 3600
    keys_min_interval: int = 10
    connect_to: Mapping[str, str] = field(default_factory=dict)
    ca_file: str | None = None
    timeout: float = 5.0

    def __post_init__(self) -> None:
        if check_address(self.issuer, what="issuer").query:
            raise ConfigurationError("issuer carries a query")
        check_address(self.redirect_uri, what="redirect_uri")
        if self.post_logout_redirect_uri is not None:
            check_address(self.post_logout_redirect_uri, what="post_logout_redirect_uri")
        if not self.client_id or "openid" not in self.scope.split():
            raise ConfigurationError("client_id is empty or scope lacks openid")
        if not {self.id_token_algorithm, self.assertion_algorithm} <= SIGNING_ALGORITHMS:
            raise ConfigurationError("only asymmetric signing algorithms are accepted")
        self._check_credential()

    def _check_credential(self) -> None:
        needed = {
            ClientAuthentication.SECRET_BASIC: "client_secret",
            ClientAuthentication.PRIVATE_KEY_JWT: "private_key",
        }.get(self.authentication, "certificate_file")
        if not getattr(self, needed):
            raise ConfigurationError(f"{self.authentication} needs {needed}")
