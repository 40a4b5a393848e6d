"""Months, quarters and days: found in questions, and asked for in the queries as the question means them."""

from __future__ import annotations

import sqlite3
from datetime import date, timedelta

import pytest
from compact_replies import decode_reply

from coderag_app.llm.compact.decode import CannotDecodeError
from coderag_app.llm.compact.question import mark_question
from coderag_app.llm.compact.question_periods import find_periods
from coderag_app.llm.compact.schema_names import SchemaNames
from coderag_app.loading import load_query_engine
from coderag_app.schema.tables import Schema
from coderag_app.schema.value_index import StoredValue, ValueIndex
from coderag_app.sql.ddl import schema_from_ddl

SHOP = schema_from_ddl(
    """
    CREATE TABLE stores (id INTEGER PRIMARY KEY, name TEXT, opened_on DATE);
    CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, points INTEGER);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers(id),
        store_id INTEGER REFERENCES stores(id), status TEXT, ordered_on DATE, paid_at TIMESTAMP);
    CREATE TABLE films (title TEXT, year INTEGER);
    """
)
JUNE = "orders.ordered_on >= '2021-06-01' AND orders.ordered_on < '2021-07-01'"
MONTH = "CAST(STRFTIME('%m', orders.ordered_on) AS INTEGER)"


def decoded(question: str, reply: str, schema: Schema = SHOP, values: ValueIndex | None = None) -> str:
    return decode_reply(question, reply, schema, values)


@pytest.mark.parametrize(
    ("question", "periods"),
    [
        ("Orders in June 2021", [("2021-06-01", "2021-07-01")]),
        ("orders of december of the year 2021?", [("2021-12-01", "2022-01-01")]),
        ("Orders in Sept. 2021 and 2021-11", [("2021-09-01", "2021-10-01"), ("2021-11-01", "2021-12-01")]),
        ("Q3 2022, 2022-Q4 or the second quarter of 2023", [
            ("2022-07-01", "2022-10-01"), ("2022-10-01", "2023-01-01"), ("2023-04-01", "2023-07-01")]),
        ("H2 2020 and the first half of 2021", [("2020-07-01", "2021-01-01"), ("2021-01-01", "2021-07-01")]),
        ("Paid on May 5th, 2022", [("2022-05-05", "2022-05-06")]),
        ("Paid between 31 December 2021 and 2 Jan 2022", [("2021-12-31", "2022-01-01"), ("2022-01-02", "2022-01-03")]),
        ("from March to June 2021", [("2021-03-01", "2021-04-01"), ("2021-06-01", "2021-07-01")]),
        ("Orders of March or April, 2021", [("2021-03-01", "2021-04-01"), ("2021-04-01", "2021-05-01")]),
    ],
)  # fmt: skip
def test_finds_what_a_question_names(question, periods):
    assert [(period.start, period.end) for _, _, period in find_periods(question, SHOP)] == periods


@pytest.mark.parametrize(
    "question",
    [
        "Which orders may be late?", "Customers called May", "Do they march?", "How many orders in 2021?",
        "Paid on 31 June 2021", "Q5 2021", "the third half of 2021", "marching in 2021", "Orders with id 2021-13",
        "Paid on 2021-06-05",
    ],
)  # fmt: skip
def test_takes_nothing_else_for_a_month_or_a_day(question):
    assert find_periods(question, SHOP) == []


@pytest.mark.parametrize(
    "ddl",
    [
        "CREATE TABLE films (title TEXT, year INTEGER)",
        "CREATE TABLE happy_hours (held_on DATE, month TEXT)",
        "CREATE TABLE temperatures (measured_on DATE, jan REAL, feb REAL, mar REAL)",
    ],
)
def test_leaves_months_to_the_model_where_no_date_or_a_column_of_months_is_stored(ddl):
    assert find_periods("What is the highest in February 2021?", schema_from_ddl(ddl)) == []


def test_the_model_reads_a_year_for_a_month_and_a_date_for_a_day():
    question = "Orders in June 2021, in March and on 5 May 2022"
    marked = mark_question(question, SchemaNames(SHOP), ValueIndex(), find_periods(question, SHOP))
    assert [literal.text for literal in marked.literals] == ["2021", "2020", "2022-05-05"]
    assert [literal.is_year for literal in marked.literals] == [True, True, False]
    assert "june" not in marked.text and "<v1> 2021" in marked.text and "<v3> 2022 - 05 - 05" in marked.text


def test_a_stored_value_is_no_month():
    values = ValueIndex([StoredValue("customers", "name", "June")])
    marked = mark_question("Orders of June", SchemaNames(SHOP), values, find_periods("Orders of June", SHOP))
    assert [(literal.text, literal.period) for literal in marked.literals] == [("June", None)]


@pytest.mark.parametrize(
    ("words", "reply", "condition"),
    [
        ("in June 2021", "year ( {orders.ordered_on} ) = <v1>", JUNE),
        ("in June 2021", "{orders.ordered_on} = <v1>", JUNE),
        ("in June 2021", "{orders.ordered_on} like <v1> %", JUNE),
        ("not in June 2021", "{orders.ordered_on} != <v1>", f"NOT ({JUNE})"),
        ("after June 2021", "year ( {orders.ordered_on} ) > <v1>", "orders.ordered_on >= '2021-07-01'"),
        ("since June 2021", "year ( {orders.ordered_on} ) >= <v1>", "orders.ordered_on >= '2021-06-01'"),
        ("since June 2021", "year ( {orders.ordered_on} ) = <v1>", "orders.ordered_on >= '2021-06-01'"),
        ("before Q3 2021", "year ( {orders.ordered_on} ) < <v1>", "orders.ordered_on < '2021-07-01'"),
        ("until Q3 2021", "year ( {orders.ordered_on} ) <= <v1>", "orders.ordered_on < '2021-10-01'"),
        ("from 2020 to June 2021", "year ( {orders.ordered_on} ) between <v1> and <v2>",
         "orders.ordered_on >= '2020-01-01' AND orders.ordered_on < '2021-07-01'"),
        ("in May or June 2021", "{orders.ordered_on} in ( <v1> , <v2> )",
         f"((orders.ordered_on >= '2021-05-01' AND orders.ordered_on < '2021-06-01') OR ({JUNE}))"),
        ("in May and June 2021", "{orders.ordered_on} = <v1> and {orders.ordered_on} = <v2>",
         f"((orders.ordered_on >= '2021-05-01' AND orders.ordered_on < '2021-06-01') OR ({JUNE}))"),
        ("in March", "year ( {orders.ordered_on} ) = <v1>", f"{MONTH} = 3"),
        ("in March", "year ( {orders.ordered_on} ) != <v1>", f"NOT ({MONTH} = 3)"),
        ("after March", "year ( {orders.ordered_on} ) > <v1>", f"{MONTH} >= 4"),
        ("on 5 May 2022", "{orders.ordered_on} = <v1>", "orders.ordered_on = '2022-05-05'"),
        ("paid on 5 May 2022", "{orders.paid_at} = <v1>",
         "orders.paid_at >= '2022-05-05' AND orders.paid_at < '2022-05-06'"),
        ("in June 2021", "{orders.id} = <v1>", JUNE),
    ],
)  # fmt: skip
def test_asks_for_the_days_of_a_month(words, reply, condition):
    sql = decoded(f"The status of ordered things {words}", f"select {{orders.status}} where {reply}")
    assert sql == f"SELECT orders.status FROM orders WHERE {condition}"


@pytest.mark.parametrize(
    ("reply", "values"),
    [
        ("select {films.title} where {films.year} = <v1>", ()),
        ("select {films.title} , <v1>", ()),
        ("select {orders.status} where {orders.ordered_on} = <v1>", ("05/06/2021",)),
    ],
)
def test_refuses_a_month_that_no_date_can_be_compared_with(reply, values):
    stored = ValueIndex([StoredValue("orders", "ordered_on", value) for value in values])
    with pytest.raises(CannotDecodeError, match="a month is compared with"):
        decoded("What was there in June 2021?", reply, values=stored)


@pytest.mark.parametrize(
    ("words", "first", "last"),  # on Sunday, 22 November 2026
    [
        ("last month", "2026-10-01", "2026-10-31"),
        ("this month", "2026-11-01", "2026-11-30"),
        ("next week", "2026-11-23", "2026-11-29"),
        ("in the current week", "2026-11-16", "2026-11-22"),
        ("last quarter", "2026-07-01", "2026-09-30"),
        ("this year", "2026-01-01", "2026-12-31"),
        ("over the last two weeks", "2026-11-08", "2026-11-22"),
        ("in the past 30 days", "2026-10-23", "2026-11-22"),
        ("in the last year", "2025-11-22", "2026-11-22"),
        ("month to date", "2026-11-01", "2026-11-22"),
        ("yesterday", "2026-11-21", "2026-11-21"),
        ("since last month", "2026-10-01", ""),
        ("before today", "", "2026-11-21"),
    ],
)
def test_counts_from_today(words, first, last):
    sql = decoded(f"Status of things ordered {words}", "select {orders.id} where year ( {orders.ordered_on} ) = <v1>")
    with sqlite3.connect(":memory:") as connection:
        connection.execute("CREATE TABLE orders (id TEXT, ordered_on DATE)")
        days = [date(2025, 1, 1) + timedelta(days=number) for number in range(1000)]
        connection.executemany("INSERT INTO orders VALUES (?, ?)", [(str(day), str(day)) for day in days])
        assert "'now'" in sql
        found = sorted(day for (day,) in connection.execute(sql.replace("'now'", "'2026-11-22'")))
    assert (found[0], found[-1]) == (first or str(days[0]), last or str(days[-1]))


@pytest.mark.parametrize("question", ["Who was the last year in?", "The last month of each order", "The next day"])
def test_what_is_the_last_of_several_is_not_counted_from_today(question):
    assert find_periods(question, SHOP) == []


def test_a_column_of_that_name_is_meant_first():
    parties = schema_from_ddl("CREATE TABLE parties (name TEXT, held_on DATE, first_year INTEGER, last_year INTEGER)")
    assert find_periods("First year and last year of parties", parties) == []


def test_other_databases_get_it_in_their_own_words():
    postgres = schema_from_ddl("CREATE TABLE orders (status TEXT, ordered_on DATE)", dialect="postgres")
    reply = "select {orders.status} where year ( {orders.ordered_on} ) = <v1>"
    sql = decoded("Status of orders in March", reply, postgres)
    assert "STRFTIME" not in sql and sql.endswith("= 3")
    sql = decoded("Status of orders last month", reply, postgres)
    assert sql.endswith(
        "WHERE orders.ordered_on >= DATE_TRUNC('MONTH', CURRENT_DATE) - INTERVAL '1 MONTH' "
        "AND orders.ordered_on < DATE_TRUNC('MONTH', CURRENT_DATE)"
    )


@pytest.mark.parametrize(
    ("question", "reply", "sql"),
    [
        ("How many orders were placed in 2021?", "select count ( {orders} )",
         "SELECT COUNT(*) FROM orders WHERE CAST(STRFTIME('%Y', orders.ordered_on) AS INTEGER) = 2021"),
        ("The rarest status of orders since June 2021",
         "select {orders.status} where {orders.id} > 5 group by {orders.status} order by count ( {orders} ) limit 1",
         "SELECT orders.status FROM orders WHERE orders.id > 5 AND orders.ordered_on >= '2021-06-01' "
         "GROUP BY orders.status ORDER BY COUNT(*) LIMIT 1"),
        ("Titles of films in 1999", "select {films.title}", "SELECT films.title FROM films WHERE films.year = 1999"),
        ("Names of customers with 2000 points", "select {customers.name}", "SELECT customers.name FROM customers"),
        ("Names of stores with orders in 2021 or 2022", "select {stores.name}", "SELECT stores.name FROM stores"),
    ],
)  # fmt: skip
def test_a_year_that_the_reply_leaves_out_is_put_in_where_one_date_can_be_meant(question, reply, sql):
    assert decoded(question, reply) == sql


def test_what_is_added_up_is_no_year():
    sql = decoded("Total id of orders in 2021", "select sum ( {orders.id} ) where {orders.id} = <v1>")
    assert sql == "SELECT SUM(orders.id) FROM orders WHERE CAST(STRFTIME('%Y', orders.ordered_on) AS INTEGER) = 2021"


def test_a_question_about_a_month_is_answered(tmp_path):
    path = tmp_path / "shop.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT, ordered_on DATE)")
        days = ("2021-05-31", "2021-06-01", "2021-06-30", "2021-07-01", "2022-06-15")
        rows = [(number, f"Customer {number}", day) for number, day in enumerate(days)]
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?)", rows)
    engine = load_query_engine(database=path, llm="bundled")
    assert engine.ask("How many orders were placed in June 2021?").rows == ((2,),)
    assert engine.ask("How many orders were placed in June?").rows == ((3,),)
