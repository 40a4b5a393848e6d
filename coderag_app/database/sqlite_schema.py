"""Read the schema of a SQLite database through PRAGMAs."""

from __future__ import annotations

import logging
import sqlite3
from dataclasses import replace
from typing import Any

from coderag_app.database.sampling import MAX_SAMPLE_CHARS, SCANNED_ROWS, column_samples
from coderag_app.database.sqlite_sandbox import Sandbox
from coderag_app.schema import Column, ForeignKey, Schema, Table

logger = logging.getLogger(__name__)

_SAMPLING_S = 1.0  # per table: a view may be expensive, and samples are not worth the wait
_HIDDEN = 1  # table_xinfo's mark for a virtual table's hidden columns; generated columns are 2 and 3


def read_sqlite_schema(connection: sqlite3.Connection, sandbox: Sandbox, samples: int) -> Schema:
    """Tables and views of the main database in the order of their creation, without SQLite's own and shadow tables.

    A foreign key that names no target columns gets its parent's primary key; one whose parent does not exist is left
    out, and so is a view that no longer compiles.

    Raises:
        sqlite3.Error: The schema cannot be read.
    """
    # The only statement that may fail as a whole; sqlite_master keeps the order of creation.
    shadow = {str(row[0]) for row in connection.execute("SELECT name FROM pragma_table_list WHERE type = 'shadow'")}
    listed = connection.execute(
        "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
        "ORDER BY type, rowid"
    ).fetchall()
    tables: dict[str, Table] = {}
    for (name,) in listed:
        if name in shadow:
            continue
        try:
            table = _read_table(connection, name)
        except sqlite3.DatabaseError as error:
            if sandbox.timed_out:
                raise
            logger.warning("Left out %s: it cannot be read (%s)", name, error)
            continue
        if samples > 0:
            table = _with_samples(connection, sandbox, table, samples)
        tables[name.lower()] = table
    resolved = (
        replace(table, foreign_keys=_read_foreign_keys(connection, table.name, tables)) for table in tables.values()
    )
    return Schema(tuple(resolved), "sqlite")


def _read_table(connection: sqlite3.Connection, name: str) -> Table:
    rows = connection.execute("SELECT name, type, pk, hidden FROM pragma_table_xinfo(?)", (name,)).fetchall()
    return Table(name, tuple(Column(row[0], row[1] or "", row[2] > 0) for row in rows if row[3] != _HIDDEN))


def _read_foreign_keys(connection: sqlite3.Connection, name: str, tables: dict[str, Table]) -> tuple[ForeignKey, ...]:
    rows: list[tuple[Any, ...]] = connection.execute(
        'SELECT id, "table", "from", "to" FROM pragma_foreign_key_list(?) ORDER BY id DESC, seq', (name,)
    ).fetchall()  # SQLite counts the keys backwards
    grouped: dict[int, list[tuple[Any, ...]]] = {}
    for row in rows:
        grouped.setdefault(row[0], []).append(row)
    keys = []
    for group in grouped.values():
        parent = tables.get(str(group[0][1]).lower())
        if parent is None:
            continue
        columns = tuple(row[2] for row in group)
        targets = tuple(row[3] for row in group if row[3] is not None) or _primary_key(connection, parent.name)
        keys.append(ForeignKey(columns, parent.name, targets if len(targets) == len(columns) else ()))
    return tuple(keys)


def _primary_key(connection: sqlite3.Connection, name: str) -> tuple[str, ...]:
    rows = connection.execute("SELECT name FROM pragma_table_xinfo(?) WHERE pk > 0 ORDER BY pk", (name,)).fetchall()
    return tuple(row[0] for row in rows)


def _with_samples(connection: sqlite3.Connection, sandbox: Sandbox, table: Table, samples: int) -> Table:
    """The table with sample values; without them when they take too long or cannot be read."""
    from coderag_app.database.sqlite import quoted

    if not table.columns:
        return table
    # Longer values never leave the database: hex digits of a blob and whole articles would only be thrown away.
    shown = ", ".join(
        f"CASE WHEN typeof({name}) <> 'blob' AND length({name}) <= {MAX_SAMPLE_CHARS} THEN {name} END"
        for name in (quoted(column.name) for column in table.columns)
    )
    try:
        with sandbox.at_most(_SAMPLING_S):
            rows = connection.execute(f"SELECT {shown} FROM {quoted(table.name)} LIMIT {SCANNED_ROWS}")
            found = column_samples(rows, len(table.columns), samples)
    except (sqlite3.Error, MemoryError) as error:
        logger.info("No sample values for %s: %s", table.name, error)
        sandbox.timed_out = False
        return table
    pairs = zip(table.columns, found, strict=True)
    return replace(table, columns=tuple(replace(column, samples=values) for column, values in pairs))
