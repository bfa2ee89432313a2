"""The description of the address an app on a phone sends its answer to, for the OpenAPI document.

Always true: it names every problem that `QrAnswers` and the lane have for it; a test holds it against their answers.
"""

from typing import Any

from idp.certificates.qr_pages import ANSWER_PATH

PATH = f"{ANSWER_PATH}{{id}}"
_PROBLEMS = {
    400: "invalid-request, malformed, qr-empty",
    403: "qr-wrong-number",
    405: "invalid-request",
    410: "qr-over, qr-elsewhere",
    413: "invalid-request",
    415: "invalid-request",
    429: "too-many-requests",
    503: "temporarily-unavailable",
}
_BASE64 = {"type": "string", "description": "DER, in base64"}


def described() -> dict[str, Any]:
    """The path item (OpenAPI 3.1)."""
    return {
        "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
        "post": {
            "operationId": "answer_certificate_code",
            "summary": "Send what a person has signed on their phone for a page on their computer",
            "description": "The address is the answer_url that the address in the code on that page tells to whoever"
            " accepts JSON: {text, answer_url, numbers, expires_at, purpose, origin}.",
            "security": [{}],
            "requestBody": {"required": True, "content": {"application/json": {"schema": _answer()}}},
            "responses": {"204": {"description": "Taken; the page goes on"}} | _problems(),
        },
    }


def _answer() -> dict[str, Any]:
    number = {"type": "string", "pattern": "^[0-9]{2}$", "description": "of the numbers, the one on the page"}
    signed = {"signed_data": _BASE64}
    bare = {"signature": _BASE64, "certificate": _BASE64}
    return {
        "oneOf": [
            {"type": "object", "properties": {"number": number, **parts}, "required": ["number", *parts]}
            for parts in (signed, bare)
        ]
    }


def _problems() -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    found: dict[str, Any] = {
        str(status): {"description": names, "content": {"application/problem+json": {"schema": schema}}}
        for status, names in _PROBLEMS.items()
    }
    for status in ("429", "503"):
        found[status]["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "seconds"}}
    return found
