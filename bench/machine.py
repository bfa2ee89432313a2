"""The machine and the versions a table was made with, and how quiet the machine was.

Always true: reading them changes nothing.
"""

import os
import platform
import subprocess
import time
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from bench.process import TICKS_PER_SECOND, cpu_seconds


@dataclass(frozen=True)
class CoreTime:
    """Seconds since boot that a core worked, and that the host took it away while it had work."""

    busy: float
    stolen: float


def core_time(core: int) -> CoreTime:
    return parse_core_time(Path("/proc/stat").read_text(), core)


def parse_core_time(text: str, core: int) -> CoreTime:
    """The ``cpuN`` line of /proc/stat: user nice system idle iowait irq softirq steal (proc(5))."""
    for line in text.splitlines():
        name, *fields = line.split()
        if name == f"cpu{core}":
            ticks = [int(field) for field in fields]
            busy = ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6]
            return CoreTime(busy=busy / TICKS_PER_SECOND, stolen=ticks[7] / TICKS_PER_SECOND)
    raise ValueError(f"no core {core}")


def elsewhere() -> tuple[float, float]:
    """CPU seconds of all cores so far: those to be had, and those that others used or the host has kept."""
    cores = os.sched_getaffinity(0)
    used = sum(one.busy + one.stolen for one in map(core_time, cores))
    return time.perf_counter() * len(cores), used - cpu_seconds(os.getpid())


def share(before: tuple[float, float], after: tuple[float, float]) -> float:
    """What `elsewhere` went to others in between."""
    return (after[1] - before[1]) / (after[0] - before[0])


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.processor() or platform.machine()


def description() -> str:
    """Processor, cores, memory, kernel in one line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{processor()}, {os.cpu_count()} cores, {memory:.1f} GiB, Linux {platform.release()}"


def first_line(*command: str) -> str:
    """What a program says of itself, e.g. ``redis-server --version``."""
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[0].strip()


def package(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def commit(root: Path) -> str:
    """The commit the tree stands at, with ``+changes`` when it is not exactly that commit, the figures apart."""

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=True).stdout.strip()

    return git("rev-parse", "--short=12", "HEAD") + (
        "+changes" if git("status", "--porcelain", "--", ".", ":!docs/benchmarks.md") else ""
    )
