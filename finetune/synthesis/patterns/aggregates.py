"""Averages, sums and extremes of the rows of one table."""

from __future__ import annotations

from collections.abc import Callable

from finetune.synthesis import wording
from finetune.synthesis.described import DescribedColumn, DescribedTable
from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.lookup import DATE_KINDS, MEASURED_KINDS, quoted
from finetune.synthesis.patterns.registry import DrawnPair, pattern
from finetune.synthesis.patterns.row_conditions import condition
from finetune.synthesis.patterns.subject import Subject, request, subject

FAMILY = "aggregates"

AGGREGATE_WORDS = {
    "avg": "[average|average|average|mean]",
    "sum": "[total|total|sum of the|combined|overall total]",
    "max": "[maximum|highest|largest|greatest|maximum|biggest|top]",
    "min": "[minimum|lowest|smallest|minimum]",
    "latest": "[latest|most recent|last]",
    "earliest": "[earliest|first]",
}
_NOUNLIKE = frozenset(("average", "mean", "total", "sum", "maximum", "minimum"))
_SUMMABLE = frozenset(("int", "money", "decimal"))


def aggregate_name(
    draw: Draw, column: DescribedColumn, functions: tuple[str, ...] = ("avg", "sum", "max", "min")
) -> str:
    """An aggregate function that makes sense for the column."""
    if column.kind in DATE_KINDS or column.kind == "year":
        return draw.choice(("max", "min"))
    fitting = [f for f in functions if f != "sum" or column.kind in _SUMMABLE]
    return draw.choice(fitting)


def aggregate_words(draw: Draw, function: str, column: DescribedColumn) -> str:
    """Words such as "average", "total", "latest": the adjective for an aggregate of that column."""
    dated = column.kind in DATE_KINDS or column.kind == "year"
    key = {"max": "latest", "min": "earliest"}[function] if dated else function
    return draw.say(AGGREGATE_WORDS[key])


def _aggregate(draw: Draw, rows: Callable[[DescribedTable, DescribedColumn], Subject | None]) -> DrawnPair | None:
    table = draw.table(draw.numeric)
    column = draw.measured(table) if table else None
    found = rows(table, column) if table and column else None
    if table is None or column is None or found is None:
        return None
    function = aggregate_name(draw, column, ("avg", "avg", "sum", "max", "min"))
    phrase, word = draw.phrase(table, column), aggregate_words(draw, function, column)
    wanted = draw.say(
        "[the {word} {column} [of|of|of|for|across|among] [all|the|all the||] {rows}|"
        "the {word} {column} [of|of|for|across] {rows}]",
        word=word,
        column=phrase,
        rows=found.plural,
    )
    return DrawnPair(
        request(draw, wanted, False), select(f"{function}({draw.ref(table, column)})", quoted(table.name), found.where)
    )


@pattern(1.6, FAMILY)
def aggregate_all(draw: Draw) -> DrawnPair | None:
    """The average age of all students."""
    return _aggregate(draw, lambda table, column: subject(draw, table))


@pattern(2.4, FAMILY)
def aggregate_filtered(draw: Draw) -> DrawnPair | None:
    """The average age of students from France."""

    def rows(table: DescribedTable, column: DescribedColumn) -> Subject | None:
        found = condition(draw, table, besides=(column.name,))
        return subject(draw, table, found) if found else None

    return _aggregate(draw, rows)


@pattern(2.2, FAMILY)
def several_aggregates(draw: Draw) -> DrawnPair | None:
    """The minimum, average and maximum age of students, all or some."""
    table = draw.table(draw.numeric)
    column = draw.numeric(table) if table else None
    if table is None or column is None:
        return None
    functions = [f for f in ("avg", "max", "min", "sum") if f != "sum" or column.kind in _SUMMABLE]
    picked = draw.rng.sample(functions, draw.choice((2, 3)))
    found = condition(draw, table, besides=(column.name,)) if draw.chance(0.4) else None
    rows = subject(draw, table, *([found] if found else []))
    said = [aggregate_words(draw, f, column).removesuffix(" of the") for f in picked]
    words = wording.join_words(said, draw.rng)
    phrase = draw.phrase(table, column)
    wanted = draw.say(
        "[the {words} {column} [of|of|for|across|among] [all|the|] {rows}|"
        "the {words} of the {column} [of|for|across] [all|the|] {rows}|the {words} {row} {column}]"
        if not rows.limited and _NOUNLIKE.issuperset(said) and rows.singular not in phrase
        else "the {words} {column} [of|of|for|across|among] [all|the|] {rows}",
        row=rows.singular,
        words=words,
        column=phrase,
        rows=rows.plural,
    )
    ref = draw.ref(table, column)
    return DrawnPair(
        request(draw, wanted, draw.chance(0.7)), select([f"{f}({ref})" for f in picked], quoted(table.name), rows.where)
    )


@pattern(0.8, FAMILY)
def aggregates_of_two(draw: Draw) -> DrawnPair | None:
    """The average age and the maximum weight of students."""
    table = draw.table(draw.numeric)
    first = draw.numeric(table) if table else None
    second = draw.numeric(table, (first.name,)) if table and first else None
    if table is None or first is None or second is None:
        return None
    same = aggregate_name(draw, first)
    functions = (same, aggregate_name(draw, second) if draw.chance(0.6) else same)
    found = condition(draw, table, besides=(first.name, second.name)) if draw.chance(0.35) else None
    rows = subject(draw, table, *([found] if found else []))
    parts = [
        f"{aggregate_words(draw, f, c)} {draw.phrase(table, c)}"
        for f, c in zip(functions, (first, second), strict=True)
    ]
    wanted = draw.say(
        "the {one} and [the |]{two} [of|of|for|across] [all|the|] {rows}", one=parts[0], two=parts[1], rows=rows.plural
    )
    shown = [f"{f}({draw.ref(table, c)})" for f, c in zip(functions, (first, second), strict=True)]
    return DrawnPair(request(draw, wanted, draw.chance(0.7)), select(shown, quoted(table.name), rows.where))


@pattern(0.6, FAMILY)
def count_and_aggregate(draw: Draw) -> DrawnPair | None:
    """How many students from France are there and what is their average age?"""
    table = draw.table(draw.numeric)
    column = draw.numeric(table) if table else None
    found = condition(draw, table, besides=(column.name,)) if table and column else None
    if table is None or column is None or found is None:
        return None
    rows = subject(draw, table, found)
    function = aggregate_name(draw, column)
    question = draw.say(
        "[How many {rows} are there[,|] and what is their {word} {column}|"
        "<show> the <count> of {rows} and their {word} {column}|"
        "What are the number and the {word} {column} of {rows}]",
        rows=rows.plural,
        word=aggregate_words(draw, function, column),
        column=draw.phrase(table, column),
    )
    return DrawnPair(
        question, select(["count(*)", f"{function}({draw.ref(table, column)})"], quoted(table.name), rows.where)
    )


@pattern(0.5, FAMILY)
def spread(draw: Draw) -> DrawnPair | None:
    """The difference between the highest and the lowest price."""
    table = draw.table(draw.numeric)
    column = draw.column(table, MEASURED_KINDS, values=2) if table else None
    if table is None or column is None:
        return None
    found = condition(draw, table, besides=(column.name,)) if draw.chance(0.4) else None
    rows = subject(draw, table, *([found] if found else []))
    high, low = aggregate_words(draw, "max", column), aggregate_words(draw, "min", column)
    wanted = draw.say(
        "the [difference|gap] between the {high} and [the |]{low} {column} [of|of|among|for] [all|the|] {rows}",
        high=high,
        low=low,
        column=draw.phrase(table, column),
        rows=rows.plural,
    )
    ref = draw.ref(table, column)
    return DrawnPair(request(draw, wanted, False), select(f"max({ref}) - min({ref})", quoted(table.name), rows.where))
