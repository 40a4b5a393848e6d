"""Questions about periods that the model is asked in other words: the best, growth, averages, quarters, weeks."""

import sqlite3

import duckdb
import pytest
from reworded import PAYMENTS, RANKS, SALES, SHIFTS, SHOP, asked
from sqlglot import exp

from coderag_app.llm.compact.rewordings.averages import averages_as_parts
from coderag_app.llm.compact.rewordings.comparisons import comparisons_as_one
from coderag_app.llm.compact.rewordings.tops import as_top, tops_as_parts
from coderag_app.llm.compact.rewordings.trends import as_growth, as_running_totals, trends_as_parts
from coderag_app.llm.compact.rewordings.units_as_months import as_units, units_as_months
from coderag_app.llm.fill_literals import CannotDecodeError
from coderag_app.schema.value_index import StoredValue, ValueIndex
from coderag_app.sql.date_units import unit_sql

# --- running totals and growth ---


@pytest.mark.parametrize(
    ("question", "schema", "parts"),
    [
        ("Running total of revenue per month", SALES, "total revenue per month"),
        ("What is the cumulative number of orders by week in 2023?", SALES, "number of orders per week in 2023"),
        ("Cumulative revenue by quarter", SALES, "total revenue per quarter"),
        ("Show the running total of orders month by month in 2024.", SALES, "number of orders per month in 2024"),
        ("revenue growth per year", SALES, "total revenue per year"),
        ("Year over year growth in sales", SALES, "total sales per year"),
        ("Show the month-over-month revenue change since 2022", SALES, "total revenue per month since 2022"),
        ("Growth of happiness per year", SALES, None),
        ("Revenue per year", SALES, None),
        ("Running total of revenue per region", SALES, None),
    ],
)
def test_asks_for_the_parts_where_a_trend_is_asked(question, schema, parts):
    assert asked(trends_as_parts(question, schema)) == parts


@pytest.mark.parametrize("finish", [as_growth, as_running_totals])
def test_a_trend_has_one_key(finish):
    with pytest.raises(CannotDecodeError, match="more than"):
        finish("SELECT region, day, COUNT(*) FROM sales GROUP BY region, day", "sqlite")


def test_growth_is_in_percent_of_the_period_before():
    with sqlite3.connect(":memory:") as connection:
        connection.execute("CREATE TABLE t (month TEXT, n INTEGER)")
        connection.executemany("INSERT INTO t VALUES (?, ?)", [("02", 30), ("01", 20), ("03", 15)])
        rows = connection.execute(as_growth("SELECT month, SUM(n) FROM t GROUP BY month", "sqlite")).fetchall()
    assert rows == [("01", 20, None), ("02", 30, 50.0), ("03", 15, -50.0)]


# --- averages of parts, and two periods ---


@pytest.mark.parametrize(
    ("question", "schema", "parts"),
    [
        ("What is the average revenue per month?", SALES, "total revenue per month"),
        ("average orders per day in March 2023", SALES, "number of orders per day in March 2023"),
        ("How many payments are there per week on average?", PAYMENTS, "number of payments per week"),
        ("Average points per month", SALES, None),
        ("Average revenue per region", SALES, None),
    ],
)
def test_asks_for_the_parts_where_their_average_is_asked(question, schema, parts):
    assert asked(averages_as_parts(question, schema)) == parts


@pytest.mark.parametrize(
    ("question", "schema", "one"),
    [
        ("Compare revenue in 2022 and 2023", SALES, "total revenue in 2022"),
        ("Orders in Q1 2022 vs. Q1 2023 by region", SALES, "number of orders by region in Q1 2022"),
        ("compare the number of orders of May 2022 with that of June 2022", SALES, "number of orders in May 2022"),
        ("Revenue in 2022 and 2023", SALES, None),
        ("Compare revenue in the North and the South", SALES, None),
        ("Compare revenue in 2022 and Paris", SALES, None),
        ("Compare happiness in 2022 and 2023", SALES, None),
    ],
)
def test_asks_for_the_first_of_two_periods_that_are_compared(question, schema, one):
    assert asked(comparisons_as_one(question, schema)) == one


@pytest.mark.parametrize(
    "sql",
    ["SELECT COUNT(*) FROM sales", "SELECT COUNT(*) FROM sales WHERE points = 3", "SELECT 1 UNION SELECT 2"],
)
def test_what_is_not_about_the_first_period_is_not_compared(sql):
    compared = comparisons_as_one("Compare revenue in 2022 and 2023", SALES)
    with pytest.raises(CannotDecodeError, match="compared"):
        compared.finish(sql, "sqlite")


# --- quarters, weeks and days of the week ---


@pytest.mark.parametrize(
    ("question", "schema", "months"),
    [
        ("Revenue per quarter", SALES, "Revenue per month"),
        ("quarterly revenue in 2023", SALES, "monthly revenue in 2023"),
        ("orders by day of the week", SALES, "orders by month"),
        ("Which weekday is best, and how is each weekday?", SALES, "Which month is best, and how is each month?"),
        ("Revenue per week and per quarter", SALES, None),
        ("Number of payments per day", PAYMENTS, "Number of payments per month"),
        ("daily payments by day of the week", PAYMENTS, None),
        ("Which payments are made every day?", PAYMENTS, None),
        ("Revenue per day", SALES, None),
        ("Revenue of last quarter", SALES, None),
        ("Total hours per week", SHIFTS, None),
        ("Hours per quarter", SHIFTS, None),
        ("What is the weekly rank of each film?", RANKS, None),
        ("Customers per week", SHOP, None),
    ],
)
def test_asks_for_months_where_other_units_are_asked(question, schema, months):
    assert asked(units_as_months(question, schema, ValueIndex())) == months


def test_a_stored_word_is_no_unit():
    values = ValueIndex([StoredValue("sales", "region", "weekly")])
    assert units_as_months("How many customers pay weekly?", SALES, values) is None


@pytest.mark.parametrize(
    ("day", "quarter", "week", "weekday"),
    [
        ("2023-01-01", "2023-Q1", "2022-12-26", "Sun"),
        ("2024-12-30", "2024-Q4", "2024-12-30", "Mon"),
        ("2024-02-29 10:11:12", "2024-Q1", "2024-02-26", "Thu"),
        ("2023-07-01", "2023-Q3", "2023-06-26", "Sat"),
    ],
)
def test_units_of_a_date_are_the_same_in_each_database(day, quarter, week, weekday):
    expected = {"quarter": quarter, "week": week, "weekday": weekday, "day": day[:10]}
    for unit, meant in expected.items():
        text = unit_sql(unit, exp.column("d"), "sqlite").sql("sqlite")
        assert sqlite3.connect(":memory:").execute(f"SELECT {text} FROM (SELECT ? AS d)", (day,)).fetchone()[0] == meant
        text = unit_sql(unit, exp.column("d"), "duckdb").sql("duckdb")
        found = duckdb.connect().execute(f"SELECT {text} FROM (SELECT TIMESTAMP '{day}' AS d)").fetchone()
        assert str(found[0]) == meant


def test_months_of_what_is_no_date_are_refused():
    sql = "SELECT STRFTIME('%Y-%m', sales.region), COUNT(*) FROM sales GROUP BY STRFTIME('%Y-%m', sales.region)"
    with pytest.raises(CannotDecodeError, match="each week"):
        as_units(sql, "sqlite", schema=SALES, unit="week")


# --- the period with the most ---


@pytest.mark.parametrize(
    ("question", "schema", "parts"),
    [
        ("Which month had the most orders?", SALES, "number of orders per month"),
        ("In which year were the fewest orders placed?", SALES, "number of orders per year"),
        ("What was the best quarter by revenue in 2023?", SALES, "total revenue per quarter in 2023"),
        ("Top 3 weekdays by sales", SALES, "total sales per weekday"),
        ("Which day of the week has the highest number of orders", SALES, "number of orders per day of the week"),
        ("On which weekday are most orders placed?", SALES, "number of orders per weekday"),
        ("Which month had the most points?", SALES, "total points per month"),
        ("Which month had the highest points?", SALES, None),
        ("Which month has the most points?", SHIFTS, None),
        ("Which country has the most customers?", SHOP, None),
        ("Which year had the most customers?", SHOP, None),
        ("Which month had the most rain?", SALES, None),
        ("Which month had the most orders per region?", SALES, None),
    ],
)
def test_asks_for_all_periods_where_the_top_one_is_asked(question, schema, parts):
    assert asked(tops_as_parts(question, schema)) == parts


def test_the_top_is_ordered_and_cut():
    sql = "SELECT product, SUM(points) FROM sales GROUP BY product ORDER BY product"
    assert as_top(sql, "sqlite", count=3, with_parts=True) == (
        "SELECT product, SUM(points) FROM sales GROUP BY product ORDER BY SUM(points) DESC LIMIT 3"
    )
