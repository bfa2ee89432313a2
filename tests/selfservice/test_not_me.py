"""“This was not me”: everything ends, the password is off, and only a code to the phone brings a new one."""

import html
import re

import pytest

from idp.accounts.holds import place_hold
from idp.accounts.rules import Act
from idp.db import Statement
from tests.provider import NAME, PASSWORD, PHONE, Browser, Site, add_person
from tests.recovery.test_journey import recover, told
from tests.signin.factors import add_totp, prove_two

OTHER = "13898760002"
NEW = "Velvet3Anchor44"


def links(browser: Browser) -> list[str]:
    """Where the list of activity offers to disown a sign-in, newest first."""
    return re.findall(r'href="(/account/activity/not-me\?at=[^"]+)"', browser.get("/account/activity").text)


@pytest.fixture
def thief(site: Site) -> Browser:
    return site.browser().sign_in(NAME)


def disown(browser: Browser, said: str = "yes"):
    return browser.submit(links(browser)[0], {"confirm": said})


def by_code(browser: Browser, phone: str = PHONE) -> Browser:
    page = browser.submit("/signin/code", {"identifier": phone}).headers["Location"]
    assert browser.submit(page, {"code": browser.site.text_code()}).status_code == 303
    return browser


def test_the_page_says_what_will_happen_and_ends_nothing_yet(site: Site, thief: Browser, signed_in: Browser) -> None:
    page = signed_in.get(links(signed_in)[0])
    for said in ("Every device is signed out", "Every app signs you out", "password is off", "Your phone gets"):
        assert said in page.text
    assert signed_in.submit(links(signed_in)[0], {}).status_code == 200
    assert (thief.signed_in, signed_in.signed_in) == (True, True)


def test_every_session_and_grant_ends_offline_ones_too_and_the_phone_is_told(
    site: Site, thief: Browser, signed_in: Browser
) -> None:
    held = thief.tokens()
    done = disown(signed_in)
    assert done.headers["Location"] == "/signin/code?done=disowned"
    assert (thief.signed_in, signed_in.signed_in) == (False, False)
    assert site.userinfo(held["access_token"]).status_code == 401
    assert site.refresh(held["refresh_token"]).status_code == 400
    assert [notice["client_id"] for notice in site.outbox("logout")] == ["app"]
    assert [m["template"] for m in site.outbox("sms")] == ["signin_disowned"]
    detail = site.one("SELECT detail FROM audit_event WHERE event = 'person:session:disowned'")
    assert "ses_" in detail


def test_an_offline_grant_of_a_session_long_over_ends_as_well(site: Site, signed_in: Browser, thief: Browser) -> None:
    held = thief.tokens()
    with site.provider.database.transaction() as tx:
        tx.run(Statement("UPDATE authorization_grant SET offline = 1", int))
        tx.run(Statement("UPDATE session SET ended_at = 1 WHERE id IN (SELECT session_id FROM authorization_grant)",
                         int))  # fmt: skip
    assert site.refresh(held["refresh_token"]).status_code == 200
    disown(signed_in)
    assert site.one("SELECT COUNT(*) FROM authorization_grant WHERE revoked_at IS NULL") == 0


def test_the_right_password_then_leads_to_the_code_and_never_to_a_session(
    site: Site, thief: Browser, signed_in: Browser
) -> None:
    disown(signed_in)
    for who in (PHONE, NAME):
        browser = site.browser()
        answer = browser.submit("/signin", {"identifier": who, "password": PASSWORD})
        assert answer.headers["Location"] == "/signin/code?done=password_reset_required"
        assert "password is off" in browser.get(answer.headers["Location"]).text
        assert not browser.signed_in
    wrong = site.browser().submit("/signin", {"identifier": PHONE, "password": PASSWORD + "x"})
    unknown = site.browser().submit("/signin", {"identifier": OTHER, "password": PASSWORD})
    assert wrong.status_code == unknown.status_code == 422


def test_it_is_no_second_factor_either(site: Site, thief: Browser, signed_in: Browser) -> None:
    disown(signed_in)
    browser = by_code(site.browser())
    browser.submit("/signin/confirm?by=pwd", {"password": PASSWORD})
    assert site.one("SELECT methods FROM session WHERE ended_at IS NULL") == "sms"


def test_a_code_and_a_new_password_bring_the_account_back(site: Site, thief: Browser, signed_in: Browser) -> None:
    disown(signed_in)
    browser = by_code(site.browser())
    assert "Set a new password" in browser.get("/account").text
    assert "current_password" not in browser.get("/account/password").text
    assert browser.submit("/account/password", {"new_password": "short1"}).status_code == 422
    assert browser.submit("/account/password", {"new_password": f"x{PHONE}x"}).status_code == 422
    done = browser.submit("/account/password", {"new_password": NEW})
    assert done.headers["Location"] == "/account?done=password_changed"
    assert "Set a new password" not in browser.get("/account").text
    site.browser().sign_in(PHONE, NEW)
    assert site.browser().submit("/signin", {"identifier": PHONE, "password": PASSWORD}).status_code == 422
    assert "Current password" in browser.get("/account/password").text


def test_a_code_of_long_ago_sets_no_password(site: Site, thief: Browser, signed_in: Browser) -> None:
    disown(signed_in)
    browser = by_code(site.browser())
    site.later = 301
    asked = browser.submit("/account/password", {"new_password": NEW})
    assert asked.headers["Location"] == "/account/confirm?next=/account/password"
    assert site.one("SELECT reset_required_at FROM password") is not None


def test_ones_own_sign_in_now_and_what_is_none_are_not_offered(
    site: Site, thief: Browser, signed_in: Browser
) -> None:
    own = site.one("SELECT id FROM session WHERE ended_at IS NULL ORDER BY id DESC")
    entry = "SELECT at || '.' || chain || '.' || seq FROM audit_event WHERE session = :own AND event = :event"
    place = site.one(entry, own=own, event="person:session:begun")
    assert len(links(signed_in)) == 1
    assert place not in links(signed_in)[0]
    assert signed_in.submit(f"/account/activity/not-me?at={place}", {"confirm": "yes"}).headers["Location"] == (
        "/account/activity"
    )
    assert (thief.signed_in, signed_in.signed_in) == (True, True)


def test_a_sign_in_of_somebody_else_is_not_ones_to_disown(site: Site, signed_in: Browser, thief: Browser) -> None:
    add_person(site.provider, OTHER, None)
    other = site.browser().sign_in(OTHER)
    for address in (links(signed_in)[0], "/account/activity/not-me?at=1.x.1", "/account/activity/not-me?at=x"):
        assert other.get(address).headers["Location"] == "/account/activity"
        assert other.submit(address, {"confirm": "yes"}).headers["Location"] == "/account/activity"
    assert (thief.signed_in, signed_in.signed_in, other.signed_in) == (True, True, True)
    assert site.outbox("sms") == []


def test_what_was_added_since_the_disowned_sign_in_goes_with_it(
    site: Site, thief: Browser, signed_in: Browser
) -> None:
    with site.provider.database.transaction() as tx:
        site.provider.factors.recovery_codes.make(tx, party_id=site.party(), now=site.now())
    page = links(signed_in)[0]
    shown = signed_in.get(page).text
    assert ("must first confirm" in shown, 'value="all"' in shown) == (True, False)
    assert signed_in.submit(page, {"confirm": "all"}).status_code == 422  # one factor does not change methods
    assert (thief.signed_in, site.one("SELECT COUNT(*) FROM recovery_code") > 0) == (True, True)
    confirm = html.unescape(re.findall(r'href="(/signin/confirm[^"]+)"', shown)[0])
    sent = signed_in.submit(f"{confirm}&by=sms", {"send": "yes"}).headers["Location"]
    back = signed_in.submit(sent, {"code": site.text_code()}).headers["Location"]
    shown = signed_in.get(back).text
    assert ("are removed" in shown, 'value="all"' in shown) == (True, True)
    assert signed_in.submit(back, {"confirm": "all"}).headers["Location"] == "/signin/code?done=disowned"
    assert site.one("SELECT COUNT(*) FROM recovery_code") == 0
    assert site.one("SELECT COUNT(*) FROM audit_event WHERE event = 'person:factors:disowned'") == 1


@pytest.mark.parametrize("said", ["yes", "all"])
def test_a_phone_alone_is_not_rid_of_the_authenticator_by_disowning_an_older_sign_in(site: Site, said: str) -> None:
    owner = site.browser().sign_in()
    add_totp(prove_two(owner))
    recover(site.browser())
    phone = by_code(site.browser())
    phone.submit(links(phone)[-1], {"confirm": said})
    assert site.one("SELECT COUNT(*) FROM totp WHERE sealed IS NOT NULL") == 1
    if said == "yes":
        by_code(phone).submit("/account/password", {"new_password": NEW})
        browser = by_code(site.browser().sign_in(PHONE, NEW))
        assert told(browser)[0] == 1
        assert browser.get("/account/methods/passkey").headers["Location"] == "/account/methods?done=methods_held"


def test_a_phone_alone_adds_no_way_in_by_turning_the_password_off(
    site: Site, thief: Browser, signed_in: Browser
) -> None:
    disown(signed_in)
    browser = by_code(site.browser())
    assert browser.get("/account/methods/passkey").headers["Location"] == "/account/password"
    browser.submit("/account/password", {"new_password": NEW})
    browser = site.browser().sign_in(PHONE, NEW)
    page = browser.submit("/signin/confirm?by=sms", {"send": "yes"}).headers["Location"]
    assert browser.submit(page, {"code": site.text_code()}).status_code == 303
    assert browser.get("/account/methods/passkey").headers["Location"] == "/account/methods?done=methods_held"


def test_a_new_phone_sets_no_new_password_for_a_day(site: Site, thief: Browser, signed_in: Browser) -> None:
    disown(signed_in)
    browser = by_code(site.browser())
    with site.provider.database.transaction() as tx:
        place_hold(tx, site.party(), Act.RESET_PASSWORD, until=site.now() + 3600, now=site.now())
    assert browser.submit("/account/password", {"new_password": NEW}).status_code == 403
