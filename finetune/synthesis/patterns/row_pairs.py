"""Pairs of rows of one table that share a value, and rows that share one with a named row."""

from __future__ import annotations

from finetune.synthesis import wording
from finetune.synthesis.described import DescribedColumn, DescribedTable
from finetune.synthesis.patterns.asking import name_refs, names_of
from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.lookup import CATEGORY_KINDS, PERSON_KINDS, literal, quoted
from finetune.synthesis.patterns.registry import ANALYSIS, DrawnPair, pattern

FAMILY = ANALYSIS

_SHARED = CATEGORY_KINDS | PERSON_KINDS | {"year"}


def _shared(draw: Draw) -> tuple[DescribedTable, DescribedColumn, str] | None:
    """A table, a column whose values repeat, and the key."""
    table = draw.table(lambda t: draw.key(t) and draw.naming(t) and _repeating(draw, t))
    columns = _repeating(draw, table) if table else []
    key = draw.key(table) if table else None
    return (table, draw.choice(columns), key) if table and key else None


def _repeating(draw: Draw, table: DescribedTable) -> list[DescribedColumn]:
    whole = draw.identity(table)[0].name if len(draw.identity(table)) == 1 else ""
    return [
        c
        for c in table.columns
        if (c.kind in _SHARED or c.groupable)
        and 1 < len(c.values) < 0.9 * table.row_count
        and c.name != whole
        and not draw.is_reference(table, c)
    ]


def _source(draw: Draw, table: DescribedTable, column: DescribedColumn) -> str:
    name, ref = quoted(table.name), draw.ref(table, column)
    return f"{name} AS a JOIN {name} AS b ON a.{ref} = b.{ref}"


@pattern(1.3, FAMILY)
def pairs_that_share(draw: Draw) -> DrawnPair | None:
    """Pairs of customers who live in the same city, each pair once, or how many there are."""
    found = _shared(draw)
    if found is None:
        return None
    table, column, key = found
    one, many = draw.noun(table)
    slots = {"one": one, "many": many, "column": draw.phrase(table, column), "names": names_of(draw, table)}
    source, once = _source(draw, table, column), f"a.{key} < b.{key}"
    if draw.chance(0.25):
        question = draw.say(
            "[How many pairs of {many} [have|share] the same {column}|How many pairs of {many} with the same {column} "
            "are there|Count the pairs of {many} that share a {column}|"
            "<count> of pairs of {many} with the same {column}]",
            **slots,
        )
        return DrawnPair(question, select("COUNT(*)", source, once))
    question = draw.say(
        "[<show> [all|the|] pairs of {many} [with|that have|that share] the same {column}|"
        "Which pairs of {many} [have|share] the same {column}|Which two {many} have the same {column}|"
        "<show> the {names} of [all|the] pairs of {many} with the same {column}|"
        "Which {many} have the same {column} as another {one}? Show [the|each] pair once|"
        "Find every two {many} that share their {column}|pairs of {many} with the same {column}|"
        "What are the {names} of every two different {many} with one {column}]",
        **slots,
    )
    shown = [*name_refs(draw, table, "a"), *name_refs(draw, table, "b")]
    if draw.chance(0.35):
        shown.append(f"a.{draw.ref(table, column)}")
        question += draw.say(
            "[, and the {column} they share|, with that {column}|, together with the {column}]", **slots
        )
    return DrawnPair(question, select(shown, source, once))


@pattern(1.8, FAMILY)
def sharing_with_named(draw: Draw) -> DrawnPair | None:
    """Which customers live in the same city as Ann Field?"""
    found = _shared(draw)
    if found is None or not draw.identifiable(found[0]):
        return None
    table, column, key = found
    (name,) = draw.identity(table)
    value, (one, many) = draw.choice(name.values), draw.noun(table)
    slots = {
        "many": many, "column": draw.phrase(table, column), "who": draw.value(value), "one": one,
        "names": wording.plural(draw.phrase(table, name)),
    }  # fmt: skip
    question = draw.say(
        "[Which [other |]{many} have the same {column} as {who}|<show> the [other |"
        "]{many} with the same {column} as {who}|"
        "Which [other |]{many} share the {column} of {who}|Which others have the same {column} as {who}|"
        "What are the {names} of the [other |]{many} that have the same {column} as the {one} {who}|"
        "<show> the {names} of [all |]other {many} with the {column} of {who}]",
        **slots,
    )
    where = f"a.{draw.ref(table, name)} = {literal(value)} AND a.{key} <> b.{key}"
    return DrawnPair(question, select(name_refs(draw, table, "b"), _source(draw, table, column), where))
