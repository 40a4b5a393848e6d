"""Profiles read from real databases: what each column holds, flags that the model is shown, and what is left unread."""

import sqlite3
from contextlib import closing
from dataclasses import replace

import duckdb
import pytest

from coderag_app.database import open_database
from coderag_app.errors import DatabaseError
from coderag_app.llm.compact.decode import decode_sql
from coderag_app.llm.compact.schema_names import SchemaNames, schema_text
from coderag_app.schema import profiling
from coderag_app.schema.profile import EPOCH, Kind
from coderag_app.schema.profiling import with_profiles
from coderag_app.schema.tables import Column, Schema, Table
from coderag_app.schema.value_index import ValueIndex


def profiled(path, unmatched=()) -> tuple[Schema, ValueIndex]:
    with closing(open_database(path)) as database:
        schema = database.read_schema(samples=0)
        values = ValueIndex.from_database(schema, database.texts_of, unmatched)
        return with_profiles(schema, values, lambda sql, s: database.execute(sql, s).rows, unmatched), values


def sqlite_file(tmp_path, script: str):
    path = tmp_path / "made.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
    return path


SCRIPT = """
CREATE TABLE product (id INTEGER PRIMARY KEY, discontinued INTEGER, stock INTEGER, rating INTEGER, code TEXT, bit INT,
  kind INTEGER REFERENCES kind (id));
CREATE TABLE kind (id INTEGER PRIMARY KEY, active BOOLEAN);
INSERT INTO kind VALUES (1, 1);
INSERT INTO product VALUES (0, 0, 0, NULL, '0', 1, 1), (1, 1, 7, NULL, '1', NULL, 1);
"""


def test_flags_are_columns_with_no_other_number(tmp_path):
    schema, _ = profiled(sqlite_file(tmp_path, SCRIPT))
    flags = [column.name for column in schema.table("product").columns if column.profile.is_bit]
    assert flags == ["discontinued", "bit"]  # keys, text, other numbers and empty columns are none
    assert schema.column("Kind", "ACTIVE").profile.is_bit


def test_the_model_is_shown_a_flag(tmp_path):
    schema, values = profiled(sqlite_file(tmp_path, SCRIPT))
    assert "<c1> discontinued # ( 0 | 1 )" in schema_text(SchemaNames(schema), values)


CHECKED = """CREATE TABLE parcel (id INTEGER, state TEXT CHECK (state IN ('packed', 'lost', 'sent')), size TEXT,
  note TEXT CHECK (note <> ''), CHECK (size = 'S' OR size = 'M'));
INSERT INTO parcel VALUES (1, 'sent', 'S', 'a'), (2, 'sent', 'S', 'b');"""


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_the_texts_that_a_check_allows_are_options_though_no_row_has_them(tmp_path, kind):
    if kind == "sqlite":
        path = sqlite_file(tmp_path, CHECKED)
    else:
        path = tmp_path / "made.duckdb"
        with duckdb.connect(str(path)) as connection:
            connection.execute(CHECKED)
    schema, _ = profiled(path, ["*.size"])
    options = {column.name: column.profile.options for column in schema.table("parcel").columns}
    assert options == {"id": (), "state": ("packed", "lost", "sent"), "size": (), "note": ()}
    assert profiled(path)[0].column("parcel", "size").profile.options == ("S", "M")


def test_columns_that_must_not_be_read_have_no_profile(tmp_path):
    schema, _ = profiled(sqlite_file(tmp_path, SCRIPT), ["product.bit"])
    assert schema.column("product", "discontinued").profile.is_bit
    assert schema.column("product", "bit").profile.kind is Kind.UNKNOWN


def test_a_table_that_fails_keeps_what_its_types_say():
    def rows(sql, seconds):
        raise DatabaseError("no such table")

    table = Table("gone", (Column("price", "REAL"), Column("sure", "BOOLEAN"), Column("note", "TEXT")))
    (found,) = with_profiles(Schema((table,), dialect="postgres"), ValueIndex(), rows).tables
    assert [column.profile.kind for column in found.columns] == [Kind.NUMBER, Kind.FLAG, Kind.UNKNOWN]


@pytest.mark.parametrize(
    ("dialect", "condition"),
    [("postgres", "t.active = TRUE"), ("duckdb", "t.active = TRUE"), ("sqlite", "t.active = 1")],
)
def test_a_boolean_is_compared_as_its_database_wants_it(dialect, condition):
    names = SchemaNames(Schema((Table("t", (Column("id", "INTEGER"), Column("active", "BOOLEAN"))),), dialect=dialect))
    assert decode_sql("select <c0> where <c1> = 1", names, (), ValueIndex()).endswith(condition)
    assert decode_sql("select <c0> where <c0> = 1", names, (), ValueIndex()).endswith("t.id = 1")


def test_a_profile_counts_rows_missing_and_distinct_values(tmp_path):
    path = sqlite_file(
        tmp_path,
        """CREATE TABLE tenant (id INTEGER PRIMARY KEY, moved_in TEXT, rent TEXT, left_on DATE, seen INTEGER,
          note TEXT);
        INSERT INTO tenant VALUES (1, '03/25/2021', '€1.250,00', NULL, 1616668200, ''),
          (2, '11/02/2022', '€980,50', '2023-05-01', 1667379600, 'quiet'),
          (3, '07/09/2020', '€980,50', NULL, NULL, 'loud');
        """,
    )
    table = profiled(path)[0].table("tenant")
    moved, rent, left, seen, note = (table.column(name).profile for name in "moved_in rent left_on seen note".split())
    assert (moved.kind, moved.form, moved.low, moved.high) == (Kind.DATE, "%m/%d/%Y", "2020-07-09", "2022-11-02")
    assert moved.is_unique and (rent.distinct, rent.is_unique) == (2, False)
    assert (rent.number.decimal, rent.number.unit, rent.low, rent.high) == (",", "€", 980.5, 1250.0)
    assert (left.rows, left.nulls, round(left.null_share, 2)) == (3, 2, 0.67)
    assert (seen.form, seen.low) == (EPOCH, "2021-03-25 10:30:00")
    assert note.blanks == ("",) and note.kind is Kind.TEXT


def test_thousands_beside_a_decimal_comma_are_thousands(tmp_path):
    script = "CREATE TABLE shop (takings TEXT, guests TEXT); "
    script += "INSERT INTO shop VALUES ('5.075,90', '1.204'), ('99,10', '998');"
    shop = profiled(sqlite_file(tmp_path, script))[0].table("shop")
    assert [shop.column(name).profile.high for name in ("takings", "guests")] == [5075.9, 1204.0]


def test_sqlite_stores_text_in_a_column_of_numbers_and_it_is_seen(tmp_path):
    script = "CREATE TABLE bill (total INTEGER); INSERT INTO bill VALUES ('$ 1,200'), ('$ 30'), ('$ 7');"
    total = profiled(sqlite_file(tmp_path, script))[0].column("bill", "total").profile
    assert (total.number.unit, total.high) == ("$", 1200.0)


def test_the_values_of_an_enum_are_known_and_it_is_no_number(tmp_path):
    path = tmp_path / "made.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE parcel (id INTEGER, stage ENUM('packed', 'sent', 'it''s lost'), kept BOOLEAN)")
        connection.execute("INSERT INTO parcel VALUES (1, 'sent', true), (2, 'sent', false)")
    schema, values = profiled(path)
    stage = schema.column("parcel", "stage")
    assert not stage.is_numeric and stage.profile.options == ("packed", "sent", "it's lost")
    assert values.values_of("parcel", "stage") == ("sent",)
    assert schema.column("parcel", "kept").profile.is_bit


def test_one_column_that_cannot_be_counted_costs_only_its_own_profile():
    def rows(sql, seconds):
        if "broken" in sql:
            raise DatabaseError("a value of 1.5 MB")
        return [(2, 2, 2, 20200101, 20221231)] if "COUNT(*)" in sql else [(20200101,), (20221231,)]

    table = Table("visits", (Column("broken", "INTEGER"), Column("held", "INTEGER")))
    found = with_profiles(Schema((table,)), ValueIndex(), rows).table("visits")
    assert found.column("held").profile.low == "2020-01-01"
    assert found.column("broken").profile.rows == 0


def test_after_the_budget_nothing_is_counted():
    asked = []
    tables = tuple(Table(f"t{number}", (Column("n", "INTEGER"),)) for number in range(3))
    found = with_profiles(
        Schema(tables), ValueIndex(), lambda sql, s: asked.append(sql) or [(0, 0, 0, 0, 0)], budget_s=0
    )
    assert not asked and all(table.columns[0].profile.kind is Kind.NUMBER for table in found.tables)


def test_a_large_table_is_counted_in_part_and_its_extremes_are_those_of_all_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(profiling, "COUNTED_ROWS", 50)
    script = "CREATE TABLE n (x INTEGER); WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 200) "
    profile = profiled(sqlite_file(tmp_path, script + "INSERT INTO n SELECT x FROM c;"))[0].column("n", "x").profile
    assert (profile.rows, profile.whole, profile.is_unique) == (50, False, False)
    assert (profile.low, profile.high) == (1, 200)


def test_profiles_leave_the_fingerprint_of_a_schema(tmp_path):
    schema, _ = profiled(sqlite_file(tmp_path, SCRIPT))
    bare = replace(
        schema,
        tables=tuple(
            Table(t.name, tuple(Column(c.name, c.type, c.primary_key) for c in t.columns), t.foreign_keys)
            for t in schema.tables
        ),
    )
    assert schema.fingerprint == bare.fingerprint


def test_a_general_model_is_told_of_forms_that_types_do_not_say(tmp_path):
    script = """CREATE TABLE visit (made TEXT, seen INTEGER, fee TEXT, paid TEXT, note TEXT);
        INSERT INTO visit VALUES ('31/01/2024', 1706659200, '1.200,50', 'Y', 'a'),
          ('01/02/2024', 1706745600, '9,00', 'N', 'b');"""
    ddl = profiled(sqlite_file(tmp_path, script))[0].to_ddl()
    assert ddl.splitlines()[1:6] == [
        "  made TEXT, -- dates such as 31/12/1999",
        "  seen INTEGER, -- seconds since 1970",
        "  fee TEXT, -- numbers as text, with a decimal comma",
        "  paid TEXT, -- yes is 'Y', no is 'N'",
        "  note TEXT",
    ]
