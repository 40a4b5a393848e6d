"""Two and more tables: columns of one with conditions on another, and columns of both."""

from __future__ import annotations

from finetune.synthesis import wording
from finetune.synthesis.described import DescribedColumn
from finetune.synthesis.patterns.aggregates import aggregate_name, aggregate_words
from finetune.synthesis.patterns.counts_of_rows import ask_count
from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.registry import DrawnPair, pattern
from finetune.synthesis.patterns.routes import Route, any_route, related, route
from finetune.synthesis.patterns.row_conditions import condition
from finetune.synthesis.patterns.subject import Condition, columns_of, request, request_columns, request_one, subject
from finetune.synthesis.patterns.superlatives import superlative

FAMILY = "joins"


def route_refs(draw: Draw, path: Route, columns: list[DescribedColumn], end: bool = False) -> list[str]:
    """Columns of the route's start, or of its end, in SQL."""
    return [draw.ref(path.end if end else path.start, column, True) for column in columns]


def _related_columns(draw: Draw, path: Route | None, count: int, own_condition: bool = False) -> DrawnPair | None:
    """Columns of the route's start, restricted by its end."""
    found = related(draw, path) if path else None
    if path is None or found is None:
        return None
    outer, _ = found
    own = condition(draw, path.start, True) if own_condition else None
    if own_condition and own is None:
        return None
    named = draw.identity(path.start)
    besides = own.columns if own else ()
    columns = list(named) if named and count == 1 and draw.chance(0.45) else draw.projection(path.start, count, besides)
    if not columns:
        return None
    rows = subject(draw, path.start, *([own] if own else []), outer)
    distinct = not path.unique and draw.chance(0.45)
    sql = select(route_refs(draw, path, columns), path.source_sql, rows.where, distinct=distinct)
    return DrawnPair(request_columns(draw, columns, rows, distinct), sql)


@pattern(4.4, FAMILY)
def child_of_parent(draw: Draw) -> DrawnPair | None:
    """The names of concerts held at stadiums in France."""
    return _related_columns(draw, route(draw, 1, upward=True), draw.width())


@pattern(3.9, FAMILY)
def parent_of_child(draw: Draw) -> DrawnPair | None:
    """The names of stadiums hosting concerts in 2014."""
    return _related_columns(draw, route(draw, 1, upward=False), draw.width())


@pattern(4.7, FAMILY)
def far_condition(draw: Draw) -> DrawnPair | None:
    """Columns restricted over a junction or several tables."""
    return _related_columns(draw, any_route(draw), draw.width())


@pattern(1.8, FAMILY)
def two_tables_two_conditions(draw: Draw) -> DrawnPair | None:
    """The names of concerts in 2014 held at stadiums in France."""
    return _related_columns(draw, any_route(draw), draw.width(), own_condition=True)


@pattern(3.4, FAMILY)
def count_related(draw: Draw) -> DrawnPair | None:
    """How many concerts were held at stadiums in France?"""
    path = route(draw, 1, upward=True) if draw.chance(0.7) else route(draw, 2, upward=True)
    found = related(draw, path) if path else None
    if path is None or found is None:
        return None
    rows = subject(draw, path.start, found[0])
    question = ask_count(draw, rows)
    if len(path.links) == 1 and not path.links[0].ambiguous and draw.chance(0.3):
        owner = subject(draw, path.end, found[1])
        named = found[1].columns == tuple(c.name for c in draw.identity(path.end))
        question = draw.say(
            "How many {children} [does|does] the {one} have"
            if named
            else "How many {children} do {many} have[ in total||]",
            children=draw.noun(path.start)[1],
            one=owner.singular,
            many=owner.plural,
        )
    return DrawnPair(question, select("count(*)", path.source_sql, rows.where))


@pattern(1.2, FAMILY)
def count_distinct_related(draw: Draw) -> DrawnPair | None:
    """How many different stadiums host concerts in 2014?"""
    path = any_route(draw)
    found = related(draw, path) if path else None
    key = draw.key(path.start) if path else None
    if path is None or found is None or key is None or path.unique:
        return None
    rows = subject(draw, path.start, found[0])
    question = draw.say(
        "[How many <distinct> {rows} are there|Count the <distinct> {rows}|What is the number of <distinct> {rows}|"
        "Find the number of <distinct> {rows}|How many <distinct> {rows}]",
        rows=rows.plural,
    )
    shown = f"count(DISTINCT {draw.ref(path.start, _key_column(path, key), True)})"
    return DrawnPair(question, select(shown, path.source_sql, rows.where))


def _key_column(path: Route, key: str) -> DescribedColumn:
    return next(c for c in path.start.columns if c.name == key.strip('"'))


@pattern(2.6, FAMILY)
def aggregate_related(draw: Draw) -> DrawnPair | None:
    """The average attendance of concerts held at stadiums in France."""
    path = (
        route(draw, 1, upward=True, start=draw.numeric)
        if draw.chance(0.75)
        else route(draw, 2, upward=True, start=draw.numeric)
    )
    column = draw.measured(path.start) if path else None
    found = related(draw, path) if path else None
    if path is None or column is None or found is None:
        return None
    function = aggregate_name(draw, column, ("avg", "avg", "sum", "sum", "max", "min"))
    rows = subject(draw, path.start, found[0])
    wanted = draw.say(
        "the {word} {column} [of|of|for|across] [all|the|] {rows}",
        word=aggregate_words(draw, function, column),
        column=draw.phrase(path.start, column),
        rows=rows.plural,
    )
    shown = f"{function}({draw.ref(path.start, column, True)})"
    return DrawnPair(request(draw, wanted, False), select(shown, path.source_sql, rows.where))


@pattern(2.1, FAMILY)
def distinct_related(draw: Draw) -> DrawnPair | None:
    """The different genres of artists performing at stadiums in France."""
    path = any_route(draw)
    column = draw.category(path.start) if path else None
    found = related(draw, path) if path else None
    if path is None or column is None or found is None:
        return None
    rows = subject(draw, path.start, found[0])
    sql = select([draw.ref(path.start, column, True)], path.source_sql, rows.where, distinct=True)
    return DrawnPair(request_columns(draw, [column], rows, distinct=True), sql)


@pattern(1.6, FAMILY)
def related_in_order(draw: Draw) -> DrawnPair | None:
    """The names of concerts held at stadiums in France, in order of attendance."""
    path = route(draw, 1, upward=True, start=draw.numeric)
    key = draw.measured(path.start) if path else None
    found = related(draw, path) if path else None
    columns = draw.projection(path.start, draw.width(), (key.name,)) if path and key else []
    if path is None or key is None or found is None or not columns:
        return None
    down = draw.chance(0.5)
    rows = subject(draw, path.start, found[0])
    question = request(draw, *columns_of(draw, columns, rows)) + draw.say(
        ", <desc>" if down else ", <asc>", key=draw.phrase(path.start, key)
    )
    order = draw.ref(path.start, key, True) + (" DESC" if down else "")
    return DrawnPair(question, select(route_refs(draw, path, columns), path.source_sql, rows.where, order=order))


@pattern(2.6, FAMILY)
def owner_of_extreme(draw: Draw) -> DrawnPair | None:
    """The name of the stadium hosting the concert with the highest attendance."""
    path = any_route(draw, end=draw.numeric)
    found = superlative(draw, path.end) if path else None
    if path is None or found is None or path.unique and draw.chance(0.3):
        return None
    named = draw.identity(path.start)
    columns = list(named) if named and draw.chance(0.5) else draw.projection(path.start, draw.width())
    one = draw.noun(path.end)[0]
    target = f"the {found.before} {one} {found.after.replace('<have>', 'has')}".replace("  ", " ").strip()
    row = (
        f"the {draw.noun(path.start)[0]} {path.describe(draw, target).replace('<have>', 'has').replace('<are>', 'is')}"
    )
    order = found.order(draw.ref(path.end, found.column, True))
    sql = select(route_refs(draw, path, columns), path.source_sql, order=order, limit=1)
    return DrawnPair(request_one(draw, columns, row, path.start), sql)


@pattern(1.6, FAMILY)
def extreme_among_related(draw: Draw) -> DrawnPair | None:
    """The name of the concert held at stadiums in France with the highest attendance."""
    path = route(draw, 1, upward=True, start=draw.numeric)
    best = superlative(draw, path.start) if path else None
    found = related(draw, path) if path else None
    columns = draw.projection(path.start, draw.width(), (best.column.name,)) if path and best else []
    if path is None or best is None or found is None or not columns:
        return None
    rows = subject(draw, path.start, found[0])
    row = f"the {best.before} {rows.singular}"
    if best.after:
        row = f"the {rows.singular} {best.after.replace('<have>', 'has')}"
        if draw.chance(0.6):
            row = draw.say(
                "among the {rows}, the one {after}", rows=rows.plural, after=best.after.replace("<have>", "has")
            )
    order = best.order(draw.ref(path.start, best.column, True))
    sql = select(route_refs(draw, path, columns), path.source_sql, rows.where, order=order, limit=1)
    if row.startswith("among"):
        phrases = wording.join_words([draw.phrase(path.start, c) for c in columns], draw.rng)
        start, _, end = row.partition(", ")
        return DrawnPair(
            draw.say("{a}, [show|give|find|what is] the {c} of {b}", a=start.capitalize(), c=phrases, b=end), sql
        )
    return DrawnPair(request_one(draw, columns, row, path.start), sql)


@pattern(0.8, FAMILY)
def with_any_child(draw: Draw) -> DrawnPair | None:
    """The different names of stadiums that host any concert."""
    path = route(draw, 1, upward=False, junctions=draw.chance(0.2))
    if path is None:
        return None
    columns = list(draw.identity(path.start)) or draw.projection(path.start, 1)
    one, many = draw.noun(path.end)
    target = draw.say("[at least one {one}|any {one}|some {many}|{many}]", one=one, many=many)
    rows = subject(draw, path.start, Condition("", path.describe(draw, target)))
    return DrawnPair(
        request_columns(draw, columns, rows, True),
        select(route_refs(draw, path, columns), path.source_sql, distinct=True),
    )
