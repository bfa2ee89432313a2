"""Owns security events (RFC 8417) at their receiver: verified, taken once, handled, and answered (RFC 8935).

Knows no web framework. Always true: a handler is given only what the provider has signed for this app, and each event
once, unless a handler failed, after which it comes again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from adapters.departments import jws
from adapters.departments.errors import (
    ConfigurationError,
    InvalidToken,
    ProviderUnavailable,
    TokenFault,
)
from adapters.departments.once import MemoryOnce, Once
from adapters.departments.relying_party import RelyingParty
from adapters.departments.settings import ClientSettings

CONTENT_TYPE = "application/secevent+jwt"
_OWN = "urn:tongban:event:"
_RISC = "https://schemas.openid.net/secevent/risc/event-type/"
MANDATE_REVOKED = f"{_OWN}mandate-revoked"
MANDATE_CHANGED = f"{_OWN}mandate-changed"
REPRESENTED_STATUS_CHANGED = f"{_OWN}represented-status-changed"
IDENTIFIER_RECYCLED = f"{_OWN}identifier-recycled"
SUBJECT_MERGED = f"{_OWN}subject-merged"
ACCOUNT_DISABLED = f"{_RISC}account-disabled"
ACCOUNT_ENABLED = f"{_RISC}account-enabled"
ACCOUNT_PURGED = f"{_RISC}account-purged"
VERIFICATION = "https://schemas.openid.net/secevent/ssf/event-type/verification"

_TYPES: frozenset[str | None] = frozenset({"secevent+jwt"})
# What stands in tokens of other kinds and never in one of events (RFC 8417 4.5, SSF 1.0 4.1.6 and 4.1.7).
_FOREIGN = frozenset({"exp", "sub", "nonce", "nbf", "scope", "act"})
OLDEST = 31 * 86400
"""Seconds after which an event is not taken any more, and its name forgotten: all are delivered before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityEvent:
    """Something that has happened. `subject` is the person's `sub` at this app; None where it is about nobody.

    kind: its URI. says: its members. happened_at: Unix seconds by the provider's clock.
    """

    id: str
    kind: str
    subject: str | None
    happened_at: int
    says: Mapping[str, Any] = field(repr=False)

    @property
    def handle(self) -> str | None:
        """Of the acting it is about."""
        return self._text("represented")

    @property
    def mandate(self) -> str | None:
        return self._text("mandate")

    def _text(self, name: str) -> str | None:
        value = self.says.get(name)
        return value if isinstance(value, str) and value else None


Handler = Callable[[SecurityEvent], None]


@dataclass(frozen=True, slots=True)
class Answer:
    """What to answer a push: a status, and for a refusal `err` and `description` (RFC 8935 2.3)."""

    status: int
    err: str | None = None
    description: str = ""

    @property
    def document(self) -> dict[str, str] | None:
        """The JSON of the answer; None for an empty one."""
        return None if self.err is None else {"err": self.err, "description": self.description}


TAKEN = Answer(202)
_ERRORS = {
    TokenFault.ISSUER: "invalid_issuer",
    TokenFault.AUDIENCE: "invalid_audience",
    TokenFault.UNKNOWN_KEY: "invalid_key",
    TokenFault.SIGNATURE: "invalid_key",
    TokenFault.ALGORITHM: "invalid_key",
}


def verify_event(token: str, *, settings: ClientSettings, find_key: jws.FindKey, now: int) -> SecurityEvent:
    """The event in a Security Event Token for this app. It has no end of its own. Raises `InvalidToken`."""
    claims = jws.verified_claims(token, find_key=find_key, algorithm=settings.id_token_algorithm, types=_TYPES)
    jws.check_addressee(claims, issuer=settings.issuer, client_id=settings.client_id)
    if _FOREIGN & claims.keys():
        raise InvalidToken(TokenFault.TYPE)
    issued = jws.seconds(claims, "iat", TokenFault.ISSUED_AT)
    if not now - OLDEST <= issued <= now + settings.leeway:
        raise InvalidToken(TokenFault.ISSUED_AT)
    events = claims.get("events")
    if not isinstance(events, dict) or len(events) != 1:
        raise InvalidToken(TokenFault.EVENTS)
    ((kind, says),) = events.items()
    if not kind or not isinstance(says, dict):
        raise InvalidToken(TokenFault.EVENTS)
    return SecurityEvent(
        id=jws.text(claims, "jti", TokenFault.TOKEN_ID),
        kind=kind,
        subject=_subject(claims.get("sub_id"), settings.issuer),
        happened_at=jws.seconds(claims, "toe", TokenFault.EVENTS) if "toe" in claims else issued,
        says=says,
    )


def _subject(told: object, issuer: str) -> str | None:
    """The person, as RFC 9493 3.2.4 writes them; another format names something else."""
    if not isinstance(told, dict) or told.get("format") != "iss_sub":
        return None
    if told.get("iss") != issuer:
        raise InvalidToken(TokenFault.SUBJECT)
    return jws.text(told, "sub", TokenFault.SUBJECT)


class EventReceiver:
    """Takes events for one app. once: remembers which were taken, for all processes that share it."""

    def __init__(self, party: RelyingParty, *, once: Once | None = None) -> None:
        self._party = party
        self._once = once or MemoryOnce()
        self._handlers: dict[str | None, list[Handler]] = {}

    def on(self, *kinds: str) -> Callable[[Handler], Handler]:
        """Register a handler of these kinds of event, or without any, of all."""

        def registered(handler: Handler) -> Handler:
            for kind in kinds or (None,):
                self._handlers.setdefault(kind, []).append(handler)
            return handler

        return registered

    def take(self, token: str, *, now: int) -> SecurityEvent | None:
        """Verify one token and have its event handled; None for one that was taken before.

        Raises `InvalidToken`, `ProviderUnavailable`, and what a handler raises: then it is as if it had not come.
        """
        event = verify_event(token, settings=self._party.settings, find_key=self._party.find_key(now), now=now)
        if not self._once.claim(event.id, until=now + OLDEST + self._party.settings.leeway, now=now):
            return None
        try:
            for handler in (*self._handlers.get(None, ()), *self._handlers.get(event.kind, ())):
                handler(event)
        except BaseException:
            self._once.release(event.id)
            raise
        return event

    def pushed(self, token: str, *, content_type: str, now: int) -> Answer:
        """What to answer a push whose body is `token`. Raises what a handler raises."""
        if content_type.partition(";")[0].strip().lower() != CONTENT_TYPE:
            return Answer(400, "invalid_request", f"the body is {CONTENT_TYPE}")
        try:
            self.take(token, now=now)
        except InvalidToken as refusal:
            return refused(refusal)
        except (ProviderUnavailable, ConfigurationError):
            return Answer(503)
        return TAKEN


def refused(refusal: InvalidToken) -> Answer:
    """RFC 8935 2.4."""
    return Answer(400, _ERRORS.get(refusal.reason, "invalid_request"), str(refusal))
