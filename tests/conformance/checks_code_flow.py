"""Basic and Form Post modules about the code flow itself: requests, codes, tokens, client authentication, PKCE.

Always true: a check here starts with a browser that has no cookies, as every module of the suite does.
"""

import base64
import hashlib
import json
import time
from typing import Any
from urllib.parse import parse_qsl

from tests.conformance.agent import Arrival, Page, Place
from tests.conformance.expect import expect
from tests.conformance.op import Op, SignIn, random_word
from tests.conformance.plans import module

UNSUPPORTED = frozenset({"request_not_supported"})


@module
def oidcc_server(op: Op) -> None:
    """The code flow with client_secret_basic: state, nonce, tokens, ID token, userinfo."""
    methods = op.metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    expect("client_secret_basic" in methods, "OpenID Connect Discovery 3", "client_secret_basic is not advertised")
    op.sign_in(op.agent())


@module
def oidcc_server_client_secret_post(op: Op) -> None:
    """The code flow with client_secret_post."""
    methods = op.metadata.get("token_endpoint_auth_methods_supported", [])
    expect("client_secret_post" in methods, "OpenID Connect Discovery 3", "client_secret_post is not advertised")
    op.sign_in(op.agent(), op.installation.post)


@module
def oidcc_response_type_missing(op: Op) -> None:
    """Without response_type: an error page, or invalid_request / unsupported_response_type at the redirect URI."""
    rule, agent = "RFC 6749 3.1.1", op.agent()
    request = op.request()
    del request["response_type"]
    place = agent.carried_on(op.open(agent, request))
    if isinstance(place, Page):
        expect(400 <= place.status < 500, rule, f"a missing response_type was answered {place.status}")
        return
    carried = dict(place.pairs) or dict(parse_qsl(place.query))
    expect("code" not in carried, rule, "a missing response_type was answered with a code")
    expected = {"invalid_request", "unsupported_response_type"}
    expect(carried.get("error") in expected, rule, f"a missing response_type was answered {carried.get('error')!r}")
    expect(carried.get("state") == request["state"], "RFC 6749 4.1.2.1", "state did not come back")


@module
def oidcc_idtoken_signature(op: Op) -> None:
    """A client that named no algorithm gets RS256 ID tokens with a kid of the JWKS."""
    signed_in = op.sign_in(op.agent())
    expect(signed_in.id_token.header["alg"] == "RS256", "OpenID Connect Core 3.1.3.7", "the ID token is not RS256")
    expect(signed_in.id_token.header.get("kid"), "OpenID Connect Core 10.1", "the ID token names no kid")


@module
def oidcc_ensure_request_without_nonce_succeeds_for_code_flow(op: Op) -> None:
    """nonce is optional in the code flow, and absent from the ID token when it was absent from the request."""
    op.sign_in(op.agent(), without="nonce")


@module
def oidcc_ensure_request_with_unknown_parameter_succeeds(op: Op) -> None:
    """An unknown parameter is ignored."""
    op.sign_in(op.agent(), extra="foobar")


@module
def oidcc_ensure_post_request_succeeds(op: Op) -> None:
    """The request as a cross-site POST, which carries no Lax cookie: fresh, and once more with a session there."""
    agent = op.agent()
    op.sign_in(agent, method="POST")
    op.sign_in(agent, method="POST")


@module
def oidcc_ensure_registered_redirect_uri(op: Op) -> None:
    """An unregistered redirect URI: an error page, and nobody is sent there."""
    rule, agent = "RFC 6749 4.1.2.1", op.agent()
    strange = f"{op.installation.receiver.base}/{random_word(10)}"
    place = agent.carried_on(op.open(agent, op.request(redirect_uri=strange)))
    expect(isinstance(place, Page), rule, "the browser was sent to the unregistered redirect URI")
    assert isinstance(place, Page)
    expect(400 <= place.status < 500, rule, f"the error page has status {place.status}")
    expect("location" not in place.headers, rule, "the error page has a Location header")


@module
def oidcc_codereuse(op: Op) -> None:
    """A code is redeemed once; the second time is invalid_grant."""
    signed_in = op.sign_in(op.agent())
    op.refused(op.redeem(op.first, signed_in.code, signed_in.request["redirect_uri"]), "invalid_grant")


@module
def oidcc_codereuse_30seconds(op: Op) -> None:
    """A replay half a minute later is invalid_grant and ends the access token of the first use (RFC 6749 4.1.2)."""
    signed_in = op.sign_in(op.agent())
    op.pause(0.3, suite=30)
    op.refused(op.redeem(op.first, signed_in.code, signed_in.request["redirect_uri"]), "invalid_grant")
    status = op.userinfo(signed_in.access_token).status_code
    revoked = 400 <= status < 500
    message = f"the access token of the replayed code still works ({status})"
    op.expect(revoked, "codereuse-revokes", "RFC 6749 4.1.2", message)


@module
def oidcc_refresh_token(op: Op) -> None:
    """Refresh keeps iss, sub, aud, auth_time; the token serves userinfo; another client cannot use it."""
    asked = _refreshable(op)
    op.expect(asked, "offline-access", "OpenID Connect Core 11", "offline_access is not in scopes_supported")
    first = op.sign_in(op.agent(), **asked)
    op.pause_to_see(1.1)
    _refresh(op, first, {"scope": first.request["scope"]})
    second = op.sign_in(op.agent(), op.second, **asked)
    refresh_token = _refresh(op, second, {})
    pairs = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)]
    op.refused(op.token_request(op.first, pairs), "invalid_grant")


def _refreshable(op: Op) -> dict[str, str]:
    offered = "offline_access" in op.metadata.get("scopes_supported", [])
    return {"scope": "openid offline_access", "prompt": "consent"} if offered else {}


def _refresh(op: Op, signed_in: SignIn, extra: dict[str, str]) -> str:
    rule = "OpenID Connect Core 12.2"
    client = op.first if signed_in.request["client_id"] == op.first.client_id else op.second
    refresh_token = signed_in.tokens.get("refresh_token")
    expect(refresh_token, rule, "no refresh token was issued")
    pairs = [("grant_type", "refresh_token"), ("refresh_token", str(refresh_token)), *extra.items()]
    body = op.issued(op.token_request(client, pairs))
    if "id_token" in body:
        before = signed_in.id_token.claims
        nonce = _peek(body["id_token"]).get("nonce")
        expect(nonce in {None, before.get("nonce")}, rule, "nonce of the refreshed ID token is another")
        after = op.verified(client, body, nonce).claims
        for claim in ("iss", "sub", "aud", "azp", "auth_time", "sid"):
            expect(after.get(claim) == before.get(claim), rule, f"{claim} of the refreshed ID token is another")
        fresh = abs(after["iat"] - time.time()) < 2
        expect(fresh, rule, "iat of the refreshed ID token is not the moment of the refresh")
    answer = op.userinfo(body["access_token"])
    expect(answer.status_code == 200, rule, f"userinfo answers {answer.status_code} to the refreshed access token")
    return str(body.get("refresh_token", refresh_token))


def _peek(compact: str) -> dict[str, Any]:
    body = compact.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))))


@module
def oidcc_ensure_request_with_valid_pkce_succeeds(op: Op) -> None:
    """An S256 challenge is honoured: the right verifier succeeds, a wrong one does not."""
    methods = op.metadata.get("code_challenge_methods_supported", [])
    expect("S256" in methods, "RFC 8414 2", "S256 is not in code_challenge_methods_supported")
    verifier = random_word(64)
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
    pkce = {"code_challenge": challenge, "code_challenge_method": "S256"}
    agent, request = op.agent(), op.request(**pkce)
    op.finish(op.first, request, op.authorize(agent, request), verifier)
    again = op.request(**pkce)
    code = op.arrived(op.authorize(agent, again), again)["code"]
    response = op.redeem(op.first, code, again["redirect_uri"], random_word(64))
    expect(response.status_code != 200, "RFC 7636 4.6", "a wrong code_verifier was accepted")
    op.refused(response, "invalid_grant")


@module
def oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported(op: Op) -> None:
    """An unsigned request object is processed, or refused with request_not_supported; never overlooked."""
    request = op.request()
    inside = request | {"nonce": random_word(10)}
    place = op.authorize(op.agent(), request | {"request": _unsigned(op, inside)})
    params = op.arrived(place, request)
    if "error" in params:
        expect(params["error"] in UNSUPPORTED, "OpenID Connect Core 3.1.2.6", f"the error is {params['error']!r}")
        expect("code" not in params, "OpenID Connect Core 3.1.2.6", "an error came with a code")
        return
    body = op.issued(op.redeem(op.first, params["code"], request["redirect_uri"]))
    expect(
        _peek(body["id_token"]).get("nonce") == inside["nonce"],
        "OpenID Connect Core 6.1",
        "the request object was ignored",
    )


@module
def oidcc_ensure_request_object_with_redirect_uri(op: Op) -> None:
    """A wrong redirect_uri beside a request object with the right one: the object wins, or an error page is shown."""
    rule, agent = "OpenID Connect Core 6.1", op.agent()
    inside = op.request()
    outside = inside | {"redirect_uri": f"{op.installation.receiver.base}/{random_word(10)}"}
    place = op.authorize(agent, outside | {"request": _unsigned(op, inside)})
    if isinstance(place, Page):
        expect(400 <= place.status < 500, rule, f"the error page has status {place.status}")
        return
    expect(not _error_of(place), rule, "the error was sent to a redirect URI the request did not name")
    op.finish(op.first, inside, place)


def _error_of(place: Place) -> str | None:
    return place.params.get("error") if isinstance(place, Arrival) else None


def _unsigned(op: Op, claims: dict[str, str]) -> str:
    """A request object with alg none (OIDC Core 6.1)."""

    def part(value: dict[str, str]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode("ascii")

    return f"{part({'alg': 'none'})}.{part(claims | {'iss': op.first.client_id, 'aud': op.issuer})}."
