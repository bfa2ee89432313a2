"""Planted faults: a wire that breaks one rule, so that each module is seen to fail for the right reason.

Always true: a faulty wire changes what its fault names and nothing else. Where a signature would give the change away
it signs with a key of its own and adds that key to the JWKS.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
from joserfc import jws
from joserfc.jwk import ECKey, Key, RSAKey

from tests.conformance.installation import Endpoints, Installation
from tests.conformance.receiver import Notice

Pairs = list[tuple[str, str]]
Json = dict[str, Any]
OnRequest = Callable[["FaultyWire", httpx.Request], httpx.Request | httpx.Response]
OnResponse = Callable[["FaultyWire", httpx.Request, httpx.Response], httpx.Response]


@dataclass(frozen=True)
class Fault:
    """``what`` the provider would do wrong; ``symptom`` is a pattern of what the check then says."""

    what: str
    symptom: str
    on_request: OnRequest | None = None
    on_response: OnResponse | None = None
    on_notice: "Callable[[FaultyWire, Notice], Notice] | None" = None


RSA_KEY = RSAKey.generate_key(2048, parameters={"kid": "planted-rsa", "use": "sig", "alg": "RS256"})
EC_KEY = ECKey.generate_key("P-256", parameters={"kid": "planted-ec", "use": "sig", "alg": "ES256"})


@dataclass
class FaultyWire:
    """The wire of ``installation`` with ``fault`` in it; ``memory`` is what the fault keeps between requests."""

    installation: Installation
    fault: Fault
    memory: Json = field(default_factory=dict)

    @property
    def endpoints(self) -> Endpoints:
        return self.installation.endpoints

    def send(self, request: httpx.Request) -> httpx.Response:
        if self.fault.on_request:
            changed = self.fault.on_request(self, request)
            if isinstance(changed, httpx.Response):
                return changed
            request = changed
        response = self.installation.wire.send(request)
        if request.url.path == self.endpoints.jwks:
            response = with_planted_keys(response)
        return self.fault.on_response(self, request, response) if self.fault.on_response else response

    def on_notice(self, notice: Notice) -> Notice:
        return self.fault.on_notice(self, notice) if self.fault.on_notice else notice


# Reading and rewriting messages


def pairs_of(request: httpx.Request) -> Pairs:
    carried = request.content.decode("ascii") if request.method == "POST" else request.url.query.decode("ascii")
    return parse_qsl(carried, keep_blank_values=True)


def with_pairs(request: httpx.Request, pairs: Pairs) -> httpx.Request:
    headers = {name: value for name, value in request.headers.items() if name.lower() != "content-length"}
    if request.method == "POST":
        return httpx.Request("POST", request.url, content=urlencode(pairs).encode(), headers=headers)
    return httpx.Request("GET", str(request.url).split("?")[0] + "?" + urlencode(pairs), headers=headers)


def with_content(response: httpx.Response, content: bytes, headers: dict[str, str] | None = None) -> httpx.Response:
    dropped = {"content-length", "content-encoding", "transfer-encoding", "location"}
    kept = [(name, value) for name, value in response.headers.multi_items() if name.lower() not in dropped]
    return httpx.Response(response.status_code, headers=[*kept, *(headers or {}).items()], content=content)


def with_planted_keys(response: httpx.Response) -> httpx.Response:
    document = json.loads(response.content)
    document["keys"] += [key.as_dict(private=False) for key in (RSA_KEY, EC_KEY)]
    return with_content(response, json.dumps(document).encode())


def signed(claims: Json, key: Key = RSA_KEY, **header: str) -> str:
    described: Json = {"alg": key.as_dict(private=False)["alg"], "kid": key.kid, **header}
    payload = json.dumps(claims).encode()
    return jws.serialize_compact(described, payload, key, algorithms=["RS256", "ES256"])


def unverified(compact: str) -> Json:
    body = compact.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))))


# Faults by place


def refuses(what: str, symptom: str, wanted: Callable[[FaultyWire, httpx.Request], bool], status: int = 400) -> Fault:
    """A request that is ``wanted`` gets ``status`` without being looked at."""

    def on_request(wire: FaultyWire, request: httpx.Request) -> httpx.Request | httpx.Response:
        return httpx.Response(status, text="refused") if wanted(wire, request) else request

    return Fault(what, symptom, on_request=on_request)


def forgets(what: str, symptom: str, *names: str, place: str = "authorization") -> Fault:
    """Parameters ``names`` of a request to ``place`` are overlooked; ``any`` overlooks them everywhere."""

    def on_request(wire: FaultyWire, request: httpx.Request) -> httpx.Request:
        if place != "any" and request.url.path != getattr(wire.endpoints, place):
            return request
        pairs = pairs_of(request)
        kept = [pair for pair in pairs if pair[0] not in names]
        return request if kept == pairs else with_pairs(request, kept)

    return Fault(what, symptom, on_request=on_request)


def misreads(what: str, symptom: str, name: str, change: Callable[[str | None], str | None]) -> Fault:
    """One parameter of the authorization request is taken for another value; None leaves it out."""

    def on_request(wire: FaultyWire, request: httpx.Request) -> httpx.Request:
        if request.url.path != wire.endpoints.authorization:
            return request
        pairs = pairs_of(request)
        value = change(dict(pairs).get(name))
        kept = [pair for pair in pairs if pair[0] != name]
        return with_pairs(request, kept + ([(name, value)] if value is not None else []))

    return Fault(what, symptom, on_request=on_request)


def tells(what: str, symptom: str, place: str, change: Callable[[Json], Json]) -> Fault:
    """The JSON object that ``place`` answers with is altered."""

    def on_response(wire: FaultyWire, request: httpx.Request, response: httpx.Response) -> httpx.Response:
        if request.url.path != getattr(wire.endpoints, place) or response.status_code != 200:
            return response
        return with_content(response, json.dumps(change(json.loads(response.content))).encode())

    return Fault(what, symptom, on_response=on_response)


def issues(
    what: str, symptom: str, change: Callable[[Json, Json], Json], key: Key = RSA_KEY, grant: str = ""
) -> Fault:
    """ID tokens are signed anew after ``change(claims, memory)``; ``grant`` limits it to one grant type."""

    def on_response(wire: FaultyWire, request: httpx.Request, response: httpx.Response) -> httpx.Response:
        asked = dict(pairs_of(request)) if request.url.path == wire.endpoints.token else {}
        if not asked or response.status_code != 200 or grant not in asked.get("grant_type", ""):
            return response
        body = json.loads(response.content)
        body["id_token"] = signed(change(unverified(body["id_token"]), wire.memory), key)
        return with_content(response, json.dumps(body).encode())

    return Fault(what, symptom, on_response=on_response)


def answers(what: str, symptom: str, change: Callable[[dict[str, str]], dict[str, str]]) -> Fault:
    """The parameters of a redirect to the relying party are altered."""

    def on_response(wire: FaultyWire, request: httpx.Request, response: httpx.Response) -> httpx.Response:
        target = response.headers.get("location", "")
        if not target.startswith(wire.installation.receiver.base):
            return response
        params = change(dict(parse_qsl(urlsplit(target).query)))
        location = f"{target.split('?')[0]}?{urlencode(params)}" if params else target.split("?")[0]
        return with_content(response, b"", {"location": location})

    return Fault(what, symptom, on_response=on_response)


def redirects(
    what: str, symptom: str, target: Callable[[FaultyWire, dict[str, str]], str | None], place: str
) -> Fault:
    """A request to ``place`` is answered with a redirect to ``target`` at once; None lets it pass."""

    def on_request(wire: FaultyWire, request: httpx.Request) -> httpx.Request | httpx.Response:
        if request.url.path != getattr(wire.endpoints, place):
            return request
        location = target(wire, dict(pairs_of(request)))
        return httpx.Response(303, headers={"location": location}) if location else request

    return Fault(what, symptom, on_request=on_request)


def repeats(what: str, symptom: str, place: str, same: Callable[[httpx.Request], object]) -> Fault:
    """The first success of ``place`` is given again to every request that is the ``same``."""

    def on_request(wire: FaultyWire, request: httpx.Request) -> httpx.Request | httpx.Response:
        if request.url.path != getattr(wire.endpoints, place):
            return request
        known = wire.memory.get(f"{place} {same(request)}")
        return with_content(known, known.content) if known else request

    def on_response(wire: FaultyWire, request: httpx.Request, response: httpx.Response) -> httpx.Response:
        if request.url.path == getattr(wire.endpoints, place) and response.status_code == 200:
            wire.memory.setdefault(f"{place} {same(request)}", response)
        return response

    return Fault(what, symptom, on_request=on_request, on_response=on_response)


def notifies(what: str, symptom: str, change: Callable[[Json], Json]) -> Fault:
    """The logout token is signed anew after ``change``."""

    def on_notice(wire: FaultyWire, notice: Notice) -> Notice:
        token = signed(change(unverified(notice.token)), typ="logout+jwt")
        return Notice(notice.method, notice.path, notice.content_type, (("logout_token", token),))

    return Fault(what, symptom, on_notice=on_notice)


def page(text: str) -> httpx.Response:
    return httpx.Response(200, html=f"<!DOCTYPE html><title>{text}</title><main><p>{text}</p></main>")
