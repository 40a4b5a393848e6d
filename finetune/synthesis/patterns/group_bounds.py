"""Values of a column chosen by the size or an aggregate of their group."""

from __future__ import annotations

from finetune.synthesis import wording
from finetune.synthesis.patterns.aggregates import aggregate_name, aggregate_words
from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.grouping import grouped
from finetune.synthesis.patterns.lookup import literal, quoted
from finetune.synthesis.patterns.registry import DrawnPair, pattern

FAMILY = "grouping"

_HAVING = {
    ">": "<over>",
    ">=": "[at least|at least|at least|no less than|no fewer than]",
    "<": "[fewer than|less than|under]",
    "<=": "[at most|no more than]",
    "=": "[exactly|exactly|only]",
}


def count_threshold(draw: Draw) -> tuple[str, str, int]:
    """A bound on a count: (operator, words, number)."""
    operator = draw.rng.choices((">", ">=", "<", "<=", "="), (36, 34, 10, 8, 12))[0]
    number = draw.choice((1, 1, 2, 2, 2, 3, 3, 4, 5, 6, 8, 10))
    template = "[more than|more than|over]" if operator == ">" else _HAVING[operator]
    number = max(number, 2) if operator in (">=", "<", "<=") else number
    return operator, draw.say(template), number


def count_bound(draw: Draw, one: str, many: str) -> tuple[str, str, int]:
    """A bound on a number of rows, said of those rows: (operator, "two or more students", number)."""
    operator, words, number = count_threshold(draw)
    said = wording.number_word(number, draw.rng, 0.5)
    style = draw.rng.random()
    if operator == ">" and number == 1 and style < 0.5:
        return operator, draw.say("more than [a single|one|one] {one}", one=one), number
    if operator == ">=" and style < 0.4:
        return operator, f"{said} or more {many}", number
    if operator == ">=" and style < 0.5:
        return operator, f"no fewer than {said} {many}", number
    if operator == "<=" and style < 0.5:
        return operator, draw.say("[{n} or fewer|not more than {n}|up to {n}] {many}", n=said, many=many), number
    return operator, f"{words} {said} {many if number > 1 else one}", number


@pattern(2.8, FAMILY)
def category_with_enough(draw: Draw) -> DrawnPair | None:
    """The countries with more than two students."""
    found = grouped(draw)
    if found is None:
        return None
    table, column = found
    one, many = draw.noun(table)
    operator, bound, number = count_bound(draw, one, many)
    phrase = draw.phrase(table, column)
    question = draw.say(
        "[Which {columns} have {bound}|What are the {columns} [with|that have|of] {bound}|"
        "<show> [the|all|all the] {columns} [with|that have|having|shared by] {bound}|"
        "Which {columns} are shared by {bound}|{columns} with {bound}|"
        "What are the {columns} for which there are {bound}]",
        columns=wording.plural(phrase),
        bound=bound,
    )
    ref = draw.ref(table, column)
    return DrawnPair(question, select([ref], quoted(table.name), group=ref, having=f"count(*) {operator} {number}"))


@pattern(0.7, FAMILY)
def category_by_average(draw: Draw) -> DrawnPair | None:
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
    amount = {">": "[more than|over]", "<": "[less than|under]", ">=": "at least"}[operator]
    question = draw.say(
        "[Which {columns} have {word} {number} of {amount} {bound} for their {rows}|"
        "<show> the {columns} [whose|where the] {rows} have {word} {number} {words} {bound}|"
        "What are the {columns} with {word} {number} of {rows} {words} {bound}|"
        "<show> the {columns} with {word} {number} of {rows} {words} {bound}|"
        "For which {columns} do {rows} have {word} {number} of {amount} {bound}]".replace("{words}", words).replace(
            "{amount}", amount
        ),
        columns=wording.plural(draw.phrase(table, column)),
        word=wording.with_article(aggregate_words(draw, function, number).removesuffix(" of the")),
        number=draw.phrase(table, number),
        bound=bound,
        rows=draw.noun(table)[1],
    )
    ref = draw.ref(table, column)
    having = f"{function}({draw.ref(table, number)}) {operator} {literal(bound)}"
    return DrawnPair(question, select([ref], quoted(table.name), group=ref, having=having))


@pattern(0.8, FAMILY)
def category_of_highest(draw: Draw) -> DrawnPair | None:
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
    return DrawnPair(question, select([ref], quoted(table.name), group=ref, order=order, limit=1))
