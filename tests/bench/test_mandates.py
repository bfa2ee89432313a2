"""What the benchmark of mandates reports, whom it asks about, and what it does not let pass."""

import dataclasses

from bench import exchanging, report
from bench.exchanging import Beside
from bench.figures import Round
from bench.mandate_rows import SHARE, Size, questions
from bench.mandates import FLAT, P99, PER_SECOND, SECTION, Seen, missed, render
from bench.publishing import PAGE

FEW = Seen(1_000, 1_000, [4e-4] * 200, [1e-3] * 200, 0.0)
MANY = dataclasses.replace(FEW, mandates=1_000_000, people=100_000)


def test_the_bar_is_time_rate_and_flatness() -> None:
    assert missed([FEW, MANY]) == []
    assert ": met" in render([FEW, MANY], {})
    slow = dataclasses.replace(MANY, cpu=[4e-4] * 190 + [P99 * 1.01] * 10)
    assert missed([FEW, slow]) == ["p99 among 1000000 mandates", "it is not flat"]
    assert missed([dataclasses.replace(FEW, cpu=[1.1 / PER_SECOND] * 200)]) == [
        "checks per second among 1000 mandates"
    ]
    steep = dataclasses.replace(MANY, cpu=[FLAT * 4.1e-4] * 200)
    assert missed([FEW, steep]) == ["it is not flat"]
    assert "missed" in render([FEW, steep], {})


def test_the_page_has_a_place_for_it() -> None:
    assert "| 1000000 |" in report.insert(PAGE.read_text(), render([FEW, MANY], {}), SECTION)


def test_an_exchange_is_held_against_a_refresh_of_the_same_round() -> None:
    refreshes = [Round(1000, 3.0, cpu, 0.3, 0.0, 1e-3, 2e-3) for cpu in (1.0, 2.0, 1.0)]
    seen = Beside([dataclasses.replace(one, cpu=1.4 * one.cpu) for one in refreshes], refreshes)
    assert exchanging.missed(seen) == []
    assert "takes 1.40 times the CPU time of a refresh, 1.5 at most: met" in exchanging.render(seen)
    slow = dataclasses.replace(seen, exchange=[dataclasses.replace(one, cpu=1.6 * one.cpu) for one in refreshes])
    assert exchanging.missed(slow) == ["an exchange costs 1.60 refreshes"]
    assert "missed" in exchanging.render(slow)


def test_of_ten_questions_nine_are_allowed_and_no_party_is_asked_about_itself() -> None:
    size = Size(1_000_000, 100_000)
    assert size.mandates - sum(size.of(kind) for kind in SHARE) == size.of("agency")  # one employee under each
    asked = questions(size, 1000, seed=1)
    assert sum(one.allowed for one in asked) == 900
    assert all(one.agent != one.represented for one in asked)
    assert {one.kind for one in asked} == {"personal", "staff", "two links", "representative", "nobody"}
