"""Find flag columns: Booleans, and numbers that are only 0 and 1."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from coderag_app.errors import DatabaseError
from coderag_app.schema.tables import Schema, Table, quote_identifier

Rows = Callable[[str], Sequence[Sequence[Any]]]


def read_flags(schema: Schema, rows: Rows, unmatched: Callable[[str, str], bool]) -> Iterator[tuple[str, str]]:
    """Find the flags of a database, as (table, column) in lowercase.

    Args:
        schema: The schema.
        rows: Runs one query, e.g. ``lambda sql: database.execute(sql).rows``.
        unmatched: ``(table, column)`` of columns that must not be read.
    """
    for table in schema.tables:
        keys = {name.lower() for key in table.foreign_keys for name in key.columns}
        for column in table.columns:
            if column.primary_key or column.name.lower() in keys or unmatched(table.name, column.name):
                continue
            if column.is_boolean or (column.is_numeric and _holds_only_bits(table, column.name, schema.dialect, rows)):
                yield table.name.lower(), column.name.lower()


def _holds_only_bits(table: Table, column: str, dialect: str, rows: Rows) -> bool:
    """Whether the column holds 0 and 1 only; reads up to the first other value."""
    name, source = quote_identifier(column, dialect), quote_identifier(table.name, dialect)
    try:
        if rows(f"SELECT 1 FROM {source} WHERE {name} NOT IN (0, 1) LIMIT 1"):
            return False
        return bool(rows(f"SELECT 1 FROM {source} WHERE {name} IN (0, 1) LIMIT 1"))
    except DatabaseError:  # a view that fails, a table without permission
        return False
