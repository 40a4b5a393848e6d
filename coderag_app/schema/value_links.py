"""Link codes to names, such as DE to Germany, by the lookup tables that foreign keys point at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from coderag_app.errors import DatabaseError
from coderag_app.schema.tables import Column, Schema, Table, quote_identifier

MAX_LOOKUP_ROWS = 1_000
_MAX_CODE_CHARS = 8
_LABELS = ("name", "title", "label", "description")


@dataclass(frozen=True, slots=True)
class Lookup:
    """A lookup table: its key and its label, the columns that refer to the key, and its rows as (code, label)."""

    table: str
    key: str
    label: str
    referring: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, str], ...]


def read_lookups(
    schema: Schema, rows: Callable[[str], Sequence[Sequence[Any]]], unmatched: Callable[[str, str], bool]
) -> Iterator[Lookup]:
    """Find the lookup tables of a database whose keys are short text codes.

    Args:
        schema: The schema; its foreign keys say which columns refer to a lookup.
        rows: Runs one query, e.g. ``lambda sql: database.execute(sql).rows``.
        unmatched: ``(table, column)`` of columns that must not be read.
    """
    referred = _referred(schema, unmatched)
    for table in schema.tables:
        for key in (column for column in table.columns if not column.is_numeric):
            referring = referred.get((table.name.lower(), key.name.lower()))
            label = _label(table, key)
            if (
                referring is None
                or label is None
                or unmatched(table.name, key.name)
                or unmatched(table.name, label.name)
            ):
                continue
            found = _rows(table, key, label, schema.dialect, rows)
            if found and all(len(code) <= _MAX_CODE_CHARS for code, _ in found):
                yield Lookup(table.name, key.name, label.name, referring, found)


def _referred(
    schema: Schema, unmatched: Callable[[str, str], bool]
) -> dict[tuple[str, str], tuple[tuple[str, str], ...]]:
    """For each column (table, name; lower case) that a key refers to, the columns that do."""
    found: dict[tuple[str, str], tuple[tuple[str, str], ...]] = {}
    for other in schema.tables:
        for foreign in other.foreign_keys:
            parent = schema.table(foreign.ref_table)
            if parent is None or len(foreign.columns) != 1 or unmatched(other.name, foreign.columns[0]):
                continue
            keys = foreign.ref_columns or tuple(column.name for column in parent.columns if column.primary_key)
            for key in keys[:1] if foreign.ref_columns else keys:
                place = (parent.name.lower(), key.lower())
                found[place] = (*found.get(place, ()), (other.name, foreign.columns[0]))
    return found


def _label(table: Table, key: Column) -> Column | None:
    texts = [column for column in table.columns if not column.is_numeric and column is not key]
    named = (column for word in _LABELS for column in texts if column.name.lower().endswith(word))
    return next(named, None)


def _rows(
    table: Table, key: Column, label: Column, dialect: str, rows: Callable[[str], Sequence[Sequence[Any]]]
) -> tuple[tuple[str, str], ...]:
    code, name, source = (quote_identifier(each, dialect) for each in (key.name, label.name, table.name))
    try:
        found = rows(f"SELECT {code}, {name} FROM {source} LIMIT {MAX_LOOKUP_ROWS}")
    except DatabaseError:  # a view that fails, a table without permission: no links then
        return ()
    return tuple((row[0], row[1]) for row in found if isinstance(row[0], str) and isinstance(row[1], str))
