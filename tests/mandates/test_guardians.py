"""Guardianships: recorded on a paper's word, for as long as it or childhood lasts, and ended by nobody of the two."""

from datetime import date
from typing import Any

import pytest

from idp.crypto.tokens import new_id
from idp.mandates.granting import Denied, Footing, Grantor, Wanted, may_grant
from idp.mandates.guardians import Guardianship, ends, majority
from idp.mandates.power import Capacity
from idp.mandates.rules import Kind, Refusal, State, Step, after
from idp.mandates.scopes import Action, Scope
from idp.proofing.actions import add_evidence
from tests.entities.conftest import ONE, PEOPLE, THREE, TWO, person
from tests.mandates.conftest import Mandates, to_person

CHILD = "13812340007"
NOW = 1_795_413_600  # November 2026
PENSION = Scope(frozenset({Action.VIEW, Action.SUBMIT}), frozenset({"hn-pension-01"}))


def noon(year: int, month: int, day: int) -> date:
    return date(year, month, day)


@pytest.mark.parametrize(
    ("born", "last_day", "end"),
    [
        (date(2015, 3, 7), None, date(2033, 3, 7)),
        (date(2015, 3, 7), date(2030, 1, 1), date(2030, 1, 2)),
        (date(2015, 3, 7), date(2040, 1, 1), date(2033, 3, 7)),
        (date(2012, 2, 29), None, date(2030, 3, 1)),
        (date(1950, 3, 7), date(2028, 6, 30), date(2028, 7, 1)),
        (date(1950, 3, 7), None, None),
        (date(1950, 3, 7), date(2020, 1, 1), None),
        (None, date(2028, 6, 30), date(2028, 7, 1)),
        (None, None, None),
        (date(2008, 11, 23), None, None),
    ],
)
def test_it_ends_with_majority_or_on_the_papers_day_whichever_comes_first(
    born: date | None, last_day: date | None, end: date | None
) -> None:
    expected = None if end is None else majority(end.replace(year=end.year - 18)) if end.day != 1 else _start(end)
    assert ends(born, last_day, now=NOW) == expected


def _start(day: date) -> int:
    from datetime import datetime, time

    from idp.web.locale import CHINA_TIME

    return int(datetime.combine(day, time(), CHINA_TIME).timestamp())


@pytest.fixture
def family(mandates: Mandates) -> Mandates:
    """A child with an account of its own, whose guardian THREE is."""
    PEOPLE[CHILD] = ("龚小䶮", "430105201503070018")
    person(mandates.site, CHILD)
    yield mandates
    PEOPLE.pop(CHILD)


def told(family: Mandates, **changes: Any) -> Guardianship:
    facts: dict[str, Any] = {
        "ward": family.party(CHILD),
        "guardian": family.party(THREE),
        "theme": "social.pension",
        "scope": PENSION,
        "last_day": None,
        "paper": "（2026）湘0102民特12号",
    }
    return Guardianship(**(facts | changes))


def record(family: Mandates, guardianship: Guardianship) -> str | Denied:
    with family.site.provider.database.transaction() as tx:
        return family.site.provider.guardianships.record(
            tx, guardianship, operator="pty_operator", now=family.site.now()
        )


def may(family: Mandates, by: str, action: Action = Action.SUBMIT) -> Any:
    from idp.mandates.power import Asked

    with family.site.provider.database.autocommit() as tx:
        return family.site.provider.deciding.may(
            tx,
            agent=family.party(by),
            represented=family.party(CHILD),
            theme="social.pension",
            asked=Asked(action, "hn-pension-01"),
            now=family.site.now(),
        )


def test_a_guardian_acts_at_once_within_what_was_recorded_until_the_eighteenth_birthday(family: Mandates) -> None:
    assert may(family, THREE) is None
    recorded = record(family, told(family))
    assert isinstance(recorded, str)
    chain = may(family, THREE)
    assert chain.capacity is Capacity.GUARDIAN
    assert chain.until == majority(date(2015, 3, 7))
    assert may(family, THREE, Action.DRAFT) is None
    assert may(family, ONE) is None
    text = family.site.one("SELECT text_hash FROM mandate WHERE id = :id", id=recorded)
    assert text
    texts = [one["template"] for one in family.site.outbox("sms")]
    assert texts.count("guardianship_recorded") == 2
    family.site.later += majority(date(2015, 3, 7)) - family.site.now()
    assert may(family, THREE) is None


def test_neither_of_the_two_ends_it_and_operators_do(family: Mandates) -> None:
    recorded = record(family, told(family))
    assert isinstance(recorded, str)
    child, guardian = family.party(CHILD), family.party(THREE)
    for step, by, party in (
        (Step.REVOKE, CHILD, child),
        (Step.FREEZE, CHILD, child),
        (Step.RENOUNCE, THREE, guardian),
    ):
        assert family.step(recorded, step, by, party) == Denied(Refusal.STATE)
    assert may(family, THREE) is not None
    with family.site.provider.database.transaction() as tx:
        end = family.site.provider.guardianships.end
        assert end(tx, recorded, operator="pty_operator", now=family.site.now())
        assert not end(tx, recorded, operator="pty_operator", now=family.site.now())
    assert may(family, THREE) is None


def test_the_next_record_of_the_same_guardian_takes_the_place_of_the_earlier(family: Mandates) -> None:
    record(family, told(family))
    wider = Scope(PENSION.actions | {Action.DRAFT}, PENSION.services)
    record(family, told(family, scope=wider))
    assert may(family, THREE, Action.DRAFT) is not None
    assert family.site.one("SELECT COUNT(*) FROM mandate WHERE state = 'active'") == 1


def test_what_cannot_be_recorded(family: Mandates) -> None:
    site = family.site
    for changes, reason in (
        ({"guardian": family.party(CHILD)}, Refusal.SELF),
        ({"theme": "tax.refund"}, Refusal.PRINCIPAL_KIND),
        ({"theme": "no.such"}, Refusal.THEME_UNKNOWN),
        ({"scope": Scope()}, Refusal.SCOPE_EMPTY),
        ({"scope": Scope(PENSION.actions | {Action.PAY}, PENSION.services)}, Refusal.SCOPE_BEYOND),
        ({"last_day": date(2020, 1, 1)}, Refusal.TERM),
        ({"ward": family.party(TWO)}, Refusal.TERM),  # of age, and no day named
        ({"guardian": family.entity}, Refusal.AGENT_LEVEL),
    ):
        assert record(family, told(family, **changes)) == Denied(reason)
    site.execute("UPDATE evidence SET ended_at = 1 WHERE party_id = :party", party=family.party(THREE))
    with site.provider.database.transaction() as tx:
        add_evidence(
            tx, family.party(THREE), kind="name_number", level=2, source="test", expires_at=None, now=site.now()
        )
    assert record(family, told(family)) == Denied(Refusal.AGENT_LEVEL)
    assert site.one("SELECT COUNT(*) FROM mandate") == 0


def test_nobody_grants_one(family: Mandates) -> None:
    theme = family.site.provider.themes.current("social.pension")
    now = family.site.now()
    child = family.party(CHILD)
    draft = family.draft(
        child, to_person(THREE), id=new_id("mnd"), kind=Kind.STATUTORY, theme="social.pension", scope=PENSION
    )
    assert family.draw(draft, CHILD) == Denied(Refusal.NOT_GRANTOR)
    wanted = Wanted(
        kind=Kind.STATUTORY, principal=child, principal_kind="person", agent="x", agent_kind="person",  # type: ignore[arg-type]
        theme=theme, scope=PENSION, valid_from=now, valid_to=now + 86400,
    )  # fmt: skip
    for footing in Footing:
        grantor = Grantor(person=child if footing is Footing.OWN else "y", footing=footing, ial=4, el=4)
        assert may_grant(wanted, grantor, [], now=now) == Denied(Refusal.NOT_GRANTOR)


def test_only_the_side_of_the_registers_moves_one() -> None:
    from idp.mandates.rules import Side

    for step in Step:
        for state in State:
            for side in (Side.PRINCIPAL, Side.AGENT):
                assert after(step, state, side=side, kind=Kind.STATUTORY) is None
