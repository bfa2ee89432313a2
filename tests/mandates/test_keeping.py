"""How long texts are kept, keys and their rotation, notices of the end, renewal, and what settings change."""

from collections.abc import Iterator

import pytest

from idp.audit import Event
from idp.crypto.fields import BlindIndex, FieldCipher
from idp.crypto.rings import parse_ring
from idp.mandates import reading
from idp.mandates.granting import Denied
from idp.mandates.keeping import Keeping
from idp.mandates.notices import Notices
from idp.mandates.rotation import rotate_mandates
from idp.mandates.rules import WAIT, Kind, Refusal, State, Step, Terms
from idp.mandates.scopes import Action, Scope
from tests.entities.conftest import ONE, PEOPLE, THREE, TWO
from tests.mandates.conftest import FILING, Mandates, to_person
from tests.provider import keys_of

DAY = 86400
NOON_IN_CHINA = 4 * 3600


@pytest.fixture
def given(mandates: Mandates) -> str:
    return mandates.given(mandates.entity, to_person(THREE), ONE, THREE)


@pytest.fixture
def terms(mandates: Mandates) -> Iterator[Mandates]:
    """Whose terms a test may change; the application is everybody's."""
    before = mandates.site.provider.granting.terms
    yield mandates
    mandates.site.provider.granting.terms = before


def test_a_rotation_seals_and_indexes_mandates_anew(mandates: Mandates, given: str) -> None:
    site = mandates.site
    cipher = FieldCipher(parse_ring([f"f2:{keys_of('g')}", f"f1:{keys_of('f')}"], name="test"))
    index = BlindIndex(parse_ring([f"i2:{keys_of('j')}", f"i1:{keys_of('i')}"], name="test"))
    assert rotate_mandates(site.provider.database, cipher, index) == 1
    assert rotate_mandates(site.provider.database, cipher, index) == 0
    number = to_person(THREE).number
    assert site.one("SELECT addressee_blind FROM mandate") == index.current(number.kind, number.value)
    new = FieldCipher(parse_ring([f"f2:{keys_of('g')}"], name="test"))
    sealed = site.one("SELECT sealed FROM mandate")
    assert PEOPLE[THREE][1] in new.open(sealed, context=reading.sealed_at(given))


def test_an_ended_mandate_keeps_its_text_for_years_and_nobody_is_found_by_it(mandates: Mandates, given: str) -> None:
    site = mandates.site
    keeping = Keeping(site.provider.database, site.provider.cipher, kept=100 * DAY)
    keeping.run_due(site.now())
    assert site.one("SELECT addressee_blind FROM mandate") is not None
    assert mandates.step(given, Step.REVOKE, ONE, mandates.entity) is State.REVOKED
    keeping.run_due(site.now())
    assert site.one("SELECT addressee_blind FROM mandate") is None
    keeping.run_due(site.now() + 100 * DAY)
    assert site.one("SELECT COUNT(*) FROM mandate WHERE sealed IS NOT NULL") == 1
    keeping.run_due(site.now() + 100 * DAY + 1)
    with site.provider.database.autocommit() as tx:
        kept = reading.particulars(tx, given)
        assert kept is not None
        assert site.provider.granting.opened(given, kept)["text"] == {}
    assert site.one("SELECT text_hash FROM mandate")
    assert site.one("SELECT COUNT(*) FROM mandate_signature") == 2


def told(mandates: Mandates) -> list[str]:
    return sorted(one["to"][-4:] for one in mandates.site.outbox("sms") if one["template"] == "mandate_ends")


def test_both_sides_are_told_a_month_a_week_and_a_day_before_the_end_by_day_and_once(mandates: Mandates) -> None:
    site = mandates.site
    site.later += (NOON_IN_CHINA - site.now()) % DAY  # at noon, today or tomorrow
    end = site.now() + 40 * DAY
    mandates.given(mandates.entity, to_person(THREE), ONE, THREE, valid_to=end)
    notices = Notices(site.provider.database, site.provider.granting.addresses)
    notices.run_due(end - 30 * DAY - 1)
    assert told(mandates) == []
    notices.run_due(end - 30 * DAY + 12 * 3600)  # midnight
    assert told(mandates) == []
    for days, times in ((30, 1), (30, 1), (7, 2), (1, 3)):
        notices.run_due(end - days * DAY)
        assert told(mandates) == [ONE[-4:]] * times + [THREE[-4:]] * times
    assert site.one("SELECT COUNT(*) FROM audit_event WHERE event = :event", event=Event.MANDATE_ENDING) == 3


def test_a_mandate_that_has_ended_is_not_announced(mandates: Mandates, given: str) -> None:
    mandates.step(given, Step.RENOUNCE, THREE, mandates.party(THREE))
    assert mandates.site.one("SELECT notice_at FROM mandate") is None


def renew(mandates: Mandates, mandate: str, until: int) -> str:
    with mandates.site.provider.database.autocommit() as tx:
        draft = mandates.site.provider.granting.renewal(
            tx, mandate, id=f"{mandate}-again", valid_to=until, now=mandates.site.now()
        )
    assert draft is not None
    assert mandates.draw(draft, ONE) is State.PENDING_ACCEPTANCE
    return draft.id


def test_what_is_renewed_goes_on_without_a_gap(mandates: Mandates, given: str) -> None:
    site = mandates.site
    until = site.now() + 300 * DAY
    again = renew(mandates, given, until)
    assert mandates.may(THREE, mandates.entity) is not None  # by the earlier one, until this one is accepted
    assert mandates.accept(again, THREE) is State.ACTIVE
    chain = mandates.may(THREE, mandates.entity)
    assert chain is not None
    assert (chain.mandates[0].id, chain.until) == (again, until)
    assert site.one("SELECT state FROM mandate WHERE id = :id", id=given) == State.SUPERSEDED


def test_what_replaces_a_frozen_mandate_waits_as_any_other(mandates: Mandates, given: str) -> None:
    mandates.step(given, Step.FREEZE, ONE, mandates.entity)
    again = renew(mandates, given, mandates.site.now() + 300 * DAY)
    assert mandates.accept(again, THREE) is State.ACTIVE
    assert mandates.may(THREE, mandates.entity) is None
    mandates.site.later += WAIT
    assert mandates.may(THREE, mandates.entity) is not None


def test_what_widens_a_mandate_waits(mandates: Mandates, given: str) -> None:
    wider = Scope(FILING.actions | {Action.PAY}, FILING.services)
    draft = mandates.draft(mandates.entity, to_person(THREE), scope=wider, replaces=given)
    mandates.draw(draft, ONE)
    mandates.accept(draft.id, THREE)
    assert mandates.may(THREE, mandates.entity, Action.PAY) is None


def test_an_installation_may_ask_for_the_wait_of_everybody(terms: Mandates) -> None:
    terms.site.provider.granting.terms = Terms(waivable=False, wait=60)
    draft = terms.draft(terms.entity, to_person(THREE), waived=True)
    terms.draw(draft, ONE)
    terms.accept(draft.id, THREE)
    assert terms.may(THREE, terms.entity) is None
    terms.site.later += 61
    assert terms.may(THREE, terms.entity) is not None


def test_terms_bound_days_and_people(terms: Mandates) -> None:
    terms.site.provider.granting.terms = Terms(longest_days=10, most_personal=0)
    assert terms.draw(terms.draft(terms.entity, to_person(THREE)), ONE) == Denied(Refusal.TERM)
    personal = terms.draft(
        terms.party(TWO),
        to_person(THREE),
        kind=Kind.PERSONAL,
        theme="social.pension",
        scope=Scope(frozenset({Action.VIEW}), frozenset({"hn-pension-02"})),
        valid_to=terms.site.now() + DAY,
    )
    assert terms.draw(personal, TWO) == Denied(Refusal.TOO_MANY)


def test_staff_have_their_unit_and_post_in_the_text_and_the_unit_beside_it(mandates: Mandates) -> None:
    site = mandates.site
    scope = Scope(frozenset({Action.VIEW, Action.SUBMIT}), frozenset({"hn-counter-01"}))
    clerk = {"kind": Kind.EMPLOYMENT, "theme": "counter.service", "scope": scope}
    given = mandates.given(mandates.entity, to_person(THREE), ONE, THREE, unit="长沙县大厅", post="综窗", **clerk)
    with site.provider.database.autocommit() as tx:
        found, kept = reading.find(tx, given), reading.particulars(tx, given)
        assert found is not None
        assert kept is not None
        text = site.provider.granting.opened(given, kept)["text"]["zh"]
        assert site.provider.granting.draft_of(found, kept).post == "综窗"
    assert found.unit == "长沙县大厅"
    assert "工作人员授权 · 长沙县大厅 · 综窗" in text
