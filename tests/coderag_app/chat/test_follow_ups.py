"""Follow-ups answered by changing the previous query: pairs in tests/cases/follow_ups.sql, run on the demo database."""

from pathlib import Path

import pytest

from coderag_app.bundled.demo import DEMO_DATABASE
from coderag_app.chat.follow_ups.answering import edited_sql
from coderag_app.chat.follow_ups.intents import Missing
from coderag_app.chat.follow_ups.missing import explain_missing
from coderag_app.chat.follow_ups.query_edit import CannotEditError
from coderag_app.chat.follow_ups.short_sentences import read_follow_up
from coderag_app.chat.standalone import standalone_question
from coderag_app.database import open_database
from coderag_app.database.uploads.upload_tables import tables_to_duckdb
from coderag_app.engine import TextToSQLQueryEngine
from coderag_app.schema.value_index import ValueIndex
from coderag_app.settings import AppConfig
from coderag_app.types import AnswerStatus, SQLAnswer


def read_cases() -> list[tuple[str, str, str]]:
    cases, previous, said = [], "", ""
    for line in (Path(__file__).parents[2] / "cases" / "follow_ups.sql").read_text(encoding="utf-8").splitlines():
        if line.startswith("-- after: "):
            previous, said = line.removeprefix("-- after: "), ""
        elif line.startswith("-- "):
            said = line.removeprefix("-- ")
        elif line and previous:
            cases.append((previous, said, line))
    return cases


CASES = read_cases()


@pytest.fixture(scope="module")
def engine():
    database = open_database(DEMO_DATABASE)
    schema = database.read_schema()
    values = ValueIndex.from_database(schema, database.texts_of, (), lambda sql: database.execute(sql).rows)
    yield TextToSQLQueryEngine(None, None, AppConfig(), database, schema, values)
    database.close()


def test_there_are_cases():
    assert len(CASES) >= 65


@pytest.mark.parametrize(("previous", "said", "expected"), CASES)
def test_a_follow_up_changes_the_previous_query(engine, previous, said, expected):
    edited = edited_sql(said, previous, engine.schema, engine.values)
    assert (edited.sql if edited is not None else "none") == expected
    if edited is not None:
        assert engine.run_sql(edited.sql).ok
        assert edited.how.startswith("The previous query, ")


def missing(engine, sql: str, value: str):
    previous = engine.run_sql(sql)
    assert previous.ok
    return explain_missing(value, previous, engine.schema, engine.values, engine.run_sql)


@pytest.mark.parametrize(
    ("sql", "value", "reason", "counts"),
    [
        ("SELECT name FROM stores WHERE floor_area_m2 > 10 AND closed_on IS NULL", "Paris",
         "1 row has Paris, and it does not meet the condition: closed_on is missing.", [1, 1, 0]),
        ("SELECT city FROM customers WHERE country_code = 'DE'", "lyon",
         "7 rows have Lyon, and none of them meets the condition: country_code is 'DE'.", [7, 0]),
        ("SELECT c.city FROM customers c JOIN orders o ON o.customer_id = c.id JOIN stores s ON s.id = o.store_id "
         "WHERE s.city = 'Paris'", "Lyon", "none of them meets the condition: stores.city is 'Paris'.", [7, 15, 10, 0]),
        ("SELECT city, COUNT(*) FROM customers GROUP BY city HAVING COUNT(*) > 8", "Lyon",
         "the group does not meet the condition: the number of rows is above 8.", [7, 0]),
        ("SELECT s.first_name FROM staff s JOIN stores t ON s.id = t.floor_area_m2 - 100000", "Paris",
         "it is gone once the query is joined with staff: there is no matching row.", [1, 0]),
    ],
)  # fmt: skip
def test_the_part_of_a_query_that_leaves_a_value_out_is_found_and_shown(engine, sql, value, reason, counts):
    report = missing(engine, sql, value)
    assert report.note.endswith(reason)
    assert [row[2] for row in report.answer.rows] == counts
    assert report.answer.columns == ("step", "what", "rows_left")


def test_a_value_behind_the_limit_is_found_by_its_place(engine):
    report = missing(
        engine, "SELECT city, COUNT(*) AS n FROM customers GROUP BY city ORDER BY n DESC, city LIMIT 3", "Lyon"
    )
    rows = engine.run_sql("SELECT city, COUNT(*) AS n FROM customers GROUP BY city ORDER BY n DESC, city").rows
    place = [row[0] for row in rows].index("Lyon") + 1
    assert report.note == f"Lyon comes at place {place}, and the query stops after 3 rows."


def test_a_value_that_is_there_or_nowhere_is_said_to_be(engine):
    assert "is there: in row 1 " in missing(engine, "SELECT city FROM customers WHERE city = 'Lyon'", "Lyon").note
    nowhere = missing(engine, "SELECT city FROM customers", "Lyonn")
    assert nowhere.answer is None and "Similar values: Lyon" in nowhere.note


def test_a_value_whose_column_is_not_shown_is_said_to_be_counted(engine):
    assert "does not show countries.region" in missing(engine, "SELECT name FROM stores", "Asia").note


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("per month", "STRFTIME(order_date, '%Y-%m')"),
        ("by quarter", "GROUP BY YEAR(order_date) || '-Q' || QUARTER(order_date) ORDER BY"),
        ("per week", "CAST(DATE_TRUNC('WEEK', order_date) AS DATE)"),
        ("by day of the week", "STRFTIME(order_date, '%a')"),
        ("only in LYON", "city = 'Lyon'"),
        ("for 2023", "order_date >= '2023-01-01'"),
    ],
)
def test_follow_ups_speak_the_dialect_of_a_dropped_file(tmp_path, said, expected):
    content = b"Order Date,City,Amount\n2023-01-02,Lyon,3.5\n2023-02-02,Paris,7\n"
    database = open_database(tables_to_duckdb([("sales.csv", content)], tmp_path).path)
    schema = database.read_schema()
    values = ValueIndex.from_database(schema, database.texts_of)
    edited = edited_sql(said, "SELECT city, amount FROM sales", schema, values)
    assert expected in edited.sql
    assert TextToSQLQueryEngine(None, None, AppConfig(), database, schema, values).run_sql(edited.sql).rows
    database.close()


@pytest.mark.parametrize(
    ("said", "condition"),
    [
        ("only 2023", "ordered_on >= '2023-01-01' AND ordered_on < '2024-01-01'"),
        ("what about March 2023", "ordered_on >= '2023-03-01' AND ordered_on < '2023-04-01'"),
        ("only those since Q2 2023", "ordered_on >= '2023-04-01'"),
        ("after June 2022", "ordered_on >= '2022-07-01'"),
        ("until 5 May 2023", "ordered_on < '2023-05-06'"),
        ("between 2022-01-31 and March 2022", "ordered_on >= '2022-01-31' AND ordered_on < '2022-04-01'"),
        ("from March to May 2022", "ordered_on >= '2022-03-01' AND ordered_on < '2022-06-01'"),
        ("only last month",
         "ordered_on >= DATE('now', 'start of month', '-1 months') AND ordered_on < DATE('now', 'start of month')"),
        ("show the ones of the last 30 days",
         "ordered_on >= DATE('now', '-30 days') AND ordered_on < DATE('now', '+1 days')"),
        ("before this year", "ordered_on < DATE('now', 'start of year')"),
    ],
)  # fmt: skip
def test_only_the_rows_of_a_stretch_of_time(engine, said, condition):
    edited = edited_sql(said, "SELECT id FROM orders", engine.schema, engine.values)
    assert edited.sql == f"SELECT id FROM orders WHERE {condition}"
    assert engine.run_sql(edited.sql).ok


@pytest.mark.parametrize("said", ["only 30 February 2023", "only 2023-02-30"])
def test_a_day_that_no_calendar_has_is_not_asked_for(engine, said):
    assert edited_sql(said, "SELECT id FROM orders", engine.schema, engine.values) is None


def test_a_column_of_years_has_no_months(tmp_path):
    database = open_database(
        tables_to_duckdb([("films.csv", b"Title,Release Year\nUp,2009\nHer,2013\n")], tmp_path).path
    )
    schema = database.read_schema()
    since = edited_sql("since 2010", "SELECT title FROM films", schema, ValueIndex())
    assert database.execute(since.sql).rows == (("Her",),)
    assert edited_sql("only June 2009", "SELECT title FROM films", schema, ValueIndex()) is None
    database.close()


def test_a_query_over_a_query_is_not_taken_apart(engine):
    with pytest.raises(CannotEditError):
        missing(engine, "SELECT * FROM (SELECT name FROM stores WHERE city = 'Paris') AS x", "Lyon")


@pytest.mark.parametrize(
    "text",
    [
        "why is Lyon missing?",
        "Why isn't Lyon in the list?",
        "where is Lyon?",
        "why are there no Lyon",
        "why is Lyon not shown?",
    ],
)
def test_asking_for_a_missing_value_takes_many_forms(text):
    assert Missing("Lyon") in [reading[0] for reading in read_follow_up(text)]


PARIS = SQLAnswer("How many shops are in Paris?", "SELECT count(*) FROM s WHERE city = 'Paris'", AnswerStatus.ANSWERED)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("and in Lyon?", "How many shops are in Lyon?"),
        ("What about Lyon?", "How many shops are in Lyon?"),
        ("only the open ones", "How many shops are in Paris, only the open ones?"),
        ("which of them are open", "How many shops are in Paris, which of them are open?"),
        ("List all customers and their cities.", "List all customers and their cities."),
        ("How many customers are there?", "How many customers are there?"),
    ],
)
def test_a_follow_up_is_rewritten_to_stand_alone(question, text):
    followed = standalone_question(question, PARIS)
    assert followed.text == text and bool(followed.how) == (text != question)


def test_a_column_with_the_same_name_in_a_joined_table_is_qualified(engine):
    edited = edited_sql("by country", "SELECT name, COUNT(*) FROM stores GROUP BY name", engine.schema, engine.values)
    assert edited is not None and "countries.name" in edited.sql and engine.run_sql(edited.sql).ok


@pytest.mark.parametrize("sql", ["SELECT", "DELETE FROM stores", "SELECT (((", ""])
def test_sql_that_cannot_be_read_is_left_to_the_model(engine, sql):
    assert edited_sql("top 5", sql, engine.schema, engine.values) is None


def test_a_value_with_a_quote_stays_a_value(engine):
    quoted = engine.run_sql("SELECT title FROM products WHERE title LIKE '%''%' LIMIT 1").rows[0][0]
    edited = edited_sql(f"only {quoted}", "SELECT title, price FROM products", engine.schema, engine.values)
    assert [row[0] for row in engine.run_sql(edited.sql).rows] == [quoted]
