"""Dates, clocks and schedules."""

from __future__ import annotations

from datetime import date, timedelta


def is_leap_year(year: int) -> bool:
    """Tell whether a year has a 29th of February.

    Accepts years divisible by four, except full centuries that are not divisible by four hundred.

    >>> is_leap_year(2024)
    True
    >>> is_leap_year(1900)
    False
    """
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def days_in_month(year: int, month: int) -> int:
    """Tell how many days a month has.

    Gives 30 for the four short months, 31 for the others, and looks at the leap-year rule for February.

    >>> days_in_month(2023, 2)
    28
    >>> days_in_month(2024, 4)
    30
    """
    if month < 1 or month > 12:
        raise ValueError(f"a month lies between 1 and 12, got {month}")
    if month == 2:
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        return 29 if leap else 28
    return 30 if month in (4, 6, 9, 11) else 31


def format_duration(seconds: int) -> str:
    """Write a number of seconds as hours, minutes and seconds.

    Divides by 3600 and by 60 and leaves out the hours when there are none.

    >>> format_duration(3725)
    '1:02:05'
    >>> format_duration(65)
    '1:05'
    """
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    if hours > 0:
        return f"{hours}:{minutes:02d}:{left:02d}"
    return f"{minutes}:{left:02d}"


def parse_duration(text: str) -> int:
    """Read a duration such as 2h30m as a number of seconds.

    Collects digits into a number and multiplies it by the unit that follows: h, m or s.

    >>> parse_duration("2h30m")
    9000
    >>> parse_duration("45s")
    45
    """
    units = {"h": 3600, "m": 60, "s": 1}
    total = 0
    number = ""
    for sign in text:
        if sign.isdigit():
            number += sign
        elif sign in units and number:
            total += int(number) * units[sign]
            number = ""
        else:
            raise ValueError(f"cannot read {text!r} as a duration")
    return total


def minutes_between(start: str, end: str) -> int:
    """Count the minutes from one clock time to the next occurrence of another.

    Turns both times into minutes since midnight and takes the difference within one day.

    >>> minutes_between("09:30", "11:00")
    90
    >>> minutes_between("23:50", "00:10")
    20
    """
    start_hour, start_minute = start.split(":")
    end_hour, end_minute = end.split(":")
    first = int(start_hour) * 60 + int(start_minute)
    second = int(end_hour) * 60 + int(end_minute)
    return (second - first) % 1440


def merge_intervals(intervals: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Merge overlapping intervals.

    Sorts by the beginning and lengthens the last interval while the next one starts inside it.

    >>> merge_intervals([(1, 3), (8, 10), (2, 6)])
    [(1, 6), (8, 10)]
    >>> merge_intervals([(4, 5)])
    [(4, 5)]
    """
    merged: list[tuple[int, int]] = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def most_meetings_at_once(meetings: list[tuple[int, int]]) -> int:
    """Find how many meetings take place at the same time at most.

    Sorts all beginnings and ends, counts up at a beginning and down at an end, ends first.

    >>> most_meetings_at_once([(9, 11), (10, 12), (11, 13)])
    2
    >>> most_meetings_at_once([])
    0
    """
    events = [(start, 1) for start, _ in meetings] + [(end, -1) for _, end in meetings]
    running = 0
    highest = 0
    for _, change in sorted(events):
        running += change
        highest = max(highest, running)
    return highest


def workdays_from(year: int, month: int, day: int, count: int) -> list[str]:
    """List the next workdays from a date on, leaving out weekends.

    Steps day by day and keeps the days from Monday to Friday until there are enough.

    >>> workdays_from(2024, 3, 8, 2)
    ['2024-03-08', '2024-03-11']
    >>> workdays_from(2024, 3, 10, 1)
    ['2024-03-11']
    """
    current = date(year, month, day)
    found: list[str] = []
    while len(found) < count:
        if current.weekday() < 5:
            found.append(current.isoformat())
        current += timedelta(days=1)
    return found


def age_in_years(birth: tuple[int, int, int], today: tuple[int, int, int]) -> int:
    """Compute a person's age in full years from two dates of year, month and day.

    Subtracts the years and takes one off when the birthday of the year is still to come.

    >>> age_in_years((1990, 6, 15), (2024, 6, 14))
    33
    >>> age_in_years((2000, 1, 1), (2024, 1, 1))
    24
    """
    years = today[0] - birth[0]
    if (today[1], today[2]) < (birth[1], birth[2]):
        years -= 1
    return years


def greeting(hour: int, name: str | None) -> str:
    """Greet a person by the time of day.

    Chooses morning, afternoon or evening by the hour and adds the name when there is one.

    >>> greeting(9, "Nora")
    'Good morning, Nora!'
    >>> greeting(20, None)
    'Good evening!'
    """
    if hour < 12:
        part = "morning"
    elif hour < 18:
        part = "afternoon"
    else:
        part = "evening"
    if name is None:
        return f"Good {part}!"
    return f"Good {part}, {name}!"
