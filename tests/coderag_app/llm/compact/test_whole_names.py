"""Questions for people show both of their names."""

from __future__ import annotations

import pytest
import sqlglot

from coderag_app.schema.tables import Column, Schema, Table
from coderag_app.sql.repairs.whole_names import show_whole_names

STAFF = Table(
    "staff",
    (Column("id", "INTEGER"), Column("first_name", "TEXT"), Column("last_name", "TEXT"), Column("city", "TEXT")),
)
PLAYERS = Table("players", (Column("FName", "TEXT"), Column("LName", "TEXT"), Column("staff_id", "INTEGER")))
DOGS = Table("dogs", (Column("first_name", "TEXT"), Column("owner", "TEXT")))


def shown(sql: str, question: str = "Which people are these?") -> str:
    tree = sqlglot.parse_one(sql, read="sqlite")
    show_whole_names(tree, Schema((STAFF, PLAYERS, DOGS)), question)
    return tree.sql("sqlite")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("SELECT first_name FROM staff", "SELECT first_name, last_name FROM staff"),
        ("SELECT staff.last_name FROM staff", "SELECT staff.first_name, staff.last_name FROM staff"),
        ("SELECT p.FName, p.staff_id FROM players AS p", "SELECT p.FName, p.LName, p.staff_id FROM players AS p"),
        (
            "SELECT first_name, COUNT(*) FROM staff GROUP BY first_name",
            "SELECT first_name, last_name, COUNT(*) FROM staff GROUP BY first_name, last_name",
        ),
        (
            "SELECT first_name FROM staff WHERE id = 1 INTERSECT SELECT first_name FROM staff WHERE id = 2",
            "SELECT first_name, last_name FROM staff WHERE id = 1 "
            "INTERSECT SELECT first_name, last_name FROM staff WHERE id = 2",
        ),
    ],
)
def test_a_name_is_shown_whole(written: str, meant: str) -> None:
    assert shown(written) == meant


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT first_name, last_name FROM staff",
        "SELECT last_name, city, first_name FROM staff",
        "SELECT first_name FROM dogs",
        "SELECT city FROM staff WHERE first_name IN (SELECT first_name FROM dogs)",
        "SELECT COUNT(DISTINCT first_name) FROM staff",
        "SELECT first_name FROM staff UNION SELECT owner FROM dogs",
        "SELECT first_name FROM staff CROSS JOIN dogs",
    ],
)
def test_what_is_whole_or_no_name_stays(sql: str) -> None:
    assert shown(sql) == sql


@pytest.mark.parametrize("question", ["What are the first names of staff?", "Surnames in Lyon", "Which family is it?"])
def test_a_question_for_one_name_gets_one(question: str) -> None:
    assert shown("SELECT first_name FROM staff", question) == "SELECT first_name FROM staff"
