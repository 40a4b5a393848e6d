"""Queries within queries: above the average, rows without related rows, membership in another query's result."""

from __future__ import annotations

from finetune.synthesis.patterns.counts_of_rows import ask_count
from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.lookup import TableLink, literal, quoted
from finetune.synthesis.patterns.number_conditions import adjective_for
from finetune.synthesis.patterns.registry import DrawnPair, pattern
from finetune.synthesis.patterns.routes import Route, link_words, some
from finetune.synthesis.patterns.row_conditions import condition
from finetune.synthesis.patterns.subject import Condition, Subject, agree, request_columns, subject

FAMILY = "nesting"


def _ask(draw: Draw, rows: Subject, besides: tuple[str, ...] = (), count_share: float = 0.2) -> DrawnPair | None:
    """Ask for columns of the rows, or for their number."""
    table = rows.table
    if draw.chance(count_share):
        return DrawnPair(ask_count(draw, rows), select("count(*)", quoted(table.name), rows.where))
    named = draw.naming(table)
    columns = list(named) if named and draw.chance(0.5) else draw.projection(table, draw.width(), besides)
    if not columns:
        return None
    sql = select([draw.ref(table, c) for c in columns], quoted(table.name), rows.where)
    return DrawnPair(request_columns(draw, columns, rows), sql)


@pattern(1.8, FAMILY)
def beyond_average(draw: Draw) -> DrawnPair | None:
    """Students older than the average, or than the average of some students."""
    table = draw.table(draw.numeric)
    column = draw.numeric(table) if table else None
    if table is None or column is None:
        return None
    more = draw.chance(0.65)
    limit = condition(draw, table, besides=(column.name,)) if draw.chance(0.15) else None
    phrase = draw.phrase(table, column)
    group = subject(draw, table, *([limit] if limit else []))
    of = f" of {group.plural}" if limit else draw.say("[|| of all {rows}| across all {rows}]", rows=group.plural)
    adjective = adjective_for(draw, table, column, phrase, more)
    side = draw.say(
        "[above|higher than|greater than|larger than|more than]"
        if more
        else "[below|lower than|less than|smaller than]"
    )
    if adjective and draw.chance(0.5):
        words = draw.say(
            "[{adj} than [the |]average{of}|that <are> {adj} than [the |]average{of}]", adj=adjective, of=of
        )
    else:
        words = draw.say(
            "[whose {column} is {side} [the|the] average{of}|with [a|] {column} {side} [the average|"
            "the average {column}|average]{of}|"
            "with {side} average {column}]"
            if not of and side in ("above", "below")
            else "[whose {column} is {side} the average{of}|with a {column} {side} the average [{column}|]{of}]",
            column=phrase,
            side=side,
            of=of,
        )
    ref = draw.ref(table, column)
    inner = select(f"avg({ref})", quoted(table.name), group.where)
    rows = subject(draw, table, Condition(f"{ref} {'>' if more else '<'} ({inner})", words))
    return _ask(draw, rows, (column.name,))


@pattern(0.8, FAMILY)
def equal_to_extreme(draw: Draw) -> DrawnPair | None:
    """All students who have the maximum age."""
    table = draw.table(draw.numeric)
    column = draw.numeric(table) if table else None
    if table is None or column is None:
        return None
    function = draw.choice(("max", "max", "min"))
    word = draw.say("[maximum|highest|largest]" if function == "max" else "[minimum|lowest|smallest]")
    words = draw.say(
        "[whose {column} is the {word}|whose {column} equals the {word} {column}|that all have the {word} {column}|"
        "sharing the {word} {column}|whose {column} is equal to the {word}]",
        column=draw.phrase(table, column),
        word=word,
    )
    ref = draw.ref(table, column)
    inner = select(f"{function}({ref})", quoted(table.name))
    return _ask(draw, subject(draw, table, Condition(f"{ref} = ({inner})", words)), (column.name,), 0.1)


@pattern(0.9, FAMILY)
def beyond_named_row(draw: Draw) -> DrawnPair | None:
    """Students older than Ann."""
    table = draw.table(lambda t: draw.identifiable(t) and draw.numeric(t))
    column = draw.numeric(table) if table else None
    if table is None or column is None:
        return None
    (name,) = draw.identity(table)
    value = draw.choice(name.values)
    more = draw.chance(0.6)
    phrase = draw.phrase(table, column)
    adjective = adjective_for(draw, table, column, phrase, more)
    one = draw.noun(table)[0]
    other = draw.say("[{value}|{value}|the {one} {value}|the {one} named {value}]", value=draw.value(value), one=one)
    if adjective and draw.chance(0.6):
        words = draw.say("[{adj} than {other}|that <are> {adj} than {other}]", adj=adjective, other=other)
    else:
        side = draw.say("[higher|greater|larger]" if more else "[lower|smaller]")
        words = draw.say(
            (
                "[with a {side} {column} than {other}|whose {column} is {side} than that of {other}|"
                "that <have> a {side} {column} than {other}]"
            ),
            side=side,
            column=phrase,
            other=other,
        )
    ref = draw.ref(table, column)
    inner = select(ref, quoted(table.name), f"{draw.ref(table, name)} = {literal(value)}")
    return _ask(draw, subject(draw, table, Condition(f"{ref} {'>' if more else '<'} ({inner})", words)), (column.name,))


@pattern(0.7, FAMILY)
def beyond_all_of_group(draw: Draw) -> DrawnPair | None:
    """Students older than every student from France (or than any)."""
    table = draw.table(lambda t: draw.numeric(t) and draw.category(t))
    column = draw.numeric(table) if table else None
    found = condition(draw, table, besides=(column.name,)) if table and column else None
    if table is None or column is None or found is None:
        return None
    more, every = draw.chance(0.65), draw.chance(0.6)
    group = subject(draw, table, found)
    other = draw.say(
        "[all {many}|every {one}|all the {many}]" if every else "[any {one}|at least one {one}|some {one}]",
        many=group.plural,
        one=group.singular,
    )
    phrase = draw.phrase(table, column)
    adjective = adjective_for(draw, table, column, phrase, more)
    side = draw.say("[higher|greater|larger]" if more else "[lower|smaller]")
    words = (
        f"{adjective} than {other}"
        if adjective and draw.chance(0.6)
        else draw.say(
            "[with a {side} {column} than {other}|whose {column} is {side} than that of {other}]",
            side=side,
            column=phrase,
            other=other,
        )
    )
    ref = draw.ref(table, column)
    function = "max" if more == every else "min"
    inner = select(f"{function}({ref})", quoted(table.name), group.where)
    return _ask(draw, subject(draw, table, Condition(f"{ref} {'>' if more else '<'} ({inner})", words)), (column.name,))


def _down_link(draw: Draw) -> TableLink | None:
    links = [link for table in draw.lookup.subjects for link in draw.links(table) if not link.upward]
    links = [link for link in links if not link.ambiguous or link.verb]
    return draw.choice(links) if links else None


def _not_in(draw: Draw, link: TableLink, where: str = "", word: str = "NOT IN") -> str:
    relation = link.relation
    inner = select(quoted(relation.child_column), quoted(relation.child_table), where)
    return f"{quoted(relation.parent_column)} {word} ({inner})"


@pattern(3.8, FAMILY)
def without_children(draw: Draw) -> DrawnPair | None:
    """Stadiums without any concerts, or without concerts in 2014."""
    link = _down_link(draw)
    if link is None:
        return None
    found = condition(draw, link.target) if draw.chance(0.25) else None
    children = subject(draw, link.target, *([found] if found else []))
    if link.target.is_junction and not found and draw.chance(0.5):
        up = [step for step in draw.links(link.target) if step.upward and step.target.name != link.source.name]
        if up:
            children = subject(draw, draw.choice(up).target)
    words = draw.say(
        "[without [any |]{many}|with no {many}|that <do> not have [any |]{many}|that <have> no {many}|"
        "that <do> not have a single {one}|"
        "that have never had [any |]{many}|lacking {many}|without a {one}|that <are> not associated with any {many}]",
        many=children.plural,
        one=children.singular,
    ).replace("that have never", "that <have> never")
    if link.verb and (link.ambiguous or draw.chance(0.35)):
        words = draw.say("[not|not|never] {verb} any {many}", verb=link.verb, many=children.plural)
    rows = subject(draw, link.source, Condition(_not_in(draw, link, found.sql if found else ""), words))
    return _ask(draw, rows, count_share=0.3)


@pattern(1.1, FAMILY)
def with_some_child(draw: Draw) -> DrawnPair | None:
    """Stadiums hosting at least one concert in 2014, through IN or EXISTS."""
    link = _down_link(draw)
    found = condition(draw, link.target) if link else None
    if link is None or found is None:
        return None
    children = subject(draw, link.target, found)
    target = draw.say("[at least one|some|any|one or more] {one}", one=children.singular)
    words = link_words(draw, link, target.replace("one or more " + children.singular, "one or more " + children.plural))
    sql = _not_in(draw, link, found.sql, "IN")
    if draw.chance(0.1):
        inner = select("1", quoted(link.target.name), f"{Route((link,)).links[0].on} AND {found.sql}")
        sql = f"EXISTS ({inner})"
    return _ask(draw, subject(draw, link.source, Condition(sql, words)), count_share=0.3)


@pattern(0.9, FAMILY)
def child_of_extreme_parent(draw: Draw) -> DrawnPair | None:
    """The concerts held at the largest stadium."""
    links = [
        link for table in draw.lookup.subjects for link in draw.links(table) if link.upward and draw.key(link.target)
    ]
    links = [link for link in links if draw.numeric(link.target) and (not link.ambiguous or link.verb)]
    if not links:
        return None
    link = draw.choice(links)
    column = draw.numeric(link.target)
    if column is None:
        return None
    most = draw.chance(0.7)
    word = draw.say("[highest|largest|greatest]" if most else "[lowest|smallest]")
    target = f"the {draw.noun(link.target)[0]} with the {word} {draw.phrase(link.target, column)}"
    order = draw.ref(link.target, column) + (" DESC" if most else "")
    inner = select(quoted(link.relation.parent_column), quoted(link.target.name), order=order, limit=1)
    sql = f"{quoted(link.relation.child_column)} = ({inner})"
    return _ask(draw, subject(draw, link.source, Condition(sql, link_words(draw, link, target))), count_share=0.3)


@pattern(0.6, FAMILY)
def not_in_parents(draw: Draw) -> DrawnPair | None:
    """Concerts whose stadium is not in France, through NOT IN."""
    links = [link for table in draw.lookup.subjects for link in draw.links(table) if link.upward]
    link = draw.choice(links) if links else None
    found = condition(draw, link.target) if link else None
    if link is None or found is None:
        return None
    target = some(draw, subject(draw, link.target, found))
    words = draw.say(
        "not " + ("{verb} {target}" if link.verb else "[associated with|linked to|belonging to] {target}"),
        verb=link.verb,
        target=target,
    )
    inner = select(quoted(link.relation.parent_column), quoted(link.target.name), found.sql)
    sql = f"{quoted(link.relation.child_column)} NOT IN ({inner})"
    if link.ambiguous and not link.verb:
        return None
    return _ask(draw, subject(draw, link.source, Condition(sql, agree(words, True))), count_share=0.3)
