"""Dropped files become a private database with usable names and types; what cannot be read is named."""

import io
import sqlite3
import stat
from datetime import date, datetime

import duckdb
import pyarrow
import pyarrow.parquet
import pytest
from openpyxl import Workbook

from coderag_app.database import open_database
from coderag_app.database.uploads.column_types import ReadingOptions
from coderag_app.database.uploads.upload_tables import MAX_UPLOAD_MB, tables_to_duckdb
from coderag_app.errors import ConfigurationError, IngestionError
from coderag_app.sql.guard import check_sql

pytestmark = pytest.mark.slow


def rows_of(uploaded, sql: str):
    database = open_database(uploaded.path)
    try:
        return database.execute(check_sql(sql, database.read_schema(), "duckdb").sql).rows
    finally:
        database.close()


def types_of(uploaded, table: str) -> dict[str, str]:
    database = open_database(uploaded.path)
    try:
        return {column.name: column.type for column in database.read_schema().table(table).columns}
    finally:
        database.close()


def workbook(**sheets) -> bytes:
    book = Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def parquet(table: pyarrow.Table) -> bytes:
    out = io.BytesIO()
    pyarrow.parquet.write_table(table, out)
    return out.getvalue()


def test_a_csv_file_becomes_a_table_with_types_that_only_its_owner_can_read(tmp_path):
    content = b"id,city,price,sold,at,open\n1,Lyon,2.5,2023-01-31,2023-01-31 10:00:00,true\n2,Oslo,3,,,false\n"
    found = tables_to_duckdb([("sales.csv", content)], tmp_path)
    (table,) = found.tables
    assert (table.name, table.file, table.rows) == ("sales", "sales.csv", 2)
    assert types_of(found, "sales") == {
        "id": "BIGINT", "city": "VARCHAR", "price": "DOUBLE", "sold": "DATE", "at": "TIMESTAMP", "open": "BOOLEAN"
    }  # fmt: skip
    assert rows_of(found, "SELECT city, price, sold FROM sales WHERE id = 1") == (("Lyon", 2.5, date(2023, 1, 31)),)
    assert stat.S_IMODE(found.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(found.path.parent.stat().st_mode) == 0o700
    assert [path.name for path in found.path.parent.iterdir()] == ["sales.duckdb"]


def test_awkward_headers_get_usable_names(tmp_path):
    header = 'Order Date,,order date,"say ""hi""","2nd",Größe,"x\ny"\n'.encode()
    found = tables_to_duckdb([("a b.csv", header + b"a,b,c,d,e,f,g\n")], tmp_path)
    assert found.tables[0].name == "a_b"
    assert found.tables[0].columns == ("order_date", "column_2", "order_date_2", "say_hi", "n2nd", "größe", "x_y")
    assert rows_of(found, 'SELECT order_date_2, "größe" FROM a_b') == (("c", "f"),)


def test_codes_that_begin_with_a_zero_stay_texts(tmp_path):
    found = tables_to_duckdb([("plz.csv", b"zip,n\n01067,1\n80331,0\n")], tmp_path)
    assert rows_of(found, "SELECT zip, n FROM plz ORDER BY zip") == (("01067", 1), ("80331", 0))


def test_a_file_without_header_keeps_its_first_row(tmp_path):
    found = tables_to_duckdb([("n.csv", b"1,2.5\n3,4.5\n")], tmp_path)
    assert found.tables[0].columns == ("column_1", "column_2")
    assert rows_of(found, "SELECT column_1 FROM n ORDER BY column_1") == ((1,), (3,))


def test_semicolons_decimal_commas_and_german_dates_are_understood(tmp_path):
    found = tables_to_duckdb([("de.csv", b"name;preis;am\r\nA;1,5;31.12.2023\r\nB;2;01.02.2023\r\n")], tmp_path)
    assert rows_of(found, "SELECT preis, am FROM de ORDER BY preis") == (
        (1.5, date(2023, 12, 31)),
        (2.0, date(2023, 2, 1)),
    )


def test_a_date_that_could_be_two_days_stays_a_text_and_a_clear_one_does_not(tmp_path):
    unclear = tables_to_duckdb([("a.csv", b"d,x\n03/04/2023,p\n05/06/2023,q\n")], tmp_path)
    clear = tables_to_duckdb([("b.csv", b"d,x\n03/04/2023,p\n05/26/2023,q\n")], tmp_path)
    assert types_of(unclear, "a")["d"] == "VARCHAR"
    assert rows_of(clear, "SELECT d FROM b WHERE x = 'p'") == ((date(2023, 3, 4),),)


def test_tabs_quotes_line_breaks_and_utf_16_are_read(tmp_path):
    tsv = tables_to_duckdb([("t.tsv", b'a\tb\n"x\ty"\t"line\nbreak"\n')], tmp_path)
    utf16 = tables_to_duckdb([("u.csv", "a,b\nZoë,1\n".encode("utf-16"))], tmp_path)
    assert rows_of(tsv, "SELECT a, b FROM t") == (("x\ty", "line\nbreak"),)
    assert rows_of(utf16, "SELECT a FROM u") == (("Zoë",),)


def test_several_files_become_tables_of_one_database(tmp_path):
    people = parquet(pyarrow.table({"Full Name": ["Ann"], "born": [date(1990, 1, 2)]}))
    found = tables_to_duckdb([("x.csv", b"a,b\n1,2\n"), ("X.csv", b"a,b\n3,4\n"), ("people.parquet", people)], tmp_path)
    assert [table.name for table in found.tables] == ["x", "x_2", "people"]
    assert rows_of(found, "SELECT full_name, born FROM people") == (("Ann", date(1990, 1, 2)),)
    assert rows_of(found, "SELECT a FROM x_2") == ((3,),)


def test_each_sheet_of_a_workbook_becomes_a_table(tmp_path):
    content = workbook(
        Sales=[["Day", "Amount", "Ok", None, "Note"], [datetime(2024, 5, 1), 3, True, None, "x"], [None] * 5,
               [datetime(2024, 5, 2), 4.5, False, None, 7]],
        Empty=[],
        People=[["name"], ["Ann"]],
    )  # fmt: skip
    found = tables_to_duckdb([("book.xlsx", content)], tmp_path)
    assert [(table.name, table.rows) for table in found.tables] == [("book_sales", 2), ("book_people", 1)]
    assert types_of(found, "book_sales") == {"day": "DATE", "amount": "DOUBLE", "ok": "BOOLEAN", "note": "VARCHAR"}


def test_a_database_is_stored_as_it_is(tmp_path):
    source = tmp_path / "in.db"
    with sqlite3.connect(source) as connection:
        connection.executescript("CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1), (2);")
    connection.close()
    found = tables_to_duckdb([("my shop.db", source.read_bytes())], tmp_path / "up")
    assert found.path.read_bytes() == source.read_bytes() and found.path.name == "my_shop.sqlite"
    assert [(t.name, t.rows, t.columns) for t in found.tables] == [("t", 2, ("a",))]
    duck = tmp_path / "d.duckdb"
    with duckdb.connect(str(duck)) as made:
        made.execute("CREATE TABLE u AS SELECT 1 AS b")
    assert tables_to_duckdb([("d", duck.read_bytes())], tmp_path / "up").tables[0].name == "u"


def test_the_same_files_give_the_same_path_also_while_it_is_open(tmp_path):
    files = [("s.csv", b"a,b\n1,2\n")]
    first = tables_to_duckdb(files, tmp_path)
    database = open_database(first.path)
    second = tables_to_duckdb(files, tmp_path)
    assert second == first and database.execute("SELECT a FROM s").rows == ((1,),)
    database.close()
    assert tables_to_duckdb([("s.csv", b"a,b\n1,3\n")], tmp_path).path != first.path


def test_a_file_name_cannot_leave_the_folder(tmp_path):
    found = tables_to_duckdb([("../../etc/pass\x1bwd.csv", b"a,b\n1,2\n")], tmp_path)
    windows = tables_to_duckdb([(r"C:\temp\Q1 report.csv", b"a,b\n1,2\n")], tmp_path)
    assert found.path.is_relative_to(tmp_path) and "\x1b" not in found.tables[0].file
    assert windows.tables[0].name == "q1_report"


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("cut16.csv", b"\xff\xfea\x00,\x00b\x00\n\x00c", "not UTF-16 text"),
        ("empty.csv", b" \n", "is empty"),
        ("head.csv", b"a,b\n", "no rows"),
        ("ragged.csv", b"a,b\n1,2\n1,2,3,4\n", "rows of 2 columns"),
        ("photo.csv", b"\x89PNG\x00\x01", "photo.csv"),
        ("zeros.csv", b"a,b\n\x00,1\n", "binary data"),
        ("page.csv", b"<!DOCTYPE html><html>", "web page"),
        ("old.xls", b"\xd0\xcf\x11\xe0rest", "old Excel format"),
        ("fake.xlsx", b"a,b\n1,2\n", "no .xlsx file"),
        ("cut.xlsx", b"PK\x03\x04broken", "damaged"),
        ("cut.parquet", b"PAR1 and nothing", "cannot be read as Parquet"),
        ("cut.sqlite", b"SQLite format 3\x00" + b"x" * 100, "cannot be opened"),
        ("notes.docx", b"plain", "of a kind that is not read"),
        ("no.json", b"{}", "of a kind that is not read"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name_and_leaves_nothing(tmp_path, name, content, problem):
    with pytest.raises(IngestionError, match=problem) as refused:
        tables_to_duckdb([("good.csv", b"a,b\n1,2\n"), (name, content)] if "sqlite" not in name else [(name, content)],
                         tmp_path)  # fmt: skip
    assert name in str(refused.value) and str(tmp_path) not in str(refused.value)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_file_over_the_limit_and_a_workbook_that_unpacks_to_too_much_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("coderag_app.database.uploads.from_excel._MAX_UNPACKED_MB", 0)
    with pytest.raises(IngestionError, match="unpacks to"):
        tables_to_duckdb([("bomb.xlsx", workbook(A=[["a"], ["b"]]))], tmp_path)
    monkeypatch.setattr("coderag_app.database.uploads.upload_tables.MAX_UPLOAD_MB", 0.00001)
    with pytest.raises(IngestionError, match=r"big\.csv has"):
        tables_to_duckdb([("big.csv", b"a,b\n" * 100)], tmp_path)
    assert MAX_UPLOAD_MB == 200


def test_a_database_must_come_alone(tmp_path):
    with pytest.raises(IngestionError, match="alone"):
        tables_to_duckdb([("a.csv", b"a\n1\n"), ("b.db", b"SQLite format 3\x00")], tmp_path)


def rows_and_notes(tmp_path, content: bytes, sql: str, name: str = "f.csv", **options):
    found = tables_to_duckdb([(name, content)], tmp_path, ReadingOptions(**options))
    return rows_of(found, sql), found.notes


def test_a_file_in_windows_1252_beside_utf_8_is_read_and_said(tmp_path):
    files = [("utf8.csv", "a,b\nZoë,1\n".encode()), ("old.csv", "a,b\nZoë – 5 €,1\n".encode("cp1252"))]
    found = tables_to_duckdb(files, tmp_path)
    assert rows_of(found, "SELECT u.a, o.a FROM utf8 AS u CROSS JOIN old AS o") == (("Zoë", "Zoë – 5 €"),)
    assert found.notes == ("old.csv: it is not UTF-8 and was read as Windows-1252: check its accents",)


@pytest.mark.parametrize(
    ("named", "content", "rows"),
    [
        ("no", b"7,Anvil,3.5\n8,Bolt,1\n9,Clamp,2\n", 3),  # numbers above numbers
        ("no", b"Oslo,x1\nBergen,x2\nOslo,x3\n", 3),  # a text that comes again
        ("yes", b"region,2021,2022,2023\nNorth,5,6,7\n", 1),  # years name columns
        ("yes", b"name,city\nAnn,Oslo\nBob,Oslo\n", 2),
    ],
)
def test_a_first_line_that_is_data_is_kept(tmp_path, named, content, rows):
    found = tables_to_duckdb([("f.csv", content)], tmp_path)
    assert found.tables[0].rows == rows
    assert any("no header was found in the first line" in note for note in found.notes) == (named == "no")


def test_a_choice_that_there_is_not_is_refused():
    with pytest.raises(ConfigurationError, match="header is 'maybe'; expected one of auto, yes, no"):
        ReadingOptions(header="maybe")


def test_what_was_decided_of_a_header_can_be_changed(tmp_path):
    content = b"7,Anvil\n8,Bolt\n"
    auto = tables_to_duckdb([("f.csv", content)], tmp_path)
    told = tables_to_duckdb([("f.csv", content)], tmp_path, ReadingOptions(header="yes"))
    none = tables_to_duckdb([("g.csv", b"a,b\nc,d\n")], tmp_path, ReadingOptions(header="no"))
    assert [found.tables[0].rows for found in (auto, told, none)] == [2, 1, 2]
    assert auto.path != told.path


@pytest.mark.parametrize(
    ("cells", "total"),
    [
        (["1.234,56", "99,90", "-12.000,00"], -10665.54),
        (["1.234", "17", "0,5"], 1251.5),
        (["12,50 €", "1.000,00 €"], 1012.5),
        (["CHF 1'250.50", "CHF 80.00"], 1330.5),
        (["5 %", "7,5 %"], 12.5),
        (["1,5", "n/a"], 1.5),
    ],
)
def test_european_numbers_and_money_become_numbers(tmp_path, cells, total):
    content = "\n".join(["place;takings", *(f"p{i};{cell}" for i, cell in enumerate(cells))]).encode()
    ((found,),), notes = rows_and_notes(tmp_path, content, "SELECT SUM(takings) FROM f")
    assert found == pytest.approx(total)
    assert len(notes) == 1 and notes[0].startswith("f.csv: takings: numbers")


def test_thousands_are_whole_numbers_beside_a_decimal_comma(tmp_path):
    content = b"zip;takings;guests\n01067;5.075,90;1.204\n01067;99,10;998\n"
    rows, _ = rows_and_notes(tmp_path, content, "SELECT zip, takings, guests FROM f")
    assert rows == (("01067", 5075.9, 1204), ("01067", 99.1, 998))
    assert types_of(tables_to_duckdb([("f.csv", content)], tmp_path), "f")["guests"] == "BIGINT"


def test_a_decimal_mark_and_the_order_of_dates_can_be_told(tmp_path):
    content = b"name\tamount\tpaid\nA\t1.500\t03/04/2023\nB\t2.250\t05/06/2023\n"
    plain, notes = rows_and_notes(tmp_path, content, "SELECT amount, paid FROM f")
    told, _ = rows_and_notes(tmp_path, content, "SELECT amount, paid FROM f", decimal=",", dates="day")
    assert plain[0] == (1.5, "03/04/2023") and told[0] == (1500, date(2023, 4, 3))
    assert len(notes) == 1 and "may have the day or the month first" in notes[0]


def test_the_offset_of_a_time_is_not_dropped(tmp_path):
    content = b"logged,n\n2024-05-01T10:00:00Z,1\n2024-05-01T12:30:00+02:00,2\n2024-05-01 03:00:00-0500,3\n"
    rows, notes = rows_and_notes(tmp_path, content, "SELECT logged FROM f ORDER BY n")
    assert [row[0] for row in rows] == [datetime(2024, 5, 1, 10), datetime(2024, 5, 1, 10, 30), datetime(2024, 5, 1, 8)]
    assert notes == ("f.csv: logged: times with an offset were turned into UTC",)


def test_money_of_two_currencies_stays_a_text(tmp_path):
    found = tables_to_duckdb([("f.csv", "x,y\n$5,1\n€7,2\n".encode())], tmp_path)
    assert types_of(found, "f")["x"] == "VARCHAR"


def test_titles_above_a_sheet_are_left_out_and_a_header_of_two_lines_is_joined(tmp_path):
    content = workbook(
        Plan=[["Staffing plan", None, None, None], [None] * 4, ["Draft", None, None, None],
              ["Team", "Spring", None, "Autumn"], [None, "Heads", "Cost", "Heads"],
              ["Red", 3, "1.200,50 €", 4], ["Blue", 5, "80,00 €", 6]],
        Plain=[["name", "age"], ["Ann", 5]],
    )  # fmt: skip
    found = tables_to_duckdb([("w.xlsx", content)], tmp_path)
    assert found.tables[0].columns == ("team", "spring_heads", "spring_cost", "autumn_heads")
    assert rows_of(found, "SELECT SUM(spring_cost), SUM(autumn_heads) FROM w_plan") == ((1280.5, 10),)
    assert found.notes[:2] == (
        "w.xlsx: 2 title lines above the header left out", "w.xlsx: the header was read from two lines",
    )  # fmt: skip
    assert found.tables[1].notes == ()


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        ([["name", None], ["Ann", 5]], ("name", "column_2")),  # a name with a gap is no title
        ([[None, "age"], ["Ann", 5]], ("column_1", "age")),
        ([["name", "city"], ["Ann", "Oslo"], ["Bob", "Rome"]], ("name", "city")),
        ([["name", "city"], ["Ann", "Oslo"]], ("name", "city")),
        ([["a", None, "c"], ["x", "y", "z"], ["x", "y", "z"]], ("a", "column_2", "c")),  # all texts: one line
        ([[1, 2], [3, 4]], ("column_1", "column_2")),
    ],
)
def test_plain_sheets_keep_their_header_and_rows(tmp_path, rows, columns):
    found = tables_to_duckdb([("w.xlsx", workbook(S=rows))], tmp_path)
    assert found.tables[0].columns == columns
    assert found.tables[0].rows == len(rows) - (not isinstance(rows[0][0], int))


def test_a_sheet_is_read_as_told(tmp_path):
    content = workbook(S=[["Report", None], ["name", "age"], ["Ann", 5]])
    names = [tables_to_duckdb([("w.xlsx", content)], tmp_path, ReadingOptions(header=header)).tables[0].columns
             for header in ("auto", "yes", "no")]  # fmt: skip
    assert names == [("name", "age"), ("report", "column_2"), ("column_1", "column_2")]


def test_scripts_find_uploads_by_their_earlier_address():
    from coderag_app.uploads.tables import tables_to_duckdb as earlier

    assert earlier is tables_to_duckdb
