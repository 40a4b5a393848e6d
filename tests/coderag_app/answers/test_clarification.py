"""What a question leaves open: values of several columns, names of several tables, and what settles them."""

import sqlite3

import pytest

from coderag_app.answers.clarification import clarify
from coderag_app.database import open_database
from coderag_app.schema.value_index import ValueIndex
from coderag_app.types import AnswerStatus, Attempt, SQLAnswer

IN_STORES = "SELECT COUNT(*) FROM stores WHERE city = 'Lyon'"


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "shop.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(
            """
            CREATE TABLE stores (id INTEGER PRIMARY KEY, store_name TEXT, city TEXT, size INTEGER);
            CREATE TABLE customers (
                id INTEGER PRIMARY KEY, first_name TEXT, city TEXT, age INTEGER, store_id INTEGER REFERENCES stores(id)
            );
            CREATE TABLE staff (id INTEGER PRIMARY KEY, age INTEGER, city_code TEXT REFERENCES places(code));
            CREATE TABLE flights (id INTEGER PRIMARY KEY, origin TEXT, destination TEXT);
            CREATE TABLE places (code TEXT PRIMARY KEY);
            INSERT INTO stores VALUES (1, 'Corner', 'Lyon', 20);
            INSERT INTO customers VALUES (1, 'Ann', 'Lyon', 30, 1);
            INSERT INTO flights VALUES (1, 'Oslo', 'Rome'), (2, 'Rome', 'Oslo');
            INSERT INTO places VALUES ('ABCD');
            INSERT INTO staff VALUES (1, 40, 'ABCD');
            """
        )
    connection.close()
    database = open_database(path)
    schema = database.read_schema()
    values = ValueIndex.from_database(schema, database.texts_of, (), lambda sql: database.execute(sql).rows)
    database.close()
    return schema, values


def answer_to(question, sql="", reply="reply"):
    status = AnswerStatus.ANSWERED if sql else AnswerStatus.ABSTAINED
    return SQLAnswer(question, sql, status, attempts=(Attempt(reply, sql, ""),))


def test_a_value_of_two_columns_is_asked_about_and_the_answer_says_which_was_taken(shop):
    found = clarify(answer_to("How many are there in Lyon?", IN_STORES), *shop)
    assert (found.words, found.taken) == ("Lyon", "city of stores")
    assert [reading.label for reading in found.readings] == ["city of customers"]
    assert found.readings[0].question == "How many are there in customer city Lyon?"
    assert found.text == '"Lyon" was taken as the city of stores. Did you mean the city of customers?'


def test_without_an_answer_every_meaning_is_offered(shop):
    found = clarify(answer_to("How many are there in Lyon?"), *shop)
    assert found.taken == ""
    assert [(reading.table, reading.column) for reading in found.readings] == [
        ("stores", "city"),
        ("customers", "city"),
    ]


def test_a_name_of_several_tables_is_asked_about_where_none_of_them_is_named(shop):
    found = clarify(answer_to("What is the average age?", "SELECT AVG(age) FROM staff"), *shop)
    assert (found.words, found.taken) == ("age", "age of staff")
    assert [reading.question for reading in found.readings] == ["What is the average customer age?"]


def test_two_columns_of_one_table_are_told_apart_by_their_names(shop):
    found = clarify(
        answer_to("How many flights go to Rome?", "SELECT COUNT(*) FROM flights WHERE origin = 'Rome'"), *shop
    )
    assert [reading.question for reading in found.readings] == ["How many flights go to destination Rome?"]


@pytest.mark.parametrize("question", ["How many are there in Lyon?", "What is the average age?", "Where is Rome?"])
def test_a_question_that_was_made_clear_is_not_asked_about_again(shop, question):
    readings = clarify(answer_to(question), *shop).readings
    assert len(readings) > 1
    for reading in readings:
        assert clarify(answer_to(reading.question), *shop) is None


@pytest.mark.parametrize(
    "question",
    [
        "How many stores in Lyon are there?",
        "How many Lyon customers are there?",
        "How many customers bought in stores in Lyon?",
        "How many flights have the destination Rome?",
        "What is the average age of customers?",
        "What is the first name of customers?",
        "How many places have the code ABCD?",
        "Who lives in ABCD?",
        "How many stores are there?",
        "",
    ],
)
def test_clear_questions_are_left_alone(shop, question):
    assert clarify(answer_to(question), *shop) is None


def test_sql_that_reads_none_or_several_of_the_columns_is_left_alone(shop):
    both = "SELECT 1 FROM stores JOIN customers ON stores.city = customers.city WHERE stores.city = 'Lyon'"
    assert clarify(answer_to("How many are there in Lyon?", both), *shop) is None
    assert clarify(answer_to("How many are there in Lyon?", "SELECT COUNT(*) FROM flights"), *shop) is None


def test_sql_that_no_model_wrote_is_left_alone(shop):
    assert clarify(answer_to("How many are there in Lyon?", IN_STORES, reply=""), *shop) is None


def test_without_a_schema_nothing_is_asked(shop):
    assert clarify(answer_to("How many are there in Lyon?", IN_STORES), None, shop[1]) is None
