"""Client authentication: every method, nothing but the registered one, and one refusal for every reason."""

import base64
import time
from collections.abc import Iterator
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey
from werkzeug.test import TestResponse

from idp.clients.actions import put, rotate_secret, set_state
from idp.clients.rules import ClientState
from idp.oidc.client_auth import ASSERTION_TYPE
from idp.oidc.remote_keys import RemoteKeys
from tests.provider import CLIENTS, ISSUER, KEY, SECRET, Browser, Site, basic

CLAIMS: dict[str, Any] = {"iss": "signed", "sub": "signed", "aud": ISSUER, "jti": "one"}
_numbers = iter(range(10**6))


def assertion(key: Any = KEY, header: dict[str, Any] | None = None, **changes: Any) -> str:
    now = int(time.time())
    claims = CLAIMS | {"jti": f"jti-{next(_numbers)}", "iat": now, "exp": now + 60} | changes
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode({"alg": "ES256", "kid": "of-signed"} | (header or {}), kept, key)


def ask(site: Site, form: dict[str, str], **headers: str) -> TestResponse:
    """The introspection endpoint wants nothing but an authenticated client."""
    return site.post("/introspect", {"token": "x"} | form, **headers)


def by_assertion(site: Site, text: str, **form: str) -> TestResponse:
    return ask(site, {"client_assertion_type": ASSERTION_TYPE, "client_assertion": text} | form)


def test_each_client_enters_by_its_method(site: Site) -> None:
    assert ask(site, {}, Authorization=basic("app")).status_code == 200
    assert ask(site, {"client_id": "post", "client_secret": SECRET}).status_code == 200
    assert by_assertion(site, assertion()).status_code == 200
    assert by_assertion(site, assertion(aud=[f"{ISSUER}/token", "x"]), client_id="signed").status_code == 200
    assert site.call("/revoke", "spa", {"token": "x"}).status_code == 200


def test_a_public_client_may_not_introspect(site: Site) -> None:
    assert site.call("/introspect", "spa", {"token": "x"}).status_code == 401


REFUSED: dict[str, dict[str, str]] = {
    "nothing": {},
    "an unknown client": {"client_id": "nobody", "client_secret": SECRET},
    "a wrong secret": {"client_id": "post", "client_secret": SECRET + "x"},
    "an empty-ish secret": {"client_id": "post", "client_secret": " "},
    "a method not registered": {"client_id": "app", "client_secret": SECRET},
    "a confidential client without secret": {"client_id": "app"},
    "a secret without client": {"client_secret": SECRET},
    "a public client with a secret": {"client_id": "spa", "client_secret": SECRET},
}


@pytest.mark.parametrize("form", REFUSED.values(), ids=REFUSED.keys())
def test_whoever_is_not_the_client_gets_one_and_the_same_answer(site: Site, form: dict[str, str]) -> None:
    answer = ask(site, form)
    assert answer.status_code == 401
    assert answer.get_json() == {"error": "invalid_client", "error_description": "client authentication failed"}
    assert "WWW-Authenticate" not in answer.headers


BASICS = {
    "an unknown client": basic("nobody"),
    "a wrong secret": basic("app", SECRET[:-1]),
    "a method not registered": basic("post"),
    "no base64": "Basic !!!",
    "no colon": "Basic " + base64.b64encode(b"app").decode(),
    "no text": "Basic " + base64.b64encode(b"\xff:\xff").decode(),
    "bad text in an escape": "Basic " + base64.b64encode(b"app%ff:x").decode(),
    "no credentials": "Basic",
    "another scheme": "Bearer " + SECRET,
    "no scheme": SECRET,
}


@pytest.mark.parametrize("header", BASICS.values(), ids=BASICS.keys())
def test_by_header_the_refusal_names_the_scheme(site: Site, header: str) -> None:
    answer = ask(site, {}, Authorization=header)
    assert answer.status_code == 401
    assert answer.get_json()["error"] == "invalid_client"
    assert answer.headers["WWW-Authenticate"] == f'Basic realm="{ISSUER}"'


def test_client_id_and_secret_are_form_decoded_in_basic(site: Site) -> None:
    encoded = base64.b64encode(f"%61pp:{SECRET.replace('-', '%2D')}".encode()).decode()
    assert ask(site, {}, Authorization=f"basic {encoded}").status_code == 200


@pytest.mark.parametrize(
    "form",
    [
        {"client_secret": SECRET, "client_id": "app"},
        {"client_assertion": "x", "client_assertion_type": ASSERTION_TYPE},
        {"client_assertion_type": ASSERTION_TYPE},
        {"client_id": "post"},
    ],
)
def test_two_ways_at_once_are_no_request(site: Site, form: dict[str, str]) -> None:
    answer = ask(site, form, Authorization=basic("app"))
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")
    both = {"client_secret": SECRET, "client_id": "post", "client_assertion": "x"}
    assert ask(site, both).get_json()["error"] == "invalid_request"


def mutations() -> Iterator[tuple[str, str]]:
    now = int(time.time())
    changes: dict[str, dict[str, Any]] = {
        "no exp": {"exp": None},
        "over": {"exp": now - 1},
        "too far ahead": {"exp": now + 3600},
        "exp as text": {"exp": str(now + 60)},
        "exp as a fraction": {"exp": now + 60.5},
        "exp as a truth": {"exp": True},
        "not yet": {"nbf": now + 3600},
        "from the future": {"iat": now + 3600},
        "no jti": {"jti": None},
        "an empty jti": {"jti": ""},
        "a jti of another type": {"jti": 5},
        "a long jti": {"jti": "x" * 257},
        "another subject": {"sub": "app"},
        "another issuer": {"iss": "app"},
        "an issuer of another type": {"iss": ["signed"]},
        "no issuer": {"iss": None},
        "no audience": {"aud": None},
        "another audience": {"aud": "https://another.example"},
        "an audience of another type": {"aud": {"x": ISSUER}},
        "the issuer with a slash": {"aud": ISSUER + "/"},
        "an unknown client": {"iss": "nobody", "sub": "nobody"},
    }
    for name, change in changes.items():
        yield name, assertion(**change)
    yield "another key", assertion(ECKey.generate_key("P-256"))
    yield "an unknown kid", assertion(header={"kid": "another"})
    yield "no signature", assertion().rpartition(".")[0] + "."
    yield "another signature", assertion().rpartition(".")[0] + "." + "A" * 86
    yield "another payload", ".".join([*assertion().split(".")[:1], *assertion(sub="x").split(".")[1:]])
    yield "no algorithm", unsigned()
    secret = OctKey.import_key(SECRET)
    yield "a shared secret", jwt.encode({"alg": "HS256"}, {"iss": "signed", "sub": "signed"}, secret)
    yield "no token", "x"
    yield "two parts", "a.b"
    yield "no JSON", "e30.!!!.x"
    yield "a list", "e30.W10.x"


def unsigned() -> str:
    parts = assertion().split(".")
    return ".".join([base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode(), parts[1], ""])


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in mutations()])
@pytest.mark.filterwarnings("ignore:Please use a better")
def test_a_changed_assertion_is_refused_like_any_other(site: Site, text: str) -> None:
    answer = by_assertion(site, text)
    assert answer.status_code == 401
    assert answer.get_json() == {"error": "invalid_client", "error_description": "client authentication failed"}


def test_an_assertion_counts_once(site: Site) -> None:
    text = assertion()
    assert by_assertion(site, text).status_code == 200
    assert by_assertion(site, text).status_code == 401
    assert by_assertion(site, assertion(jti="again")).status_code == 200
    assert by_assertion(site, assertion(jti="again", exp=int(time.time()) + 90)).status_code == 401


def test_an_assertion_needs_its_type_and_no_other_client_id(site: Site) -> None:
    assert ask(site, {"client_assertion": assertion()}).status_code == 401
    assert ask(site, {"client_assertion_type": ASSERTION_TYPE}).status_code == 401
    assert by_assertion(site, assertion(), client_id="app").status_code == 401


@pytest.mark.parametrize(("policy", "served"), [("issuer", ISSUER), ("token_endpoint", f"{ISSUER}/token")])
def test_the_audience_of_an_assertion_is_a_policy_of_the_client(site: Site, policy: str, served: str) -> None:
    register(site, assertion_audience=policy)
    for audience in (ISSUER, f"{ISSUER}/token"):
        expected = 200 if audience == served else 401
        assert by_assertion(site, assertion(aud=audience)).status_code == expected


def register(site: Site, **changes: Any) -> None:
    data = next(client for client in CLIENTS if client["client_id"] == "signed")
    kept = {name: value for name, value in (data | changes).items() if value is not None}
    with site.provider.database.transaction() as tx:
        put(tx, kept, now=site.now())
    site.provider.registry._clients.expire()


def test_keys_at_an_address_are_asked_for_with_an_assertion(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([KeySet([KEY]), None])
    asked: list[str] = []

    def get(_: RemoteKeys, uri: str) -> KeySet | None:
        asked.append(uri)
        return next(answers)

    monkeypatch.setattr(RemoteKeys, "_get", get)
    register(site, jwks=None, jwks_uri="https://keys.example/jwks")
    assert by_assertion(site, assertion()).status_code == 200
    site.later = 301
    assert by_assertion(site, assertion(exp=site.now() + 60)).status_code == 401
    assert asked == ["https://keys.example/jwks"] * 2


@pytest.mark.parametrize("state", ["suspended", "retired"])
def test_a_client_out_of_service_is_refused_like_an_unknown_one(site: Site, state: str) -> None:
    with site.provider.database.transaction() as tx:
        set_state(tx, "app", ClientState(state), now=site.now())
    site.provider.registry._clients.expire()
    answer = ask(site, {}, Authorization=basic("app"))
    unknown = ask(site, {}, Authorization=basic("nobody"))
    assert (answer.status_code, answer.data) == (unknown.status_code, unknown.data)


def test_both_secrets_are_good_while_they_overlap(site: Site) -> None:
    client = site.provider.registry.get("app")
    assert client is not None
    with site.provider.database.transaction() as tx:
        fresh = rotate_secret(tx, client, overlap=60, now=site.now())
    assert isinstance(fresh, str)
    site.provider.registry._clients.expire()
    assert [ask(site, {}, Authorization=basic("app", s)).status_code for s in (SECRET, fresh)] == [200, 200]
    site.later = 61
    assert [ask(site, {}, Authorization=basic("app", s)).status_code for s in (SECRET, fresh)] == [401, 200]


def test_the_same_methods_stand_at_every_endpoint(site: Site, browser: Browser) -> None:
    for path in ("/token", "/introspect", "/revoke"):
        answer = site.post(path, {"grant_type": "client_credentials", "token": "x"}, Authorization=basic("app", "x"))
        assert answer.status_code == 401
        assert answer.get_json()["error"] == "invalid_client"
