"""Columns that cannot hold what the bundled model asks of them, and the only ones that can."""

from __future__ import annotations

import pytest
import sqlglot

from coderag_app.schema.tables import Column, ForeignKey, Schema, Table
from coderag_app.schema.value_index import StoredValue, ValueIndex
from coderag_app.sql.repairs.reground import reground

TURBINES = Table(
    "turbines",
    (
        Column("id", "INTEGER", primary_key=True),
        Column("country", "TEXT"),
        Column("installation_year", "INTEGER"),
        Column("power", "REAL"),
        Column("is_offshore", "INTEGER"),
    ),
)
REPAIRS = Table(
    "repairs",
    (Column("turbine_id", "INTEGER"), Column("done_on", "DATE"), Column("worker", "TEXT"), Column("cost", "INTEGER"),
     Column("hours", "INTEGER")),
    (ForeignKey(("turbine_id",), "turbines", ("id",)),),
)  # fmt: skip
VALUES = ValueIndex(
    [
        *(StoredValue("turbines", "country", text) for text in ("China", "Chile")),
        *(StoredValue("repairs", "done_on", text) for text in ("2020-01-31", "2021-06-30")),
        *(StoredValue("repairs", "worker", text) for text in ("Ana", "Bo")),
    ],
    flags=[("turbines", "is_offshore")],
)
YEAR = "CAST(STRFTIME('%Y', {}) AS INTEGER)"


def regrounded(sql: str) -> str:
    tree = sqlglot.parse_one(sql, read="sqlite")
    reground(tree, Schema((TURBINES, REPAIRS)), VALUES)
    return tree.sql("sqlite")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("turbines.country > 2016", "turbines.installation_year > 2016"),
        ("turbines.country BETWEEN 2001 AND 2016", "turbines.installation_year BETWEEN 2001 AND 2016"),
        ("turbines.country IN (2001, 2016)", "turbines.installation_year IN (2001, 2016)"),
        ("turbines.country > 300", "turbines.power > 300"),
        (f"{YEAR.format('turbines.power')} = 2016", "turbines.installation_year = 2016"),
        (f"{YEAR.format('turbines.installation_year')} = 2016", "turbines.installation_year = 2016"),
    ],
)
def test_a_comparison_moves_to_the_column_that_it_makes_sense_for(written, meant):
    before = f"SELECT turbines.power FROM turbines WHERE turbines.country = 'China' AND {written}"
    assert regrounded(before) == before.replace(written, meant)


def test_a_year_is_that_of_the_only_date_where_there_is_no_column_of_years():
    found = regrounded("SELECT COUNT(*) FROM repairs AS r WHERE r.worker = 2020")
    assert found == f"SELECT COUNT(*) FROM repairs AS r WHERE {YEAR.format('r.done_on')} = 2020"


@pytest.mark.parametrize(("first", "meant"), [("ordered_on", "o.ordered_on"), ("paid_on", "o.status")])
def test_of_several_dates_the_one_named_as_the_table_is_meant(first, meant):
    orders = Table("orders", (Column("status", "TEXT"), Column("shipped_on", "DATE"), Column(first, "DATE")))
    days = [StoredValue("orders", column, "2024-05-01") for column in ("shipped_on", first)]
    values = ValueIndex([StoredValue("orders", "status", "cancelled"), *days])
    query = "SELECT COUNT(*) FROM orders AS o WHERE {} = 2024"
    tree = sqlglot.parse_one(query.format(YEAR.format("o.status")), read="sqlite")
    reground(tree, Schema((orders,)), values)
    assert tree.sql("sqlite") == query.format(YEAR.format(meant))


def test_names_and_keys_are_not_added_up():
    assert regrounded("SELECT SUM(turbines.country) FROM turbines") == "SELECT SUM(turbines.power) FROM turbines"
    assert regrounded("SELECT AVG(t.id) FROM turbines AS t") == "SELECT AVG(t.power) FROM turbines AS t"


def test_another_table_of_the_query_has_the_column():
    joined = "FROM repairs JOIN turbines ON repairs.turbine_id = turbines.id"
    plain = Schema((Table("repairs", REPAIRS.columns[:3], REPAIRS.foreign_keys), TURBINES))
    tree = sqlglot.parse_one(f"SELECT SUM(repairs.worker) {joined}", read="sqlite")
    reground(tree, plain, VALUES)
    assert tree.sql("sqlite") == f"SELECT SUM(turbines.power) {joined}"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT SUM(repairs.worker) FROM repairs",  # the cost or the hours
        "SELECT turbines.power FROM turbines WHERE turbines.country = 'Peru'",
        "SELECT turbines.country FROM turbines WHERE turbines.power = 'China'",
        "SELECT SUM(turbines.power) FROM turbines WHERE turbines.installation_year > 2016",
        "SELECT COUNT(*) FROM repairs WHERE repairs.worker > 7",
        "SELECT repairs.worker FROM repairs WHERE repairs.worker > 7 OR repairs.worker = 'Ann'",
        "SELECT turbines.power FROM turbines WHERE turbines.country > 'Atlantis'",
    ],
)
def test_what_fits_or_is_not_certain_stays(sql):
    assert regrounded(sql) == sql


def test_more_than_a_number_of_what_is_text_is_so_many_rows():
    found = regrounded("SELECT repairs.worker FROM repairs WHERE repairs.worker > 7 AND repairs.turbine_id = 3")
    assert found == (
        "SELECT repairs.worker FROM repairs WHERE repairs.turbine_id = 3 GROUP BY repairs.worker HAVING COUNT(*) > 7"
    )


def test_no_text_is_larger_than_one_that_is_stored():
    asked = "SELECT turbines.power FROM turbines WHERE turbines.country {} 'China'"
    assert regrounded(asked.format(">")) == asked.format("=")


def test_a_name_that_is_a_word_of_sql_is_quoted():
    orders = Table("order", (Column("customer", "TEXT"), Column("group", "INTEGER")))
    tree = sqlglot.parse_one('SELECT SUM("order".customer) FROM "order"', read="sqlite")
    values = ValueIndex([StoredValue("order", "customer", "Ana")])
    reground(tree, Schema((orders,)), values)
    assert tree.sql("sqlite") == 'SELECT SUM("order"."group") FROM "order"'
