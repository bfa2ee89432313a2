"""``python -m bench flood``: more password sign-ins than a node can take, while departments ask for tokens.

Always true: nobody waits for anybody (open load), every answer is looked at, and an answer that a flood must not
cause - none, a 5xx that is no declared refusal, a refusal without Retry-After - ends the run without a table.
"""

import argparse
import contextlib
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from adapters.sandbox.services import Postgres, Redis
from bench import machine, objections, open_load, report
from bench.figures import percentile
from bench.load import WrongAnswer, wrong
from bench.open_load import Answered, Arrival, due
from bench.publishing import circumstances, publish
from bench.questions import PASSWORD, WRONG, Visitor, address
from bench.targets import ROOT
from bench.tongban_target import Tongban

SECTION = "flood"
SIGN_IN, JWKS, TOKEN = "sign-in", "JWKS", "token"
RATE, SECONDS = 200.0, 20.0
BESIDE = 20.0
"""JWKS requests, and as many token requests, in a second."""
BAR = 1.0
"""Seconds that p99 of those two may take."""
PEOPLE = 40
RIGHT = 4
"""One sign-in of so many is somebody's with the right password, the others guess at numbers nobody has."""
REFUSED = (429, 503)
SERVED = {SIGN_IN: (303, 422), JWKS: (200,), TOKEN: (200,)}
PATIENCE = 30.0


@dataclass(frozen=True)
class Seen:
    """What became of the requests of one kind. Times in seconds."""

    offered: int
    served: int
    refused: Mapping[int, int]
    """Status -> how many."""
    times: Sequence[float]
    """Of all, in order of length."""

    @property
    def p50(self) -> float:
        return percentile(self.times, 0.5)

    @property
    def p99(self) -> float:
        return percentile(self.times, 0.99)


Phase = Mapping[str, Seen]


def main(words: Sequence[str]) -> int:
    """0: done; 1: an answer that must not be; 3: measured, but not to be published."""
    options = _parser().parse_args(words)
    draw = random.Random()
    mobiles = [f"138{one:08d}" for one in draw.sample(range(10**8), PEOPLE)]
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as directory,
        _provider(Path(directory), mobiles) as target,
    ):
        target.start(core=None)
        load = Load(target, mobiles, draw)
        try:
            load.phase(seconds=3.0, rate=20.0)  # caches, pools, the interpreter's own warm-up
            quiet = load.phase(seconds=options.seconds / 2, rate=0.0)
            before = machine.elsewhere()
            flooded = load.phase(seconds=options.seconds, rate=options.rate)
            others = machine.share(before, machine.elsewhere())
            first = load.sign_in_after()
        except WrongAnswer as error:
            print(f"A wrong answer, nothing is reported: {error}", file=sys.stderr)
            return 1
        text = render(quiet, flooded, _facts(target, options, first))
        return publish(text, SECTION, _objections(target, options, others), dry=options.dry)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench flood", description=__doc__)
    parser.add_argument("--rate", type=float, default=RATE, help="sign-ins in a second")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--dry", action="store_true", help="print only, whatever docs/benchmarks.md may take")
    return parser


@contextlib.contextmanager
def _provider(directory: Path, mobiles: Sequence[str]) -> Iterator[Tongban]:
    with contextlib.ExitStack() as stack:
        redis = stack.enter_context(Redis(directory, durable=True))
        postgres = stack.enter_context(Postgres(directory, durable=True))
        people = [{"mobile": one, "password": PASSWORD} for one in mobiles]
        target = Tongban(directory, postgres=postgres.url, redis=redis.url, port=8035, people=people)
        stack.callback(target.stop)
        yield target


class Load:
    """What is sent: sign-ins from addresses all over, each once, and what departments ask beside."""

    def __init__(self, target: Tongban, mobiles: Sequence[str], draw: random.Random) -> None:
        self._site, self._mobiles, self._draw = target.site, mobiles, draw
        self._target = target
        self._addresses = iter(range(1, 1 << 24))
        self._strangers = iter(draw.sample(range(10**8), 100_000))
        service = self._site.clients.service
        form = {"grant_type": "client_credentials", "scope": service.scope}
        self._beside = {
            JWKS: self._site.get(self._site.paths.jwks),
            TOKEN: self._site.post(self._site.paths.token, form, Authorization=service.authorization),
        }

    def phase(self, *, seconds: float, rate: float) -> Phase:
        """Raises ``WrongAnswer`` for an answer that must not be."""
        moments = [(at, kind) for kind in (JWKS, TOKEN) for at in due(BESIDE, seconds, self._draw)]
        moments += [(at, SIGN_IN) for at in due(rate, seconds, self._draw)]
        page = Visitor(self._target, self._address())
        token = page.form("/signin").given
        arrivals = [
            Arrival(at, kind, self._beside.get(kind) or self._sign_in(page, token, number))
            for number, (at, kind) in enumerate(sorted(moments))
        ]
        return summary(open_load.run(self._site.address, arrivals, patience=PATIENCE))

    def _address(self) -> str:
        return address(next(self._addresses))

    def _sign_in(self, page: Visitor, token: Mapping[str, str], number: int) -> bytes:
        """The form of ``page`` sent from another address: the same cookies spare a page per sign-in, and say nothing
        of who it is."""
        page.address = self._address()
        if number % RIGHT == 0:
            who, typed = self._draw.choice(self._mobiles), PASSWORD
        else:
            who, typed = f"139{next(self._strangers):08d}", WRONG
        return page.posted("/signin", {**token, "identifier": who, "password": typed})

    def sign_in_after(self) -> float:
        """Seconds that one person's sign-in takes when the flood is over; it has to work at once."""
        visitor = Visitor(self._target, self._address())
        began = time.perf_counter()
        visitor.sign_in(self._mobiles[0], PASSWORD)
        return time.perf_counter() - began


def summary(answered: Sequence[Answered]) -> dict[str, Seen]:
    """By kind. Raises ``WrongAnswer`` for the first answer that a flood must not cause."""
    kinds = sorted({one.arrival.kind for one in answered})
    return {kind: _seen([one for one in answered if one.arrival.kind == kind]) for kind in kinds}


def _seen(answered: Sequence[Answered]) -> Seen:
    statuses = Counter(checked(one) for one in answered)
    refused = {status: statuses[status] for status in REFUSED if statuses[status]}
    served = len(answered) - sum(refused.values())
    return Seen(len(answered), served, refused, sorted(one.seconds for one in answered))


def checked(one: Answered) -> int:
    """The status, if it is one that may be: served, or refused with word of when to come again."""
    kind, answer = one.arrival.kind, one.answer
    if answer is None:
        raise WrongAnswer(f"{kind}: no answer, after {one.seconds:.1f} s")
    if answer.status in REFUSED:
        if not (answer.header(b"retry-after") or b"").isdigit():
            wrong(f"{kind}: a refusal that does not say when to come again", answer)
    elif answer.status not in SERVED[kind]:
        wrong(f"{kind}: expected {SERVED[kind]} or a refusal {REFUSED}", answer)
    return answer.status


def render(quiet: Phase, flooded: Phase, told: Mapping[str, str]) -> str:
    """The table and the facts, as Markdown."""
    head = ["request", "offered", "served", *(str(status) for status in REFUSED), "p50, ms", "p99, ms", "longest, ms"]
    rows = [[kind, *_cells(flooded[kind])] for kind in (SIGN_IN, JWKS, TOKEN) if kind in flooded]
    rows += [[f"{kind} without the flood", *_cells(quiet[kind])] for kind in (JWKS, TOKEN)]
    worst = max(flooded[kind].p99 for kind in (JWKS, TOKEN))
    verdict = {"bar": f"p99 of JWKS and token under {BAR:g} s: {'met' if worst < BAR else 'NOT MET'}"}
    return f"{report.table(head, rows)}\n\n{report.listing(verdict | dict(told))}"


def _cells(seen: Seen) -> list[str]:
    refused = [str(seen.refused.get(status, 0)) for status in REFUSED]
    times = (f"{value * 1e3:.1f}" for value in (seen.p50, seen.p99, seen.times[-1]))
    return [str(seen.offered), str(seen.served), *refused, *times]


def _facts(target: Tongban, options: argparse.Namespace, first: float) -> dict[str, str]:
    return {
        "first sign-in afterwards": f"worked at once, in {first * 1e3:.0f} ms with its page",
        **circumstances(target.versions()),
        "run": f"{options.rate:g} sign-ins and {BESIDE:g} requests each for JWKS and token in a second for "
        f"{options.seconds:g} s, one connection each; server, databases and load share all cores",
        "settings": target.settings(),
    }


def _objections(target: Tongban, options: argparse.Namespace, others: float) -> list[str]:
    return [
        *objections.foreign(target.example_settings(), target.effective_settings()),
        *objections.of_tree(objections.uncommitted(ROOT)),
        *([] if options.rate >= RATE else [f"{options.rate:g} sign-ins in a second, {RATE:g} are a flood"]),
        *([] if options.seconds >= SECONDS else [f"shorter than {SECONDS:g} s"]),
        *([] if others <= objections.FOREIGN else [f"others took {others:.0%} of the cores"]),
    ]
