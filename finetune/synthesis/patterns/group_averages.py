"""Aggregates of aggregates: how many orders a customer has on average, the largest total of a group."""

from __future__ import annotations

from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.groups_of_rows import Grouped, grouped_rows
from finetune.synthesis.patterns.registry import ANALYSIS, DrawnPair, pattern
from finetune.synthesis.patterns.windows import summable

FAMILY = ANALYSIS

_OUTER = (("AVG", "average"), ("AVG", "average"), ("AVG", "average"), ("MAX", "largest"), ("MIN", "smallest"))


def _nested(draw: Draw, found: Grouped, function: str, inner_value: str, name: str) -> str:
    inner = select(f"{inner_value} AS {name}", found.source, _known(found), group=found.group)
    if draw.chance(0.25):
        table = draw.choice(("counted", "totals", "per_group"))
        return f"WITH {table} AS ({inner}) SELECT {function}({name}) FROM {table}"
    return f"SELECT {function}({name}) FROM ({inner}) AS {draw.choice(('counted', 'counted', 'totals', 'per_group'))}"


def _known(found: Grouped) -> str:
    """The restriction; rows that belong to no group make none."""
    if not found.column.nullable:
        return found.where
    known = f"{found.group} IS NOT NULL"
    return f"{found.where} AND {known}" if found.where else known


@pattern(3.0, FAMILY)
def rows_per_group_on_average(draw: Draw) -> DrawnPair | None:
    """On average, how many orders does a customer have? What is the largest number of students per country?"""
    found = grouped_rows(draw)
    if found is None:
        return None
    function, word = draw.choice(_OUTER)
    most = "most" if function == "MAX" else "fewest"
    extreme = draw.say("[largest|highest|greatest|maximum]" if function == "MAX" else "[smallest|lowest|minimum]")
    slots = {"rows": found.rows, "one": found.one, "many": found.many, "word": extreme, "most": most}
    question = draw.say(
        "[On average, how many {rows} does [a|each|one] {one} have|How many {rows} does [a|an average|"
        "each] {one} have on "
        "average|What is the average number of {rows} [per|of a|for each] {one}|How many {rows} are there per {one} on "
        "average|<show> the <mean> number of {rows} per {one}|"
        "On average, how many {rows} are there [per|for each] {one}|"
        "average number of {rows} per {one}|What is the mean number of {rows} a {one} has]"
        if function == "AVG"
        else "[What is the {word} number of {rows} [per|of a|of any|for a single] {one}|"
        "How many {rows} does the {one} with the {most} {rows} have|What is the {word} number of {rows} a {one} has|"
        "<show> the {word} number of {rows} per {one}|How many {rows} are there at {the_most} for one {one}|"
        "{word} number of {rows} per {one}]",
        the_most="most" if function == "MAX" else "least", **slots,
    )  # fmt: skip
    return DrawnPair(question, _nested(draw, found, function, "COUNT(*)", draw.choice(("n", "n", "total", "number"))))


@pattern(1.9, FAMILY)
def totals_per_group_on_average(draw: Draw) -> DrawnPair | None:
    """The average of the customers' total amounts; the highest average price of a category."""
    found = grouped_rows(draw, measured=True)
    number = draw.numeric(found.table, (found.column.name,)) if found else None
    if found is None or number is None:
        return None
    function, _ = draw.choice(_OUTER)
    inner = draw.choice(("SUM", "SUM", "AVG", "MAX") if summable(number) else ("AVG", "AVG", "MAX", "MIN"))
    if inner == function:
        inner = "SUM" if summable(number) else "MIN" if function != "MIN" else "MAX"
    inside = {
        "SUM": "[total|total|overall]",
        "AVG": "[average|mean]",
        "MAX": "[highest|largest]",
        "MIN": "[lowest|smallest]",
    }
    outside = {"AVG": "[average|average|mean]", "MAX": "[highest|largest|maximum]", "MIN": "[lowest|smallest|minimum]"}
    question = draw.say(
        "[What is the {outside} {inside} {number} of {rows} [per|of a|for a] {one}|"
        "<show> the {outside} of the {inside} {number} of {rows} per {one}|"
        "Take the {inside} {number} of {rows} for each {one}. What is the {outside} of them|"
        "What is the {outside} {inside} {number} that the {rows} of a {one} have|"
        "<show> the {outside} {inside} {number} of {rows} per {one}|"
        "For each {one} compute the {inside} {number} of {rows}, and return the {outside} of these|"
        "{outside} {inside} {number} of {rows} per {one}]",
        outside=draw.say(outside[function]), inside=draw.say(inside[inner]), number=draw.phrase(found.table, number),
        rows=found.rows, one=found.one,
    )  # fmt: skip
    value = f"{inner}({draw.ref(found.table, number)})"
    return DrawnPair(question, _nested(draw, found, function, value, draw.choice(("total", "amount", "result"))))
