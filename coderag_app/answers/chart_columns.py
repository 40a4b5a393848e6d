"""What each result column is in a chart: a measure, a point in time, or a category. Pure."""

from __future__ import annotations

import calendar
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from coderag_app.schema.name_words import name_words
from coderag_app.schema.profile import ColumnProfile, Kind, read_date
from coderag_app.text.cell_text import cell_text

if TYPE_CHECKING:
    from coderag_app.answers.result_origins import ColumnOrigin

_MAX_LABEL_CHARS = 40
_MOMENT = re.compile(r"\d{4}(-\d{2}){1,2}([ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?")
_YEARS = range(1000, 2200)
_CYCLES = {"month": range(1, 13), "quarter": range(1, 5), "weekday": range(8), "hour": range(24), "week": range(54)}
_MONTHS = [month.casefold() for month in calendar.month_name[1:]]
_DAYS = [day.casefold() for day in calendar.day_name]
_NAMED = (_MONTHS, [month[:3] for month in _MONTHS], _DAYS, [day[:3] for day in _DAYS], ["q1", "q2", "q3", "q4"])
_KEYS = frozenset("id code key zip postcode phone number nr no".split())
_NOT_SHARES = frozenset("average avg mean median max maximum min minimum price rate ratio age rating score".split())


class ChartKind(StrEnum):
    """The role of a column in a chart."""

    MEASURE = "measure"
    TIME = "time"
    CATEGORY = "category"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class ChartColumn:
    """A column of a result, ready for a chart.

    Attributes:
        field: Its name in the chart's data: ``c`` and its position.
        name: Its name in the result (untrusted text).
        values: Numbers for a measure, ISO texts in UTC for a time, with None for NULL; labels otherwise.
        texts: The values as displayed.
        rank: The place of each value in an order that everybody knows (months, days of the week, declared categories);
            empty where there is none.
    """

    field: str
    name: str
    kind: ChartKind
    vega_type: str
    values: tuple[Any, ...]
    texts: tuple[str, ...]
    rank: tuple[int, ...] = ()

    @property
    def distinct(self) -> int:
        """Number of distinct values."""
        return len(set(self.values))

    @property
    def is_unique(self) -> bool:
        """Whether all values are distinct."""
        return self.distinct == len(self.values)

    @property
    def is_share(self) -> bool:
        """Whether the values can be parts of a whole: positive, and neither averages nor extremes."""
        words = set(re.findall(r"[a-z]+", self.name.lower()))
        return not words & _NOT_SHARES and all(value is not None and value > 0 for value in self.values)

    def taken(self, order: Sequence[int]) -> ChartColumn:
        """The column with its rows in another order."""
        values, texts = tuple(self.values[place] for place in order), tuple(self.texts[place] for place in order)
        return replace(self, values=values, texts=texts, rank=tuple(self.rank[place] for place in order if self.rank))

    def unique_with(self, other: ChartColumn) -> bool:
        """Whether all pairs of values of the two columns are distinct."""
        return len(set(zip(self.values, other.values, strict=True))) == len(self.values)


def read_columns(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], origins: Sequence[ColumnOrigin | None] = ()
) -> list[ChartColumn]:
    """List the columns of a result that a chart can use, in their order.

    Args:
        columns: Their names.
        rows: Their values.
        origins: The columns of tables that they show, whose profiles decide; empty where nothing is known.
    """
    known = origins if len(origins) == len(columns) else [None] * len(columns)
    found = [
        _column(position, name, [row[position] for row in rows], known[position])
        for position, name in enumerate(columns)
    ]
    return [column for column in found if column.kind is not ChartKind.NONE]


def _column(position: int, name: str, cells: list[Any], origin: ColumnOrigin | None) -> ChartColumn:
    texts = tuple(cell_text(cell, _MAX_LABEL_CHARS) for cell in cells)
    options: tuple[str, ...] = ()
    if origin is not None:
        cells = _converted(cells, origin.profile)
        options = origin.profile.options
    present = [cell for cell in cells if cell is not None]
    kind, vega_type = ChartKind.CATEGORY, "nominal"
    values: tuple[Any, ...] = texts
    rank = _rank(name, texts, options)
    label_alone = origin is not None and (origin.is_key or origin.profile.kind is Kind.FLAG)
    if not present or all(isinstance(cell, bytes | bytearray | memoryview | list | tuple | dict) for cell in present):
        kind = ChartKind.NONE
    elif label_alone or rank:
        vega_type = "ordinal" if rank else "nominal"
    elif all(_is_number(cell) for cell in present):
        numbers = tuple(None if cell is None else _number(cell) for cell in cells)
        last = name_words(name).split()[-1:]
        if last == ["year"] and all(float(cell).is_integer() and int(cell) in _YEARS for cell in present):
            kind, vega_type, values = ChartKind.TIME, "ordinal", numbers
        elif not (set(last) & _KEYS) or "count" in name.lower():
            kind, vega_type, values = ChartKind.MEASURE, "quantitative", numbers
    elif all(_is_moment(cell) for cell in present):
        moments = tuple(None if cell is None else _moment(cell) for cell in cells)
        kind, vega_type, values = ChartKind.TIME, "temporal", moments
    return ChartColumn(f"c{position}", name, kind, vega_type, values, texts, rank)


def _converted(cells: list[Any], profile: ColumnProfile) -> list[Any]:
    """Dates and numbers out of the texts and numbers that spell them; as they are where one spells none."""
    if not all(cell is None or isinstance(cell, str | int | float) for cell in cells):
        return cells
    try:
        return [None if cell is None or cell in profile.blanks else _meaning(cell, profile) for cell in cells]
    except (ValueError, OverflowError):
        return cells


def _meaning(cell: str | float, profile: ColumnProfile) -> Any:
    if profile.kind is Kind.DATE and profile.form:
        return read_date(str(cell), profile.form)
    return profile.number.number(str(cell)) if profile.number is not None else cell


def _rank(name: str, texts: Sequence[str], options: Sequence[str]) -> tuple[int, ...]:
    """The place of each value in an order that everybody knows; empty where one has none."""
    folded = [text.strip().casefold() for text in texts]
    last = name_words(name).split()[-1:]
    if last and last[0] in _CYCLES and all(len(text) < 3 and text.isdecimal() for text in folded):
        numbers = tuple(map(int, folded))
        return numbers if all(number in _CYCLES[last[0]] for number in numbers) else ()
    for order in (*_NAMED, [option.casefold() for option in options]):
        places = {text: place for place, text in enumerate(order)}
        if len(set(folded)) > 1 and all(text in places for text in folded):
            return tuple(places[text] for text in folded)
    return ()


def _is_number(cell: Any) -> bool:
    """Whether it is a number that a double can hold."""
    if not isinstance(cell, int | float | Decimal) or isinstance(cell, bool):
        return False
    try:
        return math.isfinite(float(cell))
    except (OverflowError, ValueError):  # an integer of 400 digits; a signalling NaN
        return False


def _number(cell: Any) -> int | float:
    return int(cell) if isinstance(cell, int) and abs(cell) < 2**53 else float(cell)


def _is_moment(cell: Any) -> bool:
    return isinstance(cell, date) or (isinstance(cell, str) and _MOMENT.fullmatch(cell) is not None)


def _moment(cell: Any) -> str:
    """Write ISO 8601 in UTC, which all browsers read the same way; a month becomes its first day."""
    text = cell.isoformat() if isinstance(cell, date) else cell.replace(" ", "T")
    if len(text) == len("2024-01"):
        return f"{text}-01"
    has_zone = re.search(r"(Z|[+-]\d{2}:?\d{2})$", text[10:]) is not None
    clock = isinstance(cell, datetime) or "T" in text
    return f"{text}Z" if clock and not has_zone else text
