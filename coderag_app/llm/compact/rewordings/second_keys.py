"""The second key of groups: "revenue by region and month", "revenue by region and product".

The model groups amounts by one key. It is asked for the revenue by region in a year, which tells the date that is
meant, and code groups by the month of it too; or for the revenue by region, and code adds the column that is called so.
"""

from __future__ import annotations

import re
from functools import partial

from sqlglot import exp

from coderag_app.llm.compact.rewordings.parts import PARTS, UNITS, match_parts, only_part
from coderag_app.llm.compact.rewordings.rewording import Rewording
from coderag_app.llm.compact.rewordings.schema_words import columns_called, columns_of, is_called
from coderag_app.llm.fill_literals import CannotDecodeError
from coderag_app.question.periods.date_columns import is_date, is_year
from coderag_app.question.periods.phrases import all_periods
from coderag_app.schema.tables import Schema, identifier
from coderag_app.sql.date_units import date_part, unit_sql
from coderag_app.sql.literals import declared_column, select_tables
from coderag_app.sql.repairs.conditions import conditions, leave_out

_ANY_YEAR = "2020"
_BY = r"(?:by|per|for each|for every)"
_UNIT = rf"(?P<unit>{UNITS})"
_HEAD = rf"(?:(?:what is|show(?: me)?|give(?: me)?|list) )?(?:the )?{PARTS}"
_REST = r"(?P<rest>(?: (?:in|during|for|from|since|before|after|until)\b.*)?)"
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"{_HEAD} {_BY} (?P<key>\w+(?: \w+)?) (?:and|and {_BY}|by|per) {_UNIT}{_REST}",
        rf"{_HEAD} {_BY} {_UNIT} (?:and|and {_BY}) (?P<key>\w+(?: \w+)??){_REST}",
    )
)


_TWO_COLUMNS = re.compile(
    rf"{_HEAD} {_BY} (?P<key>\w+(?: \w+)??) and (?:{_BY} )?(?P<second>\w+(?: \w+)??){_REST}", re.IGNORECASE
)


def periods_as_conditions(question: str, schema: Schema) -> Rewording | None:
    """The question for groups by one key in a year, where one asks for groups by that key and by a period.

    >>> from coderag_app.sql.ddl import schema_from_ddl
    >>> orders = schema_from_ddl("CREATE TABLE orders (id INTEGER, status TEXT, ordered_on DATE)")
    >>> periods_as_conditions("Orders by status and month", orders).question
    'number of orders by status in 2020'
    >>> periods_as_conditions("Number of orders per year and status since 2022", orders).question
    'number of orders by status since 2022'
    """
    match, measure = match_parts(question, _FORMS, schema)
    if match is None or not any(map(is_date, columns_of(schema))):
        return None
    unit = "weekday" if "day of" in match["unit"].lower() else match["unit"].lower()
    if unit != "year" and is_called(unit, schema):
        return None
    added = "" if all_periods(match["rest"]) else f" in {_ANY_YEAR}"
    finish = partial(with_period, schema=schema, unit=unit, without_condition=bool(added))
    return Rewording(f"{measure} by {match['key']}{match['rest']}{added}", finish)


def columns_as_one(question: str, schema: Schema) -> Rewording | None:
    """The question for sums by one key, where one asks for sums by two and the second is a column.

    >>> from coderag_app.sql.ddl import schema_from_ddl
    >>> orders = schema_from_ddl("CREATE TABLE orders (status TEXT, country TEXT, weight REAL)")
    >>> columns_as_one("Weight by status and country", orders).question
    'total weight by status'
    """
    match, measure = match_parts(question, (_TWO_COLUMNS,), schema)
    if match is None or not measure.startswith("total") or not columns_called(match["second"], schema.tables):
        return None
    finish = partial(with_column, schema=schema, name=match["second"])
    return Rewording(f"{measure} by {match['key']}{match['rest']}", finish)


def with_column(sql: str, dialect: str, *, schema: Schema, name: str) -> str:
    """A query over groups, grouped by a column of its tables too.

    Args:
        sql: The query.
        dialect: Its dialect.
        schema: What it is a query of.
        name: What the question calls the column.

    Raises:
        CannotDecodeError: It has no groups, or not just one column that is called so.
    """
    tree, part = only_part(sql, dialect)
    sources = [(source, schema.table(source.name)) for source in select_tables(tree)]
    found = [
        exp.column(identifier(column.name, dialect), identifier(source.alias_or_name, dialect))
        for source, table in sources
        for column in (columns_called(name, [table]) if table is not None else ())
    ]
    if len(found) != 1:
        raise CannotDecodeError(f"each {name} is asked for, and {len(found)} columns are called so: {sql[:200]}")
    return _with_key(tree, part, found[0]).sql(dialect=dialect)


def with_period(sql: str, dialect: str, *, schema: Schema, unit: str, without_condition: bool) -> str:
    """A query over groups, grouped by the period of the date that it has a condition on too.

    Args:
        sql: The query.
        dialect: Its dialect.
        schema: What it is a query of.
        unit: The period: year, month, quarter, week, day or weekday.
        without_condition: Whether the condition goes.

    Raises:
        CannotDecodeError: It has no groups, or no condition on a date.
    """
    tree, part = only_part(sql, dialect)
    for condition in conditions(tree):
        date = next((each for each in condition.find_all(exp.Column) if _is_date(each, unit, schema)), None)
        if date is not None:
            break
    else:
        raise CannotDecodeError(f"each {unit} is asked for, and this has no date: {sql[:200]}")
    if without_condition:
        leave_out(tree, [condition])
    return _with_key(tree, part, _period(unit, date, dialect, schema)).sql(dialect=dialect)


def _with_key(tree: exp.Select, part: exp.Expr, key: exp.Expr) -> exp.Select:
    """Show one more key before the part, and group by it."""
    shown = tree.expressions
    shown.insert(next(place for place, item in enumerate(shown) if item is part), key)
    tree.set("expressions", shown)
    return tree.group_by(key.copy(), copy=False)


def _is_date(column: exp.Column, unit: str, schema: Schema) -> bool:
    """Whether it is a date, or a year that is asked for."""
    declared = declared_column(column, schema)
    return declared is not None and (is_date(declared[1]) or (unit == "year" and is_year(declared[1])))


def _period(unit: str, date: exp.Column, dialect: str, schema: Schema) -> exp.Expr:
    declared = declared_column(date, schema)
    if declared is not None and is_year(declared[1]):
        return date.copy()
    if unit in ("year", "month"):  # as the decoder writes them, which casts text that holds dates
        return date_part("yearmonth" if unit == "month" else unit, date).this
    return unit_sql(unit, date, dialect)
