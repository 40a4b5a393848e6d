"""Delimited text as a DuckDB table: the delimiter and the header are found, and each column gets the type all fit."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

from coderag_app.errors import IngestionError
from coderag_app.uploads.headers import column_names, quoted

if TYPE_CHECKING:
    import duckdb

MAX_COLUMNS = 2_000
_DELIMITERS = ",\t;|"
_SAMPLE_LINES = 50
_DATA_CELL = re.compile(r"\s*[-+]?[\d.,:/ -]*\d[\d.,:/% -]*\s*")
_DATE_FORMATS = ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y")


def decoded(file: str, content: bytes) -> str:
    """The text of a file in UTF-8, or in UTF-16 with its mark.

    Raises:
        IngestionError: It is neither, or it holds binary data.
    """
    utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = content.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise IngestionError(
            f"{file} is not UTF-8 text ({error.reason} at byte {error.start}); save it as UTF-8 "
            "(in Excel: the format 'CSV UTF-8')."
        ) from error
    if "\x00" in text:
        raise IngestionError(f"{file} holds binary data; expected text with a row a line.")
    if re.match(r"\s*<(!doctype|html|\?xml)", text, re.IGNORECASE):
        raise IngestionError(f"{file} is a web page or XML; expected rows separated by commas, semicolons or tabs.")
    return text


def load_csv(connection: duckdb.DuckDBPyConnection, file: str, content: bytes, table: str, scratch: Path) -> None:
    """Create a table from delimited text.

    Args:
        connection: Where to create it.
        file: The file's name, for messages.
        content: The file.
        table: Name of the table.
        scratch: Where the decoded text may lie while it is read.

    Raises:
        IngestionError: The text cannot be read as rows of one width.
    """
    text = decoded(file, content).lstrip("\r\n")
    delimiter = _delimiter(text, "\t" if file.lower().endswith(".tsv") else "")
    header, has_header = _header(file, text, delimiter)
    names = column_names(header)
    if len(names) > MAX_COLUMNS:
        raise IngestionError(f"{file} has {len(names)} columns; expected at most {MAX_COLUMNS}.")
    scratch.write_bytes(text.encode())
    _stage(connection, file, scratch, delimiter, has_header, names)
    decimal_comma = delimiter != ","
    casts = [_cast(connection, name, decimal_comma) for name in names]
    connection.execute(f"CREATE TABLE {quoted(table)} AS SELECT {', '.join(casts)} FROM staged")
    connection.execute("DROP TABLE staged")


def _delimiter(text: str, wanted: str) -> str:
    """The delimiter that gives the same number of cells in most of the first lines, and the most cells."""
    if wanted:
        return wanted
    lines = "\n".join(text.splitlines()[:_SAMPLE_LINES])

    def merit(delimiter: str) -> tuple[bool, int]:
        widths = [len(row) for row in _rows(lines, delimiter)]
        return bool(widths) and widths.count(widths[0]) > len(widths) * 0.8 and widths[0] > 1, max(widths, default=0)

    return max(_DELIMITERS, key=merit)


def _rows(text: str, delimiter: str) -> list[list[str]]:
    try:
        return [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if row]
    except csv.Error:
        return []


def _header(file: str, text: str, delimiter: str) -> tuple[list[str], bool]:
    """The first row, and whether it names the columns: a row of numbers and dates alone is data."""
    first = next(iter(_rows("\n".join(text.splitlines()[:_SAMPLE_LINES]), delimiter)), None)
    if not first or not any(cell.strip() for cell in first):
        raise IngestionError(f"{file} has no column names in its first line; expected a header such as: name,city.")
    named = not all(_DATA_CELL.fullmatch(cell) for cell in first if cell.strip())
    return (first if named else ["" for _ in first]), named


def _stage(
    connection: duckdb.DuckDBPyConnection, file: str, path: Path, delimiter: str, header: bool, names: list[str]
) -> None:
    import duckdb

    columns = ", ".join(f"'{name}': 'VARCHAR'" for name in names)  # names are letters, digits and underscores
    try:
        connection.execute(
            f"CREATE TEMP TABLE staged AS SELECT * FROM read_csv(?, auto_detect=false, delim=?, quote='\"', "
            f"escape='\"', header={header}, nullstr='', columns={{{columns}}})",
            [str(path), delimiter],
        )
    except duckdb.Error as error:
        reason = _reason(str(error), str(path))
        raise IngestionError(
            f"{file} cannot be read as rows of {len(names)} columns: {reason}. "
            "Put cells that hold the separator in double quotes."
        ) from error
    if connection.execute("SELECT count(*) FROM staged").fetchone() == (0,):
        raise IngestionError(f"{file} holds column names and no rows; expected at least one row.")


def _reason(message: str, path: str) -> str:
    """The part of DuckDB's message that says where and what, without our own paths."""
    lines = [line.strip() for line in message.replace(path, "the file").splitlines() if line.strip()]
    return " ".join(line for line in lines[:3] if not line.startswith("Original Line")).rstrip(".")


def _cast(connection: duckdb.DuckDBPyConnection, name: str, decimal_comma: bool) -> str:
    """The column as the narrowest type that every cell fits; what begins with a zero stays a text, as codes do."""
    cell = f"nullif(trim({quoted(name)}), '')"
    number = f"regexp_replace({cell}, '^([-+]?\\d+),(\\d+)$', '\\1.\\2')" if decimal_comma else cell
    code = f"coalesce(regexp_matches({cell}, '^[-+]?0\\d|^[-+]?\\d{{19,}}|[eE]|^nan$|inf'), false)"
    types = [
        f"CASE WHEN NOT {code} AND regexp_full_match({cell}, '[-+]?\\d+') THEN TRY_CAST({cell} AS BIGINT) END",
        f"CASE WHEN NOT {code} THEN TRY_CAST({number} AS DOUBLE) END",
        f"CASE lower({cell}) WHEN 'true' THEN true WHEN 'false' THEN false END",
        f"CASE WHEN length({cell}) <= 10 THEN TRY_CAST({cell} AS DATE) END",
        f"TRY_CAST({cell} AS TIMESTAMP)",
    ]
    dates = [f"CAST(try_strptime({cell}, '{pattern}') AS DATE)" for pattern in _DATE_FORMATS]
    forms = [*types, *dates]
    checks = ", ".join(f"count({form})" for form in forms)
    counts = connection.execute(f"SELECT count({cell}), {checks} FROM staged").fetchone()
    assert counts is not None  # noqa: S101 - an aggregate always returns a row
    fitting = [form for form, count in zip(forms, counts[1:], strict=True) if count == counts[0] > 0]
    if len(fitting) > 1 and set(fitting) <= set(dates):
        fitting = []  # 03/04/2023 is March or April: better a text than a wrong date
    return f"{fitting[0] if fitting else quoted(name)} AS {quoted(name)}"
