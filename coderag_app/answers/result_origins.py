"""Which column of a table each column of a result is, so that its profile says what the values are. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp
from sqlglot.errors import SqlglotError

from coderag_app.sql.literals import declared_column
from coderag_app.sql.parsing import parse_one

if TYPE_CHECKING:
    from coderag_app.schema.profile import ColumnProfile
    from coderag_app.schema.tables import Column, Schema, Table


@dataclass(frozen=True, slots=True)
class ColumnOrigin:
    """The column of a table that a column of a result shows.

    Attributes:
        profile: What its values are.
        is_key: Whether it is a key of its table, or refers to another one.
    """

    profile: ColumnProfile
    is_key: bool = False


@dataclass(frozen=True, slots=True)
class ResultOrigins:
    """Where a result comes from.

    Attributes:
        columns: The origin of each column, in order; None for one that is computed.
        is_ordered: Whether the query says an order.
    """

    columns: tuple[ColumnOrigin | None, ...] = ()
    is_ordered: bool = True


def result_origins(sql: str, schema: Schema | None) -> ResultOrigins:
    """The origins of a query's columns; none where they cannot be told.

    Args:
        sql: The query of an answer.
        schema: The database's schema, with profiles.
    """
    if schema is None or not sql:
        return ResultOrigins()
    try:
        tree = parse_one(sql, dialect=schema.dialect)
    except SqlglotError:
        return ResultOrigins()
    if not isinstance(tree, exp.Select):
        return ResultOrigins()
    columns = tuple(_origins(tree, schema))
    return ResultOrigins(columns, tree.args.get("order") is not None)


def _origins(select: exp.Select, schema: Schema) -> Iterator[ColumnOrigin | None]:
    sources = list(select.find_all(exp.Table))
    for shown in select.expressions:
        if isinstance(shown, exp.Star):
            table = schema.table(sources[0].name) if len(sources) == 1 else None
            if table is None:
                return  # how many columns it stands for is not known
            yield from (_origin(table, column) for column in table.columns)
            continue
        inner = shown.unalias()
        if isinstance(inner, exp.Max | exp.Min):
            inner = inner.this
        found = declared_column(inner, schema) if isinstance(inner, exp.Column) else None
        yield _origin(*found) if found is not None else None


def _origin(table: Table, column: Column) -> ColumnOrigin:
    refers = any(column.name in key.columns for key in table.foreign_keys)
    return ColumnOrigin(column.profile, column.primary_key or refers)
