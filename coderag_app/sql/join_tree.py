"""The joins of one SELECT as a graph over its sources, and which of them multiply rows. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from sqlglot import exp

from coderag_app.schema.tables import ForeignKey, Schema, Table

Pair = tuple[str, str, str, str]  # source, column = source, column, in lowercase


@dataclass(frozen=True)
class JoinTree:
    """The sources of a SELECT whose joins are equalities between tables of the schema.

    Attributes:
        select: The SELECT.
        tables: The schema's table of each source, by the name that the query has for it, in lowercase.
        pairs: The columns that are compared in ON, each pair once.
        plain: Whether nothing but such pairs joins the sources: no outer join, no other condition in ON.
    """

    select: exp.Select
    tables: dict[str, Table]
    pairs: tuple[Pair, ...]
    plain: bool
    names: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of_select(cls, select: exp.Select, schema: Schema) -> JoinTree | None:
        """Read the joins of a SELECT; None where a source is no table of the schema or is joined otherwise."""
        start = select.args.get("from_")
        joins = select.args.get("joins") or ()
        relations = [start.this, *(join.this for join in joins)] if start is not None else []
        tables = {relation.alias_or_name.lower(): schema.table(relation.name) for relation in relations}
        if not relations or len(tables) < len(relations) or not all(isinstance(each, exp.Table) for each in relations):
            return None
        known = {name: table for name, table in tables.items() if table is not None}
        if len(known) < len(tables) or select.args.get("laterals"):
            return None
        names = {relation.alias_or_name.lower(): relation.alias_or_name for relation in relations}
        pairs: list[Pair] = []
        plain = True
        for join in joins:
            found, only = _pairs(join, known)
            if not found:
                return None
            pairs += found
            plain = plain and only and join.side == "" and join.kind in ("", "INNER")
        return cls(select, known, tuple(pairs), plain, names)

    def source_of(self, column: exp.Column) -> str | None:
        """The source that a column of this SELECT is of; None where none or several may be meant."""
        return _source(column, self.tables)

    def sources(self, node: exp.Expr) -> set[str]:
        """The sources of this SELECT that an expression reads; those of columns that cannot be told are left out."""
        found = {self.source_of(column) for column in node.find_all(exp.Column)}
        return {source for source in found if source is not None}

    def multiplied(self, source: str) -> list[tuple[str, str, frozenset[str]]]:
        """What multiplies the rows of a source.

        Returns:
            (source before it, first source with several rows for one, all sources behind that) for each such branch.
        """
        found: list[tuple[str, str, frozenset[str]]] = []
        seen, waiting = {source}, [source]
        while waiting:
            before = waiting.pop()
            for other in self.neighbours(before):
                if other in seen:
                    continue
                if self.is_one(before, other):
                    seen.add(other)
                    waiting.append(other)
                else:
                    behind = self._behind(other, seen)
                    found.append((before, other, behind))
                    seen |= behind
        return found

    def neighbours(self, source: str) -> list[str]:
        """The sources that are compared with this one."""
        others = [b if a == source else a for a, _, b, _ in self.pairs if source in (a, b)]
        return list(dict.fromkeys(others))

    def is_one(self, source: str, other: str) -> bool:
        """Whether each row of a source is joined to one row of the other at most."""
        columns = {d for a, _, b, d in self.pairs if (a, b) == (source, other)}
        columns |= {c for a, c, b, _ in self.pairs if (b, a) == (source, other)}
        return is_unique(self.tables[other], columns, self.tables.values())

    def _behind(self, source: str, before: set[str]) -> frozenset[str]:
        """A source and all that are joined through it."""
        found, waiting = {source}, [source]
        while waiting:
            for other in self.neighbours(waiting.pop()):
                if other not in found and other not in before:
                    found.add(other)
                    waiting.append(other)
        return frozenset(found)


def join_trees(tree: exp.Expr, schema: Schema) -> Iterator[JoinTree]:
    """The SELECTs of a query that join tables of the schema by equalities."""
    for select in list(tree.find_all(exp.Select)):
        if select.args.get("joins") and (found := JoinTree.of_select(select, schema)) is not None:
            yield found


def is_unique(table: Table, columns: set[str], others: Iterable[Table]) -> bool:
    """Whether rows differ in these columns: they hold the primary key, or what a key of another table refers to."""
    keys = {column.name.lower() for column in table.columns if column.primary_key}
    if keys and keys <= columns:
        return True
    targets = [_target(key, table) for other in others for key in other.foreign_keys]
    return any(target and target <= columns for target in targets)


def _target(key: ForeignKey, table: Table) -> set[str]:
    return {name.lower() for name in key.ref_columns} if key.ref_table.lower() == table.name.lower() else set()


def _pairs(join: exp.Join, tables: dict[str, Table]) -> tuple[list[Pair], bool]:
    """The pairs that a join compares, and whether it has no other condition."""
    on = join.args.get("on")
    conditions = list(on.flatten()) if isinstance(on, exp.And) else [on] if on is not None else []
    pairs: list[Pair] = []
    for condition in conditions:
        left, right = (condition.left, condition.right) if isinstance(condition, exp.EQ) else (None, None)
        if isinstance(left, exp.Column) and isinstance(right, exp.Column):
            first, second = _source(left, tables), _source(right, tables)
            if first is not None and second is not None and first != second:
                pairs.append((first, left.name.lower(), second, right.name.lower()))
    using = join.args.get("using") or ()
    return pairs, len(pairs) == len(conditions) and not using and not join.args.get("method")


def _source(column: exp.Column, tables: dict[str, Table]) -> str | None:
    if column.table:
        return column.table.lower() if column.table.lower() in tables else None
    found = [name for name, table in tables.items() if table.column(column.name) is not None]
    return found[0] if len(found) == 1 else None


def key_pairs(first: Table, second: Table) -> set[tuple[str, str]]:
    """The columns, in lowercase, by which keys of one table refer to the other: (of the first, of the second).

    A key without target columns refers to the other's primary key. Two keys to one column of a third table do not make
    a pair here.
    """
    found = set()
    for table, other in ((first, second), (second, first)):
        for key in table.foreign_keys:
            if key.ref_table.lower() != other.name.lower():
                continue
            targets = key.ref_columns or tuple(column.name for column in other.columns if column.primary_key)
            for column, target in zip(key.columns, targets, strict=False):
                pair = (column.lower(), target.lower())
                found.add(pair if table is first else pair[::-1])
    return found
