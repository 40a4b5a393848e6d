"""Rows that a question speaks of and a reply leaves out, and conditions that nobody asked for."""

from __future__ import annotations

import pytest
from compact_replies import decode_reply
from profiles import with_profile

from coderag_app.schema.value_index import StoredValue, ValueIndex
from coderag_app.sql.ddl import schema_from_ddl

SCHEMA = with_profile(
    schema_from_ddl(
        """
    CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, age INTEGER, active INTEGER);
    CREATE TABLE gymnast (gymnast_id INTEGER PRIMARY KEY REFERENCES people(id), points REAL, joined_year INTEGER);
    CREATE TABLE prize (id INTEGER PRIMARY KEY, winner_id INTEGER REFERENCES people(id), title TEXT);
    CREATE TABLE host (id INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE party (id INTEGER PRIMARY KEY, place TEXT, fee REAL);
    CREATE TABLE party_host (party_id INTEGER REFERENCES party(id), host_id INTEGER REFERENCES host(id));
    """
    ),
    "people.active",
)
VALUES = ValueIndex([StoredValue("people", "name", "Ana")])


def decoded(question: str, reply: str) -> str:
    return decode_reply(question, reply, SCHEMA, VALUES)


OF_GYMNASTS = "FROM gymnast JOIN people ON gymnast.gymnast_id = people.id"


@pytest.mark.parametrize(
    ("question", "reply", "sql"),
    [
        ("Names of the gymnasts", "select {people.name}", f"SELECT people.name {OF_GYMNASTS}"),
        ("The average age of gymnasts", "select avg ( {people.age} )", f"SELECT AVG(people.age) {OF_GYMNASTS}"),
        ("Names of people who are gymnasts", "select {people.name}", "SELECT people.name FROM people"),
        ("Names of prize winners", "select {people.name}", "SELECT people.name FROM people"),  # several rows for one
        ("The points of gymnasts", "select {gymnast.points}", "SELECT gymnast.points FROM gymnast"),
    ],
)
def test_rows_of_a_kind_are_those_of_its_table(question, reply, sql):
    assert decoded(question, reply) == sql


@pytest.mark.parametrize(
    ("question", "reply", "without"),
    [
        ("Names of hosts without any party", "select {host.name} except select {host.name}",
         "(SELECT 1 FROM party_host JOIN party ON party_host.party_id = party.id WHERE party_host.host_id = host.id)"),
        ("Names of hosts who never did it", "select {host.name} except select {host.name}",
         "(SELECT 1 FROM party_host WHERE party_host.host_id = host.id)"),
    ],
)  # fmt: skip
def test_rows_except_themselves_are_those_without_the_other_table(question, reply, without):
    assert decoded(question, reply) == f"SELECT host.name FROM host WHERE NOT EXISTS{without}"


def test_rows_except_other_rows_stay():
    reply = "select {host.name} except select {host.name} where {host.id} > 3"
    assert decoded("Names of hosts but not those above 3", reply).startswith("SELECT host.name FROM host EXCEPT")


@pytest.mark.parametrize(
    ("question", "condition", "kept"),
    [
        ("The cheapest party", "{party.fee} = 1", False),
        ("Parties for 1 dollar", "{party.fee} = 1", True),
        ("Parties for one dollar", "{party.fee} = 1", True),
        ("Parties that cost nothing", "{party.fee} = 0", True),
        ("The cheapest party", "{party.fee} = 0", False),
        ("The cheapest party", "{party.fee} = 7", True),
    ],
)
def test_a_number_that_nobody_asks_for_is_no_condition(question, condition, kept):
    sql = decoded(question, f"select {{party.place}} where {condition} order by {{party.fee}} limit 1")
    assert ("WHERE" in sql) is kept


def test_a_flag_needs_no_number():
    assert "active = 1" in decoded("Names of active people", "select {people.name} where {people.active} = 1")


def test_the_year_of_a_column_of_years_is_the_column():
    sql = decoded(
        "The most frequent year", "select year ( {gymnast.joined_year} ) group by year ( {gymnast.joined_year} )"
    )
    assert sql == "SELECT gymnast.joined_year FROM gymnast GROUP BY gymnast.joined_year"


def test_in_different_places_means_each_place():
    sql = decoded("The average fee of parties in different places", "select avg ( {party.fee} )")
    assert sql == "SELECT party.place, AVG(party.fee) FROM party GROUP BY party.place"
    assert "GROUP" not in decoded("How many different places are there?", "select count ( {party} )")
