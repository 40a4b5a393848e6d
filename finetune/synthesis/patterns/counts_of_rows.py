"""Counts of rows and of different values."""

from __future__ import annotations

from finetune.synthesis import wording
from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.lookup import TEXT_KINDS, quoted
from finetune.synthesis.patterns.registry import DrawnPair, pattern
from finetune.synthesis.patterns.row_conditions import condition
from finetune.synthesis.patterns.subject import Subject, names_rows, subject

FAMILY = "aggregates"


def ask_count(draw: Draw, rows: Subject) -> str:
    """Words such as "How many students are there?", "Count the students from France."."""
    if rows.limited and draw.chance(0.35):
        for opening, verb in (
            (" that are ", "are"),
            (" who are ", "are"),
            (" which are ", "are"),
            (" that have ", "have"),
        ):
            noun, found, rest = rows.plural.partition(opening)
            if found and verb not in rest.split() and names_rows(draw, rows, noun):
                return f"How many {noun} {verb} {rest}"
    ending = (
        "[ are there| are there| exist| do we have| are there in total| are listed| are recorded|"
        " are in the database| are there altogether| are on record]"
        if not rows.limited
        else "[ are there| are there||| exist| do we have]"
    )
    return draw.say(
        f"[How many {{rows}}{ending}|How many {{rows}}{ending}|What is the <count> of {{rows}}|"
        "What is the total number of {rows}|Tell me how many {rows} there are|"
        "Count [the|all|all the|the number of|] "
        "{rows}|<show> the <count> of {rows}|Find the number of {rows}|<count> of {rows}|"
        "Find out how many {rows} there are]",
        rows=rows.plural,
    )


@pattern(3.0, FAMILY)
def count_all(draw: Draw) -> DrawnPair | None:
    """How many students are there?"""
    table = draw.table()
    if table is None:
        return None
    return DrawnPair(ask_count(draw, subject(draw, table)), select("count(*)", quoted(table.name)))


@pattern(3.0, FAMILY)
def count_filtered(draw: Draw) -> DrawnPair | None:
    """How many students are from France?"""
    table = draw.table()
    found = condition(draw, table) if table else None
    if table is None or found is None:
        return None
    rows = subject(draw, table, found)
    return DrawnPair(ask_count(draw, rows), select("count(*)", quoted(table.name), rows.where))


@pattern(0.8, FAMILY)
def count_two_conditions(draw: Draw) -> DrawnPair | None:
    """How many students from France are older than 30?"""
    table = draw.table()
    first = condition(draw, table) if table else None
    second = condition(draw, table, besides=first.columns) if table and first else None
    if table is None or first is None or second is None:
        return None
    rows = subject(draw, table, first, second)
    return DrawnPair(ask_count(draw, rows), select("count(*)", quoted(table.name), rows.where))


@pattern(2.4, FAMILY)
def count_distinct(draw: Draw) -> DrawnPair | None:
    """How many different countries do students come from?"""
    table = draw.table(draw.category)
    column = draw.category(table) if table else None
    if table is None or column is None:
        return None
    found = condition(draw, table, besides=(column.name,)) if draw.chance(0.35) else None
    rows = subject(draw, table, *([found] if found else []))
    question = draw.say(
        "[How many <distinct> {columns} [are there among|are there for|appear among] {rows}|"
        "What is the number of <distinct> {columns} [of|for|among] [all|the|] {rows}|"
        "Count the [number of |]<distinct> {columns} "
        "[of|for|among] {rows}|<show> the number of <distinct> {columns} [of|for|among] [all|the|] {rows}]"
        if rows.limited
        else "[How many <distinct> {columns} [are there among|are there for|are listed for] [the|all|] {rows}|"
        "How many <distinct> {columns} do [the|] {rows} have|"
        "How many <distinct> {row} {columns} are there|What is the number of <distinct> {columns} [of|"
        "for|among] {rows}|"
        "Count the [number of |]<distinct> {columns} [of|for|among] {rows}|"
        "Find the number of <distinct> {row} {columns}|"
        "number of <distinct> {columns} [of|for] {rows}]",
        columns=wording.plural(draw.phrase(table, column)),
        rows=rows.plural,
        row=rows.singular,
    )
    return DrawnPair(question, select(f"count(DISTINCT {draw.ref(table, column)})", quoted(table.name), rows.where))


@pattern(0.4, FAMILY)
def count_known(draw: Draw) -> DrawnPair | None:
    """How many different names are there? A distinct count of any text column."""
    table = draw.table(lambda t: draw.column(t, TEXT_KINDS))
    column = draw.column(table, TEXT_KINDS) if table else None
    if table is None or column is None:
        return None
    question = draw.say(
        "[How many <distinct> {row} {columns} are there|Count the <distinct> {columns} of [all|the|] {rows}|"
        "What is the number of <distinct> {columns} [of|among] [all|the|] {rows}]",
        row=draw.noun(table)[0],
        rows=draw.noun(table)[1],
        columns=wording.plural(draw.phrase(table, column)),
    )
    return DrawnPair(question, select(f"count(DISTINCT {draw.ref(table, column)})", quoted(table.name)))
