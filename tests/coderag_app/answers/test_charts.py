"""Charts are specs that Vega-Lite accepts, chosen by shape, and no name or value can become a part of one."""

from datetime import date, datetime
from decimal import Decimal

import altair
import pytest

from coderag_app.answers.charts import MAX_BARS, suggest_charts


def kinds(columns, rows) -> list[str]:
    return [chart.kind for chart in suggest_charts(columns, rows)]


MONTHS = [(f"2024-{month:02d}", month * 3) for month in range(1, 13)]
PRICES = [(f"book {n}", n % 7 + 0.5, n * n) for n in range(30)]


@pytest.mark.parametrize(
    ("columns", "rows", "expected"),
    [
        (["count"], [(42,)], ["number"]),
        (["country", "count"], [("France", 3)], ["number"]),
        (["city", "customers"], [("Lyon", 3), ("Oslo", 5)], ["bar", "pie"]),
        (["city", "average price"], [("Lyon", 3.5), ("Oslo", 5)], ["bar"]),
        (["city", "balance"], [("Lyon", 3), ("Oslo", -5)], ["bar"]),
        (["city", "customers"], [(f"c{n}", n) for n in range(9)], ["bar"]),
        (["month", "orders"], MONTHS, ["line", "bar"]),
        (["year", "orders"], [(2020 + n, n) for n in range(5)], ["line", "bar"]),
        (["day", "city", "n"], [(date(2024, 1, d), c, d) for d in range(1, 5) for c in "ab"], ["line"]),
        (["city", "format", "n"], [(c, f, 3) for c in "xyz" for f in "pq"], ["bar"]),
        (["price", "pages"], [row[1:] for row in PRICES], ["scatter"]),
        (["price"], [row[1:2] for row in PRICES], ["histogram"]),
        (["id", "name"], [(1, "a"), (2, "b")], []),
        (["name"], [("a",), ("b",)], []),
        (["n"], [], []),
        (["n"], [(None,)], []),
        (["data"], [(b"abc",), (b"def",)], []),
        (["name", "n"], [("a", 1), ("a", 2), ("b", 3)], []),
    ],
)
def test_the_kind_follows_from_shape_and_types(columns, rows, expected):
    assert kinds(columns, rows) == expected


def test_every_spec_is_one_that_vega_lite_knows():
    results = [
        (["count"], [(42,)]),
        (["city", "customers"], [("Lyon", 3), ("Oslo", 5)]),
        (["month", "orders"], MONTHS),
        (["at", "n"], [(datetime(2024, 1, 1, hour), hour) for hour in range(5)]),
        (["city", "format", "n"], [(c, f, 3) for c in "xyz" for f in "pq"]),
        (["name", "price", "pages"], PRICES),
        (["price"], [row[1:2] for row in PRICES]),
        (["sum"], [(Decimal("12.50"),)]),
    ]
    specs = [chart.spec for columns, rows in results for chart in suggest_charts(columns, rows)]
    assert len(specs) >= 9
    for spec in specs:
        altair.Chart.from_dict({**spec, "$schema": altair.SCHEMA_URL}, validate=True)


def test_hostile_names_and_values_stay_titles_and_labels():
    name = "a.b[0]'];alert(1)//\x1b\u202e<img src=x>"
    value = "<script>alert(1)</script> datum.x"
    charts = suggest_charts([name, "n"], [(value, 1), ("b", 2)])
    for chart in charts:
        assert all(set(row) <= {"c0", "c1"} for row in chart.spec["data"]["values"])
        fields = [part["field"] for part in chart.spec["encoding"].values() if isinstance(part, dict)]
        assert set(fields) <= {"c0", "c1"}
        assert "\x1b" not in chart.title and "\u202e" not in str(chart.spec)
        assert not {"transform", "params", "signals", "expr", "href"} & set(str(chart.spec).replace("'", " ").split())


def test_days_are_drawn_in_utc_so_that_none_moves_to_the_day_before():
    line = suggest_charts(["day", "n"], [(date(2024, 1, day), day) for day in (1, 2, 3)])[0]
    assert line.spec["encoding"]["x"]["scale"] == {"type": "utc"}
    assert [row["c0"] for row in line.spec["data"]["values"]][0] == "2024-01-01"


def test_nulls_are_left_out_and_the_order_of_the_result_is_kept():
    bar = suggest_charts(["city", "n"], [("b", 5), ("a", None), (None, 3)])[0]
    assert [row["c0"] for row in bar.spec["data"]["values"]] == ["b", "NULL"]
    assert bar.spec["encoding"]["y"]["sort"] is None


def test_many_bars_are_cut_and_the_title_says_so():
    bar = suggest_charts(["city", "n"], [(f"c{n}", n) for n in range(100)])[0]
    assert len(bar.spec["data"]["values"]) == MAX_BARS and f"the first {MAX_BARS} of 100" in bar.title
