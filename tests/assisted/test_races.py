"""Two clerks on one case at the same moment: one of them moves it, and its history tells one story."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from idp.assisted.rules import Case, CaseState, Refusal
from idp.db import Statement
from idp.mandates.rules import State, Step
from idp.mandates.sweeping import Sweeping
from tests.assisted.register_walks import Counter, counter_of, denied
from tests.assisted.test_cases import known
from tests.entities.conftest import ONE
from tests.mandates.conftest import Mandates, furnish
from tests.provider import furnished, settings_at

ROUNDS = 10
_STEPS = Statement("SELECT step FROM assisted_event WHERE case_id = :case ORDER BY seq", str)


@pytest.fixture
def anywhere(any_database_url: str, tmp_path: Path) -> Iterator[Counter]:
    """The counter over either database."""
    site = furnished(settings_at(tmp_path, database={"url": any_database_url}))
    yield counter_of(Mandates(site, *furnish(site)))
    site.close()


def test_of_two_clerks_who_conclude_and_interrupt_at_once_one_wins(anywhere: Counter) -> None:
    counter = anywhere
    for _ in range(ROUNDS):
        case = counter.authorised()
        with ThreadPoolExecutor(2) as pool:
            concluded = pool.submit(counter.do, "conclude", counter.clerk, case.id, note="已提交")
            interrupted = pool.submit(counter.do, "suspend", counter.colleague, case.id, note="材料不齐")
            outcomes = [concluded.result(), interrupted.result()]
        won = [one for one in outcomes if isinstance(one, Case)]
        assert len(won) == 1, outcomes
        assert [denied(one) for one in outcomes if one not in won] == [Refusal.STATE]
        assert won[0].state in (CaseState.CONCLUDED, CaseState.SUSPENDED)
        with counter.site.provider.database.autocommit() as tx:
            assert tx.all(_STEPS, case=case.id)[-1] == {"concluded": "conclude", "suspended": "suspend"}[won[0].state]
        assert counter.may(counter.clerk, case.citizen) is None
        if won[0].state is CaseState.SUSPENDED:
            counter.do("withdraw", counter.clerk, case.id, note="")


def test_time_ends_a_case_and_its_mandates_from_two_sides_and_neither_waits_for_the_other(anywhere: Counter) -> None:
    """Both end at the same second: one errand of the worker's begins at the case, the other at the mandate."""
    counter, site = anywhere, anywhere.site
    keeping, sweeping = site.provider.assisted.keeping, Sweeping(site.provider.database, site.provider.moving)
    for _ in range(ROUNDS):
        cases = [counter.authorised(), counter.authorised(known(ONE))]
        over = max(case.until for case in cases)
        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(keeping.run_due, over), pool.submit(sweeping.run_due, over)]:
                done.result()
        for case in cases:
            assert counter.case(case).state is CaseState.LAPSED
            with site.provider.database.autocommit() as tx:
                assert tx.all(_STEPS, case=case.id).count("lapse") == 1
        assert site.one("SELECT COUNT(*) FROM mandate WHERE kind = 'assisted' AND state = 'active'") == 0


def test_a_clerk_whose_post_is_frozen_while_they_take_a_case_up_has_no_power_by_it(anywhere: Counter) -> None:
    """Frozen before, they are refused; frozen after, the case is interrupted at once."""
    counter, mandates, post = anywhere, anywhere.mandates, anywhere.colleague.mandate
    for _ in range(ROUNDS):
        case = counter.authorised()
        with ThreadPoolExecutor(2) as pool:
            taking = pool.submit(counter.do, "resume", counter.colleague, case.id)
            freezing = pool.submit(mandates.step, post, Step.FREEZE, ONE, mandates.entity)
            taken, frozen = taking.result(), freezing.result()
        assert frozen is State.SUSPENDED
        assert counter.may(counter.colleague, case.citizen) is None
        now = counter.case(case)
        if isinstance(taken, Case):
            assert (now.state, now.clerk) == (CaseState.SUSPENDED, counter.colleague.person)
        else:
            assert denied(taken) is Refusal.NOT_CLERK
            assert (now.state, now.clerk) == (CaseState.AUTHORISED, counter.clerk.person)
        assert mandates.step(post, Step.UNFREEZE, ONE, mandates.entity) is State.ACTIVE
        counter.do("withdraw", counter.clerk, case.id, note="")


def test_who_is_no_clerk_any_more_by_the_time_they_have_the_case_is_refused(counter: Counter) -> None:
    """Their page found them to be one; the post was frozen while it waited for the case."""
    case, mandates = counter.authorised(), counter.mandates
    assert mandates.step(counter.colleague.mandate, Step.FREEZE, ONE, mandates.entity) is State.SUSPENDED
    assert denied(counter.do("resume", counter.colleague, case.id)) is Refusal.NOT_CLERK
    assert counter.refusals() == [Refusal.NOT_CLERK]
    assert counter.may(counter.colleague, case.citizen) is None
