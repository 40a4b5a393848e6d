"""Read what lists and objects inside columns hold: arrays, JSON, structs, and JSON that is kept as text.

A question that says "red" finds the value inside ``["red", "blue"]``, as it finds one of a plain column. Some rows are
read once at opening; the texts inside become values of the column, those of an object also of ``column.field``.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from coderag_app.errors import DatabaseError
from coderag_app.schema.profile import Nested
from coderag_app.schema.tables import Column, Schema, quote_identifier
from coderag_app.schema.value_index import StoredValue, is_unmatched

logger = logging.getLogger(__name__)

BUDGET_S = 1.0
_COLUMN_S = 0.3
_READ_ROWS = 2_000
_MOST_CHARS = 100  # longer texts are prose, which no question quotes
_MOST_FIELDS = 20
_FIELD_CHARS = 40
_TYPES = ("JSON", "STRUCT", "[]", "LIST", "ARRAY")
_TEXTS = ("CHAR", "TEXT", "CLOB", "STRING")

Run = Callable[[str, float], Sequence[Sequence[Any]]]  # the rows of one query, which may take some seconds


@dataclass(frozen=True, slots=True)
class NestedColumn:
    """What a column of lists or objects holds: its form, and the texts inside."""

    form: Nested
    values: tuple[StoredValue, ...]


def read_nested(schema: Schema, run: Run, unmatched: Sequence[str] = ()) -> dict[tuple[str, str], NestedColumn]:
    """Read the columns that hold lists of texts, or objects, in all of the rows looked at.

    Args:
        schema: The schema, with samples.
        run: Runs one query, e.g. ``lambda sql, seconds: database.execute(sql, seconds).rows``.
        unmatched: Columns that must not be read, as ``table.column`` with ``*`` for any name.

    Returns:
        The columns by (table, column); what cannot be read within a second of all is left out.
    """
    ends = time.monotonic() + BUDGET_S
    patterns = [pattern.lower() for pattern in unmatched]
    found = {}
    for table in schema.tables:
        for column in filter(_may_be_nested, table.columns):
            left = ends - time.monotonic()
            if left <= 0 or is_unmatched(patterns, table.name, column.name):
                continue
            name, source = (quote_identifier(each, schema.dialect) for each in (column.name, table.name))
            sql = f"SELECT {name} FROM {source} WHERE {name} IS NOT NULL LIMIT {_READ_ROWS}"
            try:
                cells = [row[0] for row in run(sql, min(left, _COLUMN_S))]
            except DatabaseError as error:
                logger.debug("The lists of %s.%s cannot be read: %s", table.name, column.name, error)
                continue
            if (nested := nested_column(table.name, column.name, cells)) is not None:
                found[table.name, column.name] = nested
    return found


def nested_column(table: str, column: str, cells: Sequence[Any]) -> NestedColumn | None:
    """What the cells of a column hold, if all are lists of texts or all are objects.

    >>> found = nested_column("goods", "made", ['{"city": "Lyon", "year": 2020}'])
    >>> found.form, [(value.column, value.text) for value in found.values]
    (Nested(fields=('city', 'year')), [('made', 'Lyon'), ('made.city', 'Lyon')])
    """
    documents = [_document(cell) for cell in cells]
    if documents and all(isinstance(document, list) for document in documents):
        items = [item for document in documents for item in document]
        texts = dict.fromkeys(item for item in items if _is_short_text(item))
        only_texts = texts and all(isinstance(item, str) for item in items)
        return NestedColumn(Nested(), tuple(StoredValue(table, column, text) for text in texts)) if only_texts else None
    if documents and all(isinstance(document, dict) for document in documents):
        fields = tuple(filter(_is_field, dict.fromkeys(field for document in documents for field in document)))
        if len(fields) > _MOST_FIELDS:
            return None  # its keys are data
        values = dict.fromkeys(_values_of_fields(table, column, documents, fields))
        return NestedColumn(Nested(fields), tuple(values)) if fields else None
    return None


def _values_of_fields(
    table: str, column: str, documents: Sequence[dict[str, Any]], fields: Sequence[str]
) -> Iterator[StoredValue]:
    for field in fields:
        for document in documents:
            text = document.get(field)
            if isinstance(text, str) and _is_short_text(text):
                yield StoredValue(table, column, text)
                yield StoredValue(table, f"{column}.{field}", text)


def _may_be_nested(column: Column) -> bool:
    """Whether its type says so, or it is a text whose samples, if any is short enough to be one, begin like JSON."""
    declared = column.type.upper()
    if any(word in declared for word in _TYPES):
        return True
    is_text = not declared or any(word in declared for word in _TEXTS)
    return is_text and not column.primary_key and all(sample[:1] in ("[", "{") for sample in column.samples)


def _document(cell: Any) -> Any:
    """A list or an object as Python has it; None for anything else."""
    if isinstance(cell, str) and cell[:1] in ("[", "{"):
        try:
            cell = json.loads(cell)
        except (ValueError, RecursionError):
            return None
    return list(cell) if isinstance(cell, list | tuple) else cell if isinstance(cell, dict) else None


def _is_short_text(item: Any) -> bool:
    return isinstance(item, str) and 0 < len(item) <= _MOST_CHARS


def _is_field(name: Any) -> bool:
    """Whether a path may name it without quotes; the names stand in prompts, too."""
    return isinstance(name, str) and name.isidentifier() and len(name) <= _FIELD_CHARS
