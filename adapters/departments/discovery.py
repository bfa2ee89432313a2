"""Owns what the provider says about itself; a document for another issuer than the configured one is never used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from adapters.departments.cache import Cached
from adapters.departments.errors import ConfigurationError, ProviderUnavailable
from adapters.departments.transport import Request, Transport, check_address

_ALIASED = ("token_endpoint", "userinfo_endpoint", "pushed_authorization_request_endpoint")


class ProviderSettings(Protocol):
    """What finding a provider and its keys needs to know; a client's settings and an API's both say it."""

    @property
    def issuer(self) -> str: ...

    @property
    def id_token_algorithm(self) -> str: ...

    @property
    def keys_max_age(self) -> int: ...

    @property
    def keys_min_interval(self) -> int: ...


@dataclass(frozen=True, slots=True)
class ProviderMetadata:
    """The part of OpenID Connect Discovery 1.0 section 3 that a code-flow client uses."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    end_session_endpoint: str | None
    names_itself_in_responses: bool
    pushed_authorization_request_endpoint: str | None = None
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Where those endpoints stand for who connects with a certificate (RFC 8705 5), by their names."""


def read_metadata(document: Mapping[str, Any], settings: ProviderSettings) -> ProviderMetadata:
    """Check a discovery document: exact issuer (4.3), code flow, S256, our signing algorithm, https addresses.

    Raises `ConfigurationError` naming the first member that does not fit this client.
    """
    if document.get("issuer") != settings.issuer:
        raise ConfigurationError("the discovery document is for another issuer")
    for member, value in (
        ("response_types_supported", "code"),
        ("code_challenge_methods_supported", "S256"),
        ("id_token_signing_alg_values_supported", settings.id_token_algorithm),
    ):
        offered = document.get(member)
        if not isinstance(offered, list) or value not in offered:
            raise ConfigurationError(f"the provider's {member} lacks {value}")
    return ProviderMetadata(
        issuer=settings.issuer,
        authorization_endpoint=_address(document, "authorization_endpoint", settings),
        token_endpoint=_address(document, "token_endpoint", settings),
        jwks_uri=_address(document, "jwks_uri", settings),
        userinfo_endpoint=_optional_address(document, "userinfo_endpoint", settings),
        end_session_endpoint=_optional_address(document, "end_session_endpoint", settings),
        names_itself_in_responses=document.get("authorization_response_iss_parameter_supported") is True,
        pushed_authorization_request_endpoint=_optional_address(
            document, "pushed_authorization_request_endpoint", settings
        ),
        aliases=_aliases(document.get("mtls_endpoint_aliases"), settings),
    )


def _aliases(told: Any, settings: ProviderSettings) -> dict[str, str]:
    if not isinstance(told, dict):
        return {}
    return {name: _address(told, name, settings) for name in _ALIASED if name in told}


def _optional_address(document: Mapping[str, Any], member: str, settings: ProviderSettings) -> str | None:
    return _address(document, member, settings) if document.get(member) is not None else None


def _address(document: Mapping[str, Any], member: str, settings: ProviderSettings) -> str:
    value = document.get(member)
    if not isinstance(value, str):
        raise ConfigurationError(f"the discovery document lacks {member}")
    if check_address(value, what=member).scheme != settings.issuer.partition(":")[0]:
        raise ConfigurationError(f"{member} has another scheme than the issuer")
    return value


class Discovery:
    """The provider's metadata, fetched when first needed and again when it has grown old."""

    def __init__(self, settings: ProviderSettings, transport: Transport) -> None:
        self._settings = settings
        self._transport = transport
        self._cached = Cached(self._fetch, max_age=settings.keys_max_age, min_interval=settings.keys_min_interval)

    def metadata(self, now: int) -> ProviderMetadata:
        """Raises `ProviderUnavailable` or `ConfigurationError` while no usable document was ever read."""
        return self._cached.get(now)

    def _fetch(self, _now: int) -> ProviderMetadata:
        url = self._settings.issuer.rstrip("/") + "/.well-known/openid-configuration"
        response = self._transport.send(Request(url=url))
        if response.status != 200:
            raise ProviderUnavailable(f"discovery answered {response.status}")
        return read_metadata(response.json_object(), self._settings)
