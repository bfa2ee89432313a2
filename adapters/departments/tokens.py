"""Owns the verification of ID tokens (OIDC Core 3.1.3.7 and 12.2); what it returns has passed every check.

Pure but for the key look-up that is passed in.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from adapters.departments import jws
from adapters.departments.errors import InvalidToken, TokenFault
from adapters.departments.levels import NOTHING, Demand
from adapters.departments.settings import ClientSettings

_ID_TOKEN_TYPES: frozenset[str | None] = frozenset({None, "jwt"})


@dataclass(frozen=True, slots=True)
class IdToken:
    """A verified ID token. Times in Unix seconds; `text` is the token itself, the hint for signing out."""

    issuer: str
    sub: str
    sid: str | None
    issued_at: int
    expires_at: int
    auth_time: int | None
    claims: Mapping[str, Any] = field(repr=False)
    text: str = field(repr=False)


def verify_id_token(
    token: str,
    *,
    settings: ClientSettings,
    find_key: jws.FindKey,
    nonce: str,
    access_token: str,
    asked: Demand = NOTHING,
    matter: str | None = None,
    now: int,
) -> IdToken:
    """Verify the ID token of a code exchange.

    An essential `acr` and a `max_age` in `asked` must have been kept (OIDC Core 5.5.1.1 and 3.1.3.7 items 12, 13);
    a voluntary level that was not reached is for the caller to judge. With `matter`, the person's face must have been
    checked for it. Raises `InvalidToken`.
    """
    verified = _verify(token, settings=settings, find_key=find_key, now=now)
    sent = verified.claims.get("nonce")
    if not isinstance(sent, str) or not hmac.compare_digest(sent.encode("utf-8", "replace"), nonce.encode()):
        raise InvalidToken(TokenFault.NONCE)
    _check_access_token_hash(verified.claims, access_token, settings.id_token_algorithm)
    if asked.essential and not asked.met_by(verified.claims):
        raise InvalidToken(TokenFault.LEVEL)
    if not fresh_enough(verified, asked, leeway=settings.leeway, now=now):
        raise InvalidToken(TokenFault.AUTH_TIME)
    if matter is not None and not _checked_for(verified.claims.get("face_check"), matter):
        raise InvalidToken(TokenFault.MATTER)
    return verified


def _checked_for(told: Any, matter: str) -> bool:
    if not isinstance(told, dict):
        return False
    return (told.get("matter"), told.get("result")) == (matter, "passed") and type(told.get("time")) is int


def verify_refreshed_id_token(
    token: str,
    *,
    settings: ClientSettings,
    find_key: jws.FindKey,
    subject: str,
    auth_time: int | None,
    access_token: str,
    now: int,
) -> IdToken:
    """Verify the ID token of a refresh: same person, same sign-in (OIDC Core 12.2). Raises `InvalidToken`."""
    verified = _verify(token, settings=settings, find_key=find_key, now=now)
    if verified.sub != subject:
        raise InvalidToken(TokenFault.SUBJECT)
    if verified.auth_time is not None and verified.auth_time != auth_time:
        raise InvalidToken(TokenFault.AUTH_TIME)
    _check_access_token_hash(verified.claims, access_token, settings.id_token_algorithm)
    return verified


def fresh_enough(token: IdToken, asked: Demand, *, leeway: int, now: int) -> bool:
    """True if the person signed in actively no longer ago than `asked.max_age`; without `auth_time`, never."""
    if asked.max_age is None:
        return True
    return token.auth_time is not None and now - token.auth_time <= asked.max_age + leeway


def _verify(token: str, *, settings: ClientSettings, find_key: jws.FindKey, now: int) -> IdToken:
    claims = jws.verified_claims(
        token, find_key=find_key, algorithm=settings.id_token_algorithm, types=_ID_TOKEN_TYPES
    )
    jws.check_addressee(claims, issuer=settings.issuer, client_id=settings.client_id)
    if "azp" in claims and claims["azp"] != settings.client_id:
        raise InvalidToken(TokenFault.AUTHORIZED_PARTY)
    if "events" in claims:  # a logout or event token in the place of an ID token (OIDC Back-Channel Logout 2.4)
        raise InvalidToken(TokenFault.EVENTS)
    issued, expires = jws.check_times(claims, now=now, leeway=settings.leeway)
    return IdToken(
        issuer=settings.issuer,
        sub=jws.text(claims, "sub", TokenFault.SUBJECT),
        sid=jws.text(claims, "sid", TokenFault.SESSION) if "sid" in claims else None,
        issued_at=issued,
        expires_at=expires,
        auth_time=_auth_time(claims, now=now, leeway=settings.leeway),
        claims=claims,
        text=token,
    )


def _auth_time(claims: Mapping[str, Any], *, now: int, leeway: int) -> int | None:
    if "auth_time" not in claims:
        return None
    value = jws.seconds(claims, "auth_time", TokenFault.AUTH_TIME)
    if value > now + leeway:
        raise InvalidToken(TokenFault.AUTH_TIME)
    return value


def _check_access_token_hash(claims: Mapping[str, Any], access_token: str, algorithm: str) -> None:
    if "at_hash" not in claims:
        return
    digest = hashlib.new(f"sha{algorithm[2:]}", access_token.encode()).digest()
    expected = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode("ascii")
    sent = claims["at_hash"]
    if not isinstance(sent, str) or not hmac.compare_digest(sent.encode("utf-8", "replace"), expected.encode()):
        raise InvalidToken(TokenFault.ACCESS_TOKEN_HASH)
