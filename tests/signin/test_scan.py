"""A desktop browser signs in by a phone: code and number on the one, confirmation on the other."""

import re
from urllib.parse import urlsplit

import pytest

from tests.oidc.devices import choices, pick, scan
from tests.provider import PHONE, Browser, Site, add_person, claims_of
from tests.signin.factors import prove_two

OTHER = "13812340002"
_CODE = re.compile(r'id="scan-code"[^>]*>([A-Z]{4}-[A-Z]{4})<')
_NUMBER = re.compile(r'id="scan-number"[^>]*>(\d\d)<')


@pytest.fixture
def desktop(site: Site) -> Browser:
    return site.browser()


@pytest.fixture
def phone(signed_in: Browser) -> Browser:
    return signed_in


class Screen:
    """What the desktop shows."""

    def __init__(self, desktop: Browser, carried: str = "") -> None:
        begun = desktop.submit(f"/signin/scan{carried}", {})
        assert begun.status_code == 303, begun.text
        self.page = begun.headers["Location"]
        shown = desktop.get(self.page)
        self.refresh = shown.headers["Refresh"]
        self.code, self.number = (found.search(shown.text)[1] for found in (_CODE, _NUMBER))  # type: ignore[index]


def test_a_confirmed_desktop_is_signed_in_with_what_the_phone_is_worth(
    site: Site, desktop: Browser, phone: Browser
) -> None:
    screen = Screen(desktop)
    assert screen.refresh.startswith("3; url=/signin/scan/")
    assert pick(phone, scan(phone, screen.code), screen.number).status_code == 303
    entered = desktop.get(screen.page)
    assert urlsplit(entered.headers["Location"]).path == "/account"
    assert desktop.signed_in
    claims, own = (claims_of(one.tokens()["id_token"]) for one in (desktop, phone))
    assert (claims["amr"], claims["aal"]) == (["scan", "pwd"], 1)
    assert claims["auth_time"] == own["auth_time"]
    assert claims["sub"] == own["sub"]
    assert claims["sid"] != own["sid"]


def test_two_factors_on_the_phone_are_two_on_the_desktop_and_a_passkey_is_no_more(
    site: Site, desktop: Browser, phone: Browser
) -> None:
    prove_two(phone)
    site.execute("UPDATE session SET methods = 'pop'")
    screen = Screen(desktop)
    pick(phone, scan(phone, screen.code), screen.number)
    desktop.get(screen.page)
    claims = claims_of(desktop.tokens()["id_token"])
    assert (claims["amr"], claims["aal"]) == (["scan", "scan_pop", "mfa"], 2)


def test_a_confirmation_is_for_the_browser_that_showed_the_code_and_used_once(
    site: Site, desktop: Browser, phone: Browser
) -> None:
    screen = Screen(desktop)
    pick(phone, scan(phone, screen.code), screen.number)
    thief = site.browser()
    assert thief.get(screen.page).status_code == 410
    assert not thief.signed_in
    assert desktop.get(screen.page).status_code == 303
    assert desktop.get(screen.page).status_code == 410


def test_a_wrong_number_signs_nobody_in(desktop: Browser, phone: Browser) -> None:
    screen = Screen(desktop)
    page = scan(phone, screen.code)
    wrong = next(one for one in choices(phone, page) if one != screen.number)
    assert pick(phone, page, wrong).status_code == 410
    assert desktop.get(screen.page).status_code == 410
    assert not desktop.signed_in


def test_the_code_is_hidden_once_it_was_scanned(desktop: Browser, phone: Browser) -> None:
    screen = Screen(desktop)
    scan(phone, screen.code)
    shown = desktop.get(screen.page).text
    assert screen.code not in shown
    assert screen.number in shown


def test_the_phone_is_told_browser_network_and_time(desktop: Browser, phone: Browser) -> None:
    page = phone.get(scan(phone, Screen(desktop).code)).text
    for words in ("Browser", "The same as this phone", "<time"):
        assert words in page


def test_a_code_is_over_after_five_minutes_also_for_who_waits(site: Site, desktop: Browser, phone: Browser) -> None:
    screen = Screen(desktop)
    page = scan(phone, screen.code)
    site.later += 300
    assert pick(phone, page, screen.number).status_code == 410
    assert desktop.get(screen.page).status_code == 410


def test_a_phone_that_signs_out_before_the_desktop_has_entered_opens_nothing(
    site: Site, desktop: Browser, phone: Browser
) -> None:
    screen = Screen(desktop)
    pick(phone, scan(phone, screen.code), screen.number)
    phone.submit("/account/sessions", {"end_others": "yes"})
    site.execute("UPDATE session SET ended_at = 1, end_reason = 'signed-out'")
    assert desktop.get(screen.page).status_code == 410
    assert not desktop.signed_in


def test_a_desktop_signed_in_so_confirms_no_other_screen(site: Site, desktop: Browser, phone: Browser) -> None:
    screen = Screen(desktop)
    pick(phone, scan(phone, screen.code), screen.number)
    desktop.get(screen.page)
    refused = desktop.submit("/device", {"user_code": Screen(site.browser()).code})
    assert refused.status_code == 422
    assert "signed in here by a phone" in refused.text


def test_a_desktop_signed_in_so_changes_no_way_to_sign_in_before_its_person_proves_themselves(
    site: Site, desktop: Browser, phone: Browser
) -> None:
    prove_two(phone)
    screen = Screen(desktop)
    pick(phone, scan(phone, screen.code), screen.number)
    desktop.get(screen.page)
    assert phone.get("/account/methods/passkey").status_code == 200
    assert desktop.get("/account/methods/passkey").status_code == 303


def test_the_same_persons_session_stays_and_anothers_ends(site: Site, desktop: Browser, phone: Browser) -> None:
    add_person(site.provider, OTHER, "other_lamp")
    desktop.sign_in(OTHER)
    screen = Screen(desktop)
    pick(phone, scan(phone, screen.code), screen.number)
    desktop.get(screen.page)
    assert (
        site.one("SELECT end_reason FROM session WHERE party_id = :p", p=site.party(OTHER)) == "replaced-by-sign-in"
    )
    second = Screen(desktop)
    pick(phone, scan(phone, second.code), second.number)
    assert desktop.get(second.page).status_code == 303
    assert site.one("SELECT COUNT(*) FROM session WHERE party_id = :p", p=site.party(PHONE)) == 2


def test_on_the_way_to_an_app_it_goes_on_there(desktop: Browser, phone: Browser) -> None:
    asked = desktop.ask()
    key = urlsplit(asked.headers["Location"]).query
    screen = Screen(desktop, f"?{key}")
    pick(phone, scan(phone, screen.code), screen.number)
    assert urlsplit(desktop.get(screen.page).headers["Location"]).path == "/continue"


def test_it_is_not_offered_where_an_app_wants_the_person_to_sign_in_anew(desktop: Browser) -> None:
    desktop.sign_in()
    anew = desktop.ask(prompt="login").headers["Location"]
    assert "/signin/scan" not in desktop.get(anew).text
    assert "/signin/scan" in desktop.get("/signin").text


def test_an_address_makes_so_many_codes_an_hour(
    site: Site, desktop: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    from idp.signin.pages import EXTENSION

    monkeypatch.setattr(site.app.extensions[EXTENSION].scan_budget, "_limit", 1)
    assert desktop.submit("/signin/scan", {}).status_code == 303
    assert desktop.submit("/signin/scan", {}).status_code == 429
