"""Two and more tables with grouping: the number or the average of children for each parent, and parents by that number."""

from __future__ import annotations

from collections.abc import Sequence

from finetune.synthesis import wording
from finetune.synthesis.described import DescribedColumn
from finetune.synthesis.patterns.aggregates import aggregate_name, aggregate_words
from finetune.synthesis.patterns.conditions import condition
from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.grouping import count_threshold
from finetune.synthesis.patterns.lookup import quoted
from finetune.synthesis.patterns.registry import Candidate, pattern
from finetune.synthesis.patterns.routes import Route, across, route
from finetune.synthesis.patterns.subject import Subject, column_phrases, request, request_one, subject

FAMILY = "joins"


def _downward(draw: Draw) -> tuple[Route, str] | None:
    """A parent with its children, directly or over a junction, and the parent's key in SQL."""
    path = across(draw) if draw.chance(0.2) else route(draw, 1, upward=False, junctions=draw.chance(0.15))
    if path is None or any(link.ambiguous and not link.verb for link in path.links):
        return None
    key = draw.key(path.start)
    return (path, f"{quoted(path.start.name)}.{key}") if key else None


def _children(draw: Draw, path: Route, *, filtered: bool = False) -> Subject | None:
    found = condition(draw, path.end, True) if filtered else None
    if filtered and found is None:
        return None
    return subject(draw, path.end, *([found] if found else []))


def _parent_columns(draw: Draw, path: Route, most: int = 2) -> list[DescribedColumn]:
    named = draw.identity(path.start)
    if named and draw.chance(0.55):
        return list(named)
    return draw.projection(path.start, draw.choice((1,) * 3 + (most,)))


def _refs(draw: Draw, path: Route, columns: Sequence[DescribedColumn]) -> list[str]:
    return [draw.ref(path.start, column, True) for column in columns]


def _verb(draw: Draw, path: Route, default: str = "[with|with|that have|having]") -> str:
    """What the parent does to its children: "hosting", else "with"."""
    link = path.links[0]
    usable = len(path.links) == 1 and link.verb and (link.ambiguous or draw.chance(0.45))
    return link.verb if usable else draw.say(default)


@pattern(3.4, FAMILY)
def children_per_parent(draw: Draw) -> Candidate | None:
    """The name of each stadium and its number of concerts."""
    drawn = _downward(draw)
    if drawn is None:
        return None
    path, key = drawn
    rows = _children(draw, path, filtered=draw.chance(0.15))
    columns = _parent_columns(draw, path)
    if rows is None or not columns:
        return None
    one, many = draw.noun(path.start)
    phrases = column_phrases(draw, path.start, columns)
    slots = {
        "columns": wording.join_words(phrases, draw.rng),
        "one": one,
        "many": many,
        "rows": rows.plural,
        "verb": _verb(draw, path, "[with|for]"),
    }
    question = draw.say(
        "[<show> the {columns} of each {one} and [the|its] <count> of {rows}|"
        "<show> the {columns} of [all|the|] {many} and the <count> of {rows} [for each|each has|they have]|"
        "For each {one}, [show|list|give|find|return] [the|its] {columns} and the <count> of {rows}|"
        "What [is|are] the {columns} of each {one} and [how many {rows} does it have|the number of {rows} it has]|"
        "What are the {columns} and the <count> of {rows} [for|of] each {one}|"
        "<show> each {one}'s {columns} and <count> of {rows}|"
        "<show> the {columns} [of each|for every] {one} [along with|together with] the <count> of [its|the|corresponding|] {rows}]",
        **slots,
    )
    if columns == list(draw.identity(path.start)) and draw.chance(0.3):
        question = draw.say(
            "[How many {rows} does each {one} have|How many {rows} are there for each {one}|<count> of {rows} per {one}|"
            "Count the {rows} of each {one}|How many {rows} per {one}|Find the number of {rows} for each {one}]",
            **slots,
        ) + draw.say("[|? Show the {one} {columns} and the count|? List the {columns} and the number]", **slots)
    shown = [*_refs(draw, path, columns), "count(*)"]
    return Candidate(question, select(shown, path.source_sql, rows.where, group=key))


@pattern(2.3, FAMILY)
def parents_with_enough(draw: Draw) -> Candidate | None:
    """The stadiums with at least two concerts."""
    drawn = _downward(draw)
    if drawn is None:
        return None
    path, key = drawn
    rows = _children(draw, path, filtered=draw.chance(0.1))
    columns = _parent_columns(draw, path)
    if rows is None or not columns:
        return None
    operator, words, number = count_threshold(draw)
    one, many = draw.noun(path.start)
    phrases = column_phrases(draw, path.start, columns)
    bound = f"{words} {wording.number_word(number, draw.rng)} {rows.plural if number > 1 or operator == '<' else rows.singular}"
    if columns == list(draw.identity(path.start)) and draw.chance(0.4):
        question = draw.say("[Which {many} have {bound}|Which {many} have {bound}|<show> [the|all|] {many} {verb} {bound}]", many=many, bound=bound, verb=_verb(draw, path))
    else:
        joined = wording.join_words([wording.plural(p) for p in phrases], draw.rng)
        wanted = draw.say("the {columns} of [the|all|all the|] {many} {verb} {bound}", columns=joined, many=many, bound=bound, verb=_verb(draw, path))
        question = request(draw, wanted, True)
    sql = select(_refs(draw, path, columns), path.source_sql, rows.where, group=key, having=f"count(*) {operator} {number}")
    return Candidate(question, sql)


@pattern(3.1, FAMILY)
def parent_with_most(draw: Draw) -> Candidate | None:
    """The stadium with the most concerts, or the fewest, with its columns or the number."""
    drawn = _downward(draw)
    if drawn is None:
        return None
    path, key = drawn
    rows = _children(draw, path, filtered=draw.chance(0.15))
    columns = _parent_columns(draw, path)
    if rows is None or not columns:
        return None
    least = draw.chance(0.2)
    amount = draw.say("[fewest|smallest number of|least number of|lowest number of]" if least else "[most|most|most|largest number of|highest number of|greatest number of]")
    one = draw.noun(path.start)[0]
    shown = _refs(draw, path, columns)
    phrases = column_phrases(draw, path.start, columns)
    joined = wording.join_words(phrases, draw.rng)
    ending = ""
    if draw.chance(0.2):
        shown.append("count(*)")
        ending = draw.say("[ and the number of {rows}|, and how many are there|, along with the number of {rows}| and how many {rows} it has]", rows=draw.noun(path.end)[1])
    style = draw.rng.random()
    verb = _verb(draw, path, "[with|with|that has|having]")
    if style < 0.25 and columns == list(draw.identity(path.start)):
        question = draw.say("[Which {one} has the {amount} {rows}|Which {one} has the {amount} {rows}|What is the {one} {verb} the {amount} {rows}]", one=one, amount=amount, rows=rows.plural, verb=verb)
    elif style < 0.45:
        question = draw.say("Which {one} has the {amount} {rows}? [Show|Give|List|Return|Find|Tell me] [its|the|its] {columns}", one=one, amount=amount, rows=rows.plural, columns=joined)
    else:
        question = request_one(draw, columns, f"the {one} {verb} the {amount} {rows.plural}", path.start)
    order = "count(*)" + ("" if least else " DESC")
    return Candidate(question + ending, select(shown, path.source_sql, rows.where, group=key, order=order, limit=1))


@pattern(1.0, FAMILY)
def parents_by_count(draw: Draw) -> Candidate | None:
    """The stadiums in order of their number of concerts, or the first few."""
    drawn = _downward(draw)
    columns = _parent_columns(draw, drawn[0]) if drawn else []
    if drawn is None or not columns:
        return None
    path, key = drawn
    down, number = draw.chance(0.7), draw.choice((0, 0, 2, 3, 3, 5, 10))
    _, many = draw.noun(path.start)
    children = draw.noun(path.end)[1]
    joined = wording.join_words([wording.plural(p) for p in column_phrases(draw, path.start, columns)], draw.rng)
    if number:
        amount = draw.say("[most|most|largest number of]" if down else "[fewest|smallest number of]")
        wanted = draw.say("the {columns} of the {n} {many} {verb} the {amount} {children}", columns=joined, many=many, n=wording.number_word(number, draw.rng), amount=amount, children=children, verb=_verb(draw, path))
        question = request(draw, wanted, True)
    else:
        how = draw.say("<desc>" if down else "<asc>", key=f"the number of {children}")
        question = f"{request(draw, draw.say('the {columns} of [all|the|] {many}', columns=joined, many=many), True)}{draw.choice((' ', ', '))}{how}"
    order = "count(*)" + (" DESC" if down else "")
    return Candidate(question, select(_refs(draw, path, columns), path.source_sql, group=key, order=order, limit=number))


@pattern(2.3, FAMILY)
def aggregate_per_parent(draw: Draw) -> Candidate | None:
    """For each stadium, the average attendance of its concerts; or the stadium where it is highest."""
    drawn = _downward(draw)
    if drawn is None:
        return None
    path, key = drawn
    number, columns = draw.numeric(path.end), _parent_columns(draw, path, 1)
    if number is None or not columns:
        return None
    function = aggregate_name(draw, number, ("avg", "avg", "sum", "sum", "max", "min"))
    one = draw.noun(path.start)[0]
    value = f"{function}({draw.ref(path.end, number, True)})"
    shown = _refs(draw, path, columns)
    slots = {
        "columns": wording.join_words(column_phrases(draw, path.start, columns), draw.rng),
        "one": one,
        "word": aggregate_words(draw, function, number),
        "number": draw.phrase(path.end, number),
        "rows": draw.noun(path.end)[1],
    }
    if draw.chance(0.35) and function in ("avg", "sum"):
        least = draw.chance(0.25)
        row = draw.say("the {one} [with|that has|having] the {most} {word} {number} [of|of its|across its] {rows}", most=draw.say("[lowest|smallest]" if least else "[highest|largest|greatest]"), **{**slots, "word": slots["word"].removesuffix(" of the")})
        order = value + ("" if least else " DESC")
        return Candidate(request_one(draw, columns, row, path.start), select(shown, path.source_sql, group=key, order=order, limit=1))
    question = draw.say(
        "[<show> the {columns} of each {one} and the {word} {number} of [its|the|their] {rows}|"
        "For each {one}, [show|find|give|return|list] [the|its] {columns} and the {word} {number} of [its|the] {rows}|"
        "What [is|are] the {columns} of each {one} and the {word} {number} of [its|the] {rows}|"
        "<show> each {one}'s {columns} [and|along with] the {word} {number} of [its|] {rows}]",
        **slots,
    )
    if columns == list(draw.identity(path.start)) and draw.chance(0.3):
        question = draw.say("[What is the {word} {number} of {rows} [for each|per|by] {one}|{word} {number} of {rows} per {one}|<show> the {word} {number} of {rows} [for each|by|per] {one}]", **slots)
    return Candidate(question, select([*shown, value], path.source_sql, group=key))


@pattern(1.7, FAMILY)
def count_per_related_category(draw: Draw) -> Candidate | None:
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
        question = draw.say("[Which {one} {column} has the most {rows}|What is the {column} of {one} with the [most|largest number of] {rows}|<show> the {one} {column} with the [most|highest number of] {rows}]", **slots)
        return Candidate(question, select([ref], path.source_sql, group=ref, order="count(*) DESC", limit=1))
    question = draw.say(
        "[How many {rows} are there for each {one} {column}|<show> each {one} {column} and the <count> of {rows}|"
        "For each {column} of {one}, how many {rows} are there|Count the {rows} [by|per] {one} {column}|"
        "<show> the <count> of {rows} [per|by|for each] {one} {column}|What is the number of {rows} for each {column} of the {one}]",
        **slots,
    )
    return Candidate(question, select([ref, "count(*)"], path.source_sql, group=ref))


@pattern(0.9, FAMILY)
def aggregate_per_related_category(draw: Draw) -> Candidate | None:
    """The average attendance of concerts for each country of stadiums."""
    path = route(draw, 1, upward=True, start=draw.numeric, end=draw.category)
    column = draw.category(path.end) if path else None
    number = draw.numeric(path.start) if path else None
    if path is None or column is None or number is None or path.links[0].ambiguous:
        return None
    function = aggregate_name(draw, number, ("avg", "avg", "sum", "max"))
    question = draw.say(
        "[<show> each {one} {column} and the {word} {number} of [the|its] {rows}|For each {one} {column}, [show|find|what is] the {word} "
        "{number} of {rows}|What is the {word} {number} of {rows} [for each|per|by] {one} {column}]",
        one=draw.noun(path.end)[0],
        column=draw.phrase(path.end, column),
        word=aggregate_words(draw, function, number),
        number=draw.phrase(path.start, number),
        rows=draw.noun(path.start)[1],
    )
    ref = draw.ref(path.end, column, True)
    return Candidate(question, select([ref, f"{function}({draw.ref(path.start, number, True)})"], path.source_sql, group=ref))
