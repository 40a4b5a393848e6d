"""The year, month, quarter, week, day or day of the week of a date, as SQL."""

from __future__ import annotations

from functools import cache

from sqlglot import exp

from coderag_app.sql.parsing import parse_one

UNITS = ("year", "month", "quarter", "week", "day", "weekday")
_PARTS = {"year": "%Y", "month": "%m", "day": "%d", "yearmonth": "%Y-%m"}
_DAY = "CAST({date} AS DATE)"
_WEEK = "CAST(DATE_TRUNC('week', {date}) AS DATE)"
_SQL = {
    "sqlite": {
        "year": "STRFTIME('%Y', {date})",
        "month": "STRFTIME('%Y-%m', {date})",
        "quarter": "STRFTIME('%Y', {date}) || '-Q' || ((STRFTIME('%m', {date}) + 2) / 3)",
        "week": "DATE({date}, 'weekday 0', '-6 days')",
        "day": "DATE({date})",
        "weekday": "SUBSTR('SunMonTueWedThuFriSat', 3 * STRFTIME('%w', {date}) + 1, 3)",
    },
    "postgres": {
        "year": "TO_CHAR({date}, 'YYYY')",
        "month": "TO_CHAR({date}, 'YYYY-MM')",
        "quarter": "TO_CHAR({date}, 'YYYY-\"Q\"Q')",
        "week": _WEEK,
        "day": _DAY,
        "weekday": "TO_CHAR({date}, 'Dy')",
    },
    "duckdb": {
        "year": "STRFTIME({date}, '%Y')",
        "month": "STRFTIME({date}, '%Y-%m')",
        "quarter": "YEAR({date}) || '-Q' || QUARTER({date})",
        "week": _WEEK,
        "day": _DAY,
        "weekday": "STRFTIME({date}, '%a')",
    },
    "mysql": {
        "year": "DATE_FORMAT({date}, '%Y')",
        "month": "DATE_FORMAT({date}, '%Y-%m')",
        "quarter": "CONCAT(YEAR({date}), '-Q', QUARTER({date}))",
        "week": "DATE_SUB(DATE({date}), INTERVAL WEEKDAY({date}) DAY)",
        "day": "DATE({date})",
        "weekday": "DATE_FORMAT({date}, '%a')",
    },
}


def unit_sql(unit: str, date: exp.Expr, dialect: str) -> exp.Expr:
    """``2023``, ``2023-03`` or ``2023-Q1`` of a date, the Monday of its week, its day without the time, or ``Mon``.

    Args:
        unit: One of ``UNITS``.
        date: The date.
        dialect: The dialect it will be written in.

    >>> unit_sql("week", exp.column("ordered_on"), "sqlite").sql("sqlite")
    "DATE(ordered_on, 'weekday 0', '-6 days')"
    """
    tree = _of_any_date(unit, dialect).copy()
    for column in list(tree.find_all(exp.Column)):
        column.replace(date.copy())
    return tree


def is_unit(node: exp.Expr, unit: str, date: exp.Expr, dialect: str) -> bool:
    """Whether an expression is the unit of a date, as ``unit_sql`` writes it."""
    return type(node) is type(_of_any_date(unit, dialect)) and node == unit_sql(unit, date, dialect)


def date_part(part: str, operand: exp.Expr) -> exp.Expr:
    """A part of a date (year, month, day, yearmonth) as a number, in SQLite's way.

    >>> date_part("year", exp.column("ordered_on")).sql("postgres")
    "CAST(TO_CHAR(CAST(ordered_on AS TIMESTAMP), 'YYYY') AS INT)"
    """
    call = exp.func("STRFTIME", exp.Literal.string(_PARTS[part]), operand.copy(), dialect="sqlite")
    return exp.Cast(this=call, to=exp.DataType.build("INT"))


@cache
def _of_any_date(unit: str, dialect: str) -> exp.Expr:
    return parse_one(_SQL[dialect][unit].format(date="some_date"), dialect=dialect)
