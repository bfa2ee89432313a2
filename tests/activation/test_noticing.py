"""Sign-in, registration and recovery notice that an account waits: for who has shown control of its phone."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from idp.accounts.rules import Mobile, OldFlag
from tests.activation.walking import ENTITY, NEW_PHONE, OLD_PHONE, WHO, Walker, add_old, location, path_of, templates
from tests.provider import Browser, Site, add_person
from tests.recovery.test_journey import trace as trace_recovery
from tests.registration.test_journey import details as fill_in


def ask_code(browser: Browser, phone: str) -> str:
    return location(browser.submit("/signin/code", {"identifier": phone}))


def test_a_code_at_sign_in_leads_to_the_activation(site: Site, browser: Browser) -> None:
    add_old(site)
    led = location(browser.submit(ask_code(browser, OLD_PHONE), {"code": site.text_code()}))
    assert path_of(led) == "/activate"
    assert "older platform waits" in browser.get(led).text
    assert not browser.signed_in
    assert path_of(location(Walker(browser).to_details(at=led).details())) == "/activate/done"


def test_without_the_code_nobody_is_told(site: Site, browser: Browser) -> None:
    add_old(site)
    waiting = browser.submit(ask_code(browser, OLD_PHONE), {"code": "000000"})
    unknown = site.browser()
    other = unknown.submit(ask_code(unknown, NEW_PHONE), {"code": "000000"})
    assert (waiting.status_code, other.status_code) == (422, 422)
    assert "older platform waits" not in waiting.text


def test_who_has_an_account_by_now_signs_in_as_ever(site: Site, browser: Browser) -> None:
    add_old(site)
    add_person(site.provider, OLD_PHONE, None)
    browser.submit(ask_code(browser, OLD_PHONE), {"code": site.text_code()})
    assert browser.signed_in


def test_a_code_at_recovery_leads_to_the_activation_also_when_it_was_sent_again(site: Site, browser: Browser) -> None:
    add_old(site)
    at = location(browser.submit("/recover", {"identifier": OLD_PHONE}))
    assert location(browser.submit(at, {"resend": "yes"})).startswith("/recover/code")
    assert templates(site, OLD_PHONE) == ["recover_code", "recover_code"]
    led = location(browser.submit(at, {"code": site.text_code()}))
    assert path_of(led) == "/activate"
    assert path_of(location(browser.get(at))) == "/recover"  # that journey is over


def test_who_registers_is_told_and_may_still_register(site: Site, browser: Browser) -> None:
    add_old(site)
    at = location(browser.submit("/register", {"phone": OLD_PHONE}))
    assert "waits to be activated" not in browser.get(at).text
    details = location(browser.submit(at, {"code": site.text_code()}))
    page = browser.get(details).text
    assert "waits to be activated" in page
    assert 'href="/activate"' in page
    journey = parse_qs(urlsplit(details).query)["f"][0]
    done = location(fill_in(browser, journey))
    assert 'href="/identity/raise"' in browser.get(done).text, "whoever registered all the same is led to join it"
    other = site.browser()
    at = location(other.submit("/register", {"phone": NEW_PHONE}))
    details = location(other.submit(at, {"code": site.text_code()}))
    assert "waits to be activated" not in other.get(details).text
    done = location(fill_in(other, parse_qs(urlsplit(details).query)["f"][0]))
    assert "older platform" not in other.get(done).text


@pytest.mark.parametrize("what", ["flagged", "entity", "nothing"])
def test_nobody_is_sent_a_code_for_what_cannot_be_activated(site: Site, browser: Browser, what: str) -> None:
    if what == "flagged":
        add_old(site, flag=OldFlag.CLOSED)
    if what == "entity":
        add_old(site, "leg_2", replace(ENTITY, mobile=Mobile(OLD_PHONE)))
    ask_code(browser, OLD_PHONE)
    browser.submit("/recover", {"identifier": OLD_PHONE})
    assert templates(site, OLD_PHONE) == []


def test_a_waiting_phone_and_an_unknown_one_run_the_same_statements_at_recovery(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_old(site)
    trace_recovery(site, NEW_PHONE, monkeypatch)
    unknown = trace_recovery(site, "13700009999", monkeypatch)
    assert trace_recovery(site, OLD_PHONE, monkeypatch) == unknown


def test_the_sign_in_page_and_the_recovery_lead_there(browser: Browser) -> None:
    for page in ("/signin", "/recover"):
        assert 'href="/activate"' in browser.get(page).text
    assert path_of(location(browser.submit("/activate", WHO))).startswith("/check/")
