"""Read the schema of a SQLite database through PRAGMAs."""

from __future__ import annotations

import logging
import sqlite3
from dataclasses import replace
from typing import Any

from coderag_app.database.sampling import MAX_SAMPLE_CHARS, SCANNED_ROWS, column_samples
from coderag_app.database.sqlite_sandbox import Sandbox, quoted
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
    shadow = {str(row[1]) for row in connection.execute("PRAGMA main.table_list") if row[2] == "shadow"}
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
    rows = connection.execute(f"PRAGMA main.table_xinfo({quoted(name)})").fetchall()
    columns = (
        Column(column, declared or "", key > 0) for _, column, declared, _, _, key, hidden in rows if hidden != _HIDDEN
    )
    return Table(name, tuple(columns))


def _read_foreign_keys(connection: sqlite3.Connection, name: str, tables: dict[str, Table]) -> tuple[ForeignKey, ...]:
    rows: list[tuple[Any, ...]] = connection.execute(f"PRAGMA main.foreign_key_list({quoted(name)})").fetchall()
    rows.sort(key=lambda row: (-row[0], row[1]))  # SQLite numbers the keys backwards
    grouped: dict[int, list[tuple[Any, ...]]] = {}
    for row in rows:
        grouped.setdefault(row[0], []).append(row)
    keys = []
    for group in grouped.values():
        parent = tables.get(str(group[0][2]).lower())
        if parent is None:
            continue
        columns = tuple(row[3] for row in group)
        targets = tuple(row[4] for row in group if row[4] is not None) or _primary_key(connection, parent.name)
        keys.append(ForeignKey(columns, parent.name, targets if len(targets) == len(columns) else ()))
    return tuple(keys)


def _primary_key(connection: sqlite3.Connection, name: str) -> tuple[str, ...]:
    rows = connection.execute(f"PRAGMA main.table_xinfo({quoted(name)})").fetchall()
    return tuple(row[1] for row in sorted(rows, key=lambda row: row[5]) if row[5] > 0)


def _with_samples(connection: sqlite3.Connection, sandbox: Sandbox, table: Table, samples: int) -> Table:
    """The table with sample values; without them when they take too long or cannot be read."""
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
