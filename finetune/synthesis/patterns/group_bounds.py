"""Values of a column chosen by the size or an aggregate of their group."""

from __future__ import annotations

from finetune.synthesis import wording
from finetune.synthesis.patterns.aggregates import aggregate_name, aggregate_words
from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.grouping import grouped
from finetune.synthesis.patterns.lookup import literal, quoted
from finetune.synthesis.patterns.registry import Candidate, pattern

FAMILY = "grouping"

_HAVING = {
    ">": "<over>",
    ">=": "<least>",
    "<": "[fewer than|less than|under]",
    "<=": "[at most|no more than]",
    "=": "[exactly|exactly|only]",
}


def count_threshold(draw: Draw) -> tuple[str, str, int]:
    """A bound on a count: (operator, words, number)."""
    operator = draw.rng.choices((">", ">=", "<", "<=", "="), (40, 38, 9, 5, 8))[0]
    number = draw.choice((1, 1, 2, 2, 2, 3, 3, 4, 5, 6, 8, 10))
    template = "[more than|more than|over]" if operator == ">" else _HAVING[operator]
    number = max(number, 2) if operator in (">=", "<", "<=") else number
    return operator, draw.say(template), number


@pattern(2.8, FAMILY)
def category_with_enough(draw: Draw) -> Candidate | None:
    """The countries with more than two students."""
    found = grouped(draw)
    if found is None:
        return None
    table, column = found
    operator, words, number = count_threshold(draw)
    phrase = draw.phrase(table, column)
    _, many = draw.noun(table)
    question = draw.say(
        "[Which {columns} have {words} {n} {rows}|What are the {columns} [with|that have|of] {words} {n} {rows}|"
        "<show> [the|all|all the] {columns} [with|that have|having|shared by] {words} {n} {rows}|"
        "Which {columns} are shared by {words} {n} {rows}|{columns} with {words} {n} {rows}]",
        columns=wording.plural(phrase),
        words=words,
        n=wording.number_word(number, draw.rng),
        rows=many,
    )
    ref = draw.ref(table, column)
    return Candidate(question, select([ref], quoted(table.name), group=ref, having=f"count(*) {operator} {number}"))


@pattern(0.7, FAMILY)
def category_by_average(draw: Draw) -> Candidate | None:
    """The countries whose students are on average older than 30."""
    found = grouped(draw, True)
    number = draw.numeric(found[0], (found[1].name,)) if found else None
    if found is None or number is None:
        return None
    table, column = found
    function = aggregate_name(draw, number, ("avg", "avg", "sum", "max", "min"))
    low, high = float(number.values[0]), float(number.values[-1])
    bound = round(low + (high - low) * draw.rng.uniform(0.3, 0.7))
    operator, words = draw.choice(((">", "<over>"), ("<", "<under>"), (">=", "<least>")))
    question = draw.say(
        "[Which {columns} have [an|a] {word} {number} of {words} {bound} for their {rows}|"
        "<show> the {columns} [whose|where the] {rows} have [an|a] {word} {number} {words} {bound}|"
        "What are the {columns} with [an|a] {word} {number} of {rows} {words} {bound}|"
        "<show> the {columns} where the {word} {number} of {rows} is {words} {bound}|"
        "For which {columns} is the {word} {number} "
        "of {rows} {words} {bound}]".replace("{words}", words),
        columns=wording.plural(draw.phrase(table, column)),
        word=aggregate_words(draw, function, number).removesuffix(" of the"),
        number=draw.phrase(table, number),
        bound=bound,
        rows=draw.noun(table)[1],
    )
    ref = draw.ref(table, column)
    having = f"{function}({draw.ref(table, number)}) {operator} {literal(bound)}"
    return Candidate(question, select([ref], quoted(table.name), group=ref, having=having))


@pattern(0.8, FAMILY)
def category_of_highest(draw: Draw) -> Candidate | None:
    """The country with the highest average age of students."""
    found = grouped(draw, True)
    number = draw.numeric(found[0], (found[1].name,)) if found else None
    if found is None or number is None:
        return None
    table, column = found
    function = aggregate_name(draw, number, ("avg", "avg", "sum"))
    least = draw.chance(0.3)
    question = draw.say(
        "[Which {column} has the {most} {word} {number} of {rows}|"
        "What is the {column} with the {most} {word} {number} of {rows}|"
        "<show> the {column} [with|that has|having] the {most} {word} {number} [of|of its|across its] {rows}]",
        column=draw.phrase(table, column),
        most=draw.say("[lowest|smallest]" if least else "[highest|highest|largest|greatest]"),
        word=aggregate_words(draw, function, number).removesuffix(" of the"),
        number=draw.phrase(table, number),
        rows=draw.noun(table)[1],
    )
    ref = draw.ref(table, column)
    order = f"{function}({draw.ref(table, number)})" + ("" if least else " DESC")
    return Candidate(question, select([ref], quoted(table.name), group=ref, order=order, limit=1))
