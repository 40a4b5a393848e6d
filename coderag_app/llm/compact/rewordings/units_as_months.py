"""Quarters, weeks, days of the week and of times: asked of the model as months, which it knows."""

from __future__ import annotations

import re
from functools import partial

from sqlglot import exp

from coderag_app.llm.compact.rewordings.rewording import Rewording
from coderag_app.llm.compact.rewordings.schema_words import columns_of, is_called
from coderag_app.llm.fill_literals import CannotDecodeError
from coderag_app.question.periods.date_columns import holds_times, is_date
from coderag_app.schema.tables import Schema
from coderag_app.schema.value_index import ValueIndex
from coderag_app.sql.date_units import unit_sql
from coderag_app.sql.literals import declared_column
from coderag_app.sql.parsing import parse_one

_EACH = r"(?P<each>per|by|each|every|which|what) (?:the )?"
_UNIT = r"(?P<unit>weekday|days? of (?:the )?week|quarter|week)s?"
_DAY = r"(?P<each_day>per|by|each) day(?! of)"
_EACH_UNIT = re.compile(rf"\b(?:{_EACH}{_UNIT}|{_DAY}|(?P<adverb>quarterly|weekly|daily))\b", re.IGNORECASE)
_OF_ADVERB = {"quarterly": "quarter", "weekly": "week", "daily": "day"}
_HELD_BY = {  # words of columns that hold the unit, or something for each
    "weekday": ("weekday", "week"),
    "week": ("week", "weekly"),
    "quarter": ("quarter", "quarterly"),
    "day": ("day", "daily"),
}
_FORMATS = frozenset(("%Y-%m", "%m", "%Y"))  # a small model may answer for years or months of every year


def units_as_months(question: str, schema: Schema, values: ValueIndex) -> Rewording | None:
    """The question for months where one asks for other units of a date, and nothing stored is called so.

    Days of dates the model knows, days of times it does not.

    >>> from coderag_app.sql.ddl import schema_from_ddl
    >>> orders = schema_from_ddl("CREATE TABLE orders (ordered_on DATE)")
    >>> units_as_months("orders by day of the week", orders, ValueIndex()).question
    'orders by month'
    """
    said = list(_EACH_UNIT.finditer(question))
    units = {_unit(match) for match in said}
    dates = [column for column in columns_of(schema) if is_date(column)]
    if len(units) != 1 or not dates:
        return None
    unit = units.pop()
    if unit == "day" and not any(holds_times(column) for column in dates):
        return None
    if any(is_called(word, schema) for word in _HELD_BY[unit]) or any(values.find(match[0]) for match in said):
        return None
    return Rewording(_EACH_UNIT.sub(_month, question), partial(as_units, schema=schema, unit=unit))


def _unit(match: re.Match[str]) -> str:
    if match["adverb"]:
        return _OF_ADVERB[match["adverb"].lower()]
    if match["each_day"]:
        return "day"
    said = match["unit"].lower()
    return "weekday" if "day" in said else said


def _month(match: re.Match[str]) -> str:
    return "monthly" if match["adverb"] else f"{match['each'] or match['each_day']} month"


def as_units(sql: str, dialect: str, *, schema: Schema, unit: str) -> str:
    """A query that shows or groups by months as one that does so by another unit.

    >>> from coderag_app.sql.ddl import schema_from_ddl
    >>> sql = "SELECT STRFTIME('%Y-%m', o.paid) FROM o GROUP BY STRFTIME('%Y-%m', o.paid)"
    >>> as_units(sql, "sqlite", schema=schema_from_ddl("CREATE TABLE o (paid DATE)"), unit="week")
    "SELECT DATE(o.paid, 'weekday 0', '-6 days') FROM o GROUP BY DATE(o.paid, 'weekday 0', '-6 days')"

    Raises:
        CannotDecodeError: It shows no month of a date.
    """
    tree = parse_one(sql, dialect=dialect)
    months = [node for node in tree.find_all(exp.TimeToStr) if node.args["format"].name in _FORMATS]
    months = [month for month in months if not month.find_ancestor(exp.Where, exp.Having, exp.Join)]
    if not months or not all(_is_of_a_date(month, schema) for month in months):
        raise CannotDecodeError(f"each {unit} is asked for, and this shows no dates: {sql[:200]}")
    for month in months:
        date = month.this.this if isinstance(month.this, exp.TsOrDsToTimestamp) else month.this
        month.replace(unit_sql(unit, date, dialect))
    return tree.sql(dialect=dialect)


def _is_of_a_date(month: exp.Expr, schema: Schema) -> bool:
    column = month.find(exp.Column)
    declared = declared_column(column, schema) if column is not None else None
    return declared is not None and is_date(declared[1])
