"""Stretches of time that are no whole year: a day, a quarter, last month, the last 30 days, Mondays. Pure values."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

YEAR = r"(?:1[5-9]|20|21)\d\d"
_ANY_YEAR = "2020"  # stands for a month of every year, and for what depends on today


@dataclass(frozen=True, slots=True)
class FromToday:
    """A day that depends on the current date.

    Attributes:
        unit: day, week, month, quarter or year.
        shift: So many units later.
        begins: Whether it is the first day of the unit, and not as many units from today itself.
    """

    unit: str
    shift: int
    begins: bool = True


@dataclass(frozen=True, slots=True)
class Period:
    """Days from one date to another, the same month of every year, or the same days of every week.

    Attributes:
        read_as: A year or ISO date that can stand for it where only those are understood.
        start: The first day, as an ISO date or counted from today; None for a month of every year.
        end: The day behind the last one.
        month: The number of the month of every year.
        weekdays: The days of every week: ``Mon``.
    """

    read_as: str
    start: str | FromToday | None = None
    end: str | FromToday | None = None
    month: int = 0
    weekdays: tuple[str, ...] = ()

    @property
    def is_a_day(self) -> bool:
        """Whether it is a single day, for which a date stands and not a year."""
        return self.read_as == self.start

    @property
    def spellings(self) -> frozenset[str]:
        """How the SQL that asks for it may say it, in lowercase."""
        bounds = (self.start, self.end)
        dated = (f"{abs(day.shift)} {day.unit}" if isinstance(day, FromToday) else day for day in bounds if day)
        return frozenset(dated) | ({str(self.month)} if self.month else set()) | {day.lower() for day in self.weekdays}


def months_of(year: int, first: int, last: int) -> Period:
    """Some months of a year, by their numbers."""
    end = f"{year + 1}-01-01" if last == 12 else f"{year}-{last + 1:02d}-01"
    return Period(str(year), f"{year}-{first:02d}-01", end)


def every_year(month: int) -> Period:
    """A month of every year, by its number."""
    return Period(_ANY_YEAR, month=month)


def every_week(weekdays: Iterable[str]) -> Period:
    """Some days of every week: Mon, Tue and so on."""
    return Period(_ANY_YEAR, weekdays=tuple(weekdays))


def one_day(day: date) -> Period:
    """A day."""
    return Period(day.isoformat(), day.isoformat(), (day + timedelta(days=1)).isoformat())


def from_today(start: FromToday, end: FromToday) -> Period:
    """What depends on the current date."""
    return Period(_ANY_YEAR, start, end)


def plain_period(text: str) -> Period | None:
    """A year or a day that is written as a number or ISO date; None for any other text.

    >>> plain_period("2021")
    Period(read_as='2021', start='2021-01-01', end='2022-01-01', month=0, weekdays=())
    """
    if re.fullmatch(YEAR, text):
        return months_of(int(text), 1, 12)
    try:
        return one_day(date.fromisoformat(text))
    except ValueError:
        return None
