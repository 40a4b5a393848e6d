"""Stretches of time as people write them: ``2023``, ``since March 2022``, ``between 2019 and 2021``. Pure."""

from __future__ import annotations

import re

from coderag_app.chat.follow_ups.intents import Period

_MONTHS = "january february march april may june july august september october november december".split()
_MONTH = "|".join(f"{month[:3]}(?:{month[3:]})?" if len(month) > 3 else month for month in _MONTHS)
_DAY = rf"(?:1[5-9]|20|21)\d\d(?:-\d\d(?:-\d\d)?)?|(?:{_MONTH})\.? (?:1[5-9]|20|21)\d\d"
PERIOD = (
    r"(?:(?:in|for|during|of|from|since|after|before|until|till|up to|between|the year|year|on) )*"
    rf"(?:{_DAY})(?: ?(?:and|to|-|–|until) ?(?:{_DAY}))?"
)


def read_period(text: str) -> Period | None:
    """A stretch of time as ISO dates, the end not included; None for a month or day that does not exist.

    Example:
        >>> read_period("since March 2022"), read_period("between 2019 and 2021")
        (Period(start='2022-03-01', end='', label='since 2022-03', column=''), \
Period(start='2019-01-01', end='2022-01-01', label='2019 to 2021', column=''))
    """
    days = [_iso(day) for day in re.findall(_DAY, text, re.IGNORECASE)]
    if not days or "" in days:
        return None
    word = next(iter(re.findall(r"\b(since|after|before|until|till|up to|from)\b", text, re.IGNORECASE)), "").lower()
    if len(days) == 2:
        return Period(_start(days[0]), _after(days[1]), f"{days[0]} to {days[1]}")
    day = days[0]
    if word in ("since", "from") and (word == "since" or not re.match(r"from (?:1|2)\d{3}$", text, re.IGNORECASE)):
        return Period(_start(day), "", f"since {day}")
    if word == "after":
        return Period(_after(day), "", f"after {day}")
    if word == "before":
        return Period("", _start(day), f"before {day}")
    if word in ("until", "till", "up to"):
        return Period("", _after(day), f"until {day}")
    return Period(_start(day), _after(day), day)


def _iso(day: str) -> str:
    """``2023``, ``2023-05`` or ``2023-05-17``; empty for what no calendar has."""
    named = re.fullmatch(rf"({_MONTH})\.? (\d{{4}})", day, re.IGNORECASE)
    if named is not None:
        number = next(i for i, month in enumerate(_MONTHS, 1) if month.startswith(named[1].lower()[:3]))
        return f"{named[2]}-{number:02d}"
    parts = [int(part) for part in day.split("-")]
    real = (len(parts) < 2 or 1 <= parts[1] <= 12) and (len(parts) < 3 or 1 <= parts[2] <= 31)
    return day if real else ""


def _start(day: str) -> str:
    return (day + "-01-01" if len(day) == 4 else day + "-01" if len(day) == 7 else day)[:10]


def _after(day: str) -> str:
    """The first day behind a year, month or day."""
    from datetime import date, timedelta

    parts = [int(part) for part in day.split("-")]
    if len(parts) == 1:
        return f"{parts[0] + 1:04d}-01-01"
    if len(parts) == 2:
        year, month = (parts[0] + 1, 1) if parts[1] == 12 else (parts[0], parts[1] + 1)
        return f"{year:04d}-{month:02d}-01"
    try:
        return (date(*parts) + timedelta(days=1)).isoformat()
    except ValueError:
        return day
