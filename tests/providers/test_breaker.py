"""The circuit breaker as a state machine, whatever order calls begin and end in."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from adapters.providers.breaker import Breaker, Open, Ticket

LIMIT, PAUSE = 2, 10


class Calls(RuleBasedStateMachine):
    """The breaker beside a model that keeps all calls of the present state."""

    under_way = Bundle("under_way")

    def __init__(self) -> None:
        super().__init__()
        self.breaker = Breaker(failures=LIMIT, pause=PAUSE)
        self.now = 0.0
        self.in_a_row = 0
        self.trial_at: float | None = None
        self.trial: Ticket | None = None
        self.stale: set[int] = set()
        self.fresh: list[Ticket] = []

    @rule(seconds=st.sampled_from([0.1, 1.0, PAUSE - 0.1, PAUSE]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(target=under_way)
    def a_call_begins(self) -> Ticket | None:
        admitted = self.breaker.admit(now=self.now)
        expected = self.trial_at is None or (self.now >= self.trial_at and self.trial is None)
        assert isinstance(admitted, Ticket) == expected
        if isinstance(admitted, Open):
            assert 0 <= admitted.seconds <= PAUSE
            return None
        self.fresh.append(admitted)
        if self.trial_at is not None:
            self.trial = admitted
        return admitted

    @rule(ticket=consumes(under_way), answered=st.booleans())
    def a_call_ends(self, ticket: Ticket | None, answered: bool) -> None:
        if ticket is None:
            return
        self.breaker.report(ticket, answered=answered, now=self.now)
        if not any(one is ticket for one in self.fresh):
            return
        self.in_a_row = 0 if answered else self.in_a_row + 1
        if self.trial is not None and answered:
            self._changes(None)
        elif self.trial is not None or self.in_a_row >= LIMIT:
            self._changes(self.now + PAUSE)

    def _changes(self, trial_at: float | None) -> None:
        self.trial_at, self.trial, self.in_a_row, self.fresh = trial_at, None, 0, []

    @invariant()
    def at_most_one_trial_is_under_way(self) -> None:
        if self.trial is not None:
            assert isinstance(self.breaker.admit(now=self.now + 1000 * PAUSE), Open)


TestCalls = Calls.TestCase


def opened(*, now: float = 0) -> Breaker:
    breaker = Breaker(failures=1, pause=PAUSE)
    ticket = breaker.admit(now=now)
    assert isinstance(ticket, Ticket)
    breaker.report(ticket, answered=False, now=now)
    return breaker


def test_an_open_breaker_says_how_long_and_lets_one_trial_through_after_it() -> None:
    breaker = opened()
    assert breaker.admit(now=4) == Open(6)
    trial = breaker.admit(now=PAUSE)
    assert isinstance(trial, Ticket)
    assert breaker.admit(now=PAUSE) == Open(0)
    breaker.report(trial, answered=True, now=11)
    assert isinstance(breaker.admit(now=11), Ticket)
    assert isinstance(breaker.admit(now=11), Ticket)


def test_a_failed_trial_opens_it_for_another_pause() -> None:
    breaker = opened()
    trial = breaker.admit(now=PAUSE)
    assert isinstance(trial, Ticket)
    breaker.report(trial, answered=False, now=12)
    assert breaker.admit(now=13) == Open(9)


def test_what_began_before_it_opened_does_not_close_it() -> None:
    breaker = Breaker(failures=1, pause=PAUSE)
    slow, failing = breaker.admit(now=0), breaker.admit(now=0)
    assert isinstance(slow, Ticket)
    assert isinstance(failing, Ticket)
    breaker.report(failing, answered=False, now=1)
    breaker.report(slow, answered=True, now=2)
    assert breaker.admit(now=3) == Open(8)


def test_of_many_threads_one_makes_the_trial() -> None:
    for _ in range(50):
        breaker = opened()
        with ThreadPoolExecutor(8) as pool:
            admitted = list(pool.map(lambda _, one=breaker: one.admit(now=PAUSE), range(8)))
        assert sum(isinstance(one, Ticket) for one in admitted) == 1


@pytest.mark.parametrize(("failures", "pause"), [(0, 1), (1, 0), (-1, 1)])
def test_a_breaker_that_never_closes_or_opens_at_once_is_refused(failures: int, pause: float) -> None:
    with pytest.raises(ValueError, match="breaker"):
        Breaker(failures=failures, pause=pause)
