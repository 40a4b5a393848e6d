"""Columns that are nothing but 0 and 1: found in the data, shown to the model, compared as the dialect wants it."""

import sqlite3

import pytest

from coderag_app.database import open_database
from coderag_app.errors import DatabaseError
from coderag_app.llm.compact.decode import decode_sql
from coderag_app.llm.compact.names import SchemaNames, schema_text
from coderag_app.schema.tables import Column, Schema, Table
from coderag_app.schema.value_flags import read_flags
from coderag_app.schema.value_index import ValueIndex


def flags_of(tmp_path, script: str, unmatched=()) -> tuple[SchemaNames, ValueIndex]:
    path = tmp_path / "flags.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(script)
    connection.close()
    database = open_database(path)
    schema = database.read_schema(samples=0)
    values = ValueIndex.from_database(
        schema, database.distinct_texts, unmatched, lambda sql: database.execute(sql).rows
    )
    database.close()
    return SchemaNames(schema), values


SCRIPT = """
CREATE TABLE product (id INTEGER PRIMARY KEY, discontinued INTEGER, stock INTEGER, rating INTEGER, code TEXT, bit INT,
  kind INTEGER REFERENCES kind (id));
CREATE TABLE kind (id INTEGER PRIMARY KEY, active BOOLEAN);
INSERT INTO kind VALUES (1, 1);
INSERT INTO product VALUES (0, 0, 0, NULL, '0', 1, 1), (1, 1, 7, NULL, '1', NULL, 1);
"""


def test_flags_are_columns_with_no_other_number(tmp_path):
    _, values = flags_of(tmp_path, SCRIPT)
    flags = [name for name in ("id", "discontinued", "stock", "rating", "code", "bit", "kind")
             if values.is_flag("product", name)]  # fmt: skip
    assert flags == ["discontinued", "bit"]  # keys, text, other numbers and empty columns are none
    assert values.is_flag("Kind", "ACTIVE")


def test_the_model_is_shown_a_flag(tmp_path):
    assert "<c1> discontinued # ( 0 | 1 )" in schema_text(*flags_of(tmp_path, SCRIPT))


def test_columns_that_must_not_be_read_are_no_flags(tmp_path):
    _, values = flags_of(tmp_path, SCRIPT, ["product.bit"])
    assert values.is_flag("product", "discontinued")
    assert not values.is_flag("product", "bit")


def test_a_table_that_fails_has_no_flags():
    def rows(sql):
        raise DatabaseError("no such table")

    table = Table("gone", (Column("flag", "INTEGER"), Column("sure", "BOOLEAN")))
    assert list(read_flags(Schema((table,)), rows, lambda table, column: False)) == [("gone", "sure")]


@pytest.mark.parametrize(
    ("dialect", "condition"),
    [("postgres", "t.active = TRUE"), ("duckdb", "t.active = TRUE"), ("sqlite", "t.active = 1")],
)
def test_a_boolean_is_compared_as_its_database_wants_it(dialect, condition):
    names = SchemaNames(Schema((Table("t", (Column("id", "INTEGER"), Column("active", "BOOLEAN"))),), dialect=dialect))
    assert decode_sql("select <c0> where <c1> = 1", names, (), ValueIndex()).endswith(condition)
    assert decode_sql("select <c0> where <c0> = 1", names, (), ValueIndex()).endswith("t.id = 1")
