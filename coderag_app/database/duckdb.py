"""DuckDB files, read with DuckDB's own driver in a process of their own."""

from __future__ import annotations

import importlib.util
import logging
from pathlib import Path
from typing import Any

from coderag_app.database.base import OPENING_S, Limits
from coderag_app.database.file_database import FileDatabase
from coderag_app.database.left_out import first_of_each_name, say_left_out
from coderag_app.database.processes import open_session
from coderag_app.errors import DatabaseError
from coderag_app.schema.tables import Column, ForeignKey, Schema, Table
from coderag_app.sql.declared_options import options_in_conditions, options_of_type

logger = logging.getLogger(__name__)


class DuckDBDatabase(FileDatabase):
    """A DuckDB file opened so that no statement can change it, or reach another file.

    What holds each promise, and where it ends:

    * Writes: the file is opened ``read_only``; access to files, extensions and the network is off, the configuration
      is locked, and DuckDB's own parser must see exactly one statement of the kind SELECT, so temporary tables,
      PREPARE and SET are refused as well. DuckDB itself lets no other process write while the file is open here.
    * Time: a timer calls ``interrupt()``, which stops work between two blocks of rows. One call of a function that
      goes on (``levenshtein``, ``list_sort``) ends with its process, which is killed a tenth of ``timeout_s`` (at least
      0.05 s) after the time. The first statement of a process does not count its start.
    * Memory: DuckDB's ``memory_limit``, without spilling to disk, for tables, sorts and aggregates. For texts, lists
      and the driver's copies the kernel (on Linux) gives the process no more than 1.15 times ``max_memory_mb`` above
      what Python, DuckDB and its threads take; on other systems DuckDB's own limit is alone. DuckDB works on blocks of
      2,048 rows, so a column of 100 kB texts needs 200 MB. Rows are cut before they and the process that makes them
      need more than 1.15 times ``max_memory_mb`` (and 4 MB) together.
    * Cells: texts, blobs, lists and structs are cut after they were computed; rows are counted as they are fetched.
    * Values that Python has no type for arrive as texts: intervals of millions of years, years before 1 and after
      9999, infinite dates, 24:00. An infinite date inside a list or a struct arrives as the driver's 9999-12-31.
    * On Windows there is no such process, and single calls of a function can pass the time and the memory.
    """

    dialect = "duckdb"
    head_bytes = 3 * 4096  # the main header and two headers with the number of the last checkpoint
    log_suffix = ".wal"

    @classmethod
    def from_path(cls, path: Path, limits: Limits) -> DuckDBDatabase:
        """Open the file.

        Raises:
            DatabaseError: The file cannot be opened, or duckdb is not installed.
        """
        if importlib.util.find_spec("duckdb") is None:
            raise DatabaseError(f"{path} is a DuckDB file; reading it needs duckdb: pip install duckdb")
        return cls(open_session("duckdb", path, limits), path, limits)

    def read_schema(self, samples: int = 3) -> Schema:
        """Read the tables and views of the schema ``main``, or of ``Limits.schemas``; see ``Database.read_schema``."""
        columns, constraints = self._value("tables", OPENING_S)
        schemas = tuple(self.limits.schemas) or ("main",)
        tables = _tables(columns, constraints, schemas)
        broken = self._value("broken_views", OPENING_S)
        for name, reason in broken.items():
            logger.warning("Left out %s: it cannot be read (%s)", name, reason)
        tables = [table for table in tables if table.name not in broken]
        say_left_out(self._value("left_out", OPENING_S), schemas)
        redefined = frozenset(self._value("redefined", OPENING_S))
        if samples > 0:
            tables = self._with_samples(tables, samples)
        namespace = "" if schemas[0] == "main" else schemas[0]
        return Schema(tuple(tables), self.dialect, namespace, redefined=redefined)

    def _sampled_name(self, column: Column) -> str:
        return "" if column.type.startswith(("BLOB", "BIT")) else column.name


def _tables(columns: list[Any], constraints: list[Any], schemas: tuple[str, ...]) -> list[Table]:
    primary = {(row[0], column) for row in constraints if row[1] == "PRIMARY KEY" for column in row[2]}
    keys: dict[str, list[ForeignKey]] = {}
    checks: dict[tuple[str, str], list[str]] = {}
    for table, kind, names, referenced, referenced_names, schema, text in constraints:
        if kind == "CHECK":
            checks.setdefault((schema, table), []).append(str(text).removeprefix("CHECK"))
        if kind == "FOREIGN KEY":
            keys.setdefault(table, []).append(ForeignKey(tuple(names), referenced, tuple(referenced_names)))
    options = {place: options_in_conditions(texts, "duckdb") for place, texts in checks.items()}
    columns_of: dict[tuple[str, str], list[Column]] = {}
    for schema, table, column, declared in columns:
        allowed = options_of_type(declared) or options.get((schema, table), {}).get(column.lower(), ())
        columns_of.setdefault((schema, table), []).append(
            Column(column, declared, (table, column) in primary, options=allowed)
        )
    return [
        Table(
            name,
            tuple(columns_of[schema, name]),
            tuple(keys.get(name, ())),
            namespace=schema if schema != schemas[0] else "",
        )
        for schema, name in first_of_each_name(columns_of, schemas)
    ]
