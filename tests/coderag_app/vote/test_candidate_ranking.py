"""The encoder as a ranker of SQL candidates for one question."""

from __future__ import annotations

import pytest

from coderag_app.encoders.encoder_loading import load_embed_model
from coderag_app.sql.ddl import schema_from_ddl
from coderag_app.vote.candidate_ranking import rank_candidates

SCHEMA = schema_from_ddl(
    "CREATE TABLE singers (id INTEGER PRIMARY KEY, name TEXT, country TEXT, age INTEGER);"
    "CREATE TABLE concerts (id INTEGER PRIMARY KEY, singer_id INTEGER, stadium TEXT, sold INTEGER);"
)


@pytest.fixture(scope="module")
def embed_model():
    return load_embed_model("bundled").embed_model


@pytest.mark.parametrize(
    ("question", "right", "wrong"),
    [
        ("What is the average age of singers?", "SELECT avg(age) FROM singers", "SELECT max(age) FROM singers"),
        ("How many concerts are there?", "SELECT count(*) FROM concerts", "SELECT count(*) FROM singers"),
        ("List the countries of all singers.", "SELECT country FROM singers", "SELECT stadium FROM concerts"),
    ],
)
def test_the_right_candidate_scores_above_a_near_miss(embed_model, question, right, wrong):
    scores = rank_candidates(question, [wrong, right], SCHEMA, embed_model)
    assert scores[1] > scores[0]


def test_there_is_one_cosine_for_each_candidate_in_their_order(embed_model):
    sqls = ["SELECT name FROM singers", "SELECT count(*) FROM concerts", "SELECT name FROM singers"]
    scores = rank_candidates("Names of singers", sqls, SCHEMA, embed_model)
    assert len(scores) == 3
    assert scores[0] == scores[2] != scores[1]
    assert all(-1 <= score <= 1.001 for score in scores)


def test_sql_that_does_not_parse_is_scored_by_its_text(embed_model):
    (score,) = rank_candidates("Names of singers", ["SELECT name FROM ("], SCHEMA, embed_model)
    assert -1 <= score <= 1


def test_no_candidates_give_no_scores(embed_model):
    assert rank_candidates("Names of singers", [], SCHEMA, embed_model) == []
