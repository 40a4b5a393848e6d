"""Rows of an answer as files: CSV, Parquet and Excel. Pure.

When a spreadsheet opens a CSV file, it treats text that begins with ``=``, ``+``, ``-`` or ``@`` as a formula, and a
formula may run programs. Such texts get a leading ``'`` unless the caller keeps formulas; numbers stay numbers.
Excel files mark texts as texts, which are never computed, and Parquet has no formulas.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from datetime import date, time
from decimal import Decimal
from typing import Any

from coderag_app.text.cell_text import plain_text, visible_text

# Characters that begin a formula, including East Asian full-width forms, and those that may be skipped before one.
_FORMULA = re.compile(r"[\s\x00-\x20\u200b-\u200f\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n\x00]")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d+)*|\.\d+)(?:[eE][+-]?\d+)?%?")
_MAX_EXCEL_ROWS, _MAX_EXCEL_CHARS = 1_048_575, 32_767
_MAX_EXCEL_INTEGER = 10**15  # Excel keeps 15 digits
_EXCEL_YEARS = range(1900, 9999)  # the last moment of 9999 would be rounded up


def unique_names(names: Sequence[str]) -> list[str]:
    """Number repeated column names.

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


def to_csv(columns: Sequence[str], rows: Sequence[Sequence[Any]], keep_formulas: bool = False) -> bytes:
    """Write RFC 4180 in UTF-8 with a byte order mark, which spreadsheets need; NULL is an empty field.

    Args:
        columns: Names, treated as text like any cell.
        rows: The rows.
        keep_formulas: Write texts that a spreadsheet would treat as formulas unchanged.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_MINIMAL)
    writer.writerow([_csv_cell(name, keep_formulas) for name in columns])
    writer.writerows([_csv_cell(value, keep_formulas) for value in row] for row in rows)
    return text.getvalue().encode("utf-8-sig", "replace")


def _csv_cell(value: Any, keep_formulas: bool) -> Any:
    if value is None:
        return None
    text = plain_text(value)
    is_text = not isinstance(value, int | float | Decimal)
    return f"'{text}" if is_text and not keep_formulas and is_formula(text) else text


def is_formula(text: str) -> bool:
    """Whether a spreadsheet may treat a text as a formula; signed numbers are not formulas.

    Example:
        >>> [is_formula(text) for text in ("=1+1", " @x", "-5", "-5+cmd", "a=b")]
        [True, True, False, True, False]
    """
    return _FORMULA.match(text) is not None and _NUMBER.fullmatch(text) is None


def to_parquet(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    """Write one row group with the types of the values; a column of mixed types is written as text."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = unique_names([_encodable(name) for name in columns])
    arrays = [_arrow_array([row[position] for row in rows]) for position in range(len(names))]
    file = io.BytesIO()
    try:
        pq.write_table(pa.Table.from_arrays(arrays, names=names), file)
    except (pa.ArrowException, OverflowError, ValueError):  # a type that Arrow has and Parquet lacks
        file = io.BytesIO()
        texts = [_text_array([row[position] for row in rows]) for position in range(len(names))]
        pq.write_table(pa.Table.from_arrays(texts, names=names), file)
    return file.getvalue()


def _arrow_array(values: list[Any]) -> Any:
    import pyarrow as pa

    kinds = {type(value) for value in values if value is not None}
    if len(kinds) > 1 and not kinds <= {int, float, Decimal}:
        return _text_array(values)  # Arrow would turn bytes into text, and times into dates
    try:
        found = pa.array(values, from_pandas=False)
    except (pa.ArrowException, ArithmeticError, ValueError, TypeError, UnicodeError, RecursionError):
        return _text_array(values)
    deep = pa.types.is_nested(found.type) and not (
        pa.types.is_list(found.type) and not pa.types.is_nested(found.type.value_type)
    )
    return _text_array(values) if deep else found


def _text_array(values: list[Any]) -> Any:
    import pyarrow as pa

    texts = [None if value is None else _encodable(plain_text(value)) for value in values]
    return pa.array(texts, type=pa.string())


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def to_excel(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    """Write a workbook of one sheet. Texts are stored as texts, never as formulas.

    Values that Excel can't hold become text: integers of more than 15 digits, NaN, dates before 1900 and after 9998,
    times with a zone.
    Longer texts are cut at 32,767 characters, and rows beyond the last of a sheet are left out.
    """
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet("answer")

    def cell(value: Any) -> Any:
        kept = _excel_value(value)
        if not isinstance(kept, str):
            return kept
        made = WriteOnlyCell(sheet)
        made.value, made.data_type = kept, "s"  # openpyxl treats text that begins with = as a formula
        return made

    sheet.append([cell(name) for name in columns])
    for row in rows[:_MAX_EXCEL_ROWS]:
        sheet.append([cell(value) for value in row])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _excel_value(value: Any) -> Any:
    """NULL, a number, a time or a text that XML can hold."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) < _MAX_EXCEL_INTEGER:
        return value
    if isinstance(value, float) and abs(value) < float("inf"):  # excludes NaN
        return value
    if isinstance(value, date) and value.year in _EXCEL_YEARS and getattr(value, "tzinfo", None) is None:
        return value
    if type(value) is time and value.tzinfo is None:
        return value
    return visible_text(plain_text(value)[:_MAX_EXCEL_CHARS], keep="\n\t")[:_MAX_EXCEL_CHARS]
