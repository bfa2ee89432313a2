from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.credentials.rules import (
    SIGNS_IN,
    AttemptPolicy,
    Busy,
    Locked,
    Refusal,
    Refused,
    Reserved,
    SendPolicy,
    Way,
    Window,
    clear,
    may_remove,
    reserve,
    reserve_send,
    settle,
)

POLICY = AttemptPolicy()
NOW = 1_800_000_000


def fail(window: Window, *, now: int, times: int = 1, policy: AttemptPolicy = POLICY) -> Window:
    for _ in range(times):
        window, outcome = reserve(window, now=now, policy=policy)
        assert isinstance(outcome, Reserved)
        window, _ = settle(window, at=outcome.at, success=False, now=now, policy=policy)
    return window


def outcome(window: Window, now: int) -> Reserved | Locked | Busy:
    return reserve(window, now=now, policy=POLICY)[1]


def test_ten_wrong_passwords_in_a_rolling_hour_lock_for_15_minutes() -> None:
    window = fail(Window(), now=NOW, times=9)
    window = fail(window, now=NOW + 3599)
    assert outcome(window, NOW + 3599) == Locked(NOW + 3599 + 900)
    assert outcome(window, NOW + 3599 + 899) == Locked(NOW + 3599 + 900)
    assert isinstance(outcome(window, NOW + 3599 + 900), Reserved)


def test_nine_wrong_passwords_and_one_an_hour_later_do_not_lock() -> None:
    window = fail(fail(Window(), now=NOW, times=9), now=NOW + 3600)
    assert isinstance(outcome(window, NOW + 3600), Reserved)


def test_locks_grow_and_begin_anew_after_a_quiet_day() -> None:
    window, now = Window(), NOW
    for length in (900, 3600, 86400, 86400):
        window = fail(window, now=now, times=10)
        assert window.locked_until == now + length
        now = window.locked_until
    assert fail(window, now=now + 86399, times=10).locked_until == now + 86399 + 86400
    assert fail(window, now=now + 86400, times=10).locked_until == now + 86400 + 900


def test_the_failure_that_locks_says_so() -> None:
    window = fail(Window(), now=NOW, times=9)
    window, reserved = reserve(window, now=NOW, policy=POLICY)
    assert reserved == Reserved(NOW)
    assert settle(window, at=NOW, success=False, now=NOW, policy=POLICY)[1]


def test_correct_sign_ins_are_never_limited() -> None:
    window = fail(Window(), now=NOW, times=9)
    for _ in range(100):
        window, reserved = reserve(window, now=NOW, policy=POLICY)
        assert reserved == Reserved(NOW)
        window, locked = settle(window, at=NOW, success=True, now=NOW, policy=POLICY)
        assert not locked
    assert len(window.failures) == 9


def test_parallel_attempts_beyond_the_limit_wait_until_others_settle() -> None:
    window = fail(Window(), now=NOW, times=8)
    window, first = reserve(window, now=NOW, policy=POLICY)
    window, second = reserve(window, now=NOW, policy=POLICY)
    assert first == second == Reserved(NOW)
    assert outcome(window, NOW) == Busy()
    window, _ = settle(window, at=NOW, success=True, now=NOW, policy=POLICY)
    assert outcome(window, NOW) == Reserved(NOW)


def test_an_attempt_nobody_settled_counts_as_a_failure_after_a_minute() -> None:
    window = fail(Window(), now=NOW, times=9)
    window, _ = reserve(window, now=NOW, policy=POLICY)
    assert outcome(window, NOW + 59) == Busy()
    assert outcome(window, NOW + 60) == Locked(NOW + 60 + 900)


def test_a_slow_success_is_given_back_although_it_was_counted() -> None:
    window, _ = reserve(Window(), now=NOW, policy=POLICY)
    window, _ = reserve(window, now=NOW + 70, policy=POLICY)
    assert window.failures == (NOW,)
    window, _ = settle(window, at=NOW, success=True, now=NOW + 71, policy=POLICY)
    assert window.failures == ()


def test_a_slow_failure_is_counted_once() -> None:
    window, _ = reserve(Window(), now=NOW, policy=POLICY)
    window, _ = reserve(window, now=NOW + 70, policy=POLICY)
    window, _ = settle(window, at=NOW, success=False, now=NOW + 71, policy=POLICY)
    assert window.failures == (NOW,)


def test_a_success_by_another_factor_clears_failures_and_lock() -> None:
    window, was_locked = clear(fail(Window(), now=NOW, times=10), now=NOW + 1)
    assert was_locked
    assert window == Window()
    window, was_locked = clear(fail(Window(), now=NOW, times=9), now=NOW + 1)
    assert not was_locked
    assert window == Window()


def test_clearing_leaves_attempts_in_flight_counted() -> None:
    window, _ = reserve(Window(), now=NOW, policy=POLICY)
    window, _ = clear(window, now=NOW)
    window, _ = settle(window, at=NOW, success=False, now=NOW, policy=POLICY)
    assert window.failures == (NOW,)


@dataclass
class Attempt:
    at: int
    state: str = "pending"


@dataclass
class Model:
    """The same rules told attempt by attempt: nothing is summed up, everything is counted afresh."""

    policy: AttemptPolicy
    attempts: list[Attempt] = field(default_factory=list)
    locks: list[tuple[int, int]] = field(default_factory=list)
    """Begin and end of every lock since the count of locks began anew."""
    released: bool = False

    def count(self, state: str) -> int:
        return sum(attempt.state == state for attempt in self.attempts)

    def end(self) -> int:
        return 0 if self.released or not self.locks else self.locks[-1][1]

    def pass_time(self, now: int) -> None:
        for attempt in self.attempts:
            if attempt.state == "pending" and now - attempt.at >= self.policy.pending_for:
                attempt.state = "failed"
            if attempt.state == "failed" and now - attempt.at >= self.policy.window:
                attempt.state = "over"
        if now - self.end() >= self.policy.lock_steps[-1]:
            end = self.end()
            self.locks = [lock for lock in self.locks if lock[1] > end]
        self.lock_if_full(now)

    def lock_if_full(self, now: int) -> bool:
        if self.count("failed") < self.policy.limit:
            return False
        for attempt in self.attempts:
            if attempt.state == "failed":
                attempt.state = "over"
        steps = self.policy.lock_steps
        self.locks.append((now, now + (steps[len(self.locks)] if len(self.locks) < len(steps) else steps[-1])))
        self.released = False
        return True


small = AttemptPolicy(limit=3, window=100, lock_steps=(20, 50, 200), pending_for=30)
actions = st.one_of(
    st.tuples(st.just("wait"), st.integers(0, 260)),
    st.tuples(st.just("reserve"), st.just(0)),
    st.tuples(st.sampled_from(("right", "wrong")), st.integers(0, 5)),
    st.tuples(st.just("clear"), st.just(0)),
)


@given(st.lists(actions, max_size=60))
def test_any_history_goes_as_an_independent_model_says(history: list[tuple[str, int]]) -> None:
    window, model, now = Window(), Model(small), NOW
    open_attempts: list[Attempt] = []
    for action, number in history:
        if action == "wait":
            now += number
        elif action == "reserve":
            window, got = reserve(window, now=now, policy=small)
            model.pass_time(now)
            if now < model.end():
                assert got == Locked(model.end())
            elif model.count("failed") + model.count("pending") >= small.limit:
                assert got == Busy()
            else:
                assert got == Reserved(now)
                model.attempts.append(Attempt(now))
                open_attempts.append(model.attempts[-1])
        elif action == "clear":
            window, was_locked = clear(window, now=now)
            assert was_locked == (now < model.end())
            model.locks, model.released = [], True
            for attempt in model.attempts:
                attempt.state = "over" if attempt.state == "failed" else attempt.state
        elif open_attempts:
            attempt = open_attempts.pop(number % len(open_attempts))
            window, locked = settle(window, at=attempt.at, success=action == "right", now=now, policy=small)
            if action == "right":
                attempt.state = "over"
                assert not locked
            elif attempt.state == "pending":
                attempt.state = "failed"
                assert locked == model.lock_if_full(now)
            else:
                assert not locked
        assert len(window.failures) == model.count("failed")
        assert len(window.pending) == model.count("pending")
        assert len(window.failures) + len(window.pending) <= small.limit


@given(st.lists(st.integers(0, 40), max_size=200))
def test_no_pace_of_guessing_gets_more_than_the_limit_between_two_locks(pauses: list[int]) -> None:
    window, now, wrong = Window(), NOW, 0
    for pause in pauses:
        now += pause
        window, got = reserve(window, now=now, policy=small)
        if isinstance(got, Reserved):
            wrong += 1
            window, locked = settle(window, at=got.at, success=False, now=now, policy=small)
            if locked:
                assert wrong >= small.limit
                wrong = 0
        assert len(window.failures) < small.limit


def test_one_message_a_minute_and_ten_a_day() -> None:
    policy = SendPolicy()
    sent = reserve_send((), now=NOW, policy=policy)
    assert sent == (NOW,)
    assert reserve_send(sent, now=NOW + 59, policy=policy) == Refused(Refusal.SMS_TOO_SOON, NOW + 60)
    for number in range(1, 10):
        sent = reserve_send(sent, now=NOW + 60 * number, policy=policy)
        assert isinstance(sent, tuple)
    assert reserve_send(sent, now=NOW + 600, policy=policy) == Refused(Refusal.SMS_DAILY_LIMIT, NOW + 86400)
    assert reserve_send(sent, now=NOW + 86399, policy=policy) == Refused(Refusal.SMS_DAILY_LIMIT, NOW + 86400)
    assert isinstance(reserve_send(sent, now=NOW + 86400, policy=policy), tuple)


@given(
    pauses=st.lists(st.integers(0, 20_000), max_size=80),
    interval=st.integers(0, 300),
    daily=st.integers(1, 12),
)
def test_no_pace_of_asking_gets_more_messages_than_the_budget(pauses: list[int], interval: int, daily: int) -> None:
    policy = SendPolicy(interval, daily)
    sent: tuple[int, ...] = ()
    given_out: list[int] = []
    now = NOW
    for pause in pauses:
        now += pause
        got = reserve_send(sent, now=now, policy=policy)
        expected = len([at for at in given_out if at > now - 86400]) < daily
        expected = expected and all(now - at >= interval for at in given_out)
        assert isinstance(got, tuple) == expected
        if isinstance(got, tuple):
            given_out.append(now)
            sent = got
        else:
            assert isinstance(reserve_send(sent, now=got.until, policy=policy), tuple)
            assert not isinstance(reserve_send(sent, now=got.until - 1, policy=policy), tuple)


@pytest.mark.parametrize("limit", [1, 2])
def test_the_smallest_limits_lock_too(limit: int) -> None:
    policy = AttemptPolicy(limit=limit)
    assert fail(Window(), now=NOW, times=limit, policy=policy).locked_until == NOW + 900


WAYS = st.lists(st.sampled_from(list(Way)))


@given(WAYS, st.sampled_from(list(Way)))
def test_removing_leaves_a_way_to_sign_in_or_is_refused(held: list[Way], way: Way) -> None:
    remaining = list(held)
    if way in remaining:
        remaining.remove(way)
    assert may_remove(held, way) == any(left in SIGNS_IN for left in remaining)


@given(WAYS.filter(lambda held: bool(SIGNS_IN & set(held))), st.lists(st.sampled_from(list(Way))))
def test_no_order_of_removals_locks_anybody_out(held: list[Way], asked: list[Way]) -> None:
    left = list(held)
    for way in asked:
        if way in left and may_remove(left, way):
            left.remove(way)
    assert SIGNS_IN & set(left)


def test_of_two_passkeys_one_may_go_and_the_last_may_not() -> None:
    assert may_remove([Way.PASSKEY, Way.PASSKEY, Way.TOTP], Way.PASSKEY)
    assert not may_remove([Way.PASSKEY, Way.TOTP, Way.RECOVERY_CODE], Way.PASSKEY)
    assert may_remove([Way.PASSKEY, Way.TOTP], Way.TOTP)
