"""Columns of two related tables side by side, and parents whose children have two values both."""

from __future__ import annotations

from finetune.synthesis import wording
from finetune.synthesis.described import DescribedTable
from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.joined_columns import route_refs
from finetune.synthesis.patterns.lookup import literal
from finetune.synthesis.patterns.number_conditions import threshold
from finetune.synthesis.patterns.registry import DrawnPair, pattern
from finetune.synthesis.patterns.routes import Route, across, route
from finetune.synthesis.patterns.row_conditions import condition
from finetune.synthesis.patterns.subject import request, subject, then_show

FAMILY = "joins"


def _pairing(draw: Draw) -> Route | None:
    """A route whose two ends make a natural pair: up to parents, down to children, or across a junction."""
    style = draw.rng.random()
    if style < 0.2:
        return across(draw)
    if style < 0.3:
        return route(draw, 2, upward=True)
    return route(draw, 1, upward=style < 0.8)


def _both(draw: Draw, filtered: bool, ordered: bool = False) -> DrawnPair | None:
    path = _pairing(draw)
    if path is None or any(link.ambiguous and not link.verb for link in path.links):
        return None
    left, right = draw.projection(path.start, draw.width(3)), draw.projection(path.end, 1)
    named = draw.identity(path.end)
    right = list(named) if len(named) == 1 and draw.chance(0.6) else right
    own = condition(draw, path.start, True, besides=[c.name for c in left]) if filtered else None
    if not left or not right or (filtered and own is None):
        return None
    rows = subject(draw, path.start, *([own] if own else []))
    start = [draw.phrase(path.start, c) for c in left]
    end = draw.phrase(path.end, right[0])
    one, many = draw.noun(path.end)
    link = path.links[0]
    role = link.role if path.unique and len(path.links) == 1 and link.ambiguous else one
    columns = wording.join_words(start, draw.rng)
    slots = {
        "columns": columns,
        "many_columns": wording.join_words([wording.plural(p) for p in start], draw.rng),
        "row": rows.singular,
        "rows": rows.plural,
        "end": end,
        "ends": wording.plural(end),
        "role": role,
        "their": "their" if draw.lookup.is_person(path.start) else "its",
        "roles": wording.plural(role),
        "possessed": draw.say("the {c} of each {r}" if own else "each {r}'s {c}", c=columns, r=rows.singular),
    }
    wanted = draw.say(
        "[the {many_columns} of [the |all |all the |]{rows} and the {ends} of [their|the corresponding|the] {roles}|"
        "the {columns} of each {row} and the {end} of [{their}|the corresponding|the associated|the] {role}|"
        "the {many_columns} of {rows} [along with|together with] the {end} of [their|the corresponding] {role}|"
        "the {columns} of each {row} as well as the {end} of [{their}|the] {role}|"
        "{possessed} and the {end} of [{their}|the] {role}|"
        "the {many_columns} of {rows} and the {ends} of the {roles} [they belong to|"
        "associated with them|they are linked to]]",
        **slots,
    )
    question = request(draw, wanted, True)
    if draw.chance(0.2):
        question = draw.say(
            "For each {row}, [show|list|give|return|find] [the|its] {columns} and the {end} of [the|its] {role}",
            **slots,
        )
    order = ""
    if ordered:
        side = path.end if draw.chance(0.5) else path.start
        key = draw.measured(side)
        if key is None:
            return None
        down = draw.chance(0.5)
        words = draw.phrase(side, key)
        words = f"{words} of the {draw.noun(side)[0]}"
        question += draw.choice((" ", ", ")) + draw.say("<desc>" if down else "<asc>", key=words)
        order = draw.ref(side, key, True) + (" DESC" if down else "")
    shown = [*route_refs(draw, path, left), *route_refs(draw, path, right, end=True)]
    return DrawnPair(question, select(shown, path.source_sql, rows.where, order=order))


@pattern(3.4, FAMILY)
def columns_of_both(draw: Draw) -> DrawnPair | None:
    """The names of concerts and the names of their stadiums."""
    return _both(draw, False)


@pattern(1.3, FAMILY)
def columns_of_both_filtered(draw: Draw) -> DrawnPair | None:
    """The names of concerts in 2014 and the names of their stadiums."""
    return _both(draw, True)


@pattern(0.9, FAMILY)
def columns_of_both_ordered(draw: Draw) -> DrawnPair | None:
    """The names of concerts and of their stadiums, in order of capacity."""
    return _both(draw, False, ordered=True)


def _two_sides(draw: Draw, table: DescribedTable) -> tuple[str, str, str] | None:
    """Two restrictions of one column that no row fulfils together: (words, SQL of the first, SQL of the second)."""
    measured = draw.chance(0.25)
    column = draw.numeric(table) if measured else draw.category(table)
    if column is None:
        return None
    ref, phrase = draw.ref(table, column, True), draw.phrase(table, column)
    if measured:
        low, high = sorted((threshold(draw, column), threshold(draw, column)))
        if low == high:
            return None
        words = f"with {phrase} both below {low} and above {high}"
        return words, f"{ref} < {literal(low)}", f"{ref} > {literal(high)}"
    first, second = draw.rng.sample(column.values, 2)
    one, other = draw.values(first, second)
    words = draw.say(
        "[with both {column} {one} and {other}|with {column} both {one} and {other}|of both {column} {one} and {other}|"
        "with a {column} of both {one} and {other}|of both {one} and {other} {column}]",
        column=phrase, one=one, other=other,
    )  # fmt: skip
    return words, f"{ref} = {literal(first)}", f"{ref} = {literal(second)}"


@pattern(2.2, FAMILY)
def parents_of_two_values(draw: Draw) -> DrawnPair | None:
    """Stadiums that have concerts with both genre rock and genre pop: INTERSECT."""
    path = route(draw, 1, upward=False, start=draw.naming)
    sides = _two_sides(draw, path.end) if path else None
    if path is None or sides is None or path.links[0].ambiguous:
        return None
    columns = list(draw.naming(path.start))
    if draw.chance(0.3):  # beside the name: two rows alike in the others alone are not one row
        columns += draw.projection(path.start, draw.width(2), [c.name for c in columns])
    words, *bounds = sides
    rows = f"{draw.noun(path.end)[1]} {words}"
    many = draw.noun(path.start)[1]
    if columns == list(draw.naming(path.start)) and draw.chance(0.4):
        question = draw.say("Which {many} have {rows}", many=many, rows=rows)
    elif draw.chance(0.35):
        question = f"Which {many} have {rows}? {then_show(draw, path.start, columns, True)}"
    else:
        names = wording.join_words([wording.plural(draw.phrase(path.start, c)) for c in columns], draw.rng)
        wanted = draw.say(
            "the {names} of [the |all |]{many} [with|that have|having] {rows}", names=names, many=many, rows=rows
        )
        question = request(draw, wanted, True)
    refs = route_refs(draw, path, columns)
    return DrawnPair(question, " INTERSECT ".join(select(refs, path.source_sql, bound) for bound in bounds))
