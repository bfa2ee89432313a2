"""``python -m bench``: start both providers, load them in turns, print the tables, publish what may be published.

Always true: whatever happens, every process started here is gone at the end.
"""

import argparse
import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from adapters.sandbox.services import Postgres, Redis
from bench import certificates, faces, flood, legacy, mandates, objections, profile, report, timings
from bench.figures import Round, figures, ratio
from bench.load import WrongAnswer
from bench.measure import measure, settle, warm
from bench.operations import OPERATIONS
from bench.peer_target import Peer
from bench.process import memory
from bench.proof import prove
from bench.publishing import circumstances, publish
from bench.targets import ROOT, Target
from bench.tongban_target import Tongban

PARTS = {
    "timings": timings.main,
    "flood": flood.main,
    "legacy": legacy.main,
    "faces": faces.main,
    "certificates": certificates.main,
    "mandates": mandates.main,
}
"""What else is measured than the comparison with the peer, by its first word on the command line."""
ATTEMPTS = 4
Rounds = dict[tuple[str, str], list[Round]]


def main(words: Sequence[str] | None = None) -> int:
    """0: done; 1: a wrong answer; 3: measured, but not to be published."""
    words = sys.argv[1:] if words is None else words
    for name in [name for name in os.environ if name.startswith("TONGBAN_")]:
        del os.environ[name]  # nothing of the caller's own provider may reach the measured one
    if words and words[0] in PARTS:
        return PARTS[words[0]](words[1:])
    options = _parser().parse_args(words)
    os.sched_setaffinity(0, {options.load_core})
    with tempfile.TemporaryDirectory(prefix="bench-") as directory, _providers(options, Path(directory)) as targets:
        try:
            if options.profile and isinstance(targets[0], Tongban):
                return _profile(targets[0], options)
            for target in targets:
                prove(target.site)
            rounds = _rounds(targets, options)
            result = _result(targets, rounds, options)
            return _publish(targets, rounds, report.render(result), options)
        except WrongAnswer as error:
            print(f"A provider gave a wrong answer, nothing is reported: {error}", file=sys.stderr)
            return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="length of a round")
    parser.add_argument("--warmup", type=float, default=4.0, help="seconds of load before the first round")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--operation", action="append", choices=OPERATIONS, help="only this one (repeatable)")
    cores = sorted(os.sched_getaffinity(0))
    parser.add_argument("--server-core", type=int, default=cores[0])
    parser.add_argument("--load-core", type=int, default=cores[-1], help="for load, databases and worker")
    parser.add_argument("--node", type=Path, default=ROOT / "tests/node", help="folder that holds node_modules")
    parser.add_argument("--against-itself", action="store_true", help="the peer on both sides: tries the harness")
    parser.add_argument("--dry", action="store_true", help="print only, whatever docs/benchmarks.md may take")
    parser.add_argument("--profile", choices=OPERATIONS, help="print where our server spends an operation's time")
    return parser


@contextlib.contextmanager
def _providers(options: argparse.Namespace, directory: Path) -> Iterator[tuple[Target, Target]]:
    """Ours and the peer, both serving."""
    with contextlib.ExitStack() as stack:
        redis = stack.enter_context(Redis(directory, durable=True))
        peer = Peer(directory, modules=options.node, redis=redis.path, port=8031)
        ours: Target
        if options.against_itself:
            ours = Peer(directory, modules=options.node, redis=redis.path, port=8032, database=2)
            ours.name = "oidc-provider (first)"
        else:
            postgres = stack.enter_context(Postgres(directory, durable=True))
            ours = Tongban(
                directory, postgres=postgres.url, redis=redis.url, port=8032, profiled=bool(options.profile)
            )
        for target in (ours, peer):
            stack.callback(target.stop)
            target.start(core=options.server_core)
        yield ours, peer


def _rounds(targets: Sequence[Target], options: argparse.Namespace) -> Rounds:
    """All rounds: within a round the providers take turns on every operation, the first one changing."""
    names = options.operation or list(OPERATIONS)
    for name in names:
        for target in targets:
            warm(target, OPERATIONS[name], connections=options.connections, seconds=options.warmup)
    rounds: Rounds = {(target.name, name): [] for target in targets for name in names}
    for number in range(options.rounds):
        for name in names:
            for target in targets if number % 2 == 0 else reversed(targets):
                one = _quiet_round(target, name, targets, options)
                rounds[target.name, name].append(one)
                print(
                    f"round {number + 1}  {name:18}  {target.name:22}  {one.micros:8.1f} µs  "
                    f"p50 {one.p50 * 1e3:6.2f}  p99 {one.p99 * 1e3:6.2f} ms  others {one.others / one.seconds:5.1%}",
                    file=sys.stderr,
                )
    return rounds


def _quiet_round(target: Target, name: str, targets: Sequence[Target], options: argparse.Namespace) -> Round:
    """A round in which nobody else took much of the server's core; the quietest of a few when there is none."""
    tried: list[Round] = []
    while len(tried) < ATTEMPTS:
        settle()
        one = measure(
            target,
            OPERATIONS[name],
            core=options.server_core,
            connections=options.connections,
            seconds=options.seconds,
            servers=[each.pid for each in targets],
        )
        tried.append(one)
        if one.others <= objections.FOREIGN * one.seconds:
            break
    return min(tried, key=lambda one: one.others / one.seconds)


def _profile(target: Tongban, options: argparse.Namespace) -> int:
    """Load our server with one operation while it looks at its own stacks; see bench/profile.py."""
    operation = OPERATIONS[options.profile]
    warm(target, operation, connections=options.connections, seconds=options.warmup)
    profile.begin(target.samples)
    warm(target, operation, connections=options.connections, seconds=max(5.0, options.seconds))
    print(profile.report(profile.end(target.samples)))
    return 0


def _result(targets: Sequence[Target], rounds: Rounds, options: argparse.Namespace) -> report.Result:
    ours, peer = targets
    names = options.operation or list(OPERATIONS)
    lines = [
        report.Line(
            operation=name,
            ours=figures(rounds[ours.name, name]),
            peer=figures(rounds[peer.name, name]),
            ratio=ratio(rounds[ours.name, name], rounds[peer.name, name]),
        )
        for name in names
    ]
    prints = [report.Footprint(one.name, memory(one.pid), one.start_seconds) for one in targets]
    return report.Result(lines, prints, _facts(targets, options), names=(ours.name, peer.name))


def _facts(targets: Sequence[Target], options: argparse.Namespace) -> dict[str, str]:
    versions = {name: version for target in targets for name, version in target.versions().items()}
    return circumstances(versions) | {
        "run": f"{options.rounds} interleaved rounds of {options.seconds:g} s per operation and provider, "
        f"{options.connections} connections; servers on core {options.server_core}, "
        f"load and databases on core {options.load_core}",
        "settings": "; ".join(target.settings() for target in targets),
    }


def _publish(targets: Sequence[Target], rounds: Rounds, text: str, options: argparse.Namespace) -> int:
    ours, peer = targets
    if not isinstance(ours, Tongban):
        return publish(text, report.PEERS, [], dry=True)
    reasons = objections.objections(
        objections.Run(
            example=ours.example_settings(),
            effective=ours.effective_settings(),
            operations=options.operation or list(OPERATIONS),
            all_operations=list(OPERATIONS),
            peer_version=peer.versions()["oidc-provider"],
            node_version=peer.versions()["Node.js"],
            rounds=rounds,
            uncommitted=objections.uncommitted(ROOT),
            cores=(options.server_core, options.load_core),
        )
    )
    return publish(text, report.PEERS, reasons, dry=options.dry)


if __name__ == "__main__":
    sys.exit(main())
