"""Yes-or-no columns: rows that are or are not something, how many, and in which groups."""

from __future__ import annotations

from finetune.synthesis.described import DescribedColumn, DescribedTable
from finetune.synthesis.patterns.asking import (
    Doing,
    ask_how_many,
    ask_which,
    name_refs,
    names_of,
    rows_or_count,
    that,
)
from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.flag_words import flag_column, flag_doing
from finetune.synthesis.patterns.lookup import quoted
from finetune.synthesis.patterns.registry import ANALYSIS, DrawnPair, pattern
from finetune.synthesis.patterns.routes import route
from finetune.synthesis.patterns.row_conditions import condition
from finetune.synthesis.patterns.subject import subject

FAMILY = ANALYSIS


def _flagged(draw: Draw) -> tuple[DescribedTable, DescribedColumn] | None:
    table = draw.table(lambda t: flag_column(draw, t))
    column = flag_column(draw, table) if table else None
    return (table, column) if table and column else None


@pattern(4.8, FAMILY)
def flag_rows(draw: Draw) -> DrawnPair | None:
    """Which products are discontinued? How many customers want the newsletter?"""
    found = _flagged(draw)
    if found is None:
        return None
    table, column = found
    return rows_or_count(draw, table, flag_doing(draw, table, column, draw.ref(table, column)), 0.45)


@pattern(2.2, FAMILY)
def flag_rows_filtered(draw: Draw) -> DrawnPair | None:
    """Which customers from France want the newsletter? How many are they?"""
    found = _flagged(draw)
    other = condition(draw, found[0], besides=(found[1].name,)) if found else None
    if found is None or other is None:
        return None
    table, column = found
    does = flag_doing(draw, table, column, draw.ref(table, column))
    rows = subject(draw, table, other)
    does = Doing(f"{rows.where} AND {does.sql}", does.many, does.one)
    if draw.chance(0.4):
        return DrawnPair(ask_how_many(draw, table, does, rows.plural), select("COUNT(*)", quoted(table.name), does.sql))
    if not draw.naming(table):
        return None
    question = ask_which(draw, table, does, rows.plural)
    return DrawnPair(question, select(name_refs(draw, table), quoted(table.name), does.sql))


@pattern(2.1, FAMILY)
def flag_per_category(draw: Draw) -> DrawnPair | None:
    """How many active customers does each country have? Which has the most? What share of them are active?"""
    table = draw.table(lambda t: flag_column(draw, t) and draw.category(t))
    column = flag_column(draw, table) if table else None
    group = draw.category(table, (column.name,)) if table and column else None
    if table is None or column is None or group is None:
        return None
    does = flag_doing(draw, table, column, draw.ref(table, column))
    phrase = draw.phrase(table, group)
    slots = {
        "rows": draw.noun(table)[1],
        "does": does.many,
        "group": phrase,
        "that": that(draw, table),
    }
    ref, source, style = draw.ref(table, group), quoted(table.name), draw.rng.random()
    if style < 0.4:
        question = draw.say(
            "[How many {rows} {does} [in|per|for] each {group}|For each {group}, how many {rows} {does}|"
            "<show> the <count> of {rows} {that} {does}, [by|per|for each] {group}|"
            "<show> each {group} and the number of {rows} {that} {does}|"
            "Count the {rows} {that} {does} [by|per|for each] {group}|"
            "<count> of {rows} {that} {does} per {group}]",
            **slots,
        )
        return DrawnPair(question, select([ref, "COUNT(*)"], source, does.sql, group=ref))
    if style < 0.7:
        question = draw.say(
            "[Which {group} has the most {rows} {that} {does}|"
            "What is the {group} with the most {rows} {that} {does}|"
            "<show> the {group} with the [largest|highest] number of {rows} {that} {does}|"
            "[In which|For which] {group} are there most {rows} {that} {does}|"
            "Which {group} counts the most {rows} {that} {does}]",
            **slots,
        )
        return DrawnPair(question, select([ref], source, does.sql, group=ref, order="COUNT(*) DESC", limit=1))
    question = draw.say(
        "[What [percentage|share in percent|percent] of {rows} {does} [in|for] each {group}|"
        "For each {group}, what percentage of [the|its|] {rows} {does}|"
        "<show> the [percentage|percent] of {rows} {that} {does}, [by|per|for each] {group}|"
        "How many percent of the {rows} {does} [in|for] each {group}|"
        "<show> each {group} with the percentage of {rows} {that} {does}|"
        "percentage of {rows} {that} {does} by {group}]",
        **slots,
    )
    share = f"100.0 * SUM(CASE WHEN {does.sql} THEN 1 ELSE 0 END) / COUNT(*)"
    return DrawnPair(question, select([ref, share], source, group=ref))


@pattern(2.8, FAMILY)
def flag_of_parent(draw: Draw) -> DrawnPair | None:
    """Which orders were placed by customers who want the newsletter? How many orders for each customer who does?"""
    down = draw.chance(0.5)
    path = route(draw, 1, upward=not down, end=None if down else lambda t: flag_column(draw, t))
    holder = (path.start if down else path.end) if path else None
    column = flag_column(draw, holder) if holder else None
    if path is None or holder is None or column is None or not draw.naming(path.start):
        return None
    if path.links[0].ambiguous:
        return None
    does = flag_doing(draw, holder, column, draw.ref(holder, column, True))
    start = [draw.ref(path.start, c, True) for c in draw.naming(path.start)]
    target = f"{draw.noun(holder)[1]} {that(draw, holder)} {does.many}"
    if not down:
        rows = f"{draw.noun(path.start)[1]} {path.describe(draw, target)}"
        if draw.chance(0.5):
            question = draw.say("[How many {rows} are there|What is the <count> of {rows}|Count the {rows}]", rows=rows)
            return DrawnPair(question, select("COUNT(*)", path.source_sql, does.sql))
        names = names_of(draw, path.start)
        question = draw.say(
            "[<show> [the|all|all the|] {rows}|What are the {names} of [the|all|] {rows}|What are the {rows}|"
            "<show> the {names} of {rows}|Which are the {rows}|Which {rows} are there]",
            rows=rows, names=names,
        )  # fmt: skip
        return DrawnPair(question, select(start, path.source_sql, does.sql))
    key = draw.key(path.start)
    if key is None:
        return None
    question = draw.say(
        "[For each of the {target}, how many {children} are there|"
        "<show> the {names} of the {target} and the <count> of [their|] {children}|"
        "What are the {names} of the {target}, and how many {children} does each have|"
        "<show> the {target} with their <count> of {children}|"
        "Count the {children} of each of the {target}]",
        children=draw.noun(path.end)[1], target=target, names=names_of(draw, path.start),
    )  # fmt: skip
    sql = select([*start, "COUNT(*)"], path.source_sql, does.sql, group=f"{quoted(path.start.name)}.{key}")
    return DrawnPair(question, sql)
