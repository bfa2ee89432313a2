"""The operations, as scripts for the load generator.

Always true: every answer is looked at - status and the content that makes it the right answer - before the next
request is sent; what is only preparation (sessions, tokens to ask about) happens before the measured time.
"""

import base64
import hashlib
import json
import os
from collections.abc import Callable, Generator
from typing import NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

from bench.load import DONE, Answer, Script, expect, wrong
from bench.site import Client, Cookies, Site, cookie_header, remember

Scripts = Callable[[int], Script]
Flow = Generator[bytes, Answer, Answer]


class Operation(NamedTuple):
    name: str
    prepare: Callable[[Site, int], Scripts]
    """(site, connections) -> script of a connection"""
    requests: int = 1


def repeat(request: bytes, content: bytes, *, whole: bool = False) -> Scripts:
    """The same request over and over, answered 200 with ``content`` (as the ``whole`` body, or somewhere in it)."""

    def script(_: int) -> Script:
        while True:
            answer = yield request
            if answer.status != 200 or (answer.body != content if whole else content not in answer.body):
                wrong(f"expected 200 with {content[:200]!r}", answer)
            yield DONE

    return script


def document(site: Site, path: str, must_hold: bytes) -> Scripts:
    request = site.get(path)
    return repeat(request, expect(site.exchange(request), 200, containing=must_hold).body, whole=True)


def discovery(site: Site, _: int) -> Scripts:
    return document(site, site.paths.discovery, b'"jwks_uri"')


def jwks(site: Site, _: int) -> Scripts:
    return document(site, site.paths.jwks, b'"keys"')


def client_credentials(site: Site, _: int) -> Scripts:
    return service_tokens(site, site.clients.service)


def jwt_client_credentials(site: Site, _: int) -> Scripts:
    return service_tokens(site, site.clients.jwt_service, dots=2)


def service_tokens(site: Site, client: Client, dots: int | None = None) -> Scripts:
    """A new access token each time; ``dots`` tells a JWS in compact form."""
    form = {"grant_type": "client_credentials", "scope": client.scope}
    request = site.post(site.paths.token, form, Authorization=client.authorization)

    def script(_: int) -> Script:
        last = ""
        while True:
            answer = yield request
            token = member(expect(answer, 200), "access_token")
            if token == last or (dots is not None and token.count(".") != dots):
                wrong("the same token twice, or one of another form", answer)
            last = token
            yield DONE

    return script


def introspection(site: Site, connections: int) -> Scripts:
    requests = [
        site.post(site.paths.introspect, {"token": token}, Authorization=site.clients.resource.authorization)
        for token in access_tokens(site, connections)
    ]
    return lambda number: repeat(requests[number], b'"active":true')(number)


def userinfo(site: Site, connections: int) -> Scripts:
    requests = [
        site.get(site.paths.userinfo, Authorization=f"Bearer {token}") for token in access_tokens(site, connections)
    ]
    return lambda number: repeat(requests[number], b'"sub":"')(number)


def code_flow(site: Site, connections: int) -> Scripts:
    sessions = site.sessions(site, connections)

    def script(number: int) -> Script:
        cookies = sessions[number]
        while True:
            yield from flow(site, site.clients.app, cookies)
            yield DONE

    return script


def refresh(site: Site, connections: int) -> Scripts:
    [cookies] = site.sessions(site, 1)
    tokens = [member(authorize(site, site.clients.keeper, cookies), "refresh_token") for _ in range(connections)]

    def script(number: int) -> Script:
        token = tokens[number]
        while True:
            answer = yield redeem(site, token)
            following = member(expect(answer, 200, containing=b'"access_token"'), "refresh_token")
            if following == token:
                wrong("the refresh token was not rotated", answer)
            token = following
            yield DONE

    return script


def redeem(site: Site, refresh_token: str) -> bytes:
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return site.post(site.paths.token, form, Authorization=site.clients.keeper.authorization)


OPERATIONS = {
    operation.name: operation
    for operation in (
        Operation("client_credentials", client_credentials),
        Operation("client_credentials, both JWT", jwt_client_credentials),
        Operation("code flow", code_flow, requests=2),
        Operation("refresh", refresh),
        Operation("introspection", introspection),
        Operation("userinfo", userinfo),
        Operation("discovery", discovery),
        Operation("JWKS", jwks),
    )
}


def flow(site: Site, client: Client, cookies: Cookies) -> Flow:
    """GET /authorize in a session that needs no page, then POST /token; returns the token response."""
    verifier = base64.urlsafe_b64encode(os.urandom(32)).rstrip(b"=")
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier).digest()).rstrip(b"=")
    state = verifier[:16].decode()
    query = {
        "response_type": "code",
        "client_id": client.id,
        "redirect_uri": site.redirect_uri,
        "scope": client.scope,
        "state": state,
        "nonce": state,
        "code_challenge": challenge.decode(),
        "code_challenge_method": "S256",
    }
    target = f"{site.paths.authorize}?{urlencode(query)}"
    answer = yield site.get(target, Cookie=cookie_header(cookies).decode("latin-1"))
    remember(cookies, answer)
    form = {
        "grant_type": "authorization_code",
        "code": code_of(site, answer, state),
        "redirect_uri": site.redirect_uri,
        "code_verifier": verifier.decode(),
    }
    answer = yield site.post(site.paths.token, form, Authorization=client.authorization)
    return expect(answer, 200, containing=b'"id_token"')


def code_of(site: Site, answer: Answer, state: str) -> str:
    """The code in the redirect to the client's address, with the state and issuer that belong to it (RFC 9207)."""
    location = (expect(answer, 302, 303).header(b"location") or b"").decode("latin-1")
    query = parse_qs(urlsplit(location).query)
    if not location.startswith(site.redirect_uri + "?") or "code" not in query:
        wrong("no code in the redirect", answer)
    if query.get("state") != [state] or query.get("iss") != [site.issuer]:
        wrong("another state or issuer in the redirect", answer)
    return query["code"][0]


def authorize(site: Site, client: Client, cookies: Cookies) -> Answer:
    """One code flow outside of any measurement: the token response."""
    script = flow(site, client, cookies)
    request = next(script)
    while True:
        try:
            request = script.send(site.exchange(request))
        except StopIteration as end:
            result: Answer = end.value
            return result


def access_tokens(site: Site, count: int) -> list[str]:
    [cookies] = site.sessions(site, 1)
    return [member(authorize(site, site.clients.app, cookies), "access_token") for _ in range(count)]


def member(answer: Answer, name: str) -> str:
    """A string member of a JSON answer."""
    value = json.loads(answer.body).get(name)
    if not isinstance(value, str) or not value:
        wrong(f"no {name} in the answer", answer)
    return value
