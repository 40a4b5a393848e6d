"""Parts of dates in plain words: the month of ordered_on. Pure."""

from __future__ import annotations

from sqlglot import exp

from coderag_app.sql.date_units import UNITS, is_unit

_OF_FORMAT = {
    "%Y": "year", "%Y-%m": "month", "%Y-%m-%d": "day", "%m": "month of the year", "%d": "day of the month",
    "%w": "day of the week", "%H": "hour",
}  # fmt: skip
_OF_FIELD = {
    "year": "year", "month": "month of the year", "day": "day of the month", "quarter": "quarter of the year",
    "week": "week of the year", "dow": "day of the week", "hour": "hour",
}  # fmt: skip
_OF_UNIT = {"weekday": "day of the week"}


def part_of_date(node: exp.Expr, dialect: str) -> tuple[str, exp.Expr] | None:
    """A part of a date and the date; None for anything else.

    >>> import sqlglot
    >>> part, date = part_of_date(sqlglot.parse_one("STRFTIME('%Y-%m', paid_at)", read="sqlite"), "sqlite")
    >>> part, date.sql()
    ('month', 'paid_at')
    """
    part: str | None = None
    match node:
        case exp.TimeToStr():
            part = _OF_FORMAT.get(node.args["format"].name)
        case exp.Extract():
            part = _OF_FIELD.get(node.name.lower())
        case exp.Year() | exp.Month() | exp.Day() | exp.Quarter():
            part = _OF_FIELD[type(node).__name__.lower()]
    column = node.find(exp.Column)
    if column is None:
        return None
    part = part or next((_OF_UNIT.get(unit, unit) for unit in UNITS if _is_unit(node, unit, column, dialect)), None)
    return (part, column) if part is not None else None


def _is_unit(node: exp.Expr, unit: str, column: exp.Column, dialect: str) -> bool:
    """Whether the node is the unit of the column, or of the column cast to a date."""
    dates = [date for date in (column, column.parent) if date is not None and date is not node]
    return any(is_unit(node, unit, date, dialect) for date in dates)
