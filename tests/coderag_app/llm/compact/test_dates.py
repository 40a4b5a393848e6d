"""The dates of replies: the one that the question speaks of, its groups, and days of the week."""

from __future__ import annotations

import pytest
from compact_replies import decode_reply

from coderag_app.sql.ddl import schema_from_ddl

SHOP = schema_from_ddl(
    """
    CREATE TABLE stores (id INTEGER PRIMARY KEY, name TEXT, opened_on DATE, monthly_rent REAL);
    CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, points INTEGER);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers(id),
        store_id INTEGER REFERENCES stores(id), status TEXT, ordered_on DATE, paid_at TIMESTAMP);
    """
)
JUNE = "orders.ordered_on >= '2021-06-01' AND orders.ordered_on < '2021-07-01'"
YEAR = "CAST(STRFTIME('%Y', orders.ordered_on) AS INTEGER)"
MONTH = "STRFTIME('%Y-%m', orders.ordered_on)"
WEEKDAY = "SUBSTRING('SunMonTueWedThuFriSat', 3 * STRFTIME('%w', orders.ordered_on) + 1, 3)"


def decoded(question: str, reply: str) -> str:
    return decode_reply(question, reply, SHOP)


@pytest.mark.parametrize(
    ("question", "reply", "sql"),
    [
        ("The monthly number of orders", "select count ( {orders} )",
         "SELECT STRFTIME('%Y-%m', orders.ordered_on), COUNT(*) FROM orders GROUP BY "
         "STRFTIME('%Y-%m', orders.ordered_on)"),
        ("How many orders are there per year?", "select count ( {orders} )",
         "SELECT STRFTIME('%Y', orders.ordered_on), COUNT(*) FROM orders GROUP BY STRFTIME('%Y', orders.ordered_on)"),
        ("Orders per day in June 2021", "select count ( {orders} )",
         f"SELECT orders.ordered_on, COUNT(*) FROM orders WHERE {JUNE} GROUP BY orders.ordered_on"),
        ("How many orders does each customer have?", "select count ( {orders} )",
         "SELECT customers.name, COUNT(*) FROM customers JOIN orders ON orders.customer_id = customers.id "
         "GROUP BY customers.id, customers.name"),
        ("How many orders are there for every status?", "select count ( {orders} )",
         "SELECT orders.status, COUNT(*) FROM orders GROUP BY orders.status"),
        ("How many orders are there per name?", "select count ( {orders} )", "SELECT COUNT(*) FROM orders"),
        ("The status of each customer's orders", "select {orders.status}", "SELECT orders.status FROM orders"),
    ],
)  # fmt: skip
def test_groups_that_the_reply_leaves_out_are_put_in(question, reply, sql):
    assert decoded(question, reply) == sql


def test_the_date_is_the_one_that_the_question_speaks_of():
    reply = "from {orders} select count ( {orders} ) where year ( {stores.opened_on} ) = <v1>"
    placed = "SELECT COUNT(*) FROM orders WHERE CAST(STRFTIME('%Y', orders.ordered_on) AS INTEGER) = 2021"
    assert decoded("How many orders were placed in 2021?", reply) == placed
    assert "stores.opened_on" in decoded("How many orders have stores that opened in 2021?", reply)


@pytest.mark.parametrize(
    ("question", "reply", "sql"),
    [
        ("Orders per month", "select yearmonth ( {stores.monthly_rent} ) , count ( {orders} ) group by yearmonth ( "
         "{stores.monthly_rent} )", f"SELECT {MONTH}, COUNT(*) FROM orders GROUP BY {MONTH}"),
        ("Which month had the most orders?", "select yearmonth ( {orders.ordered_on} ) group by year ( "
         "{orders.ordered_on} ) order by count ( {orders} ) desc limit 1",
         f"SELECT {MONTH} FROM orders GROUP BY {MONTH} ORDER BY COUNT(*) DESC LIMIT 1"),
        ("Orders by year and month", "select year ( {orders.ordered_on} ) , month ( {orders.ordered_on} ) , count ( "
         "{orders} ) group by year ( {orders.ordered_on} ) , month ( {orders.ordered_on} )",
         "SELECT STRFTIME('%Y', orders.ordered_on), STRFTIME('%m', orders.ordered_on), COUNT(*) FROM orders GROUP BY "
         "STRFTIME('%Y', orders.ordered_on), STRFTIME('%m', orders.ordered_on)"),
    ],
)  # fmt: skip
def test_groups_are_those_of_a_date_and_those_shown(question, reply, sql):
    assert decoded(question, reply) == sql


@pytest.mark.parametrize(
    ("question", "compared", "condition"),
    [
        ("How many orders were there in 2021?", "{stores.monthly_rent} = <v1>", f"{YEAR} = 2021"),
        ("How many orders since 2021?", "{orders.status} >= <v1>", f"{YEAR} >= 2021"),
        ("How many orders of more than 2021?", "{orders.id} > <v1>", "orders.id > 2021"),
        ("How many orders have 2021?", "{orders.status} = <v1>", "orders.status = 2021"),
    ],
)
def test_no_rent_is_in_a_year(question, compared, condition):
    reply = f"from {{orders}} select count ( {{orders}} ) where {compared}"
    assert decoded(question, reply) == f"SELECT COUNT(*) FROM orders WHERE {condition}"


@pytest.mark.parametrize(
    ("words", "condition"),
    [
        ("on Mondays", f"{WEEKDAY} = 'Mon'"),
        ("on a Friday", f"{WEEKDAY} = 'Fri'"),
        ("at weekends", f"{WEEKDAY} IN ('Sat', 'Sun')"),
        ("on Tuesdays, Thursdays and Sundays", f"{WEEKDAY} IN ('Tue', 'Thu', 'Sun')"),
        ("on working days", f"{WEEKDAY} IN ('Mon', 'Tue', 'Wed', 'Thu', 'Fri')"),
    ],
)
@pytest.mark.parametrize("compared", ["", " where year ( {orders.ordered_on} ) = <v1>"])
def test_days_of_the_week(words, condition, compared):
    sql = decoded(f"How many orders were made {words}?", f"select count ( {{orders}} ){compared}")
    assert sql == f"SELECT COUNT(*) FROM orders WHERE {condition}"
