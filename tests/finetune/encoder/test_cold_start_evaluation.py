"""How cold start is measured: which questions count, and what counts as found."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from coderag_app.encoders.encoder_loading import load_embed_model
from coderag_app.errors import ConfigurationError
from finetune.evaluate_cold_start import Hits, evaluate_cold_start, is_literal_free, shares

SCRIPT = """
CREATE TABLE singers (singer_id INTEGER PRIMARY KEY, name TEXT, country TEXT, age INTEGER);
INSERT INTO singers VALUES (1, 'Ana Silva', 'Peru', 30), (2, 'Bo Lind', 'Norway', 41), (3, 'Cy Roe', 'Peru', 25);
"""
GOLD = {
    "How many singers are there?": "SELECT count(*) FROM singers",
    "What is the average age of all singers?": "SELECT avg(age) FROM singers",
    "How many singers are older than 90?": "SELECT count(*) FROM singers WHERE age > 90",
    "Names of singers from Chile?": "SELECT name FROM singers WHERE country = 'Chile'",
    "A question that no pattern asks": "SELECT name || country || age FROM singers",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("spider_like")
    (root / "databases").mkdir()
    with closing(sqlite3.connect(root / "databases" / "music.sqlite")) as connection:
        connection.executescript(SCRIPT)
    rows = [{"db_id": "music", "question": question, "sql": sql} for question, sql in GOLD.items()]
    (root / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in [*rows, rows[0]]))
    return root


@pytest.fixture(scope="module")
def hits(folder) -> list[Hits]:
    return list(evaluate_cold_start(folder, [load_embed_model("bundled")], limit=300))


def test_questions_whose_gold_is_empty_or_a_lone_zero_do_not_count_and_none_counts_twice(hits):
    assert [hit.question for hit in hits] == [
        "How many singers are there?", "What is the average age of all singers?", "A question that no pattern asks",
    ]  # fmt: skip


def test_a_plain_question_finds_its_result_among_the_nearest(hits):
    assert 0 < hits[0].place <= 3
    assert 0 < hits[1].place <= 3


def test_a_result_that_no_pair_returns_is_never_found(hits):
    assert (hits[2].possible, hits[2].place) == (False, 0)


def test_shares_count_places_up_to_each_depth():
    def hit(place: int, possible: bool) -> Hits:
        return Hits("db", "encoder", "q", "SELECT 1", True, place, possible, "SELECT 1")

    found = shares([hit(1, True), hit(3, True), hit(10, True), hit(0, False)])
    assert found == {"nearest_1": 0.25, "nearest_3": 0.5, "nearest_10": 0.75, "any": 0.75, "questions": 4.0}


@pytest.mark.parametrize(
    ("sql", "free"),
    [
        ("SELECT name FROM t1 ORDER BY age LIMIT 3", True),
        ("SELECT T1.name FROM singer_2 AS T1", True),
        ("SELECT name FROM t WHERE age > 3", False),
        ("SELECT name FROM t WHERE city = 'Lyon'", False),
        ('SELECT name FROM t WHERE city = "Lyon"', False),
        ("SELECT a FROM t GROUP BY a HAVING count(*) >= 2", False),
    ],
)
def test_what_counts_as_free_of_literals(sql, free):
    assert is_literal_free(sql) is free


def test_a_folder_without_questions_says_what_is_expected(tmp_path):
    with pytest.raises(ConfigurationError, match=r"questions\.jsonl"):
        next(evaluate_cold_start(tmp_path, []))
