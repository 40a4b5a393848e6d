"""Questions that the model is asked in other words: shares, tops of groups, second keys, medians."""

import sqlite3
from contextlib import closing
from functools import partial

import duckdb
import pytest
from reworded import BROWSERS, PAYMENTS, SALES, SHIFTS, SHOP, asked

from coderag_app.llm.compact.rewordings import reword
from coderag_app.llm.compact.rewordings.counts import rows_as_counts
from coderag_app.llm.compact.rewordings.medians import as_median
from coderag_app.llm.compact.rewordings.second_keys import (
    columns_as_one,
    periods_as_conditions,
    with_column,
    with_period,
)
from coderag_app.llm.compact.rewordings.shares import as_shares, shares_as_parts
from coderag_app.llm.compact.rewordings.tops import as_top
from coderag_app.llm.compact.rewordings.tops_per_group import as_tops_per_group, tops_per_group_as_sums
from coderag_app.llm.fill_literals import CannotDecodeError
from coderag_app.loading import load_query_engine
from coderag_app.schema.value_index import ValueIndex

# --- shares of a total ---


@pytest.mark.parametrize(
    ("question", "schema", "parts"),
    [
        ("Share of revenue per region", SALES, "total revenue per region"),
        ("What is the share of total sales by product in 2023?", SALES, "total sales by product in 2023?"),
        ("revenue share for each product, highest first", SALES, "total revenue for each product, highest first"),
        ("What percentage of orders does each region have?", SALES, "number of orders for each region"),
        ("What share of sales comes from each product?", SALES, "total sales for each product"),
        ("Show the proportion of points by region", SALES, "Show total points by region"),
        ("Which share of all customers is from each country?", SHOP, "number of customers for each country"),
        ("percentage of order items by kind", SHOP, "number of order items by kind"),
        ("What percentage of customers are from France?", SHOP, None),
        ("What percentage of customers from France ordered in each year?", SHOP, None),
        ("What percentage of orders was returned in each region?", SALES, None),
        ("percentage of loyal customers per country", SHOP, None),
        ("Average points per region", SALES, None),
        ("What share of points does each kind have?", BROWSERS, None),
        ("Who shares points by region?", SALES, None),
        ("share of", SALES, None),
        ("", SALES, None),
    ],
)
def test_asks_for_the_parts_where_shares_of_a_total_are_asked(question, schema, parts):
    assert asked(shares_as_parts(question, schema)) == parts


@pytest.mark.parametrize("dialect", ["sqlite", "postgres", "duckdb", "mysql"])
def test_parts_are_divided_by_their_total_and_stay_ordered(dialect):
    sql = as_shares("SELECT region, SUM(points) AS p FROM sales GROUP BY region ORDER BY SUM(points) DESC", dialect)
    assert "100.0 * SUM(points) / SUM(SUM(points)) OVER () AS p" in sql and sql.endswith("ORDER BY SUM(points) DESC")


@pytest.mark.parametrize("finish", [as_shares, as_top])
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
def test_what_shows_no_parts_of_one_total_is_refused(finish, sql):
    with pytest.raises(CannotDecodeError, match="parts of a total"):
        finish(sql, "sqlite")


# --- the top of each group ---


@pytest.mark.parametrize(
    ("question", "schema", "sums"),
    [
        ("Top product in each region by revenue", SALES, "total revenue by region and product"),
        ("What are the worst 2 products per region by sales in 2023?", SALES,
         "total sales by region and product in 2023"),
        ("Which product made the highest revenue in each region?", SALES, "total revenue by region and product"),
        ("Top product by revenue", SALES, None),
        ("Top customers in each city by revenue", SALES, None),
        ("What is the largest region in Norway by points?", SALES, None),
        ("Top product in each region by happiness", SALES, None),
    ],
)  # fmt: skip
def test_asks_for_sums_by_two_keys_where_the_top_of_each_group_is_asked(question, schema, sums):
    assert asked(tops_per_group_as_sums(question, schema)) == sums


def test_the_top_of_each_group_is_its_largest_row():
    sql = "SELECT c.name, r.name, SUM(n) FROM t GROUP BY c.name, r.name"
    ranked = as_tops_per_group(sql, "sqlite", of_last_key=True, count=2, least=True)
    assert "c.name AS name_1, r.name AS name_2" in ranked and ranked.endswith("ranked.place <= 2")
    assert "PARTITION BY r.name ORDER BY SUM(n)" in ranked


@pytest.mark.parametrize("finish", [partial(as_tops_per_group, of_last_key=False), as_median])
def test_names_that_are_words_of_sql_stay_quoted(finish):
    part = "AVG" if finish is as_median else "SUM"
    sql = f'SELECT "order", "Order Date", {part}("group") FROM t GROUP BY "order", "Order Date"'
    with sqlite3.connect(":memory:") as connection:
        connection.execute('CREATE TABLE t ("order" TEXT, "Order Date" TEXT, "group" REAL)')
        connection.execute("INSERT INTO t VALUES ('a', 'b', 2.0)")
        assert connection.execute(finish(sql, "sqlite")).fetchall() == [("a", "b", 2.0)]


# --- a second key ---


@pytest.mark.parametrize(
    ("question", "schema", "by_one_key"),
    [
        ("Revenue by region and year", SALES, "total revenue by region in 2020"),
        ("Show the number of sales per product and quarter in 2023", SALES, "number of sales by product in 2023"),
        ("Orders per day of the week and region", SALES, "number of orders by region in 2020"),
        ("Sales for each month and region since March 2022", SALES, "total sales by region since March 2022"),
        ("Revenue by region and product", SALES, None),
        ("Hours by month and day", SHIFTS, None),
        ("Customers by country and year", SHOP, None),
    ],
)
def test_asks_for_one_key_where_a_period_is_the_second(question, schema, by_one_key):
    assert asked(periods_as_conditions(question, schema)) == by_one_key


@pytest.mark.parametrize(
    ("where", "unit", "expected"),
    [
        ("WHERE CAST(STRFTIME('%Y', order_date) AS INTEGER) = 2020", "month",
         "SELECT region, STRFTIME('%Y-%m', order_date), COUNT(*) FROM sales "
         "GROUP BY region, STRFTIME('%Y-%m', order_date)"),
        ("WHERE region = 'North' AND order_date >= '2022-03-01'", "day",
         "SELECT region, DATE(order_date), COUNT(*) FROM sales WHERE region = 'North' AND order_date >= '2022-03-01' "
         "GROUP BY region, DATE(order_date)"),
    ],
)  # fmt: skip
def test_the_date_of_the_condition_is_grouped_by(where, unit, expected):
    sql = f"SELECT region, COUNT(*) FROM sales {where} GROUP BY region"
    assert with_period(sql, "sqlite", schema=SALES, unit=unit, without_condition="2020" in where) == expected


@pytest.mark.parametrize(
    ("question", "schema", "by_one_key"),
    [
        ("Revenue by region and product in 2023", SALES, "total revenue by region in 2023"),
        ("Show the points per product and region", SALES, "total points by product"),
        ("Number of orders by region and product", SALES, None),
        ("Revenue by region and customer", SALES, None),
    ],
)
def test_asks_for_one_key_where_a_column_is_the_second(question, schema, by_one_key):
    assert asked(columns_as_one(question, schema)) == by_one_key


def test_a_second_key_is_one_column_of_the_query():
    sql = "SELECT region, SUM(points) FROM sales GROUP BY region"
    assert with_column(sql, "sqlite", schema=SALES, name="product") == (
        "SELECT region, sales.product, SUM(points) FROM sales GROUP BY region, sales.product"
    )
    with pytest.raises(CannotDecodeError, match="0 columns"):
        with_column(sql, "sqlite", schema=SALES, name="country")


def test_groups_without_a_date_are_refused():
    sql = "SELECT region, COUNT(*) FROM sales WHERE points = 2020 GROUP BY region"
    with pytest.raises(CannotDecodeError, match="has no date"):
        with_period(sql, "sqlite", schema=SALES, unit="year", without_condition=True)


# --- medians ---


@pytest.mark.parametrize(
    ("rows", "medians"),
    [
        ([("a", 1), ("a", 5), ("a", 2), ("b", 4), ("b", None), ("b", 10)], {("a", 2.0), ("b", 7.0)}),
        ([("a", 3)], {("a", 3.0)}),
        ([("a", 1), ("a", 1), ("a", 2), ("a", 9)], {("a", 1.5)}),
    ],
)
def test_the_median_is_in_the_middle_of_each_group(rows, medians):
    for dialect, connection in (("sqlite", sqlite3.connect(":memory:")), ("duckdb", duckdb.connect())):
        connection.execute("CREATE TABLE t (kind TEXT, n INTEGER)")
        connection.executemany("INSERT INTO t VALUES (?, ?)", rows)
        found = connection.execute(as_median("SELECT kind, AVG(n) FROM t GROUP BY kind", dialect)).fetchall()
        assert set(found) == medians
        connection.close()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT n FROM t",
        "SELECT AVG(n), AVG(m) FROM t",
        "SELECT AVG(n) FROM t GROUP BY k HAVING AVG(n) > 3",
        "DROP TABLE t",
    ],
)
def test_no_median_of_what_is_no_plain_average(sql):
    with pytest.raises(CannotDecodeError, match="no plain average"):
        as_median(sql, "sqlite")


# --- rows per something ---


@pytest.mark.parametrize(
    ("question", "schema", "counts"),
    [
        ("Orders per region", SALES, "number of orders per region"),
        ("show the payments by week since 2023", PAYMENTS, "number of payments by week since 2023"),
        ("Customers by country", SHOP, None),
        ("Orders per", SALES, None),
        ("Revenue per region", SALES, None),
        ("How many orders per region?", SALES, None),
    ],
)
def test_asks_for_the_number_of_rows_per_something(question, schema, counts):
    assert asked(rows_as_counts(question, schema)) == counts


# --- all of it, with the real model ---

ROWS = [  # Monday, Tuesday, Saturday; the first and the second quarter
    ("2023-01-02", "North", "Rome", 2, 5.0),
    ("2023-01-03", "North", "Rome", 1, 10.0),
    ("2023-04-01", "South", "Oslo", 4, 15.0),
]


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    path = tmp_path_factory.mktemp("sales") / "sales.sqlite"
    with sqlite3.connect(path) as connection:
        columns = "order_date DATE, region TEXT, city TEXT, quantity INTEGER, unit_price REAL"
        connection.execute(f"CREATE TABLE sales ({columns})")
        connection.executemany("INSERT INTO sales VALUES (?, ?, ?, ?, ?)", ROWS)
    with closing(load_query_engine(database=path, llm="bundled")) as opened:
        yield opened


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("What share of revenue does each region make?", {("North", 25.0), ("South", 75.0)}),
        ("Revenue per quarter", {("2023-Q1", 20.0), ("2023-Q2", 60.0)}),
        ("Number of orders per week", {("2023-01-02", 2), ("2023-03-27", 1)}),
        ("Which weekday has the highest revenue?", {("Sat",)}),
        ("Which month had the most orders?", {("2023-01",)}),
        ("Revenue on weekends", {(60.0,)}),
        ("Cumulative revenue by quarter", {("2023-Q1", 20.0), ("2023-Q2", 80.0)}),
        ("Revenue by region and quarter", {("North", "2023-Q1", 20.0), ("South", "2023-Q2", 60.0)}),
        ("Top region in each city by revenue", {("Oslo", "South", 60.0), ("Rome", "North", 20.0)}),
        ("What is the median unit price?", {(10.0,)}),
        ("What is the average revenue per quarter?", {(40.0,)}),
        ("Compare revenue in January 2023 and April 2023", {("January 2023", 20.0), ("April 2023", 60.0)}),
        ("Revenue growth per quarter", {("2023-Q1", 20.0, None), ("2023-Q2", 60.0, 200.0)}),
        ("How many orders on Mondays and Tuesdays?", {(2,)}),
    ],
)
def test_answers_what_the_model_does_not_know(engine, question, rows):
    answer = engine.ask(question)
    assert {tuple(sorted(row, key=str)) for row in answer.rows} == {tuple(sorted(row, key=str)) for row in rows}


def test_a_plain_question_stays_as_it_is():
    said = reword("How many orders are there for each region?", SALES, ValueIndex())
    assert said.question == "How many orders are there for each region?"
    assert said.finish("SELECT 1", "sqlite") == "SELECT 1"
