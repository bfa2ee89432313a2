"""Phones are recycled (trust 7): a code to a phone that may be somebody else's opens no account of a known person."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.accounts.rules import Kind
from idp.db import Transaction
from idp.proofing.actions import add_evidence
from idp.proofing.rules import PhonePolicy
from idp.recovery.rules import Denied, Refusal, may_reset
from idp.signin import code_pages
from idp.signin.phones import release
from tests.provider import PASSWORD, PHONE, Browser, Site
from tests.recovery.test_journey import begin, choose, location, prove, recover

DAY = 86400
LIMIT = 90 * DAY
times = st.integers(0, 2**40)


def proofed(site: Site, level: int = 2) -> str:
    party = site.party()
    with site.provider.database.transaction() as tx:
        add_evidence(tx, party, kind="register", level=level, source="test", expires_at=None, now=site.now())
    return party


def sign_in_by_code(browser: Browser):
    asked = browser.submit("/signin/code", {"identifier": PHONE})
    return browser.submit(asked.headers["Location"], {"code": browser.site.text_code()})


@given(st.booleans(), times, times)
def test_a_code_alone_opens_what_was_used_lately_or_stands_for_nobody_known(
    proved: bool, last: int, later: int
) -> None:
    policy = PhonePolicy(recycled_after=LIMIT)
    opens = policy.sms_opens(proved=proved, last_active=last, now=last + later)
    assert opens == (not proved or later < LIMIT)
    assert opens or not policy.sms_opens(proved=proved, last_active=last, now=last + later + 1)


@given(st.booleans(), st.none() | times)
def test_a_password_is_reset_only_by_a_phone_that_opens_and_is_not_new(opens: bool, held: int | None) -> None:
    assert (may_reset(sms_opens=opens, held_until=held) is None) == (opens and held is None)


def test_another_way_is_said_before_a_hold() -> None:
    assert may_reset(sms_opens=False, held_until=5) == Denied(Refusal.ANOTHER_WAY)
    assert may_reset(sms_opens=True, held_until=5) == Denied(Refusal.HELD, until=5)


def test_a_code_alone_does_not_sign_in_to_an_idle_account_of_a_known_person(site: Site, browser: Browser) -> None:
    party = proofed(site)
    site.later = LIMIT + DAY
    refused = sign_in_by_code(browser)
    assert refused.status_code == 403
    assert 'href="/signin"' in refused.text
    assert not browser.signed_in
    refusal = "SELECT reason FROM audit_event WHERE subject = :p AND result = 'refused'"
    assert site.one(refusal, p=party) == "phone-idle"
    assert site.one("SELECT COUNT(*) FROM session") == 0


def test_a_code_alone_sets_no_password_for_an_idle_account_of_a_known_person(site: Site, browser: Browser) -> None:
    proofed(site)
    site.later = LIMIT + DAY
    journey = begin(browser)
    assert prove(browser, journey).status_code == 403
    assert choose(browser, journey).status_code == 400
    site.browser().sign_in()


def test_asking_and_wrong_answers_do_not_tell_that_an_account_is_idle(site: Site) -> None:
    def seen(browser: Browser) -> list[int]:
        asked = browser.submit("/signin/code", {"identifier": PHONE})
        wrong = "000000" if site.text_code() != "000000" else "111111"
        return [asked.status_code, browser.submit(asked.headers["Location"], {"code": wrong}).status_code]

    lively = seen(site.browser())
    proofed(site)
    site.later = LIMIT + DAY
    assert seen(site.browser()) == lively


def test_with_the_password_such_an_account_is_opened_and_is_no_longer_idle(site: Site, browser: Browser) -> None:
    proofed(site)
    site.later = LIMIT + DAY
    browser.sign_in()
    assert sign_in_by_code(site.browser()).status_code == 303
    recover(site.browser())


@pytest.mark.parametrize(("level", "later"), [(1, LIMIT + DAY), (2, LIMIT - DAY), (4, LIMIT - DAY)])
def test_others_are_opened_by_a_code_as_ever(site: Site, browser: Browser, level: int, later: int) -> None:
    if level > 1:
        proofed(site, level)
    site.later = later
    assert sign_in_by_code(browser).status_code == 303
    site.later = later + LIMIT - DAY  # having been there counts as use
    recover(site.browser())


def test_use_counts_from_the_last_of_all_sessions(site: Site, browser: Browser) -> None:
    proofed(site)
    browser.sign_in()
    site.later = 50 * DAY
    site.browser().sign_in(PHONE, PASSWORD)
    site.later = 120 * DAY
    assert sign_in_by_code(site.browser()).status_code == 303


def test_a_second_factor_by_code_is_not_concerned(site: Site, browser: Browser) -> None:
    proofed(site)
    site.later = LIMIT + DAY
    browser.sign_in()
    page = browser.submit("/signin/confirm").headers["Location"]
    assert location(browser.submit(page, {"code": site.text_code()})) == "/account"


def test_a_phone_that_leaves_the_account_while_it_is_waited_for_signs_nobody_in(
    site: Site, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an approved recovery or another account does that holds the account first."""
    whole = code_pages.hold

    def second(tx: Transaction, party_id: str) -> bool:
        held = site.provider.directory.own(tx, party_id, Kind.MOBILE)
        assert held
        assert release(tx, site.provider.directory, held, now=site.now())
        return whole(tx, party_id)

    monkeypatch.setattr(code_pages, "hold", second)
    refused = sign_in_by_code(browser)
    assert (refused.status_code, "expired" in refused.text) == (422, True)
    assert not browser.signed_in
    assert site.one("SELECT COUNT(*) FROM session") == 0
