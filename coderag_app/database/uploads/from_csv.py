"""Delimited text as a DuckDB table: the delimiter and the header are found, and each column gets the type all fit."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from coderag_app.database.sampling import quoted
from coderag_app.database.uploads.column_types import ReadingOptions, typed_columns
from coderag_app.database.uploads.headers import column_names
from coderag_app.database.uploads.limits import MAX_COLUMNS, MAX_LINE_BYTES, check_limit
from coderag_app.errors import IngestionError

if TYPE_CHECKING:
    import duckdb

_DELIMITERS = ",\t;|"
_SAMPLE_LINES = 50
_PIECE_BYTES = 1_000_000
_DATA_CELL = re.compile(r"\s*[-+]?[\d.,:/ -]*\d[\d.,:/% -]*\s*")
_YEAR = re.compile(r"(?:19|20)\d\d")


def decode_to(file: str, source: Path, target: Path) -> tuple[str, str]:
    """Write a file's text as UTF-8, piece by piece, without the mark and the empty lines at its beginning.

    Returns:
        The first lines, and the encoding: what is neither UTF-8 nor UTF-16 with its mark is Windows-1252, in which
        Excel writes in Western Europe and America.

    Raises:
        IngestionError: It holds binary data or a line of 2 MB.
    """
    encoding = _encoding(source)
    return _decoded(file, source, target, encoding), encoding


def _encoding(source: Path) -> str:
    with source.open("rb") as content:
        if content.read(2) in (b"\xff\xfe", b"\xfe\xff"):
            return "utf-16"
        content.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8-sig")()
        try:
            while piece := content.read(_PIECE_BYTES):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8-sig"


def _decoded(file: str, source: Path, target: Path, encoding: str) -> str:
    sample, begun = "", False
    lines = _LineLengths(file)
    with target.open("wb") as out:
        for text in _pieces(file, source, encoding):
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


def _pieces(file: str, source: Path, encoding: str) -> Iterator[str]:
    """The text in pieces of about a megabyte."""
    # Five bytes mean nothing in Windows-1252: they are replaced, as the rest of the file may be read.
    decoder = codecs.getincrementaldecoder(encoding)("replace" if encoding == "cp1252" else "strict")
    with source.open("rb") as content:
        try:
            while piece := content.read(_PIECE_BYTES):
                yield decoder.decode(piece)
            yield decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:  # UTF-16 that is cut in the middle of a character
            raise IngestionError(f"{file} is not UTF-16 text ({error.reason}); save it as UTF-8.") from error


def load_csv(
    connection: duckdb.DuckDBPyConnection, file: str, path: Path, table: str, options: ReadingOptions
) -> list[str]:
    """Create a table from delimited text.

    Args:
        connection: Where to create it.
        file: The file's name, for messages.
        path: The file; its text is written beside it as UTF-8.
        table: Name of the table.
        options: What the user told of it.

    Returns:
        What was decided, in sentences.

    Raises:
        IngestionError: The text cannot be read as rows of one width, or is over a limit.
    """
    decoded = path.with_suffix(".text")
    sample, encoding = decode_to(file, path, decoded)
    path.unlink()
    delimiter = _delimiter(sample, "\t" if file.lower().endswith(".tsv") else "")
    header, has_header = _header(file, sample, delimiter, options)
    check_limit(file, "columns", len(header), MAX_COLUMNS)
    names = column_names(header)
    _stage(connection, file, decoded, delimiter, has_header, names)
    chosen, notes = typed_columns(connection, "staged", names, options, comma=True if delimiter == ";" else None)
    connection.execute(f"CREATE TABLE {quoted(table)} AS SELECT {', '.join(chosen)} FROM staged")
    connection.execute("DROP TABLE staged")
    decoded.unlink()
    if not has_header:
        notes.insert(0, f"no header was found in the first line, which is data: the columns are {names[0]} and so on")
    if encoding == "cp1252":
        notes.insert(0, "it is not UTF-8 and was read as Windows-1252: check its accents")
    return notes


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


def _header(file: str, text: str, delimiter: str, options: ReadingOptions) -> tuple[list[str], bool]:
    """The first row, and whether it names the columns."""
    first, *rest = _rows("\n".join(text.splitlines()[:_SAMPLE_LINES]), delimiter) or [[]]
    if not first or not any(cell.strip() for cell in first):
        raise IngestionError(f"{file} has no column names in its first line; expected a header such as: name,city.")
    named = options.header == "yes" or (options.header == "auto" and _names_columns(first, rest))
    return (first if named else ["" for _ in first]), named


def _names_columns(first: list[str], rest: list[list[str]]) -> bool:
    """Whether the first row is no data: not alone numbers and dates, and none of its cells like those below it.

    A number above numbers and a text that comes again below are data. Years that follow each other name columns.
    """
    told = [cell.strip() for cell in first if cell.strip()]
    if all(map(_DATA_CELL.fullmatch, told)):
        return False
    years = [int(cell) for cell in told if _YEAR.fullmatch(cell)]
    rising = len(years) > 1 and all(later - earlier == 1 for earlier, later in pairwise(years))
    for place, cell in enumerate(map(str.strip, first)):
        below = [row[place].strip() for row in rest if len(row) > place and row[place].strip()]
        if not cell or not below or (rising and _YEAR.fullmatch(cell)):
            continue
        is_data = _DATA_CELL.fullmatch(cell) is not None and all(map(_DATA_CELL.fullmatch, below))
        if is_data or (len(cell) > 1 and cell in below):
            return False
    return True


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
