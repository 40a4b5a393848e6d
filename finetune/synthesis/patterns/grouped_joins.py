"""Aggregates of children for each parent, counts for each category of parent, and groups ranked by an aggregate."""

from __future__ import annotations

from finetune.synthesis import wording
from finetune.synthesis.patterns.aggregates import aggregate_name, aggregate_words
from finetune.synthesis.patterns.counted_joins import downward, parent_columns, parent_refs
from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.grouping import grouped
from finetune.synthesis.patterns.lookup import quoted
from finetune.synthesis.patterns.registry import DrawnPair, pattern
from finetune.synthesis.patterns.routes import route
from finetune.synthesis.patterns.subject import column_phrases, request_one

FAMILY = "joins"


@pattern(2.3, FAMILY)
def aggregate_per_parent(draw: Draw) -> DrawnPair | None:
    """For each stadium, the average attendance of its concerts; or the stadium where it is highest."""
    drawn = downward(draw)
    if drawn is None:
        return None
    path, key = drawn
    number, columns = draw.numeric(path.end), parent_columns(draw, path, 1)
    if number is None or not columns:
        return None
    function = aggregate_name(draw, number, ("avg", "avg", "sum", "sum", "max", "min"))
    one = draw.noun(path.start)[0]
    value = f"{function}({draw.ref(path.end, number, True)})"
    shown = parent_refs(draw, path, columns)
    slots = {
        "columns": wording.join_words(column_phrases(draw, path.start, columns), draw.rng),
        "one": one,
        "word": aggregate_words(draw, function, number),
        "number": draw.phrase(path.end, number),
        "rows": draw.noun(path.end)[1],
    }
    if draw.chance(0.35) and function in ("avg", "sum"):
        least = draw.chance(0.25)
        row = draw.say(
            "the {one} [with|that has|having] the {most} {word} {number} [of|of its|across its] {rows}",
            most=draw.say("[lowest|smallest]" if least else "[highest|largest|greatest]"),
            **{**slots, "word": slots["word"].removesuffix(" of the")},
        )
        order = value + ("" if least else " DESC")
        return DrawnPair(
            request_one(draw, columns, row, path.start), select(shown, path.source_sql, group=key, order=order, limit=1)
        )
    question = draw.say(
        "[<show> the {columns} of each {one} and the {word} {number} of [its|the|their] {rows}|"
        "For each {one}, [show|find|give|return|list] [the|its] {columns} and the {word} {number} of [its|the] {rows}|"
        "What [is|are] the {columns} of each {one} and the {word} {number} of [its|the] {rows}|"
        "<show> each {one}'s {columns} [and|along with] the {word} {number} of [its|] {rows}]",
        **slots,
    )
    if columns == list(draw.identity(path.start)) and draw.chance(0.3):
        question = draw.say(
            (
                "[What is the {word} {number} of {rows} [for each|per|by] {one}|"
                "{word} {number} of {rows} per {one}|<show> the {word} {number} of {rows} [for each|by|"
                "per] {one}]"
            ),
            **slots,
        )
    return DrawnPair(question, select([*shown, value], path.source_sql, group=key))


@pattern(1.7, FAMILY)
def count_per_related_category(draw: Draw) -> DrawnPair | None:
    """The number of concerts for each country of stadiums; or the country with the most."""
    path = route(draw, 1, upward=True, end=draw.category)
    column = draw.category(path.end) if path else None
    if path is None or column is None or path.links[0].ambiguous:
        return None
    one = draw.noun(path.end)[0]
    rows = draw.noun(path.start)[1]
    slots = {"rows": rows, "column": draw.phrase(path.end, column), "one": one}
    ref = draw.ref(path.end, column, True)
    if draw.chance(0.4):
        question = draw.say(
            (
                "[Which {one} {column} has the most {rows}|What is the {column} of {one} with the [most|"
                "largest number of] {rows}|<show> the {one} {column} with the [most|highest number of] {rows}]"
            ),
            **slots,
        )
        return DrawnPair(question, select([ref], path.source_sql, group=ref, order="count(*) DESC", limit=1))
    question = draw.say(
        "[How many {rows} are there for each {one} {column}|<show> each {one} {column} and the <count> of {rows}|"
        "For each {column} of {one}, how many {rows} are there|Count the {rows} [by|per] {one} {column}|"
        "<show> the <count> of {rows} [per|by|for each] {one} {column}|"
        "What is the number of {rows} for each {column} of the {one}]",
        **slots,
    )
    return DrawnPair(question, select([ref, "count(*)"], path.source_sql, group=ref))


@pattern(0.9, FAMILY)
def aggregate_per_related_category(draw: Draw) -> DrawnPair | None:
    """The average attendance of concerts for each country of stadiums."""
    path = route(draw, 1, upward=True, start=draw.numeric, end=draw.category)
    column = draw.category(path.end) if path else None
    number = draw.numeric(path.start) if path else None
    if path is None or column is None or number is None or path.links[0].ambiguous:
        return None
    function = aggregate_name(draw, number, ("avg", "avg", "sum", "max"))
    question = draw.say(
        "[<show> each {one} {column} and the {word} {number} of [the|its] {rows}|"
        "For each {one} {column}, [show|find|what is] the {word} "
        "{number} of {rows}|What is the {word} {number} of {rows} [for each|per|by] {one} {column}]",
        one=draw.noun(path.end)[0],
        column=draw.phrase(path.end, column),
        word=aggregate_words(draw, function, number),
        number=draw.phrase(path.start, number),
        rows=draw.noun(path.start)[1],
    )
    ref = draw.ref(path.end, column, True)
    return DrawnPair(
        question, select([ref, f"{function}({draw.ref(path.start, number, True)})"], path.source_sql, group=ref)
    )


@pattern(1.6, FAMILY)
def ranked_categories(draw: Draw) -> DrawnPair | None:
    """For each region the total revenue, from high to low; or the top five regions by it, as analysts ask."""
    found = grouped(draw, True)
    number = draw.numeric(found[0], (found[1].name,)) if found else None
    if found is None or number is None:
        return None
    table, column = found
    function = aggregate_name(draw, number, ("avg", "sum", "sum"))
    word = aggregate_words(draw, function, number).removesuffix(" of the")
    down, limit = draw.chance(0.8), draw.choice((0, 0, 2, 3, 5, 5, 10))
    counted = bool(limit) and draw.chance(0.4)
    phrase, value = draw.phrase(table, column), f"{function}({draw.ref(table, number)})"
    template = (
        "[What are the {top} {n} {columns} by {word} {number} of {rows}|"
        "Which {n} {columns} have the {most} {word} {number} of {rows}|{top} {n} {columns} by {word} {number}]"
        "? [Return|Show|Give] the {column}{count} and the {word} {number}"
        if limit
        else "[For each {column}, what is the {word} {number} of {rows}|"
        "<show> the {word} {number} of {rows} [by|per|for each] {column}|"
        "What is the {word} {number} of {rows} [by|per|for each] {column}]"
        ", [sorted|ordered|ranked] [from {order}|by {word} {number}, {first} first|by {word} {number} from {order}]"
    )
    rows = draw.noun(table)[1]
    question = draw.say(
        template, column=phrase, columns=wording.plural(phrase), word=word, number=draw.phrase(table, number),
        n=wording.number_word(max(limit, 2), draw.rng), rows=rows, top="top" if down else "bottom",
        most=draw.choice(("highest", "largest") if down else ("lowest", "smallest")),
        order=draw.choice(("high to low", "highest to lowest") if down else ("low to high", "lowest to highest")),
        first="highest" if down else "lowest", count=f", the number of {rows}" if counted else "",
    )  # fmt: skip
    ref = draw.ref(table, column)
    shown = [ref, *(["count(*)"] if counted else []), value]
    order = value + (" DESC" if down else "")
    return DrawnPair(question, select(shown, quoted(table.name), group=ref, order=order, limit=limit))
