"""Corpus-only mode: without a database, the contexts of the retrieved examples are the schema."""

from __future__ import annotations

from collections.abc import Iterable

from coderag_app.errors import DatabaseError
from coderag_app.schema.tables import Schema, Table
from coderag_app.sql.ddl import schema_from_ddl
from coderag_app.sql.lenient_reading import LENIENT_DIALECTS
from coderag_app.types import RetrievedExample


def corpus_schema(examples: Iterable[RetrievedExample]) -> Schema | None:
    """The tables of all contexts; of two with one name, the one of the more similar example.

    Returns:
        A schema in SQLite's dialect, or None when no context can be read.
    """
    tables: dict[str, Table] = {}
    for retrieved in examples:
        for table in _read_context(retrieved.example.context):
            tables.setdefault(table.name.lower(), table)
    return Schema(tuple(tables.values())) if tables else None


def _read_context(context: str) -> tuple[Table, ...]:
    for dialect in ("sqlite", *LENIENT_DIALECTS):
        try:
            return schema_from_ddl(context, dialect).tables
        except DatabaseError:
            continue
    return ()
