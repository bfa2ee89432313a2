"""The authorization request: every check, in its order, and whether its error may be redirected."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.clients.rules import Basis, Client, ClientState
from idp.oidc.claims import NO_CLAIMS, ClaimsRequest, parse_claims
from idp.oidc.request import (
    AuthorizationRequest,
    PageError,
    RedirectError,
    parse,
    scopes_needing,
    scopes_to_release,
)
from tests.provider import CALLBACK, CHALLENGE

GOOD = {
    "response_type": "code",
    "client_id": "app",
    "redirect_uri": CALLBACK,
    "scope": "openid profile",
    "state": "st",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


def client(**changes) -> Client:
    values = {
        "client_id": "app",
        "name": {"zh": "应用"},
        "sector": "one",
        "state": ClientState.LIVE,
        "redirect_uris": (CALLBACK,),
        "scopes": {"profile": Basis.CONSENT, "phone": Basis.STATUTORY},
    }
    return Client(**(values | changes))


def outcome(registered: Client | None = None, **changes: str | None):
    known = registered or client()
    params = {name: value for name, value in (GOOD | changes).items() if value is not None}
    return parse(params, lambda client_id: known if client_id == "app" else None)


PAGES = [
    ({"client_id": None}, "invalid_request"),
    ({"client_id": "nobody"}, "invalid_request"),
    ({"redirect_uri": None}, "invalid_request"),
    ({"redirect_uri": CALLBACK + "/"}, "invalid_request"),
    ({"redirect_uri": CALLBACK + "?x=1"}, "invalid_request"),
    ({"redirect_uri": CALLBACK.upper()}, "invalid_request"),
    ({"redirect_uri": "https://evil.example/cb"}, "invalid_request"),
]


@pytest.mark.parametrize(("changes", "error"), PAGES)
def test_who_asks_from_or_for_nowhere_known_sees_a_page(changes: dict, error: str) -> None:
    found = outcome(**changes)
    assert isinstance(found, PageError)
    assert found.error == error


@pytest.mark.parametrize("state", ["draft", "suspended", "retired"])
def test_a_client_out_of_service_sees_a_page(state: str) -> None:
    found = outcome(client(state=ClientState(state)))
    assert found == PageError("unauthorized_client", "the client is not in service")


REDIRECTS = [
    ({"state": "x" * 2049}, "invalid_request"),
    ({"nonce": "x" * 513}, "invalid_request"),
    ({"login_hint": "x" * 257}, "invalid_request"),
    ({"acr_values": "x" * 1025}, "invalid_request"),
    ({"ui_locales": "x" * 257}, "invalid_request"),
    ({"response_mode": "fragment"}, "invalid_request"),
    ({"response_mode": "query.jwt"}, "invalid_request"),
    ({"request": "e30.e30."}, "request_not_supported"),
    ({"request_uri": "https://app.example/request"}, "request_uri_not_supported"),
    ({"registration": "{}"}, "registration_not_supported"),
    ({"response_type": None}, "invalid_request"),
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"response_type": "code id_token"}, "unsupported_response_type"),
    ({"response_type": "CODE"}, "unsupported_response_type"),
    ({"scope": None}, "invalid_scope"),
    ({"scope": 'op"enid'}, "invalid_scope"),
    ({"scope": "openid  profile"}, "invalid_scope"),
    ({"scope": "email"}, "invalid_scope"),
    ({"prompt": "nothing"}, "invalid_request"),
    ({"prompt": "none login"}, "invalid_request"),
    ({"max_age": "-1"}, "invalid_request"),
    ({"max_age": "1.5"}, "invalid_request"),
    ({"max_age": "x"}, "invalid_request"),
    ({"max_age": "1" * 10}, "invalid_request"),
    ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
    ({"code_challenge": None}, "invalid_request"),
    ({"code_challenge_method": None}, "invalid_request"),
    ({"code_challenge_method": "plain"}, "invalid_request"),
    ({"code_challenge": "x" * 42}, "invalid_request"),
    ({"code_challenge": "x" * 44}, "invalid_request"),
    ({"code_challenge": "+" * 43}, "invalid_request"),
    ({"claims": "{"}, "invalid_request"),
    ({"claims": "[]"}, "invalid_request"),
]


@pytest.mark.parametrize(("changes", "error"), REDIRECTS, ids=str)
def test_every_other_fault_is_told_to_the_client(changes: dict, error: str) -> None:
    found = outcome(**changes)
    assert isinstance(found, RedirectError), found
    assert found.error == error
    assert found.description.isascii()
    assert found.request.redirect_uri == CALLBACK
    assert found.request.state == changes.get("state", "st")


def test_a_client_not_registered_for_the_code_flow_is_told_so() -> None:
    found = outcome(client(grant_types=frozenset({"client_credentials"})))
    assert isinstance(found, RedirectError)
    assert found.error == "unauthorized_client"


def test_a_good_request_is_read_whole() -> None:
    found = outcome(
        nonce="n",
        prompt="login consent",
        max_age="60",
        acr_values="urn:tongban:aal:2 urn:tongban:ial:1 urn:tongban:aal:2",
        login_hint="13812340001",
        id_token_hint="e.y.J",
        response_mode="form_post",
    )
    assert isinstance(found, AuthorizationRequest)
    assert (found.state, found.nonce, found.challenge, found.max_age) == ("st", "n", CHALLENGE, 60)
    assert found.prompts == {"login", "consent"}
    assert found.acr == ("urn:tongban:aal:2", "urn:tongban:ial:1")
    assert (found.login_hint, found.id_token_hint, found.response_mode) == ("13812340001", "e.y.J", "form_post")


def test_errors_before_a_usable_response_mode_go_by_query() -> None:
    found = outcome(response_mode="form_post", response_type="token")
    assert isinstance(found, RedirectError)
    assert found.request.response_mode == "form_post"
    found = outcome(response_mode="web_message")
    assert isinstance(found, RedirectError)
    assert found.request.response_mode == "query"


def test_unknown_and_unregistered_scopes_are_left_out_in_the_clients_order() -> None:
    found = outcome(scope="phone nonsense email openid phone profile")
    assert isinstance(found, AuthorizationRequest)
    assert found.scope == "phone openid profile"


def test_offline_access_needs_the_refresh_grant() -> None:
    scopes = {"offline_access": Basis.NONE}
    without = outcome(client(scopes=scopes), scope="openid offline_access")
    assert isinstance(without, AuthorizationRequest)
    assert without.scope == "openid"
    both = frozenset({"authorization_code", "refresh_token"})
    granted = outcome(client(scopes=scopes, grant_types=both), scope="openid offline_access")
    assert isinstance(granted, AuthorizationRequest)
    assert granted.scope == "openid offline_access"


def test_an_exempt_client_may_leave_the_challenge_out_but_not_half_of_it() -> None:
    exempt = client(pkce="optional")
    found = outcome(exempt, code_challenge=None, code_challenge_method=None)
    assert isinstance(found, AuthorizationRequest)
    assert found.challenge is None
    assert isinstance(outcome(exempt, code_challenge=None), RedirectError)
    assert isinstance(outcome(exempt, code_challenge_method="plain"), RedirectError)


@pytest.mark.parametrize(
    ("uri", "origin"),
    [
        ("https://a.example/cb", "https://a.example"),
        ("https://a.example?x", "https://a.example"),
        ("http://a.localhost:9/cb?y=/z", "http://a.localhost:9"),
    ],
)
def test_the_form_target_is_the_origin_of_the_redirect_uri(uri: str, origin: str) -> None:
    found = outcome(client(redirect_uris=(uri,)), redirect_uri=uri)
    assert isinstance(found, AuthorizationRequest)
    assert found.form_target == origin


def test_claims_by_name_add_the_registered_scopes_that_carry_them() -> None:
    asked = orjson.dumps({"userinfo": {"phone_number": None, "email": None, "colour": None}}).decode()
    found = outcome(scope="openid", claims=asked)
    assert isinstance(found, AuthorizationRequest)
    assert scopes_to_release(found) == {"openid", "phone"}
    assert scopes_needing(found, Basis.STATUTORY) == {"phone"}
    assert scopes_needing(found, Basis.CONSENT) == frozenset()


NOT_CLAIMS = [
    "",
    "{",
    "null",
    "5",
    '"x"',
    '{"userinfo": []}',
    '{"userinfo": {"name": 5}}',
    '{"id_token": "x"}',
    '{"id_token": {"acr": {"values": "x"}}}',
    '{"id_token": {"acr": {"values": [5]}}}',
    '{"id_token": {"acr": {"value": 5}}}',
    '{"id_token": {"sub": {"value": 5}}}',
    '{"id_token": {"sub": {"value": "pw_\\u0000"}}}',
    '{"id_token": {"sub": {"value": "\\ud800"}}}',
    orjson.dumps({"userinfo": {f"c{n}": None for n in range(61)}}).decode(),
    "[" * 5000,
]


@pytest.mark.parametrize("text", NOT_CLAIMS, ids=lambda text: text[:30])
def test_what_is_no_claims_request_is_none(text: str) -> None:
    assert parse_claims(text) is None


def test_a_claims_request_names_claims_levels_and_the_subject() -> None:
    text = """{"userinfo": {"name": {"essential": true}, "unknown": {"value": "x"}},
        "id_token": {"acr": {"essential": true, "values": ["a", "b"]}, "sub": {"value": "pw_1"}, "email": null},
        "other": 5}"""
    assert parse_claims(text) == ClaimsRequest(
        frozenset({"name", "unknown"}), frozenset({"acr", "sub", "email"}), ("a", "b"), True, "pw_1"
    )
    assert parse_claims('{"id_token": {"acr": {"value": "a"}}}') == ClaimsRequest(
        frozenset(), frozenset({"acr"}), ("a",), False, None
    )
    assert parse_claims("{}") == NO_CLAIMS


def test_a_grant_remembers_known_names_and_no_values() -> None:
    asked = parse_claims('{"userinfo": {"phone_number": {"value": "+8613812340001"}, "13812340001": null}}')
    assert asked is not None
    kept = asked.kept({"openid", "phone"})
    assert kept is not None
    assert "1381234" not in kept
    assert parse_claims(kept) == ClaimsRequest(frozenset({"phone_number"}))
    assert asked.kept({"openid"}) is None, "nobody agreed to what a client may register for later"
    assert NO_CLAIMS.kept({"phone"}) is None


MEMBERS = ["userinfo", "id_token", "acr", "sub", "name", "value", "values", "essential"]
json_like = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=4),
    max_leaves=12,
)


@given(json_like)
def test_any_json_is_a_claims_request_or_none(data) -> None:
    found = parse_claims(orjson.dumps(data).decode())
    assert found is None or isinstance(found, ClaimsRequest)
