"""The provinces in their real demonstrations: from a department app through every page of their own and back into it.

Always true: each walk is done without script, and with it in both languages under the eye of axe.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest
from playwright.sync_api import Browser, expect

from tests.journeys.conftest import Site, demo_in, newest_code, walker
from tests.journeys.province_walks import (
    ABDUL,
    CENTRE,
    COOPERATIVE,
    DANIEL,
    FOUNDATION,
    HE,
    LIN,
    SHEN,
    SOCIETY,
    WANG,
    Entity,
    Hubei,
    Hunan,
    Person,
    Registering,
    Yunnan,
)
from tests.journeys.test_pages_live import Looking
from tests.journeys.walks import sign_in, signed_in_to
from tests.signin.test_passkey_in_browser import AUTHENTICATOR

pytestmark = [pytest.mark.browser, pytest.mark.alone]

HUNAN_LABELS = {"zh": "三级", "en": "Level 3"}
HUBEI_LABELS = {"zh": ("初级认证", "中级认证"), "en": ("Basic", "Medium")}
YUNNAN_LABELS = {"zh": ("注册用户", "实名用户"), "en": ("Registered user", "Real-name user")}
VARIANTS = {"zh, no script": ("zh", False, 21), "zh": ("zh", True, 22), "en": ("en", True, 23)}
Walk = TypeVar("Walk", bound=Registering)


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The demonstration of one province: one start for all its walks."""
    with demo_in(tmp_path_factory.mktemp(request.param), request.param) as site:
        yield site


def of(province: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("site", [province], indirect=True)


def for_each(*walkers: object) -> pytest.MarkDecorator:
    """Every variant has people of its own."""
    cases = [(*variant, who) for variant, who in zip(VARIANTS.values(), walkers, strict=True)]
    return pytest.mark.parametrize(("lang", "script", "number", "who"), cases, ids=VARIANTS)


@contextmanager
def walking(
    kind: type[Walk], site: Site, chromium: Browser, lang: str, *, script: bool, number: int, states: set[str]
) -> Iterator[Walk]:
    """One person's browser; afterwards they have seen ``states``, and nothing was wrong with any."""
    looking = Looking(lang)
    with walker(chromium, script=script, locale={"zh": "zh-CN", "en": "en-US"}[lang]) as context:
        page = context.new_page()
        see = looking.see if script else lambda name, _page: looking.seen.add(name)
        yield kind(site, looking.at(page), see, lang, number)
    assert looking.wrong == []
    assert looking.seen == states


@of("hunan")
@for_each(SHEN, WANG, LIN)
def test_a_person_of_hunan_registers_by_name_phone_and_password_and_is_in_the_tax_app(
    site: Site, chromium: Browser, lang: str, script: bool, number: int, who: Person
) -> None:
    states = {
        "register-identity", "register-identity-wrong", "register-phone", "register-code", "register-check",
        "register-elsewhere", "register-details", "register-done", "account-identity",
    }  # fmt: skip
    with walking(Hunan, site, chromium, lang, script=script, number=number, states=states) as hunan:
        hunan.person(who)
        hunan.level_is(HUNAN_LABELS[lang], "account-identity")


@of("hunan")
@for_each((HE, COOPERATIVE, SHEN), (DANIEL, SOCIETY, WANG), (ABDUL, FOUNDATION, HE))
def test_an_entity_of_hunan_registered_from_outside_stands_as_claimed_in_the_tax_app(
    site: Site, chromium: Browser, lang: str, script: bool, number: int, who: tuple[Person, Entity, Person]
) -> None:
    states = {"entity-claim-outside", "register-done-goes-on", "entity-claim-send", "account-acting-claimed"}
    with walking(Hunan, site, chromium, lang, script=script, number=number, states=states) as hunan:
        hunan.entity_from_outside(*who)
        assert hunan.is_told("represented_status") == "approval_pending"
        assert hunan.is_told("represented") is None


@of("hubei")
@for_each(HE, DANIEL, LIN)
def test_a_person_of_hubei_proves_the_real_name_and_is_in_the_social_app(
    site: Site, chromium: Browser, lang: str, script: bool, number: int, who: Person
) -> None:
    states = {"register-done-offer", "identity-name-later", "account-identity"}
    with walking(Hubei, site, chromium, lang, script=script, number=number, states=states) as hubei:
        hubei.person(who)
        hubei.level_is(HUBEI_LABELS[lang][1], "account-identity")


@of("hubei")
@for_each((SHEN, COOPERATIVE), (WANG, SOCIETY), (ABDUL, CENTRE))
def test_who_skips_the_real_name_in_hubei_is_in_the_app_and_proves_it_for_their_entity(
    site: Site, chromium: Browser, lang: str, script: bool, number: int, who: tuple[Person, Entity]
) -> None:
    states = {
        "account-identity-none", "identity-name-first", "entity-new", "entity-password-offer",
        "account-acting-registered", "account-acting-entity",
    }  # fmt: skip
    with walking(Hubei, site, chromium, lang, script=script, number=number, states=states) as hubei:
        hubei.skipping()
        hubei.level_is(HUBEI_LABELS[lang][0], "account-identity-none")
        hubei.entity(*who)
        expect(hubei.page.locator("#represented")).to_contain_text(who[1].name)
        assert hubei.is_told("represented_status") == "current"


@of("yunnan")
@for_each(SHEN, WANG, ABDUL)
def test_the_three_states_of_yunnan_as_the_social_app_sees_them(
    site: Site, chromium: Browser, lang: str, script: bool, number: int, who: Person
) -> None:
    states = {
        "account-identity-registered", "identity-raise", "identity-bank-card", "identity-bank-card-refused",
        "account-identity-real-name",
    }  # fmt: skip
    with walking(Yunnan, site, chromium, lang, script=script, number=number, states=states) as yunnan:
        yunnan.three_states(who, YUNNAN_LABELS[lang])


@of("yunnan")
@pytest.mark.parametrize(("locale", "phone", "password"), [
    ("zh-CN", "13800001003", "Cobalt9Orchard47"), ("en-US", "13800001006", "Granite6Ribbon75"),
])  # fmt: skip
def test_a_passkey_of_my_account_signs_in_to_an_app_by_itself(
    site: Site, chromium: Browser, locale: str, phone: str, password: str
) -> None:
    """Added after a second factor; then it alone is a sign-in of the highest strength."""
    with walker(chromium, locale=locale) as context:
        page = context.new_page()
        devtools = context.new_cdp_session(page)
        devtools.send("WebAuthn.enable", {"enableUI": False})
        devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
        page.goto(f"{site.provider}/account/methods")
        sign_in(page, phone, password)
        page.locator("main a.button[href*='/methods/passkey']").click()
        page.locator("button[name=send]").click()
        page.locator("input[name=code]").fill(newest_code(page, site.sandbox, phone))
        page.keyboard.press("Enter")
        page.locator("input[name=name]").fill("家里的电脑")
        page.locator("main form button").first.click()
        page.wait_for_url(re.compile("done=passkey_added"))

        page.goto(f"{site.provider}/signout")
        page.locator("button[name=confirm]").click()
        page.goto(f"{site.social}/overview")
        page.locator("main a[href*='/signin/passkey']").click()
        page.locator("main form button").first.click()
        signed_in_to(page, site.social)
        expect(page.locator("#aal")).to_have_attribute("data-level", "3")
