"""The table of states: whatever is done in whatever order, nothing is concluded without the citizen."""

from hypothesis import given
from hypothesis import strategies as st

from idp.assisted.matters import judge, scopes
from idp.assisted.rules import LIVING, By, CaseState, CaseStep, Matter, after
from idp.mandates.scopes import Action

ACTS = st.frozensets(st.sampled_from([Action.VIEW, Action.SUBMIT, Action.MANAGE]))
MATTERS = st.lists(st.builds(Matter, st.sampled_from("ab"), st.sampled_from("12"), ACTS), max_size=4)


@given(st.lists(st.tuples(st.sampled_from(CaseStep), st.sampled_from(By), st.booleans())))
def test_no_sequence_of_steps_gives_power_or_concludes_without_the_citizens_evidence(
    steps: list[tuple[CaseStep, By, bool]],
) -> None:
    state, agreed = CaseState.IDENTIFIED, False
    for step, by, brings in steps:
        evidence = agreed or (brings and step is CaseStep.AUTHORISE)
        to = after(step, state, by=by, agreed=evidence)
        if to is None:
            continue
        assert state in LIVING or (state, to) == (CaseState.CONCLUDED, CaseState.OBJECTED)
        state, agreed = to, agreed or (brings and step is CaseStep.AUTHORISE)
        assert agreed or state not in (CaseState.AUTHORISED, CaseState.SUSPENDED, CaseState.CONCLUDED)


@given(st.sampled_from(CaseStep), st.sampled_from(CaseState))
def test_the_citizen_only_ever_ends_and_the_clock_never_gives(step: CaseStep, state: CaseState) -> None:
    assert after(step, state, by=By.CITIZEN, agreed=True) in (None, CaseState.WITHDRAWN, CaseState.OBJECTED)
    assert after(step, state, by=By.SYSTEM, agreed=True) in (
        None,
        CaseState.SUSPENDED,
        CaseState.WITHDRAWN,
        CaseState.LAPSED,
    )


@given(MATTERS, MATTERS)
def test_mandates_hold_the_matters_that_were_named_and_nothing_else(
    matters: list[Matter], possible: list[Matter]
) -> None:
    known = {(one.theme, one.service): one for one in possible}
    if judge(matters, known.values()):
        held = {
            (theme, service, action)
            for theme, scope in scopes(matters)
            for service in scope.services
            for action in scope.actions & known[theme, service].actions
        }
        assert held == {(one.theme, one.service, action) for one in matters for action in one.actions}
