"""Joins along foreign keys, which code derives so that the model need not write them."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from coderag_app.schema.name_words import singular
from coderag_app.schema.tables import Schema

_KEY_ENDINGS = ("id", "code", "number", "_no", "key")
_AGAIN = "\x00"  # prefix of a table that a query reads a second time


def again(table: str) -> str:
    """The name under which a query reads a table for the second time."""
    return _AGAIN + table


def is_again(table: str) -> bool:
    """Whether this is a table that is read for the second time."""
    return table.startswith(_AGAIN)


def real_name(table: str) -> str:
    """The table's name without the mark of a second reading."""
    return table.removeprefix(_AGAIN)


@dataclass(frozen=True, slots=True)
class JoinStep:
    """``table`` joins the tables before it on pairs of (table, column) = (table, column), all in lowercase."""

    table: str
    on: tuple[tuple[tuple[str, str], tuple[str, str]], ...]


class JoinGraph:
    """The foreign keys of a schema as an undirected graph over its tables.

    Inferred keys are keys like the others; of two keys between two tables a declared one comes first. A table that
    neither has nor receives a key is joined on identically named key columns instead, or on columns named after one of
    the tables (``state_name`` of ``state``), but never by the keys of both unless their name says so.

    The second reading of a table joins the first on the table's key to itself (an employee's manager), or a table that
    refers to it twice on the second of these keys (where a flight goes); where there are none, on nothing.
    """

    def __init__(self, schema: Schema) -> None:
        self._edges: dict[str, list[JoinStep]] = {table.name.lower(): [] for table in schema.tables}
        self._parents: dict[str, set[str]] = {table: set() for table in self._edges}
        self._own: dict[str, JoinStep] = {}
        for table in schema.tables:
            for key in table.foreign_keys:
                parent = schema.table(key.ref_table)
                if parent is None:
                    continue
                referenced = key.ref_columns or tuple(c.name for c in parent.columns if c.primary_key)
                child, other = table.name.lower(), parent.name.lower()
                pairs = tuple(
                    ((child, column.lower()), (other, target.lower()))
                    for column, target in zip(key.columns, referenced, strict=False)
                )
                if pairs and child == other:
                    self._own.setdefault(child, _with_parent_again(child, pairs))
                elif pairs:
                    self._parents[child].add(other)
                    self._edges[child].append(JoinStep(other, pairs))
                    self._edges[other].append(JoinStep(child, pairs))
        self._add_implied(schema)

    def _add_implied(self, schema: Schema) -> None:
        alone = {table for table, steps in self._edges.items() if not steps}
        holders: dict[str, list[str]] = {}
        for table in schema.tables:
            for column in table.columns:
                holders.setdefault(column.name.lower(), []).append(table.name.lower())
        for column_name, tables in holders.items():
            called_after = _is_called_after(column_name, tables)
            if not (column_name.endswith(_KEY_ENDINGS) or called_after):
                continue
            for first, second in combinations(tables, 2):
                both_are_keys = all(_is_primary(schema, table, column_name) for table in (first, second))
                if (first in alone or second in alone) and (called_after or not both_are_keys):
                    pair = (((first, column_name), (second, column_name)),)
                    self._edges[first].append(JoinStep(second, pair))
                    self._edges[second].append(JoinStep(first, pair))

    def parents(self, table: str) -> frozenset[str]:
        """The tables that a table refers to."""
        return frozenset(self._parents.get(table, ()))

    def most_rows(self, tables: Sequence[str]) -> str:
        """Find the joined table whose rows the join has: it refers to others, and none of them to it.

        If none or several qualify, the last one.
        """
        tables = [table for table in tables if not is_again(table)]
        others = {table: {t for t in tables if t != table} for table in tables}
        many = [t for t in tables if self._parents[t] & others[t] and not any(t in self._parents[o] for o in others[t])]
        return many[0] if len(many) == 1 else tables[-1]

    def between(self, tables: Sequence[str], other: str) -> list[str]:
        """Find the first table that refers to one of ``tables`` and to ``other``; none if a key joins them directly."""
        if any(step.table == other for table in tables for step in self._edges[table]):
            return []
        return [name for name, parents in self._parents.items() if other in parents and parents.intersection(tables)][
            :1
        ]

    def connect(self, tables: Sequence[str]) -> list[JoinStep] | None:
        """Join the tables in order, each by the shortest path from those before it; tables on the way join too.

        Returns:
            The first table with no condition, then one step per further table; None if no path leads to one, or there
            is no table.
        """
        ordered = sorted((table.lower() for table in tables), key=is_again)
        if not ordered or is_again(ordered[0]):
            return None
        steps = [JoinStep(ordered[0], ())]
        for table in ordered[1:]:
            joined = {step.table for step in steps}
            if table in joined:
                continue
            path = self._join_again(joined, table) if is_again(table) else self._shortest_path(joined, table)
            if path is None:
                return None
            steps += path
        return steps

    def _join_again(self, joined: set[str], table: str) -> list[JoinStep] | None:
        real = real_name(table)
        if real not in joined:
            return None
        if real in self._own:
            return [self._own[real]]
        for referring in sorted(joined):
            keys = [step for step in self._edges.get(referring, ()) if step.table == real]
            if len(keys) > 1 and real in self._parents[referring]:
                return [JoinStep(table, tuple((own, (table, column)) for own, (_, column) in keys[1].on))]
        return [JoinStep(table, ())]

    def _shortest_path(self, joined: set[str], target: str) -> list[JoinStep] | None:
        queue: deque[tuple[str, list[JoinStep]]] = deque((table, []) for table in sorted(joined))
        seen = set(joined)
        while queue:
            table, path = queue.popleft()
            for step in self._edges.get(table, ()):
                if step.table in seen:
                    continue
                if step.table == target:
                    return [*path, step]
                seen.add(step.table)
                queue.append((step.table, [*path, step]))
        return None


def _with_parent_again(table: str, pairs: tuple[tuple[tuple[str, str], tuple[str, str]], ...]) -> JoinStep:
    """A table's key to itself: the second reading is the row referred to."""
    return JoinStep(again(table), tuple((child, (again(table), column)) for child, (_, column) in pairs))


def _is_primary(schema: Schema, table: str, column: str) -> bool:
    found = schema.column(table, column)
    return found is not None and found.primary_key


def _is_called_after(column: str, tables: Sequence[str]) -> bool:
    """Whether a column that several tables share begins with the name of one of them, like ``state_name``."""
    return any(column.startswith(f"{singular(table)}_") for table in tables)
