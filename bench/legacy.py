"""``python -m bench legacy``: import a million old accounts, killing the import twice on the way.

Always true: what the import says is compared with what the generator knows of its file; a report that does not add
up, or a row that is there twice, ends the run without a table.
"""

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg

from adapters.sandbox.processes import Child, stop
from adapters.sandbox.services import Postgres, Redis
from bench import legacy_rows, objections, report
from bench.legacy_rows import Expected
from bench.load import WrongAnswer
from bench.process import cpu_seconds
from bench.publishing import circumstances, publish
from bench.targets import ROOT
from bench.tongban_target import Tongban

SECTION = "legacy"
ROWS = 1_000_000
BAR = 600.0
"""Seconds that a million rows may take."""
KILLS = (1 / 3, 2 / 3)
"""After which shares of the rows the import is killed."""
EARLY = 0.1
"""Share of the rows after which memory is looked at first; it must not grow much from there on."""
GROWTH = 16 * 2**20
PATIENCE = 3600.0
_READ = "SELECT COALESCE(MAX(lines), 0) FROM legacy_batch"
_ACCOUNTS = (
    "SELECT COUNT(*), COUNT(DISTINCT (platform, old_blind)), COUNT(*) FILTER (WHERE flag IS NULL) FROM legacy_account"
)


@dataclass(frozen=True)
class Seen:
    """An import with its kills. Times in seconds, memory in bytes."""

    rows: int
    size: int
    """Of the file."""
    seconds: float
    """Of all attempts together, each with its start and its look at the whole file."""
    cpu: float
    """Of the import's processes."""
    early: int
    """Most memory of the first attempt by the time a tenth was done."""
    peak: int

    @property
    def micros(self) -> float:
        return self.seconds / self.rows * 1e6


def main(words: Sequence[str]) -> int:
    """0: done; 1: the import was wrong; 3: measured, but not to be published."""
    options = _parser().parse_args(words)
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        directory = Path(name)
        file = directory / f"old.{options.format}"
        expected = legacy_rows.write(file, options.rows, seed=options.seed)
        with Redis(directory, durable=True) as redis, Postgres(directory, durable=True) as postgres:
            target = Tongban(directory, postgres=postgres.url, redis=redis.url, port=8035)
            target.prepare()
            try:
                seen = _import(target, file, expected, database=_address(postgres.url))
            except WrongAnswer as error:
                print(f"The import was wrong, nothing is reported: {error}", file=sys.stderr)
                return 1
            told = _facts(target, options)
            return publish(render(seen, told), SECTION, _objections(target, seen), dry=options.dry)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench legacy", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--format", choices=("csv", "jsonl"), default="csv")
    parser.add_argument("--dry", action="store_true", help="print only, whatever docs/benchmarks.md may take")
    return parser


def _address(url: str) -> str:
    return url.replace("postgresql+psycopg:", "postgresql:")


class _Attempt:
    """One process that imports, and the most it took."""

    def __init__(self, target: Tongban, file: Path, number: int) -> None:
        self.log = file.with_name(f"import-{number}.log")
        self.began = time.perf_counter()
        self.child: Child = target.begin("legacy", "import", str(file), "--json", log=self.log)
        self.cpu, self.peak = 0.0, 0

    def look(self) -> bool:
        """Whether it is still at work."""
        pid = self.child.process.pid
        if self.child.process.poll() is not None:
            return False
        self.cpu = max(self.cpu, cpu_seconds(pid))
        self.peak = max(self.peak, peak_memory(pid))
        return True

    def kill(self) -> None:
        os.kill(self.child.process.pid, signal.SIGKILL)
        self.child.process.wait()


def peak_memory(pid: int) -> int:
    """The most a process has held so far (VmHWM), in bytes; 0 when it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


def _import(target: Tongban, file: Path, expected: Expected, *, database: str) -> Seen:
    """Raises ``WrongAnswer``."""
    attempts: list[_Attempt] = []
    early = 0
    seconds = 0.0
    with psycopg.connect(database, autocommit=True) as connection:
        for until in (*KILLS, None):
            one = _Attempt(target, file, len(attempts))
            attempts.append(one)
            while one.look():
                row = connection.execute(_READ).fetchone()
                share = (row[0] if row else 0) / expected.lines
                early = early or (one.peak if share >= EARLY else 0)
                if until is not None and share >= until:
                    one.kill()
                    break
                if time.perf_counter() - one.began > PATIENCE:
                    stop(one.child)
                    raise WrongAnswer(f"not done after {PATIENCE:g} s")
                time.sleep(0.05)
            seconds += time.perf_counter() - one.began
        _compare(attempts[-1], expected)
        rows = connection.execute(_ACCOUNTS).fetchone()
        if rows != (expected.accepted + expected.flagged, expected.accepted + expected.flagged, expected.accepted):
            raise WrongAnswer(f"accounts, different ones, waiting ones: {rows}")
        again = _Attempt(target, file, len(attempts))
        again.child.process.wait(PATIENCE)
        _compare(again, expected)
        if connection.execute(_ACCOUNTS).fetchone() != rows:
            raise WrongAnswer("the same file again changed something")
    return Seen(
        rows=expected.lines,
        size=file.stat().st_size,
        seconds=seconds,
        cpu=sum(one.cpu for one in attempts),
        early=early,
        peak=max(one.peak for one in attempts),
    )


def _compare(one: _Attempt, expected: Expected) -> None:
    said = one.log.read_text().strip().splitlines()
    if one.child.process.returncode != 0 or not said:
        raise WrongAnswer(f"the import ended with {one.child.process.returncode}: {said[-5:]}")
    told = json.loads(said[-1])
    wanted = asdict(expected)
    if {name: told[name] for name in wanted} != wanted:
        raise WrongAnswer(f"it says {told}, the file has {wanted}")


def render(seen: Seen, told: Mapping[str, str]) -> str:
    """The table and the facts, as Markdown."""
    head = [
        "rows",
        "file, MiB",
        "seconds",
        "µs per row",
        "CPU of the import, µs per row",
        "memory after a tenth, MiB",
    ]
    row = [
        f"{seen.rows}",
        f"{seen.size / 2**20:.0f}",
        f"{seen.seconds:.0f}",
        f"**{seen.micros:.0f}**",
        f"{seen.cpu / seen.rows * 1e6:.0f}",
        f"{seen.early / 2**20:.0f}",
        f"{seen.peak / 2**20:.0f}",
    ]
    met = "met" if seen.micros <= BAR else "missed"
    facts = {"bar": f"a million rows in {BAR:g} s: {met}; CPU is that of the import, without the database's", **told}
    return f"{report.table([*head, 'most memory, MiB'], [row])}\n\n{report.listing(facts)}"


def _facts(target: Tongban, options: argparse.Namespace) -> dict[str, str]:
    return circumstances(target.versions()) | {
        "run": f"one {options.format} file of seed {options.seed}, killed after a third and after two thirds of its "
        "rows and begun again each time; the report added up, and the same file again changed nothing",
        "settings": target.settings(),
    }


def _objections(target: Tongban, seen: Seen) -> list[str]:
    return [
        *objections.foreign(target.example_settings(), target.effective_settings()),
        *objections.of_tree(objections.uncommitted(ROOT)),
        *([] if seen.rows >= ROWS else [f"{seen.rows} rows, {ROWS} are needed"]),
        *([] if seen.peak <= seen.early + GROWTH else ["memory grows with the file"]),
    ]
