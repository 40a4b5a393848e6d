"""Plain questions about rows by what refers to them, with several columns, for a user's own database.

The claim with the most settlements and its date; films by their average stars; the phone numbers of customers without
orders. Not in the register, as ``plain_columns``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from finetune.synthesis import wording
from finetune.synthesis.described import DescribedColumn
from finetune.synthesis.patterns.aggregates import aggregate_words
from finetune.synthesis.patterns.counted_joins import parent_refs
from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.lookup import quoted
from finetune.synthesis.patterns.registry import DrawnPair, Pattern
from finetune.synthesis.patterns.routes import Route
from finetune.synthesis.patterns.subject import column_phrases, request

FAMILY = "plain parents"
_WIDTHS = (1, 1, 2, 2, 3)
_CUTS = (1, 1, 1, 3, 5)


def _parents(draw: Draw) -> tuple[Route, list[DescribedColumn]] | None:
    """The way from rows to those that refer to them, and some of the rows' columns; those used least first."""
    links = {
        table.name: [
            link for link in draw.links(table) if not (link.upward or link.ambiguous) and link.target.row_count
        ]
        for table in draw.lookup.database.tables
    }
    parent = draw.table(lambda table: links[table.name])
    if parent is None:
        return None
    path = Route((draw.choice(links[parent.name]),))
    columns = draw.projection(parent, draw.choice(_WIDTHS))
    return (path, columns) if columns and path.end.name != parent.name else None


def _key(path: Route) -> str:
    """The parents' key in SQL."""
    return f"{quoted(path.start.name)}.{quoted(path.links[0].relation.parent_column)}"


def _phrases(draw: Draw, path: Route, columns: Sequence[DescribedColumn], many: bool) -> str:
    phrases = column_phrases(draw, path.start, columns)
    return wording.join_words([wording.plural(phrase) if many else phrase for phrase in phrases], draw.rng)


def parents_without(draw: Draw) -> DrawnPair | None:
    """The names and phone numbers of customers without orders."""
    found = _parents(draw)
    if found is None:
        return None
    path, columns = found
    rows, many = draw.noun(path.start)[1], draw.noun(path.end)[1]
    how = draw.say("[without any|without|with no|that do not have any|that have never had any|that have no]")
    relation = path.links[0].relation
    inner = select(quoted(relation.child_column), quoted(path.end.name))
    wanted = f"the {_phrases(draw, path, columns, True)} of {rows} {how} {many}"
    shown = [draw.ref(path.start, column) for column in columns]
    where = f"{quoted(relation.parent_column)} NOT IN ({inner})"
    return DrawnPair(request(draw, wanted), select(shown, quoted(path.start.name), where))


def _measure(draw: Draw, path: Route, down: bool) -> tuple[str, str, str]:
    """What is reckoned of the children: its SQL, "average price of its orders", "with the highest average price"."""
    rows = draw.noun(path.end)[1]
    number = draw.numeric(path.end) if draw.chance(0.6) else None
    if number is None:
        amount = draw.say("[most|most|largest number of]" if down else "[fewest|smallest number of]")
        return "count(*)", f"number of {rows}", f"with the {amount} {rows}"
    extreme = "max" if down else "min"
    function = draw.choice(("avg", "avg", "sum", extreme))
    word = aggregate_words(draw, function, number).removesuffix(" of the")
    phrase, how = draw.phrase(path.end, number), draw.say("[highest|greatest]" if down else "[lowest|smallest]")
    of_rows = f"{draw.say('[of its|of the|across its]')} {rows}"
    reached = f"{how} {phrase}" if function == extreme else f"{how} {word} {phrase}"
    value = f"{function}({draw.ref(path.end, number, True)})"
    return value, f"{word} {phrase} {of_rows}", f"with the {reached} {of_rows}"


def parents_by_measure(draw: Draw) -> DrawnPair | None:
    """The title of the film with the highest average stars, and these; the three customers with the most orders."""
    found = _parents(draw)
    if found is None:
        return None
    path, columns = found
    down, told, count = draw.chance(0.75), draw.chance(0.5), draw.choice(_CUTS)
    value, name, row = _measure(draw, path, down)
    one, many = draw.noun(path.start)
    rows = f"the {wording.number_word(count, draw.rng)} {many}" if count > 1 else f"the {one}"
    also = draw.say("[, and the {name}| and the {name}|, along with the {name}]", name=name) if told else ""
    question = request(draw, f"the {_phrases(draw, path, columns, count > 1)} of {rows} {row}{also}", count > 1 or told)
    shown = [*parent_refs(draw, path, columns), *([value] if told else [])]
    order = value + (" DESC" if down else "")
    return DrawnPair(question, select(shown, path.source_sql, group=_key(path), order=order, limit=count))


def parents_ordered_by_measure(draw: Draw) -> DrawnPair | None:
    """The names of all films in the order of their average stars, with these or without."""
    found = _parents(draw)
    if found is None:
        return None
    path, columns = found
    down, told = draw.chance(0.6), draw.chance(0.6)
    value, name, _ = _measure(draw, path, down)
    one, many = draw.noun(path.start)
    wanted = f"the {_phrases(draw, path, columns, False)} of each {one} and the {name}"
    question = request(draw, wanted if told else f"the {_phrases(draw, path, columns, True)} of all {many}")
    question += " " + draw.say("<desc>" if down else "<asc>", key=name)
    shown = [*parent_refs(draw, path, columns), *([value] if told else [])]
    order = value + (" DESC" if down else "")
    return DrawnPair(question, select(shown, path.source_sql, group=_key(path), order=order))


_DRAWS: tuple[tuple[float, Callable[[Draw], DrawnPair | None]], ...] = (
    (2.0, parents_without), (3.0, parents_by_measure), (1.0, parents_ordered_by_measure),
)  # fmt: skip
PARENT_PATTERNS = tuple(Pattern(draw.__name__, FAMILY, weight, draw) for weight, draw in _DRAWS)
