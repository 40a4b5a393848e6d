"""A DuckDB file, opened in the process that runs the SQL, without access to anything but the file."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coderag_app.database.base import Limits, OverLimitError
from coderag_app.database.rows import RowReader, cut_cell
from coderag_app.database.sampling import (
    MAX_SAMPLE_CHARS,
    MAX_TEXT_CHARS,
    SCANNED_ROWS,
    SCANNED_TEXT_ROWS,
    column_samples,
    printable,
    quoted,
)
from coderag_app.errors import DatabaseError

if TYPE_CHECKING:
    import duckdb

_THREADS = 4
_MOST_ROWS_AT_ONCE = 500
_BATCH_BYTES = 1024 * 1024
# What the driver returns for an infinite date or time, and for these dates themselves.
_EXTREMES = frozenset({datetime.date.min, datetime.date.max, datetime.datetime.min, datetime.datetime.max})


class _UnreadableError(Exception):
    """The driver has no Python value for one of these columns' values."""


@dataclass
class _Clock:
    """Whether the running statement was stopped by the timer."""

    timed_out: bool = False


class DuckDBFile:
    """One open file; what it promises stands in ``DuckDBDatabase``. For one thread at a time."""

    def __init__(self, path: Path, limits: Limits) -> None:
        import duckdb

        try:
            self._connection = duckdb.connect(str(path), read_only=True, config=_config(limits.max_memory_mb))
            self._schemas = tuple(limits.schemas) or ("main",)
            if limits.schemas:
                self._look_up_names(self._schemas)
            self._connection.execute("SET lock_configuration = true")
        except (duckdb.Error, RuntimeError, MemoryError) as error:
            reason = (str(error) or type(error).__name__).splitlines()[0]
            raise DatabaseError(
                f"{path} cannot be opened as a DuckDB database ({reason}): close the program that has it open for "
                "writing; within one program, open it with the same limits everywhere."
            ) from error
        self._limits = limits

    def _look_up_names(self, schemas: tuple[str, ...]) -> None:
        """Let bare names mean the tables of these schemas.

        Raises:
            DatabaseError: There is no such schema.
        """
        rows = self._connection.execute(
            "SELECT schema_name FROM duckdb_schemas() WHERE database_name = current_database() AND NOT internal"
        ).fetchall()
        there = {str(name) for (name,) in rows} | {"main"}
        for name in schemas:
            if name not in there:
                raise DatabaseError(
                    f"There is no schema {name!r} in the file; expected some of: {', '.join(sorted(there))}."
                )
        path = ",".join(map(quoted, schemas)).replace("'", "''")
        self._connection.execute(f"SET search_path = '{path}'")

    def broken_views(self, timeout_s: float) -> dict[str, str]:
        """Views that no longer bind, because a table or column of theirs is gone, each with the reason."""
        import duckdb

        listed = (
            "SELECT view_name FROM duckdb_views() WHERE NOT internal AND database_name = current_database() "
            f"AND schema_name IN ({_texts(self._schemas)})"
        )
        broken = {}
        with self._running(timeout_s) as connection:
            for (name,) in connection.execute(listed).fetchall():
                try:
                    connection.execute(f"EXPLAIN SELECT * FROM {quoted(str(name))}").fetchall()
                except (duckdb.CatalogException, duckdb.BinderException) as error:
                    broken[str(name)] = str(error).partition("\n")[0]
        return broken

    def left_out(self, timeout_s: float) -> list[tuple[str, int]]:
        """The schemas that are not read, each with the number of its tables and views."""
        names = "SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal AND database_name = "
        views = "SELECT schema_name, view_name FROM duckdb_views() WHERE NOT internal AND database_name = "
        sql = (
            f"SELECT schema_name, count(*) FROM ({names} current_database() UNION ALL {views} current_database()) "
            f"WHERE schema_name NOT IN ({_texts(self._schemas)}) GROUP BY schema_name ORDER BY schema_name"
        )
        with self._running(timeout_s) as connection:
            return [(str(name), int(count)) for name, count in connection.execute(sql).fetchall()]

    def query(self, timeout_s: float, sql: str) -> Iterator[list[Any]]:
        """Run one query: messages with its columns, with cells, and at last with whether something was left out.

        When the driver has no Python value for a value, the query runs once more with texts in those columns, and the
        columns are sent again: what came before them no longer counts.
        """
        import duckdb

        with self._running(timeout_s) as connection:
            sql.encode()  # DuckDB's own error for half a surrogate pair speaks of its arguments
            statements = connection.extract_statements(sql)
            if len(statements) != 1:
                raise DatabaseError(f"Got {len(statements)} statements; expected exactly one SELECT statement.")
            if statements[0].type != duckdb.StatementType.SELECT:
                kind = statements[0].type.name
                raise DatabaseError(f"Refused by the read-only connection: {kind}; expected a query that only reads.")
            connection.execute(statements[0])
            types = [str(column[1]) for column in connection.description or ()]
            yield ["columns", [str(column[0]) for column in connection.description or ()]]
            try:
                reader = RowReader(_rows(connection, types), self._limits)
                for batch, size in reader.batches():
                    yield ["cells", batch, size]
            except _UnreadableError:
                columns = [str(column[0]) for column in connection.description or ()]
                connection.execute(_with_texts(statements[0].query, types))
                yield ["columns", columns]
                reader = RowReader(_parsed(_fetched(connection), types), self._limits)
                for batch, size in reader.batches():
                    yield ["cells", batch, size]
        yield ["value", reader.truncated]

    def tables(self, timeout_s: float) -> tuple[list[Any], list[Any]]:
        """Columns (schema, table, name, type); constraints (table, kind, columns, referred columns, schema, SQL)."""
        ours = f"database_name = current_database() AND schema_name IN ({_texts(self._schemas)})"
        with self._running(timeout_s) as connection:
            columns = connection.execute(
                f"SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns() WHERE {ours} "
                "AND NOT internal ORDER BY table_oid, column_index"
            ).fetchall()
            constraints = connection.execute(
                "SELECT table_name, constraint_type, constraint_column_names, referenced_table, "
                f"referenced_column_names, schema_name, constraint_text FROM duckdb_constraints() WHERE {ours} "
                "ORDER BY table_oid, constraint_index"
            ).fetchall()
        return columns, constraints

    def redefined(self, timeout_s: float) -> list[str]:
        """Names, in lower case, of the functions and macros that are stored in the file, whatever their schema."""
        with self._running(timeout_s) as connection:
            rows = connection.execute("SELECT DISTINCT lower(function_name) FROM duckdb_functions() WHERE NOT internal")
            return sorted(str(name) for (name,) in rows.fetchall())

    def samples(self, timeout_s: float, name: str, columns: list[str], count: int) -> list[tuple[str, ...]]:
        """Up to ``count`` sample values of each column; none of those whose name is empty."""
        shown = ", ".join(
            f"CASE WHEN length({column}::VARCHAR) <= {MAX_SAMPLE_CHARS} THEN {column}::VARCHAR END"
            if column
            else "NULL"
            for column in (quoted(column) if column else "" for column in columns)
        )
        with self._running(timeout_s) as connection:
            rows = connection.execute(f"SELECT {shown} FROM {quoted(name)} LIMIT {SCANNED_ROWS}").fetchall()
        return column_samples(rows, len(columns), count)

    def distinct_texts(self, timeout_s: float, table: str, column: str, limit: int) -> list[str]:
        """Distinct texts of up to 100 characters from the first 200,000 rows."""
        name = f"{quoted(table)}.{quoted(column)}"
        text = f"CASE WHEN typeof({name}) = 'VARCHAR' OR typeof({name}) LIKE 'ENUM%' THEN {name}::VARCHAR END"
        sql = (
            f"SELECT DISTINCT value FROM (SELECT {text} AS value FROM {quoted(table)} LIMIT {SCANNED_TEXT_ROWS}) "
            f"WHERE length(value) BETWEEN 1 AND {MAX_TEXT_CHARS} LIMIT {int(limit)}"
        )
        with self._running(timeout_s) as connection:
            found = dict.fromkeys(printable(row[0]) for row in connection.execute(sql).fetchall())
        return [text for text in found if text]

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    @contextmanager
    def _running(self, timeout_s: float) -> Iterator[duckdb.DuckDBPyConnection]:
        """Run the timer and translate what goes wrong."""
        import duckdb

        clock = _Clock()
        timer = threading.Timer(timeout_s, _stop, (self._connection, clock))
        timer.daemon = True
        timer.start()
        try:
            yield self._connection
        except (duckdb.Error, RuntimeError, ValueError, MemoryError) as error:
            first = str(error).partition("\n")[0] or type(error).__name__
            if clock.timed_out:
                raise OverLimitError.of_time(timeout_s) from error
            if "Out of Memory" in first or "bad_alloc" in first or isinstance(error, MemoryError):
                raise OverLimitError.of_memory(self._limits) from error
            if "read-only mode" in first or "Permission Error" in first or "configuration has been locked" in first:
                raise DatabaseError(f"Refused by the read-only connection: {first}") from error
            raise DatabaseError(first) from error
        finally:
            timer.cancel()
            timer.join()  # a timer that has just fired must not interrupt the next statement


@contextmanager
def opened_in_memory() -> Iterator[None]:
    """Open an empty database with the same settings, which shows what DuckDB needs without a query."""
    import duckdb

    with duckdb.connect(":memory:", config=_config(Limits().max_memory_mb)) as connection:
        connection.execute("SELECT 1").fetchall()
        yield


def _config(max_memory_mb: int) -> dict[str, Any]:
    return {
        "enable_external_access": "false",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "memory_limit": f"{max_memory_mb}MiB",
        "threads": str(_THREADS),
        "temp_directory": "",
    }


def _stop(connection: duckdb.DuckDBPyConnection, clock: _Clock) -> None:
    clock.timed_out = True
    connection.interrupt()


def _rows(connection: duckdb.DuckDBPyConnection, types: list[str]) -> Iterator[tuple[Any, ...]]:
    """Rows whose values the driver could all convert.

    Raises:
        _UnreadableError: It could not: an interval of millions of years, or a date that may stand for infinity.
    """
    temporal = [index for index, declared in enumerate(types) if _is_date(declared)]
    try:
        for row in _fetched(connection):
            if any(row[index] in _EXTREMES for index in temporal):
                raise _UnreadableError
            yield row
    except (OverflowError, ImportError) as error:
        raise _UnreadableError from error
    except Exception as error:
        # Without pytz the driver raises its own InvalidInputException.
        if "pytz" in str(error):
            raise _UnreadableError from error
        raise


def _fetched(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    """Rows in steps that begin with one row and grow while they stay under a megabyte."""
    step = 1
    while rows := connection.fetchmany(step):
        size = 1 + sum(cut_cell(cell, _BATCH_BYTES)[1] for cell in rows[-1])
        yield from rows
        step = max(1, min(step * 4, _BATCH_BYTES // size, _MOST_ROWS_AT_ONCE))


def _is_date(declared: str) -> bool:
    return declared.startswith(("DATE", "TIMESTAMP")) and not declared.endswith("]")


def _is_plain(declared: str) -> bool:
    """Whether the driver converts every value of the type."""
    return not any(word in declared.upper() for word in ("DATE", "TIME", "INTERVAL", "[", "(", "VARIANT"))


def _with_texts(sql: str, types: list[str]) -> str:
    """The query with texts in the columns whose values the driver may not convert; their order stays."""
    names = [f"c{index}" for index in range(len(types))]
    shown = (
        name if _is_plain(declared) or declared.startswith("DECIMAL") else f"{name}::VARCHAR"
        for name, declared in zip(names, types, strict=True)
    )
    inner = sql.strip().rstrip(";")
    return f"SELECT {', '.join(shown)} FROM (\n{inner}\n) AS t({', '.join(names)})"


def _parsed(rows: Iterator[tuple[Any, ...]], types: list[str]) -> Iterator[tuple[Any, ...]]:
    """Turn the texts of dates back into dates, where Python has such a date."""
    readers: dict[int, Any] = {}
    for index, declared in enumerate(types):
        if _is_date(declared):
            readers[index] = datetime.date.fromisoformat if declared == "DATE" else datetime.datetime.fromisoformat
    for row in rows:
        cells = list(row)
        for index, read in readers.items():
            if cells[index] is not None:
                with suppress(ValueError):
                    cells[index] = read(cells[index])
        yield tuple(cells)


def _texts(names: tuple[str, ...]) -> str:
    return ", ".join("'" + name.replace("'", "''") + "'" for name in names)
