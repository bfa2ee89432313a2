"""What can be disputed, what may become of a dispute, and how working days are counted.

Always true: a day of a year the calendar does not know is judged as a plain weekday, and whoever asked is told so.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from enum import StrEnum

SHANGHAI = timezone(timedelta(hours=8), "CST")
"""Asia/Shanghai, which has known no other time since 1991."""
_DAY = timedelta(days=1)
_SATURDAY = 5


class Item(StrEnum):
    """What of a person's data a dispute is about."""

    VERIFIED_NAME = "verified_name"
    DOCUMENT = "document"
    LEVEL = "level"
    ENTITY_LINK = "entity_link"
    ACTIVITY = "activity"
    OTHER = "other"


class State(StrEnum):
    """Filed waits for an answer; every other state is final."""

    FILED = "filed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Decision(StrEnum):
    """What an operator may answer."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"


class Refusal(StrEnum):
    """Why a dispute was not filed, withdrawn or answered; `idp.web.reasons` has the sentence for each."""

    TOO_MANY_OPEN = "disputes_too_many"
    NOT_WAITING = "dispute_not_waiting"
    REASON_MISSING = "dispute_reason_missing"
    ACCOUNT_CLOSED = "account_closed"


MOST_WAITING = 10
"""Disputes one person may have waiting at a time."""


@dataclass(frozen=True, slots=True)
class Due:
    """The day by which something is due, and the years on the way there that the calendar does not know."""

    day: date
    missing: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Calendar:
    """Which days are worked. ``worked``: weekend days worked in exchange for holidays on weekdays."""

    years: frozenset[int]
    holidays: frozenset[date]
    worked: frozenset[date]

    def is_working(self, day: date) -> bool:
        return day in self.worked or (day.weekday() < _SATURDAY and day not in self.holidays)

    def due(self, start: date, working_days: int = 10) -> Due:
        """The last of ``working_days`` working days after ``start``, which does not count itself (Civil Code 201)."""
        day, left = start, working_days
        while left:
            day += _DAY
            left -= self.is_working(day)
        return Due(day, self.missing(start, day))

    def missing(self, first: date, last: date) -> tuple[int, ...]:
        """The years from ``first`` to ``last`` that the calendar does not know."""
        return tuple(year for year in range(first.year, last.year + 1) if year not in self.years)


def local_day(seconds: int) -> date:
    """The day it is in China at a moment, Unix seconds."""
    return datetime.fromtimestamp(seconds, SHANGHAI).date()


def last_second(day: date) -> int:
    """The last second of ``day`` in China, Unix seconds."""
    end = datetime(day.year, day.month, day.day, tzinfo=SHANGHAI) + _DAY
    return int(end.timestamp()) - 1
