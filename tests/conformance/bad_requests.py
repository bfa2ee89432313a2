"""Bad input: every row of the error tables of RFC 6749 and OpenID Connect Core, and requests made to hurt.

Always true: a row is data; what must come of it is told beside it, with the clause.
"""

import base64
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from tests.conformance.installation import Client, Installation
from tests.conformance.raw import message

Pairs = tuple[tuple[str, str], ...]


# Errors of the authorization endpoint


@dataclass(frozen=True)
class Refused:
    """An authorization request with parameters ``change``d (None takes one away), said ``twice``, or ``added``.

    ``errors`` come by redirect to the registered URI; where there are none, an error page is due. ``page_too`` allows
    a page as well. ``{registered}`` and its like stand for addresses of the installation.
    """

    name: str
    change: dict[str, str | None] = field(default_factory=dict)
    twice: tuple[str, ...] = ()
    added: Pairs = ()
    errors: tuple[str, ...] = ()
    page_too: bool = False

    def pairs(self, request: dict[str, str]) -> list[tuple[str, str]]:
        merged = {**request, **self.change}
        kept = [(name, value) for name, value in merged.items() if value is not None]
        return kept + [(name, merged[name] or "") for name in self.twice] + list(self.added)

    @property
    def by_fragment(self) -> bool:
        """Whether a provider may answer in the fragment: the default of the response types with tokens."""
        return "token" in (self.change.get("response_type") or "")


UNSIGNED = "eyJhbGciOiJub25lIn0.eyJzY29wZSI6Im9wZW5pZCJ9."

SHOWN = (
    Refused("unknown client_id", {"client_id": "nobody"}),
    Refused("missing client_id", {"client_id": None}),
    Refused("empty client_id", {"client_id": ""}),
    Refused("repeated client_id", twice=("client_id",)),
    Refused("missing redirect_uri", {"redirect_uri": None}),
    Refused("empty redirect_uri", {"redirect_uri": ""}),
    Refused("foreign redirect_uri", {"redirect_uri": "https://elsewhere.example/callback"}),
    Refused("redirect_uri without scheme", {"redirect_uri": "//elsewhere.example/callback"}),
    Refused("redirect_uri as a script", {"redirect_uri": "javascript:alert(1)"}),
    Refused("redirect_uri as data", {"redirect_uri": "data:text/html,hello"}),
    Refused("redirect_uri with a fragment", {"redirect_uri": "{registered}#fragment"}),
    Refused("redirect_uri with a query", {"redirect_uri": "{registered}?added=1"}),
    Refused("redirect_uri with a slash", {"redirect_uri": "{registered}/"}),
    Refused("redirect_uri in capitals", {"redirect_uri": "{capitals}"}),
    Refused("redirect_uri with dots", {"redirect_uri": "{registered}/../callback"}),
    Refused("redirect_uri with a user", {"redirect_uri": "{with_user}"}),
    Refused(
        "redirect_uri with a line break", {"redirect_uri": "{registered}\r\nLocation: https://elsewhere.example"}
    ),
    Refused("redirect_uri of another client", {"redirect_uri": "{of_second}"}),
    Refused("repeated redirect_uri", twice=("redirect_uri",)),
    Refused("a foreign redirect_uri as well", added=(("redirect_uri", "https://elsewhere.example/"),)),
    Refused("a foreign redirect_uri twice", {"redirect_uri": "https://elsewhere.example/"}, ("redirect_uri",)),
)
"""Client or redirect URI cannot be trusted: RFC 6749 4.1.2.1, OIDC Core 3.1.2.6 - nobody is redirected."""

REDIRECTED = (
    Refused(
        "missing response_type", {"response_type": None}, errors=("invalid_request", "unsupported_response_type")
    ),
    Refused("unknown response_type", {"response_type": "cod"}, errors=("unsupported_response_type",)),
    Refused("response_type token", {"response_type": "token"}, errors=("unsupported_response_type",)),
    Refused("response_type id_token", {"response_type": "id_token"}, errors=("unsupported_response_type",)),
    Refused("hybrid response_type", {"response_type": "code id_token"}, errors=("unsupported_response_type",)),
    Refused("malformed scope", {"scope": 'openid "profile"'}, errors=("invalid_scope",)),
    Refused("prompt none beside login", {"prompt": "none login"}, errors=("invalid_request",)),
    Refused("negative max_age", {"max_age": "-1"}, errors=("invalid_request",)),
    Refused("max_age that is no number", {"max_age": "soon"}, errors=("invalid_request",)),
    Refused("max_age beyond all bounds", {"max_age": "9" * 40}, errors=("invalid_request",)),
    Refused("claims that are no JSON", {"claims": "{"}, errors=("invalid_request",)),
    Refused("claims that are a list", {"claims": "[]"}, errors=("invalid_request",)),
    Refused("claims with a list inside", {"claims": '{"userinfo": []}'}, errors=("invalid_request",)),
    Refused("claims with nothing as object", {"claims": '{"id_token": {"acr": 7}}'}, errors=("invalid_request",)),
    Refused("request object", {"request": UNSIGNED}, errors=("request_not_supported",)),
    Refused("request_uri", {"request_uri": "https://x.example/r"}, errors=("request_uri_not_supported",)),
    Refused("registration", {"registration": "{}"}, errors=("registration_not_supported",)),
    Refused(
        "plain code_challenge",
        {"code_challenge": "a" * 43, "code_challenge_method": "plain"},
        errors=("invalid_request",),
    ),
    Refused("code_challenge without method", {"code_challenge": "a" * 43}, errors=("invalid_request",)),
    Refused("code_challenge_method alone", {"code_challenge_method": "S256"}, errors=("invalid_request",)),
    Refused(
        "short code_challenge",
        {"code_challenge": "a" * 42, "code_challenge_method": "S256"},
        errors=("invalid_request",),
    ),
    Refused("nobody there and prompt none", {"prompt": "none"}, errors=("login_required",)),
    Refused(
        "id_token_hint that is no token", {"id_token_hint": "x.y.z", "prompt": "none"}, errors=("invalid_request",)
    ),
    *(
        Refused(f"repeated {name}", {name: value}, twice=(name,), errors=("invalid_request",), page_too=True)
        for name, value in (
            ("response_type", "code"),
            ("scope", "openid"),
            ("state", "one"),
            ("nonce", "one"),
            ("prompt", "login"),
            ("max_age", "1"),
            ("response_mode", "query"),
            ("claims", "{}"),
            ("acr_values", "1"),
        )
    ),
    Refused(
        "unknown response_mode",
        {"response_mode": "carrier-pigeon"},
        errors=("invalid_request", "unsupported_response_mode"),
        page_too=True,
    ),
)
"""The client is known and the redirect URI its own: the error goes there (RFC 6749 4.1.2.1, OIDC Core 3.1.2.6)."""


# Errors of the token endpoint and its neighbours


def basic(client_id: str, secret: str) -> str:
    pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
    return "Basic " + base64.b64encode(pair.encode()).decode("ascii")


@dataclass(frozen=True)
class Denied:
    """A request to ``endpoint`` and what comes of it; ``challenge`` demands WWW-Authenticate.

    ``auth``: ``first`` (right), ``none``, ``wrong``, ``unknown``, ``both``, or the bytes of an Authorization header.
    """

    name: str
    pairs: Pairs
    statuses: tuple[int, ...]
    error: str | None
    auth: str | bytes = "first"
    endpoint: str = "token"
    challenge: bool = False

    def headers(self, client: Client) -> tuple[bytes, ...]:
        known = {
            "first": basic(client.client_id, client.secret),
            "both": basic(client.client_id, client.secret),
            "wrong": basic(client.client_id, "wrong" * 8),
            "unknown": basic("nobody", client.secret),
        }
        if isinstance(self.auth, bytes):
            return (b"Authorization: " + self.auth,)
        return (b"Authorization: " + known[self.auth].encode(),) if self.auth in known else ()

    def form(self, client: Client) -> Pairs:
        if self.auth == "both":
            return (*self.pairs, ("client_id", client.client_id), ("client_secret", client.secret))
        return self.pairs


CODE = (("grant_type", "authorization_code"), ("code", "unknown"), ("redirect_uri", "https://x.example/"))
REFRESH = (("grant_type", "refresh_token"), ("refresh_token", "unknown"))
TOKEN = (("token", "unknown"),)

DENIED = (
    Denied("missing grant_type", (), (400,), "invalid_request"),
    Denied("unknown grant_type", (("grant_type", "wish"),), (400,), "unsupported_grant_type"),
    Denied(
        "password grant",
        (("grant_type", "password"), ("username", "u"), ("password", "p")),
        (400,),
        "unsupported_grant_type",
    ),
    Denied("repeated grant_type", (*CODE, ("grant_type", "authorization_code")), (400,), "invalid_request"),
    Denied("missing code", CODE[:1], (400,), "invalid_request"),
    Denied("repeated code", (*CODE, ("code", "unknown")), (400,), "invalid_request"),
    Denied("unknown code", CODE, (400,), "invalid_grant"),
    Denied("missing refresh_token", REFRESH[:1], (400,), "invalid_request"),
    Denied("unknown refresh_token", REFRESH, (400,), "invalid_grant"),
    Denied("repeated scope", (*REFRESH, ("scope", "openid"), ("scope", "openid")), (400,), "invalid_request"),
    Denied("no client authentication", CODE, (400, 401), "invalid_client", auth="none"),
    Denied("wrong secret", CODE, (401,), "invalid_client", auth="wrong", challenge=True),
    Denied("unknown client", CODE, (401,), "invalid_client", auth="unknown", challenge=True),
    Denied("two ways of authentication", CODE, (400, 401), None, auth="both"),
    Denied("Basic that is not base64", CODE, (400, 401), None, auth=b"Basic %%%"),
    Denied("Basic without a colon", CODE, (400, 401), None, auth=b"Basic " + base64.b64encode(b"nobody")),
    Denied("Basic in bad UTF-8", CODE, (400, 401), None, auth=b"Basic " + base64.b64encode(b"\xff\xfe:\xff")),
    Denied("Basic with NUL", CODE, (400, 401), None, auth=b"Basic " + base64.b64encode(b"a\0b:c")),
    Denied("Basic with bad escapes", CODE, (400, 401), None, auth=b"Basic " + base64.b64encode(b"%zz:%")),
    Denied("Basic with nothing", CODE, (400, 401), None, auth=b"Basic"),
    Denied("another scheme", CODE, (400, 401), None, auth=b"Negotiate abc"),
    Denied("Bearer instead of Basic", CODE, (400, 401), None, auth=b"Bearer abc"),
    Denied("introspection without token", (), (400,), "invalid_request", endpoint="introspection"),
    Denied("introspection, repeated token", (*TOKEN, *TOKEN), (400,), "invalid_request", endpoint="introspection"),
    Denied("introspection by nobody", TOKEN, (400, 401), "invalid_client", auth="none", endpoint="introspection"),
    Denied("introspection, wrong secret", TOKEN, (401,), "invalid_client", auth="wrong", endpoint="introspection"),
    Denied("revocation without token", (), (400,), "invalid_request", endpoint="revocation"),
    Denied("revocation, repeated token", (*TOKEN, *TOKEN), (400,), "invalid_request", endpoint="revocation"),
    Denied("revocation by nobody", TOKEN, (400, 401), "invalid_client", auth="none", endpoint="revocation"),
    Denied("revocation, wrong secret", TOKEN, (401,), "invalid_client", auth="wrong", endpoint="revocation"),
    Denied("userinfo without token", (), (401,), None, auth="none", endpoint="userinfo", challenge=True),
    Denied("userinfo, unknown token", (), (401,), None, auth=b"Bearer no", endpoint="userinfo", challenge=True),
    Denied("userinfo, no token after Bearer", (), (400, 401), None, auth=b"Bearer", endpoint="userinfo"),
    Denied("userinfo, unreadable token", (), (400, 401), None, auth=b"Bearer a.b.c", endpoint="userinfo"),
    Denied("userinfo, token in two places", (("access_token", "no"),), (400, 401), None, b"Bearer no", "userinfo"),
    Denied("userinfo, Basic", (), (400, 401), None, endpoint="userinfo"),
)
"""RFC 6749 5.2, RFC 7009 2.2.1, RFC 7662 2.3, RFC 6750 3.1."""


# Bytes that hurt

NASTY = {
    "half an escape": b"%",
    "an escape of letters": b"%zz",
    "an escape cut short": b"%e4%b8",
    "a byte that starts nothing": b"%ff",
    "an overlong slash": b"%c0%af",
    "a lone surrogate": b"%ed%a0%80",
    "a surrogate as %u": b"%ud800",
    "NUL": b"%00",
    "control characters": b"%01%1b%7f",
    "a line break": b"a%0d%0aX-Planted:%20yes",
    "Chinese": "湘鄂滇".encode(),
    "escaped Chinese": quote("湘鄂滇").encode("ascii"),
    "Latin-1": b"\xe9\xe8",
    "a quotation mark": b"%22",
    "ten thousand characters": b"a" * 10_000,
}
UNREADABLE = frozenset(NASTY) - {"control characters", "a line break", "escaped Chinese", "a quotation mark"}
"""Nasty values no reader can take: the whole request is refused wherever they stand."""
ECHOES = ("湘鄂滇".encode(), b"a" * 10_000, b"%ff", b"%zz")
"""What must not come back in a body."""

PLACES = {
    "authorization": (
        "client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "prompt", "max_age",
        "code_challenge", "response_mode", "login_hint", "ui_locales", "claims", "id_token_hint", "extra",
    ),
    "token": ("grant_type", "code", "redirect_uri", "client_id", "client_secret", "refresh_token", "scope", "extra"),
    "introspection": ("token", "token_type_hint", "client_id", "extra"),
    "revocation": ("token", "token_type_hint", "client_id", "extra"),
    "userinfo": ("access_token", "extra"),
    "end_session": ("id_token_hint", "post_logout_redirect_uri", "state", "client_id", "ui_locales", "extra"),
}  # fmt: skip
BY_GET = frozenset({"authorization", "end_session", "userinfo"})
BY_POST = frozenset(PLACES)


def decent(installation: Installation, endpoint: str) -> dict[str, str]:
    """A request to ``endpoint`` that is in order apart from what will be planted in it."""
    client = installation.first
    if endpoint == "authorization":
        return {
            "client_id": client.client_id,
            "redirect_uri": client.redirect_uri,
            "response_type": "code",
            "scope": "openid",
            "state": "state",
            "nonce": "nonce",
        }
    if endpoint == "token":
        return {"grant_type": "authorization_code", "code": "unknown", "redirect_uri": client.redirect_uri}
    return {"token": "unknown"} if endpoint in {"introspection", "revocation"} else {}


def planted(installation: Installation, endpoint: str, name: str, value: bytes, method: str) -> bytes:
    """The decent request with ``value``, byte for byte, as parameter ``name``."""
    fields = {key: text for key, text in decent(installation, endpoint).items() if key != name}
    query = urlencode(fields, quote_via=quote).encode("ascii")
    carried = query + (b"&" if query else b"") + name.encode("ascii") + b"=" + value
    return addressed(installation, endpoint, method, carried)


def addressed(
    installation: Installation, endpoint: str, method: str, carried: bytes, extra: tuple[bytes, ...] = ()
) -> bytes:
    """``carried`` as query of a GET or body of a POST, with client authentication where it belongs."""
    path = getattr(installation.endpoints, endpoint).encode("ascii")
    host = installation.issuer.split("://")[1]
    client = installation.first
    headers = extra
    if endpoint in {"token", "introspection", "revocation"}:
        headers = (*extra, b"Authorization: " + basic(client.client_id, client.secret).encode("ascii"))
    if method == "GET":
        return message(b"GET", path + b"?" + carried, host=host, headers=headers)
    return message(b"POST", path, host=host, body=carried, headers=headers)
