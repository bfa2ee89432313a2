"""How well times tell two groups apart (Mann and Whitney 1947; DeLong 1988 for the interval).

Always true: 0.5 means that they tell nothing; exchanging the groups gives the complement.
"""

import math
import statistics
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

Z95 = 1.959964


@dataclass(frozen=True)
class Chance:
    """That a value of the first group exceeds one of the second, ties half (the AUC), with its 95 % interval."""

    value: float
    low: float
    high: float


def exceeds(first: Sequence[float], second: Sequence[float]) -> Chance:
    """Raises ``ValueError`` for a group of fewer than two values, of which no spread can be told."""
    if min(len(first), len(second)) < 2:
        raise ValueError("two values of each group are needed")
    above = _shares_below(first, second)
    below = [1.0 - share for share in _shares_below(second, first)]
    value = statistics.fmean(above)
    error = math.sqrt(statistics.variance(above) / len(first) + statistics.variance(below) / len(second))
    return Chance(value, max(0.0, value - Z95 * error), min(1.0, value + Z95 * error))


def _shares_below(values: Sequence[float], others: Sequence[float]) -> list[float]:
    """For each value the share of ``others`` that it exceeds."""
    ordered = sorted(others)
    return [(bisect_left(ordered, one) + bisect_right(ordered, one)) / 2 / len(ordered) for one in values]
