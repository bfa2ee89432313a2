"""The tables and their place in the page."""

import pytest

from bench import flood, objections, timings
from bench.figures import Figures, Ratio
from bench.operations import OPERATIONS
from bench.process import Memory
from bench.publishing import PAGE
from bench.report import GOALS, PEERS, Footprint, Line, Result, insert, markers, render, table

BEGIN, END = markers(PEERS)


def figures_of(micros: float, rows: float | None = None) -> Figures:
    return Figures(
        micros=micros,
        per_second=1e6 / micros,
        observed=900.0,
        busy=0.75,
        database_micros=40.0,
        p50=0.0011,
        p99=0.0055,
        audit_rows=rows,
    )


def result() -> Result:
    line = Line("refresh", figures_of(250, rows=1.0), figures_of(1000), Ratio(median=4.0, low=3.5, high=4.25))
    prints = [Footprint("Tongban", Memory(rss=90 * 2**20, pss=70 * 2**20), 0.55)]
    return Result([line], prints, {"date": "2026-01-02", "machine": "a machine"})


def test_the_first_table_gives_time_rate_ratio_goal_and_audit_rows() -> None:
    row = next(line for line in render(result()).splitlines() if line.startswith("| refresh"))
    assert row == "| refresh | 250 | 4000 | 1000 | 1000 | **4.00** | 3.50 to 4.25 | 2 | 3 | 1.00 |"


def test_the_second_table_gives_waiting_times_in_milliseconds() -> None:
    row = [line for line in render(result()).splitlines() if line.startswith("| refresh")][1]
    assert row == "| refresh | 1.10 | 5.50 | 1.10 | 5.50 | 900 | 75% | 40 | 900 | 75% | 40 |"


def test_memory_start_and_facts_are_told() -> None:
    text = render(result())
    assert "| Tongban | 90 | 70 | 0.55 |" in text
    assert "- date: 2026-01-02\n- machine: a machine" in text


def test_every_operation_has_a_goal() -> None:
    assert list(GOALS) == list(OPERATIONS)


def test_rows_are_as_wide_as_their_head() -> None:
    for block in render(result()).split("\n\n"):
        assert len({line.count("|") for line in block.splitlines() if line.startswith("|")}) <= 1


def test_a_table_aligns_numbers_right() -> None:
    assert table(["a", "b"], [["x", "1"]]) == "| a | b |\n|---|---:|\n| x | 1 |"


def test_only_what_stands_between_the_markers_changes() -> None:
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    once = insert(page, "new", PEERS)
    assert once == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"
    assert insert(once, "new", PEERS) == once


@pytest.mark.parametrize("page", ["", BEGIN, f"{END}{BEGIN}", f"{BEGIN}{END}{BEGIN}", f"{BEGIN}{END}{END}"])
def test_a_page_without_its_two_markers_is_left_alone(page: str) -> None:
    with pytest.raises(ValueError, match="the document needs"):
        insert(page, "new", PEERS)


@pytest.mark.parametrize("section", [PEERS, timings.SECTION, flood.SECTION])
def test_the_page_of_this_repository_has_its_markers(section: str) -> None:
    assert "measured anew" in insert(PAGE.read_text(), "measured anew", section)
    assert objections.MAY_DIFFER


def test_sections_do_not_touch_each_other() -> None:
    page = f"{BEGIN}\nold\n{END}\n" + "{}\nolder\n{}\n".format(*markers("flood"))
    assert "old\n" in insert(page, "new", "flood")
