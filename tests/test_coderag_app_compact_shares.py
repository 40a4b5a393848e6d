"""Shares of a total: asked of the model as the parts, and divided by code."""

import sqlite3
from contextlib import closing

import pytest

from coderag_app.compact.fill_literals import CannotDecodeError
from coderag_app.compact.shares import as_shares, question_for_parts
from coderag_app.engine_loading import load_query_engine
from coderag_app.schema import schema_from_ddl

SALES = schema_from_ddl(
    "CREATE TABLE sales (order_date TEXT, region TEXT, product TEXT, quantity INTEGER, unit_price REAL, points INTEGER)"
)
SHOP = schema_from_ddl(
    "CREATE TABLE customers (id INTEGER PRIMARY KEY, country TEXT);"
    "CREATE TABLE order_items (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers(id), kind TEXT)"
)
BROWSERS = schema_from_ddl("CREATE TABLE browsers (name TEXT, kind TEXT, market_share REAL, points INTEGER)")


@pytest.mark.parametrize(
    ("question", "schema", "parts"),
    [
        ("Share of revenue per region", SALES, "total revenue per region"),
        ("What is the share of total sales by product in 2023?", SALES, "total sales by product in 2023?"),
        ("Revenue share for each product, highest first", SALES, "total Revenue for each product, highest first"),
        ("What percentage of orders does each region have?", SALES, "number of orders for each region"),
        ("What share of sales comes from each product?", SALES, "total sales for each product"),
        ("Show the proportion of points by region", SALES, "Show total points by region"),
        ("Which share of all customers is from each country?", SHOP, "number of customers for each country"),
        ("percentage of order items by kind", SHOP, "number of order items by kind"),
        ("What percentage of customers are from France?", SHOP, None),
        ("What percentage of customers from France ordered in each year?", SHOP, None),
        ("percentage of loyal customers per country", SHOP, None),
        ("Average points per region", SALES, None),
        ("What share of points does each kind have?", BROWSERS, None),
        ("Who shares points by region?", SALES, None),
        ("share of", SALES, None),
        ("", SALES, None),
    ],
)
def test_asks_for_the_parts_where_shares_of_a_total_are_asked(question, schema, parts):
    found = question_for_parts(question, schema)
    assert (found.lower() if found else found) == (parts.lower() if parts else parts)


@pytest.mark.parametrize("dialect", ["sqlite", "postgres", "duckdb", "mysql"])
def test_parts_are_divided_by_their_total_and_stay_ordered(dialect):
    sql = as_shares("SELECT region, SUM(points) AS p FROM sales GROUP BY region ORDER BY SUM(points) DESC", dialect)
    assert "100.0 * SUM(points) / SUM(SUM(points)) OVER () AS p" in sql and sql.endswith("ORDER BY SUM(points) DESC")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT COUNT(*) FROM sales",
        "SELECT region FROM sales GROUP BY region",
        "SELECT region, AVG(points) FROM sales GROUP BY region",
        "SELECT region, COUNT(*), SUM(points) FROM sales GROUP BY region",
        "SELECT 1 UNION SELECT 2",
    ],
)
def test_what_shows_no_parts_of_one_total_is_refused(sql):
    with pytest.raises(CannotDecodeError, match="shares of a total"):
        as_shares(sql, "sqlite")


def test_shares_of_revenue_add_up_to_a_hundred(tmp_path):
    path = tmp_path / "sales.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE sales (region TEXT, quantity INTEGER, unit_price REAL)")
        rows = [("North", 2, 5.0), ("North", 1, 10.0), ("South", 4, 15.0)]
        connection.executemany("INSERT INTO sales VALUES (?, ?, ?)", rows)
    with closing(load_query_engine(database=path, llm="bundled")) as engine:
        answer = engine.ask("What share of revenue does each region make?")
    assert {tuple(sorted(map(str, row))) for row in answer.rows} == {("25.0", "North"), ("75.0", "South")}
