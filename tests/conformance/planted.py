"""One planted fault for each module, and what its check says of it.

Always true: every module of every plan has its fault here, and a fault breaks the very rule its module is about.
"""

from typing import Any
from urllib.parse import urlencode

import httpx

from tests.conformance.faults import (
    EC_KEY,
    Fault,
    FaultyWire,
    answers,
    forgets,
    issues,
    misreads,
    notifies,
    page,
    pairs_of,
    redirects,
    refuses,
    repeats,
    tells,
)

Json = dict[str, Any]


def _asks(name: str, value: str | None = None, method: str = "") -> Any:
    """Whether a request to the authorization endpoint carries ``name`` (as ``value``, by ``method``)."""

    def wanted(wire: FaultyWire, request: httpx.Request) -> bool:
        carried = dict(pairs_of(request))
        fits = name in carried and value in {None, carried[name]} and method in {"", request.method}
        return request.url.path == wire.endpoints.authorization and fits

    return wanted


def _posts_with_header(wire: FaultyWire, request: httpx.Request) -> bool:
    to_userinfo = request.url.path == wire.endpoints.userinfo and request.method == "POST"
    return to_userinfo and "authorization" in request.headers


def _lacks_nonce(wire: FaultyWire, request: httpx.Request) -> bool:
    return request.url.path == wire.endpoints.authorization and "nonce" not in dict(pairs_of(request))


def _loses_session(wire: FaultyWire, request: httpx.Request) -> httpx.Request:
    if dict(pairs_of(request)).get("prompt") == "none":
        request.headers.pop("cookie", None)
    return request


def _any_address(wire: FaultyWire, asked: dict[str, str]) -> str | None:
    target = asked.get("post_logout_redirect_uri")
    return f"{target}?{urlencode({'state': asked.get('state', '')})}" if target else None


def _registered_address(wire: FaultyWire, asked: dict[str, str]) -> str:
    return wire.installation.first.post_logout_redirect_uri


def _error_anywhere(wire: FaultyWire, asked: dict[str, str]) -> str:
    return f"{asked['redirect_uri']}?{urlencode({'error': 'invalid_request', 'state': asked['state']})}"


def _error_at_the_default(wire: FaultyWire, asked: dict[str, str]) -> str | None:
    error = urlencode({"error": "request_not_supported", "state": asked["state"]})
    return f"{wire.installation.first.redirect_uri}?{error}" if "request" in asked else None


def _login_required_for_a_hint(wire: FaultyWire, asked: dict[str, str]) -> str | None:
    error = {"error": "login_required", "state": asked["state"], "iss": wire.installation.issuer}
    return f"{asked['redirect_uri']}?{urlencode(error)}" if "id_token_hint" in asked else None


def _says_goodbye(wire: FaultyWire, request: httpx.Request) -> httpx.Request | httpx.Response:
    return page("Signed out") if request.url.path == wire.endpoints.end_session else request


def _without(*names: str) -> Any:
    return lambda body: {name: value for name, value in body.items() if name not in names}


def _moved(claims: Json, memory: Json) -> Json:
    """auth_time goes back further with every token than the clock goes on between two."""
    memory["moved"] = memory.get("moved", 0) + 60
    return claims | {"auth_time": claims["iat"] - memory["moved"]}


def _body(request: httpx.Request) -> object:
    return request.content


def _bearer(request: httpx.Request) -> object:
    return request.headers.get("authorization")


IS_ERROR = "the answer is an error"
STUCK = "no answer came"
SENT = "the browser was sent to"
HERE = "still signed in"

GOODBYE = Fault("shows a page of farewell and ends no session", HERE, on_request=_says_goodbye)


def _open_redirector(what: str) -> Fault:
    return redirects(f"goes to any post_logout_redirect_uri: {what}", SENT, _any_address, "end_session")


FAULTS: dict[str, Fault] = {
    "oidcc-server": issues(
        "drops nonce from the ID token", "nonce is not the request's", lambda claims, _: _without("nonce")(claims)
    ),
    "oidcc-response-type-missing": misreads(
        "takes a missing response_type for code",
        "a missing response_type was answered",
        "response_type",
        lambda value: value or "code",
    ),
    "oidcc-idtoken-signature": issues(
        "signs ES256 for a client that named no algorithm", "ES256, not RS256", lambda claims, _: claims, EC_KEY
    ),
    "oidcc-userinfo-get": tells(
        "names another subject in userinfo",
        "sub of userinfo is not",
        "userinfo",
        lambda body: body | {"sub": f"{body['sub']}x"},
    ),
    "oidcc-userinfo-post-header": refuses(
        "serves userinfo by GET only", "userinfo answers 405", _posts_with_header, 405
    ),
    "oidcc-userinfo-post-body": forgets(
        "overlooks the access token in the body", "userinfo answers 4", "access_token", place="userinfo"
    ),
    "oidcc-ensure-request-without-nonce-succeeds-for-code-flow": refuses("demands a nonce", STUCK, _lacks_nonce),
    "oidcc-scope-profile": tells(
        "gives updated_at as text",
        "updated_at is no number",
        "userinfo",
        lambda body: body | {"updated_at": "2024-01-01"},
    ),
    "oidcc-scope-email": tells(
        "gives email_verified as text",
        "email_verified is no boolean",
        "userinfo",
        lambda body: body | {"email_verified": "true"},
    ),
    "oidcc-scope-address": tells(
        "gives the address as text",
        "address is no object",
        "userinfo",
        lambda body: body | {"address": "长沙市韶山北路1号"},
    ),
    "oidcc-scope-phone": tells(
        "leaves phone_number_verified out",
        r"lacks claims of scope phone: \['phone_number_verified'\]",
        "userinfo",
        _without("phone_number_verified"),
    ),
    "oidcc-scope-all": tells(
        "leaves zoneinfo out", "lacks claims of scope profile", "userinfo", _without("zoneinfo")
    ),
    "oidcc-ensure-other-scope-order-succeeds": misreads(
        "reads scopes after openid only",
        "lacks claims of scope email",
        "scope",
        lambda value: "openid" if value == "email openid" else value,
    ),
    "oidcc-display-page": refuses("does not know display=page", STUCK, _asks("display", "page")),
    "oidcc-display-popup": answers("swallows state", "state did not come back", _without("state")),
    "oidcc-prompt-login": forgets("overlooks prompt=login", "prompt=login did not ask", "prompt"),
    "oidcc-prompt-none-not-logged-in": forgets("overlooks prompt=none", STUCK, "prompt"),
    "oidcc-prompt-none-logged-in": Fault("finds no session with prompt=none", IS_ERROR, on_request=_loses_session),
    "oidcc-max-age-1": forgets("overlooks max_age", "max_age=1 did not ask", "max_age"),
    "oidcc-max-age-10000": issues("moves auth_time with each token", "auth_time changed", _moved),
    "oidcc-ensure-request-with-unknown-parameter-succeeds": refuses(
        "refuses unknown parameters", STUCK, _asks("extra")
    ),
    "oidcc-id-token-hint": redirects(
        "answers login_required to every hint",
        IS_ERROR,
        _login_required_for_a_hint,
        "authorization",
    ),
    "oidcc-login-hint": refuses("fails over a login_hint", STUCK, _asks("login_hint"), 500),
    "oidcc-ui-locales": answers(
        "names another issuer in the answer", "iss is", lambda params: params | {"iss": "https://elsewhere.example"}
    ),
    "oidcc-claims-locales": issues(
        "issues expired ID tokens",
        "the ID token is expired",
        lambda claims, _: claims | {"exp": claims["iat"] - 3600},
    ),
    "oidcc-ensure-request-with-acr-values-succeeds": issues(
        "tells no acr", "none of the requested values", lambda claims, _: _without("acr")(claims)
    ),
    "oidcc-codereuse": repeats("redeems a code twice", "answers 200, not 400", "token", _body),
    "oidcc-codereuse-30seconds": repeats(
        "keeps the first access token alive", "the access token of the replayed code still works", "userinfo", _bearer
    ),
    "oidcc-ensure-registered-redirect-uri": redirects(
        "sends errors to any redirect URI", "unregistered redirect URI", _error_anywhere, "authorization"
    ),
    "oidcc-ensure-post-request-succeeds": refuses(
        "serves the authorization endpoint by GET only", STUCK, _asks("client_id", method="POST"), 405
    ),
    "oidcc-server-client-secret-post": forgets(
        "overlooks a secret in the body", "the token endpoint answers 4", "client_secret", place="token"
    ),
    "oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported": forgets(
        "overlooks a request object", "the request object was ignored", "request"
    ),
    "oidcc-claims-essential": issues(
        "puts the name into the ID token too",
        r"userinfo claims: \['name'\]",
        lambda claims, _: claims | {"name": "王小明"},
    ),
    "oidcc-ensure-request-object-with-redirect-uri": redirects(
        "sends the error to the registered address instead of the one that was named",
        "a redirect URI the request did not name",
        _error_at_the_default,
        "authorization",
    ),
    "oidcc-refresh-token": issues(
        "names another subject after a refresh",
        "sub of the refreshed ID token is another",
        lambda claims, _: claims | {"sub": f"{claims['sub']}x"},
        grant="refresh_token",
    ),
    "oidcc-ensure-request-with-valid-pkce-succeeds": forgets(
        "overlooks PKCE",
        "a wrong code_verifier was accepted",
        "code_challenge",
        "code_challenge_method",
        "code_verifier",
        place="any",
    ),
    "oidcc-discovery-endpoint-verification": tells(
        "lies about its issuer", "issuer is", "discovery", lambda body: body | {"issuer": f"{body['issuer']}/"}
    ),
    "oidcc-rp-initiated-logout-discovery-endpoint-verification": tells(
        "does not tell its end_session_endpoint",
        "end_session_endpoint is missing",
        "discovery",
        _without("end_session_endpoint"),
    ),
    "oidcc-rp-initiated-logout": redirects("goes back without ending the session", HERE, _any_address, "end_session"),
    "oidcc-rp-initiated-logout-bad-post-logout-redirect-uri": _open_redirector("an unregistered one"),
    "oidcc-rp-initiated-logout-modified-id-token-hint": _open_redirector("with an unsigned hint"),
    "oidcc-rp-initiated-logout-no-id-token-hint": _open_redirector("without a hint"),
    "oidcc-rp-initiated-logout-no-params": GOODBYE,
    "oidcc-rp-initiated-logout-no-post-logout-redirect-uri": redirects(
        "goes to the registered address unasked", SENT, _registered_address, "end_session"
    ),
    "oidcc-rp-initiated-logout-no-state": answers(
        "makes a state up", "state came back as", lambda params: params if "code" in params else {"state": "made-up"}
    ),
    "oidcc-rp-initiated-logout-only-state": GOODBYE,
    "oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri": _open_redirector("a longer one"),
    "oidcc-rp-initiated-logout-bad-id-token-hint": _open_redirector("with a foreign hint"),
    "oidcc-backchannel-logout-discovery-endpoint-verification": tells(
        "does not promise sid",
        "backchannel_logout_session_supported is not true",
        "discovery",
        lambda body: body | {"backchannel_logout_session_supported": False},
    ),
    "oidcc-backchannel-rp-initiated-logout": notifies(
        "puts a nonce into the logout token", "has a nonce", lambda claims: claims | {"nonce": "n-0S6_WzA2Mj"}
    ),
}

IGNORES_FORM_POST = forgets(
    "overlooks response_mode=form_post", "the answer came by GET, not by POST", "response_mode"
)
"""The fault of every Form Post module that ends at the relying party."""
NO_ARRIVAL = frozenset(
    {
        "oidcc-response-type-missing",
        "oidcc-ensure-registered-redirect-uri",
        "oidcc-ensure-request-object-with-redirect-uri",
    }
)
"""Modules that may end on a page of the provider: in the Form Post plan they keep their own fault."""


def fault_of(module: str, response_mode: str | None) -> Fault:
    return IGNORES_FORM_POST if response_mode and module not in NO_ARRIVAL else FAULTS[module]
