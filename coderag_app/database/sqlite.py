"""SQLite files, read through the standard library's driver in a process of their own."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from coderag_app.database.base import OPENING_S, Limits
from coderag_app.database.file_database import FileDatabase
from coderag_app.database.processes import open_session
from coderag_app.errors import DatabaseError
from coderag_app.schema.tables import Column, ForeignKey, Schema, Table
from coderag_app.sql.declared_options import check_conditions, options_in_conditions

logger = logging.getLogger(__name__)


class SQLiteDatabase(FileDatabase):
    """A SQLite file opened so that no statement can change it, or reach another file.

    What holds each promise, and where it ends:

    * Writes: the file is opened ``mode=ro``, and an authorizer allows SELECT, READ, RECURSIVE and the functions of
      ``coderag_app.sql.functions``; ATTACH, PRAGMA, VACUUM INTO, temporary tables and the rest are refused when the
      statement is compiled. ``trusted_schema`` is off, and from Python 3.12 on SQLite's defensive switches are on and
      triggers off. A database in WAL mode gets its ``-wal`` and ``-shm`` files beside it when it is read, as with any
      reader; they hold no data.
    * Time: a progress handler stops loops. What it cannot stop (one call of a function, the planner on a view) ends
      with its process, which is killed a tenth of ``timeout_s`` (at least 0.05 s) after the time. The first statement
      of a process does not count its start.
    * Cells: SQLITE_LIMIT_LENGTH. A longer value is an error, not a cut value.
    * Memory: sorting stays in memory (no temporary files) under ``PRAGMA hard_heap_limit``, and on Linux the kernel
      gives the process no more than 1.15 times ``max_memory_mb`` above what Python itself takes, its copies of the
      rows included. On other systems only SQLite's own limit holds, and none where SQLite was built without memory
      statistics (macOS's own library). The rows returned are counted as they are made: at most ``max_memory_mb``, and
      cut before they and the process that makes them need more than 1.15 times that (and 4 MB) together.
    * On Windows there is no such process: slow functions are replaced (``sqlite_functions``), other single calls of a
      function can pass the time, and values of many columns the memory.
    """

    dialect = "sqlite"
    head_bytes = 100  # sqlite.org/fileformat.html: a change counter at 24; salts in the first 32 of a log
    log_suffix = "-wal"

    @classmethod
    def from_path(cls, path: Path, limits: Limits) -> SQLiteDatabase:
        """Open the file and read its first page.

        Raises:
            DatabaseError: The file is locked, damaged, or no SQLite database.
        """
        return cls(open_session("sqlite", path, limits), path, limits)

    def read_schema(self, samples: int = 3) -> Schema:
        """Tables and views of the main database; see ``Database.read_schema``.

        A foreign key that names no target columns gets its parent's primary key; one whose parent does not exist is
        left out. A view that no longer compiles, or takes longer than a second to compile, is left out with a warning;
        one whose rows take longer has no samples.
        """
        described: dict[str, tuple[list[Any], list[Any], str]] = {}
        names = self._value("names", OPENING_S)
        for name, found in zip(names, self._each("describe", 1.0, [(name,) for name in names]), strict=True):
            if isinstance(found, DatabaseError):
                logger.warning("Left out %s: it cannot be read (%s)", name, found)
            else:
                described[name] = found
        keys = {name.lower(): _primary_key(columns) for name, (columns, _, _) in described.items()}
        spelled = {name.lower(): name for name in described}
        tables = [
            Table(
                name,
                _columns(columns, sql),
                _foreign_keys(rows, spelled, keys),
            )
            for name, (columns, rows, sql) in described.items()
        ]
        return Schema(tuple(self._with_samples(tables, samples) if samples > 0 else tables), "sqlite")


def _columns(rows: list[Any], create: str) -> tuple[Column, ...]:
    options = options_in_conditions(check_conditions(create, "sqlite"), "sqlite")
    return tuple(
        Column(name, declared, place > 0, options=options.get(name.lower(), ())) for name, declared, place in rows
    )


def _primary_key(columns: list[Any]) -> tuple[str, ...]:
    places = sorted((place, name) for name, _, place in columns if place > 0)
    return tuple(name for _, name in places)


def _foreign_keys(
    rows: list[Any], spelled: dict[str, str], primary_keys: dict[str, tuple[str, ...]]
) -> tuple[ForeignKey, ...]:
    """The keys in the rows of ``PRAGMA foreign_key_list``: id, position, parent, column, parent's column."""
    grouped: dict[int, list[Any]] = {}
    for row in sorted(rows, key=lambda row: (-row[0], row[1])):  # SQLite numbers the keys backwards
        grouped.setdefault(row[0], []).append(row)
    keys = []
    for group in grouped.values():
        parent = str(group[0][2]).lower()
        if parent not in spelled:
            continue
        columns = tuple(row[3] for row in group)
        targets = tuple(row[4] for row in group if row[4] is not None) or primary_keys[parent]
        keys.append(ForeignKey(columns, spelled[parent], targets if len(targets) == len(columns) else ()))
    return tuple(keys)
