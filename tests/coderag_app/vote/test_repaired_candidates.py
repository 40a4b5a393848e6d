"""The SQL of any model is repaired before it runs, and no repair costs an answer."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlglot
from scripted_llm import ScriptedLLM

from coderag_app.errors import ConfigurationError
from coderag_app.loading import load_query_engine
from coderag_app.sql.repairs import Repair
from coderag_app.types import AnswerStatus, SQLAnswer

DDL = """
CREATE TABLE people (id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, city TEXT, born INTEGER);
CREATE TABLE orders (id INTEGER PRIMARY KEY, person_id INTEGER REFERENCES people (id), paid_at TIMESTAMP);
INSERT INTO people VALUES (1, 'Ann', 'Lee', 'Lyon', 1990), (2, 'Ann', 'Lee', 'Oslo', 1980);
INSERT INTO people VALUES (3, 'Bo', 'Ek', 'Oslo', 1970);
INSERT INTO orders VALUES (1, 1, '2021-06-30 10:00:00'), (2, 2, '2021-06-01 00:00:00'), (3, 2, '2021-07-01 00:00:00');
"""


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "people.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(DDL)
    return path


def asked(database: Path, question: str, reply: str, **settings) -> SQLAnswer:
    return load_query_engine(database=database, llm=ScriptedLLM(replies=[reply]), **settings).ask(question)


@pytest.mark.parametrize(
    ("repair", "question", "reply", "rows"),
    [
        ("reground", "Sum of city", "SELECT SUM(city) FROM people", {(5940,)}),
        ("contradictions", "Who is in Lyon and Oslo? Count",
         "SELECT COUNT(*) FROM people WHERE city = 'Lyon' AND city = 'Oslo'", {(3,)}),
        ("periods", "Orders paid until 2021-06-30", "SELECT id FROM orders WHERE paid_at <= '2021-06-30'",
         {(1,), (2,)}),
        ("whole_names", "Who lives in Lyon?", "SELECT first_name FROM people WHERE city = 'Lyon'", {("Ann", "Lee")}),
        ("row_groups", "How many orders has each person?",
         "SELECT first_name, last_name, COUNT(*) FROM people JOIN orders ON person_id = people.id "
         "GROUP BY first_name, last_name", {("Ann", "Lee", 1), ("Ann", "Lee", 2)}),
    ],
)  # fmt: skip
def test_sql_of_an_instruct_model_is_repaired(database, repair, question, reply, rows):
    answer = asked(database, question, f"```sql\n{reply}\n```")
    assert answer.status is AnswerStatus.ANSWERED and set(answer.rows) == rows
    assert answer.attempts[0].reply.strip("`\n").removeprefix("sql\n") == reply
    as_written = asked(database, question, reply, without_repairs=(repair,))
    assert set(as_written.rows) != rows and as_written.sql == reply


def test_a_repair_that_there_is_not_cannot_be_left_out(database):
    with pytest.raises(ConfigurationError, match=r"'regrounding'.*one of nested_conditions, reground, "):
        asked(database, "Cities of Bo", "SELECT city FROM people", without_repairs=("regrounding",))


def test_sql_without_a_fault_keeps_its_text(database):
    reply = "select  count( * )\nfrom people\nwhere city='Oslo'"
    assert asked(database, "How many live in Oslo?", reply).sql == reply


@pytest.mark.parametrize(
    "broken", ["SELECT nothing FROM people", "DELETE FROM people", "SELECT ABS(-9223372036854775808)"]
)
def test_a_repair_whose_sql_is_refused_or_fails_is_dropped(database, monkeypatch, broken):
    breaks = Repair("broken", lambda tree, context: sqlglot.parse_one(broken, dialect="sqlite"))
    monkeypatch.setattr("coderag_app.sql.repairs.passes.REPAIRS", (breaks,))
    answer = asked(database, "How many?", "SELECT COUNT(*) FROM people")
    assert answer.rows == ((3,),) and answer.sql == "SELECT COUNT(*) FROM people"


def test_two_statements_are_refused_and_not_repaired_into_one(database):
    reply = "```sql\nSELECT city, city FROM people; DROP TABLE people\n```"
    answer = asked(database, "Cities", reply, max_repairs=0)
    assert answer.status is AnswerStatus.FAILED or ";" not in answer.sql
    with sqlite3.connect(database) as connection:
        assert connection.execute("SELECT COUNT(*) FROM people").fetchone() == (3,)
