"""Authorization details of type gov_mandate over HTTP (RFC 9396)."""

from typing import Any

import orjson

from idp.mandates.rules import Step
from idp.mandates.scopes import Action, Limit, Scope
from tests.entities.conftest import act
from tests.oidc.representing import (
    FILING,
    LIMITED,
    ONE,
    SCOPE,
    THREE,
    Acting,
    acting,
    details,
    mandates,
    register,
)
from tests.provider import CALLBACK, CHALLENGE, answered, claims_of

__all__ = ["acting", "mandates"]


WRONG = [
    "no json",
    "{}",
    "[]",
    "[1]",
    details(type="other"),
    details(theme="tax.unknown"),
    details(theme=7),
    details(services=["hn-pension-01"]),
    details(services=[]),
    details(services="hn-tax-01"),
    details(actions=[]),
    details(actions=["manage"]),
    details(actions=["fly"]),
    details(actions=None),
    details(theme=None, services=None),
    details(more="x"),
    details(limit={"amount": 5}),
    details(limit={"amount": "5.001"}),
    details(limit={"amount": "1", "currency": "yuan"}),
    details(limit={"amount": "1", "more": "x"}),
    orjson.dumps([orjson.loads(details())[0]] * 9).decode(),
]


def test_5_what_is_unknown_or_malformed_is_refused_pushed_or_not(acting: Acting) -> None:
    browser = acting.browser(THREE)
    request = {
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": SCOPE,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    for text in WRONG:
        answer = answered(browser.ask("tax", scope=SCOPE, authorization_details=text))
        assert answer["error"] == "invalid_authorization_details", text
        pushed = acting.site.call("/par", "tax", request | {"authorization_details": text})
        assert (pushed.status_code, pushed.get_json()["error"]) == (400, "invalid_authorization_details"), text


def test_10_a_client_asks_for_types_it_registered(acting: Acting) -> None:
    register(acting.site, "plain", authorization_details_types=[])
    answer = answered(acting.browser(THREE).ask("plain", scope=SCOPE, authorization_details=details()))
    assert answer["error"] == "invalid_authorization_details"


def test_the_page_offers_what_holds_something_of_it_and_not_oneself(acting: Acting) -> None:
    mandate = acting.employee()
    browser = acting.browser(THREE)
    page = browser.get(browser.ask("tax", scope=SCOPE, authorization_details=details()).headers["Location"]).text
    assert mandate in page
    assert 'value="self"' not in page
    other = details(theme="social.pension", services=["hn-pension-01"])
    page = browser.get(browser.ask("tax", scope=SCOPE, authorization_details=other).headers["Location"]).text
    assert mandate not in page


def test_an_office_is_offered_for_themes_of_entities_alone(acting: Acting) -> None:
    browser = acting.browser(ONE)
    for asked, offered in ((details(), True), (details(theme="social.pension", services=None), False)):
        page = browser.get(browser.ask("tax", scope=SCOPE, authorization_details=asked).headers["Location"]).text
        assert (acting.mandates.entity in page) is offered


def granted(acting: Acting, mandate: str, asked: str) -> Any:
    browser = acting.browser(THREE)
    page = browser.ask("tax", scope=SCOPE, authorization_details=asked).headers["Location"]
    back = act(browser, mandate, page).headers["Location"]
    return acting.site.exchange(answered(browser.get(back))["code"], "tax").get_json()


def test_7_the_token_response_says_what_is_held_of_it(acting: Acting) -> None:
    mandate = acting.employee(scope=LIMITED)
    asked = details(services=["hn-tax-01", "hn-tax-02"], actions=["submit", "pay"])
    tokens = granted(acting, mandate, asked)
    assert tokens["authorization_details"] == [
        {
            "type": "gov_mandate",
            "theme": "tax.filing",
            "services": ["hn-tax-01"],
            "actions": ["submit"],
            "limit": {"amount": "50000.00", "currency": "CNY"},
            "mandate": mandate,
            "chain": [],
        }
    ]
    assert "authorization_details" not in claims_of(tokens["access_token"])


def test_9_2_introspection_says_what_is_held_at_that_moment(acting: Acting) -> None:
    mandate = acting.employee()
    tokens = granted(acting, mandate, details())
    assert (
        acting.introspect(tokens["access_token"], "tax")["authorization_details"] == tokens["authorization_details"]
    )
    acting.site.execute("UPDATE mandate SET state = 'suspended' WHERE id = :id", id=mandate)
    assert acting.introspect(tokens["access_token"], "tax")["authorization_details"] == []


def test_6_refreshing_judges_anew_and_ends_with_the_mandate(acting: Acting) -> None:
    mandate = acting.employee()
    tokens = granted(acting, mandate, details())
    again = acting.site.refresh(tokens["refresh_token"], "tax").get_json()
    assert again["authorization_details"] == tokens["authorization_details"]
    acting.mandates.step(mandate, Step.REVOKE, ONE, acting.mandates.entity)
    assert acting.site.refresh(again["refresh_token"], "tax").get_json()["error"] == "invalid_grant"


def test_services_that_know_other_actions_stand_apart(acting: Acting) -> None:
    services = frozenset({"hn-tax-01", "hn-tax-02", "hn-tax-09"})
    scope = Scope(FILING.actions | {Action.SIGN}, services)
    mandate = acting.employee(scope=scope)
    told = granted(acting, mandate, details(services=None, actions=["submit", "sign"]))["authorization_details"]
    assert [(one["services"], one["actions"]) for one in told] == [
        (["hn-tax-01", "hn-tax-02"], ["submit", "sign"]),
        (["hn-tax-09"], ["submit"]),
    ]


def test_a_theme_is_found_by_its_service(acting: Acting) -> None:
    mandate = acting.employee()
    tokens = granted(acting, mandate, details(theme=None))
    assert tokens["authorization_details"][0]["theme"] == "tax.filing"


def test_a_lower_limit_is_kept_and_a_higher_one_is_not(acting: Acting) -> None:
    mandate = acting.employee(scope=Scope(FILING.actions, FILING.services, Limit(100)))
    for asked, held in (("0.50", "0.50"), ("9.00", "1.00")):
        told = granted(acting, mandate, details(limit={"amount": asked, "currency": "CNY"}))
        assert told["authorization_details"][0]["limit"]["amount"] == held


def test_10_metadata_names_the_type(acting: Acting) -> None:
    metadata = acting.site.http.get("/.well-known/openid-configuration").get_json()
    assert metadata["authorization_details_types_supported"] == ["gov_mandate"]
