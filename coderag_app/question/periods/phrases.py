"""Where a text names a period: "in June 2021", "since Q1 2024", "on 5 May 2023", "last month", "on Mondays"."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date

from coderag_app.question.periods.period import (
    YEAR,
    FromToday,
    Period,
    every_week,
    every_year,
    from_today,
    months_of,
    one_day,
    plain_period,
)

FoundPeriod = tuple[int, int, Period]  # from and to where in the question, and what

MONTHS = "january february march april may june july august september october november december".split()
MONTHS_IN_SHORT = (*(month[:3] for month in MONTHS), "sept")
_ORDINALS = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4}
_NUMBERS = "one two three four five six seven eight nine ten eleven twelve".split()
_WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
_MONTHS_OF = {"q": 3, "h": 6}  # a quarter, a half

_MONTH = rf"(?P<month>{'|'.join((*MONTHS, *MONTHS_IN_SHORT))})\b\.?"
_DAY = r"(?P<day>[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)?"
_YEAR = rf"(?P<year>{YEAR})"
_OF_YEAR = rf",? (?:of |in )?(?:the year )?{_YEAR}"
_ORDINAL = rf"(?P<place>{'|'.join(_ORDINALS)})"
_UNIT = r"(?P<unit>day|week|month|quarter|year)"
_NUMBER = rf"(?P<number>\d{{1,3}}|{'|'.join(_NUMBERS)})"
_SAID_WEEKDAY = rf"(?:{'|'.join(_WEEKDAYS)}|weekend|weekday|working day)s?"
_INTRODUCED = re.compile(r"\b(?:in|during|since|until|till|before|after) $", re.IGNORECASE)
_LISTED = re.compile(r"\b(?:from|to|through|between|and|or|of|for) $", re.IGNORECASE)
_LASTING = re.compile(r"\b(?:in|over|during|for|within) $", re.IGNORECASE)
_SAME_YEAR = re.compile(r",? (?:and|or|to|through|until|till|and in|or in) |, | ?[-–] ?", re.IGNORECASE)


def named_periods(text: str) -> list[FoundPeriod]:
    """The periods that a text names beside whole years, in its order.

    >>> for _, _, period in named_periods("Orders in March and April 2021, and on May 5th, 2022"):
    ...     print(period.read_as, period.start, period.end)
    2021 2021-03-01 2021-04-01
    2021 2021-04-01 2021-05-01
    2022-05-05 2022-05-05 2022-05-06
    """
    read_as: dict[tuple[int, int], Period | None] = {}
    for pattern, read in _FORMS:
        for match in pattern.finditer(text):
            if lies_apart(match.span(), read_as):
                read_as[match.span()] = read(match)
    found = [(start, end, period) for (start, end), period in read_as.items() if period is not None]
    return _with_years(text, sorted(found, key=lambda item: item[0]))


def all_periods(text: str) -> list[tuple[int, int, Period | None]]:
    """The periods that a text names, whole years and ISO dates too; None where no calendar has it.

    >>> for start, end, period in all_periods("between March and 2023-05-31"):
    ...     print(start, end, period.start, period.end)
    8 13 None None
    18 28 2023-05-31 2023-06-01
    """
    found: dict[tuple[int, int], Period | None] = {(start, end): period for start, end, period in named_periods(text)}
    for match in re.finditer(DATED_PHRASE, text, re.IGNORECASE):
        if lies_apart(match.span(), found):
            found[match.span()] = plain_period(match[0])
    return [(*span, found[span]) for span in sorted(found)]


def lies_apart(span: tuple[int, int], others: Iterable[tuple[int, int]]) -> bool:
    """Whether a stretch of text, from and to where, shares no character with any of the others."""
    return all(span[1] <= start or span[0] >= end for start, end in others)


def _with_years(text: str, found: list[FoundPeriod]) -> list[FoundPeriod]:
    """The periods, each month without a year having that of the next one, if they are listed: "March and May 2021"."""
    for place in range(len(found) - 2, -1, -1):
        (start, end, period), (next_start, _, following) = found[place : place + 2]
        dated = isinstance(following.start, str) and _SAME_YEAR.fullmatch(text[end:next_start])
        if period.month and dated and following.start:
            found[place] = (start, end, months_of(int(following.read_as[:4]), period.month, period.month))
    return found


def _read_day(match: re.Match[str]) -> Period | None:
    try:
        return one_day(date(int(match["year"]), _month_number(match["month"]), int(match["day"])))
    except ValueError:
        return None


def _read_month(match: re.Match[str]) -> Period:
    number = _month_number(match["month"])
    return months_of(int(match["year"]), number, number)


def _read_iso_month(match: re.Match[str]) -> Period:
    return months_of(int(match["year"]), int(match["number"]), int(match["number"]))


def _read_part(match: re.Match[str]) -> Period | None:
    length, said = _MONTHS_OF[match["part"][0].lower()], match["place"].lower()
    place = _ORDINALS.get(said) or int(said)
    return months_of(int(match["year"]), (place - 1) * length + 1, place * length) if place * length <= 12 else None


def _read_month_of_every_year(match: re.Match[str]) -> Period | None:
    """A month's name without a year, if it is one: "in May", but neither "may" nor "Ms. May"."""
    before = match.string[: match.start()]
    listed = match["month"].istitle() and _LISTED.search(before) is not None
    return every_year(_month_number(match["month"])) if listed or _INTRODUCED.search(before) else None


def _read_weekdays(match: re.Match[str]) -> Period:
    said = [word.removesuffix("s") for word in re.findall(_SAID_WEEKDAY, match[0].lower())]
    days = [day for word in said for day in (_WEEKDAYS[5:] if word == "weekend" else [word])]
    days = [day for word in days for day in ([word] if word in _WEEKDAYS else _WEEKDAYS[:5])]
    return every_week(day[:3].title() for day in dict.fromkeys(days))


def _month_number(name: str) -> int:
    return next(number for number, month in enumerate(MONTHS, 1) if month.startswith(name[:3].lower()))


def _read_unit(match: re.Match[str]) -> Period | None:
    """This month, last month, next month; "in the last month" is up to today, and "the last month" may be anything."""
    said, unit = match["which"].lower(), match["unit"].lower()
    if match["the"] and said in ("last", "past", "next"):
        lasting = said != "next" and _LASTING.search(match.string[: match.start()])
        return _up_to_today(1, unit) if lasting else None
    shift = 0 if said in ("this", "current") else 1 if said == "next" else -1
    return from_today(FromToday(unit, shift), FromToday(unit, shift + 1))


def _read_units(match: re.Match[str]) -> Period:
    """The last three months."""
    said = match["number"].lower()
    return _up_to_today(int(said) if said.isdigit() else _NUMBERS.index(said) + 1, match["unit"].lower())


def _up_to_today(number: int, unit: str) -> Period:
    return from_today(FromToday(unit, -number, begins=False), FromToday("day", 1))


def _read_to_date(match: re.Match[str]) -> Period:
    return from_today(FromToday(match["unit"].lower(), 0), FromToday("day", 1))


def _read_near_day(match: re.Match[str]) -> Period:
    shift = {"yesterday": -1, "today": 0, "tomorrow": 1}[match[0].lower()]
    return from_today(FromToday("day", shift), FromToday("day", shift + 1))


_Reader = Callable[[re.Match[str]], Period | None]
_DATED: tuple[tuple[str, _Reader], ...] = (
    (rf"{_DAY} (?:of )?{_MONTH}{_OF_YEAR}", _read_day),
    (rf"{_MONTH} {_DAY}{_OF_YEAR}", _read_day),
    (rf"{_MONTH}{_OF_YEAR}", _read_month),
    (rf"{_YEAR}-(?P<number>0[1-9]|1[0-2])", _read_iso_month),
    (rf"(?:the )?{_ORDINAL} (?P<part>quarter|half){_OF_YEAR}", _read_part),
    (rf"(?P<part>[qh])(?P<place>[1-4])(?:[ -]|{_OF_YEAR.removesuffix(_YEAR)}){_YEAR}", _read_part),
    (rf"{_YEAR}[ -](?P<part>[qh])(?P<place>[1-4])", _read_part),
    (rf"{_UNIT} to date", _read_to_date),
    (rf"(?:the )?(?:last|past|previous) {_NUMBER} {_UNIT}s?", _read_units),
    (rf"(?P<the>the )?(?P<which>this|current|last|previous|past|next) {_UNIT}", _read_unit),
    (r"(?:today|yesterday|tomorrow)", _read_near_day),
)
_UNDATED: tuple[tuple[str, _Reader], ...] = (
    (rf"{_MONTH}(?! \d)", _read_month_of_every_year),
    (rf"(?:on|at) (?:the |a |every )?{_SAID_WEEKDAY}(?:(?:,| and| or|, and|, or) {_SAID_WEEKDAY})*", _read_weekdays),
)
_FORMS = tuple((re.compile(rf"\b{form}(?![\w-])", re.IGNORECASE), read) for form, read in (*_DATED, *_UNDATED))
MONTH_PHRASE = rf"(?:{'|'.join((*MONTHS, *MONTHS_IN_SHORT))})"
_NAMED_PHRASE = "(?:" + "|".join(re.sub(r"\?P<\w+>", "?:", form) for form, _ in _DATED) + r")(?![\w-])"
DATED_PHRASE = rf"(?:{_NAMED_PHRASE}|{YEAR}(?:-\d\d-\d\d)?(?![-\d]))"
