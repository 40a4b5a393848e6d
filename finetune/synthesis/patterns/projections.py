"""Columns of all rows of one table."""

from __future__ import annotations

from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.lookup import quoted
from finetune.synthesis.patterns.registry import DrawnPair, pattern
from finetune.synthesis.patterns.subject import request, request_columns, subject

FAMILY = "projections"


def _columns(draw: Draw, count: int) -> DrawnPair | None:
    table = draw.table(lambda t: len(t.columns) > count)
    columns = draw.projection(table, count) if table else []
    if table is None or len(columns) < count:
        return None
    sql = select([draw.ref(table, c) for c in columns], quoted(table.name))
    return DrawnPair(request_columns(draw, columns, subject(draw, table)), sql)


@pattern(1.6, FAMILY)
def one_column(draw: Draw) -> DrawnPair | None:
    """The names of all students."""
    return _columns(draw, 1)


@pattern(2.0, FAMILY)
def two_columns(draw: Draw) -> DrawnPair | None:
    """The names and ages of all students."""
    return _columns(draw, 2)


@pattern(1.8, FAMILY)
def three_columns(draw: Draw) -> DrawnPair | None:
    """The names, ages and home countries of all students."""
    return _columns(draw, 3)


@pattern(1.0, FAMILY)
def four_columns(draw: Draw) -> DrawnPair | None:
    """Four columns of all rows."""
    return _columns(draw, 4)


@pattern(2.0, FAMILY)
def distinct_column(draw: Draw) -> DrawnPair | None:
    """The different countries of students."""
    table = draw.table(draw.category)
    column = draw.category(table) if table else None
    if table is None or column is None:
        return None
    rows = subject(draw, table)
    sql = select([draw.ref(table, column)], quoted(table.name), distinct=True)
    return DrawnPair(request_columns(draw, [column], rows, distinct=True), sql)


@pattern(0.3, FAMILY)
def distinct_pair(draw: Draw) -> DrawnPair | None:
    """The different combinations of two categories."""
    table = draw.table(draw.category)
    first = draw.category(table) if table else None
    second = draw.category(table, (first.name,)) if table and first else None
    if table is None or first is None or second is None:
        return None
    wanted = draw.say(
        "[the |all |]<distinct> [combinations|pairs] of {one} and {other} [of|for|among] {rows}",
        one=draw.phrase(table, first),
        other=draw.phrase(table, second),
        rows=subject(draw, table).plural,
    )
    sql = select([draw.ref(table, first), draw.ref(table, second)], quoted(table.name), distinct=True)
    return DrawnPair(request(draw, wanted), sql)


@pattern(0.5, FAMILY)
def everything(draw: Draw) -> DrawnPair | None:
    """All columns of all rows."""
    table = draw.table()
    if table is None:
        return None
    question = draw.say(
        "[<show> [everything about [all|the|] {rows}|all [information|details|data|columns] [about|of|"
        "for] [all|the|] {rows}|"
        "the [full|complete] [details|records|information] of all {rows}|every column of [all|the|all the] {rows}|"
        "the entire table of {rows}|all records of {rows}]|What [information|data] [do we have|is there] about {rows}|"
        "What is all the information about {rows}]",
        rows=subject(draw, table).plural,
    )
    return DrawnPair(question, select("*", quoted(table.name)))
