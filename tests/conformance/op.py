"""The provider under test, and what a relying party does with it; every module is written in these words.

Always true: each answer passed the checks the suite makes in all its modules before a module sees it.
"""

import base64
import json
import re
import secrets
import string
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import httpx

from tests.conformance.agent import Arrival, Page, Place, UserAgent
from tests.conformance.differences import known
from tests.conformance.expect import Nonconformance, expect
from tests.conformance.installation import Client, Installation
from tests.conformance.receiver import Notice
from tests.conformance.tokens import Token, check_id_token, check_keys, check_lean, verify
from tests.conformance.wire import Wire, get, post

DESCRIPTION = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]*")
ALPHABET = string.ascii_letters + string.digits
ERROR_PARAMETERS = frozenset({"error", "error_description", "error_uri", "state", "iss"})
BASIC, POST = "client_secret_basic", "client_secret_post"


@dataclass(frozen=True)
class SignIn:
    """One finished code flow: what was asked, how the browser came back, what the token endpoint gave."""

    request: dict[str, str]
    arrival: Arrival
    tokens: dict[str, Any]
    id_token: Token

    @property
    def access_token(self) -> str:
        return str(self.tokens["access_token"])

    @property
    def code(self) -> str:
        return self.arrival.params["code"]


@dataclass
class Op:
    """One module's view of one provider.

    ``waits``: ``full`` as long as the suite does, ``short`` just long enough to see a clock move, ``none`` for
    planted faults, which show without. ``on_notice`` is where a fault alters a logout notice on its way.
    """

    installation: Installation
    wire: Wire
    module: str
    response_mode: str | None = None
    waits: Literal["full", "short", "none"] = "short"
    on_notice: Callable[[Notice], Notice] = field(default=lambda notice: notice)

    # What the provider tells of itself

    @cached_property
    def metadata(self) -> dict[str, Any]:
        response = self.wire.send(get(f"{self.issuer}/.well-known/openid-configuration"))
        rule = "OpenID Connect Discovery 4.2"
        expect(response.status_code == 200, rule, f"discovery answers {response.status_code}")
        return _object(response, rule)

    @cached_property
    def keys(self) -> list[dict[str, Any]]:
        response = self.wire.send(get(self.metadata["jwks_uri"]))
        expect(response.status_code == 200, "RFC 7517 5", f"jwks_uri answers {response.status_code}")
        return check_keys(_object(response, "RFC 7517 5", "application/jwk-set+json"))

    @property
    def issuer(self) -> str:
        return self.installation.issuer

    @property
    def first(self) -> Client:
        return self.installation.first

    @property
    def second(self) -> Client:
        return self.installation.second

    def agent(self) -> UserAgent:
        """A browser with no cookies."""
        return UserAgent(self.wire, self.issuer, self.installation.receiver.base)

    def pause(self, seconds: float, suite: float | None = None) -> None:
        """Wait ``seconds``, or ``suite`` seconds where the suite waits longer and full waits are asked for."""
        if self.waits != "none":
            time.sleep(suite if suite and self.waits == "full" else seconds)

    def pause_to_see(self, seconds: float) -> None:
        """Let a second pass, so that a time which must not change would; once, in the plan with plain answers."""
        if self.waits == "full" or not self.response_mode:
            self.pause(seconds)

    def expect(self, holds: object, point: str, clause: str, message: str) -> None:
        """Demand something that this target may be known to do otherwise; a difference that is gone fails too."""
        if not known(self.installation.target, point, self.module):
            expect(holds, clause, message)
        elif holds:
            raise Nonconformance(clause, f"the difference {point!r} is listed and does not exist any more")

    # The authorization endpoint

    def request(self, client: Client | None = None, /, **extra: str) -> dict[str, str]:
        """An authorization request as the suite makes it: state, nonce, no PKCE."""
        who = client or self.first
        mode = {"response_mode": self.response_mode} if self.response_mode else {}
        standard = {
            "client_id": who.client_id,
            "redirect_uri": who.redirect_uri,
            "scope": "openid",
            "state": random_word(10),
            "nonce": random_word(10),
            "response_type": "code",
        }
        return standard | mode | extra

    def open(self, agent: UserAgent, request: dict[str, str], method: str = "GET") -> Place:
        """Send the browser to the authorization endpoint; the first page it stops at."""
        address = self.metadata["authorization_endpoint"]
        if method == "POST":
            return agent.send_form(address, list(request.items()))
        return agent.visit(with_query(address, request))

    def authorize(self, agent: UserAgent, request: dict[str, str], method: str = "GET") -> Place:
        """The same, and the person does what is asked."""
        return agent.attend(self.open(agent, request, method), self.installation.person)

    def arrived(self, place: Place, request: dict[str, str]) -> dict[str, str]:
        """The parameters of an authorization response, success or error, that came the way it must."""
        rule = "RFC 6749 4.1.2"
        if isinstance(place, Page):
            raise Nonconformance(rule, f"no answer came; the browser shows {place.status} {place.url}")
        wanted = urlsplit(request["redirect_uri"])
        expect(place.address == request["redirect_uri"].split("?")[0], rule, f"the answer went to {place.address}")
        pairs = self._carried(place, parse_qsl(wanted.query))
        params = dict(pairs)
        expect(len(params) == len(pairs), "RFC 6749 3.1", f"a parameter of the answer is repeated: {pairs}")
        expect(params.get("state") == request.get("state"), rule, "state did not come back as it was sent")
        self._check_issuer(params)
        return params

    def _carried(self, place: Arrival, registered: list[tuple[str, str]]) -> list[tuple[str, str]]:
        if self.response_mode != "form_post":
            expect(place.method == "GET", "RFC 6749 4.1.2", f"the answer came by {place.method}")
            kept = [pair for pair in place.pairs if pair in registered]
            expect(kept == registered, "RFC 6749 3.1.2", "the query part of the redirect URI was not retained")
            return [pair for pair in place.pairs if pair not in registered]
        rule = "OAuth 2.0 Form Post Response Mode 2"
        expect(place.method == "POST", rule, f"the answer came by {place.method}, not by POST")
        expect(place.content_type.startswith("application/x-www-form-urlencoded"), rule, "the answer is no form")
        expect(parse_qsl(place.query) == registered, rule, f"the answer's address carries {place.query!r}")
        return list(place.pairs)

    def _check_issuer(self, params: dict[str, str]) -> None:
        promised = self.metadata.get("authorization_response_iss_parameter_supported")
        expect(not promised or "iss" in params, "RFC 9207 2.3", "iss is promised and missing from the answer")
        expect(params.get("iss", self.issuer) == self.issuer, "RFC 9207 2", f"iss is {params.get('iss')!r}")

    def error(self, place: Place, request: dict[str, str]) -> str:
        """The error code of an authorization error response that is well formed (OIDC Core 3.1.2.6)."""
        params = self.arrived(place, request)
        rule = "OpenID Connect Core 3.1.2.6"
        expect("error" in params, rule, "an error was due and none came")
        expect("code" not in params, rule, "an error came with a code")
        check_description(params.get("error_description", ""))
        strange = sorted(set(params) - ERROR_PARAMETERS)
        expect(not strange, rule, f"the error carries unexpected parameters: {strange}")
        return params["error"]

    # The token endpoint

    def token_request(self, client: Client, pairs: list[tuple[str, str]]) -> httpx.Response:
        """A request with the client's registered authentication."""
        headers = {}
        if client.method == BASIC:
            pair = f"{quote(client.client_id, safe='')}:{quote(client.secret, safe='')}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode("ascii")).decode("ascii")
        else:
            pairs = [*pairs, ("client_id", client.client_id), ("client_secret", client.secret)]
        return self.wire.send(post(self.metadata["token_endpoint"], pairs, headers))

    def redeem(self, client: Client, code: str, redirect_uri: str, verifier: str | None = None) -> httpx.Response:
        pairs = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect_uri)]
        return self.token_request(client, pairs + ([("code_verifier", verifier)] if verifier else []))

    def issued(self, response: httpx.Response) -> dict[str, Any]:
        """The body of a successful token response (RFC 6749 5.1, OIDC Core 3.1.3.3)."""
        rule = "RFC 6749 5.1"
        expect(
            response.status_code == 200, rule, f"the token endpoint answers {response.status_code} {response.text}"
        )
        body = _object(response, rule)
        uncached = "no-store" in response.headers.get("cache-control", "")
        expect(uncached, rule, "the token response may be cached (no Cache-Control: no-store)")
        token = body.get("access_token")
        expect(isinstance(token, str) and re.fullmatch(r"[\x20-\x7e]+", token), rule, "there is no access token")
        expect(str(body.get("token_type", "")).lower() == "bearer", rule, "token_type is not Bearer")
        lasting = body.get("expires_in", 1)
        expect(isinstance(lasting, int) and lasting > 0, rule, f"expires_in is {lasting!r}")
        return body

    def refused(self, response: httpx.Response, error: str) -> None:
        """A token error response (RFC 6749 5.2)."""
        rule = "RFC 6749 5.2"
        statuses = {400, 401} if error == "invalid_client" else {400}
        expect(response.status_code in statuses, rule, f"the token endpoint answers {response.status_code}, not 400")
        body = _object(response, rule)
        expect(body.get("error") == error, rule, f"the error is {body.get('error')!r}, not {error!r}")
        check_description(str(body.get("error_description", "")))

    # The whole flow

    def sign_in(
        self,
        agent: UserAgent,
        client: Client | None = None,
        /,
        *,
        method: str = "GET",
        without: str = "",
        **extra: str,
    ) -> SignIn:
        """Authorization request, whatever the person has to do, code, tokens, ID token, userinfo answers 200."""
        who = client or self.first
        request = self.request(who, **extra)
        request.pop(without, None)
        return self.finish(who, request, self.authorize(agent, request, method))

    def finish(self, client: Client, request: dict[str, str], place: Place, verifier: str | None = None) -> SignIn:
        params = self.arrived(place, request)
        expect("error" not in params, "RFC 6749 4.1.2", f"the answer is an error: {params}")
        expect(params.get("code"), "RFC 6749 4.1.2", "the answer carries no code")
        assert isinstance(place, Arrival)
        body = self.issued(self.redeem(client, params["code"], request["redirect_uri"], verifier))
        expect(isinstance(body.get("id_token"), str), "OpenID Connect Core 3.1.3.3", "there is no ID token")
        token = self.verified(client, body, request.get("nonce"))
        signed_in = SignIn(request, place, body, token)
        answer = self.userinfo(signed_in.access_token)
        expect(answer.status_code == 200, "OpenID Connect Core 5.3.2", f"userinfo answers {answer.status_code}")
        return signed_in

    def verified(self, client: Client, body: dict[str, Any], nonce: str | None) -> Token:
        """The ID token of a token response to a client that registered no algorithm: RS256 (OIDC Core 3.1.3.7)."""
        rule = "OpenID Connect Core 3.1.3.7"
        token = verify(body["id_token"], self.keys, algorithm="RS256", clause=rule)
        check_id_token(
            token.claims,
            issuer=self.issuer,
            client_id=client.client_id,
            nonce=nonce,
            access_token=body["access_token"],
            now=time.time(),
        )
        check_lean(token.claims)
        return token

    # Userinfo

    def userinfo(self, access_token: str, how: str = "get") -> httpx.Response:
        """``how``: ``get``, ``post-header`` or ``post-body`` (OIDC Core 5.3.1, RFC 6750 2)."""
        address, bearer = self.metadata["userinfo_endpoint"], {"Authorization": f"Bearer {access_token}"}
        if how == "get":
            return self.wire.send(get(address, bearer))
        if how == "post-header":
            return self.wire.send(post(address, [], bearer))
        return self.wire.send(post(address, [("access_token", access_token)]))

    def userinfo_claims(self, signed_in: SignIn, how: str = "get") -> dict[str, Any]:
        """The claims, of the subject the ID token names (OIDC Core 5.3.2)."""
        rule = "OpenID Connect Core 5.3.2"
        response = self.userinfo(signed_in.access_token, how)
        expect(response.status_code == 200, rule, f"userinfo answers {response.status_code}")
        claims = _object(response, rule)
        same = claims.get("sub") == signed_in.id_token.claims["sub"]
        expect(same, rule, "sub of userinfo is not the sub of the ID token")
        return claims


def check_description(text: str) -> None:
    expect(DESCRIPTION.fullmatch(text), "RFC 6749 5.2", f"error_description holds forbidden characters: {text!r}")


def with_query(address: str, params: dict[str, str]) -> str:
    return f"{address}?{urlencode(params, quote_via=quote)}" if params else address


def random_word(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def _object(response: httpx.Response, rule: str, also: str = "application/json") -> dict[str, Any]:
    kind = response.headers.get("content-type", "").split(";")[0].strip().lower()
    expect(kind in {"application/json", also}, rule, f"the answer's content type is {kind!r}")
    try:
        body = json.loads(response.content)
    except ValueError as problem:
        raise Nonconformance(rule, "the answer is no JSON") from problem
    if not isinstance(body, dict):
        raise Nonconformance(rule, "the answer is no JSON object")
    return body
