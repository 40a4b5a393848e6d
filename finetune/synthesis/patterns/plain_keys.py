"""Plain questions about keys, for a user's own database: ids with and without rows that refer to them, counts for each.

Real tables often have nothing but a key to say whose rows they are. Not in the register, as ``plain_columns``.
"""

from __future__ import annotations

from collections.abc import Callable

from finetune.synthesis import wording
from finetune.synthesis.described import DescribedColumn, DescribedTable, Relation
from finetune.synthesis.patterns.aggregates import aggregate_words
from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.lookup import quoted
from finetune.synthesis.patterns.registry import DrawnPair, Pattern
from finetune.synthesis.patterns.subject import request

FAMILY = "plain keys"
_STYLES = ("all", "all", "order", "first")


def _reference(draw: Draw) -> tuple[Relation, DescribedTable, DescribedColumn] | None:
    """A foreign key with its table and column; those used least first."""
    relations = draw.lookup.database.relations
    tables = {relation.child_table for relation in relations}
    child = draw.table(lambda table: table.name in tables, junctions=True)
    if child is None:
        return None
    columns = [column for column in child.columns if draw.is_reference(child, column)]
    column = draw.choice(columns)
    return draw.lookup.references[child.name, column.name], child, column


def _measured_reference(draw: Draw) -> tuple[Relation, DescribedTable, DescribedColumn, DescribedColumn] | None:
    """A foreign key with its table, its column, and a number of the same table."""
    found = _reference(draw)
    number = draw.numeric(found[1]) if found else None
    return None if found is None or number is None else (*found, number)


def ids_without_rows(draw: Draw) -> DrawnPair | None:
    """The ids of students without any allergies, or of those with some."""
    found = _reference(draw)
    if found is None:
        return None
    relation, child, column = found
    parent = draw.lookup.tables[relation.parent_table]
    none = draw.chance(0.65)
    key = quoted(relation.parent_column)
    phrase = draw.phrase(parent, next(c for c in parent.columns if c.name == relation.parent_column))
    rows, many = draw.noun(parent)[1], draw.noun(child)[1]
    how = draw.say(
        "[without any|without|with no|that do not have any|that have never had any|that have no]" if none
        else "[with|with some|that have|that have any|that have at least one of the]"
    )  # fmt: skip
    wanted = f"the {wording.plural(phrase)} of {rows} {how} {many}"
    if not none:
        return DrawnPair(request(draw, wanted), select(draw.ref(child, column), quoted(child.name), distinct=True))
    inner = select(quoted(relation.child_column), quoted(child.name))
    return DrawnPair(request(draw, wanted), select(key, quoted(parent.name), f"{key} NOT IN ({inner})"))


def rows_per_key(draw: Draw) -> DrawnPair | None:
    """The number of documents for each location code; in its order; the code with the most."""
    found = _reference(draw)
    if found is None:
        return None
    _, child, column = found
    ref, phrase, many = draw.ref(child, column), draw.phrase(child, column), draw.noun(child)[1]
    style, down = draw.choice(_STYLES), draw.chance(0.7)
    order = "" if style == "all" else "count(*)" + (" DESC" if down else "")
    if style == "first":
        counted = draw.chance(0.4)
        amount = draw.say("[most|largest number of]" if down else "[fewest|smallest number of]")
        wanted = f"the {phrase} with the {amount} {many}" + (" and how many they are" if counted else "")
        shown = [ref, "count(*)"] if counted else [ref]
        return DrawnPair(
            request(draw, wanted, counted), select(shown, quoted(child.name), group=ref, order=order, limit=1)
        )
    question = draw.say(
        "[How many {many} are there for each {key}|<show> the number of {many} [for each|of each|by] {key}|"
        "For each {key}, how many {many} are there|<show> each {key} and the number of {many}]",
        many=many, key=phrase,
    )  # fmt: skip
    if style == "order":
        question += " " + draw.say("<desc>" if down else "<asc>", key=f"the number of {many}")
    return DrawnPair(question, select([ref, "count(*)"], quoted(child.name), group=ref, order=order))


def measure_per_key(draw: Draw) -> DrawnPair | None:
    """For each game id the hours played in all; as people ask, also in the order of that, or the id with the most."""
    found = _measured_reference(draw)
    if found is None:
        return None
    _, child, column, number = found
    style, down = (draw.choice(_STYLES), draw.chance(0.7)) if draw.as_people_ask else ("all", False)
    function = draw.choice(("sum", "avg") if style == "first" else ("sum", "avg", "max", "min"))
    ref, value = draw.ref(child, column), f"{function}({draw.ref(child, number)})"
    words = f"{aggregate_words(draw, function, number)} {draw.phrase(child, number)}"
    key, many, order = draw.phrase(child, column), draw.noun(child)[1], value + (" DESC" if down else "")
    if style == "first":
        how, told = draw.say("[highest|largest]" if down else "[lowest|smallest]"), draw.chance(0.4)
        wanted = f"the {key} with the {how} {words}" + (" and that value" if told else "")
        sql = select([ref, value] if told else ref, quoted(child.name), group=ref, order=order, limit=1)
        return DrawnPair(request(draw, wanted, told), sql)
    question = draw.say(
        "[<show> the {words} [for each|of each|by] {key}|"
        "For each {key}, <show> the {words} of its {many}|<show> each {key} and the {words}]",
        words=words, key=key, many=many,
    )  # fmt: skip
    if style == "order":
        question += " " + draw.say("<desc>" if down else "<asc>", key=f"the {words}")
    order = order if style == "order" else ""
    return DrawnPair(question, select([ref, value], quoted(child.name), group=ref, order=order))


def aggregates_of_all(draw: Draw) -> DrawnPair | None:
    """The highest, lowest and average price of all products."""
    table = draw.table(draw.numeric)
    number = draw.numeric(table) if table else None
    if table is None or number is None:
        return None
    functions = draw.rng.sample(("avg", "min", "max", "sum"), draw.choice((1, 2, 2, 3)))
    words = wording.join_words([aggregate_words(draw, function, number) for function in functions], draw.rng)
    rows = draw.say("[of|of all|across all|for all] {many}", many=draw.noun(table)[1])
    wanted = f"the {words} {draw.phrase(table, number)} {rows}"
    shown = [f"{function}({draw.ref(table, number)})" for function in functions]
    return DrawnPair(request(draw, wanted, len(functions) > 1), select(shown, quoted(table.name)))


def measure_per_parent(draw: Draw) -> DrawnPair | None:
    """The name of each country with the average speed of its roller coasters."""
    found = _measured_reference(draw)
    if found is None:
        return None
    relation, child, _, number = found
    parent = draw.lookup.tables[relation.parent_table]
    columns = draw.projection(parent, draw.choice((1, 1, 2)))
    if not columns or parent.name == child.name:
        return None
    function = draw.choice(("avg", "sum", "max", "min"))
    joined = wording.join_words([draw.phrase(parent, column) for column in columns], draw.rng)
    one, many = draw.noun(parent)[0], draw.noun(child)[1]
    wanted = f"the {joined} of each {one} and the {aggregate_words(draw, function, number)} "
    wanted += f"{draw.phrase(child, number)} of its {many}"
    key = f"{quoted(parent.name)}.{quoted(relation.parent_column)}"
    on = f"{quoted(child.name)}.{quoted(relation.child_column)} = {key}"
    shown = [*(draw.ref(parent, column, True) for column in columns), f"{function}({draw.ref(child, number, True)})"]
    source = f"{quoted(parent.name)} JOIN {quoted(child.name)} ON {on}"
    return DrawnPair(request(draw, wanted), select(shown, source, group=key))


_DRAWS: tuple[tuple[float, Callable[[Draw], DrawnPair | None]], ...] = (
    (2.0, ids_without_rows), (2.0, rows_per_key), (1.0, measure_per_key), (1.5, aggregates_of_all),
    (1.0, measure_per_parent),
)  # fmt: skip
KEY_PATTERNS = tuple(Pattern(draw.__name__, FAMILY, weight, draw) for weight, draw in _DRAWS)
