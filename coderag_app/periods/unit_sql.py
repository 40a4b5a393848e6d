"""The quarter, week, day or day of the week of a date, as SQL."""

from __future__ import annotations

import sqlglot
from sqlglot import exp

UNITS = ("quarter", "week", "day", "weekday")
_DAY = "CAST({date} AS DATE)"
_WEEK = "CAST(DATE_TRUNC('week', {date}) AS DATE)"
_SQL = {
    "sqlite": {
        "quarter": "STRFTIME('%Y', {date}) || '-Q' || ((STRFTIME('%m', {date}) + 2) / 3)",
        "week": "DATE({date}, 'weekday 0', '-6 days')",
        "day": "DATE({date})",
        "weekday": "SUBSTR('SunMonTueWedThuFriSat', 3 * STRFTIME('%w', {date}) + 1, 3)",
    },
    "postgres": {
        "quarter": "TO_CHAR({date}, 'YYYY-\"Q\"Q')",
        "week": _WEEK,
        "day": _DAY,
        "weekday": "TO_CHAR({date}, 'Dy')",
    },
    "duckdb": {
        "quarter": "YEAR({date}) || '-Q' || QUARTER({date})",
        "week": _WEEK,
        "day": _DAY,
        "weekday": "STRFTIME({date}, '%a')",
    },
    "mysql": {
        "quarter": "CONCAT(YEAR({date}), '-Q', QUARTER({date}))",
        "week": "DATE_SUB(DATE({date}), INTERVAL WEEKDAY({date}) DAY)",
        "day": "DATE({date})",
        "weekday": "DATE_FORMAT({date}, '%a')",
    },
}


def unit_sql(unit: str, date: exp.Expr, dialect: str) -> exp.Expr:
    """``2023-Q1`` of a date, the Monday of its week, its day without the time, or its day of the week: ``Mon``.

    Args:
        unit: One of ``UNITS``.
        date: The date.
        dialect: The dialect it will be written in.

    >>> unit_sql("week", exp.column("ordered_on"), "sqlite").sql("sqlite")
    "DATE(ordered_on, 'weekday 0', '-6 days')"
    """
    return sqlglot.parse_one(_SQL[dialect][unit].format(date=date.sql(dialect=dialect)), read=dialect)
