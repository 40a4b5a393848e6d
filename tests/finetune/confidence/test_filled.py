"""Databases with made rows: what questions compare is stored, as they spell it, and keys meet."""

import gzip
import json
import random
import sqlite3
from contextlib import closing

import pytest
import typer
from typer.testing import CliRunner

from finetune.confidence.filled import FilledColumn, FilledDatabase, Pool, conditions, main, respelled, write_database

TABLE = "2-100-1"
QUESTIONS = [
    ("Which rider won in Alba Nova?", "SELECT rider FROM {table} WHERE town = 'alba nova'"),
    (
        "How many laps did Ines Vidal ride in 1987?",
        "SELECT laps FROM {table} WHERE rider = 'ines vidal' AND year = 1987",
    ),
    ("Who rode more than 60 laps?", "SELECT rider FROM {table} WHERE laps > 60"),
]


@pytest.fixture
def published(tmp_path):
    folder = tmp_path / "published"
    folder.mkdir()
    files = {
        "wikisql": [{"id": str(n), "table": TABLE, "question": q, "sql": s} for n, (q, s) in enumerate(QUESTIONS)],
        "wikisql_tables": [
            {"table": TABLE, "columns": [["rider", "text"], ["town", "text"], ["laps", "number"], ["year", "number"]]}
        ],
        "questions": [
            {"id": "a", "source": "ehrsql", "db_id": "ward", "question": "Who is the best doctor?", "sql": None},
            {"id": "b", "source": "spider_syn", "db_id": "ward", "question": "Nothing.", "sql": "SELECT 1"},
        ],
        "schemas": [
            {
                "db_id": "ward",
                "tables": [
                    {"name": "stay", "columns": [{"name": "patient", "type": "number"}]},
                    {"name": "patient", "columns": [{"name": "id", "type": "number", "primary_key": True}]},
                ],
                "foreign_keys": [["stay", "patient", "patient", "id"]],
            }
        ],
    }
    for name, rows in files.items():
        with gzip.open(folder / f"{name}.jsonl.gz", "wt") as file:
            file.write("\n".join(map(json.dumps, rows)))
    return folder


def test_every_question_of_one_table_finds_rows_and_an_unanswerable_one_has_no_query(published, tmp_path):
    app = typer.Typer()
    app.command()(main)
    result = CliRunner().invoke(app, [str(published), str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    rows = [json.loads(line) for line in (tmp_path / "out" / "questions.jsonl").read_text().splitlines()]
    assert {row["db_id"] for row in rows} == {"wikisql_2_100_1", "ward"}
    for row in rows:
        with closing(sqlite3.connect(tmp_path / "out" / "databases" / f"{row['db_id']}.sqlite")) as connection:
            if row["db_id"] == "ward":
                assert row["sql"] is None
                orphans = "SELECT count(*) FROM stay WHERE patient NOT IN (SELECT id FROM patient)"
                assert connection.execute(orphans).fetchone() == (0,)
            else:
                assert connection.execute(row["sql"]).fetchall()


def test_values_are_stored_as_the_question_spells_them(tmp_path):
    question = {"question": "Which rider is from Alba Nova?", "sql": "SELECT rider FROM r WHERE town = 'alba nova'"}
    source = FilledDatabase("r", {"r": [FilledColumn("rider", False), FilledColumn("town", False)]}, [question])
    write_database(tmp_path / "r.sqlite", source, Pool(), random.Random(0))
    with closing(sqlite3.connect(tmp_path / "r.sqlite")) as connection:
        towns = {town for (town,) in connection.execute("SELECT town FROM r")}
    assert "Alba Nova" in towns and len(towns) > 3
    assert respelled(question["sql"], question["question"]).endswith("town = 'Alba Nova'")


def test_conditions_of_queries_that_do_not_parse_are_none():
    assert conditions("SELECT FROM WHERE (") == []
    assert conditions("SELECT a FROM t WHERE x <= 3 AND y < 3") == [{"x": 3, "y": 2}]
