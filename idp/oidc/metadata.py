"""Discovery and keys as bytes, made once and answered with an ETag.

Always true: what is announced is what is served; what is not supported is said explicitly.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

import orjson

from idp.clients.rules import (
    ASSERTION_ALGS,
    DETAILS_TYPES,
    GRANT_TYPES,
    ID_TOKEN_ALGS,
    PERSONAL_SCOPES,
    TLS_METHODS,
    AuthMethod,
)
from idp.oidc.claims import CARRIER, FACE_CHECK
from idp.oidc.represented import TRUST_FRAMEWORK
from idp.oidc.request import PROMPTS, RESPONSE_MODES
from idp.proofing.rules import acr_values_supported
from idp.web.protocol import ProtocolResponse

_ID_TOKEN_CLAIMS = ["sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "ial", "aal"]


_AT_MTLS_HOST = ("token", "revocation", "introspection", "userinfo")


@dataclass(frozen=True, slots=True)
class MutualTlsHost:
    """``host``: ``name[:port]``; ``authorities``: certificates of departments' authorities are accepted."""

    host: str
    authorities: bool


def discovery(issuer: str, mtls: MutualTlsHost | None = None) -> dict[str, Any]:
    """OpenID Connect Discovery 1.0 and RFC 8414 metadata of the provider, and of RFC 8705 5 for ``mtls``."""
    methods = [method.value for method in AuthMethod if method in _served(mtls)]
    confidential = [method for method in methods if method != AuthMethod.NONE]
    assertion_algs = sorted(ASSERTION_ALGS)
    told: dict[str, Any] = {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "pushed_authorization_request_endpoint": f"{issuer}/par",
        "require_pushed_authorization_requests": False,
        "device_authorization_endpoint": f"{issuer}/device_authorization",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "jwks_uri": f"{issuer}/jwks",
        "revocation_endpoint": f"{issuer}/revoke",
        "introspection_endpoint": f"{issuer}/introspect",
        "end_session_endpoint": f"{issuer}/logout",
        "response_types_supported": ["code"],
        "response_modes_supported": list(RESPONSE_MODES),
        "grant_types_supported": sorted(GRANT_TYPES),
        "subject_types_supported": ["pairwise"],
        "scopes_supported": sorted(PERSONAL_SCOPES),
        "claims_supported": [*_ID_TOKEN_CLAIMS, *CARRIER, FACE_CHECK],
        "claim_types_supported": ["normal"],
        "verified_claims_supported": True,
        "trust_frameworks_supported": [TRUST_FRAMEWORK],
        "claims_in_verified_claims_supported": ["ial", "aal"],
        "acr_values_supported": acr_values_supported(),
        "prompt_values_supported": sorted(PROMPTS),
        "display_values_supported": ["page", "popup", "touch", "wap"],
        "ui_locales_supported": ["zh-CN", "en"],
        "id_token_signing_alg_values_supported": sorted(ID_TOKEN_ALGS, reverse=True),
        "userinfo_signing_alg_values_supported": sorted(ID_TOKEN_ALGS, reverse=True),
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": assertion_algs,
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": assertion_algs,
        "introspection_endpoint_auth_methods_supported": confidential,
        "introspection_endpoint_auth_signing_alg_values_supported": assertion_algs,
        "authorization_details_types_supported": sorted(DETAILS_TYPES),
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "frontchannel_logout_supported": False,
        "claims_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "require_request_uri_registration": False,
        "tls_client_certificate_bound_access_tokens": mtls is not None,
    }
    if mtls:
        names = [f"{name}_endpoint" for name in _AT_MTLS_HOST]
        told["mtls_endpoint_aliases"] = {name: f"https://{mtls.host}{told[name][len(issuer) :]}" for name in names}
    return told


def _served(mtls: MutualTlsHost | None) -> frozenset[AuthMethod]:
    methods = frozenset(AuthMethod)
    if mtls is None:
        return methods - TLS_METHODS
    return methods if mtls.authorities else methods - {AuthMethod.TLS}


class Document:
    """A public JSON document with its ETag."""

    def __init__(self, body: bytes, *, max_age: int) -> None:
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = (("Cache-Control", f"public, max-age={max_age}"), ("ETag", etag))
        self.etag = etag
        self.full = ProtocolResponse(200, body, headers=headers)
        self.unchanged = ProtocolResponse(304, b"", headers=headers)

    def answer(self, if_none_match: str) -> ProtocolResponse:
        return self.unchanged if self.etag in if_none_match else self.full


def discovery_document(issuer: str, mtls: MutualTlsHost | None = None) -> Document:
    return json_document(discovery(issuer, mtls))


def json_document(data: Any) -> Document:
    return Document(orjson.dumps(data), max_age=3600)


class KeyDocument:
    """The JWKS, made again when the ring's public part changes."""

    def __init__(self) -> None:
        self._document = Document(b"", max_age=0)

    def answer(self, jwks: bytes, if_none_match: str) -> ProtocolResponse:
        if self._document.full.body is not jwks:
            self._document = Document(jwks, max_age=300)
        return self._document.answer(if_none_match)
