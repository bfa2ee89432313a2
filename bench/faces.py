"""``python -m bench faces``: do sign-in, tokens and messages wait for a face-check vendor that answers nobody?

Always true: rounds with people who wait for such a vendor and rounds without take turns, under the same load, each
with a worker that has learned nothing yet; every answer is checked, and a round in which the vendor held nobody ends
the run without a table.
"""

import argparse
import contextlib
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from adapters.sandbox.services import Postgres, Redis
from bench import machine, objections, open_load, report
from bench.figures import percentile
from bench.load import WrongAnswer, expect
from bench.open_load import Answered, Arrival, due
from bench.outside import FACE, HOLD, SMS, TAKEN, Happened, Outside, held, outside
from bench.publishing import circumstances, publish
from bench.questions import PASSWORD, Visitor, address, numbers
from bench.targets import ROOT
from bench.tongban_target import Tongban
from bench.waiting import Waiting, open_on_average

SECTION = "faces"
SIGN_IN, TOKEN, MESSAGE, PAGE = "sign-in", "token", "text message", "waiting page"
RATES = {SIGN_IN: 5.0, TOKEN: 20.0, MESSAGE: 4.0}
"""In a second. A message is a registration's code: from its request to its receipt outside."""
SERVED = {SIGN_IN: 303, TOKEN: 200, MESSAGE: 303}
WAITING = 32
"""Checks open at once, each in a browser of its own."""
COMING = 3.0
"""Seconds within which these people come, one after another, before anything is measured."""
ROUNDS, SECONDS = 7, 9.0
"""Pairs of rounds; with `COMING` about as long as it takes until the first checks are given up."""
HALF, TAIL, PROMPT = 1.25, 2.0, 1.0
"""As quick: p50 and p99 at most so many times those without; p99 of messages under so many seconds."""
PEOPLE = 40
PATIENCE = 30.0
OUTSIDE = ("environment", "face.url")
"""Settings that differ here, so that a vendor on this machine is asked: `production` refuses to start beside one."""
Times = Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class Round:
    """Times in seconds, by kind. The last three are nothing in a round without people who wait."""

    times: Times
    others: float
    """Share of all cores that somebody else took."""
    open: float = 0.0
    """Checks open on average."""
    held: int = 0
    """Connections the vendor held."""
    at_once: int = 0


def main(words: Sequence[str]) -> int:
    """0: done; 1: an answer that must not be; 3: measured, but not to be published."""
    options = _parser().parse_args(words)
    draw = random.Random()
    mobiles = [f"138{one:08d}" for one in draw.sample(range(10**8), PEOPLE)]
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as directory,
        _provider(Path(directory), mobiles) as (target, world),
    ):
        target.start(core=None)
        try:
            rounds = _rounds(Load(target, world, mobiles, draw), options)
        except WrongAnswer as error:
            print(f"A wrong answer, nothing is reported: {error}", file=sys.stderr)
            return 1
        text = render(rounds, _facts(target, options))
        return publish(text, SECTION, _objections(target, rounds, options), dry=options.dry)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench faces", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="pairs, one with people who wait and one without")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="length of a round")
    parser.add_argument("--dry", action="store_true", help="print only, whatever docs/benchmarks.md may take")
    return parser


@contextlib.contextmanager
def _provider(directory: Path, mobiles: Sequence[str]) -> Iterator[tuple[Tongban, Outside]]:
    port, serving = 8034, 8035
    environment = {
        "TONGBAN_ENVIRONMENT": "development",
        "TONGBAN_SMS__URL": f"http://127.0.0.1:{port}{SMS}",
        "TONGBAN_FACE__URL": f"http://127.0.0.1:{port}{FACE}",
    }
    with contextlib.ExitStack() as stack:
        world = stack.enter_context(outside(directory, port))
        redis = stack.enter_context(Redis(directory, durable=True))
        postgres = stack.enter_context(Postgres(directory, durable=True))
        people = [{"mobile": one, "password": PASSWORD} for one in mobiles]
        target = Tongban(
            directory, postgres=postgres.url, redis=redis.url, port=serving, people=people, outside=environment
        )
        stack.callback(target.stop)
        yield target, world


def _rounds(load: "Load", options: argparse.Namespace) -> dict[bool, list[Round]]:
    """With people who wait (True) and without; the two take turns in going first."""
    rounds: dict[bool, list[Round]] = {True: [], False: []}
    load.round(seconds=3.0, waiting=0)  # caches, pools, the interpreter's own warm-up
    for number in range(options.rounds):
        for waiting in (True, False) if number % 2 else (False, True):
            rounds[waiting].append(load.round(seconds=options.seconds, waiting=WAITING if waiting else 0))
    return rounds


class Load:
    """What is sent: sign-ins and registrations from addresses all over, each once, and what departments ask."""

    def __init__(self, target: Tongban, world: Outside, mobiles: Sequence[str], draw: random.Random) -> None:
        self._target, self._world, self._mobiles, self._draw = target, world, mobiles, draw
        self._addresses = iter(range(1, 1 << 24))
        self._strangers = iter(draw.sample(range(10**8), 100_000))
        self._numbers = numbers(draw)
        service = target.site.clients.service
        form = {"grant_type": "client_credentials", "scope": service.scope}
        self._token = target.site.post(target.site.paths.token, form, Authorization=service.authorization)

    def round(self, *, seconds: float, waiting: int) -> Round:
        """Raises ``WrongAnswer`` for an answer that must not be."""
        self._target.renew_worker()
        self._first_message()
        arrivals, mobiles = self._arrivals(seconds)
        if not waiting:
            return self._measured(arrivals, mobiles)[0]
        visitors = [self._visitor() for _ in range(waiting)]
        with Waiting(visitors, [next(self._numbers) for _ in visitors]) as people:
            agreed = time.perf_counter()
            people.agree(COMING)
            seen, (began, ended) = self._measured(arrivals, mobiles)
            stays = people.leave()
        count, at_once = held([one for one in self._world.happened(agreed) if one.at < ended])
        if not count:
            raise WrongAnswer("the vendor held nobody")
        times = {**seen.times, PAGE: [page for stay in stays for page in stay.pages]}
        return Round(times, seen.others, open_on_average(stays, began, ended), count, at_once)

    def _measured(
        self, arrivals: Sequence[Arrival], mobiles: Mapping[bytes, str]
    ) -> tuple[Round, tuple[float, float]]:
        """The load, and from when to when it was on."""
        began, before = time.perf_counter(), machine.elsewhere()
        answered = open_load.run(self._target.site.address, arrivals, patience=PATIENCE)
        ended, others = time.perf_counter(), machine.share(before, machine.elsewhere())
        received = self._received(mobiles.values(), since=began)
        return Round(taken(answered, mobiles, received), others), (began, ended)

    def _arrivals(self, seconds: float) -> tuple[list[Arrival], dict[bytes, str]]:
        """The requests in order of time, and of those that lead to a message the number it goes to."""
        moments = sorted((at, kind) for kind, rate in RATES.items() for at in due(rate, seconds, self._draw))
        mobiles: dict[bytes, str] = {}
        page = self._visitor()
        given = page.form("/signin").given
        arrivals = []
        for at, kind in moments:
            if kind == MESSAGE:
                request, mobile = self._registration()
                mobiles[request] = mobile
            else:
                request = self._token if kind == TOKEN else self._sign_in(page, given)
            arrivals.append(Arrival(at, kind, request))
        return arrivals, mobiles

    def _sign_in(self, page: Visitor, given: Mapping[str, str]) -> bytes:
        """The form of ``page`` sent from another address: the same cookies spare a page per sign-in."""
        page.address = address(next(self._addresses))
        return page.posted("/signin", {**given, "identifier": self._draw.choice(self._mobiles), "password": PASSWORD})

    def _registration(self) -> tuple[bytes, str]:
        """The request that has a code sent to a number nobody has, and the number."""
        mobile = f"139{next(self._strangers):08d}"
        return self._visitor().filled("/register", {"phone": mobile}), mobile

    def _first_message(self) -> None:
        """The worker works when it has sent one."""
        request, mobile = self._registration()
        since = time.perf_counter()
        expect(self._target.site.exchange(request), SERVED[MESSAGE])
        self._received([mobile], since=since)

    def _received(self, mobiles: Collection[str], *, since: float) -> dict[str, float]:
        """When each number's message was taken outside. Raises ``WrongAnswer`` for those that never come."""
        deadline = time.perf_counter() + PATIENCE
        while True:
            received = receipts(self._world.happened(since))
            missing = set(mobiles) - received.keys()
            if not missing:
                return received
            if time.perf_counter() > deadline:
                raise WrongAnswer(f"{len(missing)} messages of {len(mobiles)} never came")
            time.sleep(0.05)

    def _visitor(self) -> Visitor:
        return Visitor(self._target, address(next(self._addresses)))


def receipts(happened: Sequence[Happened]) -> dict[str, float]:
    """Mobile number -> when the first message to it was taken."""
    return {one.number.removeprefix("+86"): one.at for one in reversed(happened) if one.what == TAKEN}


def taken(
    answered: Sequence[Answered], mobiles: Mapping[bytes, str], received: Mapping[str, float]
) -> dict[str, list[float]]:
    """How long each took, by kind; messages until their receipt. Raises ``WrongAnswer`` for a wrong answer."""
    times: dict[str, list[float]] = {kind: [] for kind in RATES}
    for one in answered:
        kind = one.arrival.kind
        if one.answer is None:
            raise WrongAnswer(f"{kind}: no answer, after {one.seconds:.1f} s")
        expect(one.answer, SERVED[kind])
        seconds = received[mobiles[one.arrival.request]] - one.due_at if kind == MESSAGE else one.seconds
        times[kind].append(seconds)
    return times


def together(rounds: Sequence[Round], kind: str) -> list[float]:
    """The times of all rounds, in order of length."""
    return sorted(seconds for one in rounds for seconds in one.times.get(kind, ()))


def as_quick(rounds: Mapping[bool, Sequence[Round]]) -> bool:
    """Whether sign-in and tokens are as quick with people who wait as without, and messages prompt."""
    for kind in (SIGN_IN, TOKEN):
        beside, alone = (together(rounds[waiting], kind) for waiting in (True, False))
        for part, times in ((0.5, HALF), (0.99, TAIL)):
            if percentile(beside, part) > times * percentile(alone, part):
                return False
    return percentile(together(rounds[True], MESSAGE), 0.99) < PROMPT


def render(rounds: Mapping[bool, Sequence[Round]], told: Mapping[str, str]) -> str:
    """The table and the facts, as Markdown."""
    head = ["", "without: number", "p50, ms", "p99, ms", "longest, ms"]
    head += [f"with {WAITING} open checks: number", "p50, ms", "p99, ms", "longest, ms"]
    rows = [
        [kind, *(cell for waiting in (False, True) for cell in _cells(together(rounds[waiting], kind)))]
        for kind in (*RATES, PAGE)
    ]
    beside = rounds[True]
    facts = {
        "bar": f"p50 of sign-in and token at most {HALF:g} times that without, p99 at most {TAIL:g} times, p99 of "
        f"messages under {PROMPT:g} s: {'met' if as_quick(rounds) else 'NOT MET'}",
        "open checks": f"{statistics.mean(one.open for one in beside):.1f} on average",
        "vendor": f"held {sum(one.held for one in beside)} connections, up to {max(one.at_once for one in beside)} "
        "at the same time, and answered none; everybody was offered another way",
    }
    return f"{report.table(head, rows)}\n\n{report.listing(facts | dict(told))}"


def _cells(times: Sequence[float]) -> list[str]:
    if not times:
        return ["-"] * 4
    return [
        str(len(times)),
        *(f"{one * 1e3:.1f}" for one in (percentile(times, 0.5), percentile(times, 0.99), times[-1])),
    ]


def _facts(target: Tongban, options: argparse.Namespace) -> dict[str, str]:
    rates = ", ".join(f"{rate:g} {kind}s" for kind, rate in RATES.items())
    return circumstances(target.versions()) | {
        "run": f"{options.rounds} rounds of {options.seconds:g} s each with and without, {rates} in a second; people "
        f"come within the {COMING:g} s before, and the vendor holds a connection for {HOLD:g} s; server, worker, "
        "databases and load share all cores",
        "settings": f"{target.settings()}; the environment and the face-check vendor are of this machine",
    }


def _objections(target: Tongban, rounds: Mapping[bool, Sequence[Round]], options: argparse.Namespace) -> list[str]:
    others = statistics.median(one.others for some in rounds.values() for one in some)
    return [
        *objections.foreign(target.example_settings(), target.effective_settings(), *OUTSIDE),
        *objections.of_tree(objections.uncommitted(ROOT)),
        *([] if options.rounds >= ROUNDS else [f"{options.rounds} rounds, at least {ROUNDS} are needed"]),
        *([] if options.seconds >= SECONDS else [f"rounds shorter than {SECONDS:g} s"]),
        *([] if others <= objections.FOREIGN else [f"others took {others:.0%} of the cores in half of the rounds"]),
    ]
