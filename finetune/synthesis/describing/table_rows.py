"""Rows of a user's tables, read within limits: what the description is guessed from."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from coderag_app.database import Database
from coderag_app.errors import DatabaseError
from coderag_app.schema.tables import Column, Table, quote_identifier
from coderag_app.schema.value_index import is_unmatched
from finetune.synthesis.describing.kinds import plain_value

logger = logging.getLogger(__name__)

SAMPLED_ROWS = 400
_MOST_CHARACTERS = 200  # a longer text is prose; its first characters say as much
_MOST_COLUMNS = 80  # of one table; what comes after is left out of questions
_UNREADABLE_TYPES = ("BLOB", "BYTEA", "BINARY", "VARBINARY", "GEOMETRY", "JSON", "STRUCT", "MAP", "LIST", "UNION")


@dataclass(frozen=True, slots=True)
class SampledTable:
    """The first rows of a table.

    Attributes:
        columns: The columns that were read: those that hold plain values.
        values: For each of them its values, row by row; NULL is None.
        row_count: How many rows were read.
        complete: Whether the table has no more.
    """

    table: Table
    columns: tuple[Column, ...]
    values: tuple[tuple[Any, ...], ...]
    row_count: int
    complete: bool


def sample_table(database: Database, table: Table, dialect: str, unread: Sequence[str] = ()) -> SampledTable:
    """Read the first rows, without the columns that must not be read.

    A table that cannot be read (a view over a table that is gone) has none.
    """
    hidden = partial(is_unmatched, unread, table.name)
    readable = (column for column in table.columns if _is_readable(column) and not hidden(column.name))
    columns = tuple(readable)[:_MOST_COLUMNS]
    if not columns:
        return SampledTable(table, (), (), 0, complete=True)
    shown = ", ".join(_shown(column, dialect) for column in columns)
    source = quote_identifier(table.name, dialect)
    try:
        rows = database.execute(f"SELECT {shown} FROM {source} LIMIT {SAMPLED_ROWS}").rows
    except DatabaseError as error:
        logger.info("No rows of %s: %s", table.name, error)
        return SampledTable(table, (), (), 0, complete=False)
    by_column = tuple(_of_one_type([plain_value(value) for value in values]) for values in zip(*rows, strict=True))
    values = by_column or tuple(() for _ in columns)
    return SampledTable(table, columns, values, len(rows), complete=len(rows) < SAMPLED_ROWS)


def _is_readable(column: Column) -> bool:
    declared = column.type.upper()
    return not declared.startswith(_UNREADABLE_TYPES) and not declared.endswith("[]")


def _shown(column: Column, dialect: str) -> str:
    """The column in SQL, with long texts cut in the database, so that they are never read whole."""
    name = quote_identifier(column.name, dialect)
    if any(
        word in column.type.upper() for word in ("INT", "REAL", "FLOA", "DOUB", "DATE", "TIME", "BOOL", "DEC", "NUM")
    ):
        return name
    if dialect == "sqlite":  # a column of any type may hold anything: only texts are cut
        cut = f"WHEN 'text' THEN substr({name}, 1, {_MOST_CHARACTERS}) WHEN 'blob' THEN NULL"
        return f"CASE typeof({name}) {cut} ELSE {name} END"
    return f"substr(CAST({name} AS {'CHAR' if dialect == 'mysql' else 'VARCHAR'}), 1, {_MOST_CHARACTERS})"


def _of_one_type(values: Sequence[Any]) -> tuple[Any, ...]:
    """The values with those of the rarer type (text or number) as None: SQLite lets a column hold both."""
    texts = sum(isinstance(value, str) for value in values)
    numbers = sum(isinstance(value, int | float) for value in values)
    kept: Any = str if texts >= numbers else (int, float)
    return tuple(value if isinstance(value, kept) else None for value in values)
