"""Counts and aggregates for each value of a column, and the values that have most or enough rows."""

from __future__ import annotations

from finetune.synthesis import wording
from finetune.synthesis.described import DescribedColumn, DescribedTable
from finetune.synthesis.patterns.aggregates import aggregate_name, aggregate_words
from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.lookup import quoted
from finetune.synthesis.patterns.registry import DrawnPair, pattern
from finetune.synthesis.patterns.row_conditions import condition
from finetune.synthesis.patterns.subject import request, subject

FAMILY = "grouping"


def grouped(draw: Draw, measured: bool = False) -> tuple[DescribedTable, DescribedColumn] | None:
    """A table and a column to group it by; with ``measured``, one that also has a number."""
    table = draw.table(lambda t: draw.category(t) and (not measured or draw.numeric(t)))
    column = draw.category(table) if table else None
    return (table, column) if table and column else None


def _count(draw: Draw, filtered: bool) -> DrawnPair | None:
    found = grouped(draw)
    if found is None:
        return None
    table, column = found
    limit = condition(draw, table, besides=(column.name,)) if filtered else None
    if filtered and limit is None:
        return None
    rows = subject(draw, table, *([limit] if limit else []))
    phrase = draw.phrase(table, column)
    slots = {"rows": rows.plural, "column": phrase, "columns": wording.plural(phrase)}
    ref, source = draw.ref(table, column), quoted(table.name)
    if draw.chance(0.45):
        question = draw.say(
            "[<show> <each> {column} and the <count> of {rows} [with|for|in] it|<show> [the |"
            "]{columns} and the <count> of {rows} for each|"
            "What are the {columns} and the <count> of {rows} for each|For <each> {column}, [show|list|"
            "return] [it|the {column}] "
            "and the <count> of {rows}|What are the different {columns} and how many {rows} [are there|] for each|"
            "<show> [each|the] {column} [along with|together with|and] the number of {rows}|"
            "<show> [all |the |]{columns} and [the |]corresponding number of {rows}|"
            "What are the {columns} and the corresponding number of {rows}]",
            **slots,
        )
        return DrawnPair(_each(question, phrase), select([ref, "count(*)"], source, rows.where, group=ref))
    question = draw.say(
        "[How many {rows} are there [for each|per|in each|by] {column}|"
        "What is the <count> of {rows} [for each|per|by|in each] {column}|"
        "How many {rows} [belong to|are listed for|are recorded for|fall under] each {column}|"
        "<show> the <count> of {rows} [for each|per|for every|by|in each] {column}|Count the {rows} [by|"
        "per|for each] {column}|"
        "For each {column}, how many {rows} are there|number of {rows} [per|by] {column}|"
        "How many {rows} does each {column} have]",
        **slots,
    )
    return DrawnPair(question, select([ref, "count(*)"], source, rows.where, group=ref))


def _each(question: str, column: str) -> str:
    """Words such as "each countries" never: after "all the" and "the different" the column is in the plural."""
    for words in ("the different", "all the"):
        question = question.replace(f"{words} {column} ", f"{words} {wording.plural(column)} ")
        question = question.replace(f"For {words} {column},", f"For each {column},")
    return question


@pattern(4.0, FAMILY)
def count_per_category(draw: Draw) -> DrawnPair | None:
    """How many students are there for each country?"""
    return _count(draw, False)


@pattern(0.8, FAMILY)
def count_per_category_filtered(draw: Draw) -> DrawnPair | None:
    """How many students older than 30 are there for each country?"""
    return _count(draw, True)


@pattern(1.8, FAMILY)
def aggregate_per_category(draw: Draw) -> DrawnPair | None:
    """The average age of students for each country: the country first."""
    found = grouped(draw, True)
    if found is None:
        return None
    table, column = found
    number = draw.numeric(table, (column.name,))
    if number is None:
        return None
    functions = [aggregate_name(draw, number)]
    if draw.chance(0.35):
        others = [f for f in ("avg", "max", "min") if f not in functions]
        functions += draw.rng.sample(others, min(len(others), draw.choice((1, 1, 2))))
    limit = condition(draw, table, besides=(column.name, number.name)) if draw.chance(0.2) else None
    rows = subject(draw, table, *([limit] if limit else []))
    words = wording.join_words([aggregate_words(draw, f, number) for f in functions], draw.rng)
    phrase = draw.phrase(table, column)
    question = draw.say(
        "[<show> [each|the] {column} and [the|its] {words} {number} [of|of its|of the] {rows}|"
        "For each {column}, [what is|show|find|return|give] the {words} {number} of [the|its|] {rows}|"
        "What is the {words} {number} of {rows} [for each|per|by|in each] {column}|"
        "<show> the {words} {number} of {rows} [for each|per|grouped by|by|for every] {column}|"
        "{words} {number} of {rows} [per|by] {column}]",
        column=phrase,
        words=words,
        number=draw.phrase(table, number),
        rows=rows.plural,
    )
    ref, target = draw.ref(table, column), draw.ref(table, number)
    shown = [ref, *(f"{f}({target})" for f in functions)]
    return DrawnPair(question, select(shown, quoted(table.name), rows.where, group=ref))


@pattern(0.5, FAMILY)
def count_and_aggregate_per_category(draw: Draw) -> DrawnPair | None:
    """For each country, the number of students and their average age."""
    found = grouped(draw, True)
    number = draw.numeric(found[0], (found[1].name,)) if found else None
    if found is None or number is None:
        return None
    table, column = found
    function = aggregate_name(draw, number)
    question = draw.say(
        "[For each {column}, [show|give|list|find|return|report] the <count> of {rows} and their {word} {number}|"
        "<show> each {column}, [the|its|the corresponding] <count> of {rows}, and the {word} {number}]",
        column=draw.phrase(table, column),
        rows=draw.noun(table)[1],
        word=aggregate_words(draw, function, number),
        number=draw.phrase(table, number),
    )
    ref = draw.ref(table, column)
    shown = [ref, "count(*)", f"{function}({draw.ref(table, number)})"]
    return DrawnPair(question, select(shown, quoted(table.name), group=ref))


@pattern(4.0, FAMILY)
def most_common(draw: Draw) -> DrawnPair | None:
    """The country with the most students, or the fewest, sometimes the top three."""
    found = grouped(draw)
    if found is None:
        return None
    table, column = found
    least, several = draw.chance(0.22), draw.chance(0.2)
    limit = condition(draw, table, besides=(column.name,)) if draw.chance(0.2) else None
    rows = subject(draw, table, *([limit] if limit else []))
    count = draw.choice((2, 3, 3, 4, 5)) if several else 1
    amount = draw.say(
        "[fewest|smallest number of|least number of|lowest number of]"
        if least
        else "[most|most|largest number of|highest number of|greatest number of]"
    )
    rank = draw.say(
        "[least common|least frequent|rarest]" if least else "[most common|most common|most frequent|most popular]"
    )
    phrase = draw.phrase(table, column)
    with_count = draw.chance(0.22)
    if several:
        template = (
            "[What are the {n} {rank} {columns} [of|among|for] {rows}|<show> the {n} {rank} {columns} [of|"
            "among|for] {rows}|Which {n} {columns} have the {amount} {rows}|"
            "<show> the {n} {columns} with the {amount} {rows}]"
        )
    else:
        template = (
            "[Which {column} has the {amount} {rows}|Which {column} has the {amount} {rows}|"
            "What is the {rank} {column} [of|among|for] [all|the|] {rows}|<show> the {rank} {column} [of|"
            "among|for] [all|the|] {rows}|<show> the {column} [with|that has] the {amount} {rows}|"
            "What is the {column} with the {amount} {rows}|Which {column} is the {rank} among {rows}]"
        )
    question = draw.say(
        template,
        n=wording.number_word(count, draw.rng),
        rank=rank,
        amount=amount,
        column=phrase,
        columns=wording.plural(phrase),
        rows=rows.plural,
    )
    if with_count:
        question += draw.say(
            (
                "[, and how many are there|, and how many {rows} [is that|are there]|? [Show|Give|"
                "Return] the {column} and the number of {rows}| and the number of {rows}]"
            ),
            rows=draw.noun(table)[1],
            column=phrase,
        )
    ref = draw.ref(table, column)
    order = "count(*)" if least else "count(*) DESC"
    if least and draw.chance(0.3):
        order = "count(*) ASC"
    shown = [ref, "count(*)"] if with_count else [ref]
    return DrawnPair(question, select(shown, quoted(table.name), rows.where, group=ref, order=order, limit=count))


@pattern(0.8, FAMILY)
def categories_ordered(draw: Draw) -> DrawnPair | None:
    """The countries, ordered by their number of students, with or without the number."""
    found = grouped(draw)
    if found is None:
        return None
    table, column = found
    down, shown_count = draw.chance(0.6), draw.chance(0.5)
    phrase = draw.phrase(table, column)
    _, many = draw.noun(table)
    how = (
        draw.say("<desc>" if down else "<asc>", key=f"number of {many}")
        .replace("by number", "by the number")
        .replace("of number", "of the number")
    )
    wanted = f"the {wording.plural(phrase)} of {many}"
    if shown_count:
        wanted = draw.say(
            "[the {columns} and the number of {rows} in each|the {columns} and the number of {rows} [for|with] each]",
            column=phrase,
            columns=wording.plural(phrase),
            rows=many,
        )
    question = f"{request(draw, wanted)}{draw.choice((' ', ', '))}{how}"
    ref = draw.ref(table, column)
    order = "count(*) DESC" if down else "count(*)"
    return DrawnPair(
        question, select([ref, "count(*)"] if shown_count else [ref], quoted(table.name), group=ref, order=order)
    )


@pattern(0.4, FAMILY)
def count_per_pair(draw: Draw) -> DrawnPair | None:
    """The number of students for each country and major."""
    found = grouped(draw)
    other = draw.category(found[0], (found[1].name,)) if found else None
    if found is None or other is None:
        return None
    table, column = found
    question = draw.say(
        "[How many {rows} are there for each [combination of |]{one} and {two}|"
        "<show> the <count> of {rows} [per|by|for each] {one} "
        "and {two}|For each {one} and {two}, how many {rows} are there|"
        "Count the {rows} for each pair of {one} and {two}]",
        rows=draw.noun(table)[1],
        one=draw.phrase(table, column),
        two=draw.phrase(table, other),
    )
    one, two = draw.ref(table, column), draw.ref(table, other)
    return DrawnPair(question, select([one, two, "count(*)"], quoted(table.name), group=f"{one}, {two}"))
