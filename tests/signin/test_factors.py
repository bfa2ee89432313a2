"""Passkeys, the authenticator app and recovery codes in sign-in and step-up, over HTTP."""

import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest

from idp.db import Statement
from tests.credentials.authenticator import Authenticator
from tests.provider import NAME, PASSWORD, PHONE, Browser, Site, add_person, answered, claims_of
from tests.signin.factors import (
    add_passkey,
    add_totp,
    asked_by,
    by_passkey,
    code_now,
    later,
    make_codes,
    path_of,
    prove_two,
    sent_to,
    wrong_code,
)

OTHER = "13898760002"
AAL2, AAL3 = "urn:tongban:aal:2", "urn:tongban:aal:3"


def demand(acr: str) -> str:
    return json.dumps({"id_token": {"acr": {"essential": True, "value": acr}}})


def identity(site: Site, code: str) -> dict[str, object]:
    claims: dict[str, object] = claims_of(site.exchange(code).get_json()["id_token"])
    return claims


@pytest.fixture
def device() -> Authenticator:
    return Authenticator()


@pytest.fixture
def owner(signed_in: Browser, device: Authenticator) -> Browser:
    """A browser whose person has a passkey on ``device``."""
    assert sent_to(add_passkey(prove_two(signed_in), device)).endswith("done=passkey_added")
    return signed_in


# -- signing in by passkey


def test_a_passkey_signs_in_without_a_name_at_the_highest_strength(
    site: Site, owner: Browser, device: Authenticator
) -> None:
    browser = site.browser()
    assert sent_to(by_passkey(browser, device)) == "/account"
    assert browser.signed_in
    claims = identity(site, browser.authorize(claims=demand(AAL3)))
    assert (claims["aal"], claims["acr"], claims["amr"]) == (3, AAL3, ["pop", "user", "mfa"])
    assert site.one("SELECT COUNT(*) FROM audit_event WHERE event = 'person:passkey:accepted'") == 1


def test_the_request_one_came_with_goes_on_after_a_passkey(site: Site, owner: Browser, device: Authenticator) -> None:
    browser = site.browser()
    page = sent_to(browser.ask())
    link = re.search(r'href="(/signin/passkey\?r=[^"]+)"', browser.get(page).text)
    assert link
    assert answered(browser.get(sent_to(by_passkey(browser, device, link[1]))))["code"]


def test_the_sign_in_page_runs_our_script_and_says_calmly_when_it_cannot(site: Site, browser: Browser) -> None:
    page = browser.get("/signin/passkey")
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "passkey-missing" in page.text
    assert re.search(r"<form[^>]* hidden>", page.text), "without script there is no button that does nothing"
    assert "script-src 'none'" in browser.get("/signin").headers["Content-Security-Policy"]


def test_a_passkey_that_nobody_registered_signs_nobody_in(site: Site, owner: Browser) -> None:
    stranger, browser = Authenticator(), site.browser()
    _, options = asked_by(owner.get("/account/methods/passkey"))
    stranger.create(options)
    refused = by_passkey(browser, stranger)
    assert refused.status_code == 422
    assert not browser.signed_in
    assert site.one("SELECT reason FROM audit_event WHERE event = 'person:passkey:refused'") == "passkey_refused"


def test_an_answer_is_of_no_use_in_another_browser_or_twice(
    site: Site, owner: Browser, device: Authenticator
) -> None:
    browser, thief = site.browser(), site.browser()
    key, options = asked_by(browser.get("/signin/passkey"))
    answer = {"key": key, "credential": device.get(options)}
    assert thief.submit("/signin/passkey", answer).status_code == 422
    assert not thief.signed_in
    assert path_of(browser.submit("/signin/passkey", answer)) == "/account"
    assert site.browser().submit("/signin/passkey", answer).status_code == 422


def test_a_copied_passkey_is_refused_and_recorded(site: Site, owner: Browser, device: Authenticator) -> None:
    by_passkey(site.browser(), device)
    device.held[0].count = 0
    browser = site.browser()
    assert by_passkey(browser, device).status_code == 422
    assert not browser.signed_in
    found = site.one(
        "SELECT subject FROM audit_event WHERE event = 'person:passkey:refused' AND reason = 'passkey_copied'"
    )
    assert found == site.party()


@pytest.mark.parametrize("form", [{}, {"key": "x"}, {"key": "x", "credential": "y"}, {"credential": "{}" * 4001}])
def test_an_empty_or_foreign_answer_is_refused(browser: Browser, form: dict[str, str]) -> None:
    assert browser.submit("/signin/passkey", form).status_code == 422


def test_a_passkey_lifts_the_lock_of_the_password(site: Site, owner: Browser, device: Authenticator) -> None:
    stranger = site.browser()
    for _ in range(10):
        stranger.submit("/signin", {"identifier": NAME, "password": "Mistaken9Lamp"})
    assert stranger.submit("/signin", {"identifier": PHONE, "password": PASSWORD}).status_code == 422
    by_passkey(site.browser(), device)
    site.browser().sign_in()


# -- a second factor


def confirm_page(browser: Browser, acr: str = AAL2) -> str:
    """Where an app that demands ``acr`` has the person sent."""
    page = sent_to(browser.ask(claims=demand(acr)))
    assert urlsplit(page).path == "/signin/confirm"
    return page


def test_an_app_that_demands_two_factors_is_satisfied_by_the_authenticator_app(
    site: Site, signed_in: Browser
) -> None:
    secret = add_totp(prove_two(signed_in))
    browser = site.browser().sign_in()
    page = confirm_page(browser)
    assert browser.submit(page, {"code": wrong_code(browser, secret)}).status_code == 422
    code = answered(browser.get(sent_to(browser.submit(page, {"code": code_now(browser, secret)}))))["code"]
    claims = identity(site, code)
    assert (claims["aal"], claims["amr"]) == (2, ["pwd", "otp", "mfa"])


def test_a_code_of_the_app_confirms_once_also_in_another_session(site: Site, signed_in: Browser) -> None:
    secret = add_totp(prove_two(signed_in))
    first, second = site.browser().sign_in(), site.browser().sign_in()
    code = code_now(first, secret)
    assert path_of(first.submit("/signin/confirm", {"code": code})) == "/account"
    again = second.submit("/signin/confirm", {"code": code})
    assert again.status_code == 422
    assert site.one("SELECT reason FROM audit_event WHERE event = 'person:totp:refused'") == "totp_used"
    later(second, 30)
    assert path_of(second.submit("/signin/confirm", {"code": code_now(second, secret)})) == "/account"


def test_ten_wrong_codes_lock_the_app_alone_and_the_person_is_told(site: Site, signed_in: Browser) -> None:
    secret = add_totp(prove_two(signed_in))
    browser = site.browser().sign_in()
    for _ in range(10):
        assert browser.submit("/signin/confirm", {"code": wrong_code(browser, secret)}).status_code == 422
    assert browser.submit("/signin/confirm", {"code": code_now(browser, secret)}).status_code == 422
    assert [message["template"] for message in site.outbox("sms")][-1] == "totp_locked"
    site.browser().sign_in()
    prove_two(browser)
    assert site.one("SELECT COUNT(*) FROM session WHERE methods = 'pwd sms'") == 2


def test_a_recovery_code_confirms_once_and_the_phone_is_told(site: Site, signed_in: Browser) -> None:
    codes = make_codes(prove_two(signed_in))
    assert len(codes) == 10
    browser = site.browser().sign_in()
    page = "/signin/confirm?by=recovery_code"
    assert browser.submit(page, {"recovery_code": ""}).status_code == 422
    assert browser.submit(page, {"recovery_code": "0000-0000-0000-0000"}).status_code == 422
    assert path_of(browser.submit(page, {"recovery_code": codes[0].lower()})) == "/account"
    assert [message["template"] for message in site.outbox("sms")][-1] == "recovery_code_used"
    claims = identity(site, browser.authorize())
    assert (claims["aal"], claims["amr"]) == (2, ["pwd", "recovery_code", "mfa"])
    assert site.browser().sign_in().submit(page, {"recovery_code": codes[0]}).status_code == 422
    assert "9" in signed_in.get("/account/methods").text


def test_the_page_offers_only_what_the_person_has_and_what_helps(site: Site, owner: Browser) -> None:
    add_totp(owner)
    make_codes(owner)

    def offered(browser: Browser, page: str) -> set[str]:
        text = browser.get(page).text
        return {query["by"][0] for link in re.findall(r'href="/signin/confirm\?([^"]+)"', text)
                if "by" in (query := parse_qs(link.replace("&amp;", "&")))}  # fmt: skip

    by_password = site.browser().sign_in()
    assert offered(by_password, confirm_page(by_password)) == {
        "otp",
        "sms",
        "recovery_code",
    }  # a passkey is asked for
    by_code = site.browser()
    page = sent_to(by_code.submit("/signin/code", {"identifier": PHONE}))
    by_code.submit(page, {"code": site.text_code()})
    assert offered(by_code, confirm_page(by_code)) == {"pwd"}, "what one holds is no second factor to what one holds"
    highest = confirm_page(by_password, AAL3)
    assert offered(by_password, highest) == set()
    assert "passkey-missing" in by_password.get(highest).text


def test_the_highest_strength_is_reached_by_a_passkey_in_the_same_session(
    site: Site, owner: Browser, device: Authenticator
) -> None:
    browser = site.browser().sign_in()
    page = confirm_page(browser, AAL3)
    assert browser.submit(page, {"code": "123456"}).status_code == 422
    code = answered(browser.get(sent_to(by_passkey(browser, device, page))))["code"]
    claims = identity(site, code)
    assert (claims["aal"], claims["amr"]) == (3, ["pwd", "pop", "user", "mfa"])


def test_who_has_no_passkey_cannot_reach_the_highest_strength(signed_in: Browser) -> None:
    answer = answered(signed_in.ask(claims=demand(AAL3)))
    assert answer["error"] == "unmet_authentication_requirements"


def test_a_passkey_of_somebody_else_confirms_nothing(site: Site, owner: Browser, device: Authenticator) -> None:
    add_person(site.provider, OTHER, "other_lamp")
    theirs = Authenticator()
    other = prove_two(site.browser().sign_in(OTHER))
    add_passkey(other, theirs)
    browser = site.browser().sign_in()
    page = confirm_page(browser, AAL3)
    key, options = asked_by(browser.get(page))
    credential = theirs.get(options, used=theirs.held[0])
    assert browser.submit(page, {"key": key, "credential": credential}).status_code == 422
    assert site.one("SELECT COUNT(*) FROM session WHERE methods = 'pwd pop'") == 0


def test_no_seed_and_no_code_is_kept_in_clear(site: Site, owner: Browser) -> None:
    secret, codes = add_totp(owner), make_codes(owner)
    with site.provider.database.autocommit() as tx:
        tx.all(Statement[None]("PRAGMA wal_checkpoint(TRUNCATE)", lambda *_: None))
    kept = b"".join(path.read_bytes() for path in site.directory.glob("*.db*"))
    for text in (secret, *codes, *(code.replace("-", "") for code in codes)):
        assert text.encode() not in kept
