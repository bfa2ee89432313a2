"""Properties of giving, signing, timing and of the text, over what nobody would think of."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idp.accounts.rules import PartyKind
from idp.mandates.granting import Denied, Footing, Granted, Grantor, Wanted, may_grant
from idp.mandates.guardians import ends, majority
from idp.mandates.rules import DAY, LIVING, Kind, Mandate, Side, State, Step, Terms, after
from idp.mandates.scopes import Action, Limit, Scope
from idp.mandates.signing import Signature, SigningRule, is_signed, rule_of_change
from idp.mandates.texts import Drawn, mandate_text
from idp.mandates.themes import Service, Theme
from idp.proofing.checking import end_of

NOW = 1_800_000_000
PARTIES = ("alice", "bob", "carol", "firm", "agency")
KINDS = {one: PartyKind.ENTITY if one in ("firm", "agency") else PartyKind.PERSON for one in PARTIES}
SERVICES = ("s-1", "s-2", "s-3")
WORDS: Mapping[str, str] = dict.fromkeys(("zh", "en"), "{principal} {agent} {actions} {until} {services}")
THEME = Theme(
    code="t",
    version=1,
    title={"zh": "事", "en": "matter"},
    text=WORDS,
    actions=frozenset(Action),
    principals=frozenset(PartyKind),
    agents=frozenset(PartyKind),
    services=tuple(Service(code, {"zh": code, "en": code}, frozenset(Action)) for code in SERVICES[:2]),
    delegable=True,
)
limits = st.none() | st.builds(Limit, st.integers(0, 10**6), st.sampled_from(("CNY", "USD")))
scopes = st.builds(Scope, st.frozensets(st.sampled_from(Action)), st.frozensets(st.sampled_from(SERVICES)), limits)
parties = st.sampled_from(PARTIES)
spans = st.tuples(st.integers(NOW - 3 * DAY, NOW + 40 * DAY), st.integers(NOW - DAY, NOW + 2200 * DAY))
mandates = st.builds(
    lambda span, **told: Mandate(theme="t", theme_version=1, valid_from=span[0], valid_to=span[1], **told),
    span=spans,
    id=st.sampled_from(("m1", "m2", "m3")),
    kind=st.sampled_from(Kind),
    principal=parties,
    agent=parties,
    represented=parties,
    scope=scopes,
    state=st.sampled_from(State),
    in_force_at=st.none() | st.integers(NOW - DAY, NOW + DAY),
    parent=st.none() | st.just("m0"),
    may_delegate=st.booleans(),
)


@st.composite
def wanted(draw: st.DrawFn) -> Wanted:
    principal, agent = draw(parties), draw(parties | st.just(""))
    span: Any = draw(spans)
    return Wanted(
        kind=draw(st.sampled_from(Kind)),
        principal=principal,
        principal_kind=KINDS[principal],
        agent=agent,
        agent_kind=KINDS.get(agent, draw(st.sampled_from(PartyKind))),
        theme=draw(st.sampled_from((THEME, None))),
        scope=draw(scopes),
        valid_from=span[0],
        valid_to=span[1],
        may_delegate=draw(st.booleans()),
        parent=draw(st.none() | mandates),
        replaces=draw(st.none() | st.just("m1")),
    )


grantors = st.builds(
    Grantor,
    person=st.sampled_from(("alice", "bob", "carol")),
    footing=st.sampled_from(Footing),
    ial=st.integers(1, 4),
    el=st.integers(0, 4),
    scope=st.none() | scopes,
    until=st.none() | st.integers(NOW, NOW + 400 * DAY),
    held=st.booleans(),
    acting=st.booleans(),
)


@pytest.mark.exhaustive
@settings(max_examples=600, deadline=None)
@given(wanted(), grantors, st.lists(mandates, max_size=4), st.integers(1, 30))
def test_what_is_granted_is_within_what_the_grantor_holds_the_theme_has_and_the_terms_allow(
    asked: Wanted, grantor: Grantor, given_: list[Mandate], most: int
) -> None:
    answer = may_grant(asked, grantor, given_, terms=Terms(longest_days=most), now=NOW)
    if isinstance(answer, Denied):
        return
    assert asked.theme is not None
    assert asked.kind is not Kind.STATUTORY
    assert asked.agent not in (asked.principal, grantor.person)
    assert not grantor.acting
    assert not grantor.held
    assert bool(asked.scope)
    assert asked.theme.whole.covers(asked.scope)
    assert grantor.scope is None or grantor.scope.covers(asked.scope)
    assert (Action.MANAGE in asked.scope.actions) is (asked.kind is Kind.ADMINISTRATOR)
    assert NOW < asked.valid_to <= asked.valid_from + most * DAY
    assert grantor.until is None or asked.valid_to <= grantor.until
    if asked.parent is not None:
        assert asked.parent.in_force(now=NOW)
        assert asked.parent.parent is None
        assert asked.parent.agent == asked.principal
        assert asked.parent.scope.covers(asked.scope)
        assert asked.valid_to <= asked.parent.valid_to
        assert not asked.may_delegate
    if answer.replaces is not None:
        assert answer.replaces == asked.replaces


@pytest.mark.exhaustive
@settings(max_examples=200, deadline=None)
@given(wanted(), grantors)
def test_a_narrower_wish_is_never_refused_where_the_wider_is_granted(asked: Wanted, grantor: Grantor) -> None:
    if isinstance(may_grant(asked, grantor, [], now=NOW), Granted):
        shorter = replace(asked, valid_to=asked.valid_to - 1)
        refused = shorter.valid_to <= max(NOW, asked.valid_from)
        assert isinstance(may_grant(shorter, grantor, [], now=NOW), Denied) is refused


@given(st.sampled_from(Step), st.sampled_from(State), st.sampled_from(Side), st.sampled_from(Kind))
def test_what_has_ended_never_moves_and_a_guardianship_only_by_the_registers(
    step: Step, state: State, side: Side, kind: Kind
) -> None:
    to = after(step, state, side=side, kind=kind)
    if state not in LIVING or (kind is Kind.STATUTORY and side is not Side.SYSTEM):
        assert to is None
    if to is State.ACTIVE:
        assert (step, side) in {
            (Step.ACCEPT, Side.AGENT),
            (Step.UNFREEZE, Side.PRINCIPAL),
            (Step.ESTABLISH, Side.SYSTEM),
        }


signatures = st.lists(
    st.builds(Signature, st.sampled_from(PARTIES), st.sampled_from((Footing.REPRESENTATIVE, Footing.ADMINISTRATOR))),
    max_size=5,
)


@given(st.sampled_from(SigningRule), st.sampled_from(SigningRule), signatures)
def test_signing_is_monotonous_and_what_changes_a_rule_never_falls_below_both(
    old: SigningRule, new: SigningRule, signed: list[Signature]
) -> None:
    assert not is_signed(old, [])
    more = [*signed, Signature("zoe", Footing.ADMINISTRATOR)]
    assert is_signed(old, more) or not is_signed(old, signed)
    if len({one.person for one in signed}) < 2:
        assert not is_signed(SigningRule.ANY_TWO, signed)
    if is_signed(SigningRule.WITH_ADMINISTRATOR, signed):
        assert is_signed(SigningRule.ANY_TWO, signed)
    looser = not all(is_signed(old, some) for some in (signed, more) if is_signed(new, some))
    if looser and is_signed(rule_of_change(old, new), signed):
        assert is_signed(old, signed)


@given(st.integers(0, 2**31), st.booleans(), st.booleans(), st.integers(0, 10**6), st.integers(1, 10**7))
def test_without_a_waiver_that_is_allowed_nothing_begins_before_the_wait_is_over(
    at: int, waived: bool, waivable: bool, wait: int, acceptance: int
) -> None:
    terms = Terms(wait=wait, waivable=waivable, acceptance=acceptance)
    assert terms.begins(signed_at=at, waived=waived) == (at if waived and waivable else at + wait)
    assert terms.lapses(signed_at=at) > at


dates = st.dates(date(1930, 1, 1), date(2090, 12, 31))


@given(st.none() | dates, st.none() | dates)
def test_a_guardianship_ends_in_time_at_the_first_of_majority_and_the_papers_day(
    born: date | None, last_day: date | None
) -> None:
    end = ends(born, last_day, now=NOW)
    minor = born is not None and majority(born) > NOW
    if end is None:
        assert not (minor and last_day is None)
        assert last_day is None or (end_of(last_day) or 0) <= NOW
        return
    assert end > NOW
    if minor and born is not None:
        assert end <= majority(born)
    else:
        assert last_day is not None


names = st.text(st.sampled_from("张{}principal agent\u202e\n龚䶮"), min_size=1, max_size=12)


@settings(max_examples=150, deadline=None)
@given(names, names, scopes, st.integers(NOW, NOW + 10**8), st.sampled_from(Kind), names)
def test_the_text_is_the_same_each_time_names_everything_once_and_takes_no_name_for_a_place(
    principal: str, agent: str, scope: Scope, until: int, kind: Kind, unit: str
) -> None:
    drawn = Drawn(
        id="mnd_1",
        kind=kind,
        theme=THEME,
        scope=scope,
        valid_from=NOW,
        valid_to=until,
        principal=principal,
        agent=agent,
        unit=unit,
    )
    for language in ("zh", "en"):
        text = mandate_text(drawn, language)
        assert text == mandate_text(drawn, language)
        body = text.split("\n\n")[-1] if "\n" not in principal + agent + unit else text
        assert principal.strip() in body
        assert agent.strip() in body
        assert text.endswith("\n")
        assert "mnd_1" in text
