"""A tiny OpenID Provider in memory; it answers what a provider answers, and can be told to answer wrongly.

`FakeProvider.send` is a `Transport`; `serve` puts the same answers behind a real socket on 127.0.0.1.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request as HttpRequest
from werkzeug.wrappers import Response as HttpResponse

from adapters.departments.errors import ProviderUnavailable
from adapters.departments.logout import BACKCHANNEL_EVENT
from adapters.departments.transport import Request, Response

ISSUER = "http://127.0.0.1:8000"
CLIENT_ID = "tax-demo"
SECRET = "a secret with spaces, +/% and enough characters"
START = 1_790_000_000


@dataclass
class Clock:
    """Unix seconds that only a test moves."""

    now: int = START

    def __call__(self) -> int:
        return self.now


@dataclass
class Authorized:
    """One authorization the person gave, waiting to be redeemed."""

    nonce: str
    challenge: str
    acr: str | None


@dataclass
class FakeProvider:
    """State and behaviour of the stand-in; change a field to change what it does next."""

    issuer: str = ISSUER
    clock: Callable[[], int] = field(default_factory=Clock)
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "k1", "use": "sig"}))
    audience: str = CLIENT_ID
    secret: str = SECRET
    sub: str = "pw_person"
    sid: str | None = "session-1"
    ial: int = 2
    aal: int = 1
    auth_time: int | None = None
    life: int = 600
    gives_refresh_tokens: bool = True
    token_error: tuple[int, dict[str, str]] | None = None
    userinfo: dict[str, Any] | None = None
    acting: dict[str, Any] = field(default_factory=dict)
    held: list[dict[str, Any]] | None = None
    takes_pushed_requests: bool = False
    pushed: dict[str, dict[str, str]] = field(default_factory=dict)
    decision: bool | None = None
    away: bool = False
    before_token_answer: Callable[[], None] = lambda: None
    seen: list[Request] = field(default_factory=list)
    codes: dict[str, Authorized] = field(default_factory=dict)
    refresh_tokens: set[str] = field(default_factory=set)
    counter: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    # What a browser does there

    def authorize(self, url: str, **extra: str) -> dict[str, list[str]]:
        """The person signs in and agrees; returns the query that comes back to the app."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        query = self.pushed.pop(query["request_uri"]) if "request_uri" in query else query
        claims = json.loads(query.get("claims", "{}")).get("id_token", {}).get("acr", {}).get("values", [])
        wanted = (query.get("acr_values", "").split() + claims + [""])[0]
        code = self._next("code")
        self.codes[code] = Authorized(query["nonce"], query["code_challenge"], wanted or None)
        answer = {"state": query["state"], "iss": self.issuer, "code": code, **extra}
        return {name: [value] for name, value in answer.items()}

    def callback(self, url: str, **extra: str) -> str:
        """The same as the address the browser is sent to."""
        answer = {name: values[0] for name, values in self.authorize(url, **extra).items()}
        return f"/oidc/callback?{urlencode(answer)}"

    # What the app's server asks

    def send(self, request: Request) -> Response:
        with self.lock:
            self.seen.append(request)
        if self.away:
            raise ProviderUnavailable("no answer")
        path = urlsplit(request.url).path
        if path == "/token":
            self.before_token_answer()
            with self.lock:
                status, body = self._token(dict(request.form or {}), request.headers)
        elif (
            path == "/par" and self.takes_pushed_requests and self._knows_the_secret(request.headers["Authorization"])
        ):
            name = f"urn:ietf:params:oauth:request_uri:{self._next('pushed')}"
            self.pushed[name] = dict(request.form or {})
            status, body = 201, {"request_uri": name, "expires_in": 90}
        elif path == "/access/v1/evaluation":
            told = {"decision": self.decision, "context": {"id": "4F7Q.1", "ttl": 30}}
            status, body = (503, {}) if self.decision is None else (200, told)
        else:
            status, body = self._get(path, request.headers)
        return Response(status, {"content-type": "application/json"}, json.dumps(body).encode())

    def _get(self, path: str, headers: Any) -> tuple[int, dict[str, Any]]:
        if path == "/.well-known/openid-configuration":
            return 200, self.metadata()
        if path == "/jwks":
            return 200, {"keys": [self.key.as_dict(private=False)]}
        if path == "/userinfo" and headers.get("Authorization", "").startswith("Bearer access-"):
            return 200, {"sub": self.sub, "name": "张三"} if self.userinfo is None else self.userinfo
        return 404, {}

    def metadata(self) -> dict[str, Any]:
        pushing = (
            {"pushed_authorization_request_endpoint": f"{self.issuer}/par"} if self.takes_pushed_requests else {}
        )
        return pushing | {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "end_session_endpoint": f"{self.issuer}/logout",
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256"],
            "authorization_response_iss_parameter_supported": True,
        }

    def _token(self, form: dict[str, str], headers: Any) -> tuple[int, dict[str, Any]]:
        if self.token_error:
            return self.token_error
        if not self._knows_the_secret(headers.get("Authorization", "")):
            return 401, {"error": "invalid_client"}
        if form.get("grant_type") == "authorization_code":
            return self._redeem(form)
        if form["refresh_token"] not in self.refresh_tokens:
            self.refresh_tokens.clear()  # reuse ends the family
            return 400, {"error": "invalid_grant"}
        self.refresh_tokens.remove(form["refresh_token"])
        return 200, self._tokens(nonce=None, acr=None)

    def _knows_the_secret(self, header: str) -> bool:
        scheme, _, pair = header.partition(" ")
        name, _, secret = base64.b64decode(pair).decode().partition(":")
        return (scheme, unquote_plus(name), unquote_plus(secret)) == ("Basic", self.audience, self.secret)

    def _redeem(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        authorized = self.codes.pop(form["code"], None)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        if authorized is None or _base64(digest) != authorized.challenge:
            return 400, {"error": "invalid_grant"}
        return 200, self._tokens(nonce=authorized.nonce, acr=authorized.acr)

    def _tokens(self, *, nonce: str | None, acr: str | None) -> dict[str, Any]:
        access = self._next("access")
        answer = {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": self.life,
            "id_token": self.sign(self.id_claims(nonce=nonce, access_token=access, acr=acr)),
        }
        if self.held is not None:
            answer["authorization_details"] = self.held
        if self.gives_refresh_tokens:
            answer["refresh_token"] = self._next("refresh")
            self.refresh_tokens.add(str(answer["refresh_token"]))
        return answer

    def _next(self, word: str) -> str:
        self.counter += 1
        return f"{word}-{self.counter}"

    # What it signs

    def id_claims(self, *, nonce: str | None, access_token: str, acr: str | None = None) -> dict[str, Any]:
        now = self.clock()
        claims = {
            "iss": self.issuer,
            "sub": self.sub,
            "sid": self.sid,
            "aud": self.audience,
            "iat": now,
            "exp": now + 600,
            "auth_time": self.auth_time or START - 60,
            "nonce": nonce,
            "acr": acr,
            "ial": self.ial,
            "aal": self.aal,
            "amr": ["pwd"],
            "at_hash": _base64(hashlib.sha256(access_token.encode()).digest()[:16]),
        }
        return {name: value for name, value in {**claims, **self.acting}.items() if value is not None}

    def logout_claims(self, **changes: Any) -> dict[str, Any]:
        now = self.clock()
        claims = {
            "iss": self.issuer,
            "aud": self.audience,
            "iat": now,
            "exp": now + 120,
            "jti": self._next("jti"),
            "sub": self.sub,
            "sid": self.sid,
            "events": {BACKCHANNEL_EVENT: {}},
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        return jwt.encode({"alg": "ES256", "kid": self.key.kid, **header}, claims, self.key, algorithms=["ES256"])

    def logout_token(self, **changes: Any) -> str:
        return self.sign(self.logout_claims(**changes), typ="logout+jwt")

    def event_claims(self, kind: str, /, **says: Any) -> dict[str, Any]:
        now = self.clock()
        subject = {"format": "iss_sub", "iss": self.issuer, "sub": self.sub}
        about = {"iss": self.issuer, "aud": self.audience, "iat": now, "jti": self._next("event")}
        return about | {"sub_id": subject, "toe": now - 5, "events": {kind: says}}

    def event_token(self, kind: str, /, **says: Any) -> str:
        return self.sign(self.event_claims(kind, **says), typ="secevent+jwt")

    # A real socket

    @contextmanager
    def serve(self) -> Iterator[str]:
        """The provider on a free port of 127.0.0.1; its issuer is changed to that address."""
        server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=_Quiet)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        self.issuer = f"http://127.0.0.1:{server.port}"
        try:
            yield self.issuer
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def _answer(self, environ: Any, start_response: Any) -> Any:
        request = HttpRequest(environ)
        if request.path == "/authorize":  # the person agrees at once
            return _sent_to(self._response_address(request))(environ, start_response)
        if request.path == "/logout":
            address = f"{request.args['post_logout_redirect_uri']}?state={request.args['state']}"
            return _sent_to(address)(environ, start_response)
        form = request.form.to_dict() if request.method == "POST" else None
        answer = self.send(Request(url=request.url, headers=dict(request.headers), form=form))
        return HttpResponse(answer.body, answer.status, dict(answer.headers))(environ, start_response)

    def _response_address(self, request: HttpRequest) -> str:
        answer = {name: values[0] for name, values in self.authorize(request.url).items()}
        return f"{request.args['redirect_uri']}?{urlencode(answer)}"


def _sent_to(address: str) -> HttpResponse:
    return HttpResponse(status=303, headers={"Location": address})


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing."""


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


HANDLE = "rep_0123456789abcdef"


def acting_claims(handle: str = HANDLE, **mandate: Any) -> dict[str, Any]:
    """What an ID token says of an employee who acts for a company."""
    return {
        "represented_status": "current",
        "represented": {"kind": "legal_entity", "sub": "pw_company", "name": "某某<贸易>有限公司"},
        "mandate": {"handle": handle, "id": "mnd_1", "capacity": "handler", "themes": ["tax.filing"], **mandate},
    }
