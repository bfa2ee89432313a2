"""The ways to a higher level: who sees which, in which order, and where they lead."""

import re

import pytest
from flask_babel import lazy_gettext
from pydantic import ValidationError

from idp.proofing.actions import add_evidence
from idp.proofing.ports import Match
from idp.proofing.ways import Way, add_way
from idp.settings import Settings
from tests.proofing.conftest import Opened
from tests.proofing.test_bank_card import FORM, knows
from tests.provider import Browser, Site, answered, claims_of
from tests.registers import ScriptedRegisters

LEVEL_2, LEVEL_3 = "urn:tongban:ial:2", "urn:tongban:ial:3"
ESSENTIAL_3 = '{"id_token":{"acr":{"essential":true,"values":["urn:tongban:ial:3"]}}}'
ALL = {"proofing": {"ways": ["bank_card", "name_number", "face", "counter"]}}


def shown(browser: Browser, address: str = "/identity/raise") -> list[str]:
    """The addresses of the ways on the page, without their parameters."""
    answer = browser.get(address)
    assert answer.status_code == 200, answer.headers
    listed = answer.text.partition('id="ways"')[2].partition("</ul>")[0]
    return [found.partition("?")[0] for found in re.findall(r'href="([^"]+)"', listed)]


def add(site: Site, *names: str) -> None:
    """Further ways to level 3, which lead to pages that are there anyway."""
    pages = {"face": "account.device_sessions", "counter": "account.activity"}
    for name in names:
        add_way(site.app, Way(name, pages[name], 3, lazy_gettext("手机号")))


def prove(site: Site, level: int, **changes: object) -> None:
    with site.provider.database.transaction() as tx:
        told = {"kind": "name_number", "source": "test", "expires_at": None, "now": site.now()} | changes
        add_evidence(tx, site.party(), level=level, **told)  # type: ignore[arg-type]


@pytest.mark.parametrize("order", [["bank_card", "name_number"], ["name_number", "bank_card"]])
def test_the_ways_stand_in_the_order_of_the_installation(opened: Opened, order: list[str]) -> None:
    pages = {"bank_card": "/identity/bank-card", "name_number": "/identity/name"}
    browser = opened(proofing={"ways": order}).browser().sign_in()
    assert shown(browser) == [pages[name] for name in order]


def test_my_account_leads_to_the_ways_or_straight_to_the_only_one(site: Site, opened: Opened) -> None:
    assert 'href="/identity/raise"' in opened().browser().sign_in().get("/account/identity").text
    page = site.browser().sign_in().get("/account/identity").text
    assert 'href="/identity/name"' in page
    assert "/identity/raise" not in page


def test_an_app_that_asks_for_a_level_gets_its_person_back_by_the_way_they_choose(
    opened: Opened, banks: ScriptedRegisters
) -> None:
    site = opened()
    browser = site.browser().sign_in()
    page = browser.ask(acr_values=LEVEL_2).headers["Location"]
    assert page.startswith("/identity/raise?r=")
    assert "应用" in browser.get(page).text
    key = page.partition("?")[2]
    knows(banks, Match(valid_to=None))
    back = browser.submit(f"/identity/bank-card?{key}", FORM).headers["Location"]
    token = claims_of(site.exchange(answered(browser.get(back))["code"]).get_json()["id_token"])
    assert (token["acr"], token["ial"]) == (LEVEL_2, 2)


def test_who_declines_on_the_page_of_all_ways_returns_to_the_app(opened: Opened) -> None:
    browser = opened().browser().sign_in()
    page = browser.ask(acr_values=LEVEL_2).headers["Location"]
    away = browser.submit(page, {"decline": "yes"})
    assert away.status_code == 307
    token = browser.get(page).text.partition('name="csrf_token" value="')[2].partition('"')[0]
    back = browser.client.post(away.headers["Location"], data={"csrf_token": token}).headers["Location"]
    assert answered(browser.get(back))["error"] == "unmet_authentication_requirements"


def test_who_has_the_level_meanwhile_goes_on_to_the_app(opened: Opened) -> None:
    site = opened()
    browser = site.browser().sign_in()
    asked = [browser.ask(acr_values=LEVEL_2).headers["Location"] for _ in range(3)]
    prove(site, 2)
    for page, way in zip(asked, ("raise", "name", "bank-card"), strict=True):
        back = browser.get(page.replace("raise", way)).headers["Location"]
        assert answered(browser.get(back))["code"]


def test_an_app_that_asks_for_level_3_is_shown_no_lesser_way(opened: Opened) -> None:
    site = opened(**ALL)
    add(site, "face", "counter")
    browser = site.browser().sign_in()
    assert len(shown(browser)) == 4
    page = browser.ask(claims=ESSENTIAL_3).headers["Location"]
    assert page.startswith("/identity/raise?r=")
    assert shown(browser, page) == ["/account/sessions", "/account/activity"]
    prove(site, 2)
    assert shown(browser, page) == ["/account/sessions", "/account/activity"]


def test_the_only_way_to_the_level_is_gone_straight(opened: Opened) -> None:
    site = opened(**ALL)
    add(site, "face")
    browser = site.browser().sign_in()
    assert browser.ask(claims=ESSENTIAL_3).headers["Location"].startswith("/account/sessions?r=")


def test_a_level_nothing_here_leads_to_is_refused_at_once(opened: Opened) -> None:
    browser = opened(**ALL).browser().sign_in()
    assert answered(browser.ask(claims=ESSENTIAL_3))["error"] == "unmet_authentication_requirements"
    assert answered(browser.ask(acr_values=LEVEL_3))["code"], "wished for only: the token tells the truth"


def test_who_is_known_sees_only_what_proves_more(opened: Opened) -> None:
    site = opened(**ALL)
    add(site, "face")
    prove(site, 2)
    browser = site.browser().sign_in()
    assert shown(browser) == ["/account/sessions"]
    assert 'href="/account/sessions"' in browser.get("/account/identity").text
    page = browser.get("/identity/raise").text
    assert "Done" in page, "name and number are there already"


def test_who_can_prove_no_more_online_is_told_of_the_counter(opened: Opened) -> None:
    site = opened()
    prove(site, 2)
    browser = site.browser().sign_in()
    assert shown(browser) == []
    assert "service counter" in browser.get("/identity/raise").text
    assert "/identity/raise" not in browser.get("/account/identity").text
    for page in ("/identity/name", "/identity/bank-card"):
        assert browser.get(page).headers["Location"] == "/account/profile"


def test_what_ends_soon_may_be_proved_again_by_any_way_of_its_level(opened: Opened) -> None:
    site = opened()
    prove(site, 2, expires_at=site.now() + 86400)
    assert len(shown(site.browser().sign_in())) == 2


def test_an_entity_sends_its_representative_to_the_ways_and_has_them_back(
    opened: Opened, banks: ScriptedRegisters
) -> None:
    browser = opened().browser().sign_in()
    page = browser.get("/entities/new").headers["Location"]
    assert page.startswith("/identity/raise?next=")
    knows(banks, Match(valid_to=None))
    chosen = page.replace("/identity/raise", "/identity/bank-card")
    assert chosen.partition("?")[2] in browser.get(page).text.replace("&amp;", "&")
    assert browser.submit(chosen, FORM).headers["Location"] == "/entities/new"


def test_whoever_puts_it_off_is_not_led_round_in_a_circle(opened: Opened) -> None:
    browser = opened().browser().sign_in()
    page = browser.get(browser.get("/entities/new").headers["Location"]).text
    assert '<a href="/account/identity">Later</a>' in page


@pytest.mark.parametrize("ways", [["telepathy"], ["name_number", "name_number"]])
def test_a_way_nobody_knows_or_named_twice_stops_the_start(ways: list[str]) -> None:
    with pytest.raises(ValidationError, match="ways"):
        Settings(proofing={"ways": ways})
