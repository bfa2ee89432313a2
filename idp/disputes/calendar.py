"""The calendar file: the holidays and exchanged weekends of the years announced so far.

Always true: what is read is sound - a day worked in exchange is a weekend day and no holiday, and no year stands
there twice.
"""

import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from idp.disputes.rules import Calendar, local_day

WARNED_BEFORE = 60
"""Days before the end of the last year known, from which on its successor is asked for."""


def read_calendar(path: Path) -> Calendar:
    """Raises OSError, or ValueError when the file is not a calendar (tomllib.TOMLDecodeError is one)."""
    years = tomllib.loads(path.read_text("utf-8")).get("year", [])
    try:
        known = [int(entry["year"]) for entry in years]
        holidays = frozenset(day for entry in years for day in _holidays(entry))
        worked = [day for entry in years for day in entry["worked"]]
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path}: {type(error).__name__} {error}") from None
    if len(set(known)) < len(known):
        raise ValueError(f"{path}: a year stands there twice")
    if wrong := [day for day in worked if day.weekday() < 5 or day in holidays]:
        raise ValueError(f"{path}: {wrong[0]} is said to be worked, and is a weekday or a holiday")
    return Calendar(frozenset(known), holidays, frozenset(worked))


def _holidays(entry: Mapping[str, Any]) -> Iterator[date]:
    for period in entry["holidays"]:
        day = period["first"]
        if day > period["last"]:
            raise ValueError(f"{period['name']} ends before it begins")
        while day <= period["last"]:
            yield day
            day += timedelta(days=1)


def warnings(calendar: Calendar, *, now: int) -> list[str]:
    """What somebody has to do about the calendar; nothing when it reaches far enough."""
    today = local_day(now)
    missing = calendar.missing(today, today + timedelta(days=WARNED_BEFORE))
    return [
        f"calendar: {year} is missing, its holidays are counted as plain weekdays (docs/operations.md)"
        for year in missing
    ]
