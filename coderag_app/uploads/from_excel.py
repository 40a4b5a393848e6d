"""The sheets of an Excel workbook as DuckDB tables."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from coderag_app.errors import IngestionError
from coderag_app.uploads.headers import column_names, quoted

if TYPE_CHECKING:
    import duckdb
    import pyarrow

_MAX_UNPACKED_MB = 1_000
_MAX_CELLS = 10_000_000
_ERRORS = frozenset({"#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!"})


def sheets(file: str, content: bytes) -> Iterator[tuple[str, list[str], list[tuple[Any, ...]]]]:
    """Each sheet that holds rows: its title, the names of its columns, and its rows.

    Raises:
        IngestionError: The file is no workbook, is damaged, or unpacks to too much.
    """
    from openpyxl import load_workbook

    _check_size(file, content)
    try:
        workbook = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except Exception as error:  # openpyxl raises whatever its XML reader stumbles over
        raise IngestionError(f"{file} cannot be read as an Excel workbook: {type(error).__name__}: {error}") from error
    cells = 0
    try:
        for sheet in workbook.worksheets:
            rows = []
            for row in sheet.iter_rows(values_only=True):
                cells += len(row)
                if cells > _MAX_CELLS:
                    raise IngestionError(f"{file} has more than {_MAX_CELLS} cells; save it as CSV or Parquet.")
                if any(_present(value) for value in row):
                    rows.append(row)
            if len(rows) > 1:
                yield (sheet.title, *_with_header(rows))
    except (KeyError, ValueError, zipfile.BadZipFile, SyntaxError) as error:
        raise IngestionError(f"{file} is damaged: {type(error).__name__}: {error}") from error
    finally:
        workbook.close()


def load_sheet(
    connection: duckdb.DuckDBPyConnection, table: str, names: list[str], rows: list[tuple[Any, ...]]
) -> None:
    """Create a table of these rows."""
    import pyarrow

    arrays = [_array([row[position] for row in rows]) for position in range(len(names))]
    connection.register("staged_sheet", pyarrow.Table.from_arrays(arrays, names=names))
    connection.execute(f"CREATE TABLE {quoted(table)} AS SELECT * FROM staged_sheet")
    connection.unregister("staged_sheet")


def _check_size(file: str, content: bytes) -> None:
    """Refuse what is no archive, and one that unpacks to far more than it weighs."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
            if "[Content_Types].xml" not in archive.namelist() or not any(
                name.startswith("xl/") for name in archive.namelist()
            ):
                raise IngestionError(f"{file} is an archive and no Excel workbook; expected an .xlsx file.")
    except zipfile.BadZipFile as error:
        raise IngestionError(f"{file} is damaged: it is no complete .xlsx file.") from error
    if unpacked > _MAX_UNPACKED_MB * 1_000_000:
        raise IngestionError(f"{file} unpacks to {unpacked // 1_000_000} MB; expected at most {_MAX_UNPACKED_MB} MB.")


def _with_header(rows: list[tuple[Any, ...]]) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The first row as names; columns that are empty from top to bottom go."""
    width = max(map(len, rows))
    padded = [row + (None,) * (width - len(row)) for row in rows]
    used = [position for position in range(width) if any(_present(row[position]) for row in padded)]
    kept = [tuple(row[position] for position in used) for row in padded]
    return column_names(kept[0]), kept[1:]


def _present(value: object) -> bool:
    return value is not None and value not in _ERRORS and str(value).strip() != ""


def _array(values: list[Any]) -> pyarrow.Array:
    """A column in the narrowest type that all its cells share."""
    import pyarrow

    cells = [value if _present(value) else None for value in values]
    kinds = {type(value) for value in cells if value is not None}
    if kinds and kinds <= {int}:
        return pyarrow.array(cells, pyarrow.int64())
    if kinds and kinds <= {int, float}:
        return pyarrow.array([None if value is None else float(value) for value in cells], pyarrow.float64())
    if kinds == {bool}:
        return pyarrow.array(cells, pyarrow.bool_())
    if kinds and kinds <= {datetime, date}:
        moments = [value if isinstance(value, datetime) or value is None else _midnight(value) for value in cells]
        if all(value is None or value.time() == time() for value in moments):
            return pyarrow.array([None if value is None else value.date() for value in moments], pyarrow.date32())
        return pyarrow.array(moments, pyarrow.timestamp("us"))
    return pyarrow.array([None if value is None else str(value) for value in cells], pyarrow.string())


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)
