"""Retrieved queries as candidates, with a scripted LLM and the real encoder."""

import sqlite3
from pathlib import Path

import pytest
from scripted_llm import ScriptedLLM

from coderag_app.index.store import ExampleIndex
from coderag_app.llm.llm_loading import load_embed_model
from coderag_app.llm.prompts import CANNOT_ANSWER
from coderag_app.loading import load_query_engine
from coderag_app.question.read_question import read_question
from coderag_app.settings import AppConfig
from coderag_app.sql.ddl import schema_from_ddl
from coderag_app.types import AnswerStatus, RetrievedExample, SQLExample
from coderag_app.vote.reuse import reusable

pytestmark = pytest.mark.model

DDL = "CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT, country TEXT, age INTEGER);"
OLDEST = "SELECT name FROM customer ORDER BY age DESC LIMIT 1"
COUNT = "SELECT count(*) FROM customer"


def example(sql: str, similarity: float = 0.5) -> RetrievedExample:
    return RetrievedExample(SQLExample("as it was asked", sql, DDL, "shop"), similarity)


def found(question: str, *sqls: str) -> list[str]:
    examples = [example(sql) for sql in sqls]
    return [each.sql for each in reusable(read_question(question), examples, schema_from_ddl(DDL), "sqlite")]


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


def asked(shop: Path, replies: str | list[str], *examples: str, **settings):
    replies = [replies] * 3 if isinstance(replies, str) else replies
    encoder = load_embed_model(AppConfig().embed_model)
    found = {"index": ExampleIndex.empty(encoder.info), "embed_model": encoder.embed_model}
    engine = load_query_engine(database=shop, llm=ScriptedLLM(replies=replies), **found, **settings)
    return engine.ask("Who is the oldest customer?", tuple(example(sql) for sql in examples))


def test_where_every_reply_is_refused_the_query_that_fits_best_answers(shop):
    answer = asked(shop, "SELECT nme FROM customer", COUNT, OLDEST)
    assert answer.sql == OLDEST and answer.rows == (("Bob",),)
    assert answer.status is AnswerStatus.REPAIRED and answer.attempts[-1].sql == OLDEST


def test_where_a_model_is_asked_once_its_reply_stands(shop):
    assert asked(shop, COUNT, OLDEST, samples=0).sql == COUNT


def test_without_reuse_a_refused_reply_is_an_honest_failure(shop):
    assert asked(shop, "SELECT nme FROM customer", OLDEST, reuse_examples=False).status is AnswerStatus.FAILED


def test_a_retrieved_query_that_fits_beats_replies_that_disagree(shop):
    replies = [f"SELECT {column} FROM customer" for column in ("id", "age", "country")]
    answer = asked(shop, replies, OLDEST, samples=2)
    assert answer.sql == OLDEST and answer.status is AnswerStatus.ANSWERED
    assert answer.attempts[-1].sql == OLDEST
    assert "it is a retrieved query" in answer.confidence.reasons
    assert answer.alternatives[0].votes == 0


def test_replies_that_agree_beat_a_retrieved_query_that_fits_worse(shop):
    answer = asked(shop, [OLDEST] * 3, COUNT, samples=2)
    assert answer.sql == OLDEST and answer.confidence.agreement == 1.0


def test_a_retrieved_query_with_the_same_rows_speaks_for_a_reply_without_a_vote(shop):
    alone, supported = (asked(shop, [OLDEST] * 3, *sqls, samples=2) for sqls in ((), (OLDEST + " OFFSET 0",)))
    assert supported.confidence.score > alone.confidence.score
    assert supported.confidence.agreement == alone.confidence.agreement == 1.0
    assert "a retrieved query returns these rows" in supported.confidence.reasons


def test_no_retrieved_query_overrides_replies_that_agree_on_having_no_answer(shop):
    assert asked(shop, [CANNOT_ANSWER] * 3, COUNT, OLDEST, samples=2).status is AnswerStatus.ABSTAINED
