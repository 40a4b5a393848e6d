"""Whether two results hold the same rows: equal cells become equal Python values, columns may be reordered. Pure."""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from coderag_app.text.cell_text import plain_text

Row = tuple[Any, ...]

RELATIVE_TOLERANCE = 1e-10
ABSOLUTE_TOLERANCE = 1e-12
_MAX_TRIALS = 10_000  # limit on columns tried in the search for an order; real results take one or two per column
_MAX_DIGITS = 400  # of a decimal that is compared exactly; a double holds 308
_MAX_DEPTH = 50  # nesting of lists and structs
_NOT_A_NUMBER = ("NaN",)  # stands for NaN, and equals itself


def comparable_rows(first: Iterable[Sequence[Any]], second: Iterable[Sequence[Any]]) -> tuple[list[Row], list[Row]]:
    """Normalise both tables so that ``==`` means "the same answer".

    Rounding would separate two neighbours on either side of a rounding boundary. Instead, all numbers of both tables
    are sorted, and each run of values within the tolerance of each other gets one representative.
    """
    left, right = [_plain_row(row) for row in first], [_plain_row(row) for row in second]
    numbers = {value for row in (*left, *right) for value in row if isinstance(value, int | float)}
    if not any(isinstance(value, float) and not value.is_integer() for value in numbers):
        return left, right
    merged = _representatives(numbers)
    return [_merged_row(row, merged) for row in left], [_merged_row(row, merged) for row in right]


def _plain_row(row: Sequence[Any]) -> Row:
    return tuple(map(_plain, row))


def _plain(value: Any, depth: int = 0) -> Any:
    """NULL, number, text or bytes."""
    if value is None or isinstance(value, str | bytes):
        return value
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, float):
        return _NOT_A_NUMBER if math.isnan(value) else value
    if isinstance(value, int):
        return value
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        return _plain_parts(value, depth + 1) if depth < _MAX_DEPTH else "..."
    return _plain_object(value)


def _plain_parts(value: Any, depth: int) -> Any:
    """The items of a list in their order; those of a struct or set in a fixed order."""
    if isinstance(value, list | tuple):
        return tuple(_plain(part, depth) for part in value)
    if isinstance(value, Mapping):
        return tuple(sorted(((plain_text(name), _plain(part, depth)) for name, part in value.items()), key=repr))
    return tuple(sorted((_plain(part, depth) for part in value), key=repr))


def _plain_object(value: Any) -> Any:
    """Normalise what drivers other than SQLite's return: decimals, dates, and anything else as text."""
    if isinstance(value, Decimal):
        return _plain_decimal(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, memoryview | bytearray):
        return bytes(value)
    return plain_text(value)


def _plain_decimal(value: Decimal) -> Any:
    if value.is_nan():
        return _NOT_A_NUMBER
    if value.is_finite() and value.adjusted() < _MAX_DIGITS and value == value.to_integral_value():
        return int(value)
    number = float(value)
    return number if math.isfinite(number) or value.is_infinite() else plain_text(value)


def _merged_row(row: Row, merged: dict[int | float, int | float]) -> Row:
    return tuple(merged[value] if isinstance(value, int | float) else value for value in row)


def _representatives(numbers: set[int | float]) -> dict[int | float, int | float]:
    """Each number's representative: the smallest of its run; two whole numbers alone never share a run."""
    representatives: dict[int | float, int | float] = {}
    previous: int | float | None = None
    for number in sorted(numbers):
        if previous is not None and _close(previous, number):
            representatives[number] = representatives[previous]
        else:
            representatives[number] = number
        previous = number
    return representatives


def _close(small: int | float, large: int | float) -> bool:
    if max(abs(small), abs(large)) > sys.float_info.max or (_is_whole(small) and _is_whole(large)):
        return False
    return math.isclose(small, large, rel_tol=RELATIVE_TOLERANCE, abs_tol=ABSOLUTE_TOLERANCE)


def _is_whole(value: int | float) -> bool:
    return isinstance(value, int) or value.is_integer()


def same_multiset(gold: list[Row], predicted: list[Row]) -> bool:
    """Whether some order of the predicted columns makes both the same multiset of rows."""
    if Counter(gold) == Counter(predicted):
        return True
    if Counter(map(_unordered, gold)) != Counter(map(_unordered, predicted)):
        return False
    return _ColumnSearch(gold, predicted).succeeds()


def _unordered(row: Row) -> frozenset[tuple[Any, int]]:
    return frozenset(Counter(row).items())


class _ColumnSearch:
    """Finds, column by column, an order of the predicted columns under which the multisets of rows agree.

    Each step compares the rows built so far, so a wrong column is dropped at once. It gives up (not the same) after
    trying ``_MAX_TRIALS`` columns, which only a hostile table needs.
    """

    def __init__(self, gold: list[Row], predicted: list[Row]) -> None:
        columns = [list(column) for column in zip(*gold, strict=True)]
        self._gold = sorted(columns, key=lambda column: -len(set(column)))  # the most distinctive column first
        self._predicted = [list(column) for column in zip(*predicted, strict=True)]
        self._trials = 0

    def succeeds(self) -> bool:
        """Whether there is such an order."""
        start = [0] * len(self._gold[0])
        return self._extend(0, frozenset(), start, list(start))

    def _extend(self, place: int, used: frozenset[int], gold: list[int], predicted: list[int]) -> bool:
        """Extend the partial rows, numbered by their content, with the gold column at ``place``."""
        if place == len(self._gold):
            return True
        numbers: dict[tuple[int, Any], int] = {}
        longer_gold = [numbers.setdefault(part, len(numbers)) for part in zip(gold, self._gold[place], strict=True)]
        wanted = Counter(longer_gold)
        tried: list[list[Any]] = []
        for i, column in enumerate(self._predicted):
            if i in used or column in tried:
                continue
            self._trials += 1
            if self._trials > _MAX_TRIALS:
                return False
            tried.append(column)
            longer = [numbers.setdefault(part, len(numbers)) for part in zip(predicted, column, strict=True)]
            if Counter(longer) == wanted and self._extend(place + 1, used | {i}, longer_gold, longer):
                return True
        return False
