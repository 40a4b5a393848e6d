"""Plain questions about rows of which another table says more, for a user's own database.

A gymnast's height stands with the people, the date of a customer's complaint with the complaints. Asked about are then
columns of both tables as if they were of one. Not in the register, as ``plain_columns``.
"""

from __future__ import annotations

from collections.abc import Callable

from finetune.synthesis import wording
from finetune.synthesis.described import DescribedColumn, DescribedTable
from finetune.synthesis.patterns.aggregates import aggregate_words
from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.lookup import DATE_KINDS, MEASURED_KINDS, NUMERIC_KINDS, TEXT_KINDS, TableLink, quoted
from finetune.synthesis.patterns.registry import DrawnPair, Pattern
from finetune.synthesis.patterns.routes import Route
from finetune.synthesis.patterns.subject import request

FAMILY = "plain relatives"
_ALIKE = frozenset("name person first_name last_name phone email street city country region language url".split())
_FIRST_FEW = (3, 3, 3, 5, 2)  # what people cut a list to

Shown = tuple[DescribedTable, DescribedColumn]


def _upward(draw: Draw, fits: Callable[[TableLink], bool]) -> Route | None:
    """A foreign key from a table to another, the tables used least first."""
    links = {
        table.name: [link for link in draw.links(table) if link.upward and link.target.row_count and fits(link)]
        for table in draw.lookup.database.tables
    }
    table = draw.table(lambda t: links[t.name], junctions=True)
    return Route((draw.choice(links[table.name]),)) if table is not None else None


def _is_half(link: TableLink) -> bool:
    """Whether each row of the target has one row of the source at most: together they describe one thing."""
    source = link.source
    column = next(c for c in source.columns if c.name == link.relation.child_column)
    return (
        not (link.ambiguous or source.is_junction) and source.row_count > 1 and len(column.values) == source.row_count
    )


def _both_halves(draw: Draw) -> tuple[Route, list[Shown]] | None:
    """Two tables that describe one thing, and what is told of it, keys aside."""
    path = _upward(draw, _is_half)
    if path is None:
        return None
    told = [
        (table, column)
        for table in (path.end, path.start)
        for column in table.columns
        if column.kind != "key" and column.values and not draw.is_reference(table, column)
    ]
    return (path, told) if told else None


def _some(draw: Draw, told: list[Shown], count: int) -> list[Shown]:
    """A name often, then neighbours often."""
    names = [number for number, (_, column) in enumerate(told) if column.kind in ("name", "person", "last_name")]
    first = names[0] if names and draw.chance(0.6) else draw.rng.randrange(len(told))
    places = [first]
    while len(places) < min(count, len(told)):
        following = places[-1] + 1
        free = [number for number in range(len(told)) if number not in places]
        places.append(following if following in free and draw.chance(0.5) else draw.rng.choice(free))
    return [told[number] for number in places]


def _phrases(draw: Draw, shown: list[Shown], many: bool = True) -> str:
    phrases = [draw.phrase(table, column) for table, column in shown]
    return wording.join_words([wording.plural(phrase) if many else phrase for phrase in phrases], draw.rng)


def _refs(draw: Draw, shown: list[Shown]) -> list[str]:
    return [draw.ref(table, column, True) for table, column in shown]


def _order(draw: Draw, key: Shown, down: bool) -> str:
    return draw.ref(*key, True) + (" DESC" if down else "")


def _extreme(draw: Draw, down: bool) -> str:
    return draw.say("[highest|largest|greatest]" if down else "[lowest|smallest|least]")


def halves_listed(draw: Draw) -> DrawnPair | None:
    """The names and heights of gymnasts, in the order of their points."""
    found = _both_halves(draw)
    if found is None:
        return None
    path, told = found
    shown = _some(draw, told, draw.choice((1, 1, 2, 2, 3)))
    question = request(draw, f"the {_phrases(draw, shown)} of {draw.noun(path.start)[1]}")
    order = ""
    if draw.chance(0.6):
        key, down = draw.rng.choice(told), draw.chance(0.5)
        question += " " + draw.say("<desc>" if down else "<asc>", key=draw.phrase(*key))
        order = _order(draw, key, down)
    return DrawnPair(question, select(_refs(draw, shown), path.source_sql, order=order))


def halves_measured(draw: Draw) -> DrawnPair | None:
    """The average age of gymnasts, whose age stands with the people."""
    found = _both_halves(draw)
    numbers = [shown for shown in found[1] if shown[1].kind in NUMERIC_KINDS] if found else []
    if found is None or not numbers:
        return None
    number, function = draw.rng.choice(numbers), draw.rng.choice(("avg", "avg", "max", "min", "sum"))
    words = f"the {aggregate_words(draw, function, number[1])} {draw.phrase(*number)} of {draw.noun(found[0].start)[1]}"
    shown = [f"{function}({draw.ref(*number, True)})"]
    return DrawnPair(request(draw, words, False), select(shown, found[0].source_sql))


def half_with_most(draw: Draw) -> DrawnPair | None:
    """The name of the tallest gymnast; the birth dates of the three gymnasts with the most points."""
    found = _both_halves(draw)
    numbers = [shown for shown in found[1] if shown[1].kind in MEASURED_KINDS] if found else []
    if found is None or not numbers:
        return None
    path, told = found
    key, down = draw.rng.choice(numbers), draw.chance(0.7)
    shown = _some(draw, [one for one in told if one != key] or told, draw.choice((1, 1, 2)))
    count = draw.rng.choice(_FIRST_FEW) if draw.chance(0.25) else 1
    one, many = draw.noun(path.start)
    rows = f"the {wording.number_word(count, draw.rng)} {many}" if count > 1 else f"the {one}"
    how = _extreme(draw, down)
    words = f"the {_phrases(draw, shown, count > 1)} of {rows} with the {how} {draw.phrase(*key)}"
    order = _order(draw, key, down)
    question = request(draw, words, count > 1 or len(shown) > 1)
    return DrawnPair(question, select(_refs(draw, shown), path.source_sql, order=order, limit=count))


def parents_by_child(draw: Draw) -> DrawnPair | None:
    """The phone number of the customer with the latest complaint; the names of members in the order of their ranks."""

    def measures(table: DescribedTable) -> list[DescribedColumn]:
        kinds = MEASURED_KINDS | DATE_KINDS
        return [column for column in table.columns if column.kind in kinds and not draw.is_reference(table, column)]

    path = _upward(draw, lambda link: not link.ambiguous and bool(measures(link.source)))
    if path is None:
        return None
    key = draw.choice(measures(path.start))
    columns = draw.projection(path.end, draw.choice((1, 1, 2, 2, 3)))
    if not columns:
        return None
    dated, down = key.kind in DATE_KINDS, draw.chance(0.65)
    joined = wording.join_words([draw.phrase(path.end, column) for column in columns], draw.rng)
    (parent, parents), (one, rows) = draw.noun(path.end), draw.noun(path.start)
    order = _order(draw, (path.start, key), down)
    shown, phrase = [draw.ref(path.end, column, True) for column in columns], draw.phrase(path.start, key)
    if draw.chance(0.35):
        how = draw.say("<desc>" if down else "<asc>", key=f"{phrase} of their {rows}")
        question = request(draw, f"the {wording.plural(joined)} of {parents}") + f" {how}"
        return DrawnPair(question, select(shown, path.source_sql, order=order))
    if dated:
        which = draw.say("[latest|most recent|last]" if down else "[first|earliest|oldest]")
        row = draw.say("the {which} {one}[| by {phrase}]", which=which, one=one, phrase=phrase)
    else:
        which = _extreme(draw, down)
        row = f"the {one} with the {which} {phrase}"
    question = request(draw, draw.say("the {joined} of the {parent} [with|that has|of] ", joined=joined, parent=parent)
                       + row, len(columns) > 1)  # fmt: skip
    return DrawnPair(question, select(shown, path.source_sql, order=order, limit=1))


def alike_columns_together(draw: Draw) -> DrawnPair | None:
    """The phone numbers of customers and staff: UNION."""
    columns = [
        (table, column)
        for table in draw.lookup.subjects
        for column in table.columns
        if column.kind in TEXT_KINDS | {"text"} and not draw.is_reference(table, column)
    ]
    pairs = [
        (one, other) for one in columns for other in columns
        if one[0].name < other[0].name
        and (one[1].phrases[0] == other[1].phrases[0] or one[1].kind == other[1].kind in _ALIKE)
    ]  # fmt: skip
    if not pairs:
        return None
    one, other = draw.rng.choice(pairs)
    said = draw.say("[all |all the |]{one} and {other}", one=draw.noun(one[0])[1], other=draw.noun(other[0])[1])
    sql = " UNION ".join(select(draw.ref(*side), quoted(side[0].name)) for side in (one, other))
    return DrawnPair(request(draw, f"the {wording.plural(draw.phrase(*one))} of {said}"), sql)


_DRAWS: tuple[tuple[float, Callable[[Draw], DrawnPair | None]], ...] = (
    (2.0, halves_listed), (1.0, halves_measured), (1.5, half_with_most), (2.0, parents_by_child),
    (0.5, alike_columns_together),
)  # fmt: skip
RELATIVE_PATTERNS = tuple(Pattern(draw.__name__, FAMILY, weight, draw) for weight, draw in _DRAWS)
