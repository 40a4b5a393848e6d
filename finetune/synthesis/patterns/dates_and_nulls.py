"""Dates, times and missing values."""

from __future__ import annotations

from collections.abc import Callable

from finetune.synthesis import wording
from finetune.synthesis.described import DescribedColumn, DescribedTable
from finetune.synthesis.patterns.counts_of_rows import ask_count
from finetune.synthesis.patterns.date_conditions import date_condition, missing, recorded
from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.filters import restricted
from finetune.synthesis.patterns.lookup import DATE_KINDS, quoted
from finetune.synthesis.patterns.registry import DrawnPair, pattern
from finetune.synthesis.patterns.routes import route
from finetune.synthesis.patterns.subject import Condition, column_phrases, request_columns, request_one, subject

FAMILY = "dates_and_nulls"

Maker = Callable[[Draw, DescribedTable, DescribedColumn, str], Condition]


def _dated(draw: Draw) -> tuple[DescribedTable, DescribedColumn] | None:
    table = draw.table(lambda t: draw.column(t, DATE_KINDS, values=2))
    column = draw.column(table, DATE_KINDS, values=2) if table else None
    return (table, column) if table and column else None


def _holey(draw: Draw) -> tuple[DescribedTable, DescribedColumn] | None:
    pairs = [
        (t, c)
        for t in draw.lookup.subjects
        for c in t.columns
        if c.nullable and c.kind not in ("flag", "key") and not draw.is_reference(t, c)
    ]
    return draw.choice(pairs) if pairs else None


def _rows(
    draw: Draw, found: tuple[DescribedTable, DescribedColumn] | None, maker: Maker, count: bool
) -> DrawnPair | None:
    if found is None:
        return None
    table, column = found
    limit = maker(draw, table, column, draw.ref(table, column))
    if count:
        rows = subject(draw, table, limit)
        return DrawnPair(ask_count(draw, rows), select("count(*)", quoted(table.name), rows.where))
    return restricted(draw, table, draw.width(), limit)


@pattern(2.3, FAMILY)
def filter_date(draw: Draw) -> DrawnPair | None:
    """Orders whose order date is in 2014, or before a day."""
    return _rows(draw, _dated(draw), date_condition, False)


@pattern(1.2, FAMILY)
def count_date(draw: Draw) -> DrawnPair | None:
    """How many orders have an order date in 2014?"""
    return _rows(draw, _dated(draw), date_condition, True)


@pattern(1.5, FAMILY)
def filter_missing(draw: Draw) -> DrawnPair | None:
    """Students without a phone number."""
    return _rows(draw, _holey(draw), missing, False)


@pattern(0.9, FAMILY)
def count_missing(draw: Draw) -> DrawnPair | None:
    """How many students have no phone number?"""
    return _rows(draw, _holey(draw), missing, True)


@pattern(0.35, FAMILY)
def filter_recorded(draw: Draw) -> DrawnPair | None:
    """Students whose phone number is known, or how many they are."""
    return _rows(draw, _holey(draw), recorded, draw.chance(0.4))


@pattern(0.7, FAMILY)
def count_per_year(draw: Draw) -> DrawnPair | None:
    """How many orders are there for each year, or month, of the order date?"""
    found = _dated(draw)
    if found is None:
        return None
    table, column = found
    unit, form = draw.choice((("year", "%Y"), ("year", "%Y"), ("month", "%m"), ("month of the year", "%m")))
    phrase = draw.phrase(table, column)
    question = draw.say(
        "[How many {rows} are there for each {unit} of [the |]{date}|<show> the <count> of {rows} [per|"
        "by|for each] {unit} of {date}|"
        "Count the {rows} by {unit} of {date}|For each {unit} of {date}, how many {rows} are there]",
        rows=draw.noun(table)[1],
        unit=unit,
        date=phrase,
    )
    value = f"strftime('{form}', {draw.ref(table, column)})"
    return DrawnPair(question, select([value, "count(*)"], quoted(table.name), group=value))


@pattern(0.9, FAMILY)
def first_or_last(draw: Draw) -> DrawnPair | None:
    """The most recent order: some of its columns."""
    found = _dated(draw)
    if found is None:
        return None
    table, column = found
    last = draw.chance(0.6)
    only = sum(c.kind in DATE_KINDS or c.kind == "year" for c in table.columns) == 1
    word = draw.say("[latest|most recent|last]" if last else "[earliest|first]")
    one = draw.noun(table)[0]
    row = (
        f"the {word} {one}" if only and draw.chance(0.4) else f"the {one} with the {word} {draw.phrase(table, column)}"
    )
    shown = draw.projection(table, draw.width(), (column.name,))
    if not shown:
        return None
    order = draw.ref(table, column) + (" DESC" if last else "")
    sql = select([draw.ref(table, c) for c in shown], quoted(table.name), order=order, limit=1)
    return DrawnPair(request_one(draw, shown, row, table), sql)


@pattern(0.9, FAMILY)
def related_date(draw: Draw) -> DrawnPair | None:
    """The names of customers with orders placed after a day."""
    path = route(draw, 1, end=lambda t: draw.column(t, DATE_KINDS, values=2))
    column = draw.column(path.end, DATE_KINDS, values=2) if path else None
    if path is None or column is None or path.links[0].ambiguous and not path.links[0].verb:
        return None
    inner = date_condition(draw, path.end, column, draw.ref(path.end, column, True))
    target = subject(draw, path.end, inner).plural
    rows = subject(draw, path.start, Condition(inner.sql, path.describe(draw, target)))
    columns = list(draw.naming(path.start)) if draw.chance(0.6) else draw.projection(path.start, draw.width())
    if not columns:
        return None
    distinct = not path.unique and draw.chance(0.5)
    refs = [draw.ref(path.start, c, True) for c in columns]
    return DrawnPair(
        request_columns(draw, columns, rows, distinct), select(refs, path.source_sql, rows.where, distinct=distinct)
    )


@pattern(0.35, FAMILY)
def days_between(draw: Draw) -> DrawnPair | None:
    """The number of days between two dates of each row."""
    table = draw.table(lambda t: sum(c.kind in DATE_KINDS and len(c.values) > 1 for c in t.columns) > 1)
    start = draw.column(table, DATE_KINDS, values=2) if table else None
    end = draw.column(table, DATE_KINDS, (start.name,), 2) if table and start else None
    shown = list(draw.identity(table)) or draw.projection(table, 1) if table else []
    if table is None or start is None or end is None or not shown:
        return None
    question = draw.say(
        (
            "<show> the {columns} of each {one} and the [number of days|days] [from {start} to {end}|"
            "between {start} and {end}]"
        ),
        columns=wording.join_words(column_phrases(draw, table, shown), draw.rng),
        one=draw.noun(table)[0],
        start=draw.phrase(table, start),
        end=draw.phrase(table, end),
    )
    days = f"julianday({draw.ref(table, end)}) - julianday({draw.ref(table, start)})"
    return DrawnPair(question, select([*(draw.ref(table, c) for c in shown), days], quoted(table.name)))
