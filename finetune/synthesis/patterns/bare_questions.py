"""Questions as reports ask them, with restrictions said by their values: "the total sales in France in 2021"."""

from __future__ import annotations

from dataclasses import dataclass

from finetune.synthesis import wording
from finetune.synthesis.described import DescribedColumn, DescribedTable
from finetune.synthesis.patterns.aggregates import aggregate_name, aggregate_words
from finetune.synthesis.patterns.bare_values import bare_condition
from finetune.synthesis.patterns.counts import ask_count
from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.lookup import quoted
from finetune.synthesis.patterns.registry import ANALYSIS, Candidate, pattern
from finetune.synthesis.patterns.routes import Route, link_words, route
from finetune.synthesis.patterns.subject import Condition, Subject, agree, request, request_columns, subject
from finetune.synthesis.patterns.superlatives import superlative

FAMILY = ANALYSIS
FUNCTIONS = ("avg", "avg", "sum", "sum", "max", "min")

_PREPOSITIONS = ("in ", "from ", "across ", "for ", "during ", "since ", "between ", "after ", "before ")


def _rows(draw: Draw, besides: tuple[str, ...] = (), table: DescribedTable | None = None) -> Subject | None:
    table = table or draw.table(lambda t: bare_condition(draw, t))
    found = bare_condition(draw, table, besides) if table else None
    return subject(draw, table, found) if table and found else None


@pattern(3.0, FAMILY)
def bare_count(draw: Draw) -> Candidate | None:
    """How many rock albums in France and Spain in 2021?"""
    rows = _rows(draw)
    if rows is None:
        return None
    return Candidate(ask_count(draw, rows), select("COUNT(*)", quoted(rows.table.name), rows.where))


@pattern(3.5, FAMILY)
def bare_columns(draw: Draw) -> Candidate | None:
    """The names and prices of rock albums in France in 2021."""
    table = draw.table(lambda t: bare_condition(draw, t))
    found = bare_condition(draw, table) if table else None
    if table is None or found is None:
        return None
    named = list(draw.naming(table))
    columns = named if named and draw.chance(0.55) else draw.projection(table, draw.width(3), found.columns)
    if not columns or any(c.name in found.columns for c in columns):
        return None
    rows = subject(draw, table, found)
    shown = [draw.ref(table, c) for c in columns]
    return Candidate(request_columns(draw, columns, rows), select(shown, quoted(table.name), rows.where))


@pattern(1.3, FAMILY)
def bare_distinct(draw: Draw) -> Candidate | None:
    """Which genres of albums are there in France in 2021?"""
    table = draw.table(draw.category)
    column = draw.category(table) if table else None
    rows = _rows(draw, (column.name,), table) if table and column else None
    if table is None or column is None or rows is None:
        return None
    phrase = draw.phrase(table, column)
    if draw.chance(0.3):
        question = draw.say(
            "[How many <distinct> {columns} [of|for|among] {rows} are there|<show> the number of <distinct> {columns} "
            "[of|for|among] {rows}|How many <distinct> {columns} do the {rows} have]",
            columns=wording.plural(phrase), rows=rows.plural,
        )  # fmt: skip
        return Candidate(question, select(f"COUNT(DISTINCT {draw.ref(table, column)})", quoted(table.name), rows.where))
    question = draw.say(
        "[Which {columns} are there [among|for] [the |]{rows}|What are the <distinct> {columns} of [the |]{rows}|"
        "<show> [the|all] <distinct> {columns} [of|for] {rows}|<distinct> {columns} of {rows}]",
        columns=wording.plural(phrase), rows=rows.plural,
    )  # fmt: skip
    return Candidate(question, select([draw.ref(table, column)], quoted(table.name), rows.where, distinct=True))


@dataclass(frozen=True, slots=True)
class _Measure:
    """An aggregate of a number of some rows: the words for it, its SQL, and the columns that it uses."""

    rows: Subject
    said: str
    sql: str
    columns: tuple[str, ...]


def _measure(draw: Draw, grouped: bool = False) -> _Measure | None:
    table = draw.table(lambda t: draw.numeric(t) and (not grouped or draw.category(t)) and bare_condition(draw, t))
    column = draw.numeric(table) if table else None
    found = bare_condition(draw, table, (column.name,)) if table and column else None
    if table is None or column is None or found is None:
        return None
    function, rows = aggregate_name(draw, column, FUNCTIONS), subject(draw, table, found)
    said = f"the {aggregate_words(draw, function, column)} {_measured(draw, column, found, rows)}"
    return _Measure(rows, said, f"{function}({draw.ref(table, column)})", (column.name, *found.columns))


def _measured(draw: Draw, column: DescribedColumn, found: Condition, rows: Subject) -> str:
    """Words for what is measured: "price of rock albums in France", or without the rows "price in France"."""
    phrase = draw.phrase(rows.table, column)
    if not found.before and found.after.startswith(_PREPOSITIONS) and draw.chance(0.35):
        return f"{phrase} {agree(found.after, True)}"
    return draw.say("{column} [of|of|for|across|among] [all|the||||] {rows}", column=phrase, rows=rows.plural)


@pattern(5.5, FAMILY)
def bare_aggregate(draw: Draw) -> Candidate | None:
    """What is the average price of rock albums in France? What is the total price in France in 2021?"""
    found = _measure(draw)
    if found is None:
        return None
    return Candidate(
        request(draw, found.said, False), select(found.sql, quoted(found.rows.table.name), found.rows.where)
    )


@pattern(4.0, FAMILY)
def bare_aggregate_per_category(draw: Draw) -> Candidate | None:
    """What is the total price of rock albums in 2021 for each country?"""
    found = _measure(draw, grouped=True)
    group = draw.category(found.rows.table, found.columns) if found else None
    if found is None or group is None:
        return None
    table = found.rows.table
    question = draw.say(
        "[What is {said} [for each|per|by|in each] {group}|What was {said}[,|] [grouped by|by|for each] {group}|"
        "<show> {said} [for each|per|by|for every] {group}|For each {group}, [what is|show|give] {said}]",
        said=found.said, group=draw.phrase(table, group),
    )  # fmt: skip
    ref = draw.ref(table, group)
    return Candidate(question, select([ref, found.sql], quoted(table.name), found.rows.where, group=ref))


@pattern(2.0, FAMILY)
def bare_count_per_category(draw: Draw) -> Candidate | None:
    """How many rock albums were there in France in 2021 per label?"""
    table = draw.table(draw.category)
    group = draw.category(table) if table else None
    rows = _rows(draw, (group.name,), table) if table and group else None
    if table is None or group is None or rows is None:
        return None
    ref = draw.ref(table, group)
    question = draw.say(
        "[How many {rows} are there [for each|per|in each|by] {group}|<show> the <count> of {rows} [per|by|for each] "
        "{group}|What is the <count> of {rows} [for each|by|per] {group}|For each {group}, how many {rows} are there|"
        "Count the {rows}[,|] [by|grouped by|for each] {group}]",
        rows=rows.plural, group=draw.phrase(table, group),
    )  # fmt: skip
    return Candidate(question, select([ref, "COUNT(*)"], quoted(table.name), rows.where, group=ref))


@pattern(3.0, FAMILY)
def bare_top(draw: Draw) -> Candidate | None:
    """Which rock album in France has the highest price? The top 3 albums in Spain by price?"""
    table = draw.table(lambda t: draw.naming(t) and draw.numeric(t))
    extreme = superlative(draw, table) if table else None
    found = bare_condition(draw, table, (extreme.column.name,), most=2) if table and extreme else None
    if table is None or extreme is None or found is None:
        return None
    names = list(draw.naming(table))
    if any(c.name in found.columns for c in names):
        return None
    rows, phrase = subject(draw, table, found), draw.phrase(table, extreme.column)
    count = draw.choice((1, 1, 1, 2, 3, 3, 5, 10))
    slots = {"row": rows.singular, "rows": rows.plural, "phrase": phrase, "count": draw.value(count)}
    slots["most"] = draw.say("[highest|largest|highest]" if extreme.descending else "[lowest|smallest|lowest]")
    if count == 1:
        question = draw.say(
            "[Which {row} has the {most} {phrase}|What is the {row} with the {most} {phrase}|"
            "<show> the {row} with the {most} {phrase}|Which {row} had the {most} {phrase}]",
            **slots,
        )
    else:
        by = "top {count} {rows} [by|in terms of] {phrase}|" if extreme.descending else ""
        question = draw.say(
            f"[What are the {by.rstrip('|') or '{count} {rows} with the {most} {phrase}'}|"
            "<show> the {count} {rows} with the {most} {phrase}|Which {count} {rows} have the {most} {phrase}]",
            **slots,
        )
    shown = [draw.ref(table, c) for c in names]
    if draw.chance(0.2):
        shown.append(draw.ref(table, extreme.column))
        question += draw.say("[, and what is it|, and its {phrase}|? Show the {phrase} too]", phrase=phrase)
    order = extreme.order(draw.ref(table, extreme.column))
    return Candidate(question, select(shown, quoted(table.name), rows.where, order=order, limit=count))


def _of_parent(draw: Draw, path: Route | None, besides: tuple[str, ...] = ()) -> Subject | None:
    """Rows restricted by their parent's values, and often by their own: "trips in 2021 of drivers in Lyon"."""
    outer = bare_condition(draw, path.end, qualified=True, most=2) if path else None
    if path is None or outer is None or path.links[0].ambiguous:
        return None
    own = bare_condition(draw, path.start, besides, qualified=True, most=1) if draw.chance(0.6) else None
    words = link_words(draw, path.links[0], subject(draw, path.end, outer).plural)
    if own is None and outer.after.startswith(_PREPOSITIONS) and not outer.before and draw.chance(0.4):
        words = outer.after  # "trips in Lyon": the place is the driver's
    if own is None:
        return subject(draw, path.start, Condition(outer.sql, words))
    both = Condition(f"{own.sql} AND {outer.sql}", f"{own.after} {words}".strip(), own.before)
    return subject(draw, path.start, both)


@pattern(3.5, FAMILY)
def bare_aggregate_of_parent(draw: Draw) -> Candidate | None:
    """What is the total fare of trips in 2021 by drivers in Lyon?"""
    path = route(draw, 1, upward=True, start=draw.numeric)
    column = draw.numeric(path.start) if path else None
    rows = _of_parent(draw, path, (column.name,)) if column else None
    if path is None or column is None or rows is None:
        return None
    function = aggregate_name(draw, column, FUNCTIONS)
    wanted = draw.say(
        "the {word} {column} [of|of|for|across] [all|the||||] {rows}",
        word=aggregate_words(draw, function, column), column=draw.phrase(path.start, column), rows=rows.plural,
    )  # fmt: skip
    sql = select(f"{function}({draw.ref(path.start, column, True)})", path.source_sql, rows.where)
    return Candidate(request(draw, wanted, False), sql)


@pattern(2.0, FAMILY)
def bare_count_of_parent(draw: Draw) -> Candidate | None:
    """How many trips in 2021 by drivers in Lyon were there?"""
    path = route(draw, 1, upward=True)
    rows = _of_parent(draw, path)
    return Candidate(ask_count(draw, rows), select("COUNT(*)", path.source_sql, rows.where)) if path and rows else None
