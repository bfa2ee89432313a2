"""Owns both directions of signing out: asking the provider to (RP-Initiated Logout 1.0), and believing it when it
says so (Back-Channel Logout 1.0); a logout token counts once, for this client, within minutes of being made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from adapters.departments import jws
from adapters.departments.discovery import ProviderMetadata
from adapters.departments.errors import InvalidToken, TokenFault
from adapters.departments.settings import ClientSettings

BACKCHANNEL_EVENT = "http://schemas.openid.net/event/backchannel-logout"
ACTING_ENDED = "urn:tongban:event:acting-ended"
# `JWT` is what providers sent before the explicit type existed; the event claim tells the two kinds apart (2.4).
_LOGOUT_TOKEN_TYPES: frozenset[str | None] = frozenset({"logout+jwt", "jwt", None})


@dataclass(frozen=True, slots=True)
class LogoutNotice:
    """A verified logout token: whose sessions end. `sid` names one session, without it all of `sub` end.

    token_id, fingerprint, expires_at: what to remember, and until when (Unix seconds), so that it counts once. The
    provider delivers a notice again, signed anew under the same id, when our answer was lost.
    handle: of the acting that is all that ends; the person stays signed in. None: the sessions end.
    """

    issuer: str
    sub: str | None
    sid: str | None
    token_id: str
    issued_at: int
    expires_at: int
    fingerprint: str
    handle: str | None = None


def verify_logout_token(token: str, *, settings: ClientSettings, find_key: jws.FindKey, now: int) -> LogoutNotice:
    """Verify per Back-Channel Logout 1.0 section 2.6, all but the replay check, which needs the store.

    Raises `InvalidToken`.
    """
    claims = jws.verified_claims(
        token, find_key=find_key, algorithm=settings.id_token_algorithm, types=_LOGOUT_TOKEN_TYPES
    )
    jws.check_addressee(claims, issuer=settings.issuer, client_id=settings.client_id)
    issued, expires = jws.check_times(claims, now=now, leeway=settings.leeway)
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(BACKCHANNEL_EVENT), dict):
        raise InvalidToken(TokenFault.EVENTS)
    if "nonce" in claims:
        raise InvalidToken(TokenFault.NONCE)
    sub, sid = _optional_text(claims, "sub"), _optional_text(claims, "sid")
    if sub is None and sid is None:
        raise InvalidToken(TokenFault.SESSION)
    return LogoutNotice(
        issuer=settings.issuer,
        sub=sub,
        sid=sid,
        token_id=jws.text(claims, "jti", TokenFault.TOKEN_ID),
        issued_at=issued,
        # An older token is refused for its age, so the replay memory stays small whatever `exp` says.
        expires_at=min(expires, issued + jws.OLDEST) + settings.leeway + 1,
        fingerprint=hashlib.sha256(token.encode("ascii")).hexdigest(),
        handle=_ended_acting(events),
    )


def _ended_acting(events: Mapping[str, Any]) -> str | None:
    if ACTING_ENDED not in events:
        return None
    ended = events[ACTING_ENDED]
    if not isinstance(ended, dict):
        raise InvalidToken(TokenFault.EVENTS)
    return jws.text(ended, "handle", TokenFault.EVENTS)


def _optional_text(claims: Mapping[str, Any], name: str) -> str | None:
    return jws.text(claims, name, TokenFault.SESSION) if name in claims else None


def logout_url(
    metadata: ProviderMetadata,
    settings: ClientSettings,
    *,
    id_token_hint: str | None,
    state: str,
    ui_locales: str | None = None,
) -> str | None:
    """Where to send the browser to end the provider's session; None if the provider offers no such address."""
    if metadata.end_session_endpoint is None:
        return None
    parameters = {
        "id_token_hint": id_token_hint,
        "client_id": settings.client_id,
        "post_logout_redirect_uri": settings.post_logout_redirect_uri,
        "state": state if settings.post_logout_redirect_uri else None,
        "ui_locales": ui_locales,
    }
    return with_parameters(metadata.end_session_endpoint, parameters)


def with_parameters(url: str, parameters: Mapping[str, str | None]) -> str:
    """Append the parameters that have a value, keeping a query the address already has (RFC 6749 3.1)."""
    query = urlencode({name: value for name, value in parameters.items() if value is not None})
    return f"{url}{'&' if '?' in url else '?'}{query}"
