"""The check of a bank card: what the bank must say, what it costs, what people learn of it, what is kept of it."""

import logging
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.accounts.documents import IdNumber
from idp.accounts.names import PersonName
from idp.proofing.cards import BankCard
from idp.proofing.checking import end_of
from idp.proofing.ports import (
    CardReason,
    CardRefused,
    Match,
    Mismatch,
    NotFound,
    Unavailable,
    UnavailableReason,
    Unusable,
    UnusableReason,
)
from tests.activation.walking import PERSON, add_old
from tests.proofing.conftest import Opened
from tests.provider import Browser, Site, add_person
from tests.registers import ScriptedRegisters

NAME, NUMBER = "欧阳清岚", "11010519491231002X"
CARD, PHONE = "6299990000100072", "13811112222"
FORM = {"name": NAME, "kind": "id_number", "number": NUMBER, "card": CARD, "phone": PHONE}
SECOND = "13812340002"
PAGE = "/identity/bank-card"


def knows(banks: ScriptedRegisters, answer: object, name: str = NAME, phone: str | None = PHONE) -> None:
    banks.cards[name, NUMBER, CARD, "+86" + phone if phone else None] = answer


def check(browser: Browser, **changes: str):
    return browser.submit(PAGE, FORM | changes)


def said(page: str) -> str:
    return page.partition("error-summary")[2].partition("</div>")[0]


def stored(site: Site) -> Iterable[str]:
    """Every value of every table, of the state store as well."""
    for file in ("idp.db", "state.db"):
        with closing(sqlite3.connect(site.directory / file)) as database:
            yield from database.iterdump()


def test_a_clear_yes_of_the_bank_makes_the_account_its_persons_own(opened: Opened, banks: ScriptedRegisters) -> None:
    site = opened()
    browser = site.browser().sign_in()
    knows(banks, Match(valid_to=None))
    answer = check(browser, card="６２９９ ９９００-0010 0072", phone="+86 138 1111 2222")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/account/profile?done=identity_checked_by_bank")
    assert "Your bank has confirmed" in browser.get(answer.headers["Location"]).text
    kept = "SELECT kind || ' ' || level || ' ' || source FROM evidence"
    assert site.one(kept) == "bank_card 2 bank-card"
    page = browser.get("/account/identity").text
    assert "Check of a bank card" in page
    assert "The bank of the card" in page
    assert site.browser().sign_in(NUMBER).signed_in


@pytest.mark.parametrize(
    "answer",
    [
        Mismatch(),
        NotFound(),
        *map(CardRefused, CardReason),
        Unavailable(UnavailableReason.TIMEOUT),
        Unavailable(UnavailableReason.ANSWER_SWAPPED),
        Unusable(UnusableReason.NOT_ENTITLED),
    ],
    ids=repr,
)
def test_any_other_answer_of_the_bank_proves_nothing(
    opened: Opened, banks: ScriptedRegisters, answer: object
) -> None:
    site = opened()
    knows(banks, answer)
    refused = check(site.browser().sign_in())
    assert refused.status_code == 422
    assert said(refused.text)
    assert site.one("SELECT COUNT(*) FROM evidence") == site.one("SELECT COUNT(*) FROM identity_document") == 0
    assert site.one("SELECT COUNT(*) FROM audit_event WHERE event = 'person:identity:refused'") == 1


def test_a_wrong_element_an_unknown_or_lost_card_and_another_account_read_the_same(
    opened: Opened, banks: ScriptedRegisters
) -> None:
    site = opened()
    add_person(site.provider, SECOND, None)
    knows(banks, Match(valid_to=None))
    assert check(site.browser().sign_in(SECOND)).status_code == 303
    browser = site.browser().sign_in()
    pages = [check(browser).text]
    for answer in (Mismatch(), NotFound(), CardRefused(CardReason.LOST)):
        knows(banks, answer)
        pages.append(check(browser).text)
    assert len(set(map(said, pages))) == 1
    assert "could not confirm" in said(pages[0])
    assert len({page.partition("<main")[2].partition("csrf_token")[0] for page in pages}) == 1
    assert site.one("SELECT COUNT(*) FROM evidence") == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"card": ""},
        {"card": "6299990000100073"},
        {"card": "62999900001"},
        {"card": "6" * 400},
        {"card": "six two"},
        {"phone": ""},
        {"phone": "12"},
        {"name": "欧阳2"},
        {"number": "1"},
        {"kind": "licence"},
    ],
)
def test_no_bank_is_asked_about_what_can_be_no_card(
    opened: Opened, banks: ScriptedRegisters, changes: dict[str, str]
) -> None:
    assert check(opened().browser().sign_in(), **changes).status_code == 422
    assert banks.asked == []


def test_with_three_elements_no_phone_is_asked_for(opened: Opened, banks: ScriptedRegisters) -> None:
    browser = opened(proofing={"bank_card_elements": 3}).browser().sign_in()
    assert 'name="phone"' not in browser.get(PAGE).text
    knows(banks, Match(valid_to=None), phone=None)
    assert check(browser, phone="not looked at").status_code == 303


def test_with_four_elements_the_banks_phone_has_to_agree(opened: Opened, banks: ScriptedRegisters) -> None:
    browser = opened().browser().sign_in()
    assert 'name="phone"' in browser.get(PAGE).text
    knows(banks, Match(valid_to=None), phone=None)
    knows(banks, Match(valid_to=None))
    assert check(browser, phone="13811112223").status_code == 422
    assert check(browser).status_code == 303


def test_tries_of_a_card_are_counted_apart_and_a_bank_that_is_away_costs_none(
    opened: Opened, banks: ScriptedRegisters
) -> None:
    site = opened()
    browser = site.browser().sign_in()
    knows(banks, Unavailable(UnavailableReason.TIMEOUT))
    for _ in range(7):
        assert "not counted" in said(check(browser).text)
    knows(banks, Mismatch())
    for _ in range(5):
        check(browser)
    asked = len(banks.asked)
    knows(banks, Match(valid_to=None))
    page = check(browser).text
    assert "Too many unsuccessful checks" in said(page)
    assert 'href="/identity/name"' in page
    assert len(banks.asked) == asked
    banks.people[NAME, NUMBER] = Match(valid_to=None)
    assert browser.submit("/identity/name", FORM).status_code == 303, "the other way is open"
    site.later = 86400 + 60
    site.execute("UPDATE evidence SET ended_at = 1")
    assert check(browser.sign_in()).status_code == 303


def test_who_used_up_the_tries_of_one_way_sees_the_others(opened: Opened, banks: ScriptedRegisters) -> None:
    browser = opened(limits={"identity": {"bank_card_daily": 1, "daily": 1}}).browser().sign_in()
    check(browser)
    page = browser.get("/identity/raise").text
    assert 'href="/identity/name"' in page
    assert f'href="{PAGE}"' not in page
    assert "Too many unsuccessful checks today" in page
    refused = browser.submit("/identity/name", FORM)
    assert f'href="{PAGE}"' not in refused.text, "where no try is left nobody is sent"
    assert "service counter" in refused.text


def test_a_bank_that_is_away_leaves_the_other_way(opened: Opened, banks: ScriptedRegisters) -> None:
    knows(banks, Unavailable(UnavailableReason.CIRCUIT_OPEN, 30))
    page = check(opened().browser().sign_in()).text
    assert 'href="/identity/name"' in page.partition("other-ways")[2]


def test_no_transaction_is_open_while_the_bank_thinks(opened: Opened, banks: ScriptedRegisters) -> None:
    site = opened()

    def answer(_question: object) -> Match:
        with site.provider.database.transaction() as tx:  # on SQLite there is one writer at a time
            site.provider.directory.set_profile(tx, site.party(), {}, now=site.now())
        return Match(valid_to=None)

    knows(banks, answer)
    assert check(site.browser().sign_in()).status_code == 303


def test_nothing_of_the_card_stands_anywhere_afterwards(
    opened: Opened, banks: ScriptedRegisters, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    site = opened()
    browser = site.browser().sign_in()
    knows(banks, Mismatch())
    refused = check(browser).text
    knows(banks, Match(valid_to=None))
    assert check(browser).status_code == 303
    everything = "\n".join((*stored(site), caplog.text, repr(banks.asked), refused))
    assert "identity_checked" not in everything
    assert "bank-card" in everything
    for digits in (CARD, CARD[-8:], CARD[:10], PHONE):
        assert digits not in everything.replace(f'value="{PHONE}"', ""), "typed back into the form, and nowhere else"


def test_a_bank_leaves_the_record_of_a_document_as_it_is(opened: Opened, banks: ScriptedRegisters) -> None:
    site = opened()
    browser = site.browser().sign_in()
    last = date.today() + timedelta(days=20)  # noqa: DTZ011
    banks.people[NAME, NUMBER] = Match(valid_to=last)
    assert browser.submit("/identity/name", FORM).status_code == 303
    knows(banks, Match(valid_to=None))
    assert check(browser).status_code == 303
    bank = "SELECT expires_at FROM evidence WHERE kind = 'bank_card'"
    assert site.one(bank) == site.one("SELECT valid_to FROM identity_document") == end_of(last)
    assert site.one("SELECT source FROM identity_document WHERE ended_at IS NULL") == "population-register"
    asked = len(banks.asked)
    site.later = 22 * 86400
    refused = check(browser.sign_in())
    assert "The document is no longer valid" in said(refused.text)
    assert len(banks.asked) == asked


def test_a_bank_vouches_for_nobody_else_in_an_account_that_is_somebodys(
    opened: Opened, banks: ScriptedRegisters
) -> None:
    site = opened()
    browser = site.browser().sign_in()
    banks.people[NAME, NUMBER] = Match(valid_to=date.today() + timedelta(days=20))  # noqa: DTZ011
    assert browser.submit("/identity/name", FORM).status_code == 303
    knows(banks, Match(valid_to=None), name="龚䶮")
    asked = len(banks.asked)
    assert check(browser, name="龚䶮").status_code == 422
    assert len(banks.asked) == asked


@pytest.mark.parametrize(
    "changes", [{"proofing": {"ways": ["name_number"]}}, {"province": "hubei"}], ids=["by setting", "by profile"]
)
def test_a_way_that_is_not_offered_is_closed(
    opened: Opened, banks: ScriptedRegisters, changes: dict[str, object]
) -> None:
    browser = opened(**changes).browser().sign_in()
    knows(banks, Match(valid_to=None))
    answer = check(browser)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/identity/raise")
    assert banks.asked == []


def test_without_a_switch_there_is_no_such_way(site: Site, signed_in: Browser) -> None:
    assert "bank_card" in site.provider.settings.proofing.ways
    assert signed_in.get(PAGE).headers["Location"] == "/identity/raise"
    assert PAGE not in signed_in.get("/identity/raise").text


# -- the number


def luhn(body: str) -> str:
    """``body`` and its check digit, by trying."""
    total = [sum(divmod(int(digit) * (2 - place % 2), 10)) for place, digit in enumerate(reversed(body))]
    return body + str(-sum(total) % 10)


@given(st.text("0123456789", min_size=11, max_size=18))
def test_a_number_with_its_check_digit_is_a_card_and_with_another_is_none(body: str) -> None:
    number = luhn(body)
    card = BankCard.parse(" ".join(number))
    assert card == BankCard(number)
    assert number not in f"{card} {card!r}"
    assert BankCard.parse(number[:-1] + str((int(number[-1]) + 1) % 10)) is None


@pytest.mark.parametrize("text", ["", "4111 1111 1111 1112", "0" * 11, "0" * 20, "4111111111111111x", "四一一一"])
def test_anything_else_is_no_card(text: str) -> None:
    assert BankCard.parse(text) is None


def test_every_spelling_is_one_card() -> None:
    for text in (
        "4111111111111111",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "４１１１１１１１１１１１１１１１",
    ):
        assert BankCard.parse(text) == BankCard("4111111111111111")


def test_knowing_somebodys_card_does_not_take_what_waits_for_its_person(
    opened: Opened, banks: ScriptedRegisters
) -> None:
    site = opened()
    add_old(site, told=replace(PERSON, name=PersonName(NAME), document=IdNumber(NUMBER)))
    knows(banks, Match(valid_to=None))
    assert check(site.browser().sign_in()).status_code == 422
    assert site.one("SELECT COUNT(*) FROM evidence") == site.one("SELECT COUNT(*) FROM identity_document") == 0
