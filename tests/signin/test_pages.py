"""Signing in by code, confirming, and signing out, page by page."""

import re
from urllib.parse import urlsplit

import pytest

from tests.provider import NAME, PASSWORD, PHONE, Browser, Site, add_person

UNKNOWN = "13900008888"


def sent_to(answer) -> str:
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def code_page(browser: Browser, phone: str = PHONE) -> str:
    return sent_to(browser.submit("/signin/code", {"identifier": phone}))


def test_a_code_signs_its_person_in(browser: Browser) -> None:
    page = code_page(browser, "+86 138 1234 0001")
    assert "****" in browser.get(page).text
    assert sent_to(browser.submit(page, {"code": browser.site.text_code()})) == "/account"
    assert browser.signed_in


def test_a_number_without_account_looks_the_same_and_gets_no_message(site: Site) -> None:
    pages = [code_page(site.browser(), phone) for phone in (PHONE, UNKNOWN)]
    assert urlsplit(pages[0]).path == urlsplit(pages[1]).path == "/signin/code/enter"
    assert len(site.outbox("sms")) == len(site.outbox("none")) == 1


def test_the_code_of_a_number_without_account_signs_nobody_in(site: Site, browser: Browser) -> None:
    page = code_page(browser, UNKNOWN)
    assert browser.submit(page, {"code": site.text_code()}).status_code == 422
    assert not browser.signed_in


@pytest.mark.parametrize("typed", ["", "12345", "harbour_lamp", "x" * 65])
def test_what_is_no_number_gets_no_code(site: Site, browser: Browser, typed: str) -> None:
    assert browser.submit("/signin/code", {"identifier": typed}).status_code == 422
    assert site.outbox() == []


def test_five_wrong_answers_end_a_code(site: Site, browser: Browser) -> None:
    page = code_page(browser)
    right = site.text_code()
    wrong = "000000" if right != "000000" else "111111"
    assert browser.submit(page, {"code": ""}).status_code == 422
    for _ in range(5):
        assert browser.submit(page, {"code": wrong}).status_code == 422
    assert browser.submit(page, {"code": right}).status_code in (400, 422)
    assert not browser.signed_in


def test_a_code_is_of_no_use_elsewhere_or_twice(site: Site, browser: Browser) -> None:
    page = code_page(browser)
    code = site.text_code()
    thief = site.browser()
    assert thief.submit(page, {"code": code}).status_code == 400
    assert sent_to(browser.submit(page, {"code": code})) == "/account"
    assert browser.submit(page, {"code": code}).status_code == 400
    assert sent_to(browser.get(page)).startswith("/signin/code?done=code_expired")


def test_a_new_code_replaces_the_one_before(site: Site, browser: Browser) -> None:
    page = code_page(browser)
    first = site.text_code()
    again = sent_to(browser.submit(page, {"resend": "yes"}))
    assert "done=code_sent" in again
    second = site.text_code()
    if first != second:
        assert browser.submit(again, {"code": first}).status_code == 422
    assert sent_to(browser.submit(again, {"code": second})) == "/account"


def test_a_code_lifts_the_lock_of_the_password(site: Site, browser: Browser) -> None:
    for _ in range(10):
        browser.submit("/signin", {"identifier": NAME, "password": "Mistaken9Lamp"})
    locked = browser.submit("/signin", {"identifier": PHONE, "password": PASSWORD})
    assert locked.status_code == 422
    assert [message["template"] for message in site.outbox("sms")] == ["password_locked"]
    page = code_page(browser)
    browser.submit(page, {"code": site.text_code()})
    site.browser().sign_in()


@pytest.mark.parametrize("identifier", [PHONE, UNKNOWN, NAME, "nobody_here", "no~identifier~at~all"])
def test_every_wrong_sign_in_reads_the_same(site: Site, identifier: str) -> None:
    def answer(who: str) -> tuple[int, str]:
        page = site.browser().submit("/signin", {"identifier": who, "password": "Mistaken9Lamp"})
        return page.status_code, re.sub(r'value="[^"]*"|[0-9A-Z]{4,}-?[0-9A-Z]*', "", page.text.replace(who, ""))

    assert answer(identifier) == answer("somebody_else")


@pytest.mark.parametrize("form", [{"identifier": "", "password": "x"}, {"identifier": PHONE, "password": ""}])
def test_an_empty_field_is_said_so(browser: Browser, form: dict[str, str]) -> None:
    assert browser.submit("/signin", form).status_code == 422


@pytest.mark.parametrize(
    ("wanted", "goes"),
    [("/account/apps", "/account/apps"), ("https://evil.example/", "/account"), ("//evil.example", "/account")],
)
def test_after_signing_in_one_returns_to_local_pages_only(browser: Browser, wanted: str, goes: str) -> None:
    answer = browser.submit(f"/signin?next={wanted}", {"identifier": PHONE, "password": PASSWORD})
    assert sent_to(answer) == goes


def test_somebody_else_signing_in_here_ends_the_session_before(site: Site, browser: Browser) -> None:
    browser.sign_in()
    first = site.one("SELECT id FROM session")
    add_person(site.provider, UNKNOWN, None)
    browser.sign_in(UNKNOWN)
    assert site.one("SELECT end_reason FROM session WHERE id = :id", id=first) == "replaced-by-sign-in"


def test_a_session_past_its_time_is_over_with_its_notices(site: Site, signed_in: Browser) -> None:
    signed_in.tokens()
    site.later = 3600
    assert not signed_in.signed_in
    assert site.one("SELECT end_reason FROM session") == "idle"
    assert [notice["client_id"] for notice in site.outbox("logout")] == ["app"]


# -- the second factor


def test_who_came_by_code_confirms_by_password(site: Site, browser: Browser) -> None:
    page = code_page(browser)
    browser.submit(page, {"code": site.text_code()})
    before = browser.client.get_cookie("tb_session")
    assert browser.get("/signin/confirm").status_code == 200
    assert browser.submit("/signin/confirm", {"password": ""}).status_code == 422
    assert browser.submit("/signin/confirm", {"password": "Mistaken9Lamp"}).status_code == 422
    assert sent_to(browser.submit("/signin/confirm", {"password": PASSWORD})) == "/account"
    after = browser.client.get_cookie("tb_session")
    assert before is not None
    assert after is not None
    assert before.value != after.value
    assert site.one("SELECT methods FROM session WHERE ended_at IS NULL") == "sms pwd"
    assert sent_to(browser.get("/signin/confirm")) == "/account"


def test_who_came_by_password_confirms_by_code(site: Site, signed_in: Browser) -> None:
    assert "****" in signed_in.get("/signin/confirm").text
    page = sent_to(signed_in.submit("/signin/confirm"))
    assert signed_in.submit(page, {"code": ""}).status_code == 422
    wrong = "000000" if site.text_code() != "000000" else "111111"
    assert signed_in.submit(page, {"code": wrong}).status_code == 422
    again = sent_to(signed_in.submit(page, {"resend": "yes"}))
    assert sent_to(signed_in.submit(again, {"code": site.text_code()})) == "/account"
    assert site.one("SELECT methods FROM session") == "pwd sms"


def test_a_sign_in_code_does_not_confirm(site: Site, signed_in: Browser) -> None:
    stranger = site.browser()
    page = code_page(stranger)
    challenge = page.partition("c=")[2].partition("&")[0]
    signed_in.submit(f"/signin/confirm?c={challenge}", {"code": site.text_code()})
    assert site.one("SELECT COUNT(*) FROM session WHERE methods = 'pwd sms'") == 0


# -- signing out


def test_signing_out_asks_lists_the_apps_and_ends_everything(site: Site, signed_in: Browser) -> None:
    tokens = signed_in.tokens()
    assert "app" in signed_in.get("/signout").text or "应用" in signed_in.get("/signout").text
    done = sent_to(signed_in.submit("/signout", {"confirm": "yes"}))
    assert done.startswith("/signed-out?k=")
    page = signed_in.get(done)
    assert "应用" in page.text
    assert "refresh" in str(page.headers).lower() + page.text.lower()
    paused = signed_in.get(done + "&pause=1")
    assert paused.status_code == 200
    assert "Refresh" not in paused.headers
    assert "应用" not in site.browser().get(done).text
    assert not signed_in.signed_in
    assert site.userinfo(tokens["access_token"]).status_code == 401


def test_without_a_session_there_is_nothing_to_sign_out_of(browser: Browser) -> None:
    assert browser.get("/signout").status_code == 200
    assert sent_to(browser.submit("/signout", {"confirm": "yes"})).startswith("/signed-out")
    assert browser.get("/signed-out").status_code == 200
    assert browser.get("/signed-out?k=unknown").status_code == 200


@pytest.mark.parametrize("path", ["/signin", "/signin/code", "/register"])
def test_a_head_is_a_get_without_content_and_sends_no_form(site: Site, path: str) -> None:
    browser = site.browser()
    shown = browser.get(path)
    answer = browser.client.head(path, data={"identifier": PHONE, "phone": PHONE, "password": PASSWORD})
    assert (answer.status_code, answer.data, shown.status_code) == (200, b"", 200)
    assert site.outbox() == []
    assert not browser.signed_in


def test_a_head_confirms_nothing(signed_in: Browser) -> None:
    for path in ("/account/sessions", "/account/password", "/signin/confirm", "/signout", "/consent"):
        answer = signed_in.client.head(path, data={"end_others": "yes", "decision": "allow", "send": "yes"})
        assert answer.data == b""
    assert signed_in.site.outbox() == []
    assert signed_in.signed_in
