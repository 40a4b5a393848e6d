"""Whether a query shows what the question asks to see."""

import pytest

from coderag_app.question.read_question import read_question
from coderag_app.schema.value_index import ValueIndex
from coderag_app.sql.checks import findings
from coderag_app.sql.ddl import schema_from_ddl
from coderag_app.sql.parsing import parse_one
from coderag_app.sql.repairs import RepairContext

HARBOUR = schema_from_ddl(
    "CREATE TABLE ships (ship_id INT PRIMARY KEY, name TEXT, flag TEXT, tonnage REAL, launched DATE, home_port TEXT);"
    "CREATE TABLE calls (call_id INT PRIMARY KEY, ship_id INT REFERENCES ships, berth TEXT, arrived TEXT, draught REAL)"
)


def found(question: str, sql: str) -> list[str]:
    context = RepairContext.of_question(read_question(question, HARBOUR, ValueIndex()), HARBOUR, ValueIndex())
    each = findings(parse_one(sql, dialect="sqlite"), context)
    return [finding.check for finding in each if finding.check in ("echo", "shown")]


@pytest.mark.parametrize(
    ("question", "sql", "checks"),
    [
        ("Where is the Aurora registered?", "SELECT name FROM ships WHERE name = 'Aurora'", ["echo"]),
        (
            "Where is the Aurora?",
            "SELECT (s.name), s.name FROM ships AS s WHERE s.name = 'Aurora' AND tonnage > 3",
            ["echo"],
        ),
        (
            "Who shares berth B2?",
            "SELECT berth FROM calls WHERE berth = 'B2' INTERSECT SELECT berth FROM calls",
            ["echo"],
        ),
        ("Which flag has the Aurora?", "SELECT home_port FROM ships WHERE name = 'Aurora'", ["shown"]),
        ("What is the home port of the Aurora?", "SELECT flag FROM ships WHERE name = 'Aurora'", ["shown"]),
        ("List all berths of ships over 100 tons", "SELECT draught FROM calls", ["shown"]),
        ("Which ships are over 100 tons?", "SELECT home_port FROM ships WHERE tonnage > 100", ["shown"]),
        ("List the ships over 100 tons", "SELECT flag FROM ships WHERE tonnage > 100", ["shown"]),
        ("Calls per ship", "SELECT ship_id, COUNT(*) FROM calls GROUP BY ship_id", ["shown"]),
        ("Top 3 oldest ships", "SELECT flag FROM ships ORDER BY launched LIMIT 3", ["shown"]),
        ("5 ships over 100 tons", "SELECT flag FROM ships WHERE tonnage > 100 LIMIT 5", ["shown"]),
        ("When was the Aurora launched?", "SELECT flag FROM ships WHERE name = 'Aurora'", ["shown"]),
        ("How many berths does the Aurora use?", "SELECT berth FROM calls", ["shown"]),
    ],
)
def test_what_is_beside_the_question_is_found(question, sql, checks):
    assert found(question, sql) == checks


@pytest.mark.parametrize(
    ("question", "sql"),
    [
        ("Where is the Aurora registered?", "SELECT home_port FROM ships WHERE name = 'Aurora'"),
        ("Name and port of the Aurora", "SELECT name, home_port FROM ships WHERE name = 'Aurora'"),
        ("Ships in berth B2 or B3", "SELECT berth FROM calls WHERE berth = 'B2' OR berth = 'B3'"),
        ("Which ships share the flag of the Aurora?", "SELECT a.name FROM ships a, ships b WHERE b.name = 'Aurora'"),
        ("Which flag has the Aurora?", "SELECT flag FROM ships WHERE name = 'Aurora'"),
        ("List the ships over 100 tons", "SELECT name FROM ships WHERE tonnage > 100"),
        ("Calls per ship", "SELECT s.name, COUNT(*) FROM calls JOIN ships AS s USING (ship_id) GROUP BY s.name"),
        ("Calls per ship", "SELECT s.name, c.ship_id FROM calls AS c JOIN ships AS s ON s.ship_id = c.ship_id"),
        ("Calls per ship id", "SELECT ship_id, COUNT(*) FROM calls GROUP BY ship_id"),
        ("Calls per berth", "SELECT berth, COUNT(*) FROM calls GROUP BY berth"),
        ("List the ships by flag", "SELECT flag FROM ships"),
        ("When the ship is the Aurora, what is the flag?", "SELECT flag FROM ships WHERE name = 'Aurora'"),
        ("What are the names of the ports?", "SELECT DISTINCT home_port FROM ships"),
        ("When was the Aurora launched?", "SELECT launched FROM ships WHERE name = 'Aurora'"),
        ("How many berths are there?", "SELECT COUNT(DISTINCT berth) FROM calls"),
        ("How many tons has the Aurora?", "SELECT tonnage FROM ships WHERE name = 'Aurora'"),
        ("How many flags are there?", "SELECT n FROM (SELECT COUNT(DISTINCT flag) AS n FROM ships)"),
        ("What is the flag with the most ships?", "SELECT * FROM ships"),
    ],
)
def test_what_answers_the_question_is_left_alone(question, sql):
    assert found(question, sql) == []
