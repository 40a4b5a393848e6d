"""Conditions that nobody asks for, in what the bundled model writes."""

from __future__ import annotations

import pytest
import sqlglot
from compact_replies import decode_reply
from profiles import with_profile

from coderag_app.llm.compact.unasked_conditions import equal_stored_text, leave_out_invented, leave_out_numbers
from coderag_app.question.said_literals import Literal
from coderag_app.schema.value_index import StoredValue, ValueIndex
from coderag_app.sql.ddl import schema_from_ddl

SCHEMA = with_profile(
    schema_from_ddl(
        "CREATE TABLE hotels (id INTEGER PRIMARY KEY, name TEXT, country TEXT, owner TEXT, is_open INTEGER, size TEXT);"
        "CREATE TABLE shows (title TEXT, held_on DATE);"
    ),
    "hotels.is_open",
)
STORED = [
    *(StoredValue("hotels", "country", text) for text in ("Japan", "South Korea")),
    StoredValue("hotels", "owner", "Ana"),
    *(StoredValue("hotels", "size", text) for text in ("150", "small")),
]
VALUES = ValueIndex(STORED)
SAID = [*(Literal(value.text, (value,)) for value in STORED), Literal("Nobody"), Literal("3")]
HOTELS = "SELECT hotels.name FROM hotels"


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("hotels.country = 'many' AND hotels.owner = 'Ana'", " WHERE hotels.owner = 'Ana'"),
        ("hotels.id = 'y' AND hotels.owner = 'Ana'", " WHERE hotels.owner = 'Ana'"),
        ("hotels.country = 'many'", ""),
        ("hotels.country = 'Nobody'", " WHERE hotels.country = 'Nobody'"),
        ("hotels.name = 'unread'", " WHERE hotels.name = 'unread'"),
    ],
)
def test_text_that_neither_the_question_nor_the_column_holds_is_left_out(written, kept):
    tree = sqlglot.parse_one(f"{HOTELS} WHERE {written}", read="sqlite")
    leave_out_invented(tree, SCHEMA, SAID, VALUES)
    assert tree.sql("sqlite") == HOTELS + kept


@pytest.mark.parametrize(
    ("question", "written", "kept"),
    [
        ("Names of hotels", "hotels.id = 1", ""),
        ("The first hotel", "hotels.id = 1", " WHERE hotels.id = 1"),
        ("Names of open hotels", "hotels.is_open = 1", " WHERE hotels.is_open = 1"),
        ("Names of hotels", "hotels.id = 2", " WHERE hotels.id = 2"),
    ],
)
def test_a_number_that_nobody_asks_for_is_left_out(question, written, kept):
    tree = sqlglot.parse_one(f"{HOTELS} WHERE {written}", read="sqlite")
    leave_out_numbers(tree, SCHEMA, question)
    assert tree.sql("sqlite") == HOTELS + kept


def test_no_text_is_larger_than_one_that_is_stored():
    tree = sqlglot.parse_one(f"{HOTELS} WHERE hotels.country > 'Japan'", read="sqlite")
    equal_stored_text(tree, SCHEMA, VALUES)
    assert tree.sql("sqlite") == f"{HOTELS} WHERE hotels.country = 'Japan'"


@pytest.mark.parametrize("condition", ["hotels.country > 'Atlantis'", "hotels.size > '150'", "hotels.id > 3"])
def test_other_text_and_numbers_are_compared_as_written(condition):
    tree = sqlglot.parse_one(f"{HOTELS} WHERE {condition}", read="sqlite")
    equal_stored_text(tree, SCHEMA, VALUES)
    assert tree.sql("sqlite") == f"{HOTELS} WHERE {condition}"


def test_the_number_of_the_month_of_january_is_asked_for():
    reply = "select {shows.title} where year ( {shows.held_on} ) = <v1>"
    sql = decode_reply("Titles of shows held in January", reply, SCHEMA)
    assert sql == "SELECT shows.title FROM shows WHERE CAST(STRFTIME('%m', shows.held_on) AS INTEGER) = 1"


def test_a_repair_that_is_left_out_does_not_run():
    schema = schema_from_ddl("CREATE TABLE staff (id INTEGER, first_name TEXT, last_name TEXT)")
    reply = "select {staff.first_name} , {staff.first_name}"
    assert decode_reply("Which staff?", reply, schema) == "SELECT staff.first_name, staff.last_name FROM staff"
    left_out = decode_reply("Which staff?", reply, schema, without={"whole_names"})
    assert left_out == "SELECT staff.first_name FROM staff"
