"""Percentages, counts side by side and labels by threshold: CASE."""

from __future__ import annotations

import re

from finetune.synthesis.described import DescribedColumn, DescribedTable
from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.grouping import grouped
from finetune.synthesis.patterns.lookup import CATEGORY_KINDS, NUMERIC_KINDS, quoted
from finetune.synthesis.patterns.registry import DrawnPair, pattern
from finetune.synthesis.patterns.row_conditions import condition, equals
from finetune.synthesis.patterns.subject import Condition, agree, subject
from finetune.synthesis.patterns.windows import summable

FAMILY = "cases"

_ARE = re.compile(
    r"(?:from|in|located|based|outside|named|called|marked|flagged|older|younger|larger|bigger|smaller|taller|shorter|"
    r"longer|cheaper|heavier|lighter|pricier|more expensive|later|earlier|not (?:from|in|marked))\b"
)

_ADJECTIVE = re.compile(r"(?:ed|al|able|ible|ic|ive|ent|ant|ish|ian|male|ese|new|old|open)$")


def _predicate(found: Condition) -> str:
    """The condition as a verb phrase in the plural ("are from France", "have a rating of 3"), or ""."""
    if found.before:
        return f"are {found.before}" if _ADJECTIVE.search(found.before) else ""
    after = agree(found.after, True)
    for opening in ("that ", "who ", "which "):
        if after.startswith((f"{opening}are ", f"{opening}have ", f"{opening}do ")):
            return after.removeprefix(opening).replace("are is ", "are ").replace("are not is ", "are not ")
    for opening in ("with ", "having "):
        if after.startswith(opening):
            return f"have {after.removeprefix(opening)}"
    return f"are {after}" if _ARE.match(after) else ""


def _property(draw: Draw, table: DescribedTable, besides: tuple[str, ...] = ()) -> Condition | None:
    """A restriction that more than one row may meet: none on the rows' names or on one exact number."""
    numbers = {draw.ref(table, column) for column in table.columns if column.kind in NUMERIC_KINDS}
    for _ in range(3):
        found = condition(draw, table, besides=(*besides, *(column.name for column in draw.identity(table))))
        if found is None or found.sql.partition(" = ")[0] not in numbers:
            return found
    return None


def _sum_where(found: Condition, value: str = "1") -> str:
    where = found.sql[1:-1] if found.sql.startswith("(") and found.sql.count("(") == 1 else found.sql
    return f"SUM(CASE WHEN {where} THEN {value} ELSE 0 END)"


@pattern(0.55, FAMILY)
def percent_with_property(draw: Draw) -> DrawnPair | None:
    """What percentage of singers are from France?"""
    table = draw.table()
    found = _property(draw, table) if table else None
    if table is None or found is None:
        return None
    rows, some, does = draw.noun(table)[1], subject(draw, table, found).plural, _predicate(found)
    if does and draw.chance(0.75):
        question = draw.say(
            "[What [percentage|percentage|percent|proportion] of [all|the|all the|] {rows} {does}|"
            "What share of [the|all] {rows}, in percent, {does}|How many percent of [the|all|] {rows} {does}|"
            "<show> the [percentage|percent|percentage share] of {rows} that {does}|"
            "Out of all {rows}, what percentage {does}?|"
            "What is the percentage of {rows} that {does}|percentage of {rows} that {does}]",
            rows=rows,
            does=does,
        )
    else:
        question = draw.say(
            "[What is the percentage of {some} among all {rows}|<show> the percentage of {some} among [all|the] {rows}|"
            "What percentage of all {rows} is made up of {some}|<show> the share of {some} among [all|the] {rows}, in "
            "percent|What percentage do {some} make up of all {rows}|percentage of {some} out of all {rows}]",
            rows=rows,
            some=some,
        )
    return DrawnPair(question, select(f"100.0 * {_sum_where(found)} / COUNT(*)", quoted(table.name)))


def _property_per_category(draw: Draw) -> tuple[DescribedTable, DescribedColumn, Condition, str] | None:
    """A table with a category to group by, a property of its rows, and the property as a verb; None without them."""
    place = grouped(draw)
    found = _property(draw, place[0], (place[1].name,)) if place else None
    does = _predicate(found) if found else ""
    return (*place, found, does) if place is not None and found is not None and does else None


@pattern(0.35, FAMILY)
def percent_per_category(draw: Draw) -> DrawnPair | None:
    """For each country, the percentage of singers older than 30."""
    place = _property_per_category(draw)
    if place is None:
        return None
    table, column, found, does = place
    question = draw.say(
        "[For [each|every] {column}, what [percentage|percent|proportion] of [the|its|] {rows} {does}|"
        "What percentage of {rows} {does} [in|for] each {column}|"
        "<show> [each|the] {column} and the percentage of [its|the] {rows} that {does}|"
        "<show> the percentage of {rows} that {does}, [by|per|for each] {column}|"
        "What is the percentage of {rows} that {does} [per|for each] {column}|"
        "For each {column}, [show|list|give] the [percentage|share in percent] of {rows} that {does}|"
        "percentage of {rows} that {does} [per|by] {column}]",
        column=draw.phrase(table, column),
        rows=draw.noun(table)[1],
        does=does,
    )
    ref = draw.ref(table, column)
    return DrawnPair(question, select([ref, f"100.0 * {_sum_where(found)} / COUNT(*)"], quoted(table.name), group=ref))


def _two_conditions(draw: Draw, table: DescribedTable, besides: tuple[str, ...] = ()) -> list[Condition]:
    """Two restrictions, mostly by two values of one column."""
    columns = [c for c in table.columns if c.kind in CATEGORY_KINDS and len(c.values) > 1 and c.name not in besides]
    columns = [c for c in columns if not draw.is_reference(table, c)]
    if columns and draw.chance(0.75):
        column = draw.choice(columns)
        state = draw.rng.getstate()
        found = []
        for value in draw.rng.sample(column.values, 2):
            draw.rng.setstate(state)  # the same words for both
            found.append(equals(draw, table, column, draw.ref(table, column), value))
        return found
    first = _property(draw, table, besides)
    second = _property(draw, table, (*besides, *first.columns)) if first else None
    return [first, second] if first and second else []


def _same_noun(draw: Draw, table: DescribedTable, both: list[Condition]) -> list[str]:
    """The rows of either condition, called the same."""
    state = draw.rng.getstate()
    rows = []
    for found in both:
        draw.rng.setstate(state)
        rows.append(subject(draw, table, found).plural)
    return rows


@pattern(0.35, FAMILY)
def counts_side_by_side(draw: Draw) -> DrawnPair | None:
    """How many singers are from France and how many are from Spain: two numbers in one row."""
    table = draw.table()
    both = _two_conditions(draw, table) if table else []
    if table is None or not both:
        return None
    one, two = (_predicate(found) for found in both)
    rows = draw.noun(table)[1]
    if one and two and draw.chance(0.65):
        question = draw.say(
            "[How many {rows} {one} and how many {two}|How many of the {rows} {one}, and how many {two}|"
            "<show> the <count> of {rows} that {one} and the <count> [of {rows} |]that {two}|"
            "<show> side by side how many {rows} {one} and how many {two}|"
            "<show> in one row how many {rows} {one} and how many {two}|"
            "Count the {rows} that {one} and [those|the ones] that {two}]",
            rows=rows,
            one=one,
            two=two,
        )
    else:
        first, second = _same_noun(draw, table, both)
        question = draw.say(
            "[How many {one} and how many {two} are there|<show> the <count> of {one} and the <count> of {two}|"
            "What are the <count> of {one} and the <count> of {two}|Count the {one} and, next to that, the {two}|"
            "<show> side by side the <count> of {one} and the <count> of {two}|"
            "Compare the number of {one} with the number of {two}|number of {one} versus number of {two}]",
            one=first,
            two=second,
        )
    return DrawnPair(question, select([_sum_where(found) for found in both], quoted(table.name)))


@pattern(0.25, FAMILY)
def part_and_whole_per_category(draw: Draw) -> DrawnPair | None:
    """For each country, how many singers there are and how many of them are older than 30."""
    place = _property_per_category(draw)
    if place is None:
        return None
    table, column, found, does = place
    question = draw.say(
        "[For [each|every] {column}, how many {rows} are there and how many of them {does}|"
        "<show> [each|the] {column}, the <count> of {rows} and the number of [those|them|{rows}] that {does}|"
        "How many {rows} are there [per|for each|by] {column}, and how many of them {does}|"
        "<show> the <count> of [all |]{rows} [per|for each|by] {column} and how many of them {does}|"
        "For each {column}, [show|list|give] the total number of {rows} and the number that {does}|"
        "Count the {rows} of each {column} and, next to that, those that {does}]",
        column=draw.phrase(table, column),
        rows=draw.noun(table)[1],
        does=does,
    )
    ref = draw.ref(table, column)
    return DrawnPair(question, select([ref, "count(*)", _sum_where(found)], quoted(table.name), group=ref))


@pattern(0.25, FAMILY)
def totals_side_by_side(draw: Draw) -> DrawnPair | None:
    """The total attendance of concerts from 2014 and of concerts from 2015, in one row."""
    table = draw.table(draw.numeric)
    number = draw.numeric(table) if table else None
    both = _two_conditions(draw, table, (number.name,)) if table and number and summable(number) else []
    if table is None or number is None or not both:
        return None
    one, two = _same_noun(draw, table, both)
    question = draw.say(
        "[<show> the {word} {number} [of|for] {one} and [the {word} {number} |][of|for] {two}|"
        "What are the {word} {number} of {one} and that of {two}|"
        "Compare the {word} {number} of {one} with that of {two}|"
        "<show> side by side the {word} {number} of {one} and of {two}|"
        "What is the {word} {number} of {one}, and what is it for {two}|"
        "{word} {number} of {one} versus {word} {number} of {two}]",
        word=draw.say("[total|total|total|overall|combined]"),
        number=draw.phrase(table, number),
        one=one,
        two=two,
    )
    value = draw.ref(table, number)
    return DrawnPair(question, select([_sum_where(found, value) for found in both], quoted(table.name)))
