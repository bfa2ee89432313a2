"""What a stream is, what its events are called, and how their configuration is read.

Always true: a kind of event has one URI; nothing that a client wrote is kept before it was read here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from idp.accounts.rules import PartyEventKind
from idp.clients.rules import uri_fault

SCOPE = "events.manage"
RISC = "https://schemas.openid.net/secevent/risc/event-type/"
SSF = "https://schemas.openid.net/secevent/ssf/event-type/"
OWN = "urn:tongban:event:"
VERIFICATION = f"{SSF}verification"
"""Sent when its receiver asks for it, whatever else it asked for (SSF 1.0 8.1.4.1)."""
TYP = "secevent+jwt"
"""RFC 8417 2.3."""
EVENT_URIS: Mapping[PartyEventKind, str] = {
    PartyEventKind.MANDATE_REVOKED: f"{OWN}mandate-revoked",
    PartyEventKind.MANDATE_CHANGED: f"{OWN}mandate-changed",
    PartyEventKind.REPRESENTED_STATUS_CHANGED: f"{OWN}represented-status-changed",
    PartyEventKind.ACCOUNT_DISABLED: f"{RISC}account-disabled",
    PartyEventKind.ACCOUNT_ENABLED: f"{RISC}account-enabled",
    PartyEventKind.ACCOUNT_PURGED: f"{RISC}account-purged",
    PartyEventKind.IDENTIFIER_RECYCLED: f"{OWN}identifier-recycled",
    PartyEventKind.SUBJECT_MERGED: f"{OWN}subject-merged",
}
"""RISC has an ``identifier-recycled`` as well, whose subject is the telephone number itself: that is not told."""
SUPPORTED = tuple(EVENT_URIS.values())
MOST_TEXT = 200
MIN_VERIFICATION = 60
"""Seconds between two verifications of one stream."""
MOST_EVENTS = 100
"""Events in one answer to a poll, and acknowledged by one."""
_HEADER = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,2046}[\x21-\x7e])?")
_WRITABLE = frozenset({"delivery", "events_requested", "description", "stream_id"})
_READ_ONLY = frozenset({"iss", "aud", "events_supported", "events_delivered", "min_verification_interval"})
"""Sent back by a receiver that edits what it was given; what they say is not looked at (SSF 1.0 8.1.1.3)."""


class Method(StrEnum):
    """How a stream is delivered."""

    PUSH = "urn:ietf:rfc:8935"
    POLL = "urn:ietf:rfc:8936"


class Status(StrEnum):
    """SSF 1.0 8.1.2. Of a paused stream events are kept, of a disabled one they are not."""

    ENABLED = "enabled"
    PAUSED = "paused"
    DISABLED = "disabled"


class Refused(StrEnum):
    """Why an endpoint of streams did not do what was asked; the kind of the problem."""

    REQUEST = "invalid_request"
    NOT_FOUND = "not_found"
    EXISTS = "stream_exists"
    TOO_SOON = "too_many_requests"

    @property
    def status(self) -> int:
        return _STATUSES[self]


_STATUSES = {Refused.REQUEST: 400, Refused.NOT_FOUND: 404, Refused.EXISTS: 409, Refused.TOO_SOON: 429}


@dataclass(frozen=True, slots=True)
class Delivery:
    """``endpoint``: of a push. ``authorization``: what a push carries in its header; None: nothing."""

    method: Method
    endpoint: str | None = None
    authorization: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a client asks of its stream; None: it says nothing about it."""

    delivery: Delivery | None = None
    events: tuple[str, ...] | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Wrong:
    """A request that is none; ``why`` is ASCII and repeats nothing of it."""

    why: str


@dataclass(frozen=True, slots=True)
class Stream:
    """``events``: those delivered; ``requested``: those asked for, known here or not."""

    id: str
    client_id: str
    method: Method
    endpoint: str | None
    has_authorization: bool
    requested: tuple[str, ...]
    description: str | None
    status: Status
    status_reason: str | None
    created_at: int

    @property
    def events(self) -> frozenset[str]:
        return frozenset(self.requested) & frozenset(SUPPORTED)


@dataclass(frozen=True, slots=True)
class Poll:
    """RFC 8936 2.2. ``failed``: why each of these tokens was not taken."""

    most: int
    wait: bool
    taken: tuple[str, ...]
    failed: Mapping[str, str]


def read_wanted(told: Mapping[str, Any]) -> Wanted | Wrong:
    """A stream's configuration as its client writes it (SSF 1.0 8.1.1)."""
    if not told.keys() <= _WRITABLE | _READ_ONLY:
        return Wrong("an unknown member")
    delivery = _delivery(told["delivery"]) if "delivery" in told else None
    if isinstance(delivery, Wrong):
        return delivery
    events, description = told.get("events_requested"), told.get("description")
    if events is not None and not _is_texts(events):
        return Wrong("events_requested is an array of at most 50 URIs")
    if description is not None and not (isinstance(description, str) and len(description) <= MOST_TEXT):
        return Wrong("description is a text of at most 200 characters")
    return Wanted(delivery, tuple(dict.fromkeys(events)) if events is not None else None, description)


def _is_texts(told: Any) -> bool:
    short = isinstance(told, list) and len(told) <= 50
    return short and all(isinstance(one, str) and 0 < len(one) <= MOST_TEXT and " " not in one for one in told)


def _delivery(told: Any) -> Delivery | Wrong:
    if not isinstance(told, dict) or told.get("method") not in tuple(Method):
        return Wrong("delivery names a method that is served")
    method, header = Method(told["method"]), told.get("authorization_header")
    if method is Method.POLL:  # where to poll is for us to say
        return Delivery(method)
    endpoint = told.get("endpoint_url")
    if not isinstance(endpoint, str) or len(endpoint) > 2048 or uri_fault(endpoint):
        return Wrong("delivery.endpoint_url is an https address")
    if header is not None and not (isinstance(header, str) and _HEADER.fullmatch(header)):
        return Wrong("delivery.authorization_header is printable ASCII")
    return Delivery(method, endpoint, header)


def read_status(told: Mapping[str, Any]) -> tuple[Status, str | None] | Wrong:
    """SSF 1.0 8.1.2.2."""
    reason = told.get("reason")
    if not told.keys() <= {"stream_id", "status", "reason"} or told.get("status") not in tuple(Status):
        return Wrong("status is enabled, paused or disabled")
    if reason is not None and not (isinstance(reason, str) and len(reason) <= MOST_TEXT):
        return Wrong("reason is a text of at most 200 characters")
    return Status(told["status"]), reason


def read_poll(told: Mapping[str, Any]) -> Poll | Wrong:
    """RFC 8936 2.2 to 2.4."""
    most, now = told.get("maxEvents", MOST_EVENTS), told.get("returnImmediately", False)
    taken, failed = told.get("ack", []), told.get("setErrs", {})
    if not told.keys() <= {"maxEvents", "returnImmediately", "ack", "setErrs"}:
        return Wrong("an unknown member")
    if type(most) is not int or most < 0 or type(now) is not bool:
        return Wrong("maxEvents is a number from 0, returnImmediately true or false")
    if not (isinstance(taken, list) and all(isinstance(one, str) for one in taken)) or len(taken) > MOST_EVENTS:
        return Wrong("ack is an array of at most 100 names of tokens")
    if not isinstance(failed, dict) or len(failed) > MOST_EVENTS:
        return Wrong("setErrs is an object of at most 100 errors")
    errors = {jti: _error(error) for jti, error in failed.items()}
    return Poll(min(most, MOST_EVENTS), not now, tuple(taken), errors)


_ERRORS = frozenset(
    {
        "invalid_request",
        "invalid_key",
        "invalid_issuer",
        "invalid_audience",
        "authentication_failed",
        "access_denied",
    }
)
"""RFC 8935 2.4."""


def _error(told: Any) -> str:
    """The error in a receiver's answer: a word we know, for its own words may say anything."""
    name = told.get("err") if isinstance(told, dict) else None
    return name if isinstance(name, str) and name in _ERRORS else "other"


def push_error(body: Any) -> str:
    """The same of a refused push."""
    return _error(body)
