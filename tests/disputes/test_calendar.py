"""Working days: holidays are none, weekends worked in exchange are, and a year nobody knows is said aloud."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.disputes.calendar import read_calendar, warnings
from idp.disputes.rules import Calendar, last_second, local_day

FILE = Path("config/calendar/cn.toml")
CALENDAR = read_calendar(FILE)
KNOWN = st.dates(date(2025, 1, 1), date(2026, 11, 30))
DAY = timedelta(days=1)


@given(KNOWN, st.integers(1, 20))
def test_what_is_due_is_due_on_a_working_day_with_so_many_between(start: date, days: int) -> None:
    due = CALENDAR.due(start, days).day
    passed = [start + DAY * n for n in range(1, (due - start).days + 1)]
    assert sum(CALENDAR.is_working(day) for day in passed) == days
    assert CALENDAR.is_working(due)
    assert due not in CALENDAR.holidays


@given(KNOWN, st.integers(0, 60), st.integers(1, 15), st.integers(0, 5))
def test_who_files_later_or_waits_longer_is_never_answered_earlier(
    start: date, later: int, days: int, more: int
) -> None:
    assert CALENDAR.due(start, days).day <= CALENDAR.due(start + DAY * later, days + more).day


@pytest.mark.parametrize(
    ("start", "due"),
    [
        (date(2026, 11, 26), date(2026, 12, 10)),
        (date(2026, 9, 18), date(2026, 10, 9)),  # the 20th is worked, the 25th to 27th and 1st to 7th are holidays
        (date(2026, 2, 13), date(2026, 3, 5)),  # the 14th and the 28th, Saturdays, are worked
        (date(2025, 9, 30), date(2025, 10, 21)),  # the 11th, a Saturday, is worked
    ],
)
def test_holidays_and_exchanged_weekends_are_counted_as_announced(start: date, due: date) -> None:
    assert CALENDAR.due(start) == CALENDAR.due(start, 10)
    assert CALENDAR.due(start).day == due
    assert CALENDAR.due(start).missing == ()


def test_a_year_the_calendar_does_not_know_is_counted_by_weekdays_and_named() -> None:
    due = Calendar(CALENDAR.years - {2027}, CALENDAR.holidays, CALENDAR.worked).due(date(2026, 12, 28))
    assert due.day == date(2027, 1, 11)
    assert due.missing == (2027,)


def test_a_day_begins_and_ends_in_china() -> None:
    evening = int(datetime(2026, 11, 26, 16, 0, tzinfo=UTC).timestamp())
    assert local_day(evening) == date(2026, 11, 27)
    assert local_day(evening - 1) == date(2026, 11, 26)
    assert last_second(date(2026, 11, 26)) == evening - 1


@pytest.mark.parametrize(("days_before", "said"), [(61, 0), (59, 1), (0, 1), (-1, 1)])
def test_two_months_before_its_end_the_next_year_is_asked_for(days_before: int, said: int) -> None:
    calendar = Calendar(frozenset({2026}), frozenset(), frozenset())
    now = last_second(date(2026, 12, 31) - DAY * days_before)
    assert len(warnings(calendar, now=now)) == said
    assert all("2027" in warning for warning in warnings(calendar, now=now))


@pytest.mark.parametrize(
    "text",
    [
        "[[year]]\nyear = 2026\nholidays = []\nworked = [2026-01-05]",  # a Monday
        "[[year]]\nyear = 2026\nholidays = [{ name = 'x', first = 2026-01-03, last = 2026-01-01 }]\nworked = []",
        "[[year]]\nyear = 2026\nholidays = [{ name = 'x', first = 2026-01-03, last = 2026-01-04 }]\n"
        "worked = [2026-01-04]",
        "[[year]]\nyear = 2026\nholidays = []\nworked = []\n" * 2,
        "[[year]]\nyear = 2026\nworked = []",
        "[[year",
    ],
)
def test_a_file_that_is_no_sound_calendar_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(text)
    with pytest.raises(ValueError, match=r"."):
        read_calendar(tmp_path / "c.toml")
