"""Local files as streams of records: JSONL, JSON, CSV, TSV and Parquet. Nothing is read whole."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from coderag_app.errors import IngestionError
from ingestion.readers.json_stream import iter_json_array
from ingestion.readers.source_rows import Rejection, is_clean_text

MAX_LINE_BYTES = 16 * 1024 * 1024
_READ_BYTES = 1 << 20
_SUFFIXES = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet")


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a file: its fields, or why there are none."""

    line: int
    fields: dict[str, Any] | None = None
    rejection: Rejection | None = None
    detail: str = ""


def iter_records(path: Path) -> Iterator[Record]:
    """The records of a file, by its suffix.

    Raises:
        IngestionError: The file is missing, empty, of an unknown kind, or no file of its kind at all.
    """
    kind = file_kind(path)
    if kind == "jsonl":
        yield from _iter_jsonl(path)
    elif kind == "json":
        yield from _iter_json(path)
    elif kind == "parquet":
        yield from _iter_parquet(path)
    else:
        yield from _iter_csv(path)


def file_kind(path: Path) -> str:
    """One of jsonl, json, csv, parquet; a ``.json`` file with one object a line counts as jsonl.

    Raises:
        IngestionError: The file is missing, empty or of an unknown kind.
    """
    if not path.is_file():
        found = "is a folder" if path.is_dir() else "does not exist"
        raise IngestionError(f"{path} {found}; expected a file ending in {', '.join(_SUFFIXES)}.")
    if path.suffix.lower() not in _SUFFIXES:
        raise IngestionError(f"{path} ends in {path.suffix!r}; expected one of {', '.join(_SUFFIXES)}.")
    if path.stat().st_size == 0:
        raise IngestionError(f"{path} is empty (0 bytes); expected rows with a question, SQL and a database context.")
    suffix = path.suffix.lower()
    if suffix == ".json":
        return "jsonl" if _holds_one_object_a_line(path) else "json"
    return {".ndjson": "jsonl", ".tsv": "csv"}.get(suffix, suffix.removeprefix("."))


def _holds_one_object_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        line = file.readline(MAX_LINE_BYTES).removeprefix(b"\xef\xbb\xbf").strip()
        more = file.read(1)
    if not line.startswith(b"{"):
        return False
    try:
        fields = json.loads(line)
    except ValueError:
        return False
    return bool(more) or not any(isinstance(value, list) for value in fields.values())


def count_records(path: Path) -> int | None:
    """About how many records a file holds, or None where counting would take a parse."""
    kind = file_kind(path)
    if kind == "parquet":
        return int(_open_parquet(path).metadata.num_rows)
    if kind == "json":
        return sum(1 for _ in _iter_json(path))
    with path.open("rb") as file:
        lines = sum(block.count(b"\n") for block in iter(lambda: file.read(_READ_BYTES), b""))
    return max(1, lines - (kind == "csv"))


def _iter_jsonl(path: Path) -> Iterator[Record]:
    with path.open("rb") as file:
        for number, line in enumerate(_iter_lines(file), start=1):
            if line is None:
                detail = f"the line has more than {MAX_LINE_BYTES} bytes"
                yield Record(number, rejection=Rejection.TOO_LONG, detail=detail)
            elif line.strip():
                yield _json_record(number, line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line)


def _iter_lines(file: BinaryIO) -> Iterator[bytes | None]:
    """Lines without ever holding more than ``MAX_LINE_BYTES``; None for a longer one."""
    while line := file.readline(MAX_LINE_BYTES):
        complete = len(line) < MAX_LINE_BYTES or line.endswith(b"\n")
        if complete:
            yield line
            continue
        while (rest := file.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
            pass
        yield None


def _json_record(number: int, line: bytes) -> Record:
    try:
        fields = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        return Record(number, rejection=Rejection.BROKEN_UTF8, detail=f"byte {error.start} of the line: {error.reason}")
    except (ValueError, RecursionError) as error:
        return Record(number, rejection=Rejection.MALFORMED, detail=f"not JSON: {error}")
    return object_record(number, fields)


def object_record(number: int, fields: Any) -> Record:
    """A record of a JSON value, which has to be an object."""
    if isinstance(fields, dict):
        return Record(number, fields=fields)
    return Record(number, rejection=Rejection.MALFORMED, detail=f"a JSON {type(fields).__name__}, expected an object")


def _iter_json(path: Path) -> Iterator[Record]:
    for line, value, problem in iter_json_array(path):
        yield Record(line, rejection=Rejection.MALFORMED, detail=problem) if problem else object_record(line, value)


def _iter_csv(path: Path) -> Iterator[Record]:
    csv.field_size_limit(max(csv.field_size_limit(), MAX_LINE_BYTES))
    # Bytes that are not UTF-8 become lone surrogates, so that they cost their own row and no other.
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        delimiter = _delimiter(file.readline(), path)
        file.seek(0)
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        header: list[str] | None = None
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Record(line, rejection=Rejection.MALFORMED, detail=f"not CSV: {error}")
                continue
            if header is None:
                header = [name.strip() for name in cells]
            elif cells:
                yield _csv_record(line, header, cells)


def _csv_record(line: int, header: list[str], cells: list[str]) -> Record:
    if len(cells) != len(header):
        detail = f"{len(cells)} cells, expected {len(header)} as in the header"
        return Record(line, rejection=Rejection.MALFORMED, detail=detail)
    if not all(map(is_clean_text, cells)):
        return Record(line, rejection=Rejection.BROKEN_UTF8)
    return Record(line, fields=dict(zip(header, cells, strict=True)))


def _delimiter(header: str, path: Path) -> str:
    if path.suffix.lower() == ".tsv":
        return "\t"
    return max(",;\t", key=header.count)


def _open_parquet(path: Path) -> Any:
    import pyarrow
    from pyarrow import parquet

    try:
        return parquet.ParquetFile(path)
    except (pyarrow.ArrowInvalid, OSError) as error:
        raise IngestionError(f"{path} is not a Parquet file that can be read: {error}") from error


def _iter_parquet(path: Path) -> Iterator[Record]:
    import pyarrow

    number = 0
    try:
        for batch in _open_parquet(path).iter_batches(batch_size=512):
            for position in range(batch.num_rows):
                number += 1
                try:
                    yield Record(number, fields=batch.slice(position, 1).to_pylist()[0])
                except UnicodeDecodeError as error:
                    yield Record(number, rejection=Rejection.BROKEN_UTF8, detail=error.reason)
    except (pyarrow.ArrowException, OSError) as error:
        raise IngestionError(f"{path} cannot be read after row {number}: {error}") from error
