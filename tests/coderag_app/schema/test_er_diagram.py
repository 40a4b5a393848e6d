"""A schema as a drawing: every table, every key, and no name that breaks out of its label."""

import html
import re

from coderag_app.schema.er_diagram import MAX_COLUMNS, MAX_TABLES, er_diagram
from coderag_app.schema.tables import Column, ForeignKey, Schema, Table
from coderag_app.sql.ddl import schema_from_ddl

SHOP = schema_from_ddl(
    "CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT);"
    "CREATE TABLE purchase (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customer(id), amount REAL);"
)


def test_tables_columns_keys_and_arrows_are_drawn():
    dot = er_diagram(SHOP)
    assert dot.count("<table") == 2 and dot.count("PK ") == 2 and dot.count("FK ") == 1
    assert re.findall(r"^  (t\d:k\d):e -> (t\d:c\d):w;$", dot, re.MULTILINE) == [("t1:k1", "t0:c0")]


def test_a_hostile_name_stays_inside_its_label():
    name = 'x"]; evil [label=<b>hi</b>>\x1b'
    dot = er_diagram(Schema((Table(name, (Column('</td><img src="http://x">', "TEXT"), Column("", ""))),)))
    label = re.search(r"label=<(<table.*</table>)>\];", dot)[1]
    tags = set(re.findall(r"</?(\w+)", label))
    assert tags == {"table", "tr", "td", "font", "b"} and "\x1b" not in dot
    assert '</td><img src="http://x">' in html.unescape(label)


def test_wide_tables_keep_their_keys_and_large_schemas_their_best_connected_tables():
    columns = tuple(Column(f"c{n}", "TEXT") for n in range(40)) + (Column("owner", "INTEGER"),)
    wide = Table("wide", columns, (ForeignKey(("owner",), "hub", ("id",)),))
    others = tuple(Table(f"alone{n}", (Column("a"),)) for n in range(MAX_TABLES))
    dot = er_diagram(Schema((*others, wide, Table("hub", (Column("id", "INTEGER", True),)))))
    assert "owner" in dot and f"{41 - MAX_COLUMNS} more columns" in dot
    assert ">hub<" in dot and "2 more tables" in dot and "alone79" not in dot


def test_a_key_to_a_table_that_is_not_there_draws_nothing():
    schema = Schema((Table("a", (Column("b"),), (ForeignKey(("b",), "gone", ("id",)),)),))
    assert "->" not in er_diagram(schema)
