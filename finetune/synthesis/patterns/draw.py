"""One pair's dice: draws tables, columns, values and phrases from a described database."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from random import Random
from typing import Any, TypeVar

from finetune.synthesis import wording
from finetune.synthesis.described import DescribedColumn, DescribedTable
from finetune.synthesis.patterns.lookup import (
    CATEGORY_KINDS,
    DATE_KINDS,
    MEASURED_KINDS,
    NUMERIC_KINDS,
    TEXT_KINDS,
    SchemaLookup,
    TableLink,
    literal,
    name_words,
    quoted,
)

Item = TypeVar("Item")

_FEW_ROWS = 50  # in so small a sample, values that do not repeat may still be what rows are grouped by
_WIDTHS = (1, 2, 3, 4)
_WIDTH_WEIGHTS = (43, 25, 22, 10)
_PROJECTION_WEIGHTS = {"name": 2.0, "person": 2.0, "text": 0.3, "url": 0.3, "key": 0.7, "email": 0.5, "phone": 0.5}


class Draw:
    """Random draws over one database. A draw that the database cannot give returns None.

    Attributes:
        rng: The only source of randomness.
        lookup: The database, indexed.
        as_people_ask: Whether people's habits count for more than that every form comes.
    """

    as_people_ask = False

    def __init__(self, rng: Random, lookup: SchemaLookup) -> None:
        self.rng = rng
        self.lookup = lookup

    def chance(self, share: float) -> bool:
        """True in that share of the calls."""
        return self.rng.random() < share

    def choice(self, items: Sequence[Item]) -> Item:
        """One of the items."""
        return self.rng.choice(items)

    def say(self, template: str, /, **slots: object) -> str:
        """Expand a wording template and fill its slots."""
        text = wording.say(self.rng, template, **slots)
        column = slots.get("column")
        return wording.agree_with(text, column) if isinstance(column, str) else text

    def table(
        self, needs: Callable[[DescribedTable], object] | None = None, junctions: bool = False
    ) -> DescribedTable | None:
        """A table with rows for which ``needs`` holds; junction tables only when asked for."""
        tables = self.lookup.database.tables if junctions else self.lookup.subjects
        fitting = [table for table in tables if table.row_count and (needs is None or needs(table))]
        return self.choice(fitting) if fitting else None

    def column(
        self, table: DescribedTable, kinds: Collection[str], besides: Collection[str] = (), values: int = 1
    ) -> DescribedColumn | None:
        """A column of one of the kinds with at least that many values, not among the names ``besides``."""
        fitting = [
            c
            for c in table.columns
            if c.kind in kinds and c.name not in besides and len(c.values) >= values and not self.is_reference(table, c)
        ]
        return self.choice(fitting) if fitting else None

    def numeric(self, table: DescribedTable, besides: Collection[str] = ()) -> DescribedColumn | None:
        """A column that can be averaged."""
        return self.column(table, NUMERIC_KINDS, besides, 2)

    def measured(self, table: DescribedTable, besides: Collection[str] = ()) -> DescribedColumn | None:
        """A column that can be ordered and compared: a number, a year, sometimes a date."""
        return self.column(table, MEASURED_KINDS | DATE_KINDS if self.chance(0.4) else MEASURED_KINDS, besides, 2)

    def category(self, table: DescribedTable, besides: Collection[str] = ()) -> DescribedColumn | None:
        """A column whose values repeat, to group by."""
        fitting = [
            c
            for c in table.columns
            if (c.kind in CATEGORY_KINDS | {"year"} and not self.is_reference(table, c) or c.groupable)
            and c.name not in besides
            and len(c.values) > 1
            and (len(c.values) < 0.8 * table.row_count or c.groupable and table.row_count <= _FEW_ROWS)
        ]
        return self.choice(fitting) if fitting else None

    def text(self, table: DescribedTable, besides: Collection[str] = ()) -> DescribedColumn | None:
        """A column of short texts."""
        return self.column(table, TEXT_KINDS, besides)

    def width(self, most: int = 4) -> int:
        """How many columns a question asks for: one mostly, up to ``most``."""
        return min(self.rng.choices(_WIDTHS, _WIDTH_WEIGHTS)[0], most)

    def naming(self, table: DescribedTable) -> tuple[DescribedColumn, ...]:
        """The columns meant where a question names none: what rows are called, else their key; empty without both."""
        key = self.lookup.keys.get(table.name)
        return self.identity(table) or tuple(c for c in table.columns if c.name == key)

    def projection(self, table: DescribedTable, count: int, besides: Collection[str] = ()) -> list[DescribedColumn]:
        """Up to ``count`` different columns worth showing, names first."""
        pool = [
            c
            for c in table.columns
            if c.kind != "flag" and c.name not in besides and c.values and not self.is_reference(table, c)
        ]
        pool = pool or [c for c in table.columns if c.kind == "key"]
        picked: list[DescribedColumn] = []
        while pool and len(picked) < count:
            weights = [_PROJECTION_WEIGHTS.get(c.kind, 1.0) for c in pool]
            column = self.rng.choices(pool, weights)[0]
            pool.remove(column)
            picked.append(column)
        if self.chance(0.8):
            picked.sort(key=lambda c: c.kind not in ("name", "person", "key", "first_name"))
        return picked

    def is_reference(self, table: DescribedTable, column: DescribedColumn) -> bool:
        """Whether the column is a foreign key."""
        return (table.name, column.name) in self.lookup.references

    def identity(self, table: DescribedTable) -> tuple[DescribedColumn, ...]:
        """The columns that "who" or "which student" asks for; empty if the table has none."""
        return self.lookup.identities[table.name]

    def identifiable(self, table: DescribedTable) -> bool:
        """Whether one column names the rows."""
        return len(self.identity(table)) == 1

    def key(self, table: DescribedTable) -> str | None:
        """The table's primary key, as SQL needs it, if it is one column."""
        name = self.lookup.keys.get(table.name)
        return name and quoted(name)

    def links(self, table: DescribedTable) -> tuple[TableLink, ...]:
        """The steps along foreign keys from the table."""
        return self.lookup.links[table.name]

    def noun(self, table: DescribedTable) -> tuple[str, str]:
        """What a row of the table is called, and several."""
        nouns = self.lookup.nouns[table.name]
        if self.chance(0.04):
            words = name_words(table.name)
            return (words, words) if words == nouns[0][1] else (words, wording.plural(words))
        return nouns[0] if self.chance(0.65) else self.choice(nouns)

    def phrase(self, table: DescribedTable, column: DescribedColumn) -> str:
        """A way to say the column: mostly the first phrase, sometimes another or the name's own words."""
        phrases = self.lookup.phrases[table.name, column.name]
        if self.chance(0.05):
            return name_words(column.name)
        return phrases[0] if self.chance(0.6) else self.choice(phrases)

    def values(self, *values: Any) -> list[str]:
        """Stored values as a person writes them, all in the same way."""
        state = self.rng.getstate()
        shown = []
        for value in values:
            self.rng.setstate(state)
            shown.append(self.value(value))
        return shown

    def value(self, value: Any, small_words: bool = True) -> str:
        """A stored value as a person writes it."""
        if isinstance(value, int) and small_words:
            return wording.number_word(value, self.rng, 0.2)
        if not isinstance(value, str):
            return literal(value)
        text = value
        style = self.rng.random()
        if style < 0.68:
            return text
        if style < 0.92 and "'" not in text and '"' not in text:
            return f'"{text}"' if style < 0.81 else f"'{text}'"
        return text.lower()

    def ref(self, table: DescribedTable, column: DescribedColumn, qualified: bool = False) -> str:
        """The column in SQL."""
        return f"{quoted(table.name)}.{quoted(column.name)}" if qualified else quoted(column.name)


def select(
    what: Sequence[str] | str,
    source: str,
    where: str = "",
    *,
    distinct: bool = False,
    group: str = "",
    having: str = "",
    order: str = "",
    limit: int = 0,
) -> str:
    """Assemble a SELECT statement; empty parts are left out."""
    if where.startswith("(") and where.endswith(")") and where.count("(") == 1:
        where = where[1:-1]
    shown = what if isinstance(what, str) else ", ".join(what)
    parts = [f"SELECT {'DISTINCT ' if distinct else ''}{shown} FROM {source}"]
    clauses = (("WHERE", where), ("GROUP BY", group), ("HAVING", having), ("ORDER BY", order))
    parts += [f"{word} {clause}" for word, clause in clauses if clause]
    if limit:
        parts.append(f"LIMIT {limit}")
    return " ".join(parts)
