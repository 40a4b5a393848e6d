"""Plain questions about rows by what refers to them, with several columns, for a user's own database.

The claim with the most settlements and its date; films by their average stars; the phone numbers of customers without
orders. Not in the register, as ``plain_columns``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from finetune.synthesis import wording
from finetune.synthesis.described import DescribedColumn, DescribedTable
from finetune.synthesis.patterns.aggregates import aggregate_words
from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.lookup import Link, quoted
from finetune.synthesis.patterns.registry import Candidate, Pattern
from finetune.synthesis.patterns.subject import column_phrases, request

FAMILY = "plain parents"
_WIDTHS = (1, 1, 2, 2, 3)
_CUTS = (1, 1, 1, 3, 5)


@dataclass(frozen=True, slots=True)
class _Family:
    """Rows (``link.source``) with some of their columns, and the rows of another table that refer to them."""

    link: Link
    columns: list[DescribedColumn]

    @property
    def parent(self) -> DescribedTable:
        return self.link.source

    @property
    def child(self) -> DescribedTable:
        return self.link.target

    @property
    def key(self) -> str:
        """The parents' key in SQL."""
        return f"{quoted(self.parent.name)}.{quoted(self.link.relation.parent_column)}"

    @property
    def joined(self) -> str:
        """The FROM clause."""
        return f"{quoted(self.parent.name)} JOIN {quoted(self.child.name)} ON {self.link.on}"


def _family(draw: Draw, fits: Callable[[DescribedTable], object] = bool) -> _Family | None:
    """The tables and columns used least; ``fits`` chooses among the tables that refer to others."""
    links = {
        table.name: [
            link
            for link in draw.links(table)
            if not (link.upward or link.ambiguous) and link.target.row_count and fits(link.target)
        ]
        for table in draw.lookup.database.tables
    }
    parent = draw.table(lambda table: links[table.name])
    if parent is None:
        return None
    link = draw.choice(links[parent.name])
    columns = draw.projection(parent, draw.choice(_WIDTHS))
    return _Family(link, columns) if columns and link.target.name != parent.name else None


def _refs(draw: Draw, family: _Family) -> list[str]:
    return [draw.ref(family.parent, column, True) for column in family.columns]


def _phrases(draw: Draw, family: _Family, many: bool) -> str:
    phrases = column_phrases(draw, family.parent, family.columns)
    return wording.join_words([wording.plural(phrase) if many else phrase for phrase in phrases], draw.rng)


def parents_without(draw: Draw) -> Candidate | None:
    """The names and phone numbers of customers without orders."""
    family = _family(draw)
    if family is None:
        return None
    rows, many = draw.noun(family.parent)[1], draw.noun(family.child)[1]
    how = draw.say("[without any|without|with no|that do not have any|that have never had any|that have no]")
    inner = select(quoted(family.link.relation.child_column), quoted(family.child.name))
    wanted = f"the {_phrases(draw, family, True)} of {rows} {how} {many}"
    shown = [draw.ref(family.parent, column) for column in family.columns]
    where = f"{quoted(family.link.relation.parent_column)} NOT IN ({inner})"
    return Candidate(request(draw, wanted), select(shown, quoted(family.parent.name), where))


def _measure(draw: Draw, family: _Family, down: bool) -> tuple[str, str, str]:
    """What is reckoned of the children: its SQL, "average price of its orders", "with the highest average price"."""
    rows = draw.noun(family.child)[1]
    number = draw.numeric(family.child) if draw.chance(0.6) else None
    if number is None:
        amount = draw.say("[most|most|largest number of]" if down else "[fewest|smallest number of]")
        return "count(*)", f"number of {rows}", f"with the {amount} {rows}"
    extreme = "max" if down else "min"
    function = draw.choice(("avg", "avg", "sum", extreme))
    word = aggregate_words(draw, function, number).removesuffix(" of the")
    phrase, how = draw.phrase(family.child, number), draw.say("[highest|greatest]" if down else "[lowest|smallest]")
    of_rows = f"{draw.say('[of its|of the|across its]')} {rows}"
    reached = f"{how} {phrase}" if function == extreme else f"{how} {word} {phrase}"
    value = f"{function}({draw.ref(family.child, number, True)})"
    return value, f"{word} {phrase} {of_rows}", f"with the {reached} {of_rows}"


def parents_by_measure(draw: Draw) -> Candidate | None:
    """The title of the film with the highest average stars, and these; the three customers with the most orders."""
    family = _family(draw)
    if family is None:
        return None
    down, told, count = draw.chance(0.75), draw.chance(0.5), draw.choice(_CUTS)
    value, name, row = _measure(draw, family, down)
    one, many = draw.noun(family.parent)
    rows = f"the {wording.number_word(count, draw.rng)} {many}" if count > 1 else f"the {one}"
    also = draw.say("[, and the {name}| and the {name}|, along with the {name}]", name=name) if told else ""
    question = request(draw, f"the {_phrases(draw, family, count > 1)} of {rows} {row}{also}", count > 1 or told)
    shown = [*_refs(draw, family), *([value] if told else [])]
    order = value + (" DESC" if down else "")
    return Candidate(question, select(shown, family.joined, group=family.key, order=order, limit=count))


def parents_ordered_by_measure(draw: Draw) -> Candidate | None:
    """The names of all films in the order of their average stars, with these or without."""
    family = _family(draw)
    if family is None:
        return None
    down, told = draw.chance(0.6), draw.chance(0.6)
    value, name, _ = _measure(draw, family, down)
    one, many = draw.noun(family.parent)
    wanted = f"the {_phrases(draw, family, False)} of each {one} and the {name}"
    question = request(draw, wanted if told else f"the {_phrases(draw, family, True)} of all {many}")
    question += " " + draw.say("<desc>" if down else "<asc>", key=name)
    shown = [*_refs(draw, family), *([value] if told else [])]
    order = value + (" DESC" if down else "")
    return Candidate(question, select(shown, family.joined, group=family.key, order=order))


_DRAWS: tuple[tuple[float, Callable[[Draw], Candidate | None]], ...] = (
    (2.0, parents_without), (3.0, parents_by_measure), (1.0, parents_ordered_by_measure),
)  # fmt: skip
PARENT_PATTERNS = tuple(Pattern(draw.__name__, FAMILY, weight, draw) for weight, draw in _DRAWS)
