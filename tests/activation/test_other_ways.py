"""Old accounts of people whose face was not checked, or not as they were: what else makes an old account theirs."""

import re
from dataclasses import replace
from typing import Any

import pytest

from idp.accounts.documents import Passport
from idp.accounts.holds import place_hold
from idp.accounts.names import PersonName
from idp.accounts.rules import Act, Mobile
from idp.checks.ports import Judged
from idp.console.rules import Role
from idp.proofing.actions import add_evidence
from idp.proofing.ports import Match, Mismatch
from idp.proofing.ways import ways_of
from tests.activation.test_journey import HOLD, audited, held, level
from tests.activation.walking import (
    ENTITY,
    NAME,
    NEW_PHONE,
    NUMBER,
    OLD_PHONE,
    PERSON,
    Walker,
    add_old,
    location,
    path_of,
    states,
    templates,
)
from tests.capabilities.asking import grant
from tests.capabilities.test_counter import enlist, say, shown
from tests.checks.going import away, back
from tests.checks.vendor import ScriptedVendor, no, yes
from tests.console.staff import on_duty
from tests.console.test_reviews import opened, proposed
from tests.proofing.test_bank_card import CARD
from tests.provider import Browser, Site, add_person
from tests.registers import ScriptedRegisters
from tests.registration.test_journey import begin, details, prove
from tests.reviews.making import PERSON as REVIEWED
from tests.reviews.making import filed
from tests.signin.factors import prove_two

SEEN: dict[str, Any] = {"name": NAME, "document": {"type": "resident_id", "number": NUMBER, "valid_to": "2040-01-01"}}


@pytest.fixture(autouse=True)
def every_way(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ways_of(site.app), "order", ("name_number", "bank_card", "bank_channel", "face", "review"))


@pytest.fixture
def registers() -> ScriptedRegisters:
    return ScriptedRegisters(banks=True)


@pytest.fixture
def walker(browser: Browser) -> Walker:
    return Walker(browser)


def registered(walker: Walker, phone: str = NEW_PHONE) -> Browser:
    """Whose face did not pass, by the link that stands there."""
    outcome = walker.browser.get(walker.begin().judged(passed=False)).text
    elsewhere = re.search(r'href="(/activate/elsewhere[^"]*)"', outcome)
    assert elsewhere
    assert 'href="/register"' in walker.browser.get(elsewhere[1]).text
    journey = begin(walker.browser, phone)
    prove(walker.browser, journey)
    assert location(details(walker.browser, journey)) == "/register/done"
    return walker.browser


def approved(site: Site, number: str) -> None:
    """By two operators who have looked at the photos."""
    first, second = (on_duty(site, name, Role.REVIEW) for name in ("li.na", "wang.fang"))
    proposal = proposed(first, number)
    opened(second, number)
    assert second.approve(proposal).status_code == 303


def clerk_of(site: Site) -> Browser:
    """A clerk of ``app``, known and signed in with two factors; ``app`` may record proofs."""
    clerk = site.browser().sign_in()
    grant(site, "app", "counter_proofing")
    with site.provider.database.transaction() as tx:
        add_evidence(tx, site.party(), kind="name_number", level=2, source="test", expires_at=None, now=site.now())
    prove_two(clerk)
    enlist(site, clerk)
    return clerk


def owner(site: Site, key: str) -> object:
    return site.one("SELECT party_id FROM legacy_account WHERE id = :key", key=key)


def test_who_registers_instead_and_is_reviewed_has_their_old_accounts(site: Site, walker: Walker) -> None:
    add_old(site)
    add_old(site, "leg_2", replace(PERSON, mobile=Mobile("13700003333")), platform="city-app")
    add_old(site, "leg_3", ENTITY)
    number = filed(site, registered(walker), {**REVIEWED, "name": NAME, "number": NUMBER})
    party = site.party(NEW_PHONE)
    assert states(site) == {"leg_1": "imported", "leg_2": "imported", "leg_3": "imported"}
    approved(site, number)
    assert states(site) == {"leg_1": "merged", "leg_2": "merged", "leg_3": "claimed"}
    assert [owner(site, key) for key in ("leg_1", "leg_2", "leg_3")] == [party] * 3
    assert level(site, party) == 3
    for phone in (OLD_PHONE, "13700003333"):
        assert templates(site, phone) == ["account_joined"]
    assert audited(site, "person:account:joined") == audited(site, "person:entity_link:left") == 1
    site.browser().sign_in(NUMBER)
    assert "/activate/elsewhere" not in Walker(site.browser()).shown(), "there is an account, and nothing waits"


def test_a_clerk_who_has_seen_the_person_gives_them_their_old_accounts(site: Site, walker: Walker) -> None:
    add_old(site)
    number = shown(registered(walker, OLD_PHONE))
    answer = say(site, clerk_of(site), number, **SEEN)
    assert answer.status_code == 201, answer.text
    assert states(site) == {"leg_1": "merged"}
    assert owner(site, "leg_1") == site.party(OLD_PHONE)
    told = templates(site, OLD_PHONE)[-2:]  # of one moment, in whichever order
    assert sorted(told) == ["account_joined", "counter_proofed"]


def test_a_face_proved_in_my_account_joins_them_too(site: Site, walker: Walker, registers: ScriptedRegisters) -> None:
    add_old(site)
    registers.people[NAME, NUMBER] = Match(valid_to=None)
    browser = registered(walker)
    begun = browser.submit("/identity/face", {"name": NAME, "kind": "id_number", "number": NUMBER})
    walker.check = path_of(location(begun)).removeprefix("/check/")
    browser.get(walker.judged())
    assert states(site) == {"leg_1": "merged"}
    assert owner(site, "leg_1") == site.party(NEW_PHONE)


def test_a_phone_on_file_that_is_somebody_elses_by_now_is_told_nothing(site: Site, walker: Walker) -> None:
    add_old(site)
    add_person(site.provider, OLD_PHONE, None)
    number = shown(registered(walker))
    assert say(site, clerk_of(site), number, **SEEN).status_code == 201
    assert states(site) == {"leg_1": "merged"}
    assert templates(site, OLD_PHONE) == []


def test_a_passport_of_another_name_joins_nothing(site: Site, walker: Walker) -> None:
    add_old(site, told=replace(PERSON, document=Passport("E12345678"), name=PersonName("ANNE O'NEIL")))
    document = {"type": "passport", "number": "E12345678", "valid_to": "2040-01-01"}
    number = shown(registered(walker))
    answer = say(site, clerk_of(site), number, name="Juan Perez", document=document)
    assert answer.status_code == 201, answer.text
    assert states(site) == {"leg_1": "imported"}


# -- the second evidence after an activation with a new phone


def by_card(browser: Browser, registers: ScriptedRegisters) -> None:
    registers.cards[NAME, NUMBER, CARD, f"+86{NEW_PHONE}"] = Match(valid_to=None)
    told = {"name": NAME, "kind": "id_number", "number": NUMBER, "card": CARD, "phone": NEW_PHONE}
    assert path_of(location(browser.submit("/identity/bank-card", told))) == "/account/profile"


def activated(site: Site, walker: Walker) -> str:
    """With a phone the older platform did not know; the account."""
    add_old(site)
    walker.to_details("new", NEW_PHONE)
    assert walker.browser.get(location(walker.details())).status_code == 200
    party = site.party(NEW_PHONE)
    assert (level(site, party), len(held(site, party))) == (2, 4)
    return party


def test_a_bank_card_ends_what_a_new_phone_made_wait(
    site: Site, walker: Walker, registers: ScriptedRegisters
) -> None:
    party = activated(site, walker)
    ladder = walker.browser.get(location_of_ladder(walker.browser))
    assert 'href="/identity/bank-card"' in ladder.text
    registers.cards[NAME, NUMBER, CARD, f"+86{NEW_PHONE}"] = Mismatch()
    told = {"name": NAME, "kind": "id_number", "number": NUMBER, "card": CARD, "phone": NEW_PHONE}
    assert walker.browser.submit("/identity/bank-card", told).status_code == 422
    assert (level(site, party), len(held(site, party))) == (2, 4)
    by_card(walker.browser, registers)
    assert (level(site, party), held(site, party)) == (3, [])
    kept = "SELECT level || ' ' || (check_id IS NOT NULL) FROM evidence WHERE kind = 'face' AND ended_at IS NULL"
    assert site.one(kept) == "3 1", "it is the face that counts, with the check it rests on"
    assert audited(site, "person:activation:completed") == 1
    assert 'href="/identity/bank-card"' not in walker.browser.get("/identity/raise").text


def location_of_ladder(browser: Browser) -> str:
    link = re.search(r'href="(/identity/raise[^"]*)"', browser.get("/activate/done").text)
    assert link
    return link[1]


def test_signing_in_to_the_bank_ends_it_as_a_card_does(site: Site, walker: Walker, bank: ScriptedVendor) -> None:
    party, browser = activated(site, walker), walker.browser
    assert 'href="/identity/bank"' in browser.get(location_of_ladder(browser)).text

    def judged(found: Judged) -> str:
        here = location(browser.submit("/identity/bank", {}))
        away(browser, here, {})
        return back(browser, here, bank, found)

    assert judged(no()) == "200"
    assert (level(site, party), len(held(site, party))) == (2, 4)
    browser.get(judged(yes(None)))
    assert (level(site, party), held(site, party)) == (3, [])
    assert audited(site, "person:activation:completed") == 1


def test_the_counter_ends_it_too(site: Site, walker: Walker) -> None:
    party = activated(site, walker)
    assert say(site, clerk_of(site), shown(walker.browser), **SEEN).status_code == 201
    assert (level(site, party), held(site, party)) == (3, [])


def test_a_name_check_ends_nothing(site: Site, walker: Walker, registers: ScriptedRegisters) -> None:
    party = activated(site, walker)
    registers.people[NAME, NUMBER] = Match(valid_to=None)
    walker.browser.submit("/identity/name", {"name": NAME, "kind": "id_number", "number": NUMBER})
    assert (level(site, party), len(held(site, party))) == (2, 4)


def test_what_another_cause_holds_stays_held(site: Site, walker: Walker, registers: ScriptedRegisters) -> None:
    party = activated(site, walker)
    with site.provider.database.transaction() as tx:
        place_hold(tx, party, Act.CHANGE_PHONE, until=site.now() + HOLD, now=site.now() + 60)
    by_card(walker.browser, registers)
    assert held(site, party) == [Act.CHANGE_PHONE]


def test_after_the_time_a_card_makes_no_old_face_count(
    site: Site, walker: Walker, registers: ScriptedRegisters
) -> None:
    party = activated(site, walker)
    site.later += HOLD + 1
    browser = site.browser().sign_in(NEW_PHONE)
    registers.cards[NAME, NUMBER, CARD, f"+86{NEW_PHONE}"] = Match(valid_to=None)
    told = {"name": NAME, "kind": "id_number", "number": NUMBER, "card": CARD, "phone": NEW_PHONE}
    browser.submit("/identity/bank-card", told)
    assert level(site, party) == 2
