"""The vendor's half of the SMS contract (docs/providers.md): is this request signed, fresh and well formed?

Always true: it reads nothing but its arguments, and garbage of any kind is a `Refusal`, never an exception.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v1=[0-9a-f]{64}")
KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_LOCALE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")

Forms = Mapping[str, Callable[[object], bool]]
"""What each field of a body has to be like."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer other than 202: its status, its code for machines, its words for people."""

    status: int
    error: str
    message: str


@dataclass(frozen=True, slots=True)
class SmsRequest:
    """A well-formed request; ``digest`` tells two bodies apart."""

    message_id: str
    to: str
    template: str
    params: Mapping[str, str]
    text: str
    locale: str
    digest: bytes


def check_signature(
    *, secret: str, timestamp: str, signature: str, body: bytes, now: float, window: int
) -> Refusal | None:
    """Is ``body`` signed with ``secret`` within ``window`` seconds of ``now``?"""
    if not _TIMESTAMP.fullmatch(timestamp) or not _SIGNATURE.fullmatch(signature):
        return Refusal(401, "bad_signature", "Tongban-Timestamp or Tongban-Signature is missing or malformed")
    if not hmac.compare_digest(sign(secret, timestamp, body), signature):
        return Refusal(401, "bad_signature", "the signature does not match timestamp and body")
    if abs(now - int(timestamp)) > window:
        return Refusal(401, "stale_timestamp", f"the timestamp is more than {window} seconds from our clock")
    return None


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """What ``Tongban-Signature`` has to be, of requests and of signed answers."""
    signed = timestamp.encode() + b"." + body
    return "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def parse(body: bytes, *, idempotency_key: str) -> SmsRequest | Refusal:
    """The request in ``body``; ``idempotency_key``, which no signature covers, has to be its ``message_id``."""
    fields = parse_fields(body, _FORMS)
    if isinstance(fields, Refusal):
        return fields
    if fields["message_id"] != idempotency_key:
        return invalid("Idempotency-Key is missing or is not the message_id")
    return SmsRequest(**fields, digest=hashlib.sha256(body).digest())


def parse_fields(body: bytes, forms: Forms) -> dict[str, Any] | Refusal:
    """The JSON object in ``body``: exactly the names of ``forms``, each of its form."""
    try:
        fields = json.loads(body.decode(), object_pairs_hook=_no_repeats, parse_constant=_no_constants)
    except (ValueError, RecursionError):
        return invalid("the body is not strict JSON in UTF-8")
    if not isinstance(fields, dict) or fields.keys() != forms.keys():
        return invalid("the body is an object of exactly " + ", ".join(forms))
    wrong = next((name for name, has_form in forms.items() if not has_form(fields[name])), None)
    return invalid(f"{wrong} has not its form") if wrong else fields


def invalid(message: str) -> Refusal:
    return Refusal(400, "invalid_request", message)


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a name is repeated")
    return fields


def _no_constants(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def like(pattern: re.Pattern[str]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def words(longest: int) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and 0 < len(value) <= longest and not _CONTROL.search(value)


def _params(value: object) -> bool:
    has_words = words(100)
    return (
        isinstance(value, dict)
        and len(value) <= 16
        and all(_NAME.fullmatch(name) and has_words(word) for name, word in value.items())
    )


_FORMS: Forms = {
    "message_id": like(KEY),
    "to": like(_E164),
    "template": like(_NAME),
    "params": _params,
    "text": words(500),
    "locale": like(_LOCALE),
}
