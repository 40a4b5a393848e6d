"""Queries that read sample values and distinct texts of one table on a server. Pure."""

from __future__ import annotations

from collections.abc import Callable

from coderag_app.database.sampling import MAX_SAMPLE_CHARS, MAX_TEXT_CHARS, SCANNED_ROWS, SCANNED_TEXT_ROWS
from coderag_app.schema.tables import Table

_BINARY = ("BYTEA", "BLOB", "BINARY", "VARBINARY", "LONGBLOB", "MEDIUMBLOB", "TINYBLOB")
_TEXT_TYPES = {"mysql": "CHAR", "postgres": "TEXT"}


def sample_query(table: Table, source: str, quoted: Callable[[str], str], dialect: str) -> str:
    """A query for the first rows of a table as short texts; long and binary values become NULL."""
    shown = []
    for column in table.columns:
        text = f"CAST({quoted(column.name)} AS {_TEXT_TYPES[dialect]})"
        short = f"CASE WHEN char_length({text}) <= {MAX_SAMPLE_CHARS} THEN {text} END"
        shown.append("NULL" if column.type.upper().startswith(_BINARY) else short)
    return f"SELECT {', '.join(shown) or 'NULL'} FROM {source} LIMIT {SCANNED_ROWS}"


def texts_query(column: str, source: str, dialect: str, limit: int) -> str:
    """A query for distinct texts of up to 100 characters from the front of a table."""
    inner = f"SELECT CAST({column} AS {_TEXT_TYPES[dialect]}) AS value FROM {source} LIMIT {SCANNED_TEXT_ROWS}"
    return (
        f"SELECT DISTINCT value FROM ({inner}) AS texts WHERE char_length(value) BETWEEN 1 AND {MAX_TEXT_CHARS} "
        f"LIMIT {int(limit)}"
    )
