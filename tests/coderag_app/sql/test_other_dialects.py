"""SQL of another database is refused by name, with what this one has instead; its own stays allowed."""

import pytest

from coderag_app.errors import SQLRejectedError
from coderag_app.schema.tables import Column, Schema, Table
from coderag_app.sql.guard import check_sql

TABLE = Table(
    "visits", (Column("guest", "TEXT"), Column("seen_on", "DATE"), Column("year", "INT"), Column("top", "INT"))
)


def schema(dialect: str) -> Schema:
    return Schema((TABLE,), dialect)


@pytest.mark.parametrize(
    ("dialect", "sql", "message"),
    [
        ("sqlite", "SELECT guest::varchar FROM visits", "SQLite, which has no :: of DuckDB and PostgreSQL .write CAST"),
        ("sqlite", "SELECT Date_Trunc('year', seen_on), guest::text FROM visits", "DATE_TRUNC .*strftime.* and no ::"),
        ("sqlite", "SELECT guest FROM visits WHERE guest ILIKE 'a%'", "ILIKE .*write LIKE"),
        ("sqlite", "SELECT YEAR(seen_on), COUNT(*) FROM visits GROUP BY YEAR(seen_on)", "no YEAR of DuckDB and MySQL"),
        ("sqlite", "SELECT guest FROM visits WHERE seen_on > DATE('now') - INTERVAL '3 days'", "INTERVAL .*write date"),
        ("sqlite", "SELECT TOP 3 guest FROM visits", "no TOP of another database .write LIMIT"),
        ("postgres", "SELECT strftime('%Y', seen_on) FROM visits", "PostgreSQL, .* STRFTIME of SQLite .*write to_char"),
        ("postgres", "SELECT IFNULL(guest, 'nobody') FROM visits", "IFNULL .*write COALESCE"),
        ("postgres", "SELECT GROUP_CONCAT(guest) FROM visits", "GROUP_CONCAT .*write string_agg"),
        ("mysql", "SELECT guest FROM visits WHERE (guest)::text = 'a'", "is MySQL and MariaDB, .*write CAST"),
        ("mysql", "SELECT julianday(seen_on) FROM visits", "no JULIANDAY of SQLite .*write DATEDIFF"),
        ("duckdb", "SELECT DATE_FORMAT(seen_on, '%Y') FROM visits", "DATE_FORMAT of MySQL and MariaDB .*strftime"),
    ],
)
def test_it_is_named_with_the_remedy(dialect, sql, message):
    with pytest.raises(SQLRejectedError, match=message):
        check_sql(sql, schema(dialect), dialect)


@pytest.mark.parametrize(
    ("dialect", "sql"),
    [
        ("sqlite", "SELECT year, top FROM visits WHERE year IN (2021) AND guest = 'ILIKE' ORDER BY top"),
        ("sqlite", "SELECT v.year AS month FROM visits AS v"),
        ("sqlite", "WITH day (a) AS (SELECT guest FROM visits) SELECT a FROM day"),
        ("sqlite", 'SELECT "year" AS "date_trunc" FROM visits -- ::text'),
        ("postgres", "SELECT guest::text, DATE_TRUNC('month', seen_on) FROM visits WHERE guest ILIKE 'x'"),
        ("mysql", "SELECT YEAR(seen_on), IFNULL(guest, '') FROM visits WHERE seen_on > NOW() - INTERVAL 1 DAY"),
        ("duckdb", "SELECT DATE_TRUNC('month', seen_on), strftime(seen_on, '%Y'), guest::VARCHAR FROM visits"),
    ],
)
def test_names_texts_and_its_own_functions_are_left_alone(dialect, sql):
    assert check_sql(sql, schema(dialect), dialect).tables == ("visits",)
