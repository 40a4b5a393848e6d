"""Joins along foreign keys: the part of a query that code derives."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from coderag_app.name_words import singular
from coderag_app.schema import Schema

_KEY_ENDINGS = ("id", "code", "number", "_no", "key")


@dataclass(frozen=True, slots=True)
class JoinStep:
    """``table`` joins the tables before it on pairs of (table, column) = (table, column), all in lowercase."""

    table: str
    on: tuple[tuple[tuple[str, str], tuple[str, str]], ...]


class JoinGraph:
    """The foreign keys of a schema as an undirected graph over its tables.

    A table that neither declares nor receives a foreign key is joined on identically named key columns instead, or on
    columns called after one of the tables (``state_name`` of ``state``): many real schemas declare none.
    """

    def __init__(self, schema: Schema) -> None:
        self._edges: dict[str, list[JoinStep]] = {table.name.lower(): [] for table in schema.tables}
        self._parents: dict[str, set[str]] = {table: set() for table in self._edges}
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
                if pairs and child != other:
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
            if not (column_name.endswith(_KEY_ENDINGS) or _is_called_after(column_name, tables)):
                continue
            for first, second in combinations(tables, 2):
                if first in alone or second in alone:
                    pair = (((first, column_name), (second, column_name)),)
                    self._edges[first].append(JoinStep(second, pair))
                    self._edges[second].append(JoinStep(first, pair))

    def most_rows(self, tables: Sequence[str]) -> str:
        """Of joined tables the one whose rows the join has: it refers to others, and none of them to it.

        Where that is none or several, the last.
        """
        others = {table: {t for t in tables if t != table} for table in tables}
        many = [t for t in tables if self._parents[t] & others[t] and not any(t in self._parents[o] for o in others[t])]
        return many[0] if len(many) == 1 else tables[-1]

    def between(self, tables: Sequence[str], other: str) -> list[str]:
        """The first table that refers to both one of ``tables`` and ``other``; none where a key joins them directly."""
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
        if not tables:
            return None
        steps = [JoinStep(tables[0].lower(), ())]
        for table in tables[1:]:
            joined = {step.table for step in steps}
            if table.lower() in joined:
                continue
            path = self._shortest_path(joined, table.lower())
            if path is None:
                return None
            steps += path
        return steps

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


def _is_called_after(column: str, tables: Sequence[str]) -> bool:
    """Whether a column that several tables have begins with the name of one of them, as ``state_name``."""
    return any(column.startswith(f"{singular(table)}_") for table in tables)
