"""What the benchmark of the import reports, and what it does not let pass."""

import dataclasses
import os

import pytest

from bench import report
from bench.legacy import BAR, SECTION, Seen, peak_memory, render
from bench.publishing import PAGE

SEEN = Seen(rows=1_000_000, size=100 * 2**20, seconds=500.0, cpu=300.0, early=120 * 2**20, peak=125 * 2**20)


@pytest.mark.parametrize(("seconds", "said"), [(BAR, "met"), (BAR + 1, "missed")])
def test_the_bar_is_judged_by_all_attempts_together(seconds: float, said: str) -> None:
    text = render(dataclasses.replace(SEEN, seconds=seconds), {"machine": "this"})
    assert f"a million rows in 600 s: {said}" in text
    assert "- machine: this" in text


def test_the_page_has_a_place_for_it() -> None:
    assert "| 1000000 |" in report.insert(PAGE.read_text(), render(SEEN, {}), SECTION)


def test_the_most_memory_of_a_process_is_told_and_none_of_one_that_is_gone() -> None:
    assert peak_memory(os.getpid()) > 2**20
    assert peak_memory(2**22 + 1) == 0
