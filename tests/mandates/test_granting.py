"""Mandates given, signed, accepted, used and ended over the tables."""

from idp.mandates import history
from idp.mandates.granting import Denied
from idp.mandates.power import Capacity
from idp.mandates.rules import ACCEPTANCE, WAIT, Kind, Refusal, State, Step
from idp.mandates.scopes import Action, Scope
from idp.mandates.sweeping import Sweeping
from tests.entities.conftest import ONE, PEOPLE, THREE, TWO
from tests.mandates.conftest import FILING, Mandates, to_entity, to_person
from tests.provider import add_person


def test_an_employee_acts_for_the_entity_once_they_have_accepted_and_ten_minutes_have_passed(
    mandates: Mandates,
) -> None:
    draft = mandates.draft(mandates.entity, to_person(THREE))
    assert mandates.draw(draft, ONE) is State.PENDING_ACCEPTANCE
    assert mandates.may(THREE, mandates.entity) is None
    assert mandates.accept(draft.id, THREE) is State.ACTIVE
    assert mandates.may(THREE, mandates.entity) is None
    mandates.site.later += WAIT + 1
    chain = mandates.may(THREE, mandates.entity)
    assert chain is not None
    assert (chain.capacity, chain.intermediary) == (Capacity.HANDLER, None)
    assert mandates.may(THREE, mandates.entity, Action.PAY) is None
    assert mandates.may(THREE, mandates.entity, service="hn-tax-02") is None
    assert mandates.may(TWO, mandates.entity) is None


def test_the_wait_can_be_waived(mandates: Mandates) -> None:
    draft = mandates.draft(mandates.entity, to_person(THREE), waived=True)
    mandates.draw(draft, ONE)
    mandates.accept(draft.id, THREE)
    assert mandates.may(THREE, mandates.entity) is not None


def test_an_agencys_employee_acts_by_two_links_and_loses_both_with_the_first(mandates: Mandates) -> None:
    first = mandates.given(mandates.entity, to_entity(), ONE, TWO, mandates.agency, may_delegate=True)
    chain = mandates.may(TWO, mandates.entity)
    assert chain is not None  # the agency's own representative acts as the agency
    until = mandates.site.now() + 86400
    second = mandates.given(mandates.agency, to_person(THREE), TWO, THREE, parent=first, valid_to=until)
    chain = mandates.may(THREE, mandates.entity)
    assert chain is not None
    assert [one.id for one in chain.mandates] == [first, second]
    assert chain.intermediary == mandates.agency
    assert mandates.may(THREE, mandates.agency) is None
    assert mandates.step(first, Step.REVOKE, ONE, mandates.entity) is State.REVOKED
    assert mandates.may(THREE, mandates.entity) is None
    assert mandates.may(TWO, mandates.entity) is None
    assert mandates.site.one("SELECT state FROM mandate WHERE id = :id", id=second) == State.INVALIDATED


def test_nobody_grants_what_is_not_theirs(mandates: Mandates) -> None:
    def refused(draft_of: str, by: str, **changes: object) -> Refusal:
        answer = mandates.draw(mandates.draft(draft_of, to_person(THREE), **changes), by)
        assert isinstance(answer, Denied)
        return answer.reason

    entity, now = mandates.entity, mandates.site.now()
    assert refused(entity, TWO) is Refusal.NOT_GRANTOR
    assert refused(entity, THREE) is Refusal.NOT_GRANTOR
    assert refused(entity, ONE, scope=Scope()) is Refusal.SCOPE_EMPTY
    assert refused(entity, ONE, scope=Scope(FILING.actions, frozenset({"x-1"}))) is Refusal.SCOPE_BEYOND
    assert refused(entity, ONE, valid_to=now - 1) is Refusal.TERM
    assert refused(entity, ONE, valid_to=now + 1830 * 86400) is Refusal.TERM
    assert refused(entity, ONE, theme="no.such") is Refusal.THEME_UNKNOWN
    assert refused(entity, ONE, parent="mnd_none") is Refusal.NOT_DELEGABLE
    answer = mandates.draw(mandates.draft(entity, to_person(ONE)), ONE)
    assert isinstance(answer, Denied)
    assert answer.reason is Refusal.SELF
    assert mandates.site.one("SELECT COUNT(*) FROM mandate") == 0
    assert mandates.site.one("SELECT COUNT(*) FROM audit_event WHERE event = 'person:mandate:refused'") == 9


def test_only_whom_it_is_addressed_to_accepts(mandates: Mandates) -> None:
    draft = mandates.draft(mandates.entity, to_person(THREE))
    mandates.draw(draft, ONE)
    for by, party in ((TWO, None), (ONE, None), (TWO, mandates.agency), (THREE, mandates.agency)):
        assert mandates.accept(draft.id, by, party) == Denied(Refusal.FOR_ANOTHER)
    assert mandates.accept(draft.id, THREE) is State.ACTIVE
    assert mandates.accept(draft.id, THREE) == Denied(Refusal.STATE)


def test_a_mandate_finds_whoever_opens_an_account_later(mandates: Mandates) -> None:
    site, new = mandates.site, "13812340009"
    PEOPLE[new] = ("古丽娜·阿依丁", "650199199405210049")
    draft = mandates.draft(mandates.entity, to_person(new))
    assert mandates.draw(draft, ONE) is State.PENDING_ACCEPTANCE
    add_person(site.provider, new, None)
    assert mandates.accept(draft.id, new) == Denied(Refusal.FOR_ANOTHER)
    from tests.entities.conftest import prove

    prove(site, new)
    assert mandates.accept(draft.id, new) is State.ACTIVE
    PEOPLE.pop(new)


def test_a_week_without_acceptance_ends_it(mandates: Mandates) -> None:
    draft = mandates.draft(mandates.entity, to_person(THREE))
    mandates.draw(draft, ONE)
    mandates.site.later += ACCEPTANCE + 1
    assert mandates.accept(draft.id, THREE) == Denied(Refusal.STATE)
    Sweeping(mandates.site.provider.database, mandates.site.provider.moving).run_due(mandates.site.now())
    assert mandates.site.one("SELECT end_reason FROM mandate") == "not-accepted"


def test_what_came_too_late_to_be_accepted_ends_nothing_that_is_in_force(mandates: Mandates) -> None:
    first = mandates.given(mandates.entity, to_person(THREE), ONE, THREE)
    later = mandates.draft(mandates.entity, to_person(THREE), replaces=first)
    assert mandates.draw(later, ONE) is State.PENDING_ACCEPTANCE
    mandates.site.later += ACCEPTANCE
    assert mandates.accept(later.id, THREE) == Denied(Refusal.STATE)
    assert mandates.may(THREE, mandates.entity) is not None
    assert mandates.site.one("SELECT state FROM mandate WHERE id = :id", id=first) == State.ACTIVE


def test_whatever_is_refused_for_its_state_leaves_a_record(mandates: Mandates) -> None:
    draft = mandates.draft(mandates.entity, to_person(THREE))
    assert mandates.draw(draft, ONE) is State.PENDING_ACCEPTANCE
    provider, now = mandates.site.provider, mandates.site.now()
    for mandate in (draft.id, "mnd_none"):
        with provider.database.transaction() as tx:
            signed = provider.granting.sign(tx, mandate, mandates.signer(ONE), text_hash="", now=now)
        assert signed == Denied(Refusal.STATE)
    mandates.site.later += ACCEPTANCE
    assert mandates.accept(draft.id, THREE) == Denied(Refusal.STATE)
    assert mandates.step("mnd_none", Step.FREEZE, ONE, mandates.entity) == Denied(Refusal.STATE)
    told = "SELECT group_concat(COALESCE(mandate, '-')) FROM (SELECT mandate FROM audit_event WHERE"
    found = mandates.site.one(f"{told} event = 'person:mandate:refused' AND reason = 'mandate_state')")
    assert sorted(found.split(",")) == sorted([draft.id, "-", draft.id, "-"])


def test_freezing_stops_at_once_and_unfreezing_gives_back(mandates: Mandates) -> None:
    given = mandates.given(mandates.entity, to_person(THREE), ONE, THREE)
    assert mandates.step(given, Step.FREEZE, THREE, mandates.party(THREE)) == Denied(Refusal.STATE)
    assert mandates.step(given, Step.FREEZE, TWO, mandates.entity) == Denied(Refusal.FOR_ANOTHER)
    assert mandates.step(given, Step.FREEZE, ONE, mandates.entity) is State.SUSPENDED
    assert mandates.may(THREE, mandates.entity) is None
    assert mandates.step(given, Step.UNFREEZE, ONE, mandates.entity) is State.ACTIVE
    assert mandates.may(THREE, mandates.entity) is not None
    assert mandates.step(given, Step.RENOUNCE, THREE, mandates.party(THREE)) is State.RENOUNCED
    assert mandates.may(THREE, mandates.entity) is None


def test_a_second_one_replaces_the_first_only_if_it_was_shown(mandates: Mandates) -> None:
    first = mandates.given(mandates.entity, to_person(THREE), ONE, THREE)
    wider = Scope(FILING.actions | {Action.PAY}, FILING.services)
    answer = mandates.draw(mandates.draft(mandates.entity, to_person(THREE), scope=wider), ONE)
    assert answer == Denied(Refusal.REPLACED_UNSEEN)
    mandates.given(mandates.entity, to_person(THREE), ONE, THREE, scope=wider, replaces=first)
    assert mandates.site.one("SELECT state FROM mandate WHERE id = :id", id=first) == State.SUPERSEDED
    assert mandates.may(THREE, mandates.entity, Action.PAY) is not None


def test_an_administrator_gives_within_what_they_were_given(mandates: Mandates) -> None:
    scope = Scope(FILING.actions | {Action.MANAGE}, FILING.services)
    mandates.given(mandates.entity, to_person(TWO), ONE, TWO, kind=Kind.ADMINISTRATOR, scope=scope)
    assert mandates.may(TWO, mandates.entity) is None  # who manages mandates does nothing else by it
    given = mandates.draft(mandates.entity, to_person(THREE), valid_to=mandates.site.now() + 86400)
    assert mandates.draw(given, TWO) is State.PENDING_ACCEPTANCE
    wide = mandates.draft(
        mandates.entity, to_person(THREE), scope=Scope(FILING.actions | {Action.PAY}, FILING.services)
    )
    assert mandates.draw(wide, TWO) == Denied(Refusal.SCOPE_BEYOND)
    another = mandates.draft(mandates.entity, to_person(THREE), kind=Kind.ADMINISTRATOR, scope=scope)
    assert mandates.draw(another, TWO) == Denied(Refusal.NOT_GRANTOR)


def test_the_history_is_a_chain_of_hashes(mandates: Mandates) -> None:
    given = mandates.given(mandates.entity, to_person(THREE), ONE, THREE)
    mandates.step(given, Step.FREEZE, ONE, mandates.entity)
    with mandates.site.provider.database.autocommit() as tx:
        entries = history.read(tx, given)
    assert [one.step for one in entries] == ["draw", "sign", "accept", "freeze"]
    assert history.is_whole(given, entries)
    for place, entry in enumerate(entries):
        assert not history.is_whole(given, [*entries[:place], *entries[place + 1 :]]) or place == len(entries) - 1
        changed = entry._replace(at=entry.at + 1)
        assert not history.is_whole(given, [*entries[:place], changed, *entries[place + 1 :]])


def test_a_mandate_acts_no_longer_when_the_entity_is_cancelled(mandates: Mandates) -> None:
    given = mandates.given(mandates.entity, to_person(THREE), ONE, THREE)
    mandates.site.execute("UPDATE legal_entity SET status = 'cancelled' WHERE party_id = :id", id=mandates.entity)
    assert mandates.may(THREE, mandates.entity) is None
    Sweeping(mandates.site.provider.database, mandates.site.provider.moving).run_gone(mandates.site.now())
    assert mandates.site.one("SELECT state FROM mandate WHERE id = :id", id=given) == State.INVALIDATED
