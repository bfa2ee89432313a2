"""``python -m bench mandates``: may this person act for that party, among a thousand and among a million mandates.

Always true: every answer is compared with what the rows were made for; a wrong one ends the run without a table.
"""

import argparse
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy import create_engine

from adapters.sandbox.services import Postgres, Redis
from bench import exchanging, objections, report
from bench.figures import percentile
from bench.load import WrongAnswer
from bench.machine import core_time
from bench.mandate_rows import DAY, NOW, Question, Size, fill, questions
from bench.process import on_core
from bench.publishing import circumstances, publish
from bench.targets import ROOT
from bench.tongban_target import Tongban
from idp.db import Database, engine_options, prepare_engine
from idp.mandates.deciding import Deciding
from idp.mandates.power import Asked
from idp.mandates.registry import Themes
from idp.mandates.scopes import Action, Limit

SECTION = "mandates"
SIZES = (Size(1_000, 1_000), Size(1_000_000, 100_000))
CHECKS = 20_000
WARM = 2_000
P99 = 5e-3
"""Seconds of our process's CPU time that 99 of 100 checks may take."""
PER_SECOND = 1_500
FLAT = 1.25
"""How many times the CPU time of a check among a thousand one among a million may take."""
_AMOUNT = Limit(100_000)


@dataclass(frozen=True)
class Seen:
    """Checks among so many mandates. Times in seconds."""

    mandates: int
    people: int
    cpu: list[float]
    """Of our process, sorted."""
    wall: list[float]
    """Each with its round trip to the database, sorted."""
    others: float
    """Share of the core that somebody else took."""

    @property
    def mean(self) -> float:
        return sum(self.cpu) / len(self.cpu)


def main(words: Sequence[str]) -> int:
    """0: done; 1: a wrong answer; 3: measured, but not to be published."""
    options = _parser().parse_args(words)
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        with on_core(options.load_core):
            redis = stack.enter_context(Redis(directory, durable=True))
            postgres = stack.enter_context(Postgres(directory, durable=True))
        target = Tongban(
            directory,
            postgres=postgres.url,
            redis=redis.url,
            port=8036,
            people=[exchanging.GRANTOR],
            apps=[exchanging.app()],
        )
        try:
            beside = _exchanges(target, postgres.url, directory / "commands.log", options)
            stack.enter_context(on_core(options.server_core))
            seen = [_measure(postgres.url, size, options) for size in _sizes(options)]
        except WrongAnswer as error:
            print(f"A wrong answer, nothing is reported: {error}", file=sys.stderr)
            return 1
        text = f"{exchanging.render(beside)}\n\n{render(seen, _facts(target, options))}"
        return publish(text, SECTION, _objections(target, seen, options), dry=options.dry)


def _exchanges(target: Tongban, url: str, log: Path, options: argparse.Namespace) -> exchanging.Beside:
    """Measured before the rows are made, which take everybody's place."""
    try:
        with on_core(options.load_core):
            target.start(core=options.server_core)
            _import_themes(target, log)
            return exchanging.beside(target, url, log, core=options.server_core)
    finally:
        target.stop()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench mandates", description=__doc__)
    parser.add_argument("--checks", type=int, default=CHECKS)
    parser.add_argument("--most", type=int, default=SIZES[-1].mandates, help="mandates of the largest set")
    parser.add_argument("--seed", type=int, default=1)
    cores = sorted(os.sched_getaffinity(0))
    parser.add_argument("--server-core", type=int, default=cores[0])
    parser.add_argument("--load-core", type=int, default=cores[-1], help="for the database")
    parser.add_argument("--dry", action="store_true", help="print only, whatever docs/benchmarks.md may take")
    return parser


def _sizes(options: argparse.Namespace) -> list[Size]:
    return [Size(min(size.mandates, options.most), size.people) for size in SIZES]


def _measure(url: str, size: Size, options: argparse.Namespace) -> Seen:
    """Raises ``WrongAnswer``."""
    with psycopg.connect(url.replace("postgresql+psycopg:", "postgresql:"), autocommit=True) as connection:
        fill(connection, size)
    engine = create_engine(url, **engine_options(url, pool_size=2, pool_timeout=3.0))
    prepare_engine(engine)
    database = Database(engine)
    deciding = Deciding(Themes(database), recheck=DAY)
    asked = questions(size, options.checks + WARM, seed=options.seed)
    for one in asked[:WARM]:
        _check(database, deciding, one)
    busy, began = core_time(options.server_core).busy, time.perf_counter()
    own, took = time.process_time(), [_check(database, deciding, one) for one in asked[WARM:]]
    elapsed, mine = time.perf_counter() - began, time.process_time() - own
    others = max(0.0, core_time(options.server_core).busy - busy - mine) / elapsed
    engine.dispose()
    cpu, wall = (sorted(column) for column in zip(*took, strict=True))
    return Seen(size.mandates, size.people, list(cpu), list(wall), others)


def _import_themes(target: Tongban, log: Path) -> None:
    child = target.begin("mandate", "theme", "import", str(ROOT / "config/themes/demo.toml"), log=log)
    if child.process.wait(60) != 0:
        raise SystemExit(f"the themes were not imported:\n{log.read_text()}")


def _check(database: Database, deciding: Deciding, one: Question) -> tuple[float, float]:
    """CPU time of our process, and time on the clock. Raises ``WrongAnswer``."""
    began, own = time.perf_counter(), time.process_time()
    with database.autocommit() as tx:
        found = deciding.may(
            tx,
            agent=one.agent,
            represented=one.represented,
            theme=one.theme,
            asked=Asked(Action.SUBMIT, one.service, _AMOUNT),
            now=NOW,
        )
    cpu, wall = time.process_time() - own, time.perf_counter() - began
    if (found is not None) is not one.allowed:
        raise WrongAnswer(f"{one} was answered {found}")
    return cpu, wall


def render(seen: Sequence[Seen], told: Mapping[str, str]) -> str:
    """The table and the facts, as Markdown."""
    head = ["mandates", "people", "CPU, µs", "CPU p99, µs", "checks per second and core", "p50, ms", "p99, ms"]
    rows = [
        [
            f"{one.mandates}",
            f"{one.people}",
            f"**{one.mean * 1e6:.0f}**",
            f"{percentile(one.cpu, 0.99) * 1e6:.0f}",
            f"{1 / one.mean:.0f}",
            f"{percentile(one.wall, 0.5) * 1e3:.2f}",
            f"{percentile(one.wall, 0.99) * 1e3:.2f}",
        ]
        for one in seen
    ]
    bar = (
        f"{P99 * 1e3:g} ms of our process's CPU time for 99 of 100 checks, {PER_SECOND} checks per second and core,"
        f" and among a million at most {FLAT:g} times that among a thousand: {'missed' if missed(seen) else 'met'}"
    )
    return f"{report.table(head, rows)}\n\n{report.listing({'bar': bar, **told})}"


def missed(seen: Sequence[Seen]) -> list[str]:
    """What of the bar was not reached."""
    first, last = seen[0], seen[-1]
    return [
        *(f"p99 among {one.mandates} mandates" for one in seen if percentile(one.cpu, 0.99) > P99),
        *(f"checks per second among {one.mandates} mandates" for one in seen if 1 / one.mean < PER_SECOND),
        *(["it is not flat"] if last.mean > FLAT * first.mean else []),
    ]


def _facts(target: Tongban, options: argparse.Namespace) -> dict[str, str]:
    return circumstances(target.versions()) | {
        "run": f"{options.checks} checks of seed {options.seed} after {WARM} others, one after the other: of ten "
        "seven by one mandate, one by two links, one as representative, one refused; every answer right; our process "
        f"on core {options.server_core}, the database on core {options.load_core}",
        "settings": target.settings(),
    }


def _objections(target: Tongban, seen: Sequence[Seen], options: argparse.Namespace) -> list[str]:
    return [
        *objections.foreign(target.example_settings(), target.effective_settings()),
        *objections.of_tree(objections.uncommitted(ROOT)),
        *([] if seen[-1].mandates >= SIZES[-1].mandates else [f"{seen[-1].mandates} mandates are not a million"]),
        *([] if options.checks >= CHECKS else [f"{options.checks} checks, {CHECKS} are needed"]),
        *([] if options.server_core != options.load_core else ["our process and the database share a core"]),
        *(f"others took {one.others:.0%} of the core" for one in seen if one.others > objections.FOREIGN),
        *missed(seen),
    ]
