"""Over HTTP: when digits are asked for, and that nothing is sent, compared or counted without them."""

import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from werkzeug.test import TestResponse

from idp.captcha.rules import RENDERINGS
from tests.captcha.conftest import Asked, asked, key_in
from tests.captcha.test_rendering import samples
from tests.provider import PASSWORD, PHONE, Browser, Site
from tests.web.reading import token_in

NEW, UNKNOWN = "13900005555", "13900008888"
WRONG = "Mistaken9Lamp"
SENDING = [("/register", "phone"), ("/signin/code", "identifier")]
sending = pytest.mark.parametrize(("path", "field"), SENDING)


def path_of(answer: TestResponse) -> str:
    assert answer.status_code == 303, answer.text
    return urlsplit(answer.headers["Location"]).path


def order(browser: Browser, path: str, field: str, phone: str = PHONE) -> TestResponse:
    """A text message by somebody who reads the digits."""
    return browser.submit(path, {field: phone} | asked(browser, path).right)


def fail(browser: Browser, times: int, who: str = PHONE) -> TestResponse:
    for _ in range(times):
        answer = browser.submit("/signin", {"identifier": who, "password": WRONG})
        assert answer.status_code == 422
    return answer


@pytest.fixture
def suspected(site: Site) -> Browser:
    """A browser at an address from which three sign-ins have failed."""
    browser = site.browser()
    fail(browser, 3, UNKNOWN)
    return browser


def elsewhere(site: Site) -> Browser:
    browser = site.browser()
    browser.client.environ_base["REMOTE_ADDR"] = "10.1.2.3"
    return browser


# -- before a text message


@sending
def test_no_message_leaves_without_the_right_digits(site: Site, browser: Browser, path: str, field: str) -> None:
    page = browser.submit(path, {field: NEW})
    assert (page.status_code, site.outbox()) == (422, [])
    assert "Enter the digits" in page.text
    for _ in range(2):
        page = browser.submit(path, {field: NEW} | asked(browser, page).wrong)
        assert (page.status_code, site.outbox()) == (422, [])
        assert f'value="{NEW}"' in page.text
        assert "not right or have expired" in page.text
    assert path_of(browser.submit(path, {field: NEW} | asked(browser, page).right)).startswith(path)
    assert len(site.outbox()) == 1


@sending
def test_known_and_unknown_numbers_are_asked_alike(site: Site, path: str, field: str) -> None:
    def seen(phone: str) -> list[tuple[int, str]]:
        browser = site.browser()
        without = browser.submit(path, {field: phone})
        wrong = browser.submit(path, {field: phone} | asked(browser, without).wrong)
        sent = browser.submit(path, {field: phone} | asked(browser, wrong).right)
        pages = [(answer.status_code, without_tokens(answer.text).replace(phone, "")) for answer in (without, wrong)]
        return [*pages, (sent.status_code, path_of(sent))]

    assert seen(PHONE) == seen(UNKNOWN)


def without_tokens(page: str) -> str:
    return re.sub(r"cap_\w+|csrf_token\" value=\"[^\"]+|[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", "", page)


@sending
def test_digits_are_read_however_they_are_typed(browser: Browser, path: str, field: str) -> None:
    found = asked(browser, path)
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in found.digits)
    typed = f" {wide[:2]}\u3000{wide[2:]} "
    assert path_of(browser.submit(path, {field: NEW} | found.right | {"captcha": typed})).startswith(path)


def test_an_answer_counts_once(site: Site, browser: Browser) -> None:
    found = asked(browser, "/register")
    assert path_of(browser.submit("/register", {"phone": NEW} | found.right)) == "/register/code"
    assert browser.submit("/register", {"phone": UNKNOWN} | found.right).status_code == 422
    assert len(site.outbox()) == 1


def test_a_wrong_answer_uses_the_digits_up(site: Site, browser: Browser) -> None:
    found = asked(browser, "/register")
    assert browser.submit("/register", {"phone": NEW} | found.wrong).status_code == 422
    assert browser.submit("/register", {"phone": NEW} | found.right).status_code == 422
    assert site.outbox() == []


def test_of_two_answers_at_once_one_sends(site: Site, browser: Browser) -> None:
    for _ in range(5):
        page = browser.get("/register")
        form = {"phone": NEW, "csrf_token": token_in(page.text)} | asked(browser, page).right
        twins = [site.browser() for _ in range(2)]
        for twin in twins:
            for name in ("tb_browser", "tb_csrf"):
                cookie = browser.client.get_cookie(name)
                assert cookie is not None
                twin.client.set_cookie(name, cookie.value)
        before = len(site.outbox())
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda twin, sent=form: twin.client.post("/register", data=sent), twins))
        assert sorted(answer.status_code for answer in answers) == [303, 422]
        assert len(site.outbox()) == before + 1


def test_the_digits_of_another_browser_are_of_no_use(site: Site, browser: Browser) -> None:
    found = asked(browser, "/register")
    thief = site.browser()
    assert thief.submit("/register", {"phone": NEW} | found.right).status_code == 422
    assert thief.get(f"/captcha/{found.key}/digits.png").status_code == 404
    assert thief.get(f"/captcha/{found.key}/digits.en.wav").status_code == 404
    assert path_of(browser.submit("/register", {"phone": NEW} | found.right)) == "/register/code"


def test_digits_whose_time_is_over_are_refused(site: Site, browser: Browser) -> None:
    found = asked(browser, "/register")
    site.provider.store.delete("captcha", found.key)
    page = browser.submit("/register", {"phone": NEW} | found.right)
    assert page.status_code == 422
    assert "expired" in page.text
    assert key_in(page) not in (None, found.key)
    assert site.outbox() == []


@pytest.mark.parametrize("phone", ["", "010-12", NEW])
@sending
def test_other_digits_are_shown_without_judging_or_losing_what_was_typed(
    site: Site, browser: Browser, path: str, field: str, phone: str
) -> None:
    found = asked(browser, path)
    page = browser.submit(path, {field: phone, "another": "yes"} | found.right)
    assert page.status_code == 200
    assert "error-summary" not in page.text
    assert f'value="{phone}"' in page.text
    assert key_in(page) not in (None, found.key)
    assert site.outbox() == []


def test_digits_outlive_another_fault_of_the_form_as_typed(browser: Browser) -> None:
    found = asked(browser, "/register")
    page = browser.submit("/register", {"phone": "010-12"} | found.right)
    assert page.status_code == 422
    assert (key_in(page), f'value="{found.digits}"' in page.text) == (found.key, True)
    assert path_of(browser.submit("/register", {"phone": NEW} | found.right)) == "/register/code"


@pytest.mark.parametrize("form", [{"captcha": "2" * 33}, {"captcha": "2\u202e"}, {"captcha_key": "x" * 65}])
def test_what_no_page_of_ours_sends_is_refused(site: Site, browser: Browser, form: dict[str, str]) -> None:
    found = asked(browser, "/register")
    assert browser.submit("/register", {"phone": NEW} | found.right | form).status_code == 422
    assert site.outbox() == []


@sending
def test_sending_again_needs_digits_of_its_own(site: Site, browser: Browser, path: str, field: str) -> None:
    page = order(browser, path, field).headers["Location"]
    first = site.text_code() if field == "phone" else None
    opened = browser.get(page)
    assert key_in(opened) is None
    link = re.search(r'href="([^"]*resend=yes[^"]*)"', opened.text)
    assert link
    again = browser.get(link[1].replace("&amp;", "&"))
    assert again.status_code == 200
    for form in ({}, asked(browser, again).wrong):
        refused = browser.submit(page, {"resend": "yes"} | form)
        assert (refused.status_code, len(site.outbox())) == (422, 1)
        assert "Send the code again" in refused.text
    more = browser.submit(page, {"resend": "yes", "another": "yes"} | asked(browser, refused).right)
    assert (more.status_code, len(site.outbox())) == (200, 1)
    sent = browser.submit(page, {"resend": "yes"} | asked(browser, more).right)
    assert "done=code_sent" in sent.headers["Location"]
    assert len(site.outbox()) == 2
    answer = browser.submit(sent.headers["Location"], {"code": site.text_code()})
    assert path_of(answer) == ("/account" if first is None else "/signin"), "the person has an account already"


def test_who_is_signed_in_is_asked_for_none(site: Site, signed_in: Browser) -> None:
    for path, field in SENDING:
        assert key_in(signed_in.get(path)) is None
        assert path_of(signed_in.submit(path, {field: NEW})).startswith(path)
    page = signed_in.submit("/signin/confirm")
    assert path_of(page) == "/signin/confirm"
    again = signed_in.submit(page.headers["Location"], {"resend": "yes"})
    assert path_of(signed_in.submit(again.headers["Location"], {"code": site.text_code()})) == "/account"


# -- after failures from an address


@pytest.mark.parametrize("who", [PHONE, UNKNOWN, "nobody_here", "no~identifier~at~all"])
def test_after_the_third_failure_and_no_earlier_digits_are_asked_for(site: Site, who: str) -> None:
    browser = site.browser()
    assert key_in(browser.get("/signin")) is None
    assert [key_in(fail(browser, 1, who)) is None for _ in range(3)] == [True, True, False]
    assert key_in(browser.get("/signin")) is not None
    assert key_in(elsewhere(site).get("/signin")) is None, "another address"


def attempts(site: Site) -> list[int]:
    """Whatever counts an attempt at somebody's password or code."""
    counted = "SELECT COUNT(*) FROM audit_event WHERE event LIKE 'person:password%' OR event LIKE 'person:sms_code%'"
    return [int(site.one(counted)), int(site.one("SELECT COALESCE(SUM(answers), 0) FROM sms_challenge"))]


@pytest.mark.parametrize("who", [PHONE, UNKNOWN])
@pytest.mark.parametrize("password", [PASSWORD, WRONG])
def test_without_the_right_digits_no_password_is_looked_at_nor_counted(
    site: Site, suspected: Browser, monkeypatch: pytest.MonkeyPatch, who: str, password: str
) -> None:
    monkeypatch.setattr(site.provider.passwords, "verify", lambda **_: pytest.fail("it was looked at"))
    before = attempts(site)
    form = {"identifier": who, "password": password}
    page = suspected.submit("/signin", form)
    assert page.status_code == 422
    assert f'value="{who}"' in page.text
    page = suspected.submit("/signin", form | asked(suspected, page).wrong)
    assert page.status_code == 422
    assert f'value="{who}"' in page.text
    assert attempts(site) == before


def test_with_the_right_digits_everything_goes_on_as_usual(site: Site, suspected: Browser) -> None:
    form = {"identifier": PHONE, "password": WRONG}
    page = suspected.submit("/signin", form | asked(suspected, "/signin").right)
    assert "not right" in page.text
    right = asked(suspected, page).right
    assert path_of(suspected.submit("/signin", form | right | {"password": PASSWORD})) == "/account"
    assert suspected.signed_in


def test_an_unknown_account_reads_the_same_with_digits_as_well(site: Site, suspected: Browser) -> None:
    def seen(who: str, **form: str) -> tuple[int, str]:
        page = suspected.submit("/signin", {"identifier": who, "password": WRONG} | form)
        return page.status_code, without_tokens(page.text).replace(who, "")

    assert seen(PHONE) == seen(UNKNOWN)
    for answer in ("wrong", "right"):
        pages = [seen(who, **getattr(asked(suspected, "/signin"), answer)) for who in (PHONE, UNKNOWN)]
        assert pages[0] == pages[1]


def test_the_digits_stay_when_the_password_is_missing(suspected: Browser) -> None:
    found = asked(suspected, "/signin")
    page = suspected.submit("/signin", {"identifier": PHONE, "password": ""} | found.right)
    assert (page.status_code, key_in(page)) == (422, found.key)
    assert (
        path_of(suspected.submit("/signin", {"identifier": PHONE, "password": PASSWORD} | found.right)) == "/account"
    )


@sending
def test_without_the_right_digits_no_code_is_looked_at_nor_counted(site: Site, path: str, field: str) -> None:
    browser = site.browser()
    page = order(browser, path, field, PHONE if field == "identifier" else NEW).headers["Location"]
    code = site.text_code()
    fail(browser, 3, UNKNOWN)
    before = attempts(site)
    shown = browser.submit(page, {"code": code})
    assert shown.status_code == 422
    shown = browser.submit(page, {"code": code} | asked(browser, shown).wrong)
    assert (shown.status_code, attempts(site)) == (422, before)
    assert browser.submit(page, {"code": code} | asked(browser, shown).right).status_code == 303


def test_wrong_codes_are_failures_of_the_address(site: Site, browser: Browser) -> None:
    page = order(browser, "/signin/code", "identifier").headers["Location"]
    wrong = "000000" if site.text_code() != "000000" else "111111"
    seen = [key_in(browser.submit(page, {"code": wrong})) is None for _ in range(3)]
    assert seen == [True, True, False]
    assert key_in(browser.get("/signin")) is not None


def test_digits_do_not_replace_the_limit_on_attempts(site: Site, suspected: Browser) -> None:
    for _ in range(10):
        form = {"identifier": PHONE, "password": WRONG} | asked(suspected, "/signin").right
        assert suspected.submit("/signin", form).status_code == 422
    form = {"identifier": PHONE, "password": PASSWORD} | asked(suspected, "/signin").right
    assert "too many wrong passwords" in suspected.submit("/signin", form).text


# -- picture and sound


@pytest.fixture
def found(browser: Browser) -> Asked:
    return asked(browser, "/register")


def test_picture_and_sound_are_for_this_page_alone(browser: Browser, found: Asked) -> None:
    page = browser.get("/register")
    assert "media-src 'self'" in page.headers["Content-Security-Policy"]
    assert "media-src" not in browser.get("/signin").headers["Content-Security-Policy"]
    for address in re.findall(r'src="(/captcha/[^"]+)"', page.text):
        answer = browser.get(address)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.mimetype == ("image/png" if address.endswith("png") else "audio/wav")
        assert int(answer.headers["Content-Length"]) == len(answer.data)


@pytest.mark.parametrize(("lang", "voice"), [("zh", "zh"), ("en", "en")])
def test_the_sound_speaks_the_language_of_the_page(browser: Browser, lang: str, voice: str) -> None:
    page = browser.get(f"/register?lang={lang}").text
    assert f"digits.{voice}.wav" in page
    assert "autoplay" not in page
    assert 'preload="none"' in page


def test_a_sound_may_be_asked_for_in_parts_that_fit(browser: Browser, found: Asked) -> None:
    address = f"/captcha/{found.key}/digits.zh.wav"
    whole = browser.get(address).data
    assert samples(whole)
    part = browser.client.get(address, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.data) == (206, whole[100:200])
    assert browser.client.get(address, headers={"Range": "bytes=9999999-"}).status_code == 416


def test_a_challenge_is_rendered_a_dozen_times_and_another_one_again(browser: Browser, found: Asked) -> None:
    addresses = [f"/captcha/{found.key}/digits.{kind}" for kind in ("png", "en.wav", "zh.wav")]
    states = [browser.get(addresses[number % 3]).status_code for number in range(RENDERINGS + 3)]
    assert states == [200] * RENDERINGS + [429] * 3
    assert browser.get(f"/captcha/{asked(browser, '/register').key}/digits.png").status_code == 200
    assert path_of(browser.submit("/register", {"phone": NEW} | found.right)) == "/register/code", "still good"


def test_used_up_or_unknown_digits_are_not_rendered(browser: Browser, found: Asked) -> None:
    for address in (
        f"/captcha/{found.key}/digits.fr.wav",
        "/captcha/cap_nobody/digits.png",
        "/captcha/x/digits.en.wav",
    ):
        assert browser.get(address).status_code == 404
    browser.submit("/register", {"phone": NEW} | found.wrong)
    assert browser.get(f"/captcha/{found.key}/digits.png").status_code == 404


def test_what_becomes_of_challenges_is_counted(site: Site, browser: Browser) -> None:
    def counted() -> dict[str, float]:
        page = site.http.get("/metrics").text
        return {
            found[1]: float(found[2]) for found in re.finditer(r'idp_captchas_total{outcome="(\w+)"} (\S+)', page)
        }

    before = counted()
    page = browser.submit("/register", {"phone": NEW} | asked(browser, "/register").wrong)
    browser.submit("/register", {"phone": NEW} | asked(browser, page).right)
    grown = {name: number - before.get(name, 0) for name, number in counted().items()}
    assert grown == {"shown": 2, "wrong": 1, "right": 1}
