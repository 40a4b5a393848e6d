"""Dice that reach all of a database: every table and column comes, pattern by pattern, before one comes again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from random import Random
from typing import TypeVar

from finetune.synthesis.described import DescribedColumn, DescribedTable
from finetune.synthesis.patterns import Draw, Pattern, SchemaLookup

Item = TypeVar("Item")

_NAME_KINDS = frozenset(("name", "person", "first_name", "last_name"))
_NAME_FIRST = 0.5  # share of the projections that show the row's name: what people ask for most
_KEY_WITH_NAME = 0.2  # share of the projections of several columns that show a row's key and its name
_NEIGHBOUR = 0.5  # share of the further columns that stand right behind the last one, as in people's questions
_ANY_ORDER = 0.2  # share of the projections that do not keep the table's order
_ANY_GROUP = 0.25  # share of the groups that are by a column of another kind than categories
_GROUPED_TOO = frozenset(("flag", "name", "code", "int", "year", "rating", "street", "person", "date"))
_MEMORY = 0.95  # of a pattern's success; old draws count less, because a database runs out of pairs
_LEAST_SUCCESS = 0.01


class SpreadingDraw(Draw):
    """Draws of tables and columns that prefer those that the pattern in hand has used least.

    Attributes:
        pattern: Name of the pattern that draws next.
    """

    def __init__(self, rng: Random, lookup: SchemaLookup) -> None:
        super().__init__(rng, lookup)
        self.pattern = ""
        self._subjects = lookup.subjects
        self._drawn: Counter[tuple[str, str, str]] = Counter()
        self._only_looking = False

    def choice(self, items: Sequence[Item]) -> Item:
        """One of the items; of tables and columns one of those used least."""
        if not isinstance(items[0], DescribedColumn | DescribedTable) or self._only_looking:
            return super().choice(items)
        keys = [(self.pattern, type(item).__name__, item.name) for item in items]  # type: ignore[attr-defined]
        fewest = min(self._drawn[key] for key in keys)
        place = self.rng.choice([i for i, key in enumerate(keys) if self._drawn[key] == fewest])
        self._drawn[keys[place]] += 1
        return items[place]

    def table(
        self, needs: Callable[[DescribedTable], object] | None = None, junctions: bool = False
    ) -> DescribedTable | None:
        """See ``Draw.table``; what ``needs`` draws to try a table out is not counted as used."""
        tables = self.lookup.database.tables if junctions else self._subjects
        self._only_looking = True
        try:
            fitting = [table for table in tables if table.row_count and (needs is None or needs(table))]
        finally:
            self._only_looking = False
        return self.choice(fitting) if fitting else None

    def projection(self, table: DescribedTable, count: int, besides: Collection[str] = ()) -> list[DescribedColumn]:
        """See ``Draw.projection``; keys come as often as other columns, and often together with the name."""
        pool = [
            column
            for column in table.columns
            if column.name not in besides and column.values and (column.kind != "flag" or count > 1)
        ]
        named = [column for column in self.identity(table) if column in pool]
        keys = [column for column in pool if column.kind == "key"]
        if count > 1 and named and keys and self.chance(_KEY_WITH_NAME):
            return [keys[0], *named]
        names = named or [column for column in pool if column.kind in _NAME_KINDS]
        picked: list[DescribedColumn] = []
        while pool and len(picked) < count:
            wanted = self._beside(table, picked[-1]) if picked else names if self.chance(_NAME_FIRST) else []
            column = self.choice([each for each in wanted if each in pool] or pool)
            pool.remove(column)
            picked.append(column)
        return self._in_order(table, picked)

    def _beside(self, table: DescribedTable, last: DescribedColumn) -> Sequence[DescribedColumn]:
        """The columns that come next to the last one picked; none for any."""
        return ()

    def _in_order(self, table: DescribedTable, picked: list[DescribedColumn]) -> list[DescribedColumn]:
        return picked


class PeoplesDraw(SpreadingDraw):
    """Draws as people ask of their own tables.

    Of the pairs of columns that Spider's training questions ask of one table, 52% are neighbours and 80% stand in the
    table's order. A junction that says something of its own counts as any other table.
    """

    as_people_ask = True

    def __init__(self, rng: Random, lookup: SchemaLookup) -> None:
        super().__init__(rng, lookup)
        self._subjects = [table for table in lookup.database.tables if not table.is_junction or self._says_more(table)]

    def category(self, table: DescribedTable, besides: Collection[str] = ()) -> DescribedColumn | None:
        """See ``Draw.category``; now and then another column, since people group by whatever repeats."""
        others = [c for c in table.columns if c.kind in _GROUPED_TOO and c.name not in besides and len(c.values) > 1]
        usual = super().category(table, besides)
        return self.choice(others) if others and (usual is None or self.chance(_ANY_GROUP)) else usual

    def _says_more(self, table: DescribedTable) -> bool:
        """Whether a table has columns besides its keys."""
        return any(column.kind != "key" and not self.is_reference(table, column) for column in table.columns)

    def _beside(self, table: DescribedTable, last: DescribedColumn) -> Sequence[DescribedColumn]:
        place = table.columns.index(last) + 1
        return table.columns[place : place + 1] if self.chance(_NEIGHBOUR) else ()

    def _in_order(self, table: DescribedTable, picked: list[DescribedColumn]) -> list[DescribedColumn]:
        return picked if self.chance(_ANY_ORDER) else sorted(picked, key=table.columns.index)


class SpreadingPatterns:
    """Which pattern draws next: one that still finds new pairs, and not always the same.

    Args:
        patterns: What to choose from.
        most: Pairs of one pattern at most.
    """

    def __init__(self, patterns: Sequence[Pattern], most: int) -> None:
        self._patterns = patterns
        self._most = most
        self._success = {pattern.name: 0.5 for pattern in patterns}
        self._kept: Counter[str] = Counter()

    def pick(self, rng: Random) -> Pattern:
        """A pattern; the square root of the weights that shape training data, so that rare shapes come too."""
        weights = [
            0.0
            if self._kept[rule.name] >= self._most
            else rule.weight**0.5 * max(self._success[rule.name], _LEAST_SUCCESS)
            for rule in self._patterns
        ]
        return rng.choices(self._patterns, weights if any(weights) else None)[0]

    def note(self, pattern: Pattern, kept: bool) -> None:
        """Remember whether a draw gave a new pair."""
        self._kept[pattern.name] += kept
        self._success[pattern.name] = _MEMORY * self._success[pattern.name] + (1 - _MEMORY) * kept
