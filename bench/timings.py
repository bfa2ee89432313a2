"""``python -m bench timings``: does an answer, or its time, tell whether an identifier is known?

Always true: known and unknown are asked about in one random order, one request at a time, and only the request that
names the identifier is timed; two answers that read differently end the run without a table.
"""

import argparse
import contextlib
import difflib
import gc
import os
import random
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from adapters.sandbox import processes
from adapters.sandbox.services import Postgres, Redis
from adapters.sandbox.settings import POPULATION_SECRET, SECRET
from bench import machine, objections, report
from bench.chance import Chance, exceeds
from bench.load import Answer, WrongAnswer, parse
from bench.process import cpu_seconds
from bench.publishing import circumstances, publish
from bench.questions import PASSWORD, QUESTIONS, Pools, Question, Visitor, address, expected, pools, shape
from bench.site import Site
from bench.targets import ROOT
from bench.tongban_target import Tongban

SECTION = "timings"
BOUND = 0.05
"""How far from 0.5 the chance may lie."""
FEWEST = 500
SLICES = 10
WARM = 20
"""Identifiers of each kind that are asked about before any time is taken."""
OUTSIDE = ("environment", "registers.population.url")
"""Settings that differ here, so that a register on this machine answers: `production` refuses to start beside one."""
Shapes = set[tuple[int, bytes, bytes]]


@dataclass(frozen=True)
class Asked:
    """One question, asked about known (True) and unknown (False) identifiers. Times in seconds."""

    question: str
    times: Mapping[bool, Sequence[float]]
    others: float
    """Share of the server's core that somebody else took in half of the time."""

    @property
    def chance(self) -> Chance:
        """That a known identifier takes longer than an unknown one."""
        return exceeds(self.times[True], self.times[False])


def main(words: Sequence[str]) -> int:
    """0: done; 1: answers tell who exists, or are wrong; 3: measured, but not to be published."""
    options = _parser().parse_args(words)
    os.sched_setaffinity(0, {options.load_core})
    asking = [one for one in QUESTIONS if one.name in (options.question or [one.name])]
    drawn = pools(asking, options.count + WARM, random.Random())
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as directory,
        provider(Path(directory), drawn) as target,
    ):
        target.start(core=options.server_core)
        try:
            asked = list(_all(target, asking, drawn, core=options.server_core))
        except WrongAnswer as error:
            print(f"A wrong answer, nothing is reported: {error}", file=sys.stderr)
            return 1
        against = _objections(target, asked, options)
        return publish(render(asked, _facts(target, options)), SECTION, against, dry=options.dry)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench timings", description=__doc__)
    parser.add_argument("--count", type=int, default=FEWEST, help="known identifiers per question; as many unknown")
    names = [question.name for question in QUESTIONS]
    parser.add_argument("--question", action="append", choices=names, help="only this one (repeatable)")
    cores = sorted(os.sched_getaffinity(0))
    parser.add_argument("--server-core", type=int, default=cores[0])
    parser.add_argument("--load-core", type=int, default=cores[-1], help="for who asks, databases and worker")
    parser.add_argument("--dry", action="store_true", help="print only, whatever docs/benchmarks.md may take")
    return parser


@contextlib.contextmanager
def provider(directory: Path, drawn: Pools) -> Iterator[Tongban]:
    """Ours with everybody in it, not started yet, beside a sandbox that takes messages and knows nobody's number."""
    port, serving = 8034, 8033
    sandbox = processes.start(
        "sandbox",
        [sys.executable, "-m", "idp", "sandbox", "--port", str(port)],
        log=directory / "sandbox.log",
        env={"TONGBAN_SMS__SECRET": SECRET, "TONGBAN_REGISTERS__POPULATION__SECRET": POPULATION_SECRET},
        cwd=ROOT,
    )
    outside = {
        "TONGBAN_ENVIRONMENT": "development",
        "TONGBAN_SMS__URL": f"http://127.0.0.1:{port}/sms/v1/messages",
        "TONGBAN_SMS__SECRET": SECRET,
        "TONGBAN_REGISTERS__POPULATION__URL": f"http://127.0.0.1:{port}/population/v1/checks",
        "TONGBAN_REGISTERS__POPULATION__SECRET": POPULATION_SECRET,
    }
    with contextlib.ExitStack() as stack:
        stack.callback(processes.stop, sandbox)
        redis = stack.enter_context(Redis(directory, durable=True))
        postgres = stack.enter_context(Postgres(directory, durable=True))
        target = Tongban(
            directory, postgres=postgres.url, redis=redis.url, port=serving, people=drawn.people, outside=outside
        )
        stack.callback(target.stop)
        yield target


def _all(target: Tongban, questions: Sequence[Question], drawn: Pools, *, core: int) -> Iterator[Asked]:
    askers = Askers(target, drawn.askers)
    for question in questions:
        identifiers = {True: drawn.known[question.name], False: drawn.unknown[question.name]}
        asked = ask(target, question, identifiers, askers, core=core)
        found = asked.chance
        print(
            f"{question.name:22}  {found.value:.3f} ({found.low:.3f} to {found.high:.3f})  "
            f"others {asked.others:5.1%}",
            file=sys.stderr,
        )
        yield asked


class Askers:
    """Who asks: a new browser for each question, or people in turn whose sessions are fresh."""

    def __init__(self, target: Tongban, mobiles: Sequence[str]) -> None:
        self._target = target
        self._mobiles = mobiles
        self._addresses = iter(range(1, 1 << 24))
        self._turn: Iterator[Visitor] | None = None

    def next(self, question: Question) -> Visitor:
        if not question.signed_in:
            return self._new()
        if self._turn is None:
            self._turn = self._in_turn([self._signed_in(mobile) for mobile in self._mobiles])
        return next(self._turn)

    def _new(self) -> Visitor:
        return Visitor(self._target, address(next(self._addresses)))

    def _signed_in(self, mobile: str) -> Visitor:
        visitor = self._new()
        visitor.sign_in(mobile, PASSWORD)
        return visitor

    def _in_turn(self, visitors: Sequence[Visitor]) -> Iterator[Visitor]:
        while True:
            for visitor in visitors:
                visitor.address = address(next(self._addresses))
                yield visitor


def ask(
    target: Tongban, question: Question, identifiers: Mapping[bool, Sequence[str]], askers: Askers, *, core: int
) -> Asked:
    """Ask about all of them in random order, the first few without taking the time.

    Raises ``WrongAnswer`` when an answer tells known from unknown.
    """
    shapes: dict[bool, Shapes] = {True: set(), False: set()}
    times: dict[bool, list[float]] = {True: [], False: []}
    others = []
    for kind, identifier in mixed(identifiers, slice(WARM)):
        one_answer(target, question, askers.next(question), identifier, shapes[kind])
    for part in slices(mixed(identifiers, slice(WARM, None)), SLICES):
        before = _elsewhere(target, core)
        for kind, identifier in part:
            times[kind].append(one_answer(target, question, askers.next(question), identifier, shapes[kind]))
        after = _elsewhere(target, core)
        others.append((after[1] - before[1]) / (after[0] - before[0]))
    compare(question.name, shapes)
    return Asked(question.name, times, statistics.median(others))


def one_answer(target: Tongban, question: Question, visitor: Visitor, identifier: str, seen: Shapes) -> float:
    """How long the answer took; how it reads, and the page it leads to, is added to ``seen``."""
    request = visitor.filled(question.path, {question.takes: identifier, **question.further})
    answer, seconds = timed(target.site, request)
    seen.add(shape(expected(answer, question), identifier))
    if (location := answer.header(b"location")) is not None:
        next_page = visitor.after(answer).get(location.decode("latin-1"))
        seen.add(shape(next_page, identifier))
    return seconds


def mixed(identifiers: Mapping[bool, Sequence[str]], part: slice) -> list[tuple[bool, str]]:
    """That part of known and unknown, in one random order."""
    order = [(kind, one) for kind, some in identifiers.items() for one in some[part]]
    random.shuffle(order)
    return order


def slices(order: Sequence[tuple[bool, str]], count: int) -> Iterator[Sequence[tuple[bool, str]]]:
    """``order`` in at most ``count`` pieces, one after the other."""
    size = -(-len(order) // count)
    return (order[at : at + size] for at in range(0, len(order), size))


def _elsewhere(target: Tongban, core: int) -> tuple[float, float]:
    """Now, and the CPU seconds others have taken on the server's core so far."""
    whole = machine.core_time(core)
    return time.perf_counter(), whole.busy + whole.stolen - cpu_seconds(target.pid)


def timed(site: Site, request: bytes) -> tuple[Answer, float]:
    """One request on a connection of its own, as the front end has them; sending to last byte, in seconds."""
    with socket.create_connection(site.address, timeout=20) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        gc.disable()
        try:
            began = time.perf_counter()
            connection.sendall(request)
            received = b""
            while (parsed := parse(received)) is None:
                chunk = connection.recv(262144)
                if not chunk:
                    raise WrongAnswer(f"connection closed after {received[:500]!r}")
                received += chunk
            return parsed[0], time.perf_counter() - began
        finally:
            gc.enable()


def compare(name: str, shapes: Mapping[bool, Shapes]) -> None:
    """Raises ``WrongAnswer`` when some answer was seen for known identifiers only, or for unknown ones only."""
    known, unknown = (sorted(shapes[kind] - shapes[not kind]) for kind in (True, False))
    if not known and not unknown:
        return
    pair = (known or sorted(shapes[True]))[0], (unknown or sorted(shapes[False]))[0]
    first, second = (
        [str(status), *head.decode("latin-1").split("\r\n"), *body.decode(errors="replace").splitlines()]
        for status, head, body in pair
    )
    lines = "\n".join(difflib.unified_diff(first, second, "known", "unknown", n=0, lineterm=""))
    counts = f"{len(known)} only of known, {len(unknown)} of unknown"
    raise WrongAnswer(f"{name}: answers differ ({counts})\n{lines[:3000]}")


def render(asked: Sequence[Asked], told: Mapping[str, str]) -> str:
    """The table and the facts, as Markdown."""
    head = ["request", "known, p50 ms", "unknown, p50 ms", "AUC", "95 % interval", "within", "answers differ"]
    rows = [
        [
            one.question,
            *(f"{statistics.median(one.times[kind]) * 1e3:.2f}" for kind in (True, False)),
            f"**{one.chance.value:.3f}**",
            f"{one.chance.low:.3f} to {one.chance.high:.3f}",
            "yes" if abs(one.chance.value - 0.5) <= BOUND else "no",
            "none",
        ]
        for one in asked
    ]
    return f"{report.table(head, rows)}\n\n{report.listing(told)}"


def _facts(target: Tongban, options: argparse.Namespace) -> dict[str, str]:
    return circumstances(target.versions()) | {
        "run": f"{options.count} known and as many unknown identifiers per request, in random order, one at a time; "
        f"server on core {options.server_core}, the rest on core {options.load_core}",
        "settings": f"{target.settings()}; environment and population register are those of the sandbox beside it",
    }


def _objections(target: Tongban, asked: Sequence[Asked], options: argparse.Namespace) -> list[str]:
    return [
        *objections.foreign(target.example_settings(), target.effective_settings(), *OUTSIDE),
        *objections.of_tree(objections.uncommitted(ROOT)),
        *(f"{one.name} was not asked" for one in QUESTIONS if one.name not in {each.question for each in asked}),
        *([] if options.count >= FEWEST else [f"{options.count} identifiers, at least {FEWEST} are needed"]),
        *([] if options.server_core != options.load_core else ["server and load share a core"]),
        *(
            f"{one.question}: others took {one.others:.0%} of the server's core in half of the time"
            for one in asked
            if one.others > objections.FOREIGN
        ),
    ]
