"""Requests and answers of protocol endpoints, free of any framework, and the strict parsers of forms and JSON.

Always true: a parameter that reaches a protocol function occurred once (`NAMES_ONE` excepted), is printable ASCII
(free text and JSON excepted) and within its limits.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes

import orjson

MAX_BODY = 64 * 1024
MAX_FIELDS = 64
MAX_FIELD = 8 * 1024
FREE_TEXT = frozenset({"login_hint", "claims"})
"""Parameters that may hold any Unicode text (OpenID Connect Core 3.1.2.1, 5.5)."""
NAMES_ONE = frozenset({"resource", "audience"})
"""Parameters that may be repeated (RFC 8707 2, RFC 8693 2.1), where we take one: several are read as one text with
blanks between, which names nothing."""
_BAD_PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_ASCII = re.compile(r"[\x20-\x7e]*")
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
PROBLEM = "application/problem+json"
NO_STORE = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))


@dataclass(frozen=True, slots=True)
class Malformed:
    """A request that cannot be read; ``why`` is ASCII and repeats nothing of the request."""

    why: str
    status: int = 400


@dataclass(frozen=True, slots=True)
class ProtocolRequest:
    """What a machine endpoint sees. ``form`` holds body parameters only; header values are as received.

    ``json``: the body of an endpoint that takes JSON, and ``query`` what its address asks; ``below``: what followed
    the path of one that serves many.
    """

    method: str
    form: Mapping[str, str]
    now: int
    authorization: str = ""
    local: bool = False
    """Sent from a loopback address, and not by way of a proxy."""
    has_query_token: bool = False
    """An ``access_token`` stood in the query, which is refused (RFC 9700 4.3.2)."""
    json: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Names in lower case; only for an endpoint that takes the body as it is."""
    below: str = ""
    certificate: bytes | None = field(default=None, repr=False)
    """DER of the certificate of its TLS connection (`idp.web.client_certificate`), judged by nobody yet."""
    address: str = field(default="-", repr=False)
    """Where it comes from, as far as configured proxies vouch for it; ``-``: not known."""


@dataclass(frozen=True, slots=True)
class ProtocolResponse:
    status: int
    body: bytes
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = field(default=NO_STORE)


def json_response(data: Any, *, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> ProtocolResponse:
    return ProtocolResponse(status, orjson.dumps(data), headers=NO_STORE + headers)


def error_response(
    error: str, description: str = "", *, status: int = 400, headers: tuple[tuple[str, str], ...] = ()
) -> ProtocolResponse:
    """An OAuth error (RFC 6749 5.2); ``description`` is ASCII."""
    data = {"error": error, "error_description": description} if description else {"error": error}
    return json_response(data, status=status, headers=headers)


def problem_response(
    kind: str, detail: str = "", *, status: int = 400, headers: tuple[tuple[str, str], ...] = ()
) -> ProtocolResponse:
    """Problem details (RFC 9457); ``kind``: the last part of its type, in lower case with hyphens or underscores."""
    name = kind.replace("_", "-")
    data = {"type": f"urn:tongban:problem:{name}", "title": name.replace("-", " "), "status": status}
    body = orjson.dumps(data | ({"detail": detail} if detail else {}))
    return ProtocolResponse(status, body, PROBLEM, NO_STORE + headers)


def parse_json(raw: bytes) -> dict[str, Any] | Malformed:
    """The JSON object in a body (RFC 8259, I-JSON): UTF-8, no member twice, no number that is none, no NUL."""
    if len(raw) > MAX_BODY:
        return Malformed("request too large", 413)
    try:
        found = json.loads(raw.decode(), object_pairs_hook=_once, parse_constant=_refuse)
        orjson.dumps(found)  # refuses halves of characters, and what is nested beyond reason
    except (ValueError, TypeError, RecursionError):
        return Malformed("the body is not JSON")
    if not isinstance(found, dict) or len(found) > MAX_FIELDS or b"\\u0000" in raw:
        return Malformed("the body is not a JSON object of ours")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is repeated")
    return members


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def parse_form(raw: bytes) -> dict[str, str] | Malformed:
    """The parameters of a query or form body.

    A parameter without value counts as omitted (RFC 6749 3.1, 3.2); a repeated one is malformed.
    """
    if len(raw) > MAX_BODY:
        return Malformed("request too large", 413)
    fields: dict[str, str] = {}
    pairs = raw.split(b"&") if raw else []
    if len(pairs) > MAX_FIELDS:
        return Malformed("too many parameters")
    for pair in pairs:
        name_raw, _, value_raw = pair.partition(b"=")
        if not name_raw and not value_raw:
            continue
        name, value = _decode(name_raw), _decode(value_raw)
        if name is None or value is None:
            return Malformed("parameters are not valid form-encoded UTF-8")
        if name in fields and name not in NAMES_ONE:
            return Malformed("a parameter is repeated")
        if not _ASCII.fullmatch(name) or (name not in FREE_TEXT and not _ASCII.fullmatch(value)):
            return Malformed("a parameter holds characters outside printable ASCII")
        fields[name] = f"{fields[name]} {value}" if name in fields else value
    return {name: value for name, value in fields.items() if value}


def _decode(raw: bytes) -> str | None:
    if len(raw) > MAX_FIELD * 3:
        return None
    if b"+" in raw:
        raw = raw.replace(b"+", b" ")
    if b"%" in raw:
        if _BAD_PERCENT.search(raw):
            return None
        raw = unquote_to_bytes(raw)
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text or len(text) > MAX_FIELD else text
