"""Rows as CSV and Parquet, read back by the libraries that people use."""

import csv
import datetime
import io
from decimal import Decimal

import pyarrow.parquet as pq

from coderag_app.answers.result_files import to_csv, to_parquet

COLUMNS = ("id", "id", 'a, "b"', "day", "mixed", "blob")
ROWS = (
    (1, Decimal("1.50"), "x,\n\"y\"", datetime.date(2023, 1, 31), 1, b"\x01"),
    (2, None, None, None, "one", None),
)  # fmt: skip


def test_csv_reads_back_as_the_same_texts():
    lines = list(csv.reader(io.StringIO(to_csv(COLUMNS, ROWS).decode("utf-8-sig"), newline="")))
    assert lines[0] == list(COLUMNS)
    assert lines[1] == ["1", "1.50", 'x,\n"y"', "2023-01-31", "1", "01"]
    assert lines[2] == ["2", "", "", "", "one", ""]


def test_parquet_keeps_types_and_null_and_numbers_repeated_names():
    table = pq.read_table(io.BytesIO(to_parquet(COLUMNS, ROWS)))
    assert table.column_names == ["id", "id (2)", 'a, "b"', "day", "mixed", "blob"]
    assert table.column("id (2)").to_pylist() == [Decimal("1.50"), None]
    assert table.column("day").to_pylist() == [datetime.date(2023, 1, 31), None]


def test_a_column_of_mixed_types_becomes_text_in_parquet():
    table = pq.read_table(io.BytesIO(to_parquet(COLUMNS, ROWS)))
    assert table.column("mixed").to_pylist() == ["1", "one"]


def test_lone_surrogates_do_not_stop_a_download():
    rows = (("\ud800x",),)
    assert b"?x" in to_csv(("n\udc00",), rows)
    assert pq.read_table(io.BytesIO(to_parquet(("n\udc00",), rows))).column("n?").to_pylist() == ["?x"]


def test_no_rows_are_a_file_with_the_columns_alone():
    assert pq.read_table(io.BytesIO(to_parquet(("a", "b"), ()))).column_names == ["a", "b"]
    assert to_csv(("a", "b"), ()).decode("utf-8-sig") == "a,b\r\n"
