"""What registers say, and accounts that close: power goes at once, and what is kept is what docs/mandates.md says."""

import pytest

from idp.accounts.documents import IdNumber
from idp.audit import Event
from idp.mandates import history, reading
from idp.mandates.export import MandateExport
from idp.mandates.granting import Denied
from idp.mandates.power import Capacity
from idp.mandates.rules import Kind, Refusal, State, Step
from idp.mandates.scopes import Action, Scope
from idp.proofing.ports import Deceased, EntityStatus, Match
from tests.entities.conftest import CODE, FORM, ONE, PEOPLE, THREE, TWO, entry
from tests.mandates.conftest import FILING, Mandates, to_entity, to_person
from tests.provider import add_person
from tests.registers import ScriptedRegisters

DAY = 86400
STRANGER = "13812340008"


def state(mandates: Mandates, mandate: str) -> tuple[str, str | None]:
    with mandates.site.provider.database.autocommit() as tx:
        found, kept = reading.find(tx, mandate), reading.particulars(tx, mandate)
    assert found is not None
    assert kept is not None
    return found.state, kept.end_reason


def close(mandates: Mandates, phone: str) -> None:
    """The account's time to think is over."""
    site, party = mandates.site, mandates.party(phone)
    site.execute(
        "INSERT INTO account_closing (party_id, asked_at, closes_at, locale) VALUES (:party, 1, 2, 'zh')", party=party
    )
    with site.provider.database.transaction() as tx:
        assert site.provider.closings.close(tx, party, now=site.now())


def told(mandates: Mandates, template: str) -> list[str]:
    texts = mandates.site.outbox("sms")
    return sorted(one["to"][-4:] for one in texts if one["template"] == template and one["to"])


def test_a_new_representative_manages_what_the_old_one_gave_who_has_no_power_left(
    mandates: Mandates, registers: ScriptedRegisters
) -> None:
    site, entity = mandates.site, mandates.entity
    given = mandates.given(entity, to_person(THREE), ONE, THREE)
    registers.entities[CODE] = entry(TWO)
    site.provider.rechecking.ask(entity, mandates.party(ONE), now=site.now())
    assert mandates.may(ONE, entity) is None
    assert mandates.step(given, Step.FREEZE, ONE, entity) == Denied(Refusal.FOR_ANOTHER)
    assert mandates.draw(mandates.draft(entity, to_person(TWO)), ONE) == Denied(Refusal.NOT_GRANTOR)
    assert mandates.may(THREE, entity) is not None  # the entity gave it, whoever speaks for it now
    answer = site.browser().sign_in(TWO).submit("/entities/new", FORM)
    assert answer.status_code == 303, answer.text
    chain = mandates.may(TWO, entity)
    assert chain is not None
    assert chain.capacity is Capacity.REPRESENTATIVE
    assert mandates.step(given, Step.REVOKE, TWO, entity) is State.REVOKED
    assert mandates.draw(mandates.draft(entity, to_person(ONE)), TWO) is State.PENDING_ACCEPTANCE


def test_a_signature_of_who_has_left_meanwhile_counts_no_more(
    mandates: Mandates, registers: ScriptedRegisters
) -> None:
    site, entity = mandates.site, mandates.entity
    site.execute(
        "INSERT INTO entity_signing_rule (entity_id, rule, set_by, set_at) VALUES (:entity, 'any_two', 'x', 1)",
        entity=entity,
    )
    manages = Scope(frozenset({Action.VIEW, Action.SIGN, Action.MANAGE}), frozenset({"hn-tax-20"}))
    refund = {"theme": "tax.refund", "scope": manages.without(Action.MANAGE)}
    site.execute("UPDATE entity_signing_rule SET rule = 'alone'")
    mandates.given(entity, to_person(TWO), ONE, TWO, **(refund | {"scope": manages, "kind": Kind.ADMINISTRATOR}))
    site.execute("UPDATE entity_signing_rule SET rule = 'any_two'")
    draft = mandates.draft(entity, to_person(THREE), valid_to=site.now() + DAY, **refund)
    assert mandates.draw(draft, ONE) is State.PENDING_APPROVALS
    registers.entities[CODE] = entry(TWO)
    site.provider.rechecking.ask(entity, mandates.party(ONE), now=site.now())
    assert site.browser().sign_in(TWO).submit("/entities/new", FORM).status_code == 303
    digest = site.one("SELECT text_hash FROM mandate WHERE id = :id", id=draft.id)
    with site.provider.database.transaction() as tx:
        answer = site.provider.granting.sign(tx, draft.id, mandates.signer(TWO), text_hash=digest, now=site.now())
    assert answer is State.PENDING_APPROVALS


@pytest.mark.parametrize("over", [EntityStatus.CANCELLED, EntityStatus.REVOKED])
def test_an_entity_that_the_register_ends_takes_its_mandates_along_in_the_same_transaction(
    mandates: Mandates, registers: ScriptedRegisters, over: EntityStatus
) -> None:
    site = mandates.site
    given = mandates.given(mandates.entity, to_entity(), ONE, TWO, mandates.agency, may_delegate=True)
    under = mandates.given(mandates.agency, to_person(THREE), TWO, THREE, parent=given, valid_to=site.now() + DAY)
    registers.entities[CODE] = entry(ONE, status=over)
    site.provider.rechecking.ask(mandates.entity, mandates.party(ONE), now=site.now())
    assert state(mandates, given) == (State.INVALIDATED, f"entity-{over}")
    assert state(mandates, under) == (State.INVALIDATED, "parent-ended")
    assert mandates.may(TWO, mandates.entity) is None
    assert mandates.may(THREE, mandates.entity) is None
    assert told(mandates, "mandate_ended") == [TWO[-4:], THREE[-4:]]


def test_whoever_has_died_acts_for_nobody_and_nobody_for_them_from_the_next_answer_of_the_register_on(
    mandates: Mandates, registers: ScriptedRegisters
) -> None:
    site, (name, number) = mandates.site, PEOPLE[THREE]
    given = mandates.given(mandates.entity, to_person(THREE), ONE, THREE)
    add_person(site.provider, STRANGER, None)
    stranger = site.browser().sign_in(STRANGER)
    claim = {"name": name, "kind": "id_number", "number": number}
    for answer, expected in ((Match(None), State.ACTIVE), (Deceased(), State.INVALIDATED)):
        registers.people[name, number] = answer
        assert stranger.submit("/identity/name", claim).status_code == 422
        assert state(mandates, given)[0] == expected
    assert state(mandates, given) == (State.INVALIDATED, "deceased")
    assert mandates.may(THREE, mandates.entity) is None
    assert told(mandates, "mandate_void") == [ONE[-4:]]


def test_closing_an_account_ends_what_its_person_held_and_leaves_the_other_side_its_text(mandates: Mandates) -> None:
    site, (name, number) = mandates.site, PEOPLE[THREE]
    given = mandates.given(mandates.entity, to_person(THREE), ONE, THREE)
    asked = mandates.draft(mandates.agency, to_person(THREE))
    assert mandates.draw(asked, TWO) is State.PENDING_ACCEPTANCE
    close(mandates, THREE)
    for mandate in (given, asked.id):
        assert state(mandates, mandate) == (State.INVALIDATED, "account-closed")
    with site.provider.database.autocommit() as tx:
        kept = reading.particulars(tx, given)
        assert kept is not None
        opened = site.provider.granting.opened(given, kept)
        assert history.is_whole(given, history.read(tx, given))
        assert site.provider.granting.draft_of(reading.find(tx, given), kept).addressee.name == name  # type: ignore[arg-type]
    assert name in opened["text"]["zh"]
    assert number not in str(opened)
    assert opened["addressee"] == [name, "resident_id", IdNumber(number).masked]
    assert site.one("SELECT COUNT(*) FROM mandate WHERE addressee_blind IS NOT NULL") == 0
    assert told(mandates, "mandate_void") == [ONE[-4:], TWO[-4:]]
    assert told(mandates, "mandate_ended") == []


def test_closing_an_account_ends_what_its_person_gave(mandates: Mandates) -> None:
    pension = Scope(frozenset({Action.VIEW}), frozenset({"hn-pension-02"}))
    given = mandates.given(
        mandates.party(TWO), to_person(THREE), TWO, THREE, kind=Kind.PERSONAL, theme="social.pension", scope=pension
    )
    close(mandates, TWO)
    assert state(mandates, given) == (State.INVALIDATED, "account-closed")
    assert told(mandates, "mandate_ended") == [THREE[-4:]]


def test_who_comes_back_is_known_again_and_has_none_of_the_mandates_of_before(
    mandates: Mandates, registers: ScriptedRegisters
) -> None:
    site = mandates.site
    given = mandates.given(mandates.entity, to_person(THREE), ONE, THREE)
    close(mandates, THREE)
    from tests.entities.conftest import person

    person(site, THREE)
    assert site.one("SELECT COUNT(*) FROM audit_event WHERE event = :event", event=Event.PERSON_RECOGNISED) == 1
    assert mandates.may(THREE, mandates.entity) is None
    assert state(mandates, given)[0] == State.INVALIDATED
    assert mandates.accept(given, THREE) == Denied(Refusal.STATE)
    again = mandates.draft(mandates.entity, to_person(THREE), scope=FILING)
    assert mandates.draw(again, ONE) is State.PENDING_ACCEPTANCE


def test_the_file_of_ones_data_has_ones_mandates_signatures_and_uses(mandates: Mandates) -> None:
    site = mandates.site
    given = mandates.given(mandates.entity, to_person(THREE), ONE, THREE)
    site.execute(
        "INSERT INTO mandate_use (id, mandate_id, person_id, represented_id, client_id, what, service, used_at)"
        " VALUES ('u', :id, :person, :entity, 'app', 'token', 'hn-tax-01', 5)",
        id=given,
        person=mandates.party(THREE),
        entity=mandates.entity,
    )
    with site.provider.database.autocommit() as tx:
        name, told_all = MandateExport(site.provider.granting)(tx, mandates.party(THREE))
    assert name == "mandates"
    [one] = told_all["given_and_held"]
    assert (one["id"], one["side"], one["state"], one["theme"]) == (given, "agent", "active", "tax.filing")
    assert "长沙岳麓示例科技有限公司" in one["text"]["zh"]
    assert [(one["side"], one["method"]) for one in told_all["signatures"]] == [("agent", "sms")]
    assert [one["service"] for one in told_all["uses"]] == ["hn-tax-01"]
