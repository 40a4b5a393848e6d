"""What a query says of one period, said of another: the first day of March 2023 for that of last month. Pure."""

from __future__ import annotations

import re
from datetime import date, timedelta

from coderag_app.question.periods.period import FromToday, Period, months_of, plain_period

_DATE = re.compile(r"(\d{4}\Z|\d{4}-\d\d(?:-\d\d)?)(.*)", re.DOTALL)


def moved_date(text: str, old: Period, new: Period) -> str | FromToday | None:
    """The date that stands in a query for a new period where a text stands for the old one.

    Args:
        text: A first day, a last day or the day behind it, perhaps with a time; a year, or a month (``2023-03``,
            ``2023-03%``); of a month of every year its number (``03``).
        old: The period that the query asks for.
        new: The one that is asked for now.

    Returns:
        None where the text says nothing of the old period, or cannot be said of the new one.

    >>> march, year = months_of(2023, 3, 3), plain_period("2024")
    >>> [moved_date(text, march, year) for text in ("2023-03-01", "2023-03-31 23:59", "2023-03", "2023")]
    ['2024-01-01', '2024-12-31 23:59', None, None]
    """
    if old.month:
        return f"{new.month:02d}" if new.month and text == f"{old.month:02d}" else None
    match = _DATE.fullmatch(text)
    if match is None or (old.is_a_day and not new.is_a_day):
        return None
    said, rest = match.groups()
    forms = zip(_forms(old), _forms(new), strict=True)
    moved = next((meant for form, meant in forms if form is not None and form == said), None)
    return moved if not rest or moved is None else moved + rest if isinstance(moved, str) else None


def _forms(period: Period) -> tuple[str | FromToday | None, ...]:
    """How SQL says a period, in the same order for all; None for what cannot be said of it."""
    return period.start, period.end, _last_day(period), _month(period), _year(period)


def _last_day(period: Period) -> str | None:
    if not isinstance(period.end, str):
        return None
    return (date.fromisoformat(period.end) - timedelta(days=1)).isoformat()


def _month(period: Period) -> str | None:
    """The year and month of a period that is one month."""
    if not isinstance(period.start, str):
        return None
    year, month = int(period.start[:4]), int(period.start[5:7])
    return period.start[:7] if period == months_of(year, month, month) else None


def _year(period: Period) -> str | None:
    """The year of a period that is a whole one."""
    return period.read_as if period == plain_period(period.read_as[:4]) else None
