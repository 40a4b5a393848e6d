"""Columns of the rows of one table that fulfil conditions."""

from __future__ import annotations

from finetune.synthesis.described import DescribedTable
from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.lookup import CATEGORY_KINDS, MEASURED_KINDS, TEXT_KINDS, quoted
from finetune.synthesis.patterns.number_conditions import between
from finetune.synthesis.patterns.registry import DrawnPair, pattern
from finetune.synthesis.patterns.row_conditions import condition, either, equals, like
from finetune.synthesis.patterns.subject import Condition, request_columns, request_one, subject

FAMILY = "filters"


def restricted(
    draw: Draw, table: DescribedTable, count: int, *conditions: Condition, joiner: str = "and", distinct: bool = False
) -> DrawnPair | None:
    """Some columns of the rows that fulfil the conditions."""
    used = [name for found in conditions for name in found.columns]
    named = draw.identity(table)
    besides = used if draw.chance(0.9) else []
    columns = list(named) if count == 1 and named and draw.chance(0.4) else draw.projection(table, count, besides)
    if not columns or any(c.name in used for c in columns):
        return None
    rows = subject(draw, table, *conditions, joiner=joiner)
    sql = select([draw.ref(table, c) for c in columns], quoted(table.name), rows.where, distinct=distinct)
    return DrawnPair(request_columns(draw, columns, rows, distinct), sql)


def _one_condition(draw: Draw, count: int) -> DrawnPair | None:
    table = draw.table()
    found = condition(draw, table) if table else None
    return restricted(draw, table, count, found) if table and found else None


@pattern(2.6, FAMILY)
def filter_one_column(draw: Draw) -> DrawnPair | None:
    """The names of students from France."""
    return _one_condition(draw, 1)


@pattern(2.0, FAMILY)
def filter_two_columns(draw: Draw) -> DrawnPair | None:
    """The names and ages of students from France."""
    return _one_condition(draw, 2)


@pattern(1.9, FAMILY)
def filter_three_columns(draw: Draw) -> DrawnPair | None:
    """Three or four columns of the rows that fulfil a condition."""
    return _one_condition(draw, draw.choice((3, 3, 4)))


@pattern(1.4, FAMILY)
def filter_names(draw: Draw) -> DrawnPair | None:
    """Which students are from France?"""
    table = draw.table(draw.naming)
    found = condition(draw, table, besides=[c.name for c in draw.naming(table)]) if table else None
    if table is None or found is None:
        return None
    rows = subject(draw, table, found)
    columns = draw.naming(table)
    sql = select([draw.ref(table, c) for c in columns], quoted(table.name), rows.where)
    return DrawnPair(request_columns(draw, columns, rows), sql)


@pattern(2.6, FAMILY)
def lookup(draw: Draw) -> DrawnPair | None:
    """What is the age of the student named Ann?"""
    table = draw.table(draw.identifiable)
    if table is None:
        return None
    (name,) = draw.identity(table)
    columns = draw.projection(table, draw.width(), (name.name,))
    if not columns or not name.values:
        return None
    value = draw.choice(name.values)
    found = equals(draw, table, name, draw.ref(table, name), value)
    row = subject(draw, table, found).singular
    if draw.chance(0.5):
        row = draw.say("[{value}|{noun} {value}|the {noun} {value}]", value=draw.value(value), noun=draw.noun(table)[0])
    else:
        row = f"the {row}"
    sql = select([draw.ref(table, c) for c in columns], quoted(table.name), found.sql)
    if draw.chance(0.12) and " " not in row[:4] and len(columns) == 1:
        return DrawnPair(f"What is {row}'s {draw.phrase(table, columns[0])}?", sql)
    return DrawnPair(request_one(draw, columns, row, table), sql)


def _two_conditions(draw: Draw, joiner: str) -> DrawnPair | None:
    table = draw.table(lambda t: len(t.columns) > 3)
    first = condition(draw, table) if table else None
    second = condition(draw, table, besides=first.columns) if table and first else None
    if table is None or first is None or second is None:
        return None
    if joiner == "or" and (first.before or second.before or "!=" in first.sql + second.sql):
        return None
    return restricted(draw, table, draw.width(), first, second, joiner=joiner)


@pattern(1.8, FAMILY)
def filter_and(draw: Draw) -> DrawnPair | None:
    """Students from France older than 30."""
    return _two_conditions(draw, "and")


@pattern(0.7, FAMILY)
def filter_or(draw: Draw) -> DrawnPair | None:
    """Students from France or older than 30."""
    return _two_conditions(draw, "or")


@pattern(0.8, FAMILY)
def filter_either(draw: Draw) -> DrawnPair | None:
    """Students from either France or Spain."""
    table = draw.table(lambda t: draw.column(t, CATEGORY_KINDS, values=3))
    column = draw.column(table, CATEGORY_KINDS, values=3) if table else None
    if table is None or column is None:
        return None
    return restricted(draw, table, draw.width(), either(draw, table, column, draw.ref(table, column)))


@pattern(0.7, FAMILY)
def filter_between(draw: Draw) -> DrawnPair | None:
    """Students whose age is between 20 and 30."""
    table = draw.table(lambda t: draw.column(t, MEASURED_KINDS, values=3))
    column = draw.column(table, MEASURED_KINDS, values=3) if table else None
    if table is None or column is None:
        return None
    return restricted(draw, table, draw.width(), between(draw, table, column, draw.ref(table, column)))


@pattern(0.9, FAMILY)
def filter_like(draw: Draw) -> DrawnPair | None:
    """Products whose name contains "oak"."""
    table = draw.table(draw.text)
    column = draw.column(table, TEXT_KINDS | {"text"}) if table else None
    if table is None or column is None:
        return None
    return restricted(draw, table, draw.width(), like(draw, table, column, draw.ref(table, column)))


@pattern(1.0, FAMILY)
def filter_distinct(draw: Draw) -> DrawnPair | None:
    """The different majors of students from France."""
    table = draw.table(draw.category)
    column = draw.category(table) if table else None
    found = condition(draw, table, besides=(column.name,)) if table and column else None
    if table is None or column is None or found is None:
        return None
    rows = subject(draw, table, found)
    sql = select([draw.ref(table, column)], quoted(table.name), rows.where, distinct=True)
    return DrawnPair(request_columns(draw, [column], rows, distinct=True), sql)


@pattern(0.5, FAMILY)
def filter_everything(draw: Draw) -> DrawnPair | None:
    """All the information about students from France."""
    table = draw.table()
    found = condition(draw, table) if table else None
    if table is None or found is None:
        return None
    rows = subject(draw, table, found)
    question = draw.say(
        "[<show> [all|the full|the complete] [details|information|data|records] [of|about|on|for] [all|the|] {rows}|"
        "<show> everything about {rows}|<show> all columns of {rows}|What is all the information about {rows}]",
        rows=rows.plural,
    )
    return DrawnPair(question, select("*", quoted(table.name), rows.where))
