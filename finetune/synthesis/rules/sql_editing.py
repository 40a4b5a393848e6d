"""Edits of SQL syntax trees: the registry, and the few verbs the edits are written with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from sqlglot import exp
from sqlglot.errors import SqlglotError

from coderag_app.sql.parsing import parse_one

DIALECT = "sqlite"
_SKIPPED_IF_COMMON = 0.8
SQLEditFunction = Callable[[exp.Select, Random], exp.Expression | None]


@dataclass(frozen=True, slots=True)
class SQLEdit:
    """A change to a query.

    Attributes:
        apply: Gives the changed query, or None where it does not apply; the tree it gets is its own to change.
        note: What it does, as an order.
        undo: What to ask for to get back.
        is_common: It applies to almost every query, so it is taken less often.
    """

    name: str
    group: str
    apply: SQLEditFunction
    note: str
    undo: str
    is_common: bool = False


@dataclass(frozen=True, slots=True)
class EditedQuery:
    """A query after an edit."""

    sql: str
    edit: SQLEdit


SQL_EDITS: dict[str, list[SQLEdit]] = {}


def sql_edit(
    group: str, note: str, undo: str = "", is_common: bool = False
) -> Callable[[SQLEditFunction], SQLEditFunction]:
    """Enter a function in the registry under its own name."""

    def enter(function: SQLEditFunction) -> SQLEditFunction:
        SQL_EDITS.setdefault(group, []).append(SQLEdit(function.__name__, group, function, note, undo, is_common))
        return function

    return enter


def try_sql_edit(sql: str, chosen: SQLEdit, rng: Random) -> EditedQuery | None:
    """The query after the edit, or None where it does not apply or changes nothing."""
    try:
        tree = parse_one(sql, dialect=DIALECT)
    except SqlglotError:
        return None
    if not isinstance(tree, exp.Select):
        return None
    before = tree.sql(DIALECT)
    changed = chosen.apply(tree, rng)
    after = changed.sql(DIALECT) if changed is not None else before
    return None if after == before else EditedQuery(after, chosen)


def try_any_sql(sql: str, groups: tuple[str, ...], rng: Random) -> EditedQuery | None:
    """One of the edits of the groups that applies, drawn at random; None where none does."""
    edits = [one for group in groups for one in SQL_EDITS[group]]
    for chosen in rng.sample(edits, len(edits)):
        if chosen.is_common and rng.random() < _SKIPPED_IF_COMMON:
            continue
        edited = try_sql_edit(sql, chosen, rng)
        if edited is not None:
            return edited
    return None


def normal_sql(sql: str) -> str:
    """The query as sqlglot prints it, so that both sides of a pair look alike."""
    try:
        return parse_one(sql, dialect=DIALECT).sql(DIALECT)
    except SqlglotError:
        return sql


def only_table(tree: exp.Select) -> exp.Table | None:
    """The single table of a query without joins."""
    source = tree.args.get("from_") or tree.args.get("from")
    if tree.args.get("joins") or source is None or not isinstance(source.this, exp.Table):
        return None
    return source.this


def joined_tables(tree: exp.Select) -> tuple[exp.Table, exp.Join, exp.Table] | None:
    """The two tables of a query with exactly one inner join by ON, and the join."""
    source, joins = tree.args.get("from_") or tree.args.get("from"), tree.args.get("joins") or []
    if source is None or len(joins) != 1 or joins[0].args.get("on") is None or joins[0].side:
        return None
    first, second = source.this, joins[0].this
    if not isinstance(first, exp.Table) or not isinstance(second, exp.Table) or first.name == second.name:
        return None
    return first, joins[0], second


def key_columns(join: exp.Join) -> tuple[exp.Column, exp.Column] | None:
    """Both sides of ``a.x = b.y``."""
    on = join.args["on"]
    if isinstance(on, exp.EQ) and isinstance(on.this, exp.Column) and isinstance(on.expression, exp.Column):
        return on.this, on.expression
    return None


def column_of(join: exp.Join, table: exp.Table) -> exp.Column | None:
    """The side of the join condition that belongs to a table."""
    sides = key_columns(join)
    return next((side for side in sides or () if side.table == table.alias_or_name), None)


def columns_outside(tree: exp.Select, names: tuple[str, ...]) -> Iterator[exp.Column]:
    """Columns in the named clauses."""
    for name in names:
        part = tree.args.get(name)
        for one in part if isinstance(part, list) else [part]:
            if one is not None:
                yield from one.find_all(exp.Column)


def pick(tree: exp.Expression, kind: Any, rng: Random) -> Any:
    """One of the nodes of a kind (a class of sqlglot's), or None."""
    found = list(tree.find_all(kind))
    return rng.choice(found) if found else None


def where(tree: exp.Select) -> exp.Expression | None:
    """The condition, without its keyword."""
    clause = tree.args.get("where")
    return clause.this if clause is not None else None
