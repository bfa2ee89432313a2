"""Registration over HTTP: steps cannot be skipped, repeated, swapped between browsers or continued after the end."""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import pytest
from werkzeug.test import TestResponse

from tests.provider import NAME, PASSWORD, PHONE, Browser, Site

NEW = "13900005555"


def location(answer: TestResponse) -> str:
    assert answer.status_code == 303, answer.text
    return urlsplit(answer.headers["Location"]).path


def journey_of(answer: TestResponse) -> str:
    return parse_qs(urlsplit(answer.headers["Location"]).query)["f"][0]


def begin(browser: Browser, phone: str = NEW) -> str:
    answer = browser.submit("/register", {"phone": phone})
    assert location(answer) == "/register/code"
    return journey_of(answer)


def prove(browser: Browser, journey: str) -> TestResponse:
    return browser.submit(f"/register/code?f={journey}", {"code": browser.site.text_code()})


def details(browser: Browser, journey: str, **changes: str) -> TestResponse:
    page = browser.get(f"/register/details?f={journey}").text
    start = page.find('name="agreement_versions"')
    versions = page[start:].partition('value="')[2].partition('"')[0] if start >= 0 else ""
    form = {"password": PASSWORD, "user_name": "", "agreements": "yes", "agreement_versions": versions}
    return browser.submit(f"/register/details?f={journey}", form | changes)


def accounts(site: Site) -> int:
    return int(site.one("SELECT COUNT(*) FROM party"))


def test_phone_code_and_details_open_an_account_and_sign_its_person_in(site: Site, browser: Browser) -> None:
    journey = begin(browser)
    assert location(prove(browser, journey)) == "/register/details"
    assert location(details(browser, journey, user_name="new_lamp")) == "/register/done"
    assert browser.get("/register/done").status_code == 200
    assert browser.signed_in
    assert accounts(site) == 2
    site.browser().sign_in("new_lamp")
    site.browser().sign_in(NEW)


def test_details_are_not_reached_before_the_code(site: Site, browser: Browser) -> None:
    journey = begin(browser)
    assert location(browser.get(f"/register/details?f={journey}")) == "/register/code"
    assert location(details(browser, journey)) == "/register/code"
    assert accounts(site) == 1


@pytest.mark.parametrize("path", ["/register/code", "/register/details"])
@pytest.mark.parametrize("query", ["", "?f=", "?f=flw_nobody"])
def test_a_step_without_its_journey_begins_again(browser: Browser, path: str, query: str) -> None:
    assert location(browser.get(path + query)) == "/register"
    assert location(browser.submit(path + query, {"code": "123456", "password": PASSWORD})) == "/register"


def test_a_code_step_done_is_not_done_again(browser: Browser) -> None:
    journey = begin(browser)
    code = browser.site.text_code()
    prove(browser, journey)
    again = browser.submit(f"/register/code?f={journey}", {"code": code})
    assert location(again) == "/register/details"


def test_another_browser_cannot_take_the_journey_over(site: Site, browser: Browser) -> None:
    journey, thief = begin(browser), site.browser()
    assert location(prove(thief, journey)) == "/register"
    assert location(prove(browser, journey)) == "/register/details"
    assert location(details(thief, journey)) == "/register"
    assert accounts(site) == 1


def test_the_code_of_one_journey_does_not_prove_the_phone_of_another(site: Site, browser: Browser) -> None:
    own = begin(browser, "13900006666")
    code = site.text_code()
    others = begin(browser, "13900007777")
    answer = browser.submit(f"/register/code?f={others}", {"code": code})
    assert answer.status_code == 422
    assert location(browser.get(f"/register/details?f={others}")) == "/register/code"
    assert location(browser.submit(f"/register/code?f={own}", {"code": code})) == "/register/details"


def test_a_journey_ends_with_its_account(site: Site, browser: Browser) -> None:
    journey = begin(browser)
    prove(browser, journey)
    details(browser, journey)
    assert location(browser.get(f"/register/details?f={journey}")) == "/register"
    assert location(details(browser, journey)) == "/register"
    assert accounts(site) == 2


def test_a_journey_ends_with_its_time(site: Site, browser: Browser) -> None:
    journey = begin(browser)
    prove(browser, journey)
    site.later = site.provider.settings.session.flow
    assert location(details(browser, journey)) == "/register"
    assert accounts(site) == 1


def test_who_shows_control_of_a_registered_phone_is_led_to_sign_in(site: Site, browser: Browser) -> None:
    journey = begin(browser, PHONE)
    answer = prove(browser, journey)
    assert location(answer) == "/signin"
    assert "done=phone_registered" in answer.headers["Location"]
    assert location(browser.get(f"/register/details?f={journey}")) == "/register"


def test_a_known_and_an_unknown_phone_get_the_same_answer(site: Site) -> None:
    def answer(phone: str) -> tuple[int, str, list[str]]:
        first = site.browser().submit("/register", {"phone": phone})
        return first.status_code, urlsplit(first.headers["Location"]).path, sorted(dict(first.headers))

    assert answer(PHONE) == answer(NEW)


def test_a_new_code_makes_the_one_before_useless(site: Site, browser: Browser) -> None:
    journey = begin(browser)
    first = site.text_code()
    assert location(browser.submit(f"/register/code?f={journey}", {"resend": "yes"})) == "/register/code"
    second = site.text_code()
    if first != second:
        assert browser.submit(f"/register/code?f={journey}", {"code": first}).status_code == 422
    assert location(browser.submit(f"/register/code?f={journey}", {"code": second})) == "/register/details"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("password", "short1"),
        ("password", f"x{NEW}x"),
        ("password", ""),
        ("user_name", "1x"),
        ("user_name", NAME),
        ("user_name", "h12345678"),
        ("user_name", "e12345678"),
        ("agreements", ""),
        ("agreement_versions", "user:1999-01-01"),
    ],
)
def test_details_that_do_not_do_open_no_account_and_leave_the_step_open(
    site: Site, browser: Browser, field: str, value: str
) -> None:
    journey = begin(browser)
    prove(browser, journey)
    refused = details(browser, journey, **{field: value})
    assert refused.status_code == 422
    assert PASSWORD not in refused.text
    assert accounts(site) == 1
    assert location(details(browser, journey)) == "/register/done"


def test_of_two_registrations_of_one_phone_the_second_finds_it_taken(site: Site, browser: Browser) -> None:
    other = site.browser()
    first = begin(browser)
    prove(browser, first)
    second = begin(other)
    prove(other, second)
    assert location(details(browser, first)) == "/register/done"
    answer = details(other, second)
    assert location(answer) == "/signin"
    assert not other.signed_in
    assert accounts(site) == 2


@pytest.mark.parametrize("phone", ["", "12345", "1381234000", "2" * 11, "phone"])
def test_what_is_no_mobile_number_gets_no_code(site: Site, browser: Browser, phone: str) -> None:
    assert browser.submit("/register", {"phone": phone}).status_code == 422
    assert site.outbox() == []


def test_agreements_of_the_past_can_be_read_and_others_cannot(browser: Browser) -> None:
    assert browser.get("/agreements/privacy/2026-11-01").status_code == 200
    assert browser.get("/agreements/privacy/1999-01-01").status_code == 404
    assert browser.get("/agreements/other/2026-11-01").status_code == 404


# -- numbers of accounts that nobody has used for long (trust 7)


def idle(site: Site) -> None:
    site.later = 91 * 86400


def test_who_has_the_number_of_an_idle_account_may_register_and_is_told_first(site: Site, browser: Browser) -> None:
    old = site.party()
    idle(site)
    journey = begin(browser, PHONE)
    assert location(prove(browser, journey)) == "/register/details"
    assert 'href="/signin"' in browser.get(f"/register/details?f={journey}").text
    assert location(details(browser, journey)) == "/register/done"
    assert browser.signed_in
    assert site.party() != old
    assert site.one("SELECT kind FROM party_event WHERE party_id = :p", p=old) == "identifier-recycled"
    kept = site.browser().sign_in(NAME)
    assert site.one("SELECT party_id FROM session WHERE party_id = :p", p=old) == old
    assert 'href="/account/phone"' in kept.get("/account").text


def test_an_account_that_is_used_again_meanwhile_keeps_its_number(site: Site, browser: Browser) -> None:
    old = site.party()
    idle(site)
    journey = begin(browser, PHONE)
    prove(browser, journey)
    site.browser().sign_in()
    assert details(browser, journey).status_code == 409
    assert (site.party(), accounts(site)) == (old, 1)
    assert not browser.signed_in


def test_of_two_who_register_the_number_of_an_idle_account_one_gets_it(site: Site, browser: Browser) -> None:
    idle(site)
    other = site.browser()
    first, second = begin(browser, PHONE), ""
    prove(browser, first)
    second = begin(other, PHONE)
    prove(other, second)
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda one: details(*one).status_code, [(browser, first), (other, second)]))
    assert sorted(done) == [303, 409]
    assert [one.signed_in for one in (browser, other)].count(True) == 1
    assert accounts(site) == 2
    assert site.one("SELECT COUNT(*) FROM party_event") == 1


def test_an_account_used_lately_is_not_replaced(site: Site, browser: Browser) -> None:
    site.later = 89 * 86400
    answer = prove(browser, begin(browser, PHONE))
    assert location(answer) == "/signin"
    assert accounts(site) == 1
