"""A Parquet file as a DuckDB table; what it says of itself is checked before anything is unpacked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from coderag_app.database.sampling import quoted
from coderag_app.database.uploads.headers import column_names
from coderag_app.database.uploads.limits import (
    MAX_COLUMNS,
    MAX_PARQUET_CELLS,
    MAX_PARQUET_DEPTH,
    MAX_PARQUET_MB,
    check_limit,
)
from coderag_app.errors import IngestionError

if TYPE_CHECKING:
    import duckdb


def load_parquet(connection: duckdb.DuckDBPyConnection, file: str, path: Path, table: str) -> None:
    """Create a table of a Parquet file.

    DuckDB unpacks it page by page, so a file that lies about its sizes meets the limits of the process.

    Raises:
        IngestionError: It is damaged, or over a limit.
    """
    import duckdb

    _check_metadata(file, path)
    try:
        listed = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(path)]).fetchall()
        names = ", ".join(map(quoted, column_names(row[0] for row in listed)))
        connection.execute(
            f"CREATE TABLE {quoted(table)} AS SELECT * FROM read_parquet(?) AS content({names})", [str(path)]
        )
    except duckdb.Error as error:
        reason = str(error).splitlines()[0].replace(str(path), "the file")
        raise IngestionError(f"{file} cannot be read as Parquet: {reason}") from error


def _check_metadata(file: str, path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    try:
        found = pyarrow.parquet.read_metadata(path)
        rows, columns = found.num_rows, found.num_columns
        groups = [found.row_group(number) for number in range(found.num_row_groups)]
        unpacked = sum(max(group.total_byte_size, 0) for group in groups)
        depth = max((found.schema.column(i).path.count(".") for i in range(min(columns, MAX_COLUMNS))), default=0)
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError) as error:
        reason = str(error).splitlines()[0].replace(str(path), "the file")
        raise IngestionError(f"{file} cannot be read as Parquet: {reason}") from error
    check_limit(file, "columns", columns, MAX_COLUMNS)
    check_limit(file, "cells", max(rows, 0) * columns, MAX_PARQUET_CELLS, "Load it into a DuckDB file and open that.")
    check_limit(file, "MB when it is unpacked", unpacked / 1e6, MAX_PARQUET_MB, "Load it into a DuckDB file.")
    check_limit(file, "levels of lists and structs in each other", depth, MAX_PARQUET_DEPTH)
