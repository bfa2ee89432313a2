"""What an outgoing message is, how a try to send it can end, and when it is tried again.

Always true: everything here is a value or a pure function, and no repr shows a number, a code or a text.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

DELAYS = (1, 2, 5, 15, 60, 300, 900)
"""Seconds before the second, third, … try; the last one repeats."""


class Kind(StrEnum):
    """What an outbox row leads to."""

    SMS = "sms"
    LOGOUT = "logout"
    CHECK_OPEN = "check_open"
    """A vendor is asked to open a check made elsewhere."""
    CHECK_FETCH = "check_fetch"
    """The result of such a check is fetched."""
    PHOTOS_READ = "photos_read"
    """Photos of a document are read by machine."""
    PARTY_EVENT = "party_event"
    """Something departments that know a party are to be told is written down for each of them."""
    SECURITY_EVENT = "security_event"
    """One department is told (RFC 8935)."""
    NONE = "none"
    """Nothing is sent: the row an unknown identifier causes, so that known and unknown run the same statements."""


MAX_AGE: Mapping[Kind, int] = {
    Kind.SMS: 24 * 3600,
    Kind.LOGOUT: 24 * 3600,
    Kind.CHECK_OPEN: 600,
    Kind.CHECK_FETCH: 600,
    Kind.PHOTOS_READ: 300,
    Kind.PARTY_EVENT: 24 * 3600,
    Kind.SECURITY_EVENT: 3 * 24 * 3600,
    Kind.NONE: 0,
}
"""Seconds after which a row of this kind is given up, however it was addressed."""


class RefusalReason(StrEnum):
    """Why a provider will never send this message."""

    INVALID_NUMBER = "invalid_number"
    OPTED_OUT = "opted_out"
    CONTENT_REFUSED = "content_refused"
    BAD_SIGNATURE = "bad_signature"
    STALE_TIMESTAMP = "stale_timestamp"
    INVALID_REQUEST = "invalid_request"
    IDEMPOTENCY_CONFLICT = "idempotency_conflict"
    OTHER = "other"


class UnavailableReason(StrEnum):
    """Why it is not known, or not yet true, that the provider took the message."""

    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    THROTTLED = "throttled"
    PROVIDER_ERROR = "provider_error"
    REDIRECTED = "redirected"
    UNEXPECTED_STATUS = "unexpected_status"
    MALFORMED_ANSWER = "malformed_answer"
    ANSWER_TOO_LARGE = "answer_too_large"
    CIRCUIT_OPEN = "circuit_open"
    """Not asked: every provider there is failed too often in a row a moment ago."""


@dataclass(frozen=True, slots=True)
class SmsMessage:
    """One text message. ``to`` is E.164 (``+8613…``), ``locale`` a BCP 47 tag, ``message_id`` the idempotency key.

    ``attempt``: which try this is, counted from 1 over all workers; no part of what is sent.
    """

    message_id: str
    to: str = field(repr=False)
    template: str
    params: Mapping[str, str] = field(repr=False)
    text: str = field(repr=False)
    locale: str
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Sent:
    """The provider took the message; ``provider_id`` is its own name for it."""

    provider_id: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The provider will not send this message, now or later."""

    reason: RefusalReason


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Try again, not before ``retry_after`` seconds when the provider said so; the same ``message_id`` is safe."""

    reason: UnavailableReason
    retry_after: int | None = None


class SmsGateway(Protocol):
    """The port to the SMS provider (docs/providers.md)."""

    def send(self, message: SmsMessage) -> Sent | Refused | Unavailable:
        """Hand one message over; may take seconds, so no transaction is open.

        Never raises for what the provider or the network does.
        """
        ...


def backoff(attempt: int) -> int:
    """Seconds to wait after try number ``attempt`` (1, 2, …) failed: 1, 2, 5, 15, 60, 300, then 900 for ever."""
    if attempt < 1:
        raise ValueError("tries are counted from 1")
    return DELAYS[min(attempt, len(DELAYS)) - 1]


def expires_at(kind: Kind, *, created_at: int, lifetime: int | None = None) -> int:
    """When a row is given up: ``lifetime`` seconds (a code's own) after it was written, at most its kind's age."""
    longest = MAX_AGE[kind]
    return created_at + (longest if lifetime is None else min(lifetime, longest))


def next_try(*, attempt: int, now: int, expires_at: int, retry_after: int | None = None) -> int | None:
    """When to try again after try number ``attempt`` failed at ``now``, or None when that would come too late."""
    due = now + max(backoff(attempt), retry_after or 0)
    return due if due <= expires_at else None
