"""From rounds to figures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.figures import Round, figures, percentile, ratio


def round_of(cpu: float, *, operations: int = 1000, rows: int | None = None, p99: float = 0.005) -> Round:
    return Round(
        operations=operations,
        seconds=2.0,
        cpu=cpu,
        database=0.1,
        others=0.0,
        p50=0.001,
        p99=p99,
        audit_rows=rows,
    )


def test_nearest_rank_percentiles() -> None:
    values = [float(number) for number in range(1, 101)]
    assert (percentile(values, 0.5), percentile(values, 0.99), percentile(values, 1.0)) == (50.0, 99.0, 100.0)
    assert percentile([7.0], 0.5) == 7.0


def test_no_values_have_no_percentile() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


@given(st.lists(st.floats(0, 1), min_size=1).map(sorted), st.floats(0.01, 1))
def test_at_least_the_asked_share_lies_at_or_below_a_percentile(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9


def test_micros_are_cpu_time_of_one_operation_and_the_rate_is_their_reciprocal() -> None:
    one = figures([round_of(0.5), round_of(0.4), round_of(0.9)])
    assert one.micros == pytest.approx(500)
    assert one.per_second == pytest.approx(2000)
    assert one.observed == pytest.approx(500)
    assert one.busy == pytest.approx(0.25)
    assert one.database_micros == pytest.approx(100)


def test_audit_rows_are_per_operation_and_absent_where_there_is_no_audit() -> None:
    assert figures([round_of(1, rows=2000), round_of(1, rows=2000)]).audit_rows == pytest.approx(2.0)
    assert figures([round_of(1)]).audit_rows is None


def test_a_ratio_is_formed_within_each_round() -> None:
    found = ratio([round_of(0.1), round_of(0.2), round_of(0.1)], [round_of(0.3), round_of(0.4), round_of(0.5)])
    assert (found.low, found.median, found.high) == pytest.approx((2.0, 3.0, 5.0))


def test_rounds_that_do_not_pair_are_an_error() -> None:
    with pytest.raises(ValueError, match="longer"):
        ratio([round_of(1)], [round_of(1), round_of(1)])
