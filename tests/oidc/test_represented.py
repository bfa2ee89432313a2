"""For whom somebody acts by a mandate, as apps ask for it and hear of it."""

from typing import Any

import pytest

from idp.accounts.holds import place_hold
from idp.accounts.rules import Act
from idp.mandates.rules import Step
from idp.mandates.uses import list_uses, uses_of
from idp.messages.outbound import Answer
from idp.oidc.tokens import ACTING_ENDED
from tests.entities.conftest import CODE, NAME, PEOPLE, act
from tests.oidc.representing import (
    FILING,
    ONE,
    PENSION,
    SCOPE,
    THREE,
    TWO,
    Acting,
    Kind,
    acting,
    details,
    mandates,
    register,
    to_person,
)
from tests.oidc.test_logout_notices import deliver
from tests.provider import Browser, answered, claims_of

__all__ = ["acting", "mandates"]


def told(acting: Acting, browser: Browser, scope: str = SCOPE, **asked: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The claims of the ID token, and of userinfo."""
    tokens = browser.tokens("tax", scope=scope, **asked)
    return claims_of(tokens["id_token"]), acting.site.userinfo(tokens["access_token"]).get_json()


def test_an_app_hears_for_whom_and_by_what_somebody_acts(acting: Acting) -> None:
    mandate = acting.employee()
    by_token, by_userinfo = told(acting, acting.acting(THREE, mandate))
    for claims in (by_token, by_userinfo):
        assert claims["represented_status"] == "current"
        shown = dict(claims["represented"])
        assert shown.pop("sub").startswith("pw_")
        assert shown == {
            "kind": "legal_entity",
            "name": NAME,
            "identifiers": [{"type": "uscc", "value": CODE}],
            "entity_type": "enterprise",
            "status": "active",
        }
        about = dict(claims["mandate"])
        assert about.pop("handle").startswith("rep_")
        assert about.pop("evidence")["hash"].startswith("sha256:")
        assert {about.pop("valid_from"), about.pop("valid_to")}
        assert about == {
            "id": mandate,
            "kind": "delegated",
            "capacity": "handler",
            "themes": ["tax.filing"],
            "chain_length": 1,
            "may_delegate": False,
            "granted_by": {"kind": "legal_entity", "role": "legal_representative"},
        }


def test_sub_is_the_human_for_whomever_they_act(acting: Acting) -> None:
    mandate = acting.employee()
    browser = acting.browser(THREE)
    own = claims_of(browser.tokens("tax", scope=SCOPE)["access_token"])["sub"]
    act(browser, mandate)
    tokens = browser.tokens("tax", scope=SCOPE)
    for claims in (claims_of(tokens["access_token"]), claims_of(tokens["id_token"])):
        assert claims["sub"] == own
    assert claims_of(tokens["id_token"])["represented"]["sub"] != own
    assert {"represented", "act", "authorization_details"}.isdisjoint(claims_of(tokens["access_token"]))


def test_an_agencys_employee_is_told_of_with_a_chain_of_two(acting: Acting) -> None:
    _, second = acting.by_agency()
    claims, _ = told(acting, acting.acting(THREE, second))
    assert claims["mandate"]["chain_length"] == 2
    assert claims["mandate"]["id"] == second
    assert claims["represented"]["name"] == NAME


def test_a_person_is_represented_with_no_more_than_the_theme_releases_under_its_masks(acting: Acting) -> None:
    m = acting.mandates
    given = m.given(
        m.party(ONE), to_person(THREE), ONE, THREE, kind=Kind.PERSONAL, theme="social.pension", scope=PENSION
    )
    claims, _ = told(acting, acting.acting(THREE, given), "openid represented profile phone")
    shown = dict(claims["represented"])
    assert shown.pop("sub").startswith("pw_")
    phone = shown.pop("phone_number")
    assert phone != f"+86{ONE}"
    assert "*" in phone
    assert shown == {"kind": "natural_person", "name": PEOPLE[ONE][0], "birthdate": "1990"}
    assert claims["mandate"]["granted_by"] == {"kind": "natural_person", "role": "self"}
    assert claims["mandate"]["capacity"] == "family"


def test_what_the_app_may_not_have_or_the_principal_struck_is_not_released(acting: Acting) -> None:
    m = acting.mandates
    given = m.given(
        m.party(ONE), to_person(THREE), ONE, THREE, kind=Kind.PERSONAL, theme="social.pension", scope=PENSION,
        struck=frozenset({"birthdate"}),
    )  # fmt: skip
    browser = acting.acting(THREE, given)
    claims, _ = told(acting, browser, "openid represented profile")
    assert {"birthdate", "phone_number"}.isdisjoint(claims["represented"])


def test_every_release_is_a_use_that_both_parties_can_see(acting: Acting) -> None:
    mandate = acting.employee()
    told(acting, acting.acting(THREE, mandate))
    with acting.site.provider.database.autocommit() as tx:
        uses = list_uses(tx, mandate, most=10)
        by_party = [uses_of(tx, party, most=10) for party in (acting.mandates.entity, acting.mandates.party(THREE))]
    assert [use.client_id for use in uses] == ["tax", "tax"]
    assert uses[0].what == "data entity_type name status uscc"
    assert by_party == [uses, uses]
    assert len(acting.audited("person:mandate:used")) == 2


@pytest.mark.parametrize(
    ("step", "status"), [(Step.FREEZE, "not_allowed"), (None, "expired_in_session"), ("level", "not_allowed")]
)
def test_without_power_an_app_hears_that_and_no_data(acting: Acting, step: Any, status: str) -> None:
    mandate = acting.employee()
    browser = acting.acting(THREE, mandate)
    tokens = browser.tokens("tax", scope=SCOPE)
    if step is Step.FREEZE:
        acting.site.execute("UPDATE mandate SET state = 'suspended' WHERE id = :id", id=mandate)
    elif step is None:
        acting.site.execute("UPDATE mandate SET valid_to = :now WHERE id = :id", id=mandate, now=acting.site.now())
    else:
        acting.site.execute("UPDATE evidence SET ended_at = 1 WHERE party_id = :id", id=acting.mandates.party(THREE))
    claims = acting.site.userinfo(tokens["access_token"]).get_json()
    assert claims["represented_status"] == status
    assert {"represented", "mandate", "verified_claims"}.isdisjoint(claims)
    assert acting.site.one("SELECT COUNT(*) FROM mandate_use") == 1


def test_taking_a_mandate_back_ends_the_acting_and_not_the_session(acting: Acting) -> None:
    mandate = acting.employee()
    browser = acting.acting(THREE, mandate)
    tokens = browser.tokens("tax", scope=SCOPE)
    acting.mandates.step(mandate, Step.REVOKE, ONE, acting.mandates.entity)
    assert acting.site.userinfo(tokens["access_token"]).status_code == 401
    assert acting.site.refresh(tokens["refresh_token"], "tax").status_code == 400
    assert browser.signed_in
    claims, _ = told(acting, browser)
    assert "represented" not in claims


def test_the_logout_token_of_an_ended_acting_names_it_to_apps_that_know(acting: Acting) -> None:
    mandate = acting.employee()
    browser = acting.acting(THREE, mandate)
    handle = acting.handle(browser.tokens("tax", scope=SCOPE))
    acting.mandates.step(mandate, Step.REVOKE, ONE, acting.mandates.entity)
    (payload,) = acting.site.outbox("logout")
    _, outbound = deliver(acting.site, Answer(200, {}, b""), **payload)
    events = claims_of(outbound.sent[0][1].decode().partition("=")[2])["events"]
    assert events[ACTING_ENDED] == {"handle": handle}
    _, outbound = deliver(acting.site, Answer(200, {}, b""), **payload | {"client_id": "app"})
    assert ACTING_ENDED not in claims_of(outbound.sent[0][1].decode().partition("=")[2])["events"]


def test_the_page_lists_mandates_by_whom_they_are_of(acting: Acting) -> None:
    mandate = acting.employee()
    page = acting.browser(THREE).get("/account/acting").text
    assert mandate in page
    assert NAME in page
    assert "Tax matters" in page
    assert acting.mandates.entity not in page


@pytest.mark.parametrize("whose", ["another's", "unknown", "frozen"])
def test_nobody_chooses_what_is_not_theirs(acting: Acting, whose: str) -> None:
    mandate = acting.employee()
    if whose == "frozen":
        acting.mandates.step(mandate, Step.FREEZE, ONE, acting.mandates.entity)
    browser = acting.browser(TWO if whose == "another's" else THREE)
    answer = act(browser, "mnd_unknown" if whose == "unknown" else mandate)
    assert answer.status_code == 422
    assert acting.site.one("SELECT COUNT(*) FROM session WHERE acting IS NOT NULL") == 0


def test_represent_self_is_for_oneself_whatever_the_session_has_chosen(acting: Acting) -> None:
    browser = acting.acting(THREE, acting.employee())
    claims, _ = told(acting, browser, represent="self")
    assert {"represented", "represented_status"}.isdisjoint(claims)
    assert "represented" in told(acting, browser)[0]


def test_represent_select_always_asks_once(acting: Acting) -> None:
    mandate = acting.employee()
    browser = acting.acting(THREE, mandate)
    page = browser.ask("tax", scope=SCOPE, represent="select").headers["Location"]
    assert page.startswith("/account/acting?r=")
    back = act(browser, mandate, page).headers["Location"]
    assert "code" in answered(browser.get(back))


def test_represent_required_takes_nobody_who_acts_for_themselves(acting: Acting) -> None:
    mandate = acting.employee()
    browser = acting.browser(THREE)
    page = browser.ask("tax", scope=SCOPE, represent="required").headers["Location"]
    assert 'value="self"' not in browser.get(page).text
    again = browser.get(act(browser, "self", page).headers["Location"])
    assert again.headers["Location"].startswith("/account/acting?r=")
    assert "code" in answered(browser.get(act(browser, mandate, page).headers["Location"]))


@pytest.mark.parametrize("represent", ["select", "required"])
def test_silently_a_choice_is_account_selection_required(acting: Acting, represent: str) -> None:
    browser = acting.browser(THREE)
    answer = answered(browser.ask("tax", scope=SCOPE, represent=represent, prompt="none"))
    assert answer["error"] == "account_selection_required"


def test_who_does_not_choose_goes_back_to_the_app(acting: Acting) -> None:
    browser = acting.browser(THREE)
    page = browser.ask("tax", scope=SCOPE, represent="required").headers["Location"]
    declined = browser.submit(page, {"decline": "yes"})
    assert declined.status_code == 307
    answer = answered(browser.submit(declined.headers["Location"]))
    assert answer["error"] == "access_denied"


def test_a_handle_switches_straight_to_whom_it_stands_for(acting: Acting) -> None:
    mandate = acting.employee()
    browser = acting.acting(THREE, mandate)
    handle = acting.handle(browser.tokens("tax", scope=SCOPE))
    act(browser, "self")
    assert told(acting, browser, represent=handle)[0]["mandate"]["id"] == mandate
    assert "represented" not in told(acting, browser)[0]  # the session's own choice stays


def test_a_handle_of_what_is_over_asks_the_person(acting: Acting) -> None:
    mandate = acting.employee()
    browser = acting.acting(THREE, mandate)
    handle = acting.handle(browser.tokens("tax", scope=SCOPE))
    acting.mandates.step(mandate, Step.REVOKE, ONE, acting.mandates.entity)
    assert browser.ask("tax", scope=SCOPE, represent=handle).headers["Location"].startswith("/account/acting?r=")
    silent = answered(browser.ask("tax", scope=SCOPE, represent=handle, prompt="none"))
    assert silent["error"] == "account_selection_required"
    other = answered(acting.browser(TWO).ask("tax", scope=SCOPE, represent=handle, prompt="none"))
    assert other == silent


def test_an_account_that_was_just_recovered_speaks_for_nobody_by_a_handle(acting: Acting) -> None:
    mandate = acting.employee()
    browser = acting.acting(THREE, mandate)
    handle = acting.handle(browser.tokens("tax", scope=SCOPE))
    act(browser, "self")
    with acting.site.provider.database.transaction() as tx:
        until = acting.site.now() + 86400
        place_hold(tx, acting.mandates.party(THREE), Act.REPRESENT, until=until, now=acting.site.now())
    silent = answered(browser.ask("tax", scope=SCOPE, represent=handle, prompt="none"))
    assert silent["error"] == "account_selection_required"
    assert act(browser, mandate).status_code == 422


@pytest.mark.parametrize("asked", ["foreign", "made up", "a party", "unscoped", "without details"])
def test_other_values_of_represent_are_no_request(acting: Acting, asked: str) -> None:
    mandate = acting.employee()
    browser = acting.acting(THREE, mandate)
    handle = acting.handle(browser.tokens("tax", scope=SCOPE))
    register(acting.site, "sister", sector="of-tax")
    client, value, more = {
        "foreign": ("sister", handle, {}),
        "made up": ("tax", "rep_" + "0" * 26, {}),
        "a party": ("tax", acting.mandates.entity, {}),
        "unscoped": ("tax", "select", {"scope": "openid"}),
        "without details": ("tax", "self", {"authorization_details": details()}),
    }[asked]
    answer = answered(browser.ask(client, **{"scope": SCOPE, "represent": value, **more}))
    assert answer["error"] == "invalid_request"


def test_handles_differ_from_app_to_app_and_stay_for_one(acting: Acting) -> None:
    mandate = acting.employee()
    register(acting.site, "sister", sector="of-tax")
    browser = acting.acting(THREE, mandate)
    first, again = (acting.handle(browser.tokens("tax", scope=SCOPE)) for _ in range(2))
    assert first == again != acting.handle(browser.tokens("sister", scope=SCOPE))


def test_a_representative_is_told_of_with_their_office_and_a_handle(acting: Acting) -> None:
    claims, _ = told(acting, acting.acting(ONE, acting.mandates.entity))
    about = dict(claims["mandate"])
    assert about.pop("handle").startswith("rep_")
    assert about == {
        "kind": "register_role",
        "capacity": "representative",
        "role": "legal_representative",
        "chain_length": 0,
    }


def test_scope_authority_exports_the_acting_in_the_form_of_identity_assurance(acting: Acting) -> None:
    mandate = acting.employee()
    by_token, by_userinfo = told(acting, acting.acting(THREE, mandate), "openid authority")
    assert "verified_claims" not in by_token
    exported = by_userinfo["verified_claims"]
    assert exported["verification"]["trust_framework"] == "cn_tongban"
    assert exported["authority"]["applies_to"]["organization_name"] == NAME
    assert exported["authority"]["permission"] == [{"role": "handler", "themes": ["tax.filing"]}]
    assert "represented" not in by_userinfo


def test_an_agencys_representative_acts_by_the_agencys_mandate_once_the_register_has_spoken(acting: Acting) -> None:
    first, _ = acting.by_agency()
    acting.site.execute("UPDATE entity_role SET checked_at = 0")
    browser = acting.browser(TWO)
    assert first in browser.get("/account/acting").text
    assert act(browser, first).status_code == 303
    claims, _ = told(acting, browser)
    assert (claims["represented_status"], claims["mandate"]["id"]) == ("current", first)


def test_a_level_of_the_entity_is_reached_by_choosing_a_mandate(acting: Acting) -> None:
    mandate = acting.employee(scope=FILING)
    browser = acting.browser(THREE)
    asked = {"scope": SCOPE, "acr_values": "urn:tongban:el:2"}
    page = browser.ask("tax", **asked).headers["Location"]
    assert page.startswith("/account/acting?r=")
    act(browser, mandate, page)
    assert claims_of(browser.tokens("tax", **asked)["id_token"])["acr"] == "urn:tongban:el:2"
