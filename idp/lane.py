"""The lane: machine endpoints served in front of the Flask application by one small WSGI table.

Always true: it is the only place that serves them, and whatever happens inside, its answer is well formed.

A browser that needs no page at /authorize is answered here as well (docs/adr/0009): most apps are entered that way.
"""

import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from idp.db import DatabaseUnavailable
from idp.log import get_logger, request_id
from idp.state.store import StateUnavailable
from idp.web.client_certificate import FrontEnd
from idp.web.limits import address_from
from idp.web.protocol import (
    FORM,
    JSON,
    MAX_BODY,
    Malformed,
    ProtocolRequest,
    ProtocolResponse,
    error_response,
    parse_form,
    parse_json,
    problem_response,
)
from idp.web.reference import new_reference

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_log = get_logger("lane")
_SECURITY = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
)
_STATUS = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
_LENGTH_DIGITS = 18
"""More are no length of anything, and Python refuses to read thousands of digits as a number."""
_STEP = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What may stand below a path: every id of ours is of this form, and no database stumbles on it."""
_ANY_ORIGIN = (("Access-Control-Allow-Origin", "*"),)
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_REFERENCE = re.compile(r"[A-Za-z0-9._:-]{1,128}")
"""A caller's own name for its request, as far as it is repeated."""

Handler = Callable[[ProtocolRequest], ProtocolResponse]
Observe = Callable[[str, int, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One path of the table; one that ends in a slash serves whatever stands one step below it, and one with ``{id}``
    between two slashes whatever stands in its place.

    ``document``: takes If-None-Match instead of a request. ``origins``: for CORS. ``json``: takes a JSON object in
    place of a form, and refuses with problem details (RFC 9457); ``raw``: so does one that takes the body as it is,
    with the headers, for signatures are over bytes.
    ``shortcut``: takes the query and the Cookie header of a browser's GET; where it answers None a page does.
    """

    methods: tuple[str, ...]
    handler: Handler | None = None
    document: Callable[[str], ProtocolResponse] | None = None
    shortcut: Callable[[str, str, int], ProtocolResponse | None] | None = None
    origins: Callable[[str], bool] | None = None
    """Which web origins may read the answer; None: none."""
    any_origin: bool = False
    json: bool = False
    echoes: bool = False
    """Its answers carry the caller's own X-Request-ID, if one was sent (AuthZEN 1.0 10.1.3)."""
    raw: bool = False
    counts_addresses: bool = False
    """Whether the handler is told where a request comes from."""

    @property
    def refuse(self) -> Callable[..., ProtocolResponse]:
        """How it refuses: by OAuth errors, or by problem details."""
        return problem_response if self.json or self.raw else error_response


class Lane:
    """A WSGI application: the table first, everything else is Flask's."""

    def __init__(
        self,
        table: Mapping[str, Endpoint],
        fallback: "WSGIApplication",
        *,
        https: bool,
        observe: Observe,
        front_end: FrontEnd | None = None,
        clock: Callable[[], float] = time.time,
        proxies: tuple[str, ...] = (),
    ) -> None:
        """``proxies``: addresses or networks whose X-Forwarded-For is believed."""
        self._proxies = proxies
        self._table = dict(table)
        self._around = [(*path.split("{id}"), path) for path in table if "{id}" in path]
        self._fallback = fallback
        self._clock = clock
        self._observe = observe
        self._front_end = front_end
        hsts = (("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),) if https else ()
        self._security = _SECURITY + hsts

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path, below, endpoint = self._find(environ["PATH_INFO"])
        if endpoint is None:
            return self._fallback(environ, start_response)
        began = time.perf_counter()
        reference = new_reference()
        token = request_id.set(reference)
        try:
            response = self._answer(endpoint, environ, below)
            cors = self._cors(endpoint, environ)
        finally:
            request_id.reset(token)
        if response is None:
            return self._fallback(environ, start_response)
        self._observe(path, response.status, time.perf_counter() - began)
        headers = [
            ("Content-Type", response.content_type),
            ("Content-Length", str(len(response.body))),
            ("X-Request-Id", (endpoint.echoes and _callers_reference(environ)) or reference),
            *response.headers,
            *self._security,
            *cors,
        ]
        start_response(_STATUS[response.status], headers)
        return (b"" if environ["REQUEST_METHOD"] == "HEAD" else response.body,)

    def _find(self, path: str) -> tuple[str, str, Endpoint | None]:
        """The path of the table that serves ``path``, what stands below it, and the endpoint there."""
        if path in self._table and not path.endswith("/"):
            return path, "", self._table[path]
        for before, after, whole in self._around:
            if path.startswith(before) and path.endswith(after) and len(path) > len(before) + len(after):
                return whole, path[len(before) : -len(after)], self._table[whole]
        head, _, below = path.rpartition("/")
        return f"{head}/", below, self._table.get(f"{head}/") if below else None

    def _answer(self, endpoint: Endpoint, environ: "WSGIEnvironment", below: str) -> ProtocolResponse | None:
        method = environ["REQUEST_METHOD"]
        if endpoint.shortcut is not None:
            return self._short(endpoint.shortcut, environ) if method == "GET" else None
        if method == "OPTIONS":
            return ProtocolResponse(204, b"", headers=(("Allow", ", ".join((*endpoint.methods, "OPTIONS"))),))
        if method not in endpoint.methods and not (method == "HEAD" and "GET" in endpoint.methods):
            allow = (("Allow", ", ".join((*endpoint.methods, "OPTIONS"))),)
            return endpoint.refuse("invalid_request", "the method is not allowed here", status=405, headers=allow)
        if below and not _STEP.fullmatch(below):
            return endpoint.refuse("not_found", "there is nothing of this name", status=404)
        try:
            return self._handle(endpoint, method, environ, below)
        except (DatabaseUnavailable, StateUnavailable):
            headers = (("Retry-After", "2"),)
            return endpoint.refuse("temporarily_unavailable", "try again shortly", status=503, headers=headers)
        except Exception:
            _log.exception("machine endpoint failed", path=environ["PATH_INFO"])
            return endpoint.refuse("server_error", "the request failed", status=500)

    def _short(
        self, shortcut: Callable[[str, str, int], ProtocolResponse | None], environ: "WSGIEnvironment"
    ) -> ProtocolResponse | None:
        """Whatever goes wrong on the way, the page tells the person."""
        try:
            return shortcut(environ.get("QUERY_STRING", ""), environ.get("HTTP_COOKIE", ""), int(self._clock()))
        except (DatabaseUnavailable, StateUnavailable):
            return None
        except Exception:
            _log.exception("shortcut failed", path=environ["PATH_INFO"])
            return None

    def _handle(self, endpoint: Endpoint, method: str, environ: "WSGIEnvironment", below: str) -> ProtocolResponse:
        if endpoint.document is not None:
            return endpoint.document(environ.get("HTTP_IF_NONE_MATCH", ""))
        body = _body(environ) if method in _WITH_BODY else b""
        if isinstance(body, Malformed):
            return endpoint.refuse("invalid_request", body.why, status=body.status)
        members = _members(endpoint, method, environ, body)
        if isinstance(members, Malformed):
            return endpoint.refuse("invalid_request", members.why, status=members.status)
        query = environ.get("QUERY_STRING", "")
        asked = parse_form(query.encode()) if endpoint.json and query else {}
        if isinstance(asked, Malformed):
            return endpoint.refuse("invalid_request", asked.why, status=asked.status)
        request = ProtocolRequest(
            method=method,
            form={} if endpoint.json else members,
            json=members if endpoint.json else {},
            body=body,
            headers=_headers(environ) if endpoint.raw else {},
            below=below,
            query=asked,
            now=int(self._clock()),
            authorization=environ.get("HTTP_AUTHORIZATION", ""),
            local=environ.get("REMOTE_ADDR") in ("127.0.0.1", "::1") and "HTTP_X_FORWARDED_FOR" not in environ,
            has_query_token="access_token=" in query,
            certificate=self._front_end.certificate(environ) if self._front_end else None,
            address=self._address(environ) if endpoint.counts_addresses else "-",
        )
        assert endpoint.handler is not None  # noqa: S101 - the table says so
        return endpoint.handler(request)

    def _address(self, environ: "WSGIEnvironment") -> str:
        forwarded = environ.get("HTTP_X_FORWARDED_FOR", "")
        return address_from(environ.get("REMOTE_ADDR", ""), forwarded, self._proxies)

    def _cors(self, endpoint: Endpoint, environ: "WSGIEnvironment") -> tuple[tuple[str, str], ...]:
        """Discovery and keys for any origin; the rest for registered ones, without credentials."""
        origin = environ.get("HTTP_ORIGIN")
        if not origin or not (endpoint.any_origin or endpoint.origins):
            return ()
        if endpoint.any_origin:
            return _ANY_ORIGIN
        try:
            known = endpoint.origins is not None and endpoint.origins(origin)
        except DatabaseUnavailable:  # the answer itself is a 503 then, or needs no database
            known = False
        if not known:
            return (("Vary", "Origin"),)
        allowed = (("Access-Control-Allow-Origin", origin), ("Vary", "Origin"))
        if environ["REQUEST_METHOD"] != "OPTIONS":
            return (*allowed, ("Access-Control-Expose-Headers", "WWW-Authenticate, X-Request-Id"))
        return (
            *allowed,
            ("Access-Control-Allow-Methods", ", ".join(endpoint.methods)),
            ("Access-Control-Allow-Headers", "Authorization, Content-Type"),
            ("Access-Control-Max-Age", "600"),
        )


def _callers_reference(environ: "WSGIEnvironment") -> str:
    """Empty for what is none, or could be more than a name."""
    sent: str = environ.get("HTTP_X_REQUEST_ID", "")
    return sent if _REFERENCE.fullmatch(sent) else ""


def _headers(environ: "WSGIEnvironment") -> dict[str, str]:
    """The request's headers, their names in lower case."""
    sent = {name[5:]: value for name, value in environ.items() if name.startswith("HTTP_")}
    sent["CONTENT_TYPE"] = environ.get("CONTENT_TYPE", "")
    return {name.replace("_", "-").lower(): value for name, value in sent.items()}


def _body(environ: "WSGIEnvironment") -> bytes | Malformed:
    """The body; one that is too large is malformed."""
    length = environ.get("CONTENT_LENGTH") or ""
    if length and (not length.isascii() or not length.isdigit() or len(length) > _LENGTH_DIGITS):
        return Malformed("Content-Length is not a number of bytes")
    size = int(length or 0)
    if size > MAX_BODY:
        return Malformed("request too large", 413)
    chunked = not length and "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()
    body: bytes = environ["wsgi.input"].read(MAX_BODY + 1 if chunked else size)
    return Malformed("request too large", 413) if len(body) > MAX_BODY else body


def _members(endpoint: Endpoint, method: str, environ: "WSGIEnvironment", body: bytes) -> dict[str, Any] | Malformed:
    """The body's parameters or members; a body of another kind is malformed."""
    if endpoint.raw or method not in _WITH_BODY:
        return {}
    kind = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    if endpoint.json:
        return parse_json(body) if kind == JSON else Malformed("the body is not JSON", 415)
    if kind != FORM:
        return {} if not body else Malformed("the body is not a form", 415)
    return parse_form(body)


def serve_document(document: Any) -> Endpoint:
    """A public document that any origin may read; ``document(if_none_match)`` answers."""
    return Endpoint(methods=("GET",), document=document, any_origin=True)
