"""What the values of a column are, decided once: dates in text, epochs, money in text, flags, categories. Pure.

A declared type says little: SQLite keeps dates and money in TEXT, exports keep numbers as ``1.234,56 €``, a moment is
1704067200 in an INTEGER. Everything that must know what a column holds asks its ``ColumnProfile``. What fits several
readings (03/04/2024) has none: a wrong date is worse than a text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache
from itertools import takewhile
from typing import Any

from coderag_app.files import yaml_beside

Scalar = str | int | float | bool

EPOCH, EPOCH_MS = "epoch", "epoch_ms"  # seconds and milliseconds since 1970
ISO, ISO_TIME = "%Y-%m-%d", "%Y-%m-%d %H:%M:%S"
COMPACT = "%Y%m%d"
_MONTH_ONLY = "%Y-%m"
MOST_OPTIONS = 24
_LEAST_ROWS_PER_OPTION = 2

_ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_ISO_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?: ?Z| ?UTC| ?[+-]\d\d(?::?\d\d)?)?")
_ISO_MONTH = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])")
_COMPACT_DAY = re.compile(r"(\d{4})(\d\d)(\d\d)")
_NUMERIC_DAY = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})((?:,? \d{1,2}:\d\d(?::\d\d)?)?)")
_YEAR_FIRST = re.compile(r"(\d{4})([/.])(\d{1,2})\2(\d{1,2})((?: \d{1,2}:\d\d(?::\d\d)?)?)")
_CLOCK = re.compile(r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?")
_NAMED_FORMS = ("%d-%b-%Y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%y", "%d %B, %Y", "%b %d %Y")
_MONTH_NAME = re.compile(r"jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec", re.IGNORECASE)

_AMOUNT = re.compile(
    r"(?P<open>\()?(?P<minus>[-+−])?\s*(?P<before>[^\d\s.,()+−-][^\d()]{0,5}?)?\s*(?P<minus2>[-+−])?"
    r"(?P<digits>\d[\d.,'’  \u202f]*)\s*(?P<after>[^\d().,]{0,8}\.?)(?P<close>\))?"
)
_POINT = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")
_COMMA = re.compile(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?|\d+(?:,\d+)?")
_SPACED = re.compile(r"\d{1,3}(?:([ '’ \u202f])\d{3})(?:\1\d{3})*(?:[.,]\d+)?")
_FIRST_MOMENT, _LAST_MOMENT = 315_532_800, 4_102_444_800  # 1980 and 2100 in seconds since 1970


class Kind(StrEnum):
    """What a column holds. FLAG is yes or no, CLOCK a time of day; UNKNOWN was not read or is empty."""

    UNKNOWN = "unknown"
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    CLOCK = "time of day"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class NumberForm:
    """How numbers are spelled in a column of text: ``1.234,56 €`` has the decimal mark ``,`` and thousands mark ``.``.

    Attributes:
        decimal: The decimal mark.
        thousands: The mark between thousands; empty where there is none.
        signs: Other texts to be removed, such as a currency or a unit, the longest first.
        unit: The currency or unit as shown; ``%`` for percentages.
        parentheses: Whether ``(5)`` is -5.
    """

    decimal: str = "."
    thousands: str = ""
    signs: tuple[str, ...] = ()
    unit: str = ""
    parentheses: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether the texts are what a cast reads: digits with a decimal point or none."""
        return self == NumberForm()

    def is_seen(self, texts: Iterable[str]) -> bool:
        """Whether a text has the decimal mark."""
        return any(self.decimal in text for text in texts)

    def number(self, text: str) -> float:
        """The number that a text spells.

        >>> NumberForm(",", ".", ("€",)).number("1.234,56 €")
        1234.56

        Raises:
            ValueError: It spells none.
        """
        for removed in (*self.signs, self.thousands, " "):
            text = text.replace(removed, "") if removed else text
        text = text.replace(self.decimal, ".").replace("−", "-").removeprefix("+")
        if self.parentheses and text.startswith("("):
            text = "-" + text.strip("()")
        return float(text)


@dataclass(frozen=True, slots=True)
class Nested:
    """A column of lists of texts, or of objects with ``fields``: JSON, arrays, structs."""

    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """What a column holds and how it is spelled.

    Attributes:
        kind: What the values are.
        form: How dates are spelled where the database has no date type for them: a ``strptime`` pattern, ``epoch`` or
            ``epoch_ms``. Empty for a date type, and for every other kind.
        has_time: Whether dates have a time of day.
        padded: Whether all dates of ``form``, or numbers in text, have the same length.
        number: How numbers are spelled in text; None where they are numbers.
        flag: What is stored for yes and for no, for a flag.
        options: All values of a column with few, as texts; those that the database declares in its order.
        blanks: Stored texts that mean that a value is missing; the empty text is one.
        spaced: Whether some texts begin or end with a space.
        rows: Rows that were looked at.
        nulls: How many of them are NULL.
        distinct: Distinct values in them; at least as many as were seen.
        low: The smallest value: a number, or a date in ISO form, or a text.
        high: The largest value.
        whole: Whether all rows of the table were looked at.
        nested: Its form, if its values are lists or objects.
    """

    kind: Kind = Kind.UNKNOWN
    form: str = ""
    has_time: bool = False
    padded: bool = True
    number: NumberForm | None = None
    flag: tuple[Scalar, Scalar] | None = None
    options: tuple[str, ...] = ()
    blanks: tuple[str, ...] = ()
    spaced: bool = False
    rows: int = 0
    nulls: int = 0
    distinct: int = 0
    low: Scalar | None = None
    high: Scalar | None = None
    whole: bool = False
    nested: Nested | None = None

    @property
    def is_converted(self) -> bool:
        """Whether SQL must convert a value before it is compared, ordered or computed with."""
        return self.number is not None or (bool(self.form) and self.form not in (ISO, ISO_TIME))

    @property
    def is_bit(self) -> bool:
        """Whether it holds 0 and 1, or true and false, as numbers or Booleans."""
        return self.flag == (1, 0)

    @property
    def is_unique(self) -> bool:
        """Whether no value occurs twice, where all rows were looked at."""
        return self.whole and self.rows > 0 and self.distinct == self.rows - self.nulls > 0

    @property
    def null_share(self) -> float:
        """The share of NULL among the rows looked at; 0 for an empty table."""
        return self.nulls / self.rows if self.rows else 0.0

    @property
    def described(self) -> str:
        """How a model is told of a form that the declared type does not say; empty where there is none.

        >>> ColumnProfile(Kind.DATE, "%d/%m/%Y").described, ColumnProfile(Kind.FLAG, flag=("Y", "N")).described
        ('dates such as 31/12/1999', "yes is 'Y', no is 'N'")
        """
        if self.nested is not None:
            return f"objects with {', '.join(self.nested.fields)}" if self.nested.fields else "lists of texts"
        if self.form in (EPOCH, EPOCH_MS):
            return "seconds since 1970" if self.form == EPOCH else "milliseconds since 1970"
        if self.kind is Kind.DATE and self.is_converted:
            return f"dates such as {datetime(1999, 12, 31, 23, 59).strftime(self.form)}"  # noqa: DTZ001 - an example
        if self.number is not None:
            return f"numbers as text, with a decimal {'comma' if self.number.decimal == ',' else 'point'}"
        if self.flag is not None and isinstance(self.flag[0], str):
            return f"yes is {self.flag[0]!r}, no is {self.flag[1]!r}"
        return ""

    def stored_flag(self, said: str) -> Scalar | None:
        """What the column stores for a yes or no that is spelled in any way; None for other words or kinds.

        >>> ColumnProfile(Kind.FLAG, flag=("Y", "N")).stored_flag("TRUE")
        'Y'
        """
        if self.flag is None:
            return None
        word = said.strip().casefold()
        for place in (0, 1):
            if any(word == pair[place] for pair in profile_words()["flags"]):
                return self.flag[place]
        return None


UNKNOWN = ColumnProfile()


@cache
def profile_words() -> dict[str, Any]:
    """The word lists of ``profile_words.yaml``."""
    words: dict[str, Any] = yaml_beside(__file__, "profile_words.yaml")
    return words


def text_profile(values: Sequence[str], name: str = "", comma: bool | None = None) -> ColumnProfile:
    """What a column of text holds, by some of its distinct values; facts about rows are left to the caller.

    Args:
        values: Distinct texts, none of them empty.
        name: Words of the column's name, lowercase: digits of a "zip code" are no number.
        comma: Whether numbers have a decimal comma where the values fit both ways, such as ``1.234``.

    >>> text_profile(["31/12/2023", "05/01/2024"]).form
    '%d/%m/%Y'
    >>> text_profile(["$1,200.50", "$80.00", "n/a"]).number
    NumberForm(decimal='.', thousands=',', signs=('$',), unit='$', parentheses=False)
    """
    missing = profile_words()["blanks"]
    blanks = tuple(value for value in values if value.strip().casefold() in missing)
    told = [value.strip() for value in values if value not in blanks] if blanks else [v.strip() for v in values]
    if not told:
        return ColumnProfile(Kind.TEXT if values else Kind.UNKNOWN)
    flag = _flag(told)
    if flag is not None:
        return ColumnProfile(Kind.FLAG, flag=flag, blanks=blanks)
    form, has_time = date_form(told)
    if form:
        low, high = _extremes(told, lambda text: read_date(text, form))
        return ColumnProfile(Kind.DATE, form, has_time, _is_padded(told, form), blanks=blanks, low=low, high=high)
    if all(map(_CLOCK.fullmatch, told)):
        return ColumnProfile(Kind.CLOCK, blanks=blanks)
    number = None if _is_code(name) else number_form(told, comma)
    if number is not None:
        low, high = _extremes(told, number.number)
        same = len({len(value) for value in told}) == 1
        return ColumnProfile(Kind.NUMBER, padded=same, number=number, blanks=blanks, low=low, high=high)
    return ColumnProfile(Kind.TEXT, low=min(told), high=max(told))


def number_profile(low: float, high: float, distinct: int, name: str, values: Collection[Scalar] = ()) -> ColumnProfile:
    """What a column of numbers holds.

    Args:
        low: The smallest value.
        high: The largest value.
        distinct: How many distinct values there are.
        name: Words of the column's name, lowercase.
        values: Some values, where ``low`` and ``high`` may be days such as 20240131 (``may_be_days``).

    >>> number_profile(1703937600, 1717243200, 6, "paid on").form
    'epoch'
    """
    plain = ColumnProfile(Kind.NUMBER, low=low, high=high)
    if low in (0, 1) and high in (0, 1) and distinct <= len({low, high}):
        return replace(plain, kind=Kind.FLAG, flag=(1, 0))
    if values and may_be_days(low, high) and all(_is_day(str(value)) for value in values):
        days = [read_date(str(int(value)), COMPACT) for value in (low, high)]
        return replace(plain, kind=Kind.DATE, form=COMPACT, low=days[0], high=days[1])
    form = _epoch(low, high, name)
    if form:
        moments = [read_date(str(value), form) for value in (low, high)]
        return replace(plain, kind=Kind.DATE, form=form, has_time=True, low=moments[0], high=moments[1])
    return plain


def may_be_days(low: float, high: float) -> bool:
    """Whether all numbers between may be days such as 20240131."""
    return all(19_000_101 <= number <= 21_001_231 and number == int(number) for number in (low, high))


def date_form(values: Sequence[str]) -> tuple[str, bool]:
    """The ``strptime`` pattern of the dates that all values spell, and whether they have a time; ("", False) for none.

    A pattern with slashes is decided by a value that only fits one way; with points the day comes first, as nobody
    writes it otherwise.
    """
    if all(map(_ISO_DAY.fullmatch, values)):
        return (ISO, False) if all(map(_is_iso, values)) else ("", False)
    if all(_ISO_DAY.fullmatch(value) or _ISO_MOMENT.fullmatch(value) for value in values):
        return (ISO_TIME, True) if all(map(_is_iso, values)) else ("", False)
    if all(map(_ISO_MONTH.fullmatch, values)):
        return _MONTH_ONLY, False
    if all(map(_is_day, values)):
        return COMPACT, False
    for pattern, forms in ((_NUMERIC_DAY, _day_and_month), (_YEAR_FIRST, _year_first)):
        matches = [pattern.fullmatch(value) for value in values]
        if all(matches):
            return forms([match for match in matches if match is not None])
    if _MONTH_NAME.search(values[0]):
        form = next((form for form in _NAMED_FORMS if all(_reads(value, form) for value in values)), "")
        return form, False
    return "", False


def may_be_two_days(text: str) -> bool:
    """Whether a text is a date whose day and month can be exchanged: 03/04/2024; with points the day comes first."""
    match = _NUMERIC_DAY.fullmatch(text)
    return match is not None and match[2] != "." and int(match[1]) <= 12 and int(match[3]) <= 12


def read_date(text: str, form: str) -> str:
    """A date of a form in ISO form, with its time where it has one.

    >>> read_date("05/01/2024", "%d/%m/%Y"), read_date("1704456000", "epoch")
    ('2024-01-05', '2024-01-05 12:00:00')

    Raises:
        ValueError: It is no such date.
    """
    if form in (EPOCH, EPOCH_MS):
        seconds = float(text) / (1000 if form == EPOCH_MS else 1)
        return (datetime(1970, 1, 1) + timedelta(seconds=int(seconds))).isoformat(" ")
    if form in (ISO, ISO_TIME):
        return text.replace("T", " ")
    if form == _MONTH_ONLY:
        return text
    found = datetime.strptime(text.replace(",", "") if "%H" in form else text, form)  # noqa: DTZ007 - zones are unknown
    return found.isoformat(" ") if "%H" in form else found.date().isoformat()


def number_form(values: Sequence[str], comma: bool | None = None) -> NumberForm | None:
    """How all values spell a number; None where one does not, or where units or currencies differ.

    Args:
        values: Texts, none of them empty.
        comma: Which way to read what fits both: a decimal comma (True), or a decimal point.
    """
    amounts = map(_AMOUNT.fullmatch, values)
    found = [match for match in takewhile(bool, amounts) if match is not None]
    if len(found) < len(values) or any(bool(match["open"]) != bool(match["close"]) for match in found):
        return None
    digits = [match["digits"].strip() for match in found]
    if any(re.match(r"0\d", each) for each in digits):
        return None  # a code that begins with zero
    signs = {sign for match in found for sign in ((match["before"] or "").strip(), match["after"].strip()) if sign}
    if len(signs) > 1 or not all(map(_has_unit, found)):
        return None
    marks = _marks(digits, comma)
    if marks is None:
        return None
    parentheses = any(match["open"] for match in found)
    return NumberForm(*marks, tuple(signs), next(iter(signs), ""), parentheses)


def _marks(digits: Sequence[str], comma: bool | None) -> tuple[str, str] | None:
    """The decimal mark and the mark between thousands."""
    spaced = {match[1] for each in digits if (match := _SPACED.fullmatch(each))}
    if len(spaced) == 1:
        thousands = spaced.pop()
        plain = [each.replace(thousands, "") for each in digits]
        for decimal in ".,":
            if all(re.fullmatch(rf"\d+(?:[{decimal}]\d+)?", each) for each in plain):
                return decimal, thousands
        return None
    if spaced:
        return None
    with_point, with_comma = (all(map(form.fullmatch, digits)) for form in (_POINT, _COMMA))
    if with_point and with_comma:
        both_ways = any("." in each or "," in each for each in digits)
        with_point = not (both_ways and _prefers_comma(digits, comma))
    if with_point:
        return ".", "," if any("," in each for each in digits) else ""
    if with_comma:
        return ",", "." if any("." in each for each in digits) else ""
    return None


def _prefers_comma(digits: Sequence[str], comma: bool | None) -> bool:
    """Whether ``1.234`` is a thousand and more: by what is known of other columns, else only where nothing says so."""
    return bool(comma) if comma is not None else False


def _has_unit(match: re.Match[str]) -> bool:
    """Whether what stands beside a number is a currency, or behind it a unit: P12 and 12A are codes."""
    words = profile_words()
    before, after = ((match[place] or "").strip().casefold() for place in ("before", "after"))
    if before and before not in words["currencies"]:
        return False
    if (
        not after
        or after in words["currencies"]
        or (after in words["units"] and not re.fullmatch("[A-Z]", match["after"].strip()))
    ):
        return True
    spaced = match["digits"].endswith(" ") or match["after"].startswith(" ")
    return spaced and re.fullmatch(r"[a-z]{2,6}\.?", match["after"].strip()) is not None


def _is_code(name: str) -> bool:
    return not set(name.split()).isdisjoint(profile_words()["codes"])


def _flag(values: Sequence[str]) -> tuple[str, str] | None:
    """What is stored for yes and for no; both must occur, since a lone N may be a grade."""
    by_word = {value.casefold(): value for value in values} if len(values) == 2 else {}
    if len(by_word) != 2:
        return None
    pair = next((pair for pair in profile_words()["flags"] if by_word.keys() == set(pair)), None)
    return (by_word[pair[0]], by_word[pair[1]]) if pair is not None else None


def _epoch(low: float, high: float, name: str) -> str:
    words = set(name.split())
    if not words.isdisjoint((*profile_words()["no_moments"], *profile_words()["codes"])):
        return ""
    if _FIRST_MOMENT <= low <= high <= _LAST_MOMENT:
        return EPOCH
    return EPOCH_MS if _FIRST_MOMENT * 1000 <= low <= high <= _LAST_MOMENT * 1000 else ""


def _day_and_month(matches: Sequence[re.Match[str]]) -> tuple[str, bool]:
    separators = {match[2] for match in matches}
    if len(separators) > 1:
        return "", False
    first, second = (max(int(match[place]) for match in matches) for place in (1, 3))
    separator = separators.pop()
    if first > 12 >= second or (separator == "." and second <= 12 and first <= 31):
        form = f"%d{separator}%m{separator}%Y"
    elif second > 12 >= first:
        form = f"%m{separator}%d{separator}%Y"
    else:
        return "", False
    return _with_clock(form, matches)


def _year_first(matches: Sequence[re.Match[str]]) -> tuple[str, bool]:
    if len(separators := {match[2] for match in matches}) > 1:
        return "", False
    separator = separators.pop()
    return _with_clock(f"%Y{separator}%m{separator}%d", matches)


def _with_clock(form: str, matches: Sequence[re.Match[str]]) -> tuple[str, bool]:
    """The form with the clock that all values have or none; ("", False) where a value is no day of the calendar."""
    lengths = {match[5].count(":") if match[5] else 0 for match in matches}
    if len(lengths) > 1:
        return "", False
    clock = {0: "", 1: " %H:%M", 2: " %H:%M:%S"}[lengths.pop()]
    form += clock
    return (form, bool(clock)) if all(_reads(match[0].replace(",", ""), form) for match in matches) else ("", False)


def _is_padded(values: Sequence[str], form: str) -> bool:
    length = len(datetime(2000, 11, 11).strftime(form))  # noqa: DTZ001 - only its length counts
    return all(len(value) == length for value in values)


def _is_day(text: str) -> bool:
    match = _COMPACT_DAY.fullmatch(text)
    return match is not None and 1900 <= int(match[1]) <= 2100 and _reads(text, COMPACT)


def _is_iso(text: str) -> bool:
    try:
        date.fromisoformat(text[:10])
    except ValueError:
        return text[:10] == "0000-00-00"  # what MySQL stores for no date
    return True


def _reads(text: str, form: str) -> bool:
    try:
        datetime.strptime(text, form)  # noqa: DTZ007 - zones are unknown
    except ValueError:
        return False
    return True


def _extremes(values: Iterable[str], read: Callable[[str], Any]) -> tuple[Any, Any]:
    found = [read(value) for value in values]
    found = [value for value in found if not isinstance(value, float) or math.isfinite(value)]
    return (min(found), max(found)) if found else (None, None)
