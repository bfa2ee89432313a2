"""A text given out to be signed is answered once, where and for what it was given out; everything else is refused."""

import pytest

from idp.app import create_app
from tests.certificates.conftest import (
    BIND,
    NUMBER,
    ONE,
    SIGN_IN,
    answer,
    bound,
    challenge,
    send,
)
from tests.certificates.scripted import Scripted, sign
from tests.certificates.test_binding import owner, refusals
from tests.provider import Browser, Site, settings_at
from tests.registers import ScriptedRegisters
from tests.signin.factors import later, prove_two

__all__ = ["owner"]
OVER = "certificate_challenge_over"


@pytest.fixture
def opened(site: Site, owner: Browser) -> Browser:
    """A browser nobody is signed in with; the person's certificate is bound."""
    assert answer(owner, BIND).status_code == 303
    return site.browser()


def test_what_is_to_be_signed_says_for_what_where_and_until_when(
    site: Site, browser: Browser, verifier: Scripted
) -> None:
    key, text = challenge(browser, SIGN_IN)
    head, purpose, origin, named, nonce, expiry = text.split("\n")
    assert (head, purpose, origin, named) == ("tongban-certificate", "sign-in", "http://localhost:8000", key)
    assert len(nonce) == 43
    assert 118 <= int(expiry) - site.now() <= 120


def test_an_answer_is_good_once(site: Site, opened: Browser, verifier: Scripted) -> None:
    key, text = challenge(opened, SIGN_IN)
    assert send(opened, SIGN_IN, key, sign("mine", text)).status_code == 303
    assert send(opened, SIGN_IN, key, sign("mine", text)).status_code == 422
    assert refusals(site) == [OVER]


def test_an_answer_used_on_one_node_is_used_on_every_other(site: Site, opened: Browser, verifier: Scripted) -> None:
    key, text = challenge(opened, SIGN_IN)
    other = Site(create_app(settings_at(site.directory), ScriptedRegisters().ports))
    elsewhere = other.browser()
    for name in ("tb_browser", "tb_csrf"):
        cookie = opened.client.get_cookie(name)
        assert cookie is not None
        elsewhere.client.set_cookie(name, cookie.value)
    assert send(opened, SIGN_IN, key, sign("mine", text)).status_code == 303
    assert send(elsewhere, SIGN_IN, key, sign("mine", text)).status_code == 422
    assert refusals(site) == [OVER]
    other.close()


def test_another_browser_answers_nothing_and_uses_nothing_up(site: Site, opened: Browser, verifier: Scripted) -> None:
    key, text = challenge(opened, SIGN_IN)
    assert send(site.browser(), SIGN_IN, key, sign("mine", text)).status_code == 422
    assert refusals(site) == [OVER]
    assert verifier.asked == 1
    assert send(opened, SIGN_IN, key, sign("mine", text)).status_code == 303


def test_another_session_of_the_same_browser_answers_nothing(site: Site, owner: Browser) -> None:
    key, text = challenge(owner, BIND)
    owner.submit("/signout", {"confirm": "yes"})
    owner.sign_in(ONE)
    prove_two(owner)
    assert send(owner, BIND, key, sign("mine", text)).status_code == 422
    assert refusals(site) == [OVER]


def test_what_was_asked_for_one_purpose_answers_no_other(site: Site, owner: Browser) -> None:
    key, text = challenge(owner, SIGN_IN)
    assert send(owner, BIND, key, sign("mine", text)).status_code == 422
    key, text = challenge(owner, BIND)
    assert send(owner, SIGN_IN, key, sign("mine", text)).status_code == 422
    assert refusals(site) == [OVER, OVER]
    assert bound(site) == 0


def test_time_runs_out(site: Site, opened: Browser, verifier: Scripted) -> None:
    key, text = challenge(opened, SIGN_IN)
    later(opened, 121)
    assert send(opened, SIGN_IN, key, sign("mine", text)).status_code == 422
    assert refusals(site) == [OVER]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("http://localhost:8000", "http://localhost.example"),
        ("sign-in", "bind-person"),
        ("tongban-certificate", "tongban-text"),
    ],
)
def test_a_text_that_says_something_else_answers_nothing(
    site: Site, opened: Browser, verifier: Scripted, before: str, after: str
) -> None:
    """Another origin, another purpose, a document's text."""
    key, text = challenge(opened, SIGN_IN)
    assert send(opened, SIGN_IN, key, sign("mine", text.replace(before, after))).status_code == 422
    assert refusals(site) == ["answer_content"]
    assert not opened.signed_in


def test_a_certificate_without_its_key_opens_nothing(site: Site, opened: Browser, verifier: Scripted) -> None:
    key, _ = challenge(opened, SIGN_IN)
    assert send(opened, SIGN_IN, key, "public certificate").status_code == 422
    assert refusals(site) == ["answer_signature"]


@pytest.mark.parametrize("field", ["name", "number", "party_id", "uscc", "holder", "purpose"])
def test_whoever_says_whose_certificate_it_is_is_refused(
    site: Site, opened: Browser, verifier: Scripted, field: str
) -> None:
    key, text = challenge(opened, SIGN_IN)
    before = verifier.asked
    assert send(opened, SIGN_IN, key, sign("mine", text), **{field: NUMBER}).status_code == 400
    assert refusals(site) == ["answer_malformed"]
    assert NUMBER not in site.one("SELECT detail FROM audit_event WHERE event = 'person:certificate:refused'")
    assert verifier.asked == before


def test_an_empty_answer_is_asked_for_again(site: Site, opened: Browser) -> None:
    key, _ = challenge(opened, SIGN_IN)
    assert send(opened, SIGN_IN, key, "").status_code == 422
    assert refusals(site) == []


def test_a_browser_that_guesses_is_locked_before_anything_is_computed(
    site: Site, opened: Browser, verifier: Scripted
) -> None:
    for _ in range(10):
        key, _ = challenge(opened, SIGN_IN)
        send(opened, SIGN_IN, key, "nobody x")
    before = verifier.asked
    assert answer(opened, SIGN_IN).status_code == 422
    assert refusals(site)[-1] == "certificate_locked"
    assert verifier.asked == before
    assert answer(site.browser(), SIGN_IN).status_code == 303  # whose certificate it is is nobody's to lock


def test_the_certificate_stays_open_when_the_password_is_locked(
    site: Site, opened: Browser, verifier: Scripted
) -> None:
    stranger = site.browser()
    for _ in range(10):
        stranger.submit("/signin", {"identifier": ONE, "password": "Wrong4Lantern88"})
    assert answer(opened, SIGN_IN).status_code == 303
    assert site.one("SELECT COUNT(*) FROM audit_event WHERE event = 'person:password:unlocked'") == 1


def test_wrong_answers_of_somebody_signed_in_count_on_their_account(
    site: Site, verifier: Scripted, owner: Browser
) -> None:
    for _ in range(10):
        key, _ = challenge(owner, BIND)
        send(owner, BIND, key, "nobody x")
    again = prove_two(site.browser().sign_in(ONE))
    assert answer(again, BIND).status_code == 422
    assert refusals(site)[-1] == "certificate_locked"


def test_a_script_gets_another_text_and_reads_why_it_was_refused(
    site: Site, opened: Browser, verifier: Scripted
) -> None:
    json = {"Accept": "application/json"}
    asked = opened.client.get(SIGN_IN, headers=json).get_json()
    assert asked["text"].startswith("tongban-certificate\nsign-in\n")
    page = opened.get("/signin").text
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    form = {"csrf_token": token, "challenge": asked["challenge"]}
    refused = opened.client.post(SIGN_IN, data={**form, "signed_data": "nobody x"}, headers=json)
    assert refused.status_code == 422
    told = refused.get_json()
    assert told["message"]
    form["challenge"] = told["challenge"]
    form["signed_data"] = sign("mine", told["text"])
    done = opened.client.post(SIGN_IN, data=form, headers=json)
    assert (done.status_code, done.get_json()) == (200, {"location": "/account"})
    assert opened.client.post(SIGN_IN, data={"challenge": "x"}, headers=json).status_code == 400  # no token


def test_without_the_setting_there_is_no_such_page(site: Site) -> None:
    off = Site(create_app(settings_at(site.directory, certificates={"sign_in": False}), ScriptedRegisters().ports))
    assert off.browser().get(SIGN_IN).status_code == 404
    assert SIGN_IN not in off.browser().get("/signin").text
    off.close()


def test_without_an_issuer_nobody_is_led_to_bind_one(site: Site, signed_in: Browser) -> None:
    assert "/account/certificates" not in signed_in.get("/account/methods").text


def test_who_is_not_signed_in_binds_nothing(site: Site, browser: Browser, verifier: Scripted) -> None:
    assert browser.get(BIND).headers["Location"].startswith("/signin?next=")
