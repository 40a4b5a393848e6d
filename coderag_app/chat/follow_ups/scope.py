"""What a phrase of a follow-up means in a query: which column of its tables, or of tables that join them. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp

from coderag_app.schema.name_words import content_words
from coderag_app.schema.tables import Column, Schema, Table
from coderag_app.sql.literals import select_tables

_LABELS = ("name", "title", "label")
_FILLERS = frozenset("the a an of all their its his her each every column field value only".split())
_MAX_STEPS = 3
_STEP_COST = 0.6


@dataclass(frozen=True, slots=True)
class Step:
    """A foreign key to follow: ``column`` of the table before, ``ref_column`` of ``table``.

    Attributes:
        many: Whether one row before can meet several rows of ``table``.
    """

    column: str
    table: Table
    ref_column: str
    many: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A column that a query can use: of one of its sources, or at the end of a path of joins from there."""

    source: str
    table: Table
    column: Column
    path: tuple[Step, ...] = ()

    @property
    def multiplies(self) -> bool:
        """Whether the joins can meet a row more than once."""
        return any(step.many for step in self.path)


class QueryScope:
    """The tables that a SELECT reads, and what can be reached from them over foreign keys."""

    def __init__(self, select: exp.Select, schema: Schema) -> None:
        self.schema = schema
        self.sources: dict[str, Table] = {}
        for relation in select_tables(select):
            table = schema.table(relation.name)
            if table is not None:
                self.sources.setdefault(relation.alias_or_name, table)

    def places(self, table: str, column: str) -> list[Place]:
        """Where a column of the schema can be used, the nearest first."""
        return [
            Place(source, found, exact, path)
            for source, found, path in self._reachable()
            if found.name.lower() == table.lower() and (exact := found.column(column)) is not None
        ]

    def resolve(self, phrase: str, reach: bool = True) -> Place | None:
        """The column that a phrase names best; None when nothing of its words is there.

        Args:
            phrase: E.g. ``city``, ``customer country`` or ``release year``.
            reach: Whether tables that the query does not read yet may be joined.
        """
        words = tuple(word for word in content_words(phrase) if word not in _FILLERS)
        if not words:
            return None
        best: tuple[float, Place] | None = None
        for source, table, path in self._reachable() if reach else self._own():
            for column in table.columns:
                merit = _merit(words, table, column)
                score = merit - _STEP_COST * len(path)
                if merit > 0 and (best is None or score > best[0] + 1e-9):
                    best = (score, Place(source, table, column, path))
        return best[1] if best is not None else None

    def all_columns(self) -> Iterator[Place]:
        """Every column of the query's tables, then of those that can be reached."""
        for source, table, path in self._reachable():
            for column in table.columns:
                yield Place(source, table, column, path)

    def _own(self) -> list[tuple[str, Table, tuple[Step, ...]]]:
        return [(source, table, ()) for source, table in self.sources.items()]

    def _reachable(self) -> list[tuple[str, Table, tuple[Step, ...]]]:
        """Sources, then the tables that foreign keys lead to, nearest first."""
        found = self._own()
        seen = {table.name.lower() for table in self.sources.values()}
        queue = deque(found)
        while queue:
            source, table, path = queue.popleft()
            if len(path) == _MAX_STEPS:
                continue
            for step in _steps(table, self.schema):
                if step.table.name.lower() not in seen:
                    seen.add(step.table.name.lower())
                    item = (source, step.table, (*path, step))
                    found.append(item)
                    queue.append(item)
        return found


def label_column(table: Table) -> Column | None:
    """The column that names a row of the table, such as name or title."""
    texts = [column for column in table.columns if not column.is_numeric]
    exact = next((column for word in _LABELS for column in texts if column.name.lower() == word), None)
    return exact or next((c for word in _LABELS for c in texts if content_words(c.name)[-1:] == (word,)), None)


def _steps(table: Table, schema: Schema) -> Iterator[Step]:
    """Tables that the foreign keys of one lead to, then those whose keys lead here."""
    for key in table.foreign_keys:
        target = schema.table(key.ref_table)
        if target is not None and len(key.columns) == 1:
            yield Step(key.columns[0], target, _ref_column(key.ref_columns, target), many=False)
    for other in schema.tables:
        for key in other.foreign_keys:
            if key.ref_table.lower() == table.name.lower() and len(key.columns) == 1 and other is not table:
                yield Step(_ref_column(key.ref_columns, table), other, key.columns[0], many=True)


def _ref_column(named: tuple[str, ...], target: Table) -> str:
    keys = [column.name for column in target.columns if column.primary_key]
    return named[0] if named else keys[0] if keys else target.columns[0].name


def _merit(words: tuple[str, ...], table: Table, column: Column) -> float:
    """How well a column fits a phrase: its own name, its name with the table's, the table alone for its label."""
    own, home = content_words(column.name), content_words(table.name)
    if words == own:
        return 3.0
    if set(words) == set(own) | set(home) and set(words) != set(home):
        return 3.2
    if words == home and column == label_column(table):
        return 2.5
    if set(words) < set(own) and not column.primary_key:
        return 1.0 + 0.1 * len(words) / len(own)
    if set(own) < set(words) <= set(own) | set(home) | {"number", "date", "name"} and own:
        return 0.9
    return 0.0
