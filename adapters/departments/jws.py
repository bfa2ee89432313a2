"""Owns the common part of verifying a signed token: form, algorithm, key, signature, type, time.

The algorithm comes from the registration, never from the token (RFC 8725 3.1); the payload is read only after the
signature held.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import Key

from adapters.departments.errors import InvalidToken, TokenFault

FindKey = Callable[[str | None], Key]
"""Gives the provider's key for a `kid`; raises `InvalidToken(UNKNOWN_KEY)`."""

_LONGEST = 16 * 1024
OLDEST = 600  # seconds: the tokens a kit is given are made for the answer or notice that carries them
# A header that brings or points to a key, or changes how the token is read, is refused, not ignored (RFC 8725 3.10).
_HEADERS = frozenset({"alg", "kid", "typ", "cty"})


def verified_claims(token: str, *, find_key: FindKey, algorithm: str, types: frozenset[str | None]) -> dict[str, Any]:
    """The claims of a compact JWS whose signature holds; `types` are the accepted `typ` values in lower case.

    Raises `InvalidToken`; lets `ProviderUnavailable` from `find_key` through.
    """
    header = _header(token)
    if header.get("alg") != algorithm:
        raise InvalidToken(TokenFault.ALGORITHM)
    typ, kid = header.get("typ"), header.get("kid")
    if not header.keys() <= _HEADERS or not isinstance(typ, str | None) or not isinstance(kid, str | None):
        raise InvalidToken(TokenFault.MALFORMED)
    if (typ.lower().removeprefix("application/") if typ is not None else None) not in types:
        raise InvalidToken(TokenFault.TYPE)
    return _claims(_verified_payload(token, find_key(kid), algorithm))


def _header(token: str) -> dict[str, Any]:
    if len(token) > _LONGEST or not token.isascii():
        raise InvalidToken(TokenFault.MALFORMED)
    try:
        header = jws.extract_compact(token.encode("ascii")).headers()
    except (JoseError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise InvalidToken(TokenFault.MALFORMED) from error
    if not isinstance(header, dict):
        raise InvalidToken(TokenFault.MALFORMED)
    return header


def _verified_payload(token: str, key: Key, algorithm: str) -> bytes:
    try:
        return jws.deserialize_compact(token, key, algorithms=[algorithm]).payload
    except (JoseError, ValueError, TypeError) as error:
        raise InvalidToken(TokenFault.SIGNATURE) from error


def _claims(payload: bytes) -> dict[str, Any]:
    try:
        claims = json.loads(payload, object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise InvalidToken(TokenFault.MALFORMED) from error
    if not isinstance(claims, dict):
        raise InvalidToken(TokenFault.MALFORMED)
    return claims


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("repeated member")  # RFC 7519 4: names within a claims set must be unique
    return members


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def text(claims: Mapping[str, Any], name: str, fault: TokenFault) -> str:
    """A required, non-empty string claim."""
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidToken(fault)
    return value


def seconds(claims: Mapping[str, Any], name: str, fault: TokenFault) -> int:
    """A required NumericDate; fractions are cut off, negative and absurd values refused."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1 << 40:
        raise InvalidToken(fault)
    return int(value)


def check_addressee(claims: Mapping[str, Any], *, issuer: str, client_id: str) -> None:
    """`iss` is our provider, `aud` names this client and nobody else (OIDC Core 3.1.3.7 items 2 and 3)."""
    if claims.get("iss") != issuer:
        raise InvalidToken(TokenFault.ISSUER)
    audience = claims.get("aud")
    if audience != client_id and audience != [client_id]:
        raise InvalidToken(TokenFault.AUDIENCE)


def check_times(claims: Mapping[str, Any], *, now: int, leeway: int) -> tuple[int, int]:
    """`(iat, exp)` of a token that is neither expired, nor old, nor from the future, nor for later use (`nbf`)."""
    issued = seconds(claims, "iat", TokenFault.ISSUED_AT)
    expires = seconds(claims, "exp", TokenFault.EXPIRED)
    if now >= expires + leeway:
        raise InvalidToken(TokenFault.EXPIRED)
    if not now - OLDEST - leeway <= issued <= now + leeway or expires <= issued:
        raise InvalidToken(TokenFault.ISSUED_AT)
    if "nbf" in claims and seconds(claims, "nbf", TokenFault.NOT_YET_VALID) > now + leeway:
        raise InvalidToken(TokenFault.NOT_YET_VALID)
    return issued, expires
