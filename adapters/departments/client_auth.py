"""Owns how the app proves itself at the token endpoint; a secret or key leaves this module only as a proof."""

from __future__ import annotations

import base64
import json
import secrets
from typing import Any
from urllib.parse import quote_plus

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, Key, RSAKey

from adapters.departments.discovery import ProviderMetadata
from adapters.departments.errors import ConfigurationError
from adapters.departments.settings import AssertionAudience, ClientAuthentication, ClientSettings

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_LIFE = 60  # seconds


class ClientCredential:
    """The proof of this client, made anew for every request."""

    def __init__(self, settings: ClientSettings) -> None:
        self._settings = settings
        self._key: Key | None = None
        if settings.authentication is ClientAuthentication.PRIVATE_KEY_JWT:
            self._key = _private_key(settings)

    def headers(self) -> dict[str, str]:
        """The Authorization header of client_secret_basic, both parts form-encoded first (RFC 6749 2.3.1)."""
        if self._settings.authentication is not ClientAuthentication.SECRET_BASIC:
            return {}
        pair = f"{quote_plus(self._settings.client_id)}:{quote_plus(self._settings.client_secret)}"
        return {"Authorization": "Basic " + base64.b64encode(pair.encode("ascii")).decode("ascii")}

    def fields(self, metadata: ProviderMetadata, *, now: int) -> dict[str, str]:
        """The form fields of private_key_jwt (RFC 7523 3): one assertion, used once, good for a minute.

        With a certificate the connection is the proof, and the name alone is said (RFC 8705 2).
        """
        if self._settings.authentication is ClientAuthentication.SECRET_BASIC:
            return {}
        if self._key is None:
            return {"client_id": self._settings.client_id}
        return {
            "client_id": self._settings.client_id,
            "client_assertion_type": _ASSERTION_TYPE,
            "client_assertion": self._assertion(self._key, metadata, now),
        }

    def _assertion(self, key: Key, metadata: ProviderMetadata, now: int) -> str:
        settings = self._settings
        to_endpoint = settings.assertion_audience is AssertionAudience.TOKEN_ENDPOINT
        header = {"alg": settings.assertion_algorithm}
        if settings.key_id:
            header["kid"] = settings.key_id
        claims = {
            "iss": settings.client_id,
            "sub": settings.client_id,
            "aud": metadata.token_endpoint if to_endpoint else metadata.issuer,
            "jti": secrets.token_urlsafe(16),
            "iat": now,
            "exp": now + _ASSERTION_LIFE,
        }
        return jwt.encode(header, claims, key, algorithms=[settings.assertion_algorithm])


def _private_key(settings: ClientSettings) -> Key:
    text = settings.private_key.strip()
    try:
        key = JWKRegistry.import_key(_jwk(text)) if text.startswith("{") else _pem_key(settings, text)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise ConfigurationError("private_key is neither PEM nor JWK") from error
    if not isinstance(key, RSAKey | ECKey) or not key.is_private:
        raise ConfigurationError("private_key is not a private RSA or EC key")
    return key


def _jwk(text: str) -> dict[str, Any]:
    document = json.loads(text)
    if document.get("kty") not in ("EC", "RSA"):
        raise ValueError(document.get("kty"))
    return dict(document)


def _pem_key(settings: ClientSettings, text: str) -> Key:
    return JWKRegistry.import_key(text, "EC" if settings.assertion_algorithm.startswith("ES") else "RSA")
