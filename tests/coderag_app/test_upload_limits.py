"""Files that unpack to far more than they weigh are refused by name, and the reader's memory stays bounded."""

import io
import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook

from coderag_app.database.uploads.limits import MAX_COLUMNS, MEMORY_MB
from coderag_app.database.uploads.upload_tables import tables_to_duckdb
from coderag_app.errors import IngestionError

pytestmark = pytest.mark.slow

SHEET = "xl/worksheets/sheet1.xml"
START = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
END = b"</sheetData></worksheet>"
HEADER = b'<row r="1"><c r="A1" t="inlineStr"><is><t>h</t></is></c></row>'


def workbook(pieces: Iterable[bytes], dimension: bytes = b"A1:B2", start: bytes = START) -> bytes:
    """A workbook whose only sheet holds these pieces of XML."""
    book = Workbook()
    book.active.append(["a"])
    plain, out = io.BytesIO(), io.BytesIO()
    book.save(plain)
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as made:
        for name in source.namelist():
            with made.open(name, "w") as part:
                if name != SHEET:
                    part.write(source.read(name))
                    continue
                part.write(start + b'<dimension ref="' + dimension + b'"/><sheetData>')
                for piece in pieces:
                    part.write(piece)
                part.write(END)
    return out.getvalue()


def with_claimed_size(content: bytes, name: str, size: int) -> bytes:
    """The archive with another unpacked size in its directory."""
    changed = bytearray(content)
    at = changed.find(b"PK\x01\x02")
    while at >= 0:
        length = struct.unpack_from("<H", changed, at + 28)[0]
        if changed[at + 46 : at + 46 + length] == name.encode():
            struct.pack_into("<I", changed, at + 24, size)
        at = changed.find(b"PK\x01\x02", at + 4)
    return bytes(changed)


def entity_bomb() -> bytes:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    start = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "lol">{entities}]>'.encode() + START
    return workbook([HEADER.replace(b">h<", b">&a9;<")], start=start)


def parquet(table: pa.Table, **options: object) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out, **options)
    return out.getvalue()


def nested(levels: int) -> pa.Array:
    array = pa.array([1])
    for _ in range(levels):
        array = pa.ListArray.from_arrays([0, len(array)], array)
    return array


BIG = b"x" * 1_000_000
LONG_TEXT = [HEADER, b'<row r="2"><c r="A2" t="inlineStr"><is><t>', *[BIG] * 30, b"</t></is></c></row>"]
BOMBS = {
    "text.xlsx": (lambda: workbook(LONG_TEXT), "times its size"),
    "lying.xlsx": (lambda: with_claimed_size(workbook(LONG_TEXT), SHEET, 5_000), "cannot be read|damaged"),
    "claims.xlsx": (lambda: with_claimed_size(workbook([HEADER]), SHEET, 3_000_000_000), "unpacks to 3,000 MB"),
    "entity.xlsx": (entity_bomb, "defines entities"),
    "cells.xlsx": (lambda: workbook([HEADER, b"<row>", *[b"<c/>" * 100_000] * 20, b"</row>"]), "times its size"),
    "row.xlsx": (lambda: workbook([HEADER, b'<row r="2000000000"><c><v>1</v></c></row>']), "rows in a sheet"),
    "deep.xlsx": (lambda: workbook([HEADER, b"<a>" * 200_000]), "damaged"),
    "columns.parquet": (lambda: parquet(pa.table({f"c{i}": [1] for i in range(MAX_COLUMNS + 1)})), "2,001 columns"),
    "nested.parquet": (lambda: parquet(pa.table({"a": nested(40)})), "levels of lists"),
    "cut.parquet": (lambda: parquet(pa.table({"a": [1]}))[:-40] + b"PAR1", "cannot be read as Parquet"),
    "line.csv": (lambda: b"a,b\n1,2\n" + BIG * 3, "line of more than 2,000,000 bytes .about line 3"),
    "header.csv": (lambda: BIG * 3, "line of more than"),
    "wide.csv": (lambda: b",".join(b"c%d" % i for i in range(100_000)) + b"\n1\n", "100,000 columns"),
    "commas.csv": (lambda: b"a,b\n" + b"," * 3_000_000, "line of more than"),
    "quote.csv": (lambda: b'a,b\n"' + b"x\n" * 5_000_000, "cannot be read as rows of 2 columns"),
    "nul.csv": (lambda: b"a,b\n1,\x00\n", "binary data"),
    "late_nul.csv": (lambda: b"a,b\n" + b"1,2\n" * 500_000 + b"\x00", "binary data"),
    "late_utf16.csv": (lambda: b"\xff\xfe" + "a,b\n".encode("utf-16-le") * 500_000 + b"x", "not UTF-16 text"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_file_that_asks_for_too_much_is_refused_by_name_and_leaves_nothing(tmp_path, name):
    make, says = BOMBS[name]
    with pytest.raises(IngestionError, match=says) as refused:
        tables_to_duckdb([(name, make())], tmp_path)
    assert str(refused.value).startswith(name)
    assert str(tmp_path) not in str(refused.value)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_the_rows_and_cells_of_a_parquet_file_are_counted_before_they_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr("coderag_app.database.uploads.from_parquet.MAX_PARQUET_CELLS", 1_000)
    from coderag_app.database.uploads.from_parquet import load_parquet

    path = tmp_path / "rows.parquet"
    path.write_bytes(parquet(pa.table({"a": [1] * 600, "b": [1] * 600})))
    with pytest.raises(IngestionError, match="rows has 1,200 cells; expected at most 1,000"):
        load_parquet(None, "rows", path, "t")


def test_a_cell_of_a_hundred_million_parts_ends_the_reader_and_not_this_process(tmp_path):
    parts = pa.ListArray.from_arrays(pa.array([0, 100_000_000], pa.int32()), pa.nulls(100_000_000, pa.int8()))
    content = parquet(pa.table({"a": parts}), compression="zstd")
    assert len(content) < 100_000
    (tmp_path / "parts.parquet").write_bytes(content)
    # In a process whose only child is the reader: the peak of children is that of all that ever ended.
    code = (
        "import resource, sys\nfrom pathlib import Path\n"
        "from coderag_app.database.uploads.upload_tables import tables_to_duckdb\n"
        "from coderag_app.errors import IngestionError\n"
        "path = Path(sys.argv[1])\n"
        "try:\n    tables_to_duckdb([(path.name, path.read_bytes())], path.parent / 'made')\n"
        "except IngestionError as error:\n    print(error)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "parts.parquet")]
    said, peak_kb = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip().splitlines()
    assert said.startswith("parts.parquet ")
    assert int(peak_kb) < (MEMORY_MB + 300) * 1_000


def test_a_sheet_that_claims_to_reach_to_the_last_cell_is_read_as_what_it_holds(tmp_path):
    far = b'<row r="2"><c r="A2"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
    found = tables_to_duckdb([("far.xlsx", workbook([HEADER, far], b"A1:XFD1048576"))], tmp_path)
    (table,) = found.tables
    assert (table.rows, len(table.columns)) == (2, 2)


def test_a_damaged_byte_anywhere_is_an_error_of_ours_or_harmless(tmp_path):
    good = parquet(pa.table({"a": list(range(50)), "b": ["x"] * 50}))
    refused = []
    for number, at in enumerate(range(4, len(good), len(good) // 4)):
        broken = bytearray(good)
        broken[at : at + 4] = b"\xff\xff\xff\x7f"
        try:
            tables_to_duckdb([("b.parquet", bytes(broken))], tmp_path / str(number))
        except IngestionError as error:
            refused.append(str(error))
    assert refused
    assert all(message.startswith("b.parquet ") for message in refused)
