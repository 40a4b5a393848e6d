"""Real pairs as training text."""

import json
import random
import sqlite3

import pytest

from finetune.sql_model.real_data import MADE, REAL, mixed_rows, real_databases

QUESTIONS = [
    ("How many singers are there?", "SELECT count(*) FROM singer"),
    ("What is the number of singers?", "SELECT count(*) FROM singer"),
    ("Which names do singers have?", "SELECT name FROM singer"),
    ("Rank them.", "SELECT name, rank() OVER (ORDER BY age ROWS 2 PRECEDING) FROM (SELECT * FROM singer)"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("spider")
    (path / "databases").mkdir()
    for db_id in ("concert", "left_out"):
        with sqlite3.connect(path / "databases" / f"{db_id}.sqlite") as connection:
            connection.execute("CREATE TABLE singer (id INTEGER PRIMARY KEY, name TEXT, age INTEGER, country TEXT)")
            rows = [(number, f"Singer {number}", 20 + number, "FR" if number % 2 else "DE") for number in range(20)]
            connection.executemany("INSERT INTO singer VALUES (?, ?, ?, ?)", rows)
        connection.close()
    rows = [{"db_id": d, "question": q, "sql": s} for d in ("concert", "left_out") for q, s in QUESTIONS]
    (path / "questions.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return path


@pytest.fixture(scope="module")
def concert(folder):
    (database,) = real_databases(folder, synthesized=60, leave_out=["left_out"])
    return database


def test_real_and_made_pairs_are_read_and_what_cannot_be_said_is_counted(concert):
    assert concert.db_id == "concert"
    assert [pair["group"] for pair in concert.pairs].count(REAL) == 3
    assert [pair["group"] for pair in concert.pairs].count(MADE) > 20
    assert concert.dropped.total() >= 1


def test_no_row_holds_two_real_pairs_with_the_same_sql(concert):
    rows = list(mixed_rows(concert, 3, random.Random(0)))
    for row in rows:
        real = [pair["sql"] for pair in row["pairs"] if pair["group"] == REAL]
        assert len(real) == len(set(real))
    counted = [pair for row in rows for pair in row["pairs"] if pair["group"] == REAL and "count" in pair["sql"]]
    assert len(counted) == 6  # both questions, three times


def test_a_real_pair_stands_beside_a_made_one(concert):
    groups = [{pair["group"] for pair in row["pairs"]} for row in mixed_rows(concert, 2, random.Random(1))]
    assert groups and all(each == {REAL, MADE} for each in groups)
