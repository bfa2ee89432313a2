"""The tables, as Markdown, and their place in docs/benchmarks.md.

Always true: only the text between the two markers is replaced; everything around it is written by people.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.figures import Figures, Ratio
from bench.process import Memory

PEERS = "measured"
"""The section with the comparison."""


def markers(section: str) -> tuple[str, str]:
    """What stands before and behind the text of a section."""
    return f"<!-- {section}: begin -->", f"<!-- {section}: end -->"


GOALS = {
    "client_credentials": (2.0, 2.5),
    "client_credentials, both JWT": (2.0, 2.5),
    "code flow": (2.5, 4.0),
    "refresh": (2.0, 3.0),
    "introspection": (2.0, 3.5),
    "userinfo": (2.0, 3.0),
    "discovery": (1.5, 2.5),
    "JWKS": (1.5, 1.7),
}
"""Operation -> how many times the peer a core is expected to serve: with the first release, in the end."""


@dataclass(frozen=True)
class Line:
    """One operation at both providers."""

    operation: str
    ours: Figures
    peer: Figures
    ratio: Ratio


@dataclass(frozen=True)
class Footprint:
    """A provider after the load: memory under it, and how long it took from start to the first answer."""

    name: str
    memory: Memory
    start_seconds: float


@dataclass(frozen=True)
class Result:
    lines: Sequence[Line]
    footprints: Sequence[Footprint]
    facts: Mapping[str, str]
    """Machine, versions, settings, date: label -> text, in the order they are printed."""
    names: tuple[str, str] = ("Tongban", "oidc-provider")


def render(result: Result) -> str:
    """All tables of one run."""
    parts = [throughput(result), latency(result), footprint(result), listing(result.facts)]
    return "\n\n".join(parts)


def throughput(result: Result) -> str:
    ours, peer = result.names
    head = ["operation", f"{ours}, µs", "per core and s", f"{peer}, µs", "per core and s", "ratio", "in the rounds"]
    rows = [
        [
            line.operation,
            f"{line.ours.micros:.0f}",
            f"{line.ours.per_second:.0f}",
            f"{line.peer.micros:.0f}",
            f"{line.peer.per_second:.0f}",
            f"**{line.ratio.median:.2f}**",
            f"{line.ratio.low:.2f} to {line.ratio.high:.2f}",
            *(f"{goal:g}" for goal in GOALS[line.operation]),
            "-" if line.ours.audit_rows is None else f"{line.ours.audit_rows:.2f}",
        ]
        for line in result.lines
    ]
    return table([*head, "expected", "goal", "audit rows"], rows)


def latency(result: Result) -> str:
    ours, peer = result.names
    head = ["operation", f"{ours} p50, ms", "p99", f"{peer} p50, ms", "p99"]
    head += [f"{ours} seen per s", "core used", "databases, µs", f"{peer} seen per s", "core used", "databases, µs"]
    rows = [[line.operation, *_waits(line.ours), *_waits(line.peer), *_wire(line.ours), *_wire(line.peer)]
            for line in result.lines]  # fmt: skip
    return table(head, rows)


def _waits(one: Figures) -> list[str]:
    return [f"{one.p50 * 1e3:.2f}", f"{one.p99 * 1e3:.2f}"]


def _wire(one: Figures) -> list[str]:
    return [f"{one.observed:.0f}", f"{one.busy:.0%}", f"{max(0.0, one.database_micros):.0f}"]


def footprint(result: Result) -> str:
    rows = [
        [
            one.name,
            f"{one.memory.rss / 2**20:.0f}",
            f"{one.memory.pss / 2**20:.0f}",
            f"{one.start_seconds:.2f}",
        ]
        for one in result.footprints
    ]
    return table(["server after the load", "RSS, MiB", "PSS, MiB", "start to first answer, s"], rows)


def listing(facts: Mapping[str, str]) -> str:
    return "\n".join(f"- {label}: {text}" for label, text in facts.items())


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table: the first column is text, all others are numbers."""
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def insert(document: str, text: str, section: str) -> str:
    """``document`` with ``text`` in a section. Raises ``ValueError`` when its markers are not there, once each."""
    first, last = markers(section)
    before, begin, rest = document.partition(first)
    _, end, after = rest.partition(last)
    if not begin or not end or first in after or last in after:
        raise ValueError(f"the document needs {first} and {last}, once each and in this order")
    return f"{before}{first}\n\n{text}\n\n{last}{after}"
