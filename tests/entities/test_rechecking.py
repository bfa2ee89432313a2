"""The register asked again on a schedule: a few roles a time, by one worker each; only a clear no ends anything."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from idp.db import Database, Statement
from idp.proofing.ports import EntityStatus, NotFound, Unavailable, UnavailableReason
from tests.entities.conftest import CODE, ONE, TWO, entry
from tests.provider import Browser, Site
from tests.registers import ScriptedRegisters

DAY = 86400


@pytest.fixture
def asked(representative: Browser, registers: ScriptedRegisters) -> list[Any]:
    """The questions from here on."""
    registers.asked.clear()
    return registers.asked


def state(site: Site) -> str:
    return str(site.one("SELECT state FROM entity_role"))


def due(site: Site, later: int = DAY) -> None:
    site.provider.rechecking.run_due(site.now() + later)


def test_nothing_is_asked_before_its_time(site: Site, asked: list[Any]) -> None:
    due(site, DAY - 60)
    assert asked == []


def test_a_good_answer_is_good_for_another_day(site: Site, asked: list[Any]) -> None:
    due(site)
    due(site, DAY + 60)
    assert len(asked) == 1
    assert asked[0].representative_number is not None
    assert state(site) == "confirmed"


@pytest.mark.parametrize("answer", [NotFound(), Unavailable(UnavailableReason.TIMEOUT), entry(ONE, code="X")])
def test_no_clear_answer_ends_nothing_and_is_asked_for_again_in_an_hour(
    site: Site, asked: list[Any], registers: ScriptedRegisters, answer: object
) -> None:
    registers.entities[CODE] = answer
    due(site)
    due(site, DAY + 60)
    assert len(asked) == 1
    assert state(site) == "confirmed"
    due(site, DAY + 3700)
    assert len(asked) == 2


@pytest.mark.parametrize("answer", [entry(TWO), entry(ONE, status=EntityStatus.CANCELLED)])
def test_a_clear_no_ends_the_role(site: Site, asked: list[Any], registers: ScriptedRegisters, answer: object) -> None:
    registers.entities[CODE] = answer
    due(site)
    assert state(site) == "ended"
    reason = site.one("SELECT reason FROM audit_event WHERE event = 'entity:role:ended'")
    assert reason in ("register", "cancelled")


def test_of_two_workers_one_asks_about_a_role(any_database: Database) -> None:
    from idp.entities.rechecking import _CLAIM

    with any_database.transaction() as tx:
        for party in ("pty_e", "pty_p"):
            tx.run(
                Statement[Any]("INSERT INTO party (id, kind, status, created_at) VALUES (:p, 'x', 'active', 1)"),
                p=party,
            )
        for number in range(30):
            tx.run(
                Statement[Any](
                    "INSERT INTO entity_role (id, entity_id, person_id, role, state, source, since, checked_at,"
                    " claimed_until) VALUES (:id, 'pty_e', 'pty_p', 'r', 'confirmed', 's', 1, 1, 0)"
                ),
                id=f"rol_{number}",
            )
    barrier = Barrier(2)

    def claim(_: int) -> int:
        barrier.wait()
        with any_database.transaction() as tx:
            return len(tx.all(_CLAIM, until=200, before=100, now=100, most=20))

    with ThreadPoolExecutor(2) as pool:
        counts = list(pool.map(claim, range(2)))
    assert max(counts) == 20
    assert sum(counts) <= 30
    with any_database.autocommit() as tx:
        assert tx.one(Statement("SELECT COUNT(*) FROM entity_role WHERE claimed_until = 200", int)) == sum(counts)
