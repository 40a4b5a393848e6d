"""Some values of a column compared, and the spread of a number within each value."""

from __future__ import annotations

from finetune.synthesis import wording
from finetune.synthesis.described import DescribedColumn, DescribedTable
from finetune.synthesis.patterns.aggregates import aggregate_words
from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.grouping import grouped
from finetune.synthesis.patterns.lookup import CATEGORY_KINDS, literal, quoted
from finetune.synthesis.patterns.registry import DrawnPair, pattern

FAMILY = "grouping"


@pattern(0.3, FAMILY)
def counts_of_named_values(draw: Draw) -> DrawnPair | None:
    """How many singers there are for each of the countries France and Spain: one row a value."""
    table = draw.table(lambda t: draw.column(t, CATEGORY_KINDS, values=3))
    column = draw.column(table, CATEGORY_KINDS, values=3) if table else None
    if table is None or column is None:
        return None
    picked = draw.rng.sample(column.values, min(draw.choice((2, 2, 3)), len(column.values)))
    phrase, shown = draw.phrase(table, column), draw.values(*picked)
    question = draw.say(
        "[How many {rows} are there for each of the {columns} {values}|"
        "<show> the <count> of {rows} for each of the {columns} {values}|"
        "Compare the number of {rows} [for|of] the {columns} {values}|Count the {rows} per {column} for {values}|"
        "<show> the {column} and the <count> of {rows} for {values}|"
        "For the {columns} {values}, how many {rows} [are there for each|does each have]?|"
        "<show> the <count> of {rows} by {column}, [only|but only] for {values}]",
        rows=draw.noun(table)[1],
        column=phrase,
        columns=wording.plural(phrase),
        values=f"{', '.join(shown[:-1])} and {shown[-1]}",
    )
    ref = draw.ref(table, column)
    where = f"{ref} IN ({', '.join(map(literal, picked))})"
    return DrawnPair(question, select([ref, "count(*)"], quoted(table.name), where, group=ref))


def _spread_slots(
    draw: Draw, table: DescribedTable, column: DescribedColumn, number: DescribedColumn
) -> dict[str, str]:
    return {
        "high": aggregate_words(draw, "max", number),
        "low": aggregate_words(draw, "min", number),
        "column": draw.phrase(table, column),
        "number": draw.phrase(table, number),
        "rows": draw.noun(table)[1],
    }


@pattern(0.25, FAMILY)
def spread_per_category(draw: Draw) -> DrawnPair | None:
    """For each country, the difference between the highest and the lowest age of its singers."""
    place = grouped(draw, True)
    number = draw.numeric(place[0], (place[1].name,)) if place else None
    if place is None or number is None:
        return None
    table, column = place
    question = draw.say(
        "[For [each|every] {column}, [show|what is|give|find] the [difference|"
        "gap] between the {high} and {low} {number} "
        "of [its|the] {rows}|<show> [each|the] {column} and the [difference|gap] between the {high} and [the |]{low} "
        "{number}|What is the difference between the {high} and the {low} {number} of {rows} [in|for] each {column}|"
        "<show> the [range|spread] of the {number} ({high} minus {low}) of {rows} [per|for each] {column}|"
        "How far apart are the {high} and the {low} {number} of {rows} [in|for|within] each {column}|"
        "difference between {high} and {low} {number} of {rows} [per|by] {column}]",
        **_spread_slots(draw, table, column, number),
    )
    ref, value = draw.ref(table, column), draw.ref(table, number)
    return DrawnPair(question, select([ref, f"MAX({value}) - MIN({value})"], quoted(table.name), group=ref))
