"""Owns the provider's public keys; only a signature key that fits the one allowed algorithm is ever handed out."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Iterable
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key

from adapters.departments.cache import Cached
from adapters.departments.discovery import Discovery, ProviderSettings
from adapters.departments.errors import InvalidToken, ProviderUnavailable, TokenFault
from adapters.departments.transport import Request, Transport

_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
_RSA_MINIMUM_BITS = 2048


def usable_keys(document: dict[str, Any], algorithm: str) -> tuple[Key, ...]:
    """The keys of a JWK set that may verify `algorithm`; others are skipped (RFC 7517 5), never guessed at."""
    members = document.get("keys")
    if not isinstance(members, list):
        raise ProviderUnavailable("the key set has no keys")
    return tuple(_imported(member for member in members if _fits(member, algorithm)))


def _fits(member: object, algorithm: str) -> bool:
    if not isinstance(member, dict) or member.get("use", "sig") != "sig":
        return False
    if member.get("alg", algorithm) != algorithm or "verify" not in member.get("key_ops", ["verify"]):
        return False
    if algorithm in _CURVES:
        return member.get("kty") == "EC" and member.get("crv") == _CURVES[algorithm]
    return member.get("kty") == "RSA" and _modulus_bits(member) >= _RSA_MINIMUM_BITS


def _modulus_bits(member: dict[str, Any]) -> int:
    try:
        return int.from_bytes(urlsafe_b64decode(f"{member.get('n')}==")).bit_length()
    except ValueError:
        return 0


def _imported(members: Iterable[dict[str, Any]]) -> Iterable[Key]:
    for member in members:
        try:
            key = JWKRegistry.import_key({name: value for name, value in member.items() if name != "key_ops"})
        except (JoseError, ValueError, TypeError, KeyError):
            continue
        yield key


class ProviderKeys:
    """The provider's key set, cached; an unknown `kid` causes a fetch, but not more often than settings allow."""

    def __init__(self, settings: ProviderSettings, transport: Transport, discovery: Discovery) -> None:
        self._settings = settings
        self._transport = transport
        self._discovery = discovery
        self._cached = Cached(self._fetch, max_age=settings.keys_max_age, min_interval=settings.keys_min_interval)

    def find(self, kid: str | None, now: int) -> Key:
        """The key with this id; without an id the only key there is (OIDC Core 10.1).

        Raises `InvalidToken(UNKNOWN_KEY)`, or `ProviderUnavailable` while no key set was ever read.
        """
        key = _pick(self._cached.get(now), kid) or _pick(self._cached.renewed(now), kid)
        if key is None:
            raise InvalidToken(TokenFault.UNKNOWN_KEY)
        return key

    def _fetch(self, now: int) -> tuple[Key, ...]:
        response = self._transport.send(Request(url=self._discovery.metadata(now).jwks_uri))
        if response.status != 200:
            raise ProviderUnavailable(f"the key set answered {response.status}")
        return usable_keys(response.json_object(), self._settings.id_token_algorithm)


def _pick(keys: tuple[Key, ...], kid: str | None) -> Key | None:
    if kid is None:
        return keys[0] if len(keys) == 1 else None
    return next((key for key in keys if key.kid == kid), None)
