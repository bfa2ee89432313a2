"""Tokens for one API by its name (RFC 8707)."""

from typing import Any
from urllib.parse import urlencode

import pytest

from idp.clients.resources import add_resource, identifier_fault
from idp.clients.rules import Faulty
from tests.oidc.representing import API, ONE, PLAIN, Acting, acting, mandates, register
from tests.provider import CALLBACK, CHALLENGE, SECRET, answered, basic, claims_of

__all__ = ["acting", "mandates"]
SECOND = "https://api.second.example"


@pytest.fixture
def two(acting: Acting) -> Acting:
    """The client may ask for two that take its tokens."""
    with acting.site.provider.database.transaction() as tx:
        assert add_resource(tx, SECOND, client_id="api", title="二", now=acting.site.now()) is None
    acting.site.provider.resources.expire()
    register(acting.site, "tax", resources=[API, PLAIN, SECOND])
    return acting


def test_2_1_the_access_token_is_for_the_api_named_at_the_sign_in(acting: Acting) -> None:
    tokens = acting.browser(ONE).tokens("tax", scope="openid", resource=PLAIN)
    assert claims_of(tokens["access_token"])["aud"] == PLAIN
    again = acting.site.refresh(tokens["refresh_token"], "tax").get_json()
    assert claims_of(again["access_token"])["aud"] == PLAIN


def test_the_api_knows_the_person_by_its_own_sub_and_never_by_another_than_the_persons(acting: Acting) -> None:
    browser = acting.browser(ONE)
    own = claims_of(browser.tokens("tax", scope="openid")["access_token"])["sub"]
    token = browser.tokens("tax", scope="openid", resource=PLAIN)["access_token"]
    assert claims_of(token)["sub"] != own
    assert acting.introspect(token)["sub"] == claims_of(token)["sub"]
    assert acting.introspect(token, "tax")["sub"] == own


@pytest.mark.parametrize("resource", ["https://nobody.example", API, f"{PLAIN} {PLAIN}", "nonsense"])
def test_2_what_is_not_one_api_of_the_client_is_an_invalid_target(acting: Acting, resource: str) -> None:
    answer = answered(acting.browser(ONE).ask("tax", scope="openid", resource=resource))
    assert answer["error"] == "invalid_target"
    code = acting.browser(ONE).authorize("tax", scope="openid")
    refused = acting.site.exchange(code, "tax", resource=resource)
    assert (refused.status_code, refused.get_json()["error"]) == (400, "invalid_target")
    assert acting.site.exchange(code, "tax", resource=PLAIN).status_code == 200  # the code is not used up


def test_2_a_second_one_is_an_invalid_target(two: Acting) -> None:
    asked = [("resource", PLAIN), ("resource", SECOND)]
    params = {
        "response_type": "code",
        "client_id": "tax",
        "redirect_uri": CALLBACK,
        "scope": "openid",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    browser = two.browser(ONE)
    answer = answered(browser.get("/authorize?" + urlencode([*params.items(), *asked])))
    assert answer["error"] == "invalid_target"
    tokens = browser.tokens("tax", scope="openid")
    form = [("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"]), *asked]
    headers = {"Authorization": basic("tax", SECRET), "Content-Type": "application/x-www-form-urlencoded"}
    refused = two.site.http.post("/token", data=urlencode(form), headers=headers)
    assert refused.get_json()["error"] == "invalid_target"
    assert two.site.refresh(tokens["refresh_token"], "tax").status_code == 200


def test_2_2_the_token_request_may_name_one_where_the_sign_in_named_none(two: Acting) -> None:
    tokens = two.browser(ONE).tokens("tax", scope="openid")
    again = two.site.refresh(tokens["refresh_token"], "tax", resource=SECOND).get_json()
    assert claims_of(again["access_token"])["aud"] == SECOND
    plain = two.site.refresh(again["refresh_token"], "tax").get_json()
    assert claims_of(plain["access_token"])["aud"] == two.site.provider.settings.issuer


def test_2_2_it_may_not_name_another_and_uses_nothing_up_by_trying(two: Acting) -> None:
    browser = two.browser(ONE)
    code = browser.authorize("tax", scope="openid", resource=PLAIN)
    assert two.site.exchange(code, "tax", resource=SECOND).get_json()["error"] == "invalid_target"
    tokens = two.site.exchange(code, "tax", resource=PLAIN).get_json()
    refused = two.site.refresh(tokens["refresh_token"], "tax", resource=SECOND)
    assert refused.get_json()["error"] == "invalid_target"
    assert two.site.refresh(tokens["refresh_token"], "tax").status_code == 200


def test_a_token_for_an_api_is_none_for_userinfo(acting: Acting) -> None:
    tokens = acting.browser(ONE).tokens("tax", scope="openid profile", resource=PLAIN)
    assert acting.site.userinfo(tokens["access_token"]).status_code == 401
    tokens = acting.browser(ONE).tokens("tax", scope="openid profile")
    assert acting.site.userinfo(tokens["access_token"]).status_code == 200
    named = acting.site.refresh(tokens["refresh_token"], "tax", resource=PLAIN).get_json()
    assert acting.site.userinfo(named["access_token"]).status_code == 401


def test_who_answers_for_the_api_introspects_its_tokens_and_no_others(acting: Acting) -> None:
    browser = acting.browser(ONE)
    assert acting.introspect(browser.tokens("tax", scope="openid", resource=PLAIN)["access_token"])["aud"] == PLAIN
    assert acting.introspect(browser.tokens("tax", scope="openid")["access_token"]) == {"active": False}


def test_a_client_with_its_own_scopes_names_an_api_as_well(acting: Acting) -> None:
    wanted: dict[str, Any] = {"grant_types": ["client_credentials"], "scopes": {"figures.read": "none"}}
    register(acting.site, "robot", authorization_details_types=[], **wanted)
    form = {"grant_type": "client_credentials", "resource": PLAIN}
    assert claims_of(acting.site.token("robot", form).get_json()["access_token"])["aud"] == PLAIN
    refused = acting.site.token("robot", form | {"resource": SECOND})
    assert refused.get_json()["error"] == "invalid_target"


WRONG = (
    "",
    "api",
    "/represented",
    "http://api.example",
    "https://api.example/#x",
    "https://a:b@api.example",
    "https://api.example/?x=1",
    "https://api.example/\u00e4",
    "https://api.example/a b",
    "https://" + "a" * 600,
)


def test_2_an_identifier_is_an_absolute_address() -> None:
    for identifier in WRONG:
        assert identifier_fault(identifier), identifier
    for identifier in (API, "http://localhost:9/api", "http://api.localhost:9"):
        assert identifier_fault(identifier) is None


def test_an_identifier_stays_whose_it_is(acting: Acting) -> None:
    with acting.site.provider.database.transaction() as tx:
        assert isinstance(add_resource(tx, "api", client_id="api", title="x", now=1), Faulty)
        assert isinstance(add_resource(tx, API, client_id="tax", title="x", now=1), Faulty)
        assert isinstance(add_resource(tx, SECOND, client_id="nobody", title="x", now=1), Faulty)
