"""Draws rows with what they are grouped by: a column of their own, or the row of another table they belong to."""

from __future__ import annotations

from dataclasses import dataclass

from finetune.synthesis import wording
from finetune.synthesis.described import DescribedColumn, DescribedTable
from finetune.synthesis.patterns.asking import name_refs
from finetune.synthesis.patterns.draw import Draw
from finetune.synthesis.patterns.lookup import TableLink, quoted
from finetune.synthesis.patterns.row_conditions import condition
from finetune.synthesis.patterns.subject import subject


@dataclass(frozen=True, slots=True)
class Grouped:
    """Rows of a table in groups; without a ``link`` the groups are the values of a column of the table.

    Attributes:
        group: The column to group by, in SQL.
        one, many: What a group is called.
        rows: What the rows are called, with their restriction.
        where: The restriction in SQL.
    """

    table: DescribedTable
    group: str
    one: str
    many: str
    rows: str
    where: str
    column: DescribedColumn
    link: TableLink | None = None

    @property
    def source(self) -> str:
        """The table alone, for the FROM clause."""
        return quoted(self.table.name)


def grouped_rows(draw: Draw, *, measured: bool = False, parents: float = 0.6, filtered: float = 0.2) -> Grouped | None:
    """Rows in groups.

    Args:
        draw: The dice.
        measured: Whether the rows need a number.
        parents: Share of the groups that are rows of another table.
        filtered: Share with a restriction.
    """
    by_parent = draw.chance(parents)

    def fits(table: DescribedTable) -> bool:
        found = _ups(draw, table) if by_parent else draw.category(table)
        return bool(found) and (not measured or draw.numeric(table) is not None)

    table = draw.table(lambda t: fits(t), junctions=by_parent and draw.chance(0.4))
    if table is None:
        return None
    link = draw.rng.choice(_ups(draw, table)) if by_parent else None
    column = next(c for c in table.columns if c.name == link.relation.child_column) if link else draw.category(table)
    if column is None:
        return None
    taken = (column.name, *(c.name for c in draw.identity(table)))  # a name leaves one row, which makes no groups
    limit = condition(draw, table, besides=taken) if draw.chance(filtered) else None
    rows = subject(draw, table, *([limit] if limit else []))
    phrase = draw.phrase(table, column)
    one, many = draw.noun(link.target) if link else (phrase, wording.plural(phrase))
    return Grouped(table, draw.ref(table, column), one, many, rows.plural, rows.where, column, link)


def _ups(draw: Draw, table: DescribedTable) -> list[TableLink]:
    """The links to other tables that are the only ones between the two."""
    return [link for link in draw.links(table) if link.upward and not link.ambiguous]


def row_names(draw: Draw, found: Grouped) -> list[str]:
    """The columns that name the rows, in SQL."""
    return name_refs(draw, found.table)
