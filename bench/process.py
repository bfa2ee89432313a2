"""Processes under measurement: where they run, what CPU time they took, what memory they hold (Linux, from /proc).

Always true: CPU time covers every thread of the given process and of all its living and finished descendants.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Memory:
    """Of a process and its descendants, in bytes."""

    rss: int
    pss: int


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """Whatever is started inside stays on ``core``: processes inherit the affinity of their parent."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def tree(pid: int) -> list[int]:
    """``pid`` and its living descendants."""
    found = [pid]
    for parent in found:
        try:
            for task in os.listdir(f"/proc/{parent}/task"):
                found += [int(child) for child in Path(f"/proc/{parent}/task/{task}/children").read_text().split()]
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def cpu_seconds(pid: int) -> float:
    """User and system time of ``pid`` and its descendants so far; resolution one clock tick (10 ms)."""
    return sum(_ticks(member) for member in tree(pid)) / TICKS_PER_SECOND


def _ticks(pid: int) -> int:
    try:
        return parse_stat(Path(f"/proc/{pid}/stat").read_text())
    except (FileNotFoundError, ProcessLookupError):
        return 0


def parse_stat(line: str) -> int:
    """utime + stime + cutime + cstime in ticks; the command name in parentheses may hold anything (proc(5))."""
    fields = line[line.rindex(")") + 2 :].split()
    return sum(int(field) for field in fields[11:15])


def memory(pid: int) -> Memory:
    """Resident and proportional memory of ``pid`` and its descendants."""
    rss = pss = 0
    for member in tree(pid):
        try:
            fields = parse_rollup(Path(f"/proc/{member}/smaps_rollup").read_text())
        except (FileNotFoundError, ProcessLookupError):
            continue
        rss, pss = rss + fields["Rss"], pss + fields["Pss"]
    return Memory(rss=rss, pss=pss)


def parse_rollup(text: str) -> dict[str, int]:
    """The ``Name: n kB`` lines of smaps_rollup, in bytes."""
    rows = (line.split() for line in text.splitlines() if line.endswith(" kB"))
    return {row[0].rstrip(":"): int(row[1]) * 1024 for row in rows}
