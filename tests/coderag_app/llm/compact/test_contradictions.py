"""Conditions that no row can meet, in what the bundled model writes."""

from __future__ import annotations

import pytest
import sqlglot

from coderag_app.llm.compact.question import Literal
from coderag_app.schema.tables import Column, ForeignKey, Schema, Table
from coderag_app.schema.value_index import StoredValue, ValueIndex
from coderag_app.sql.repairs.contradictions import settle_contradictions

HOTELS = Table(
    "hotels",
    (
        Column("id", "INTEGER", primary_key=True),
        *(Column(name, "TEXT") for name in ("name", "country", "owner", "order")),
    ),
)
GUESTS = Table(
    "guests",
    (Column("hotel_id", "INTEGER"), Column("origin", "TEXT"), Column("age", "INTEGER")),
    (ForeignKey(("hotel_id",), "hotels", ("id",)),),
)
STORED = [
    *(StoredValue("hotels", "country", text) for text in ("Japan", "South Korea")),
    StoredValue("hotels", "owner", "Ana"),
    StoredValue("hotels", "order", "Sold"),
    *(StoredValue("guests", "origin", text) for text in ("France", "Chad")),
]
SAID = [
    *(Literal(value.text, (value,)) for value in STORED),
    Literal("ana", (STORED[2],)),
    Literal("Nobody"),
    Literal("3"),
]
JOINED = "SELECT hotels.name FROM hotels JOIN guests ON guests.hotel_id = hotels.id WHERE"


def settled(sql: str) -> str:
    tree = sqlglot.parse_one(sql, read="sqlite")
    return settle_contradictions(tree, Schema((HOTELS, GUESTS)), SAID, ValueIndex(STORED)).sql("sqlite")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("country = 'Japan' AND country = 'South Korea'", "hotels.country IN ('Japan', 'South Korea')"),
        ("country = 'Nobody' AND country = 'Japan'", "hotels.country = 'Japan'"),
        ("country = 'Japan' AND country = 'ana'", "hotels.country = 'Japan' AND hotels.owner = 'Ana'"),
        ("country = 'Japan' AND country = 'sold'", "hotels.country = 'Japan' AND hotels.\"order\" = 'Sold'"),
        ("id = 2 AND id = 3 AND owner = 'Ana'", "hotels.id IN (2, 3) AND hotels.owner = 'Ana'"),
        ("country = 'many' AND owner = 'Ana'", "hotels.owner = 'Ana'"),
        ("id = 'y' AND owner = 'Ana'", "hotels.owner = 'Ana'"),
        ("CAST(country AS INTEGER) = 'Ana'", "CAST(hotels.country AS INTEGER) = 'Ana'"),
        ("CAST(id AS INTEGER) = 2016 AND CAST(id AS INTEGER) = 2017", "CAST(hotels.id AS INTEGER) IN (2016, 2017)"),
    ],
)
def test_what_no_row_can_be_becomes_what_is_meant(written, meant):
    qualified = written.replace("country", "hotels.country").replace("owner", "hotels.owner").replace("id", "hotels.id")
    assert (
        settled(f"SELECT hotels.name FROM hotels WHERE {qualified}") == f"SELECT hotels.name FROM hotels WHERE {meant}"
    )


def test_text_that_nobody_said_leaves_no_empty_condition():
    assert settled("SELECT hotels.name FROM hotels WHERE hotels.country = 'many'") == "SELECT hotels.name FROM hotels"


def test_rows_that_belong_to_what_is_shown_are_of_both_kinds():
    france = f"{JOINED} guests.origin = 'France' AND guests.age > 3"
    assert settled(f"{france} AND guests.origin = 'Chad'") == (
        f"{france} INTERSECT {JOINED} guests.age > 3 AND guests.origin = 'Chad'"
    )


def test_a_count_of_rows_that_belong_to_others_takes_either():
    joined = JOINED.replace("hotels.name", "COUNT(*)", 1)
    assert settled(f"{joined} guests.origin = 'France' AND guests.origin = 'Chad'") == (
        f"{joined} guests.origin IN ('France', 'Chad')"
    )


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT hotels.name FROM hotels",
        "SELECT hotels.name FROM hotels WHERE hotels.country = 'Nobody'",
        "SELECT hotels.name FROM hotels WHERE hotels.country = 'Japan' OR hotels.country = 'South Korea'",
        "SELECT hotels.name FROM hotels WHERE hotels.country = 'Japan' AND hotels.country <> 'South Korea'",
        "SELECT hotels.name FROM hotels WHERE hotels.name = 'unread'",
        "SELECT found.kind FROM (SELECT hotels.country AS kind FROM hotels) AS found WHERE found.kind = 'many'",
        f"{JOINED} guests.origin = 'France' INTERSECT {JOINED} guests.origin = 'Chad'",
    ],
)
def test_other_conditions_stay(sql):
    assert settled(sql) == sql
