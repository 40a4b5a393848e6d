"""Questions over a table's key to itself: the rows that come back, in the right direction, and what checks say."""

from __future__ import annotations

import sqlite3

import pytest

from coderag_app.question.read_question import read_question
from coderag_app.schema.inferred_keys import with_inferred_keys
from coderag_app.schema.value_index import StoredValue, ValueIndex
from coderag_app.sql.checks import coverage, findings, question_of_the_world
from coderag_app.sql.ddl import schema_from_ddl
from coderag_app.sql.parsing import parse_one
from coderag_app.sql.repairs import RepairContext, repaired

DDL = "CREATE TABLE rangers (ranger_id INTEGER PRIMARY KEY, name TEXT, camp TEXT, nights INTEGER, reports_to INTEGER)"
ROWS = [
    (1, "Ida Falk", "North", 9, None),
    (2, "Per Munk", "North", 12, 1),
    (3, "Lea Ness", "South", 4, 1),
    (4, "Tom Vik", "South", 7, 2),
]
SCHEMA = with_inferred_keys(schema_from_ddl(DDL))
VALUES = ValueIndex(StoredValue("rangers", "name", row[1]) for row in ROWS)


def context(question: str) -> RepairContext:
    return RepairContext.of_question(read_question(question, SCHEMA, VALUES), SCHEMA, VALUES)


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("Which rangers report to Ida Falk?", {("Per Munk",), ("Lea Ness",)}),
        ("Who is managed by per munk?", {("Tom Vik",)}),
        ("Name the ranger that Tom Vik reports to", {("Per Munk",)}),
        ("Who is Lea Ness's manager?", {("Ida Falk",)}),
        ("How many rangers work under Ida Falk?", {(2,)}),
        ("How many reports does Tom Vik have?", {(0,)}),
        ("Which rangers have no boss?", {("Ida Falk",)}),
        ("Which rangers have a boss?", {("Per Munk",), ("Lea Ness",), ("Tom Vik",)}),
        ("Which rangers supervise nobody?", {("Lea Ness",), ("Tom Vik",)}),
        ("How many rangers does each manager have?", {("Ida Falk", 2), ("Per Munk", 1)}),
        ("Who manages the fewest rangers?", {("Per Munk",)}),
        ("Which rangers have more nights than their manager?", {("Per Munk",)}),
    ],
)
def test_the_words_decide_the_direction_of_the_join(question, rows):
    connection = sqlite3.connect(":memory:")
    connection.execute(DDL)
    connection.executemany("INSERT INTO rangers VALUES (?, ?, ?, ?, ?)", ROWS)
    tree = repaired(parse_one("SELECT name FROM rangers", dialect="sqlite"), context(question))
    assert set(connection.execute(tree.sql(dialect="sqlite"))) == rows


def test_the_words_of_a_relation_are_known_and_used_where_the_query_has_its_key():
    asked = context("Who is the superior of Tom Vik?")
    assert question_of_the_world(asked) == ""
    joined = repaired(parse_one("SELECT name FROM rangers", dialect="sqlite"), asked)
    assert coverage(joined, asked).unused == ()
    without = parse_one("SELECT name FROM rangers WHERE name = 'Tom Vik'", dialect="sqlite")
    assert coverage(without, asked).unused == ("superior",)


def test_a_relation_asks_for_a_missing_key():
    asked = context("Which rangers have no superior?")
    empty = parse_one("SELECT name FROM rangers WHERE reports_to IS NULL", dialect="sqlite")
    assert not [finding for finding in findings(empty, asked) if finding.check == "unasked"]
    others = context("Which rangers are in the north?")
    assert [finding for finding in findings(empty, others) if finding.check == "unasked"]


def test_a_name_is_no_word_that_asks_for_groups():
    asked = context("How many nights does Per Munk have?")
    shown = parse_one("SELECT nights FROM rangers WHERE name = 'Per Munk'", dialect="sqlite")
    assert not [finding for finding in findings(shown, asked) if finding.check == "missing"]
