"""Delimited text as a DuckDB table: the delimiter and the header are found, and each column gets the type all fit."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from coderag_app.database.sampling import quoted
from coderag_app.database.uploads.headers import column_names
from coderag_app.database.uploads.limits import MAX_COLUMNS, MAX_LINE_BYTES, check_limit
from coderag_app.errors import IngestionError

if TYPE_CHECKING:
    import duckdb

_DELIMITERS = ",\t;|"
_SAMPLE_LINES = 50
_PIECE_BYTES = 1_000_000
_DATA_CELL = re.compile(r"\s*[-+]?[\d.,:/ -]*\d[\d.,:/% -]*\s*")
_DATE_FORMATS = ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y")


def decode_to(file: str, source: Path, target: Path) -> str:
    """Write a file's text as UTF-8, piece by piece, without the mark and the empty lines at its beginning.

    Returns:
        The first lines.

    Raises:
        IngestionError: It is neither UTF-8 nor UTF-16 with its mark, or holds binary data or a line of 2 MB.
    """
    sample, begun = "", False
    lines = _LineLengths(file)
    with target.open("wb") as out:
        for text in _pieces(file, source):
            kept = text if begun else text.lstrip("\r\n")
            if not begun and re.match(r"\s*<(!doctype|html|\?xml)", kept, re.IGNORECASE):
                raise IngestionError(f"{file} is a web page or XML; expected rows separated by commas or tabs.")
            begun = begun or bool(kept)
            if "\x00" in kept:
                raise IngestionError(f"{file} holds binary data; expected text with a row a line.")
            sample = sample if len(sample) > MAX_LINE_BYTES else sample + kept
            content = kept.encode()
            lines.add(content)
            out.write(content)
    return sample


class _LineLengths:
    """Refuses a line that no reader takes, before a reader is given it."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._line = 1
        self._length = 0

    def add(self, content: bytes) -> None:
        """Count the lines of a piece.

        Raises:
            IngestionError: One is over the limit.
        """
        # A piece is shorter than the limit, so only a line that goes on from the piece before can be over it.
        ends = [place for place in (content.find(b"\n"), content.find(b"\r")) if place >= 0]
        self._check(self._length + (min(ends) if ends else len(content)))
        last = max(content.rfind(b"\n"), content.rfind(b"\r"))
        self._length = len(content) - last - 1 if ends else self._length + len(content)
        self._line += content.count(b"\n") or content.count(b"\r")

    def _check(self, length: int) -> None:
        if length > MAX_LINE_BYTES:
            raise IngestionError(
                f"{self._file} has a line of more than {MAX_LINE_BYTES:,} bytes (about line {self._line:,}); "
                "expected a row a line."
            )


def _pieces(file: str, source: Path) -> Iterator[str]:
    """The text in pieces of about a megabyte."""
    with source.open("rb") as content:
        utf16 = content.read(2) in (b"\xff\xfe", b"\xfe\xff")
        content.seek(0)
        decoder = codecs.getincrementaldecoder("utf-16" if utf16 else "utf-8-sig")()
        read = 0
        try:
            while piece := content.read(_PIECE_BYTES):
                yield decoder.decode(piece)
                read += len(piece)
            yield decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            raise IngestionError(
                f"{file} is not UTF-8 text ({error.reason} at about byte {read + error.start:,}); save it as UTF-8 "
                "(in Excel: the format 'CSV UTF-8')."
            ) from error


def load_csv(connection: duckdb.DuckDBPyConnection, file: str, path: Path, table: str) -> None:
    """Create a table from delimited text.

    Args:
        connection: Where to create it.
        file: The file's name, for messages.
        path: The file; its text is written beside it as UTF-8.
        table: Name of the table.

    Raises:
        IngestionError: The text cannot be read as rows of one width, or is over a limit.
    """
    decoded = path.with_suffix(".text")
    sample = decode_to(file, path, decoded)
    path.unlink()
    delimiter = _delimiter(sample, "\t" if file.lower().endswith(".tsv") else "")
    header, has_header = _header(file, sample, delimiter)
    check_limit(file, "columns", len(header), MAX_COLUMNS)
    names = column_names(header)
    _stage(connection, file, decoded, delimiter, has_header, names)
    decimal_comma = delimiter != ","
    casts = [_cast(connection, name, decimal_comma) for name in names]
    connection.execute(f"CREATE TABLE {quoted(table)} AS SELECT {', '.join(casts)} FROM staged")
    connection.execute("DROP TABLE staged")
    decoded.unlink()


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
