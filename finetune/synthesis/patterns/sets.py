"""INTERSECT, EXCEPT and UNION: values or rows in both, in one but not the other, in either."""

from __future__ import annotations

from finetune.synthesis import wording
from finetune.synthesis.described import DescribedColumn, DescribedTable
from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.lookup import quoted
from finetune.synthesis.patterns.registry import DrawnPair, pattern
from finetune.synthesis.patterns.routes import Route, route
from finetune.synthesis.patterns.row_conditions import condition
from finetune.synthesis.patterns.subject import Condition, request, subject

FAMILY = "sets"

_BOTH = (
    "[Which {columns} have both {one} and {other}|<show> the {columns} [with|that have|"
    "shared by] both {one} and {other}|"
    "What are the {columns} [of both {one} and {other}|that have both {one} and {other}]|"
    "<show> the {columns} that {one} and {other} have in common]"
)
_BUT_NOT = (
    "[Which {columns} have {one} but [not|no] {other}|<show> the {columns} [with|that have|"
    "of] {one} but [not of|no|not] {other}|"
    "What are the {columns} that have {one} but do not have {other}|"
    "<show> the {columns} of {one} except those of {other}]"
)


def _category_sets(draw: Draw, word: str, template: str) -> DrawnPair | None:
    table = draw.table(draw.category)
    column = draw.category(table) if table else None
    first = condition(draw, table, besides=(column.name,)) if table and column else None
    if table is None or column is None or first is None:
        return None
    second = _opposite(draw, table, column, first)
    if second is None:
        return None
    question = draw.say(
        template,
        columns=wording.plural(draw.phrase(table, column)),
        one=subject(draw, table, first).plural,
        other=subject(draw, table, second).plural,
    )
    ref, source = draw.ref(table, column), quoted(table.name)
    return DrawnPair(question, f"{select(ref, source, first.sql)} {word} {select(ref, source, second.sql)}")


def _opposite(draw: Draw, table: DescribedTable, column: DescribedColumn, first: Condition) -> Condition | None:
    """A second condition that is not the first."""
    for _attempt in range(4):
        second = condition(draw, table, besides=(column.name,))
        if second is not None and second.sql != first.sql and second.columns != first.columns:
            return second
    return None


@pattern(1.1, FAMILY)
def categories_of_both(draw: Draw) -> DrawnPair | None:
    """Countries with both students older than 30 and students named Ann."""
    return _category_sets(draw, "INTERSECT", _BOTH)


@pattern(0.6, FAMILY)
def categories_but_not(draw: Draw) -> DrawnPair | None:
    """Countries with students older than 30 but no students named Ann."""
    return _category_sets(draw, "EXCEPT", _BUT_NOT)


def _parent_sets(draw: Draw, word: str) -> DrawnPair | None:
    path = route(draw, 1, upward=False, start=draw.identity)
    if path is None or path.links[0].ambiguous and not path.links[0].verb:
        return None
    columns = draw.identity(path.start)
    first = condition(draw, path.end, True)
    second = condition(draw, path.end, True) if first else None
    if first is None or second is None or first.sql == second.sql:
        return None
    one, other = subject(draw, path.end, first).plural, subject(draw, path.end, second).plural
    parents = draw.noun(path.start)[1]
    names = wording.join_words([wording.plural(draw.phrase(path.start, c)) for c in columns], draw.rng)
    slots = {"parents": parents, "names": names, "one": one, "other": other}
    if word == "INTERSECT":
        template = (
            "[Which {parents} have both {one} and {other}|{wanted} [with|that have|having] both {one} and {other}]"
        )
    else:
        template = (
            "[Which {parents} have {one} but [no|do not have] {other}|{wanted} [with|"
            "that have] {one} but [no|without any|without] {other}]"
        )
    asked = request(draw, draw.say("the {names} of [the|all|] {parents}", **slots), True)
    return DrawnPair(draw.say(template, wanted=asked, **slots), _compound(draw, path, columns, word, first, second))


def _compound(
    draw: Draw, path: Route, columns: tuple[DescribedColumn, ...], word: str, first: Condition, second: Condition
) -> str:
    refs = [draw.ref(path.start, c, True) for c in columns]
    halves = [select(refs, path.source_sql, found.sql) for found in (first, second)]
    return f" {word} ".join(halves)


@pattern(1.6, FAMILY)
def parents_of_both(draw: Draw) -> DrawnPair | None:
    """Stadiums with both concerts in 2014 and concerts in 2015."""
    return _parent_sets(draw, "INTERSECT")


@pattern(0.7, FAMILY)
def parents_but_not(draw: Draw) -> DrawnPair | None:
    """Stadiums with concerts in 2014 but no concerts in 2015."""
    return _parent_sets(draw, "EXCEPT")


@pattern(0.5, FAMILY)
def parents_except(draw: Draw) -> DrawnPair | None:
    """The names of stadiums that have no concerts in 2014: all names EXCEPT those."""
    path = route(draw, 1, upward=False, start=draw.identity)
    found = condition(draw, path.end, True) if path else None
    if path is None or found is None or path.links[0].ambiguous and not path.links[0].verb:
        return None
    columns = draw.identity(path.start)
    names = wording.join_words([wording.plural(draw.phrase(path.start, c)) for c in columns], draw.rng)
    wanted = draw.say(
        "the {names} of [all |the |]{parents}[ except those| except for the ones] [with|that have] {rows}",
        names=names,
        parents=draw.noun(path.start)[1],
        rows=subject(draw, path.end, found).plural,
    )
    whole = select([draw.ref(path.start, c) for c in columns], quoted(path.start.name))
    refs = [draw.ref(path.start, c, True) for c in columns]
    return DrawnPair(request(draw, wanted, True), f"{whole} EXCEPT {select(refs, path.source_sql, found.sql)}")


@pattern(0.5, FAMILY)
def union_of_tables(draw: Draw) -> DrawnPair | None:
    """The names of students and of teachers together, or those that are names of both."""
    tables = [t for t in draw.lookup.subjects if draw.identifiable(t)]
    pairs = [(a, b) for a in tables for b in tables if a.name < b.name]
    pairs = [(a, b) for a, b in pairs if draw.identity(a)[0].kind == draw.identity(b)[0].kind]
    if not pairs:
        return None
    first, second = draw.choice(pairs)
    slots = {"one": draw.noun(first)[1], "other": draw.noun(second)[1]}
    names = wording.plural(draw.phrase(first, draw.identity(first)[0]))
    wanted = draw.say(
        (
            "the {names} of [all |the |]{one} [and|and also|together with those of] [all |the |"
            "]{other}[ in one list| combined|, combined in one list]"
        ),
        names=names,
        **slots,
    )
    halves = [select(draw.ref(t, draw.identity(t)[0]), quoted(t.name)) for t in (first, second)]
    return DrawnPair(request(draw, wanted, True), " UNION ".join(halves))


@pattern(0.4, FAMILY)
def shared_values(draw: Draw) -> DrawnPair | None:
    """Cities that have both a student and a teacher, or a student but no teacher."""
    kinds = ("city", "country", "region", "language", "nationality")
    found = [
        (a, b, draw.column(a, (kind,)), draw.column(b, (kind,)))
        for kind in kinds
        for a in draw.lookup.subjects
        for b in draw.lookup.subjects
        if a.name != b.name
    ]
    usable = [(a, b, x, y) for a, b, x, y in found if x is not None and y is not None]
    if not usable:
        return None
    first, second, x, y = draw.choice(usable)
    both = draw.chance(0.6)
    template = (
        (
            "[Which {columns} have both {one} and {other}|<show> the {columns} [shared by|"
            "that appear for] both {one} and {other}]"
        )
        if both
        else (
            "[Which {columns} have {one} but no {other}|"
            "<show> the {columns} of {one} that are not {columns} of any {other}]"
        )
    )
    question = draw.say(
        template,
        columns=wording.plural(draw.lookup.phrases[first.name, x.name][0]),
        one=draw.noun(first)[1],
        other=draw.noun(second)[1],
    )
    word = "INTERSECT" if both else "EXCEPT"
    return DrawnPair(
        question,
        f"{select(draw.ref(first, x), quoted(first.name))} {word} {select(draw.ref(second, y), quoted(second.name))}",
    )


@pattern(0.7, FAMILY)
def parents_except_all(draw: Draw) -> DrawnPair | None:
    """The names of stadiums that never hosted a concert: all names EXCEPT those of the joined rows."""
    path = route(draw, 1, upward=False, start=draw.identity, junctions=draw.chance(0.3))
    if path is None or path.links[0].ambiguous:
        return None
    columns = draw.identity(path.start)
    names = wording.join_words([wording.plural(draw.phrase(path.start, c)) for c in columns], draw.rng)
    wanted = draw.say(
        "the {names} of [all |the |]{parents}[ except those| except for the ones] that have [a|any|at least one] {row}",
        names=names,
        parents=draw.noun(path.start)[1],
        row=draw.noun(path.end)[0],
    )
    whole = select([draw.ref(path.start, c) for c in columns], quoted(path.start.name))
    refs = [draw.ref(path.start, c, True) for c in columns]
    return DrawnPair(request(draw, wanted, True), f"{whole} EXCEPT {select(refs, path.source_sql)}")


@pattern(0.7, FAMILY)
def categories_without(draw: Draw) -> DrawnPair | None:
    """Countries that have no students older than 30."""
    table = draw.table(draw.category)
    column = draw.category(table) if table else None
    found = condition(draw, table, besides=(column.name,)) if table and column else None
    if table is None or column is None or found is None:
        return None
    question = draw.say(
        "[Which {columns} have no {rows}|Which {columns} do not have any {rows}|"
        "<show> the {columns} without [any |]{rows}|"
        "What are the {columns} that do not have any {rows}|<show> the {columns} with no {rows}]",
        columns=wording.plural(draw.phrase(table, column)),
        rows=subject(draw, table, found).plural,
    )
    ref, source = draw.ref(table, column), quoted(table.name)
    return DrawnPair(question, f"{select(ref, source)} EXCEPT {select(ref, source, found.sql)}")
