"""Groups of rows that share a name."""

from __future__ import annotations

import pytest
import sqlglot

from coderag_app.llm.compact.names import SchemaNames
from coderag_app.sql.ddl import schema_from_ddl
from coderag_app.sql.repairs.row_groups import group_by_rows

SHOP = schema_from_ddl(
    """
    CREATE TABLE countries (name TEXT PRIMARY KEY, region TEXT);
    CREATE TABLE people (Id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, city TEXT,
        country TEXT REFERENCES countries(name));
    CREATE TABLE orders (id INTEGER PRIMARY KEY, title TEXT, person_id INTEGER REFERENCES people(Id));
    """
)
JOINED = "FROM people JOIN orders ON orders.person_id = people.Id"


def grouped(sql: str) -> str:
    tree = sqlglot.parse_one(sql, read="sqlite")
    group_by_rows(tree, SchemaNames(SHOP))
    return tree.sql("sqlite")


@pytest.mark.parametrize(
    "aliases", [JOINED, "FROM orders JOIN people ON orders.person_id = people.Id"], ids=["first", "last"]
)
def test_people_of_the_same_name_stay_apart(aliases: str) -> None:
    names = "people.first_name, people.last_name"
    sql = f"SELECT {names}, COUNT(*) {aliases} GROUP BY {names}"
    assert grouped(sql) == f"SELECT {names}, COUNT(*) {aliases} GROUP BY people.Id, {names}"


def test_a_nested_query_groups_by_rows_too() -> None:
    nested = f"SELECT COUNT(*) AS n {JOINED} GROUP BY people.first_name, people.last_name"
    assert "GROUP BY people.Id, people.first_name" in grouped(f"SELECT AVG(n) FROM ({nested}) AS per_group")


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT people.city, COUNT(*) {JOINED} GROUP BY people.city",
        f"SELECT people.last_name, COUNT(*) {JOINED} GROUP BY people.last_name",
        f"SELECT people.Id, COUNT(*) {JOINED} GROUP BY people.Id",
        f"SELECT orders.title, COUNT(*) {JOINED} GROUP BY orders.title",
        "SELECT first_name, last_name, COUNT(*) FROM people GROUP BY first_name, last_name",
        "SELECT countries.name, COUNT(*) FROM countries JOIN people ON people.country = countries.name "
        "GROUP BY countries.name",
        f"SELECT COUNT(*) {JOINED}",
        "SELECT first_name, last_name FROM people CROSS JOIN elsewhere GROUP BY first_name, last_name",
        "WITH few AS (SELECT * FROM orders) SELECT people.first_name, people.last_name FROM people JOIN few "
        "ON few.person_id = people.Id GROUP BY people.first_name, people.last_name",
    ],
)
def test_other_groups_stay_as_they_are(sql: str) -> None:
    assert grouped(sql) == sql
