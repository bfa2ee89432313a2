"""From rounds to figures.

Always true: a ratio is formed inside one round (both providers measured within seconds of each other) and reported as
the median of the rounds with the lowest and highest beside it.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Round:
    """One operation at one provider for a few seconds. Times in seconds, ``cpu`` and ``database`` in total."""

    operations: int
    seconds: float
    cpu: float
    """CPU time of the server's processes."""
    database: float
    """CPU time of PostgreSQL, Redis and the worker meanwhile."""
    others: float
    """CPU time somebody else took on the server's core, and the host took away."""
    p50: float
    p99: float
    audit_rows: int | None = None

    @property
    def micros(self) -> float:
        """Server CPU time of one operation, µs."""
        return self.cpu / self.operations * 1e6


@dataclass(frozen=True)
class Figures:
    """What the rounds of one operation at one provider say together."""

    micros: float
    per_second: float
    """Operations one core can serve in a second: 1 / CPU time."""
    observed: float
    """Operations per second that were seen at the end of the wire."""
    busy: float
    """Share of its core that the server used; far below 1 the load or the database was the limit."""
    database_micros: float
    p50: float
    p99: float
    audit_rows: float | None


@dataclass(frozen=True)
class Ratio:
    """How many times more operations a core serves at the first than at the second."""

    median: float
    low: float
    high: float


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that ``share`` (0..1] of ``ordered`` does not exceed (nearest rank)."""
    if not ordered:
        raise ValueError("no values")
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def figures(rounds: Sequence[Round]) -> Figures:
    micros = statistics.median(one.micros for one in rounds)
    rows = [one.audit_rows / one.operations for one in rounds if one.audit_rows is not None]
    return Figures(
        micros=micros,
        per_second=1e6 / micros,
        observed=statistics.median(one.operations / one.seconds for one in rounds),
        busy=statistics.median(one.cpu / one.seconds for one in rounds),
        database_micros=statistics.median(one.database / one.operations * 1e6 for one in rounds),
        p50=statistics.median(one.p50 for one in rounds),
        p99=statistics.median(one.p99 for one in rounds),
        audit_rows=statistics.median(rows) if rows else None,
    )


def ratio(ours: Sequence[Round], peer: Sequence[Round]) -> Ratio:
    each = [theirs.micros / mine.micros for mine, theirs in zip(ours, peer, strict=True)]
    return Ratio(median=statistics.median(each), low=min(each), high=max(each))
