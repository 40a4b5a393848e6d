"""Plain questions about any column, for a user's own database: people ask these of real tables, however odd.

They are not in the register: there the shapes of training data are weighed against each other.
"""

from __future__ import annotations

from collections.abc import Callable

from finetune.synthesis import wording
from finetune.synthesis.patterns.aggregates import aggregate_words
from finetune.synthesis.patterns.counted_joins import downward
from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.grouping import grouped
from finetune.synthesis.patterns.lookup import quoted
from finetune.synthesis.patterns.registry import DrawnPair, Pattern
from finetune.synthesis.patterns.routes import route
from finetune.synthesis.patterns.subject import columns_of, request, subject

FAMILY = "plain columns"


def column_in_its_order(draw: Draw) -> DrawnPair | None:
    """The names of students in alphabetical order, all or the different ones."""
    table = draw.table()
    columns = draw.projection(table, 1) if table else []
    if table is None or not columns:
        return None
    distinct, down = draw.chance(0.3), draw.chance(0.4)
    text = any(isinstance(value, str) for value in columns[0].values[:1])
    how = draw.say(
        "[in descending order|in reverse order]" if down
        else "[in alphabetical order|in lexicographic order|alphabetically]" if text
        else "[in ascending order|from lowest to highest]"
    )  # fmt: skip
    asked = request(draw, *columns_of(draw, columns, subject(draw, table), distinct))
    ref = draw.ref(table, columns[0])
    order = ref + (" DESC" if down else "")
    return DrawnPair(f"{asked} {how}", select([ref], quoted(table.name), distinct=distinct, order=order))


def columns_in_any_order(draw: Draw) -> DrawnPair | None:
    """One to three columns in the order of any other, text or number, or, as in a third of people's, of the first."""
    table = draw.table(lambda t: len(t.columns) > 1)
    if table is None:
        return None
    columns = draw.projection(table, draw.choice((1, 1, 2, 2, 3)))
    by_first = draw.as_people_ask and not draw.chance(0.65)
    key = next(iter(columns if by_first else draw.projection(table, 1)), None)
    if not columns or key is None:
        return None
    down = draw.chance(0.4)
    how = draw.say("<desc>" if down else "<asc>", key=draw.phrase(table, key))
    asked = request(draw, *columns_of(draw, columns, subject(draw, table)))
    order = draw.ref(table, key) + (" DESC" if down else "")
    return DrawnPair(f"{asked} {how}", select([draw.ref(table, c) for c in columns], quoted(table.name), order=order))


def aggregates_per_category(draw: Draw) -> DrawnPair | None:
    """For each country two or three of the number, the average, the least and the most."""
    found = grouped(draw, True)
    number = draw.numeric(found[0], (found[1].name,)) if found else None
    if found is None or number is None:
        return None
    table, column = found
    functions = draw.rng.sample(("count", "avg", "min", "max", "sum"), draw.choice((2, 2, 3)))
    ref, measured = draw.ref(table, column), draw.ref(table, number)
    shown = ["count(*)" if f == "count" else f"{f}({measured})" for f in functions]
    one, many = draw.noun(table)
    words = [
        f"number of {many}" if f == "count" else f"{aggregate_words(draw, f, number)} {draw.phrase(table, number)}"
        for f in functions
    ]
    question = draw.say(
        "[For each {column}, <show> the {words} of {many}|<show> the {words} of {many} [for each|per|by] {column}|"
        "What are the {words} of {many} for each {column}]",
        column=draw.phrase(table, column), words=wording.join_words(words, draw.rng), many=many,
    )  # fmt: skip
    return DrawnPair(question, select([*shown, ref], quoted(table.name), group=ref))


def distinct_counts(draw: Draw) -> DrawnPair | None:
    """How many different majors and cities are there?"""
    table = draw.table(lambda t: len(t.columns) > 2)
    columns = draw.projection(table, draw.choice((1, 2))) if table else []
    if table is None or not columns:
        return None
    phrases = [wording.plural(draw.phrase(table, column)) for column in columns]
    question = draw.say(
        "[How many different {columns} [are there|do {many} have]|<show> the number of [different|distinct] {columns} "
        "of {many}|Count the different {columns} of {many}]",
        columns=wording.join_words(phrases, draw.rng), many=draw.noun(table)[1],
    )  # fmt: skip
    return DrawnPair(question, select([f"count(DISTINCT {draw.ref(table, c)})" for c in columns], quoted(table.name)))


def distinct_count_per_category(draw: Draw) -> DrawnPair | None:
    """For each country the number of different majors."""
    found = grouped(draw)
    columns = draw.projection(found[0], 1, (found[1].name,)) if found else []
    if found is None or not columns:
        return None
    table, column = found
    question = draw.say(
        "[How many different {counted} [are there for|does] each {column} [|have]|"
        "<show> the number of [different|distinct] {counted} [for each|per|by] {column} of {many}]",
        counted=wording.plural(draw.phrase(table, columns[0])), column=draw.phrase(table, column),
        many=draw.noun(table)[1],
    )  # fmt: skip
    ref = draw.ref(table, column)
    return DrawnPair(
        question, select([ref, f"count(DISTINCT {draw.ref(table, columns[0])})"], quoted(table.name), group=ref)
    )


def distinct_columns(draw: Draw) -> DrawnPair | None:
    """The different pairs of two columns."""
    table = draw.table(lambda t: len(t.columns) > 1)
    columns = draw.projection(table, 2) if table else []
    if table is None or len(columns) < 2:
        return None
    asked = request(draw, *columns_of(draw, columns, subject(draw, table), distinct=True))
    return DrawnPair(asked, select([draw.ref(table, c) for c in columns], quoted(table.name), distinct=True))


def distinct_of_parents(draw: Draw) -> DrawnPair | None:
    """The different names of customers with accounts; columns of both in the order of one."""
    path = route(draw, draw.choice((1, 1, 2)), junctions=True)
    if path is None or any(link.ambiguous and not link.verb for link in path.links):
        return None
    columns = draw.projection(path.start, draw.choice((1, 1, 2, 3)))
    others = draw.projection(path.end, 1) if draw.chance(0.6) else []
    if not columns:
        return None
    refs = [draw.ref(path.start, c, True) for c in columns] + [draw.ref(path.end, c, True) for c in others]
    phrases = [wording.plural(draw.phrase(path.start, c)) for c in columns]
    of_end = [wording.plural(draw.phrase(path.end, c)) for c in others]
    wanted = f"the {wording.join_words(phrases, draw.rng)} of {draw.noun(path.start)[1]}"
    if others:
        wanted += f" and the {of_end[0]} of their {draw.noun(path.end)[1]}"
        key = draw.choice((path.start, path.end))
        column = next(iter(draw.projection(key, 1)), None)
        if column is None:
            return None
        down = draw.chance(0.4)
        how = draw.say("<desc>" if down else "<asc>", key=draw.phrase(key, column))
        order = draw.ref(key, column, True) + (" DESC" if down else "")
        return DrawnPair(f"{request(draw, wanted, True)} {how}", select(refs, path.source_sql, order=order))
    distinct = draw.chance(0.6)
    wanted = f"the {'different ' if distinct else ''}{wanted.removeprefix('the ')} with {draw.noun(path.end)[1]}"
    return DrawnPair(request(draw, wanted, True), select(refs, path.source_sql, distinct=distinct))


def counted_parents(draw: Draw) -> DrawnPair | None:
    """The id and name of each stadium with its number of concerts, in the order of that number; or the first alone."""
    drawn = downward(draw)
    columns = draw.projection(drawn[0].start, draw.choice((1, 2, 2, 3))) if drawn else []
    if drawn is None or not columns:
        return None
    path, key = drawn
    one, rows = draw.noun(path.start)[0], draw.noun(path.end)[1]
    joined = wording.join_words([draw.phrase(path.start, column) for column in columns], draw.rng)
    down, shown = draw.chance(0.6), [draw.ref(path.start, column, True) for column in columns]
    counted = draw.chance(0.6)
    style = draw.choice(("all", "all", "order", "first"))
    if style == "first":
        amount = draw.say("[most|largest number of]" if down else "[fewest|smallest number of]")
        question = request(draw, f"the {joined} of the {one} with the {amount} {rows}", len(columns) > 1)
        question += draw.say("[ and that number|, and how many they are]") if counted else ""
    else:
        counted = counted or style == "all"
        number = f" and the number of {rows}" if counted else ""
        question = request(draw, f"the {joined} of each {one}{number}", True)
    if style == "order":
        question += " " + draw.say("<desc>" if down else "<asc>", key=f"the number of {rows}")
    order = "" if style == "all" else "count(*)" + (" DESC" if down else "")
    shown += ["count(*)"] if counted else []
    return DrawnPair(question, select(shown, path.source_sql, group=key, order=order, limit=int(style == "first")))


def two_measures_per_category(draw: Draw) -> DrawnPair | None:
    """For each year the highest price and the highest score."""
    found = grouped(draw, True)
    first = draw.numeric(found[0], (found[1].name,)) if found else None
    second = draw.numeric(found[0], (found[1].name, first.name)) if found and first else None
    if found is None or first is None or second is None:
        return None
    table, column = found
    function = draw.choice(("avg", "max", "min", "sum"))
    word = aggregate_words(draw, function, first)
    question = draw.say(
        "[<show> the {word} {one} and {two} of {many} [for each|per|by|in each] {column}|"
        "For each {column}, <show> the {word} {one} and {two} of {many}]",
        word=word, one=draw.phrase(table, first), two=draw.phrase(table, second), many=draw.noun(table)[1],
        column=draw.phrase(table, column),
    )  # fmt: skip
    ref = draw.ref(table, column)
    shown = [f"{function}({draw.ref(table, first)})", f"{function}({draw.ref(table, second)})", ref]
    return DrawnPair(question, select(shown, quoted(table.name), group=ref))


def everything_in_order(draw: Draw) -> DrawnPair | None:
    """All about the students, in alphabetical order of their names."""
    table = draw.table()
    key = next(iter(draw.projection(table, 1)), None) if table else None
    if table is None or key is None:
        return None
    down = draw.chance(0.3)
    how = draw.say("<desc>" if down else "<asc>", key=draw.phrase(table, key))
    question = draw.say("<show> all the information about {many} ", many=draw.noun(table)[1]) + how
    return DrawnPair(question, select("*", quoted(table.name), order=draw.ref(table, key) + (" DESC" if down else "")))


_DRAWS: tuple[tuple[float, Callable[[Draw], DrawnPair | None]], ...] = (
    (2.0, column_in_its_order), (2.0, columns_in_any_order), (2.0, aggregates_per_category), (1.0, distinct_counts),
    (2.0, counted_parents), (1.0, two_measures_per_category), (0.3, everything_in_order),
    (0.7, distinct_count_per_category), (0.7, distinct_columns), (2.0, distinct_of_parents),
)  # fmt: skip
PLAIN_PATTERNS = tuple(Pattern(draw.__name__, FAMILY, weight, draw) for weight, draw in _DRAWS)
