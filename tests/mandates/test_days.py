"""Days of mandates: days of China, and what a month and a year are."""

from datetime import UTC, date, datetime

import pytest

from idp.mandates.days import a_month_after, a_year_after, begin_of, day_of, parse_day


def test_a_day_begins_at_midnight_in_china() -> None:
    evening = int(datetime(2026, 12, 31, 16, tzinfo=UTC).timestamp())
    assert day_of(evening) == date(2027, 1, 1)
    assert day_of(evening - 1) == date(2026, 12, 31)
    assert begin_of(date(2027, 1, 1)) == evening


@pytest.mark.parametrize(
    ("day", "month", "year"),
    [
        ("2026-01-31", "2026-02-28", "2027-01-31"),
        ("2028-01-31", "2028-02-29", "2029-01-31"),
        ("2028-02-29", "2028-03-29", "2029-03-01"),
        ("2026-12-15", "2027-01-15", "2027-12-15"),
        ("2026-03-31", "2026-04-30", "2027-03-31"),
    ],
)
def test_a_month_and_a_year_end_on_the_same_day_or_the_last_there_is(day: str, month: str, year: str) -> None:
    found = parse_day(day)
    assert found is not None
    assert (a_month_after(found).isoformat(), a_year_after(found).isoformat()) == (month, year)


@pytest.mark.parametrize(
    "text", ["", "2026", "20261231", "2026-13-01", "2026-W01-1", "1999-12-31", "2100-01-01", "x"]
)
def test_what_is_no_day_of_this_century_is_none(text: str) -> None:
    assert parse_day(text) is None
