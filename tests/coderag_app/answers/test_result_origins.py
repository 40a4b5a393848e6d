"""Charts ask where a result comes from: what its columns hold, and whether its query says an order."""

import sqlite3
from contextlib import closing

import pytest

from coderag_app.answers.charts import suggest_charts
from coderag_app.answers.result_origins import result_origins
from coderag_app.loading import load_query_engine


@pytest.fixture(scope="module")
def bakery(tmp_path_factory):
    path = tmp_path_factory.mktemp("bakery") / "bakery.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(
            """
            CREATE TABLE oven (oven_id INTEGER PRIMARY KEY, hall TEXT CHECK (hall IN ('small', 'medium', 'large')));
            CREATE TABLE batch (
              batch_id INTEGER PRIMARY KEY, oven_id INTEGER REFERENCES oven, baked TEXT, price TEXT, loaves INTEGER);
            INSERT INTO oven VALUES (101, 'large'), (102, 'small'), (103, 'medium'), (104, 'small');
            """
        )
        connection.executemany(
            "INSERT INTO batch VALUES (?, ?, ?, ?, ?)",
            [(n, 101 + n % 4, f"{28 - n:02d}/03/2024", f"${n},{100 + n}.50", n * 3 % 11) for n in range(1, 25)],
        )
    with closing(load_query_engine(database=path, llm="bundled")) as engine:
        yield engine


def charts_of(engine, sql):
    answer = engine.run_sql(sql)
    assert answer.ok, answer.error
    return suggest_charts(answer.columns, answer.rows, result_origins(answer.sql, engine.schema))


def labels_of(chart):
    return [row["c0"] for row in chart.spec["data"]["values"]]


@pytest.mark.model
@pytest.mark.parametrize(
    ("sql", "labels"),
    [
        ("SELECT hall, COUNT(*) FROM oven GROUP BY hall", ["small", "medium", "large"]),
        ("SELECT oven_id, SUM(loaves) FROM batch WHERE batch_id < 9 GROUP BY oven_id", ["102", "101", "104", "103"]),
        ("SELECT hall, COUNT(*) FROM oven GROUP BY hall ORDER BY hall", ["large", "medium", "small"]),
    ],
)
def test_bars_stand_in_the_querys_order_or_in_one_that_everybody_knows(bakery, sql, labels):
    bar = next(chart for chart in charts_of(bakery, sql) if chart.kind == "bar")
    if "loaves" in sql:
        values = [row["c1"] for row in bar.spec["data"]["values"]]
        assert values == sorted(values, reverse=True) and len(set(values)) > 1
    else:
        assert labels_of(bar) == labels


@pytest.mark.model
def test_dates_and_money_in_text_are_times_and_measures(bakery):
    charts = charts_of(bakery, "SELECT baked, price FROM batch")
    assert charts[0].kind == "line"
    assert charts[0].spec["data"]["values"][0] == {"c0": "2024-03-27", "c1": 1101.5}


@pytest.mark.model
def test_keys_are_labels_and_no_measures(bakery):
    assert charts_of(bakery, "SELECT batch_id, oven_id FROM batch") == ()


def test_nothing_is_known_of_what_cannot_be_read(bakery):
    for sql in ("", "SELECT FROM", "SELECT 1 UNION SELECT 2"):
        assert result_origins(sql, bakery.schema).columns == ()
    assert result_origins("SELECT 1", None).is_ordered


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("month", ["January", "February", "March", "April"]),
        ("day", ["Mon", "Tue", "Sun"]),
        ("quarter", ["Q1", "Q2", "Q4"]),
        ("month", ["01", "02", "11"]),
    ],
)
def test_months_days_and_quarters_stand_in_their_order(name, values):
    unordered = result_origins("SELECT a", None)
    unordered = type(unordered)(is_ordered=False)
    rows = [(value, place * 7 % 5) for place, value in enumerate(values)]
    bar = suggest_charts([name, "orders"], list(reversed(rows)), unordered)[0]
    assert labels_of(bar) == values
