"""Cells of two results made comparable: equal cells become equal Python values. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

Row = tuple[Any, ...]

RELATIVE_TOLERANCE = 1e-10
ABSOLUTE_TOLERANCE = 1e-12
_NOT_A_NUMBER = ("NaN",)  # a value that equals itself


def comparable_rows(first: Iterable[Sequence[Any]], second: Iterable[Sequence[Any]]) -> tuple[list[Row], list[Row]]:
    """Both tables with values for which ``==`` means "the same answer".

    Rounding to a number of digits would part two neighbours on either side of a rounding edge. Instead all numbers of
    both tables are sorted, and runs of values within the tolerance of each other get one representative.
    """
    left, right = [_plain_row(row) for row in first], [_plain_row(row) for row in second]
    numbers = {value for row in (*left, *right) for value in row if isinstance(value, int | float)}
    if not any(isinstance(value, float) and not value.is_integer() for value in numbers):
        return left, right
    merged = _representatives(numbers)
    return [_merged_row(row, merged) for row in left], [_merged_row(row, merged) for row in right]


def _plain_row(row: Sequence[Any]) -> Row:
    return tuple(map(_plain, row))


def _plain(value: Any) -> Any:
    """NULL, number, text or bytes."""
    if value is None or isinstance(value, str | bytes):
        return value
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, float):
        return _NOT_A_NUMBER if math.isnan(value) else value
    if isinstance(value, int):
        return value
    return _plain_object(value)


def _plain_object(value: Any) -> Any:
    """What drivers other than SQLite's return: decimals, dates, arrays, and whatever else by its text."""
    if isinstance(value, Decimal):
        if not value.is_finite():
            return _plain(float(value))
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, memoryview | bytearray):
        return bytes(value)
    if isinstance(value, list | tuple):
        return tuple(map(_plain, value))
    return str(value)


def _merged_row(row: Row, merged: dict[int | float, int | float]) -> Row:
    return tuple(merged[value] if isinstance(value, int | float) else value for value in row)


def _representatives(numbers: set[int | float]) -> dict[int | float, int | float]:
    """Each number's representative: the smallest of its run; two whole numbers never share a run by themselves."""
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
    if math.isinf(small) or math.isinf(large) or (_is_whole(small) and _is_whole(large)):
        return False
    return math.isclose(small, large, rel_tol=RELATIVE_TOLERANCE, abs_tol=ABSOLUTE_TOLERANCE)


def _is_whole(value: int | float) -> bool:
    return isinstance(value, int) or value.is_integer()
