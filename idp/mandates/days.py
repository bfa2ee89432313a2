"""Days of a mandate: the first and the last one, as they are chosen and written.

Always true: a day is one in China, as in the text that is signed.
"""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone

_DAY = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}")
CHINA = timezone(timedelta(hours=8))


def day_of(seconds: int) -> date:
    return datetime.fromtimestamp(seconds, UTC).astimezone(CHINA).date()


def begin_of(day: date) -> int:
    """Unix seconds of its first moment."""
    return int(datetime.combine(day, time(), CHINA).timestamp())


def parse_day(text: str) -> date | None:
    """``YYYY-MM-DD`` of this century."""
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


def a_month_after(day: date) -> date:
    """The same day of the next month, or the last there is."""
    first = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    last = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    return first.replace(day=min(day.day, last.day))


def a_year_after(day: date) -> date:
    """The same day of the next year; after 29 February, 1 March."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return date(day.year + 1, 3, 1)
