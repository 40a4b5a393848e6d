"""Two and more tables with grouping: the number of children for each parent, and parents by that number."""

from __future__ import annotations

from collections.abc import Sequence

from finetune.synthesis import wording
from finetune.synthesis.described import DescribedColumn
from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.group_bounds import count_bound
from finetune.synthesis.patterns.lookup import quoted
from finetune.synthesis.patterns.registry import DrawnPair, pattern
from finetune.synthesis.patterns.routes import Route, across, route
from finetune.synthesis.patterns.row_conditions import condition
from finetune.synthesis.patterns.subject import Subject, column_phrases, request, request_one, subject, then_show

FAMILY = "joins"


def downward(draw: Draw) -> tuple[Route, str] | None:
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


def parent_columns(draw: Draw, path: Route, most: int = 3) -> list[DescribedColumn]:
    """The names of the parents, or up to ``most`` other columns."""
    named = draw.naming(path.start)
    if named and draw.chance(0.55):
        return list(named)
    return draw.projection(path.start, draw.width(most))


def owned_columns(draw: Draw, path: Route, columns: Sequence[DescribedColumn], one: str, phrases: Sequence[str]) -> str:
    """Columns with their owner's noun before them: "party names"; "the cities of each party" where no name is shown.

    Without a name or key "party cities and the number of events for each" would mean each city.
    """
    if not any(c in draw.naming(path.start) or c.kind == "key" for c in columns):
        return f"the {wording.join_words(phrases, draw.rng)} of each {one}"
    joined = wording.join_words([wording.plural(phrase) for phrase in phrases], draw.rng)
    said = any(one in phrase for phrase in phrases)
    return draw.say("[the |]{columns}" if said else "[the |all |]{one} {columns}", one=one, columns=joined)


def parent_refs(draw: Draw, path: Route, columns: Sequence[DescribedColumn]) -> list[str]:
    """The parents' columns in SQL."""
    return [draw.ref(path.start, column, True) for column in columns]


def _verb(draw: Draw, path: Route, default: str = "[with|with|that have|having]") -> str:
    """What the parent does to its children: "hosting", else "with"."""
    link = path.links[0]
    usable = len(path.links) == 1 and link.verb and (link.ambiguous or draw.chance(0.45))
    return link.verb if usable else draw.say(default)


@pattern(4.8, FAMILY)
def children_per_parent(draw: Draw) -> DrawnPair | None:
    """The name of each stadium and its number of concerts."""
    drawn = downward(draw)
    if drawn is None:
        return None
    path, key = drawn
    rows = _children(draw, path, filtered=draw.chance(0.15))
    columns = parent_columns(draw, path)
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
        "owned": owned_columns(draw, path, columns, one, phrases),
    }
    question = draw.say(
        "[<show> the {columns} of each {one} and [the|its] <count> of {rows}|"
        "<show> the {columns} of [all|the|] {many} and the <count> of {rows} [for each|each has|they have]|"
        "For each {one}, [show|list|give|find|return] [the|its] {columns} and the <count> of {rows}|"
        "What [is|are] the {columns} of each {one} and [how many {rows} does it have|the number of {rows} it has]|"
        "What are the {columns} and the <count> of {rows} [for|of] each {one}|"
        "<show> {owned} and the [corresponding |]<count> of {rows}[ for each| for each {one}|]|"
        "What are {owned} and how many {rows} does each have|"
        "<show> {owned} [along with|with|and] the corresponding number of {rows}|"
        "<show> each {one}'s {columns} and <count> of {rows}|"
        "<show> the {columns} [of each|for every] {one} [along with|together with] the <count> of [its|"
        "the|corresponding|] {rows}]",
        **slots,
    )
    if draw.chance(0.3 if columns == list(draw.identity(path.start)) else 0.12):
        question = draw.say(
            "[For each {one}, how many {rows} [does it have|are there]|"
            "How many {rows} does each {one} have|How many {rows} are there for each {one}|"
            "<count> of {rows} per {one}|"
            "Count the {rows} of each {one}|How many {rows} per {one}|Find the number of {rows} for each {one}]",
            **slots,
        ) + draw.say(
            ("[||" if columns == list(draw.identity(path.start)) else "[")
            + "? Show {owned} and the count|? List the {columns} and the [number|count]|"
            "? [Give|Return|Find] the {columns} and the number of {rows}]",
            **slots,
        )
    shown = [*parent_refs(draw, path, columns), "count(*)"]
    return DrawnPair(question, select(shown, path.source_sql, rows.where, group=key))


@pattern(3.8, FAMILY)
def parents_with_enough(draw: Draw) -> DrawnPair | None:
    """The stadiums with at least two concerts."""
    drawn = downward(draw)
    if drawn is None:
        return None
    path, key = drawn
    rows = _children(draw, path, filtered=draw.chance(0.1))
    columns = parent_columns(draw, path)
    if rows is None or not columns:
        return None
    operator, bound, number = count_bound(draw, rows.singular, rows.plural)
    one, many = draw.noun(path.start)
    phrases = column_phrases(draw, path.start, columns)
    if columns == list(draw.naming(path.start)) and draw.chance(0.4):
        question = draw.say(
            "[Which {many} have {bound}|Which {many} have {bound}|<show> [the|all|] {many} {verb} {bound}]",
            many=many,
            bound=bound,
            verb=_verb(draw, path),
        )
    elif draw.chance(0.2):
        question = f"Which {many} have {bound}? {then_show(draw, path.start, columns, True)}"
    else:
        joined = wording.join_words([wording.plural(p) for p in phrases], draw.rng)
        wanted = draw.say(
            "the {columns} of [the|all|all the|] {many} {verb} {bound}",
            columns=joined,
            many=many,
            bound=bound,
            verb=_verb(draw, path),
        )
        question = request(draw, wanted, True)
    sql = select(
        parent_refs(draw, path, columns), path.source_sql, rows.where, group=key, having=f"count(*) {operator} {number}"
    )
    return DrawnPair(question, sql)


@pattern(4.2, FAMILY)
def parent_with_most(draw: Draw) -> DrawnPair | None:
    """The stadium with the most concerts, or the fewest, with its columns or the number."""
    drawn = downward(draw)
    if drawn is None:
        return None
    path, key = drawn
    rows = _children(draw, path, filtered=draw.chance(0.15))
    columns = parent_columns(draw, path)
    if rows is None or not columns:
        return None
    least = draw.chance(0.2)
    amount = draw.say(
        "[fewest|smallest number of|least number of|lowest number of]"
        if least
        else "[most|most|most|largest number of|highest number of|greatest number of]"
    )
    one = draw.noun(path.start)[0]
    shown = parent_refs(draw, path, columns)
    phrases = column_phrases(draw, path.start, columns)
    joined = wording.join_words(phrases, draw.rng)
    ending = ""
    if draw.chance(0.2):
        shown.append("count(*)")
        ending = draw.say(
            (
                "[ and the number of {rows}|, and how many are there|, along with the number of {rows}|"
                " and how many {rows} it has]"
            ),
            rows=draw.noun(path.end)[1],
        )
    style = draw.rng.random()
    verb = _verb(draw, path, "[with|with|that has|having]")
    if style < 0.25 and columns == list(draw.identity(path.start)):
        question = draw.say(
            (
                "[Which {one} has the {amount} {rows}|Which {one} has the {amount} {rows}|"
                "What is the {one} {verb} the {amount} {rows}]"
            ),
            one=one,
            amount=amount,
            rows=rows.plural,
            verb=verb,
        )
    elif style < 0.45:
        question = draw.say(
            "Which {one} has the {amount} {rows}? [Show|Give|List|Return|Find|Tell me] [its|the|its] {columns}",
            one=one,
            amount=amount,
            rows=rows.plural,
            columns=joined,
        )
    else:
        question = request_one(draw, columns, f"the {one} {verb} the {amount} {rows.plural}", path.start)
    order = "count(*)" + ("" if least else " DESC")
    return DrawnPair(question + ending, select(shown, path.source_sql, rows.where, group=key, order=order, limit=1))


@pattern(1.0, FAMILY)
def parents_by_count(draw: Draw) -> DrawnPair | None:
    """The stadiums in order of their number of concerts, or the first few."""
    drawn = downward(draw)
    columns = parent_columns(draw, drawn[0]) if drawn else []
    if drawn is None or not columns:
        return None
    path, key = drawn
    down, number = draw.chance(0.7), draw.choice((0, 0, 2, 3, 3, 5, 10))
    _, many = draw.noun(path.start)
    children = draw.noun(path.end)[1]
    joined = wording.join_words([wording.plural(p) for p in column_phrases(draw, path.start, columns)], draw.rng)
    if number:
        amount = draw.say("[most|most|largest number of]" if down else "[fewest|smallest number of]")
        wanted = draw.say(
            "the {columns} of the {n} {many} {verb} the {amount} {children}",
            columns=joined,
            many=many,
            n=wording.number_word(number, draw.rng),
            amount=amount,
            children=children,
            verb=_verb(draw, path),
        )
        question = request(draw, wanted, True)
    else:
        how = draw.say("<desc>" if down else "<asc>", key=f"the number of {children}")
        wanted = draw.say("the {columns} of [all|the|] {many}", columns=joined, many=many)
        question = f"{request(draw, wanted, True)}{draw.choice((' ', ', '))}{how}"
    order = "count(*)" + (" DESC" if down else "")
    return DrawnPair(
        question, select(parent_refs(draw, path, columns), path.source_sql, group=key, order=order, limit=number)
    )
