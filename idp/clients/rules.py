"""The registration of a client: its shape, what makes it acceptable, and its life cycle.

Always true: a `Client` that exists is valid; redirect URIs are compared as exact strings (RFC 9700 2.1).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

import orjson
from joserfc.jwk import KeySet, RSAKey

from idp.clients.capabilities import Capability, Permit
from idp.clients.certificates import NAMES, key_certificate_fault, name_fault

Algorithm = Literal["RS256", "ES256"]


class ClientState(StrEnum):
    DRAFT = "draft"
    TESTED = "tested"
    LIVE = "live"
    SUSPENDED = "suspended"
    RETIRED = "retired"


TRANSITIONS: Mapping[ClientState, frozenset[ClientState]] = {
    ClientState.DRAFT: frozenset({ClientState.TESTED, ClientState.RETIRED}),
    ClientState.TESTED: frozenset({ClientState.LIVE, ClientState.DRAFT, ClientState.RETIRED}),
    ClientState.LIVE: frozenset({ClientState.SUSPENDED, ClientState.RETIRED}),
    ClientState.SUSPENDED: frozenset({ClientState.LIVE, ClientState.RETIRED}),
    ClientState.RETIRED: frozenset(),
}


class AuthMethod(StrEnum):
    """How a client authenticates (OpenID Connect Core 9, RFC 8705 2)."""

    SECRET_BASIC = "client_secret_basic"  # noqa: S105 - a method's name
    SECRET_POST = "client_secret_post"  # noqa: S105
    PRIVATE_KEY_JWT = "private_key_jwt"
    TLS = "tls_client_auth"
    SELF_SIGNED_TLS = "self_signed_tls_client_auth"
    NONE = "none"


TLS_METHODS = frozenset({AuthMethod.TLS, AuthMethod.SELF_SIGNED_TLS})
KEY_METHODS = frozenset({AuthMethod.PRIVATE_KEY_JWT, AuthMethod.SELF_SIGNED_TLS})
"""Whose clients register keys."""


class Basis(StrEnum):
    """The legal basis on which a client receives a scope."""

    STATUTORY = "statutory"
    CONSENT = "consent"
    NONE = "none"


class TokenForm(StrEnum):
    JWT = "jwt"
    OPAQUE = "opaque"


class Secret(NamedTuple):
    """A client secret: its SHA-256 and when it ends (None: not yet decided)."""

    hash: bytes
    expires_at: int | None


PERSONAL_SCOPES = frozenset(
    {
        "openid",
        "profile",
        "email",
        "phone",
        "address",
        "real_name",
        "id_document",
        "represented",
        "legal_entity",
        "authority",
        "legacy_sub",
        "offline_access",
    }
)
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - a grant type's name
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
"""RFC 8628 3.4."""
GRANT_TYPES = frozenset({"authorization_code", "refresh_token", "client_credentials", TOKEN_EXCHANGE, DEVICE_CODE})
DETAILS_TYPES = frozenset({"gov_mandate"})
"""Types of authorization details (RFC 9396)."""
ID_TOKEN_ALGS = frozenset({"RS256", "ES256"})
ASSERTION_ALGS = frozenset({"RS256", "PS256", "ES256"})
MIN_SECRET = 32
LEAST_RSA = 2048
"""Bits."""
_APART = frozenset({"secrets", "state", "capabilities"})
"""What stands in rows of its own, beside the declaration."""
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{2,79}")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,64}")
_REGION = re.compile(r"[0-9]{6}")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A registered client. Names as in RFC 7591 where it has one."""

    client_id: str
    name: Mapping[str, str]
    """Display name by language, at least ``zh``."""
    department: Mapping[str, str] = field(default_factory=dict)
    """Name of the department that answers for the app, by language; empty: the app's own name."""
    law: str | None = None
    """The provision that statutory releases rest on, as shown to people."""
    sector: str
    """Registered name whose members see the same pairwise ``sub`` of a person."""
    state: ClientState = ClientState.DRAFT
    auth_method: AuthMethod = AuthMethod.SECRET_BASIC
    grant_types: frozenset[str] = frozenset({"authorization_code"})
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str | None = None
    home_uri: str | None = None
    scopes: Mapping[str, Basis] = field(default_factory=dict)
    """Scope -> legal basis; a scope not named here is not given."""
    id_token_alg: Algorithm = "RS256"  # noqa: S105 - an algorithm's name
    """OpenID Connect Core's default for who named none."""
    userinfo_alg: Algorithm | None = None
    access_token: TokenForm = TokenForm.JWT
    audience: str | None = None
    """Audience of its access tokens beside the provider; None: the provider alone."""
    min_ial: int = 1
    min_aal: int = 1
    pkce: str = "required"
    """``required``, or ``optional`` for a confidential client that cannot send a challenge."""
    require_pushed_authorization_requests: bool = False
    """Its authorization requests come pushed, or not at all (RFC 9126 6)."""
    resources: tuple[str, ...] = ()
    """APIs it may ask tokens for, beside its own (RFC 8707); `idp.clients.resources` has them."""
    authorization_details_types: frozenset[str] = frozenset()
    """Of `DETAILS_TYPES`, those it may ask for (RFC 9396 10)."""
    device_number: bool = True
    """Its devices show the number that the person picks on their phone; else the person types the device's code."""
    device_region: str | None = None
    """Where its devices stand: six digits of GB/T 2260."""
    device_refresh: bool = False
    """Its devices get refresh tokens: not where the next person stands before the same screen."""
    assertion_audience: str = "any"
    """``issuer`` (FAPI 2.0), ``token_endpoint`` or ``any`` of the two."""
    jwks: str | None = None
    """JSON Web Key Set of a private_key_jwt client, or with the certificates of self_signed_tls_client_auth."""
    jwks_uri: str | None = None
    tls_client_auth_subject_dn: str | None = None
    """As RFC 4514 writes it; a client of tls_client_auth has one of these five."""
    tls_client_auth_san_dns: str | None = None
    tls_client_auth_san_uri: str | None = None
    tls_client_auth_san_ip: str | None = None
    tls_client_auth_san_email: str | None = None
    tls_client_certificate_bound_access_tokens: bool = False
    """Its access tokens are good only beside the certificate they were fetched with (RFC 8705 3)."""
    cors_origins: tuple[str, ...] = ()
    secrets: tuple[Secret, ...] = ()
    """Two while one is being rotated."""
    capabilities: Mapping[Capability, Permit] = field(default_factory=dict)
    """What it was granted beside its registration."""

    @property
    def confidential(self) -> bool:
        return self.auth_method is not AuthMethod.NONE

    @property
    def certificate_name(self) -> tuple[str, str]:
        """Of tls_client_auth: which of the five is registered, and what it says."""
        return next((name, value) for name in NAMES if (value := getattr(self, name)) is not None)

    @property
    def served(self) -> bool:
        """A tested client is served like a live one: that is how its security test is done."""
        return self.state in (ClientState.LIVE, ClientState.TESTED)

    def label(self, language: str) -> str:
        return self.name.get(language) or self.name["zh"]

    def needing(self, scopes: frozenset[str], basis: Basis) -> frozenset[str]:
        """Those of ``scopes`` that this client receives on ``basis``; ``openid`` alone asks nothing."""
        return frozenset(s for s in scopes if s != "openid" and self.scopes.get(s) is basis)


@dataclass(frozen=True, slots=True)
class Faulty:
    """A registration that cannot be taken, with every fault found (English, for the operator)."""

    faults: tuple[str, ...]


def parse(data: Mapping[str, Any], *, secrets: tuple[Secret, ...] = ()) -> Client | Faulty:
    """A client from its declaration (TOML table or stored JSON), or what is wrong with it."""
    known = set(Client.__dataclass_fields__) - _APART | {"state"}
    if unknown := sorted(set(data) - known):
        return Faulty(tuple(f"unknown field {name}" for name in unknown))
    try:
        client = _build(data, secrets)
        faults = tuple(_faults(client))  # a value of another type, or an address nobody can read, fails here
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return Faulty((f"{type(error).__name__}: {error}",))
    return Faulty(faults) if faults else client


def _build(data: Mapping[str, Any], secrets: tuple[Secret, ...]) -> Client:
    values = dict(data)
    name = values["name"]
    values["name"] = {"zh": name} if isinstance(name, str) else dict(name)
    department = values.get("department", {})
    values["department"] = {"zh": department} if isinstance(department, str) else dict(department)
    values["scopes"] = {scope: Basis(basis) for scope, basis in dict(values.get("scopes", {})).items()}
    for text, kind in (("state", ClientState), ("auth_method", AuthMethod), ("access_token", TokenForm)):
        if text in values:
            values[text] = kind(values[text])
    for sequence in ("redirect_uris", "post_logout_redirect_uris", "cors_origins", "resources"):
        if isinstance(values.get(sequence, ()), str):
            raise TypeError(f"{sequence} is a list")
        values[sequence] = tuple(values.get(sequence, ()))
    for several in ("grant_types", "authorization_details_types"):
        if isinstance(values.get(several, ()), str):
            raise TypeError(f"{several} is a list")
        if several in values:
            values[several] = frozenset(values[several])
    if not isinstance(values.get("tls_client_certificate_bound_access_tokens", False), bool):
        raise TypeError("tls_client_certificate_bound_access_tokens is true or false")
    return Client(**values, secrets=secrets)


def declaration(client: Client) -> dict[str, Any]:
    """The JSON form `parse` reads back; secrets and state are stored apart."""
    fields = Client.__dataclass_fields__
    values = {name: getattr(client, name) for name in fields.keys() - _APART}
    return {
        name: sorted(value) if isinstance(value, frozenset) else value
        for name, value in values.items()
        # a node of the version before knows nothing of what is off unless somebody says otherwise
        if value is not None and not (value is False and fields[name].default is False)
    }


def _faults(client: Client) -> list[str]:
    return [
        *_identity_faults(client),
        *_uri_faults(client),
        *_protocol_faults(client),
        *_key_faults(client),
        *_certificate_faults(client),
    ]


def _identity_faults(client: Client) -> list[str]:
    faults = []
    if not _ID.fullmatch(client.client_id) or client.client_id.startswith("pw_"):
        faults.append("client_id: 3 to 80 of A-Z a-z 0-9 . _ ~ -, not beginning with pw_ (those name people)")
    if not _ID.fullmatch(client.sector):
        faults.append("sector: a registered name, 3 to 80 of A-Z a-z 0-9 . _ ~ -")
    if "zh" not in client.name or not all(isinstance(text, str) and text for text in client.name.values()):
        faults.append("name: text by language, at least zh")
    if not (1 <= client.min_ial <= 4 and 1 <= client.min_aal <= 3):
        faults.append("min_ial is 1 to 4, min_aal 1 to 3")
    return faults


def _uri_faults(client: Client) -> list[str]:
    faults = []
    for name in ("redirect_uris", "post_logout_redirect_uris"):
        faults += [f"{name}: {why}" for uri in getattr(client, name) if (why := uri_fault(uri))]
    for name in ("backchannel_logout_uri", "jwks_uri", "home_uri"):
        if (uri := getattr(client, name)) and (why := uri_fault(uri)):
            faults.append(f"{name}: {why}")
    for origin in client.cors_origins:
        parts = urlsplit(origin)
        if origin != f"{parts.scheme}://{parts.netloc}" or uri_fault(origin):
            faults.append(f"cors_origins: {origin} is not scheme://host[:port]")
    if "authorization_code" in client.grant_types and not client.redirect_uris:
        faults.append("redirect_uris: a client of the code flow names at least one")
    return faults


def uri_fault(uri: str) -> str | None:
    """https anywhere, http on loopback names only (RFC 8252 7.3, OpenID Connect Registration 2); no fragment."""
    if not isinstance(uri, str) or not uri.isascii() or any(c <= " " or c in '"<>\\^`{|}\x7f' for c in uri):
        return f"{uri!r} is not an address in ASCII"
    parts = urlsplit(uri)
    host = parts.hostname or ""
    if parts.fragment or "#" in uri or parts.username is not None or not host:
        return f"{uri} has a fragment, a user or no host"
    if parts.scheme == "https" or (parts.scheme == "http" and (host in _LOOPBACK or host.endswith(".localhost"))):
        return None
    return f"{uri} is neither https nor http on a loopback name"


def _protocol_faults(client: Client) -> list[str]:
    faults = []
    if extra := client.grant_types - GRANT_TYPES:
        faults.append(f"grant_types: {', '.join(sorted(extra))} not served")
    if "refresh_token" in client.grant_types and client.grant_types.isdisjoint({"authorization_code", DEVICE_CODE}):
        faults.append("grant_types: refresh_token needs authorization_code or the device code")
    faults += _device_faults(client)
    if TOKEN_EXCHANGE in client.grant_types and not (client.confidential and client.resources):
        faults.append("grant_types: token exchange is for a confidential client that names its resources")
    if extra := client.authorization_details_types - DETAILS_TYPES:
        faults.append(f"authorization_details_types: {', '.join(sorted(map(str, extra)))} not served")
    if not all(isinstance(one, str) and one for one in client.resources):
        faults.append("resources: identifiers of APIs")
    if not client.confidential and "client_credentials" in client.grant_types:
        faults.append("grant_types: a public client has no credentials (RFC 6749 4.4)")
    if client.pkce not in ("required", "optional") or (client.pkce == "optional" and not client.confidential):
        faults.append("pkce: required, or optional for a confidential client")
    if client.id_token_alg not in ID_TOKEN_ALGS or (client.userinfo_alg or "RS256") not in ID_TOKEN_ALGS:
        faults.append(f"id_token_alg, userinfo_alg: one of {', '.join(sorted(ID_TOKEN_ALGS))}")
    if client.assertion_audience not in ("issuer", "token_endpoint", "any"):
        faults.append("assertion_audience: issuer, token_endpoint or any")
    if client.scopes.get("id_document") is Basis.NONE:
        faults.append("scopes: id_document needs consent or a statutory basis")
    if bad := sorted(scope for scope in client.scopes if not _SCOPE.fullmatch(scope)):
        faults.append(f"scopes: {bad} are no scope tokens (RFC 6749 3.3)")
    return faults


def _device_faults(client: Client) -> list[str]:
    faults = []
    if not client.confidential and DEVICE_CODE in client.grant_types:
        faults.append("grant_types: whose code a device shows must not be anybody's claim (RFC 8628 5.6)")
    if client.device_region is not None and not _REGION.fullmatch(client.device_region):
        faults.append("device_region: six digits of GB/T 2260")
    if client.device_number not in (True, False) or client.device_refresh not in (True, False):
        faults.append("device_number, device_refresh: true or false")
    return faults


def _key_faults(client: Client) -> list[str]:
    if client.auth_method not in KEY_METHODS:
        return []
    if (client.jwks is None) == (client.jwks_uri is None):
        return [f"{client.auth_method}: exactly one of jwks and jwks_uri"]
    faults = jwks_faults(client.jwks) if client.jwks else []
    if client.jwks and not faults and client.auth_method is AuthMethod.SELF_SIGNED_TLS:
        keys = orjson.loads(client.jwks)["keys"]
        faults += [fault for key in keys if (fault := key_certificate_fault(key))]
    return faults


def _certificate_faults(client: Client) -> list[str]:
    """RFC 8705 2.1.2: exactly one name, of those clients who are known by one."""
    given = [(name, value) for name in NAMES if (value := getattr(client, name)) is not None]
    faults = [f"{name}: {why}" for name, value in given if (why := name_fault(name, value))]
    if len(given) != (1 if client.auth_method is AuthMethod.TLS else 0):
        faults.append("tls_client_auth has exactly one of its five names, and no other method has any")
    return faults


def jwks_faults(text: str) -> list[str]:
    """What makes a key set unusable: own checks, since joserfc imports weak and foreign keys (RFC 7518 3.3, 6.2)."""
    try:
        keys = KeySet.import_key_set(orjson.loads(text)).keys
    except Exception as error:  # any failure to read a stranger's key set is the same answer
        return [f"jwks: {type(error).__name__}"]
    faults = [] if keys else ["jwks: empty"]
    for key in keys:
        if key.key_type == "oct" or key.is_private:
            faults.append("jwks: holds a secret or private key")
        elif isinstance(key, RSAKey):
            faults += _rsa_faults(key)
    return faults


def _rsa_faults(key: RSAKey) -> list[str]:
    numbers = key.public_key.public_numbers()
    faults = ["jwks: RSA key under 2048 bits"] if key.public_key.key_size < LEAST_RSA else []
    return [*faults, "jwks: RSA exponent under 65537"] if numbers.e < 65537 else faults
