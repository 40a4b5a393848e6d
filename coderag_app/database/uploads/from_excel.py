"""The sheets of an Excel workbook as DuckDB tables."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from coderag_app.database.sampling import quoted
from coderag_app.database.uploads.column_types import ReadingOptions, typed_columns
from coderag_app.database.uploads.headers import column_names
from coderag_app.database.uploads.limits import (
    MAX_CELLS,
    MAX_COLUMNS,
    MAX_POSITIONS,
    MAX_RATIO,
    MAX_ROWS,
    MAX_SHEETS,
    MAX_STRINGS_MB,
    RATIO_FREE_MB,
    check_limit,
)
from coderag_app.database.uploads.sheet_header import read_header
from coderag_app.errors import IngestionError

if TYPE_CHECKING:
    import duckdb
    import pyarrow

_MAX_UNPACKED_MB = 600  # of all parts together
_ADVICE = "Save it as CSV or Parquet."
_ERRORS = frozenset({"#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!"})


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet that holds rows: its title, the names of its columns, their values, and what was decided."""

    title: str
    names: list[str]
    columns: list[list[Any]]
    notes: list[str]


def sheets(file: str, path: Path, options: ReadingOptions) -> Iterator[Sheet]:
    """Each sheet that holds rows.

    Raises:
        IngestionError: The file is no workbook, is damaged, or is over a limit.
    """
    from openpyxl import load_workbook

    try:  # a name without an ending is refused, an open file is not; the workbook closes it
        workbook = load_workbook(path.open("rb"), read_only=True, data_only=True)
    except MemoryError:
        raise
    except Exception as error:  # openpyxl raises whatever its XML reader stumbles over
        raise IngestionError(f"{file} cannot be read as an Excel workbook: {_reason(error, path)}") from error
    check_limit(file, "sheets", len(workbook.worksheets), MAX_SHEETS)
    read = _Read(file)
    try:
        for sheet in workbook.worksheets:
            columns = read.columns(sheet)
            header = read_header(columns, options.header)
            if columns and len(columns[0]) > header.lines:
                values = [column[header.lines :] for column in columns]
                yield Sheet(sheet.title, column_names(header.names), values, list(header.notes))
    except (IngestionError, MemoryError):
        raise
    except Exception as error:
        raise IngestionError(f"{file} is damaged: {_reason(error, path)}") from error
    finally:
        workbook.close()


class _Read:
    """Reads sheets, and counts what they hold: all sheets of a file share its limits."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._cells = 0
        self._positions = 0

    def columns(self, sheet: Any) -> list[list[Any]]:
        """The columns that hold anything, each with a value for every row that does."""
        sheet.reset_dimensions()  # a sheet may claim to reach to XFD1048576
        columns: dict[int, list[Any]] = {}
        kept = 0
        for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
            check_limit(self._file, "rows in a sheet", number, MAX_ROWS)
            self._positions += len(row)
            check_limit(self._file, "cells with the empty ones between them", self._positions, MAX_POSITIONS, _ADVICE)
            present = [position for position, value in enumerate(row) if _present(value)]
            if not present:
                continue
            self._cells += len(present)
            check_limit(self._file, "cells", self._cells, MAX_CELLS, _ADVICE)
            for position in present:
                column = columns.setdefault(position, [])
                column.extend([None] * (kept - len(column)))
                column.append(row[position])
            kept += 1
            check_limit(self._file, "columns", len(columns), MAX_COLUMNS)
        for column in columns.values():
            column.extend([None] * (kept - len(column)))
        return [columns[position] for position in sorted(columns)]


def load_sheet(connection: duckdb.DuckDBPyConnection, table: str, sheet: Sheet, options: ReadingOptions) -> list[str]:
    """Create a table of a sheet; returns what was decided. Cells of text may be numbers and dates as well."""
    import pyarrow

    arrays = [_array(column) for column in sheet.columns]
    connection.register("staged_sheet", pyarrow.Table.from_arrays(arrays, names=sheet.names))
    texts = [name for name, array in zip(sheet.names, arrays, strict=True) if pyarrow.types.is_string(array.type)]
    chosen, notes = typed_columns(connection, "staged_sheet", texts, options, comma=None)
    typed = dict(zip(texts, chosen, strict=True))
    shown = ", ".join(typed.get(name, quoted(name)) for name in sheet.names)
    connection.execute(f"CREATE TABLE {quoted(table)} AS SELECT {shown} FROM staged_sheet")
    connection.unregister("staged_sheet")
    return [*sheet.notes, *notes]


def check_archive(file: str, content: IO[bytes]) -> None:
    """Refuse what is no workbook, and one that unpacks to far more than it weighs.

    The archive's directory may claim less than is there: what is read then ends at the size that it claims, and the
    checksum is wrong.

    Raises:
        IngestionError: It is refused.
    """
    try:
        with zipfile.ZipFile(content) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise IngestionError(f"{file} is damaged: it is no complete .xlsx file.") from error
    names = {entry.filename for entry in entries}
    if "[Content_Types].xml" not in names or not any(name.startswith("xl/") for name in names):
        raise IngestionError(f"{file} is an archive and no Excel workbook; expected an .xlsx file.")
    check_limit(file, "parts", len(entries), 10 * MAX_SHEETS)
    unpacked, packed = (sum(getattr(entry, size) for entry in entries) for size in ("file_size", "compress_size"))
    if unpacked > _MAX_UNPACKED_MB * 1_000_000:
        raise IngestionError(f"{file} unpacks to {unpacked / 1e6:,.0f} MB; expected at most {_MAX_UNPACKED_MB} MB.")
    if unpacked > RATIO_FREE_MB * 1_000_000 and unpacked > MAX_RATIO * packed:
        raise IngestionError(
            f"{file} unpacks to {unpacked // max(packed, 1):,} times its size ({unpacked // 1_000_000:,} MB); "
            f"expected at most {MAX_RATIO} times. Save it as CSV or Parquet if it really holds that much."
        )
    texts = max((entry.file_size for entry in entries if "sharedstrings" in entry.filename.lower()), default=0)
    check_limit(file, "MB of texts", texts / 1e6, MAX_STRINGS_MB, _ADVICE)


def _reason(error: BaseException, path: Path) -> str:
    cause: BaseException | None = error
    while cause is not None:  # openpyxl wraps what its reader raised
        if type(cause).__name__ in ("EntitiesForbidden", "DTDForbidden", "ExternalReferenceForbidden"):
            return "its XML defines entities, which no spreadsheet program writes"
        cause = cause.__cause__ or cause.__context__
    text = str(error).splitlines()[0][:200] if str(error) else "no reason given"
    return f"{type(error).__name__}: {text.replace(str(path), 'the file')}"


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
