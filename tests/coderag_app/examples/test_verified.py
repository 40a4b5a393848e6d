"""Verified examples: the file that holds them, templates with other literals, and an engine that follows at once."""

import sqlite3
import threading
from contextlib import closing
from datetime import date

import pytest
from scripted_llm import ScriptedLLM

from coderag_app.database import open_database
from coderag_app.encoders.encoder_loading import embed_documents
from coderag_app.engine import TextToSQLQueryEngine
from coderag_app.errors import DatabaseError, SQLRejectedError, TeachingError
from coderag_app.examples import VerifiedExample, VerifiedStore, from_verified, template_answer
from coderag_app.examples.verified_example import is_stale
from coderag_app.index.embed_view import embed_view
from coderag_app.index.nodes import example_to_node
from coderag_app.index.store import ExampleIndex
from coderag_app.llm.llm_loading import load_embed_model
from coderag_app.llm.prompts import InstructFormat
from coderag_app.loading import load_query_engine
from coderag_app.schema.value_index import ValueIndex
from coderag_app.settings import AppConfig
from coderag_app.sql.ddl import schema_from_ddl
from coderag_app.types import AnswerStatus, SQLExample

pytestmark = pytest.mark.model

DDL = """
CREATE TABLE country (code TEXT PRIMARY KEY, name TEXT);
CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT, city TEXT, country TEXT REFERENCES country, joined DATE);
CREATE TABLE purchase (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customer(id), amount REAL);
"""
SCHEMA = schema_from_ddl(DDL)
COUNT = ("How many customers are there?", "SELECT count(*) FROM customer")


@pytest.fixture
def shop(tmp_path):
    path = tmp_path / "shop.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(DDL)
        connection.executescript(
            """
            INSERT INTO country VALUES ('DE', 'Germany'), ('FR', 'France');
            INSERT INTO customer VALUES (1, 'Ann', 'Köln', 'DE', '2023-05-01'), (2, 'Zoë', 'Paris', 'FR', '2022-02-02');
            INSERT INTO purchase VALUES (1, 1, 10), (2, 2, 30);
            """
        )
    connection.close()
    return path


@pytest.fixture
def store(tmp_path):
    return VerifiedStore(tmp_path / "verified", "shop")


# --- the file ---


def test_a_pair_is_kept_as_sql_that_runs_with_its_question_above(store, shop):
    pair = store.add(*COUNT, SCHEMA)
    text = store.path.read_text()
    assert f"-- question: {COUNT[0]}\n-- id: {pair.verified_id}\n-- added: {date.today()}\n" in text
    assert text.endswith(f"{COUNT[1]};\n") and store.path.name == "shop.sql"
    with sqlite3.connect(shop) as connection:
        assert connection.execute(text).fetchall() == [(2,)]
    assert store.all() == VerifiedStore(store.folder, "shop").all() == (pair,)


def test_long_sql_gets_a_line_for_each_clause_and_reads_back_the_same(store):
    sql = "SELECT name FROM customer WHERE city = 'a FROM b' AND id IN (SELECT customer_id FROM purchase) ORDER BY name"
    pair = store.add("Who?", sql, SCHEMA)
    lines = "\nFROM customer\nWHERE city = 'a FROM b' AND id IN (SELECT customer_id FROM purchase)\nORDER BY name;"
    assert pair.sql == sql and lines in store.path.read_text()
    assert " ".join(store.all()[0].sql.split()) == sql


def test_the_same_pair_is_kept_once_and_the_same_question_gets_the_new_sql(store):
    first = store.add(*COUNT, SCHEMA)
    before = store.path.read_bytes()
    assert store.add("how many  customers are there", COUNT[1], SCHEMA) == first
    assert store.path.read_bytes() == before
    second = store.add(COUNT[0], "SELECT count(id) FROM customer", SCHEMA)
    assert second.verified_id == first.verified_id and store.all() == (second,)


def test_a_pair_is_changed_under_its_id_and_removed(store):
    first = store.add(*COUNT, SCHEMA)
    other = store.add("Who?", "SELECT name FROM customer", SCHEMA)
    changed = store.replace(first.verified_id[:5], "How many clients?", COUNT[1], SCHEMA)
    assert changed.verified_id == first.verified_id and [p.question for p in store.all()] == [
        "How many clients?",
        "Who?",
    ]
    with pytest.raises(TeachingError, match=other.verified_id):
        store.replace(first.verified_id, "who", COUNT[1], SCHEMA)
    assert store.remove(first.verified_id) == changed and store.all() == (other,)
    with pytest.raises(TeachingError, match="no pair"):
        store.remove(first.verified_id)


def test_what_people_write_into_the_file_stays(store):
    store.folder.mkdir()
    text = (
        "-- My own notes; with a semicolon\n\n-- question: Who bought?\n-- asked by Kim\n"
        "SELECT name -- the person\nFROM customer;\n\n\n-- question: How much?\nSELECT sum(amount) FROM purchase\n"
    )
    store.path.write_text(text)
    store.add(*COUNT, SCHEMA)
    store.remove(store.all()[-1].verified_id)
    kept = store.path.read_text()
    assert "-- My own notes; with a semicolon\n" in kept
    assert "-- asked by Kim\nSELECT name -- the person\nFROM customer;" in kept
    assert [pair.question for pair in store.all()] == ["Who bought?", "How much?"]
    assert len({pair.verified_id for pair in store.all()}) == 2 and store.all() == store.all()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("-- question: a\nSELECT 1;\n\n-- question: b\n\n", "line 4 has a question without SQL"),
        ("-- question: a\nSELECT 1; SELECT 2;\n", "line 1 has more than one statement"),
        ("-- question:\nSELECT 1;\n", "line 1 has an empty question"),
        ("SELECT 1;\n", "line 1 has no question"),
        ("-- question: a\nSELECT 'x;\n", "line 1 holds SQL that cannot be read"),
        ("-- question: a\n<<<<<<< HEAD\nSELECT 1;\n", "line 2 is the mark of an unfinished merge"),
    ],
)
def test_a_broken_file_is_refused_by_line_and_never_written_over(store, text, problem):
    store.folder.mkdir()
    store.path.write_text(text)
    with pytest.raises(TeachingError, match=problem):
        store.all()
    with pytest.raises(TeachingError, match=problem):
        store.add(*COUNT, SCHEMA)
    assert store.path.read_text() == text


def test_a_file_that_is_not_text_is_refused_and_kept(store):
    store.folder.mkdir()
    store.path.write_bytes(b"\xff\xfe\x00bad\xe9")
    with pytest.raises(TeachingError, match="UTF-8"):
        store.add(*COUNT, SCHEMA)
    assert store.path.read_bytes() == b"\xff\xfe\x00bad\xe9"


def test_several_writers_lose_nothing(store):
    def write(number: int) -> None:
        VerifiedStore(store.folder, "shop").add(f"Question {number}?", f"SELECT {number} FROM customer", SCHEMA)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {pair.question for pair in store.all()} == {f"Question {number}?" for number in range(12)}
    assert [path.name for path in store.folder.iterdir() if path.suffix == ".sql"] == ["shop.sql"]


@pytest.mark.parametrize(
    ("question", "sql"),
    [("", COUNT[1]), ("x" * 5000, COUNT[1]), ("a", "DELETE FROM customer"), ("a", "SELECT nme FROM customer")],
)
def test_what_may_not_run_or_has_no_question_is_not_kept(store, question, sql):
    with pytest.raises((TeachingError, SQLRejectedError)):
        store.add(question, sql, SCHEMA)
    assert not store.path.exists()


def test_a_question_cannot_write_a_statement_of_its_own(store):
    store.add("Who?\n; DROP TABLE customer; --\n-- id: 000000000000", COUNT[1], SCHEMA)
    lines = store.path.read_text().splitlines()
    assert [line for line in lines if line and not line.startswith("--")] == [f"{COUNT[1]};"]
    assert len(store.all()) == 1


def test_a_database_name_cannot_leave_the_folder(tmp_path):
    for name in ("../../etc/x", "a/b", "", "."):
        path = VerifiedStore(tmp_path, name).path
        assert path.parent == tmp_path and path.suffix == ".sql"
    assert VerifiedStore(tmp_path, "a/b").path != VerifiedStore(tmp_path, "a_b").path


@pytest.mark.parametrize(
    ("change", "stale"),
    [
        (("city TEXT", "city TEXT, phone TEXT"), False),
        (("amount REAL", "amount TEXT"), False),
        (("city TEXT", "town TEXT"), True),
        (("city TEXT", "city INTEGER"), True),
        (("TABLE customer", "TABLE client"), True),
    ],
)
def test_a_pair_is_stale_when_what_it_uses_is_gone_or_changed(store, change, stale):
    pair = store.add("Which cities?", "SELECT DISTINCT city FROM customer", SCHEMA)
    assert is_stale(pair, schema_from_ddl(DDL.replace(*change))) is stale


# --- templates ---

PAIRS = [
    VerifiedExample("How many customers live in Paris?", "SELECT count(*) FROM customer WHERE city = 'Paris'", "",
                 date.today(), "a" * 12),
    VerifiedExample("Which customers from Germany joined in 2023?",
                 "SELECT name FROM customer WHERE country = 'DE' AND joined >= '2023-01-01' AND joined < '2024-01-01'",
                 "", date.today(), "b" * 12),
    VerifiedExample("The 5 largest purchases above 10",
                 "SELECT id FROM purchase WHERE amount > 10 ORDER BY amount DESC LIMIT 5", "", date.today(), "c" * 12),
    VerifiedExample("Whose name contains nn?", "SELECT id FROM customer WHERE name LIKE '%nn%'", "", date.today(),
                 "d" * 12),
]  # fmt: skip


@pytest.fixture
def values(shop):
    database = open_database(shop)
    schema = database.read_schema()
    found = ValueIndex.from_database(schema, database.texts_of, (), lambda sql: database.execute(sql).rows)
    database.close()
    return found


@pytest.mark.parametrize(
    ("question", "sql"),
    [
        ("how many customers live in koln", "SELECT COUNT(*) FROM customer WHERE city = 'Köln'"),
        ("How many customers live in Paris", "SELECT count(*) FROM customer WHERE city = 'Paris'"),
        (
            "Which customers from France joined in 2022?",
            "SELECT name FROM customer WHERE country = 'FR' AND joined >= '2022-01-01' AND joined < '2023-01-01'",
        ),
        (
            "The 3 largest purchases above 1,500.5",
            "SELECT id FROM purchase WHERE amount > 1500.5 ORDER BY amount DESC LIMIT 3",
        ),
        ("Whose name contains 'oë'?", "SELECT id FROM customer WHERE name LIKE '%oë%'"),
        ("How many customers live in Atlantis?", None),
        ("How many customers live in Germany?", None),
        ("How many customers do not live in Paris?", None),
        ("How many purchases live in Paris?", None),
        ("The five largest purchases above 10", None),
        ("The 3 largest purchases above a million", None),
        ("", None),
    ],
)
def test_a_question_with_other_literals_takes_the_verified_sql(values, question, sql):
    assert template_answer(question, PAIRS, values) == sql


def test_a_literal_cannot_break_out_of_its_quotes(values):
    sql = template_answer("Whose name contains x' OR '1'='1?", PAIRS, values)
    assert sql is None or "''" in sql


# --- teaching an engine ---


@pytest.fixture
def engine(shop, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    opened = load_query_engine(database=shop, llm=ScriptedLLM(replies=["SELECT 1"]))
    yield opened
    opened.close()


def test_the_next_similar_question_sees_the_pair_without_a_rebuild(engine):
    assert engine.retriever.embed_model is None and engine.encoder_name == ""
    engine.teach(*COUNT)
    answer = engine.ask("What is the number of clients?")
    assert from_verified(answer.sources[0]) and answer.sources[0].example.question == COUNT[0]
    assert COUNT[1] in engine.llm.prompts[-1]
    assert engine.encoder_name and answer.encoder == engine.encoder_name


def test_a_likely_verified_pair_comes_before_what_the_index_holds(shop, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    encoder = load_embed_model()
    index = ExampleIndex.empty(encoder.info)
    indexed = SQLExample("How many customers do we have?", "SELECT count(id) FROM customer", DDL)
    vectors = embed_documents(encoder.embed_model, [embed_view(indexed.sql, indexed.context)])
    index.append([example_to_node(indexed)], vectors)
    llm = ScriptedLLM(replies=["SELECT 1"])
    with closing(load_query_engine(database=shop, llm=llm, index=index, embed_model=encoder.embed_model)) as engine:
        engine.teach(*COUNT)
        found = engine.retriever.retrieve_examples("How many customers do we have?")
        assert [from_verified(item) for item in found] == [True, False] and found[0].similarity > 0.5


def test_the_same_question_is_answered_by_the_pair_itself_and_says_so(engine):
    engine.teach("How many customers live in Paris?", "SELECT count(*) FROM customer WHERE city = 'Paris'")
    answer = engine.ask("how many customers live in Köln?")
    assert answer.rows == ((1,),) and "Köln" in answer.sql and answer.status is AnswerStatus.ANSWERED
    assert from_verified(answer.sources[0]) and engine.llm.prompts == []
    assert engine.encoder_name == "", "no encoder is loaded for a question that a template answers"


def test_the_query_engine_of_llama_index_answers_by_verified_pairs_too(engine):
    engine.teach(*COUNT)
    response = engine.query("how many customers are there")
    assert response.metadata["rows"] == [[2]] and engine.llm.prompts == []
    assert response.source_nodes[0].metadata["origin"] == "verified"


def test_a_correction_and_a_forgotten_pair_show_at_once(engine):
    pair = engine.teach("How many customers?", "SELECT 7 FROM customer")
    engine.correct(pair.verified_id, "How many customers?", COUNT[1])
    assert engine.ask("how many customers").rows == ((2,),)
    engine.forget(pair.verified_id)
    assert engine.ask("how many customers").sql == "SELECT 1"
    assert engine.retriever.retrieve_examples("How many customers?") == []


def test_a_change_by_hand_is_seen_by_the_next_question_and_by_every_session(engine, shop):
    llm = ScriptedLLM(replies=["SELECT 1"])
    with closing(load_query_engine(database=shop, llm=llm)) as second:
        engine.teach(*COUNT)
        path = engine.verified.store.path
        path.write_text(path.read_text().replace("count(*)", "count(*) + 40"))
        assert second.ask(COUNT[0]).rows == engine.ask(COUNT[0]).rows == ((42,),)


@pytest.mark.parametrize(
    ("sql", "error"),
    [("SELECT nope FROM customer", SQLRejectedError), ("SELECT abs(-9223372036854775807 - 1)", DatabaseError)],
)
def test_sql_that_is_refused_or_fails_is_not_kept(engine, sql, error):
    with pytest.raises(error):
        engine.teach("How many?", sql)
    assert engine.verified.all() == ()


def test_a_stale_pair_is_kept_and_not_used(engine):
    old = schema_from_ddl("CREATE TABLE customer (id INTEGER, gone TEXT);")
    engine.verified.store.add("What is gone?", "SELECT gone FROM customer", old)
    verified = engine.verified
    assert [pair.question for pair in verified.stale()] == ["What is gone?"] and len(verified.all()) == 1
    assert engine.ask("What is gone?").sql == "SELECT 1"


def test_a_file_of_pairs_that_cannot_be_read_is_told_when_the_engine_opens(shop, tmp_path):
    (tmp_path / "shop.sql").write_bytes(b"-- question: Caf\xe9?\nSELECT 1;\n")
    with pytest.raises(TeachingError, match="shop.sql"):
        load_query_engine(database=shop, llm=ScriptedLLM(replies=["SELECT 1"]), verified_dir=tmp_path)


def test_an_engine_without_a_database_cannot_be_taught():
    engine = TextToSQLQueryEngine(ScriptedLLM(replies=["SELECT 1"]), InstructFormat(), AppConfig.load())
    for change in (lambda: engine.teach(*COUNT), lambda: engine.correct("a", *COUNT), lambda: engine.forget("a")):
        with pytest.raises(TeachingError, match="Without a database"):
            change()


def test_an_engine_can_be_opened_without_its_verified_pairs(engine, shop):
    engine.teach(*COUNT)
    llm = ScriptedLLM(replies=["SELECT 1"])
    with closing(load_query_engine(database=shop, llm=llm, verified=False)) as bare:
        assert bare.ask(COUNT[0]).sql == "SELECT 1"
        with pytest.raises(TeachingError, match="without verified examples"):
            bare.teach(*COUNT)
