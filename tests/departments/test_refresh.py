"""Refreshing: one request in flight per session, however many threads need the outcome."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import pytest

from adapters.departments.errors import ProviderRefused, ProviderUnavailable, SessionEnded
from adapters.departments.refresh import PAUSE, Refresher
from adapters.departments.relying_party import RelyingParty
from adapters.departments.sessions import AppSession, Store

from .fake_provider import HANDLE, START, Clock, FakeProvider, acting_claims
from .test_stores import a_notice, a_session

EXPIRED = START + 571


@pytest.fixture
def session(provider: FakeProvider, store: Store) -> AppSession:
    """A session whose access token runs out at START + 600 and whose refresh token is good."""
    made = a_session(refresh_token="refresh-0", claims={"iat": START, "auth_time": START - 60})
    provider.refresh_tokens = {"refresh-0"}
    store.create(made, now=START)
    return made


@pytest.fixture
def refresher(party: RelyingParty, store: Store, clock: Clock) -> Refresher:
    return Refresher(party, store, clock)


def token_requests(provider: FakeProvider) -> int:
    return sum(request.url.endswith("/token") for request in provider.seen)


def together(work: Callable[[], AppSession], number: int) -> list[Future[AppSession]]:
    barrier = threading.Barrier(number)

    def run() -> AppSession:
        barrier.wait()
        return work()

    with ThreadPoolExecutor(number) as pool:
        return [pool.submit(run) for _ in range(number)]


def test_a_good_access_token_is_left_alone(
    refresher: Refresher, session: AppSession, provider: FakeProvider, clock: Clock
) -> None:
    clock.now = EXPIRED - 2
    assert refresher.usable(session) == session
    assert refresher.usable(replace(session, access_expires_at=None)).generation == 0
    assert provider.seen == []


def test_an_expired_access_token_is_refreshed(
    refresher: Refresher, session: AppSession, store: Store, clock: Clock
) -> None:
    clock.now = EXPIRED
    new = refresher.usable(session)
    assert (new.generation, new.refreshed_at, new.access_expires_at) == (1, EXPIRED, EXPIRED + 600)
    assert new.refresh_token != "refresh-0"
    assert new.claims["iat"] == EXPIRED
    assert store.get("k") == new


def test_without_a_refresh_token_the_session_goes_on(refresher: Refresher, session: AppSession, clock: Clock) -> None:
    clock.now = EXPIRED
    bare = replace(session, refresh_token=None)
    assert refresher.usable(bare) == bare
    with pytest.raises(ProviderRefused):
        refresher.refreshed(bare)


@pytest.mark.parametrize("round_", range(3))
def test_threads_make_one_refresh_and_share_its_outcome(
    refresher: Refresher, session: AppSession, provider: FakeProvider, clock: Clock, round_: int
) -> None:
    clock.now = EXPIRED
    provider.before_token_answer = lambda: time.sleep(0.05)
    outcomes = {future.result() for future in map(_hashable, together(lambda: refresher.usable(session), 8))}
    assert len(outcomes) == 1
    assert token_requests(provider) == 1


def _hashable(future: Future[AppSession]) -> Future[str]:
    shown: Future[str] = Future()
    shown.set_result(f"{future.result().access_token} {future.result().refresh_token}")
    return shown


def test_two_refreshers_on_one_store_make_one_refresh(
    party: RelyingParty, session: AppSession, store: Store, provider: FakeProvider, clock: Clock
) -> None:
    """As two processes would."""
    clock.now = EXPIRED
    provider.before_token_answer = lambda: time.sleep(0.05)
    refreshers = iter([Refresher(party, store, clock) for _ in range(6)])
    outcomes = together(lambda: next(refreshers).usable(session), 6)
    assert {future.result().access_token for future in outcomes} == {"access-1"}
    assert token_requests(provider) == 1


def test_a_failed_refresh_is_not_repeated_by_those_who_waited(
    refresher: Refresher, session: AppSession, provider: FakeProvider, store: Store, clock: Clock
) -> None:
    clock.now = EXPIRED
    provider.token_error = (503, {})
    provider.before_token_answer = lambda: time.sleep(0.05)
    for future in together(lambda: refresher.usable(session), 6):
        assert isinstance(future.exception(), ProviderUnavailable)
    assert token_requests(provider) == 1
    kept = store.get("k")
    assert kept is not None
    assert (kept.refresh_token, kept.refresh_failed) == ("refresh-0", True)


def test_after_a_failure_there_is_a_pause_and_then_another_try(
    refresher: Refresher, session: AppSession, provider: FakeProvider, store: Store, clock: Clock
) -> None:
    clock.now = EXPIRED
    provider.token_error = (503, {})
    with pytest.raises(ProviderUnavailable):
        refresher.usable(session)
    provider.token_error = None
    waiting = store.get("k")
    assert waiting is not None
    clock.now += PAUSE - 1
    assert refresher.usable(waiting) == waiting
    clock.now += 1
    assert refresher.usable(waiting).generation == 2


def test_a_refused_refresh_ends_the_session_for_everybody(
    refresher: Refresher, session: AppSession, provider: FakeProvider, store: Store, clock: Clock
) -> None:
    clock.now = EXPIRED
    provider.refresh_tokens.clear()
    provider.before_token_answer = lambda: time.sleep(0.05)
    for future in together(lambda: refresher.usable(session), 6):
        assert isinstance(future.exception(), SessionEnded)
    assert store.get("k") is None
    assert token_requests(provider) == 1


def test_a_client_that_is_refused_keeps_its_peoples_sessions(
    refresher: Refresher, session: AppSession, provider: FakeProvider, store: Store, clock: Clock
) -> None:
    clock.now = EXPIRED
    provider.token_error = (401, {"error": "invalid_client"})
    with pytest.raises(ProviderRefused):
        refresher.usable(session)
    assert store.get("k") is not None


def test_tokens_of_another_person_end_the_session(
    refresher: Refresher, session: AppSession, provider: FakeProvider, store: Store, clock: Clock
) -> None:
    clock.now = EXPIRED
    provider.sub = "pw_other"
    with pytest.raises(SessionEnded):
        refresher.usable(session)
    assert store.get("k") is None


def test_a_logout_during_a_refresh_wins(
    refresher: Refresher, session: AppSession, provider: FakeProvider, store: Store, clock: Clock
) -> None:
    clock.now = EXPIRED
    provider.before_token_answer = lambda: store.end(a_notice(), now=clock.now)  # type: ignore[assignment, return-value]
    with pytest.raises(SessionEnded):
        refresher.usable(session)
    assert store.get("k") is None


def test_a_session_that_is_gone_is_not_refreshed(refresher: Refresher, session: AppSession, store: Store) -> None:
    store.delete("k")
    with pytest.raises(SessionEnded):
        refresher.refreshed(session)


def test_a_refresh_that_somebody_else_never_ends_is_given_up(
    party: RelyingParty, session: AppSession, store: Store, clock: Clock, settings: object
) -> None:
    store.claim_refresh("k", generation=0, now=START, until=START + 45)
    impatient = Refresher(RelyingParty(replace(party.settings, timeout=0.02)), store, clock)
    with pytest.raises(ProviderUnavailable, match="too long"):
        impatient.refreshed(session)


@pytest.mark.parametrize("answered", [True, False])
def test_an_acting_that_ends_during_a_refresh_leaves_the_person_signed_in(
    refresher: Refresher, session: AppSession, store: Store, provider: FakeProvider, clock: Clock, answered: bool
) -> None:
    acting = replace(session, key="acting", claims={**session.claims, **acting_claims()})
    store.create(acting, now=START)

    def ended() -> None:
        store.end(a_notice(handle=HANDLE), now=START)
        if not answered:
            provider.refresh_tokens.clear()

    provider.before_token_answer = ended
    clock.now = EXPIRED
    left = refresher.usable(acting)
    assert left == store.get("acting")
    assert (left.acting.status, left.refresh_token) == ("expired_in_session", None)
    assert left.sub == session.sub


def test_a_refresh_says_anew_what_is_held(
    refresher: Refresher, session: AppSession, provider: FakeProvider, clock: Clock
) -> None:
    clock.now, provider.held = EXPIRED, [{"type": "gov_mandate"}]
    assert refresher.usable(session).details == [{"type": "gov_mandate"}]


def test_a_refresh_that_says_nothing_of_it_leaves_what_was_held(
    refresher: Refresher, session: AppSession, store: Store, clock: Clock
) -> None:
    held = replace(session, key="held", details=[{"type": "gov_mandate"}])
    store.create(held, now=START)
    clock.now = EXPIRED
    assert refresher.usable(held).details == [{"type": "gov_mandate"}]
