"""What is read from /proc (proc(5))."""

import os

import pytest

from bench import machine, process


def test_cpu_time_is_found_behind_a_command_name_with_spaces_and_parentheses() -> None:
    line = "7 (a (b) c) S 1 7 7 0 -1 4194304 90 0 0 0 11 22 33 44 20 0 1 0 5 1 1"
    assert process.parse_stat(line) == 11 + 22 + 33 + 44


def test_memory_lines_are_bytes() -> None:
    text = "55d0-7ffe ---p 00000000 00:00 0  [rollup]\nRss:   2048 kB\nPss:   1024 kB\nPss_Dirty:  3 kB\n"
    assert process.parse_rollup(text) == {"Rss": 2048 * 1024, "Pss": 1024 * 1024, "Pss_Dirty": 3 * 1024}


def test_core_time_separates_work_from_waiting_and_theft() -> None:
    ticks = process.TICKS_PER_SECOND
    text = f"cpu 9 9 9 9 9 9 9 9 0 0\ncpu1 {ticks} 0 {ticks} 700 800 0 {ticks} {2 * ticks} 0 0\n"
    assert machine.parse_core_time(text, 1) == machine.CoreTime(busy=3.0, stolen=2.0)


def test_an_unknown_core_is_an_error() -> None:
    with pytest.raises(ValueError, match="core 5"):
        machine.parse_core_time("cpu0 1 1 1 1 1 1 1 1", 5)


def test_this_process_is_in_its_own_tree_and_has_used_time_and_memory() -> None:
    assert process.tree(os.getpid())[0] == os.getpid()
    assert process.cpu_seconds(os.getpid()) > 0
    assert process.memory(os.getpid()).rss >= process.memory(os.getpid()).pss // 2 > 0


def test_affinity_is_given_back() -> None:
    before = os.sched_getaffinity(0)
    with process.on_core(min(before)):
        assert os.sched_getaffinity(0) == {min(before)}
    assert os.sched_getaffinity(0) == before
