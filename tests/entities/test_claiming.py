"""An entity claimed from outside: an account on the way, a claim without power, the representative's last word."""

from typing import Any

import pytest

from idp.proofing.ports import EntityStatus, NotFound, Unavailable, UnavailableReason
from tests.entities.conftest import (
    CODE,
    FORM,
    ONE,
    PEOPLE,
    TWO,
    act,
    entity_of,
    entry,
    person,
    prove,
    register_client,
)
from tests.provider import PASSWORD, Browser, Site, add_person, answered, claims_of
from tests.registers import ScriptedRegisters

NEW = "13812340009"
CLAIM = FORM | {
    "person": PEOPLE[ONE][0],
    "kind": "id_number",
    "number": PEOPLE[ONE][1],
    "valid_to": "2099-05-31",
}


@pytest.fixture(autouse=True)
def known(registers: ScriptedRegisters) -> None:
    registers.entities[CODE] = entry(ONE)


def register(browser: Browser, address: str, phone: str = NEW) -> str:
    """The ordinary registration from ``address`` on; where it leads afterwards."""
    page = browser.submit(address, {"phone": phone}).headers["Location"]
    answer = browser.submit(page, {"code": browser.site.text_code()})
    page = answer.headers["Location"]
    shown = browser.get(page).text
    versions = shown.partition('name="agreement_versions" value="')[2].partition('"')[0]
    done = browser.submit(page, {"password": PASSWORD, "agreements": "yes", "agreement_versions": versions})
    assert done.status_code == 303, done.text
    return browser.get(done.headers["Location"]).text.partition('href="/entities/claim')[2].partition('"')[0]


def outside(browser: Browser) -> str:
    """The visitor's whole way to the last page."""
    answer = browser.submit("/entities/claim", CLAIM)
    rest = register(browser, answer.headers["Location"])
    return "/entities/claim" + rest.replace("&amp;", "&")


def test_a_visitor_ends_with_an_account_and_a_claim(
    site: Site, browser: Browser, registers: ScriptedRegisters
) -> None:
    last = outside(browser)
    assert registers.asked == [], "nothing is asked for who has no account"
    page = browser.get(last).text
    assert CODE in page
    assert PEOPLE[ONE][0] in page
    answer = browser.submit(last, CLAIM)
    assert answer.headers["Location"] == "/account/acting?done=entity_claimed"
    assert site.one("SELECT state FROM entity_role") == "claimed"
    assert site.one("SELECT role FROM entity_role") == "claimant"
    assert site.one("SELECT valid_to FROM entity_role") > site.now()
    assert site.one("SELECT COUNT(*) FROM evidence") == 0
    assert CODE not in browser.get(last).text, "the journey is over"


def test_what_was_typed_waits_in_no_other_browser(site: Site, browser: Browser) -> None:
    last = outside(browser)
    assert PEOPLE[ONE][0] not in site.browser().sign_in().get(last).text


def test_a_phone_with_an_account_signs_in_and_goes_on(site: Site, browser: Browser) -> None:
    answer = browser.submit("/entities/claim", CLAIM)
    page = browser.submit(answer.headers["Location"], {"phone": ONE}).headers["Location"]
    answer = browser.submit(page, {"code": site.text_code()})
    page = answer.headers["Location"]
    assert page.startswith("/signin?")
    back = browser.submit(page, {"identifier": ONE, "password": PASSWORD}).headers["Location"]
    assert back.startswith("/entities/claim?f=")
    assert browser.submit(back, CLAIM).status_code == 303
    assert site.one("SELECT person_id FROM entity_role") == site.party(ONE)


@pytest.mark.parametrize(
    "changes",
    [
        {"valid_to": "2020-01-01"},
        {"valid_to": ""},
        {"valid_to": "soon"},
        {"number": "110105194912310021"},
        {"kind": "licence"},
        {"person": "欧阳2"},
        {"person": ""},
        {"uscc": CODE[:-1] + "X"},
        {"type": "castle"},
    ],
    ids=str,
)
def test_what_cannot_be_begins_nothing(site: Site, browser: Browser, changes: dict[str, str]) -> None:
    assert browser.submit("/entities/claim", CLAIM | changes).status_code == 422
    assert site.one("SELECT COUNT(*) FROM flow") == 0


@pytest.mark.parametrize("end", [{"valid_to": "", "long_term": "yes"}, {"valid_to": "9999-12-31"}])
def test_a_document_without_end_is_ticked_or_ends_when_time_does(
    site: Site, signed_in: Browser, end: dict[str, str]
) -> None:
    assert signed_in.submit("/entities/claim", CLAIM | end).status_code == 303
    assert site.one("SELECT valid_to FROM entity_role") is None


@pytest.mark.parametrize(
    "answer",
    [NotFound(), Unavailable(UnavailableReason.TIMEOUT), entry(TWO), entry(ONE, status=EntityStatus.CANCELLED)],
)
def test_without_the_registers_yes_there_is_no_claim(
    site: Site, signed_in: Browser, registers: ScriptedRegisters, answer: object
) -> None:
    registers.entities[CODE] = answer
    assert signed_in.submit("/entities/claim", CLAIM).status_code == 422
    assert site.one("SELECT COUNT(*) FROM legal_entity") == 0


def test_guessing_whom_the_register_names_is_counted(
    site: Site, signed_in: Browser, registers: ScriptedRegisters
) -> None:
    registers.entities[CODE] = entry(TWO)
    for _ in range(5):
        signed_in.submit("/entities/claim", CLAIM)
    registers.entities[CODE] = entry(ONE)
    asked = len(registers.asked)
    assert signed_in.submit("/entities/claim", CLAIM).status_code == 422
    assert len(registers.asked) == asked


def shown_to_app(site: Site, browser: Browser) -> dict[str, Any]:
    claims = claims_of(browser.tokens("tax", scope="openid represented")["id_token"])
    return {name: claims[name] for name in ("represented_status", "represented") if name in claims}


def test_an_app_hears_that_approval_is_pending_and_nothing_more(site: Site, signed_in: Browser) -> None:
    register_client(site)
    signed_in.submit("/entities/claim", CLAIM)
    assert act(signed_in, entity_of(site)).status_code == 303
    assert shown_to_app(site, signed_in) == {"represented_status": "approval_pending"}


def test_who_came_from_an_app_registers_claims_chooses_and_is_back_in_it(site: Site, browser: Browser) -> None:
    register_client(site)
    signin = browser.ask("tax", scope="openid represented").headers["Location"]
    page = browser.get(signin.replace("/signin", "/register")).text
    address = page.partition('href="/entities/claim')[2].partition('"')[0]
    first = browser.submit(f"/entities/claim{address}", CLAIM).headers["Location"]
    last = "/entities/claim" + register(browser, first).replace("&amp;", "&")
    chooses = browser.submit(last, CLAIM).headers["Location"]
    code = answered(browser.get(act(browser, entity_of(site), chooses).headers["Location"]))["code"]
    claims = claims_of(site.exchange(code, "tax").get_json()["id_token"])
    assert claims["represented_status"] == "approval_pending"
    assert "represented" not in claims


def test_who_registers_on_the_way_to_a_claim_reads_that_it_goes_on(browser: Browser) -> None:
    register(browser, browser.submit("/entities/claim", CLAIM).headers["Location"])
    page = browser.get("/register/done?next=/entities/claim").text
    assert ">Continue<" in page
    assert ">Go to my account<" not in page
    assert ">Go to my account<" in browser.get("/register/done").text


def test_the_claimant_who_proves_to_be_the_representative_confirms(site: Site, signed_in: Browser) -> None:
    register_client(site)
    signed_in.submit("/entities/claim", CLAIM)
    act(signed_in, entity_of(site))
    prove(site, ONE)
    assert signed_in.submit("/entities/new", FORM).status_code == 303
    assert site.one("SELECT state FROM entity_role") == "confirmed"
    assert shown_to_app(site, signed_in)["represented"]["el"] == 2


def test_the_real_representative_takes_precedence_over_who_claimed_before(site: Site, signed_in: Browser) -> None:
    add_person(site.provider, NEW, None)
    claimant = site.browser().sign_in(NEW)
    claimant.submit("/entities/claim", CLAIM)
    prove(site, ONE)
    assert signed_in.submit("/entities/new", FORM).headers["Location"].endswith("done=entity_registered")
    sql = "SELECT state FROM entity_role WHERE person_id = :person"
    assert site.one(sql, person=site.party(ONE)) == "confirmed"
    assert site.one(sql, person=site.party(NEW)) == "contested"
    assert act(claimant, entity_of(site)).status_code == 422


def test_a_claim_beside_a_confirmed_representative_is_contested_and_they_are_told(
    site: Site, representative: Browser
) -> None:
    other = person(site, TWO)
    assert other.submit("/entities/claim", CLAIM).headers["Location"].endswith("entity_claim_contested")
    sql = "SELECT state FROM entity_role WHERE person_id = :person"
    assert site.one(sql, person=site.party(TWO)) == "contested"
    told = [message["to"] for message in site.outbox("sms") if message["template"] == "entity_contested"]
    assert told == [f"+86{ONE}"]


def test_claiming_what_one_represents_takes_nothing_away(site: Site, representative: Browser) -> None:
    assert representative.submit("/entities/claim", CLAIM).headers["Location"].endswith("entity_registered")
    assert site.one("SELECT state FROM entity_role") == "confirmed"
