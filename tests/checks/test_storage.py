"""Checks over both databases: agreed to once, judged once, taken once, whoever else does so at the moment."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from idp.accounts.actions import Directory
from idp.accounts.documents import IdNumber
from idp.accounts.names import PersonName
from idp.audit import chains as chains_module
from idp.audit import init_audit
from idp.checks.actions import Checks, Denied
from idp.checks.ending import end_stale
from idp.checks.ports import Heard, Judged, Opened
from idp.checks.rules import (
    LIFETIME,
    CheckKind,
    CheckPurpose,
    CheckState,
    CheckSubject,
    Order,
    Passed,
    Refusal,
)
from idp.checks.work import Work
from idp.db import Database, Statement
from idp.messages.outbox import init_outbox
from tests.accounts.test_directory import directory
from tests.grants.making import CIPHER

NOW = 1_800_000_000
SUBJECT = CheckSubject(PersonName("欧阳清岚"), IdNumber("11010519491231002X"))
OTHER = CheckSubject(PersonName("欧阳清风"), IdNumber("11010519491231002X"))
ORDER = Order(CheckKind.FACE, CheckPurpose.ACTIVATION, SUBJECT, party_id=None, back="/b", elsewhere="/e", locale="zh")
BROWSER, STRANGER = b"b" * 32, b"s" * 32
YES = Judged(passed=True, reason=None, score=970, digest="0" * 64, judged_at=NOW + 20)
NO = Judged(passed=False, reason=Refusal.NOT_PASSED, score=200, digest="1" * 64, judged_at=NOW + 20)


@pytest.fixture(autouse=True)
def _written() -> Iterator[None]:
    init_audit(b"an audit key of thirty-two bytes", "node-1")
    init_outbox(CIPHER)
    yield
    chains_module._writer = None


@pytest.fixture
def people() -> Directory:
    return directory()


@pytest.fixture
def checks(people: Directory) -> Checks:
    return Checks(CIPHER, people, daily=2)


def ordered(database: Database, checks: Checks, order: Order = ORDER) -> str:
    with database.transaction() as tx:
        return checks.order(tx, order, browser=BROWSER, now=NOW)


def agreed(database: Database, checks: Checks, key: str, browser: bytes = BROWSER) -> Refusal | None:
    with database.transaction() as tx:
        check = checks.read(tx, key, browser=browser, now=NOW)
        assert check is not None
        return checks.agree(tx, check, vendor="vendor", consent="2026-11-01", browser=browser, now=NOW)


def work(database: Database, checks: Checks, key: str) -> Work:
    with database.transaction() as tx:
        found = checks.load(tx, key)
    assert found is not None
    return found


def opened(database: Database, checks: Checks) -> str:
    key = ordered(database, checks)
    assert agreed(database, checks, key) is None
    found = work(database, checks, key)
    with database.transaction() as tx:
        assert checks.opened(tx, found, Opened("t-1", "https://vendor/", sdk_token=None), now=NOW + 1)
    return key


def decided(database: Database, checks: Checks, key: str, judged: Judged, *, now: int = NOW + 30) -> bool:
    found = work(database, checks, key)
    with database.transaction() as tx:
        return checks.decide(tx, found, judged, now=now)


def taken(database: Database, checks: Checks, key: str, *, now: int = NOW + 40, **other: object) -> Passed | Denied:
    asked = {"kind": ORDER.kind, "purpose": ORDER.purpose, "subject": SUBJECT, "browser": BROWSER}
    asked |= {"party_id": None, "back": "/b"} | other
    with database.transaction() as tx:
        return checks.take(tx, key, now=now, **asked)  # type: ignore[arg-type]


def test_what_passed_is_taken_with_what_evidence_keeps(any_database: Database, checks: Checks) -> None:
    key = opened(any_database, checks)
    assert decided(any_database, checks, key, YES)
    assert taken(any_database, checks, key) == Passed(key, "vendor", "t-1", 970, "0" * 64, NOW + 20)


@pytest.mark.parametrize(
    "other",
    [
        {"browser": STRANGER},
        {"purpose": CheckPurpose.SIGN_IN},
        {"kind": CheckKind.BANK},
        {"subject": OTHER},
        {"now": NOW + LIFETIME},
        {"party_id": "pty_1"},
        {"back": "/b?f=2"},
    ],
    ids=["another browser", "another purpose", "another kind", "another person", "too late", "account", "page"],
)
def test_a_result_serves_only_what_it_was_ordered_for(
    any_database: Database, checks: Checks, other: dict[str, object]
) -> None:
    key = opened(any_database, checks)
    decided(any_database, checks, key, YES)
    assert taken(any_database, checks, key, **other) == Denied(Refusal.OVER)  # type: ignore[arg-type]
    refused = Statement("SELECT detail FROM audit_event WHERE reason = 'check_over'", str)
    with any_database.autocommit() as tx:
        assert key in str(tx.all(refused))
    assert isinstance(taken(any_database, checks, key), Passed)


def test_what_a_stranger_sends_for_a_check_stands_nowhere(any_database: Database, checks: Checks) -> None:
    assert taken(any_database, checks, "chk_of_somebody") == Denied(Refusal.OVER)
    with any_database.autocommit() as tx:
        told = tx.all(Statement("SELECT detail FROM audit_event WHERE reason = 'check_over'", str))
    assert len(told) == 1
    assert "chk_of_somebody" not in told[0]


def test_of_many_who_take_one_result_one_has_it(any_database: Database, checks: Checks) -> None:
    key = opened(any_database, checks)
    decided(any_database, checks, key, YES)
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda _: taken(any_database, checks, key), range(6)))
    assert sum(isinstance(one, Passed) for one in results) == 1


def test_of_two_results_the_first_counts(any_database: Database, checks: Checks) -> None:
    key = opened(any_database, checks)
    late = work(any_database, checks, key)
    assert decided(any_database, checks, key, NO)
    with any_database.transaction() as tx:
        assert not checks.decide(tx, late, YES, now=NOW + 31)
    assert taken(any_database, checks, key) == Denied(Refusal.OVER)


def test_a_yes_after_the_end_of_the_check_is_none(any_database: Database, checks: Checks) -> None:
    key = opened(any_database, checks)
    assert not decided(any_database, checks, key, YES, now=NOW + LIFETIME)


def test_what_is_over_tells_nobody_who_was_checked(any_database: Database, checks: Checks) -> None:
    key = opened(any_database, checks)
    decided(any_database, checks, key, NO)
    with any_database.transaction() as tx:
        check = checks.read(tx, key, browser=BROWSER, now=NOW + 40)
        assert checks.load(tx, key) is None
    assert check is not None
    assert (check.state, check.reason, check.order) == (CheckState.FAILED, Refusal.NOT_PASSED, None)
    assert (check.back, check.elsewhere) == ("/b", "/e")


def test_another_browser_reads_nothing(any_database: Database, checks: Checks) -> None:
    key = ordered(any_database, checks)
    with any_database.transaction() as tx:
        assert checks.read(tx, key, browser=STRANGER, now=NOW) is None


def test_a_check_is_agreed_to_once(any_database: Database, checks: Checks) -> None:
    key = ordered(any_database, checks)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: agreed(any_database, checks, key), range(4)))
    assert results.count(None) == 1


def begun(database: Database, checks: Checks, browser: bytes, order: Order = ORDER) -> str | None:
    """A check of ``browser`` that is open at the vendor; None when it was not begun."""
    with database.transaction() as tx:
        key = checks.order(tx, order, browser=browser, now=NOW)
    if agreed(database, checks, key, browser) is not None:
        return None
    found = work(database, checks, key)
    with database.transaction() as tx:
        assert checks.opened(tx, found, Opened("t-1", "https://vendor/", sdk_token=None), now=NOW + 1)
    return key


def browsers(number: int) -> list[bytes]:
    return [bytes([65 + one]) * 32 for one in range(number)]


def test_what_did_not_pass_is_counted_on_who_asks_and_an_absent_vendor_costs_nothing(
    any_database: Database, checks: Checks
) -> None:
    away = opened(any_database, checks)
    found = work(any_database, checks, away)
    with any_database.transaction() as tx:
        assert checks.give_up(tx, found, Refusal.VENDOR_AWAY, now=NOW + 5)
    for _ in range(2):
        decided(any_database, checks, opened(any_database, checks), NO)
    assert agreed(any_database, checks, ordered(any_database, checks)) is Refusal.TRIES_USED_UP
    known = replace(ORDER, party_id=None, purpose=CheckPurpose.SIGN_IN)
    assert agreed(any_database, checks, ordered(any_database, checks, known)) is Refusal.TRIES_USED_UP


def test_who_begins_checks_of_somebody_and_walks_away_locks_nobody_else_out(
    any_database: Database, checks: Checks
) -> None:
    for browser in browsers(4):
        assert begun(any_database, checks, browser)
        assert begun(any_database, checks, browser)
        assert begun(any_database, checks, browser) is None
    assert agreed(any_database, checks, ordered(any_database, checks)) is None, "while they wait"
    assert end_stale(any_database, checks, now=NOW + LIFETIME) == 13
    assert begun(any_database, checks, BROWSER), "and when they were given up"


def test_of_one_document_no_more_results_are_looked_at_than_its_limit(any_database: Database, checks: Checks) -> None:
    waiting = [key for browser in browsers(8) if (key := begun(any_database, checks, browser))]
    for key in waiting[:6]:
        assert decided(any_database, checks, key, NO)
    assert begun(any_database, checks, BROWSER) is None
    assert decided(any_database, checks, waiting[6], YES)
    assert taken(any_database, checks, waiting[6], browser=browsers(7)[6]) == Denied(Refusal.OVER)
    other = replace(ORDER, subject=replace(SUBJECT, document=IdNumber("110105199003070076")))
    assert begun(any_database, checks, BROWSER, other), "another document is nobody's business here"


def test_a_result_that_comes_twice_is_counted_once(any_database: Database, checks: Checks) -> None:
    for browser in browsers(5):
        key = begun(any_database, checks, browser)
        assert key
        found = work(any_database, checks, key)
        for _ in range(2):
            with any_database.transaction() as tx:
                checks.decide(tx, found, NO, now=NOW + 5)
    assert begun(any_database, checks, BROWSER)


def test_what_nobody_came_back_from_ends_by_itself(any_database: Database, checks: Checks) -> None:
    key = opened(any_database, checks)
    assert end_stale(any_database, checks, now=NOW + LIFETIME - 1) == 0
    assert end_stale(any_database, checks, now=NOW + LIFETIME) == 1
    with any_database.transaction() as tx:
        assert checks.load(tx, key) is None


@pytest.mark.parametrize("step", ["never asked", "never answered", "went away", "still there"])
def test_a_vendor_that_never_answered_costs_no_try_at_the_end(
    any_database: Database, checks: Checks, step: str
) -> None:
    key = ordered(any_database, checks) if step == "never asked" else opened(any_database, checks)
    if step == "never asked":
        assert agreed(any_database, checks, key) is None
    with any_database.transaction() as tx:
        if step in ("never answered", "still there"):
            checks.expect_result(tx, key, now=NOW + 5)
        if step == "still there":
            checks.not_yet(tx, key)
    assert end_stale(any_database, checks, now=NOW + LIFETIME) == 1
    free = step in ("never asked", "never answered")
    with any_database.autocommit() as tx:
        row = tx.one(Statement("SELECT state, reason FROM outside_check", lambda *found: found))
        failures = tx.one(Statement("SELECT failures FROM attempt WHERE kind = 'face'", str))
    assert row == (("away", "check_vendor_away") if free else ("failed", "check_abandoned"))
    assert (failures == "[]") is free


def test_a_callback_names_a_check_that_is_open(any_database: Database, checks: Checks) -> None:
    key = opened(any_database, checks)
    with any_database.transaction() as tx:
        heard = Heard("1", key, "t-1")
        assert checks.is_open(tx, heard, vendor="vendor", now=NOW + 5)
        assert not checks.is_open(tx, replace(heard, transaction="t-2"), vendor="vendor", now=NOW + 5)
        assert not checks.is_open(tx, heard, vendor="another", now=NOW + 5)


def test_a_callback_is_heard_once_whoever_hears_it_at_the_moment(any_database: Database, checks: Checks) -> None:
    def hear(_: int) -> bool:
        with any_database.transaction() as tx:
            return checks.hear(tx, Heard("1", "chk", "t-1"), vendor="vendor", now=NOW)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(hear, range(4))).count(True) == 1


def test_of_many_requests_one_leaves_and_one_question_is_under_way(any_database: Database, checks: Checks) -> None:
    key = opened(any_database, checks)

    def leave(_: int) -> bool:
        with any_database.transaction() as tx:
            checks.expect_result(tx, key, now=NOW + 2)
            return checks.leave(tx, key, now=NOW + 2)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(leave, range(4))).count(True) == 1
    with any_database.autocommit() as tx:
        assert tx.one(Statement("SELECT COUNT(*) FROM outbox WHERE kind = 'check_fetch'", int)) == 1
