"""The check of name and number: what the register must say, what it costs, what people learn of it."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from idp.accounts import closing
from idp.accounts.documents import IdNumber
from idp.accounts.names import PersonName
from idp.proofing.ports import Deceased, Match, Mismatch, NotFound, Unavailable, UnavailableReason, Unusable
from idp.proofing.ports import UnusableReason as Fault
from tests.activation.walking import PERSON, add_old
from tests.proofing.conftest import Opened
from tests.provider import Browser, Site, add_document, add_person, answered, claims_of
from tests.registers import ScriptedRegisters

NAME, NUMBER = "欧阳清岚", "11010519491231002X"
FORM = {"name": NAME, "kind": "id_number", "number": NUMBER}
SECOND = "13812340002"
LEVEL_2 = "urn:tongban:ial:2"


def knows(registers: ScriptedRegisters, answer: object, name: str = NAME, number: str = NUMBER) -> None:
    registers.people[name, number] = answer


def check(browser: Browser, address: str = "/identity/name", **changes: str):
    return browser.submit(address, FORM | changes)


def test_a_clear_yes_makes_the_account_its_persons_own(
    site: Site, signed_in: Browser, registers: ScriptedRegisters
) -> None:
    knows(registers, Match(valid_to=None))
    answer = check(signed_in, name=" 欧阳 清岚 ", number="１１０１０５ 19491231-002x")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/account/profile?done=identity_checked")
    page = signed_in.get("/account/profile").text
    assert "***岚" in page
    assert NUMBER not in page
    assert site.browser().sign_in(NUMBER).signed_in


@pytest.mark.parametrize(
    "answer",
    [
        Mismatch(),
        NotFound(),
        Deceased(),
        Unavailable(UnavailableReason.TIMEOUT),
        Unavailable(UnavailableReason.ANSWER_SWAPPED),
        Unusable(Fault.NOT_ENTITLED),
        Match(valid_to=date(2020, 1, 1)),
    ],
    ids=lambda answer: type(answer).__name__,
)
def test_anything_else_proves_nothing(
    site: Site, signed_in: Browser, registers: ScriptedRegisters, answer: object
) -> None:
    knows(registers, answer)
    refused = check(signed_in)
    assert refused.status_code == 422
    assert "error-summary" in refused.text
    assert site.one("SELECT COUNT(*) FROM evidence") == site.one("SELECT COUNT(*) FROM identity_document") == 0


def test_wrong_name_unknown_number_death_and_another_account_read_the_same(
    site: Site, signed_in: Browser, registers: ScriptedRegisters
) -> None:
    add_person(site.provider, SECOND, None)
    knows(registers, Match(valid_to=None))
    check(site.browser().sign_in(SECOND))
    pages = [check(signed_in).text]
    for answer in (Mismatch(), NotFound(), Deceased()):
        knows(registers, answer)
        pages.append(check(signed_in).text)
    assert len({page.partition("error-summary")[2].partition("</div>")[0] for page in pages}) == 1
    assert site.one("SELECT COUNT(*) FROM evidence") == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": "欧阳2"},
        {"number": ""},
        {"number": "110105194912310021"},
        {"number": "1" * 400},
        {"kind": "passport", "number": "??"},
        {"kind": "licence"},
        {"kind": ""},
    ],
)
def test_what_can_be_nobody_is_not_asked_about(
    signed_in: Browser, registers: ScriptedRegisters, changes: dict[str, str]
) -> None:
    assert check(signed_in, **changes).status_code == 422
    assert registers.asked == []


def test_five_unsuccessful_checks_a_day_and_none_for_a_register_that_is_away(
    site: Site, signed_in: Browser, registers: ScriptedRegisters
) -> None:
    knows(registers, Unavailable(UnavailableReason.TIMEOUT))
    for _ in range(7):
        assert "not counted" in check(signed_in).text
    knows(registers, Mismatch())
    for _ in range(5):
        check(signed_in)
    asked = len(registers.asked)
    knows(registers, Match(valid_to=None))
    assert "Too many unsuccessful checks" in check(signed_in).text
    assert len(registers.asked) == asked
    site.later = 86400 + 60
    assert check(signed_in.sign_in()).status_code == 303


@pytest.mark.parametrize(
    ("address", "more"),
    [("/identity/name", {}), ("/identity/bank-card", {"card": "6299990000100072", "phone": "13811112222"})],
    ids=["name", "bank card"],
)
def test_many_accounts_do_not_guess_at_one_document_for_ever(
    opened: Opened, banks: ScriptedRegisters, address: str, more: dict[str, str]
) -> None:
    site = opened(limits={"identity": {"daily": 1, "bank_card_daily": 1}})
    phones = [f"1381234100{n}" for n in range(5)]
    for phone in phones:
        add_person(site.provider, phone, None)
    people = [site.browser().sign_in(phone) for phone in phones]
    pages = [check(person, address, **more).text for person in people[:3]]
    assert len(banks.asked) == 3, "one stranger's tries do not keep the document's holder out"
    assert not any("Too many unsuccessful" in page for page in pages)
    assert "Too many unsuccessful" in check(people[3], address, **more).text
    assert len(banks.asked) == 3
    check(people[4], address, **more, name="龚䶮", number="530103199509210035")
    assert len(banks.asked) == 4, "about another document they may ask"
    site.later = 86400 + 60
    check(people[3].sign_in(phones[3]), address, **more)
    assert len(banks.asked) == 5


def test_no_transaction_is_open_while_the_register_thinks(
    site: Site, signed_in: Browser, registers: ScriptedRegisters
) -> None:
    def answer(_question: object) -> Match:
        with site.provider.database.transaction() as tx:  # on SQLite there is one writer at a time
            site.provider.directory.set_profile(tx, site.party(), {}, now=site.now())
        return Match(valid_to=None)

    knows(registers, answer)
    assert check(signed_in).status_code == 303


def test_verified_data_is_not_edited(site: Site, signed_in: Browser, registers: ScriptedRegisters) -> None:
    tomorrow = date.today() + timedelta(days=1)  # noqa: DTZ011
    knows(registers, Match(valid_to=tomorrow))
    assert check(signed_in).status_code == 303
    site.later = 4 * 86400
    signed_in.sign_in()
    knows(registers, Match(valid_to=None), "龚䶮", "530103199509210035")
    assert check(signed_in, name="龚䶮", number="530103199509210035").status_code == 422
    assert len(registers.asked) == 1
    knows(registers, Match(valid_to=tomorrow + timedelta(days=3650)))
    assert check(signed_in).status_code == 303, "the same person with a renewed document"


def test_an_app_that_asks_for_level_2_steps_the_same_session_up(
    site: Site, signed_in: Browser, registers: ScriptedRegisters
) -> None:
    knows(registers, Match(valid_to=None))
    asked = signed_in.ask(acr_values=LEVEL_2)
    page = asked.headers["Location"]
    assert page.startswith("/identity/name?r=")
    assert "应用" in signed_in.get(page).text
    back = check(signed_in, page).headers["Location"]
    code = answered(signed_in.get(back))["code"]
    token = claims_of(site.exchange(code).get_json()["id_token"])
    assert (token["acr"], token["ial"]) == (LEVEL_2, 2)


def test_who_declines_returns_with_what_the_app_wanted_unmet(signed_in: Browser) -> None:
    page = signed_in.ask(acr_values=LEVEL_2).headers["Location"]
    answer = signed_in.submit(page, {"decline": "yes"})
    assert answer.status_code == 307
    back = signed_in.client.post(answer.headers["Location"], data={"csrf_token": token_of(signed_in)})
    assert answered(signed_in.get(back.headers["Location"]))["error"] == "unmet_authentication_requirements"


def token_of(browser: Browser) -> str:
    return browser.get("/identity/name").text.partition('name="csrf_token" value="')[2].partition('"')[0]


def test_silence_is_told_that_a_page_would_help(signed_in: Browser) -> None:
    assert answered(signed_in.ask(acr_values=LEVEL_2, prompt="none"))["error"] == "interaction_required"


def test_evidence_that_ends_lowers_the_next_token(
    site: Site, signed_in: Browser, registers: ScriptedRegisters
) -> None:
    last = date.today() + timedelta(days=2)  # noqa: DTZ011
    knows(registers, Match(valid_to=last))
    check(signed_in)
    assert claims_of(signed_in.tokens()["id_token"])["ial"] == 2
    site.later = 4 * 86400
    assert claims_of(signed_in.sign_in().tokens()["id_token"])["ial"] == 1


def test_an_account_that_closes_while_the_register_thinks_keeps_nothing(
    site: Site, signed_in: Browser, registers: ScriptedRegisters
) -> None:
    def answer(_question: object) -> Match:
        with site.provider.database.transaction() as tx:
            closing.erase(tx, site.party(), now=site.now())
        return Match(valid_to=None)

    knows(registers, answer)
    check(signed_in)
    for table in ("party_identifier", "identity_document", "evidence"):
        assert site.one(f"SELECT COUNT(*) FROM {table}") == 0, table


def test_of_two_people_checked_at_once_the_account_becomes_one(
    site: Site, signed_in: Browser, registers: ScriptedRegisters
) -> None:
    other = {"name": "周𪚥文", "kind": "passport", "number": "E12345678"}

    def answer(_question: object) -> Match:
        knows(registers, Match(valid_to=None), other["name"], other["number"])
        assert signed_in.submit("/identity/name", other).status_code == 303
        return Match(valid_to=None)

    knows(registers, answer)
    assert check(signed_in).status_code == 422
    assert site.one("SELECT COUNT(*) FROM identity_document") == 1


def test_evidence_that_has_ended_does_not_open_an_idle_account_to_its_phone(
    site: Site, signed_in: Browser, registers: ScriptedRegisters
) -> None:
    knows(registers, Match(valid_to=date.today() + timedelta(days=2)))  # noqa: DTZ011
    assert check(signed_in).status_code == 303
    site.later = 100 * 86400
    browser = site.browser()
    page = browser.submit("/signin/code", {"identifier": "13812340001"}).headers["Location"]
    assert browser.submit(page, {"code": site.text_code()}).status_code == 403
    assert not browser.signed_in


def test_knowing_name_and_number_does_not_take_what_waits_for_its_person(
    site: Site, signed_in: Browser, registers: ScriptedRegisters
) -> None:
    add_old(site, told=replace(PERSON, name=PersonName(NAME), document=IdNumber(NUMBER)))
    knows(registers, Match(valid_to=None))
    waiting = check(signed_in)
    assert waiting.status_code == 422
    knows(registers, Mismatch())
    unknown = check(signed_in)
    assert (
        waiting.text.partition("error-summary")[2].partition("</div>")[0]
        == (unknown.text.partition("error-summary")[2].partition("</div>")[0])
    )
    assert site.one("SELECT COUNT(*) FROM evidence") == site.one("SELECT COUNT(*) FROM identity_document") == 0


def test_who_is_known_here_is_checked_anew_although_something_waits(
    site: Site, signed_in: Browser, registers: ScriptedRegisters
) -> None:
    add_document(site.provider, site.party(), now=site.now())
    site.execute("UPDATE evidence SET ended_at = 1")
    add_old(site, told=replace(PERSON, name=PersonName(NAME), document=IdNumber(NUMBER)))
    knows(registers, Match(valid_to=None))
    assert check(signed_in).status_code == 303
