"""How well times tell two groups apart: known values, and what holds for any."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.chance import exceeds

VALUES = st.lists(st.integers(0, 9).map(float), min_size=2, max_size=40)


@pytest.mark.parametrize(
    ("first", "second", "value"),
    [
        ([3, 4], [1, 2], 1.0),
        ([1, 2], [3, 4], 0.0),
        ([1, 2], [1, 2], 0.5),
        ([5, 5], [5, 5], 0.5),
        ([1, 3, 5], [2, 4, 6], 1 / 3),
        ([2, 2, 7], [2, 1, 9], (1.5 + 1.5 + 2) / 9),
    ],
)
def test_known_values(first: list[float], second: list[float], value: float) -> None:
    assert exceeds(first, second).value == pytest.approx(value)


@given(VALUES, VALUES)
def test_it_is_the_share_of_pairs_and_exchanging_the_groups_gives_the_complement(
    first: list[float], second: list[float]
) -> None:
    pairs = [(one > other) + (one == other) / 2 for one in first for other in second]
    one, other = exceeds(first, second), exceeds(second, first)
    assert one.value == pytest.approx(sum(pairs) / len(pairs))
    assert 0.0 <= one.low <= one.value + 1e-9
    assert one.value - 1e-9 <= one.high <= 1.0
    assert (other.value, other.low, other.high) == pytest.approx((1 - one.value, 1 - one.high, 1 - one.low))


@given(VALUES, VALUES)
def test_only_the_order_of_times_counts(first: list[float], second: list[float]) -> None:
    cubes = exceeds([one**3 for one in first], [one**3 for one in second])
    assert cubes == exceeds(first, second)


def test_the_interval_is_that_of_delong() -> None:
    """Placements 0, 1/3, 2/3 and 1, 2/3, 1/3: variances of 1/9 each over three values."""
    found = exceeds([1.0, 3.0, 5.0], [2.0, 4.0, 6.0])
    error = (1 / 27 + 1 / 27) ** 0.5
    assert (found.low, found.high) == pytest.approx((max(0.0, 1 / 3 - 1.959964 * error), 1 / 3 + 1.959964 * error))


def test_more_values_make_the_interval_narrow_enough_to_judge_by() -> None:
    values = [float(number * 7919 % 1009) for number in range(1000)]
    found = exceeds(values[:500], values[500:])
    assert found.low < 0.5 < found.high
    assert 0.06 < found.high - found.low < 0.08


def test_a_shift_of_half_a_spread_is_found() -> None:
    values = [float(number % 100) for number in range(500)]
    assert exceeds([one + 25 for one in values], values).low > 0.55


@pytest.mark.parametrize(("first", "second"), [([], [1.0, 2.0]), ([1.0, 2.0], [1.0])])
def test_groups_without_spread_are_an_error(first: list[float], second: list[float]) -> None:
    with pytest.raises(ValueError, match="two values"):
        exceeds(first, second)
