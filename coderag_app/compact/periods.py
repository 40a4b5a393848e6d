"""Days, months, quarters and halves of years that a question names: "in June 2021", "in Q1 2024", "on 5 May 2023".

A model of a few million parameters knows years and ISO dates, and no months. It reads such a year for a month, and
decoding asks for the days of the month in its place (``period_conditions.py``).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from coderag_app.compact.amounts import is_date
from coderag_app.name_words import name_words
from coderag_app.schema import Column, Schema

MONTHS = "january february march april may june july august september october november december".split()
_ANY_YEAR = 2020  # what the model reads for a month of every year
_MONTH = rf"(?P<month>{'|'.join(f'{month}|{month[:3]}' for month in MONTHS)}|sept)\b\.?"
_DAY = r"(?P<day>[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>(?:1[5-9]|20)\d\d)"
_OF_YEAR = rf",? (?:of |in )?(?:the year )?{_YEAR}"
_ORDINALS = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4}
_ORDINAL = rf"(?P<place>{'|'.join(_ORDINALS)})"
_MONTHS_OF = {"q": 3, "h": 6}  # a quarter, a half
_INTRODUCED = re.compile(r"\b(?:in|during|since|until|till|before|after) $", re.IGNORECASE)
_LISTED = re.compile(r"\b(?:from|to|through|between|and|or|of|for) $", re.IGNORECASE)
_SAME_YEAR = re.compile(r",? (?:and|or|to|through|until|till|and in|or in) |, | ?[-–] ?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Period:
    """Days from one date to another, or the same months of every year.

    Attributes:
        read_as: The year or date that the model reads for it.
        months: Numbers of the first and the last month.
        start: The first day as an ISO date; "" for months of every year.
        end: The day behind the last one.
    """

    read_as: str
    months: tuple[int, int]
    start: str = ""
    end: str = ""

    @property
    def is_a_day(self) -> bool:
        """Whether it is a single day, which the model reads as a date and not as a year."""
        return self.read_as == self.start

    @property
    def spellings(self) -> frozenset[str]:
        """How the SQL that asks for it may say it."""
        return frozenset((self.start, self.end) if self.start else map(str, self.months))


FoundPeriod = tuple[int, int, Period]  # from and to where in the question, and what


def find_periods(question: str, schema: Schema) -> tuple[FoundPeriod, ...]:
    """What a question names beside whole years, which are plain numbers, in the order it is named.

    Nothing where no column of the schema holds dates, or where one holds or is called as a month.

    >>> from coderag_app.schema import schema_from_ddl
    >>> orders = schema_from_ddl("CREATE TABLE orders (ordered_on DATE)")
    >>> for _, _, period in find_periods("Orders in March and April 2021, and on May 5th, 2022", orders):
    ...     print(period.read_as, period.start, period.end)
    2021 2021-03-01 2021-04-01
    2021 2021-04-01 2021-05-01
    2022-05-05 2022-05-05 2022-05-06
    """
    columns = [column for table in schema.tables for column in table.columns]
    if not any(map(is_date, columns)) or any(map(_is_of_months, columns)):
        return ()
    found: list[FoundPeriod] = []
    for pattern, read in _FORMS:
        for match in pattern.finditer(question):
            apart = all(match.end() <= start or match.start() >= end for start, end, _ in found)
            if apart and (period := read(match)) is not None:
                found.append((*match.span(), period))
    return tuple(_with_years(question, sorted(found, key=lambda item: item[0])))


def plain_period(text: str) -> Period | None:
    """The days of a year or date that is written as such: "2021", "2021-06-01"; None for anything else."""
    if re.fullmatch(_YEAR, text):
        return _months(1, 12, int(text))
    try:
        return _day(date.fromisoformat(text))
    except ValueError:
        return None


def _is_of_months(column: Column) -> bool:
    return any(word == "month" or word in MONTHS or word in _SHORT for word in name_words(column.name).split())


def _months(first: int, last: int, year: int) -> Period:
    end = f"{year + 1}-01-01" if last == 12 else f"{year}-{last + 1:02d}-01"
    return Period(str(year), (first, last), f"{year}-{first:02d}-01", end)


def _day(day: date) -> Period:
    text = day.isoformat()
    return Period(text, (day.month, day.month), text, (day + timedelta(days=1)).isoformat())


def _read_day(match: re.Match[str]) -> Period | None:
    try:
        return _day(date(int(match["year"]), _month_number(match["month"]), int(match["day"])))
    except ValueError:
        return None


def _read_month(match: re.Match[str]) -> Period:
    number = _month_number(match["month"])
    return _months(number, number, int(match["year"]))


def _read_iso_month(match: re.Match[str]) -> Period:
    return _months(int(match["number"]), int(match["number"]), int(match["year"]))


def _read_part(match: re.Match[str]) -> Period | None:
    length, said = _MONTHS_OF[match["part"][0].lower()], match["place"].lower()
    place = _ORDINALS.get(said) or int(said)
    return _months((place - 1) * length + 1, place * length, int(match["year"])) if place * length <= 12 else None


def _read_month_of_every_year(match: re.Match[str]) -> Period | None:
    """A month's name without a year, if it is one: "in May", but neither "may" nor "Ms. May"."""
    before = match.string[: match.start()]
    listed = match["month"].istitle() and len(match["month"]) > 2 and _LISTED.search(before) is not None
    number = _month_number(match["month"])
    return Period(str(_ANY_YEAR), (number, number)) if listed or _INTRODUCED.search(before) else None


def _month_number(name: str) -> int:
    return next(number for number, month in enumerate(MONTHS, 1) if month.startswith(name[:3].lower()))


def _with_years(question: str, found: list[FoundPeriod]) -> list[FoundPeriod]:
    """The periods, each without a year having that of the next one, if they are listed: "March and May 2021"."""
    for place in range(len(found) - 2, -1, -1):
        (start, end, period), (next_start, _, following) = found[place : place + 2]
        if following.start and not period.start and _SAME_YEAR.fullmatch(question[end:next_start]):
            found[place] = (start, end, _months(*period.months, int(following.start[:4])))
    return found


_SHORT = frozenset(month[:3] for month in MONTHS) | {"sept"}
_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Period | None]], ...] = tuple(
    (re.compile(rf"\b{form}(?![\w-])", re.IGNORECASE), read)
    for form, read in (
        (rf"{_DAY} (?:of )?{_MONTH}{_OF_YEAR}", _read_day),
        (rf"{_MONTH} {_DAY}{_OF_YEAR}", _read_day),
        (rf"{_MONTH}{_OF_YEAR}", _read_month),
        (rf"{_YEAR}-(?P<number>0[1-9]|1[0-2])", _read_iso_month),
        (rf"(?:the )?{_ORDINAL} (?P<part>quarter|half){_OF_YEAR}", _read_part),
        (rf"(?P<part>[qh])(?P<place>[1-4])(?:[ -]|{_OF_YEAR.removesuffix(_YEAR)}){_YEAR}", _read_part),
        (rf"{_YEAR}[ -](?P<part>[qh])(?P<place>[1-4])", _read_part),
        (rf"{_MONTH}(?! \d)", _read_month_of_every_year),
    )
)
