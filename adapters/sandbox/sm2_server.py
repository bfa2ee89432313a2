"""The stand-in of a signature-verification server: `POST /sm2/v1/verifications` (docs/providers.md).

Always true: it answers by arithmetic, and keeps nothing of what it was shown but the digest of the question.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import Blueprint, Response, request

from adapters.sandbox.contract import KEY, Refusal, invalid, like, parse_fields
from adapters.sandbox.register_magic import GOOD, Step
from adapters.sandbox.registers import serve
from adapters.sandbox.signed import settings
from adapters.sandbox.sm2 import verify

SM2_ENDPOINT = "/sm2/v1/verifications"
MAX_BODY = 24 * 1024 * 1024
_GIVEN = ("point", "message", "signature", "user_id")
sm2_server = Blueprint("sm2_server", __name__)


@dataclass(frozen=True, slots=True)
class Sm2Question:
    """A well-formed question; ``digest`` is the body's SHA-256 in hexadecimal."""

    reference: str
    given: Mapping[str, bytes] = field(repr=False)
    """``point``, ``message``, ``signature``, ``user_id``."""
    digest: str


@sm2_server.post(SM2_ENDPOINT)
def answer_about_signature() -> Response:
    request.max_content_length = MAX_BODY
    return serve(settings().sm2_secret, parse_signature, _about_signature)


def parse_signature(body: bytes, *, key: str) -> Sm2Question | Refusal:
    """The question in ``body``; ``key``, which no signature covers, has to be its reference."""
    fields = parse_fields(body, {"reference": like(KEY), **dict.fromkeys(_GIVEN, _is_text)})
    if isinstance(fields, Refusal):
        return fields
    if fields["reference"] != key:
        return invalid("Idempotency-Key is missing or is not the reference")
    try:
        given = {name: base64.b64decode(fields[name], validate=True) for name in _GIVEN}
    except (binascii.Error, ValueError):
        return invalid("point, message, signature and user_id are base64")
    return Sm2Question(key, given, hashlib.sha256(body).hexdigest())


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _about_signature(question: Sm2Question) -> tuple[Step, Mapping[str, object]]:
    given = question.given
    valid = verify(
        point=given["point"], message=given["message"], signature=given["signature"], user_id=given["user_id"]
    )
    return GOOD, {"valid": valid}
