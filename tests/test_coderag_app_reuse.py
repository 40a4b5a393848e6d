"""A retrieved query that answers where the model is unsure, with a scripted LLM and the real encoder."""

import sqlite3
from pathlib import Path

import pytest
from scripted_llm import ScriptedLLM

from coderag_app.config import AppConfig
from coderag_app.decoding.candidates import Candidate
from coderag_app.decoding.reuse import UNSURE_BELOW, is_unsure, reusable
from coderag_app.engine_loading import load_query_engine
from coderag_app.index.store import ExampleIndex
from coderag_app.models import load_embed_model
from coderag_app.retriever import ExampleRetriever
from coderag_app.schema import schema_from_ddl
from coderag_app.types import AnswerStatus, RetrievedExample, SQLExample

DDL = "CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT, country TEXT, age INTEGER);"
OLDEST = "SELECT name FROM customer ORDER BY age DESC LIMIT 1"
COUNT = "SELECT count(*) FROM customer"


def example(sql: str, similarity: float = 0.5) -> RetrievedExample:
    return RetrievedExample(SQLExample("as it was asked", sql, DDL, "shop"), similarity)


def found(question: str, *sqls: str) -> list[str]:
    return reusable(question, [example(sql) for sql in sqls], schema_from_ddl(DDL), "sqlite")


@pytest.mark.parametrize(
    ("candidate", "unsure"),
    [
        (Candidate("", "SELECT 1", log_probability=UNSURE_BELOW - 0.01), True),
        (Candidate("", "SELECT 1", log_probability=UNSURE_BELOW + 0.01), False),
        (Candidate("", "SELECT 1"), False),  # a server that tells no probability
        (Candidate("", "", error="refused"), True),
        (Candidate("", "", log_probability=-2.0), False),  # it says that there is no answer
    ],
)
def test_unsure_is_a_refused_reply_or_one_of_little_probability(candidate, unsure):
    assert is_unsure(candidate) is unsure


def test_queries_of_other_schemas_and_statements_that_write_are_left_out():
    assert found("How many?", COUNT, "SELECT count(*) FROM concert", "DELETE FROM customer", COUNT) == [COUNT]


@pytest.mark.parametrize(
    ("question", "sql", "said"),
    [
        ("Customers in France", "SELECT name FROM customer WHERE country = 'France'", True),
        ("Customers in Spain", "SELECT name FROM customer WHERE country = 'France'", False),
        ("Customers older than 30", "SELECT name FROM customer WHERE age > 30", True),
        ("Customers older than 130", "SELECT name FROM customer WHERE age > 30", False),
        ("The three oldest customers", "SELECT name FROM customer ORDER BY age DESC LIMIT 3", True),
        ("The oldest customer", OLDEST, True),
    ],
)
def test_a_query_is_reused_only_where_the_question_says_its_literals(question, sql, said):
    assert found(question, sql) == [sql] * said


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "shop.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(DDL + "INSERT INTO customer VALUES (1, 'Zoë', 'France', 31), (2, 'Bob', 'Spain', 44);")
    return path


def asked(shop: Path, reply: str, *examples: str, **settings):
    engine = load_query_engine(database=shop, llm=ScriptedLLM(replies=[reply] * 3), **settings)
    encoder = load_embed_model(AppConfig().embed_model)
    engine.retriever = ExampleRetriever(ExampleIndex.empty(encoder.info), encoder.embed_model)
    return engine.ask("Who is the oldest customer?", tuple(example(sql) for sql in examples))


def test_where_every_reply_is_refused_the_query_that_fits_best_answers(shop):
    answer = asked(shop, "SELECT nme FROM customer", COUNT, OLDEST)
    assert answer.sql == OLDEST and answer.rows == (("Bob",),)
    assert answer.status is AnswerStatus.REPAIRED and answer.attempts[-1].sql == OLDEST


def test_a_reply_that_nothing_says_is_unsure_stays(shop):
    assert asked(shop, COUNT, OLDEST).sql == COUNT


def test_without_reuse_a_refused_reply_is_an_honest_failure(shop):
    assert asked(shop, "SELECT nme FROM customer", OLDEST, reuse_examples=False).status is AnswerStatus.FAILED


@pytest.mark.parametrize(("reply", "retrieved"), [(COUNT, OLDEST), (OLDEST, COUNT)])
def test_of_an_unsure_reply_and_a_retrieved_query_the_encoder_takes_what_fits(shop, monkeypatch, reply, retrieved):
    monkeypatch.setattr("coderag_app.decoding.decode.is_unsure", lambda candidate: True)
    answer = asked(shop, reply, retrieved)
    assert answer.sql == OLDEST and answer.status is AnswerStatus.ANSWERED
    assert len(answer.attempts) == (2 if retrieved == OLDEST else 1)
