"""Rows of an answer as files: CSV and Parquet. Pure.

Texts are written as they are. A spreadsheet may take a text that begins with ``=`` for a formula when it opens a CSV
file; Parquet has no such reading.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from coderag_app.answers.cell_text import json_value


def unique_names(names: Sequence[str]) -> list[str]:
    """Column names with repeated ones numbered.

    Example:
        >>> unique_names(["id", "id", "name"])
        ['id', 'id (2)', 'name']
    """
    taken: list[str] = []
    for name in names:
        candidate, number = name, 1
        while candidate in taken:
            number += 1
            candidate = f"{name} ({number})"
        taken.append(candidate)
    return taken


def to_csv(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    """RFC 4180 in UTF-8 with a byte order mark, which spreadsheets need; NULL is an empty field."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_MINIMAL)
    writer.writerow(columns)
    writer.writerows([_csv_cell(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8-sig", "replace")


def _csv_cell(value: Any) -> Any:
    return value if value is None or isinstance(value, int | float | str) else str(json_value(value))


def to_parquet(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    """One row group with the types that the values have; a column of mixed types is written as text."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = unique_names([name.encode("utf-8", "replace").decode() for name in columns])
    arrays = [_arrow_array([row[position] for row in rows]) for position in range(len(names))]
    file = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, names=names), file)
    return file.getvalue()


def _arrow_array(values: list[Any]) -> Any:
    import pyarrow as pa

    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, UnicodeEncodeError):
        texts = [None if value is None else str(json_value(value)) for value in values]
        safe = [None if text is None else text.encode("utf-8", "replace").decode() for text in texts]
        return pa.array(safe, type=pa.string())
