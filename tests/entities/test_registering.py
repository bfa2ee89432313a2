"""Registering an entity by its representative: what the register must say, what it costs, what is learnt."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import copyfile

import pytest

from idp.app import create_app
from idp.entities.rules import EntityRefusal
from idp.proofing.actions import add_evidence
from idp.proofing.ports import (
    EntityStatus,
    EntityType,
    NotFound,
    RegisterRole,
    Unavailable,
    UnavailableReason,
    Unusable,
    UnusableReason,
)
from tests.checks.vendor import ScriptedVendor
from tests.entities.conftest import CODE, FORM, ONE, TWO, entity_of, entry, person, prove
from tests.provider import Browser, Site, add_person, settings_at
from tests.registers import ScriptedRegisters

AWAY = Unavailable(UnavailableReason.TIMEOUT)


def summary(page: str) -> str:
    return page.partition("error-summary")[2].partition("</div>")[0]


def states(site: Site) -> dict[str, str]:
    sql = "SELECT state FROM entity_role WHERE person_id = :person ORDER BY since DESC"
    return {
        phone: str(site.one(sql, person=site.party(phone)))
        for phone in (ONE, TWO)
        if site.one("SELECT 1 FROM entity_role WHERE person_id = :person", person=site.party(phone))
    }


def test_the_registers_representative_becomes_the_entitys(site: Site, representative: Browser) -> None:
    assert states_of_one(site) == "confirmed"
    assert site.one("SELECT level FROM evidence WHERE party_id = :entity", entity=entity_of(site)) == 2
    page = representative.get("/account/acting").text
    assert CODE in page
    assert "legal representative" in page.lower()


@pytest.mark.parametrize("kind", EntityType)
def test_every_type_of_entity_is_registered_by_its_representative(
    site: Site, registers: ScriptedRegisters, kind: EntityType
) -> None:
    registers.entities[CODE] = entry(ONE, kind=kind)
    browser = person(site, ONE)
    assert f'value="{kind}"' in browser.get("/entities/new").text
    assert browser.submit("/entities/new", FORM | {"type": kind}).status_code == 303
    assert site.one("SELECT type FROM legal_entity") == kind


def states_of_one(site: Site) -> str:
    return str(site.one("SELECT state FROM entity_role"))


@pytest.mark.parametrize(
    "answer",
    [
        NotFound(),
        AWAY,
        Unusable(UnusableReason.NOT_ENTITLED),
        entry(TWO),
        entry(ONE, code="92420100MA4K00029K"),
        entry(ONE, name="另一家有限公司"),
        entry(ONE, role=RegisterRole.PARTNER),
        *(entry(ONE, status=status) for status in EntityStatus if status is not EntityStatus.ACTIVE),
    ],
)
def test_any_other_answer_registers_nothing(site: Site, registers: ScriptedRegisters, answer: object) -> None:
    registers.entities[CODE] = answer
    refused = person(site, ONE).submit("/entities/new", FORM)
    assert refused.status_code == 422
    assert site.one("SELECT COUNT(*) FROM legal_entity") == site.one("SELECT COUNT(*) FROM entity_role") == 0
    assert site.one("SELECT COUNT(*) FROM party WHERE kind = 'entity'") == 0


def test_which_fact_is_wrong_is_not_told_but_that_it_has_ended_is(site: Site, registers: ScriptedRegisters) -> None:
    browser, pages = person(site, ONE), []
    for answer in (NotFound(), entry(TWO), entry(ONE, name="另一家有限公司")):
        registers.entities[CODE] = answer
        pages.append(summary(browser.submit("/entities/new", FORM).text))
    registers.entities[CODE] = entry(ONE)
    pages.append(summary(browser.submit("/entities/new", FORM | {"type": "foundation"}).text))
    assert len(set(pages)) == 1
    registers.entities[CODE] = entry(TWO, status=EntityStatus.CANCELLED)
    assert "dissolved" in browser.submit("/entities/new", FORM).text


@pytest.mark.parametrize(
    "changes", [{"type": "castle"}, {"type": ""}, {"name": ""}, {"uscc": ""}, {"uscc": CODE[:-1] + "X"}]
)
def test_what_can_be_no_entity_is_not_asked_about(
    site: Site, registers: ScriptedRegisters, changes: dict[str, str]
) -> None:
    assert person(site, ONE).submit("/entities/new", FORM | changes).status_code == 422
    assert registers.asked == []


def test_five_unsuccessful_claims_a_day_and_none_for_a_register_that_is_away(
    site: Site, registers: ScriptedRegisters
) -> None:
    browser = person(site, ONE)
    registers.entities[CODE] = AWAY
    for _ in range(7):
        browser.submit("/entities/new", FORM)
    registers.entities[CODE] = entry(TWO)
    for _ in range(5):
        browser.submit("/entities/new", FORM)
    asked = len(registers.asked)
    registers.entities[CODE] = entry(ONE)
    assert browser.submit("/entities/new", FORM).status_code == 422
    assert len(registers.asked) == asked


def test_a_person_not_known_by_a_document_is_sent_to_prove_themselves_first(
    site: Site, signed_in: Browser, registers: ScriptedRegisters
) -> None:
    registers.entities[CODE] = entry(ONE)
    answer = signed_in.submit("/entities/new", FORM)
    assert answer.headers["Location"] == "/identity/name?next=/entities/new"
    assert registers.asked == []


def test_an_older_sign_in_has_to_be_repeated(site: Site, registers: ScriptedRegisters) -> None:
    browser = person(site, ONE)
    site.later = 301
    answer = browser.get("/entities/new")
    assert answer.headers["Location"].startswith("/signin?")
    again = browser.submit(answer.headers["Location"], {"identifier": ONE, "password": "Lantern7Bridge22"})
    assert again.headers["Location"] == "/entities/new"
    assert browser.get("/entities/new").status_code == 200


def test_a_document_that_has_ended_represents_nothing(site: Site, registers: ScriptedRegisters) -> None:
    registers.entities[CODE] = entry(ONE)
    browser = person(site, ONE)
    prove(site, ONE, until=site.now() - 5)
    assert browser.submit("/entities/new", FORM).status_code in (303, 422)
    assert site.one("SELECT COUNT(*) FROM legal_entity") == 0


def test_no_transaction_is_open_while_the_register_thinks(site: Site, registers: ScriptedRegisters) -> None:
    browser = person(site, ONE)

    def answer(question: object) -> object:
        with site.provider.database.transaction() as tx:  # on SQLite there is one writer at a time
            site.provider.directory.set_profile(tx, site.party(), {}, now=site.now())
        return entry(ONE)(question)  # type: ignore[arg-type]

    registers.entities[CODE] = answer
    assert browser.submit("/entities/new", FORM).status_code == 303


def test_registering_again_changes_nothing(site: Site, representative: Browser) -> None:
    assert representative.submit("/entities/new", FORM).headers["Location"].endswith("done=entity_registered")
    assert site.one("SELECT COUNT(*) FROM legal_entity") == site.one("SELECT COUNT(*) FROM entity_role") == 1


def test_a_second_representative_is_contested_and_the_first_is_told(
    site: Site, representative: Browser, registers: ScriptedRegisters
) -> None:
    second = person(site, TWO)
    registers.entities[CODE] = entry(ONE, TWO)
    answer = second.submit("/entities/new", FORM)
    assert answer.headers["Location"].endswith("done=entity_contested")
    assert states(site) == {ONE: "confirmed", TWO: "contested"}
    told = [message for message in site.outbox("sms") if message["template"] == "entity_contested"]
    assert [message["to"] for message in told] == [f"+86{ONE}"]
    assert second.submit("/account/acting", {"act": entity_of(site)}).status_code == 422
    page = second.get("/account/acting").text
    assert "contested; the register is being asked again" in page
    assert "/entities/password" not in page
    assert "/entities/password" in representative.get("/account/acting").text


def test_an_entity_that_is_over_is_said_to_be(site: Site, representative: Browser) -> None:
    site.execute("UPDATE legal_entity SET status = 'revoked'")
    page = representative.get("/account/acting").text
    assert "the entity is not active" in page
    assert "contested" not in page


def test_whom_the_register_no_longer_names_gives_way_to_whom_it_names(
    site: Site, representative: Browser, registers: ScriptedRegisters
) -> None:
    second = person(site, TWO)
    registers.entities[CODE] = entry(TWO)
    second.submit("/entities/new", FORM)
    site.provider.rechecking.run_due(site.now())
    assert states(site) == {ONE: "ended", TWO: "confirmed"}
    assert [message["to"] for message in site.outbox("sms") if message["template"] == "entity_role_ended"] == [
        f"+86{ONE}"
    ]


def test_of_two_whom_the_register_names_both_stand_once_it_was_asked_again(
    site: Site, representative: Browser, registers: ScriptedRegisters
) -> None:
    second = person(site, TWO)
    registers.entities[CODE] = entry(ONE, TWO, role=RegisterRole.MANAGING_PARTNER)
    for _ in range(3):
        second.submit("/entities/new", FORM)
    told = [message for message in site.outbox("sms") if message["template"] == "entity_contested"]
    assert len(told) == 1, "a claim made again is told once"
    assert states(site) == {ONE: "confirmed", TWO: "contested"}
    site.provider.rechecking.run_due(site.now())
    assert states(site) == {ONE: "confirmed", TWO: "confirmed"}


def test_an_entity_opened_meanwhile_is_joined_not_doubled(site: Site, registers: ScriptedRegisters) -> None:
    first = person(site, ONE)
    second = person(site, TWO)

    def answer(question: object) -> object:
        registers.entities[CODE] = entry(ONE, TWO)
        with ThreadPoolExecutor(1) as other:  # a request within a request would share its context
            assert other.submit(second.submit, "/entities/new", FORM).result().status_code == 303
        return entry(ONE)(question)  # type: ignore[arg-type]

    registers.entities[CODE] = answer
    assert first.submit("/entities/new", FORM).headers["Location"].endswith("done=entity_contested")
    assert site.one("SELECT COUNT(*) FROM legal_entity") == 1
    assert states(site) == {ONE: "contested", TWO: "confirmed"}


def test_the_name_is_sealed_and_no_record_holds_it(site: Site, representative: Browser) -> None:
    assert FORM["name"].encode() not in bytes(site.one("SELECT sealed FROM legal_entity"))
    assert site.one("SELECT COUNT(*) FROM audit_event WHERE detail LIKE '%' || :code || '%'", code=CODE) == 0


def test_the_entitys_level_is_never_the_persons(site: Site, representative: Browser) -> None:
    add_person(site.provider, TWO, None)
    sql = "SELECT COUNT(*) FROM evidence WHERE party_id = :party"
    assert site.one(sql, party=site.party(ONE)) == 1
    assert site.one(sql, party=site.party(TWO)) == 0


def test_every_refusal_has_a_sentence() -> None:
    from idp.web.reasons import known_reason

    assert all(known_reason(reason) for reason in EntityRefusal)


def test_where_faces_are_checked_a_representative_has_theirs_checked_first(
    site_template: Path, tmp_path: Path
) -> None:
    copyfile(site_template, tmp_path / "idp.db")
    registers, vendor = ScriptedRegisters(), ScriptedVendor()
    registers.entities[CODE] = entry(ONE)
    settings = settings_at(tmp_path, face={"url": "https://face.example/v1"})
    made = Site(create_app(settings, registers.ports, vendors=vendor.ports))
    browser = person(made, ONE)
    assert browser.submit("/entities/new", FORM).headers["Location"] == "/identity/face?next=/entities/new"
    assert registers.asked == []
    with made.provider.database.transaction() as tx:
        add_evidence(tx, made.party(ONE), kind="face", level=3, source="test", expires_at=None, now=made.now())
    assert browser.submit("/entities/new", FORM).status_code == 303
    assert states_of_one(made) == "confirmed"
    made.close()
