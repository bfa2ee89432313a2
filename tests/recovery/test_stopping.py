"""Stopping over HTTP: who had the phone before ends every approval there is, and nobody guesses their code."""

import pytest
from werkzeug.test import TestResponse

from idp.accounts.rules import PartyStatus
from idp.recovery.rules import APPROVAL_LIFETIME
from idp.recovery.stopping import POLICY
from tests.console.test_people import trail
from tests.provider import PHONE, Browser, Site
from tests.recovery.last_way import (
    NEW_PASSWORD,
    NEW_PHONE,
    NUMBER,
    Office,
    ask_code,
    complete,
    file,
    gets_in,
    set_status,
    stop_code,
)
from tests.recovery.test_last_way import HOLD
from tests.selfservice.test_close import AFTER, ask, close, count
from tests.signin.factors import add_totp, prove_two

OTHER_PHONE = "13700003333"


def stop(site: Site, phone: str, code: str) -> TestResponse:
    return site.browser().submit("/recover/stop", {"phone": phone, "code": code})


def account(site: Site, party: str) -> str:
    return str(site.one("SELECT status FROM party WHERE id = :p", p=party))


def restore(site: Site, party: str) -> None:
    set_status(site, party, PartyStatus.SUSPENDED, PartyStatus.ACTIVE)


def is_approved(site: Site, reference: str) -> bool:
    """Whether the request's phone still gets a code."""
    before = len(site.outbox("sms"))
    ask_code(site.browser(), reference)
    return len(site.outbox("sms")) > before


@pytest.mark.parametrize("completed", [False, True])
def test_who_had_the_phone_stops_it_and_nobody_gets_in(
    site: Site, browser: Browser, party: str, office: Office, completed: bool
) -> None:
    reference = file(browser)
    office.approve(reference)
    code = stop_code(site)
    taken = site.browser()
    if completed:
        complete(browser, reference)
        taken.sign_in(NEW_PHONE, NEW_PASSWORD)
    stranger = site.browser()
    for form in ({"phone": NEW_PHONE, "code": code}, {"phone": PHONE, "code": "00000000"}, {"phone": PHONE}):
        assert stranger.submit("/recover/stop", form).status_code == 422
    assert stranger.submit("/recover/stop", {"phone": PHONE, "code": code}).status_code == 303
    assert stranger.submit("/recover/stop", {"phone": PHONE, "code": code}).status_code == 422
    assert site.one("SELECT status FROM party WHERE id = :p", p=party) == "suspended"
    assert not taken.signed_in
    assert not gets_in(site, NEW_PHONE, NEW_PASSWORD)
    before = len(site.outbox("sms"))
    ask_code(browser, reference)
    assert len(site.outbox("sms")) == before
    set_status(site, party, PartyStatus.SUSPENDED, PartyStatus.ACTIVE)  # lifted by operators: still no way in
    for known in (NEW_PHONE, NUMBER):
        assert not gets_in(site, known, NEW_PASSWORD)
    before = len(site.outbox("sms"))
    site.browser().submit("/signin/code", {"identifier": NEW_PHONE})
    assert len(site.outbox("sms")) == before
    again = file(browser)
    office.approve(again)
    complete(browser, again)
    site.browser().sign_in(NEW_PHONE, NEW_PASSWORD)


def test_a_stop_is_good_until_the_hold_is_over(site: Site, browser: Browser, party: str, office: Office) -> None:
    reference = file(browser)
    office.approve(reference)
    complete(browser, reference)
    site.later += APPROVAL_LIFETIME + HOLD + 60
    late = site.browser().submit("/recover/stop", {"phone": PHONE, "code": stop_code(site)})
    assert late.status_code == 422
    site.browser().sign_in(NEW_PHONE, NEW_PASSWORD)


def test_the_stop_outlives_a_second_approval(site: Site, browser: Browser, party: str, office: Office) -> None:
    first = file(browser)
    office.approve(first)
    code = stop_code(site)
    site.execute("UPDATE recovery_request SET keep_until = :soon", soon=site.now() + 300)
    second = file(site.browser(), phone=OTHER_PHONE)
    office.approve(second)
    assert stop_code(site) == code  # nobody is told another
    site.later += 600
    assert stop(site, PHONE, code).status_code == 303
    assert account(site, party) == "suspended"
    restore(site, party)
    assert not is_approved(site, second)
    assert stop(site, PHONE, code).status_code == 422


def test_stopping_what_was_completed_ends_what_was_approved_since(
    site: Site, browser: Browser, party: str, office: Office
) -> None:
    first = file(browser)
    office.approve(first)
    code = stop_code(site)
    complete(browser, first)
    second = file(site.browser(), phone=OTHER_PHONE)
    office.approve(second)
    theirs = stop_code(site)
    assert stop(site, PHONE, code).status_code == 303
    restore(site, party)
    assert not is_approved(site, second)
    assert stop(site, NEW_PHONE, theirs).status_code == 422
    assert account(site, party) == "active"


def test_an_account_about_to_close_is_kept_by_the_approval(
    site: Site, signed_in: Browser, party: str, office: Office
) -> None:
    ask(signed_in)
    assert count(site, "account_closing") == 1
    reference = file(site.browser())
    office.approve(reference)
    assert [row[2] for row in trail(site, "person:account:kept")] == [party]
    site.later += AFTER
    assert close(site) == 0


def test_an_account_that_the_other_one_wants_closed_is_kept_by_the_stop(
    site: Site, browser: Browser, party: str, office: Office
) -> None:
    reference = file(browser)
    office.approve(reference)
    complete(browser, reference)
    ask(site.browser().sign_in(NEW_PHONE, NEW_PASSWORD))
    assert count(site, "account_closing") == 1
    assert stop(site, PHONE, stop_code(site)).status_code == 303
    assert [row[2] for row in trail(site, "person:account:kept")] == [party]
    restore(site, party)
    site.later += AFTER
    assert close(site) == 0


def test_the_old_phone_is_told_in_its_persons_language_and_the_new_one_in_that_of_the_request(
    site: Site, browser: Browser, party: str, office: Office
) -> None:
    office.approve(file(browser))
    stop(site, PHONE, stop_code(site))
    told = {message["template"]: message["locale"] for message in site.outbox("sms")}
    assert told["recovery_approved"] == "en"
    assert told["recovery_notice"] == told["account_suspended"] == "zh"


def test_what_was_added_to_sign_in_by_meanwhile_goes_with_the_stop(
    site: Site, browser: Browser, party: str, office: Office
) -> None:
    reference = file(browser)
    office.approve(reference)
    complete(browser, reference)
    site.later += 73 * 3600
    add_totp(prove_two(site.browser().sign_in(NEW_PHONE, NEW_PASSWORD)))
    enrolled = "SELECT COUNT(*) FROM totp WHERE party_id = :party AND sealed IS NOT NULL"
    assert site.one(enrolled, party=party) == 1
    assert stop(site, PHONE, stop_code(site)).status_code == 303
    assert site.one(enrolled, party=party) == 0


def test_stop_codes_are_not_guessed_and_nobody_learns_whose_number_it_is(
    site: Site, browser: Browser, party: str, office: Office
) -> None:
    office.approve(file(browser))
    code = stop_code(site)
    wrong = f"{(int(code) + 1) % 10**8:08}"
    before: list[str] = []
    for phone in (PHONE, OTHER_PHONE):
        for _ in range(POLICY.limit):
            answer = stop(site, phone, wrong)
            assert (answer.status_code, "The phone or the digits are wrong" in answer.text) == (422, True), (
                answer.text
            )
        locked = stop(site, phone, code)
        assert (locked.status_code, "Too many wrong digits" in locked.text) == (422, True)
        before.append(account(site, party))
    assert before == ["active", "active"]
    site.later += POLICY.lock_steps[0]
    assert stop(site, PHONE, code).status_code == 303
    assert account(site, party) == "suspended"
