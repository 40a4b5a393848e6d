"""DuckDB files, read with DuckDB's own driver, without access to anything but the file."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coderag_app.database.base import Limits
from coderag_app.database.rows import collect_rows
from coderag_app.database.sampling import (
    MAX_SAMPLE_CHARS,
    MAX_TEXT_CHARS,
    SCANNED_ROWS,
    SCANNED_TEXT_ROWS,
    column_samples,
    printable,
)
from coderag_app.errors import DatabaseError
from coderag_app.schema import Column, ForeignKey, Schema, Table
from coderag_app.types import QueryResult

if TYPE_CHECKING:
    import duckdb

logger = logging.getLogger(__name__)

_THREADS = 4
_ROWS_AT_ONCE = 100
_SAMPLING_S = 1.0  # per table or view


@dataclass
class _Clock:
    """Whether the running statement was stopped by the timer."""

    timed_out: bool = False


class DuckDBDatabase:
    """A DuckDB file opened so that no statement can change it, or reach another file.

    What holds each promise, and where it ends:

    * Writes: the file is opened ``read_only``; access to files, extensions and the network is off, the configuration
      is locked, and DuckDB's own parser must see exactly one statement of the kind SELECT, so temporary tables,
      PREPARE and SET are refused as well. DuckDB itself lets no other process write while the file is open here.
    * Time: a timer calls ``interrupt()``. It stops work between two blocks of rows, not inside one call of a function
      such as ``repeat('a', 1000000000)``; the guard refuses those lengths.
    * Memory: DuckDB's ``memory_limit``, without spilling to disk. It covers tables, sorts and aggregates, not the
      text that one function call is building.
    * Cells: texts and blobs are cut after they were computed; rows are counted as they are fetched.
    """

    dialect = "duckdb"

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path, limits: Limits) -> None:
        self.name = path.stem
        self.path = path
        self.limits = limits
        self._connection: duckdb.DuckDBPyConnection | None = connection
        self._lock = threading.Lock()

    @classmethod
    def from_path(cls, path: Path, limits: Limits) -> DuckDBDatabase:
        """Open the file.

        Raises:
            DatabaseError: The file cannot be opened, or duckdb is not installed.
        """
        try:
            import duckdb
        except ImportError as error:
            raise DatabaseError(f"{path} is a DuckDB file; reading it needs duckdb: pip install duckdb") from error
        config: dict[str, Any] = {
            "enable_external_access": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "memory_limit": f"{limits.max_memory_mb}MiB",
            "threads": str(_THREADS),
            "temp_directory": "",
            "lock_configuration": "true",
        }
        try:
            connection = duckdb.connect(str(path), read_only=True, config=config)
        except duckdb.Error as error:
            reason = str(error).splitlines()[0]
            raise DatabaseError(
                f"{path} cannot be opened as a DuckDB database ({reason}): close the program that has it open for "
                "writing; within one program, open it with the same limits everywhere."
            ) from error
        return cls(connection, path, limits)

    def execute(self, sql: str) -> QueryResult:
        """Run one query within the limits; see ``Database.execute``."""
        import duckdb

        started = time.monotonic()
        with self._running(self.limits.timeout_s) as connection:
            statements = connection.extract_statements(sql)
            if len(statements) != 1:
                raise DatabaseError(f"Got {len(statements)} statements; expected exactly one SELECT statement.")
            if statements[0].type != duckdb.StatementType.SELECT:
                kind = statements[0].type.name
                raise DatabaseError(f"Refused by the read-only connection: {kind}; expected a query that only reads.")
            connection.execute(statements[0])
            columns = tuple(str(column[0]) for column in connection.description or ())
            rows, truncated = collect_rows(_fetched(connection), self.limits)
        return QueryResult(columns, rows, truncated, time.monotonic() - started)

    def read_schema(self, samples: int = 3) -> Schema:
        """Read the tables and views of the schema ``main``; see ``Database.read_schema``."""
        with self._running(self.limits.timeout_s) as connection:
            tables = _read_tables(connection)
        if samples > 0:
            tables = [self._with_samples(table, samples) for table in tables]
        return Schema(tuple(tables), self.dialect)

    def distinct_texts(self, table: str, column: str, limit: int) -> list[str]:
        """Distinct texts of up to 100 characters from the first 200,000 rows; see ``Database.distinct_texts``."""
        name = f"{_quoted(table)}.{_quoted(column)}"
        text = f"CASE WHEN typeof({name}) = 'VARCHAR' OR typeof({name}) LIKE 'ENUM%' THEN {name}::VARCHAR END"
        sql = (
            f"SELECT DISTINCT value FROM (SELECT {text} AS value FROM {_quoted(table)} LIMIT {SCANNED_TEXT_ROWS}) "
            f"WHERE length(value) BETWEEN 1 AND {MAX_TEXT_CHARS} LIMIT {int(limit)}"
        )
        with self._running(self.limits.timeout_s) as connection:
            found = dict.fromkeys(printable(row[0]) for row in connection.execute(sql).fetchall())
        return [text for text in found if text]

    def close(self) -> None:
        """Close the connection once the running statement has ended."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _with_samples(self, table: Table, samples: int) -> Table:
        shown = ", ".join(
            "NULL"
            if column.type.startswith(("BLOB", "BIT"))
            else f"CASE WHEN length({name}::VARCHAR) <= {MAX_SAMPLE_CHARS} THEN {name}::VARCHAR END"
            for column, name in ((column, _quoted(column.name)) for column in table.columns)
        )
        try:
            with self._running(min(_SAMPLING_S, self.limits.timeout_s)) as connection:
                rows = connection.execute(f"SELECT {shown} FROM {_quoted(table.name)} LIMIT {SCANNED_ROWS}").fetchall()
        except DatabaseError as error:
            logger.info("No sample values for %s: %s", table.name, error)
            return table
        pairs = zip(table.columns, column_samples(rows, len(table.columns), samples), strict=True)
        return replace(table, columns=tuple(replace(column, samples=values) for column, values in pairs))

    @contextmanager
    def _running(self, timeout_s: float) -> Iterator[duckdb.DuckDBPyConnection]:
        """Hold the lock and run the timer; translate what goes wrong."""
        import duckdb

        with self._lock:
            connection = self._connection
            if connection is None:
                raise DatabaseError(f"The database {self.name!r} is closed; open it again with open_database.")
            clock = _Clock()
            timer = threading.Timer(timeout_s, _stop, (connection, clock))
            timer.daemon = True
            timer.start()
            try:
                yield connection
            except (duckdb.Error, RuntimeError, ValueError, MemoryError) as error:
                raise DatabaseError(self._message(error, clock, timeout_s)) from error
            finally:
                timer.cancel()
                timer.join()  # a timer that has just fired must not interrupt the next statement

    def _message(self, error: Exception, clock: _Clock, timeout_s: float) -> str:
        first = str(error).partition("\n")[0] or type(error).__name__
        if clock.timed_out:
            return f"The query was stopped after {timeout_s:g} s; ask for less, or raise timeout_s."
        if "Out of Memory" in first or isinstance(error, MemoryError):
            return f"The query needs more than {self.limits.max_memory_mb} MiB; ask for less, or raise max_memory_mb."
        if "read-only mode" in first or "Permission Error" in first or "configuration has been locked" in first:
            return f"Refused by the read-only connection: {first}"
        return first


def _stop(connection: duckdb.DuckDBPyConnection, clock: _Clock) -> None:
    clock.timed_out = True
    connection.interrupt()


def _fetched(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while rows := connection.fetchmany(_ROWS_AT_ONCE):
        yield from rows


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


_OURS = "database_name = current_database() AND schema_name = 'main'"


def _read_tables(connection: duckdb.DuckDBPyConnection) -> list[Table]:
    listed = connection.execute(
        f"SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE {_OURS} AND NOT internal "
        "ORDER BY table_oid, column_index"
    ).fetchall()
    constraints = connection.execute(
        "SELECT table_name, constraint_type, constraint_column_names, referenced_table, referenced_column_names "
        f"FROM duckdb_constraints() WHERE {_OURS} ORDER BY table_oid, constraint_index"
    ).fetchall()
    primary = {(row[0], column) for row in constraints if row[1] == "PRIMARY KEY" for column in row[2]}
    keys: dict[str, list[ForeignKey]] = {}
    for table, kind, columns, referenced, referenced_columns in constraints:
        if kind == "FOREIGN KEY":
            keys.setdefault(table, []).append(ForeignKey(tuple(columns), referenced, tuple(referenced_columns)))
    columns_of: dict[str, list[Column]] = {}
    for table, column, declared in listed:
        columns_of.setdefault(table, []).append(Column(column, declared, (table, column) in primary))
    return [Table(name, tuple(columns), tuple(keys.get(name, ()))) for name, columns in columns_of.items()]
