"""What is embedded of an example, and how stored SQL is sorted."""

import pytest

from coderag_app.index.embed_view import embed_view
from coderag_app.sql.lenient_reading import SQLKind, read_sql

SHOP = (
    "CREATE TABLE customer (id INT PRIMARY KEY, name TEXT); CREATE TABLE invoice (id INT, customer_id INT, total REAL);"
)


def test_view_is_the_sql_then_only_the_tables_it_uses_with_their_columns() -> None:
    assert embed_view("SELECT name FROM customer", SHOP) == "SELECT name FROM customer\ncustomer(id, name)"


def test_tables_come_in_the_order_of_the_schema_and_once() -> None:
    sql = "SELECT 1 FROM invoice i JOIN customer c ON c.id = i.customer_id WHERE total > (SELECT 1 FROM invoice)"
    assert embed_view(sql, SHOP).splitlines()[1:] == ["customer(id, name)", "invoice(id, customer_id, total)"]


def test_sql_over_several_lines_becomes_one_line() -> None:
    assert embed_view("SELECT name\n  FROM   customer", SHOP).splitlines()[0] == "SELECT name FROM customer"


def test_table_names_match_whatever_their_case() -> None:
    assert embed_view("SELECT Name FROM CUSTOMER", SHOP).endswith("\ncustomer(id, name)")


def test_a_common_table_expression_does_not_count_as_a_table() -> None:
    sql = "WITH invoice AS (SELECT * FROM customer) SELECT * FROM invoice"
    assert embed_view(sql, SHOP).splitlines()[1:] == ["customer(id, name)"]


def test_sql_that_does_not_parse_stands_alone() -> None:
    assert embed_view("SELECT FROM WHERE customer", SHOP) == "SELECT FROM WHERE customer"


@pytest.mark.parametrize("context", ["customer", "", "CREATE TABLE grant customer (", "x" * 1000])
def test_a_context_that_cannot_be_read_leaves_the_sql_alone(context: str) -> None:
    assert embed_view("SELECT name FROM customer", context) == "SELECT name FROM customer"


def test_one_unreadable_statement_does_not_hide_the_other_tables() -> None:
    context = "CREATE TABLE grant (((; CREATE TABLE customer (id INT, name TEXT);"
    assert embed_view("SELECT name FROM customer", context).endswith("\ncustomer(id, name)")


def test_semicolons_in_inserted_values_do_not_cut_a_statement() -> None:
    context = (
        "INSERT INTO note VALUES ('a; CREATE TABLE customer (wrong INT)'); CREATE TABLE customer (id INT, name TEXT);"
    )
    assert embed_view("SELECT name FROM customer", context).endswith("\ncustomer(id, name)")


def test_a_comment_before_create_does_not_hide_it() -> None:
    assert embed_view("SELECT a FROM t", "-- first; table\nCREATE TABLE t (a INT);").endswith("\nt(a)")


@pytest.mark.parametrize(
    "created", ["s.customer", '"customer"', "`customer`", "[customer]", "IF NOT EXISTS customer", '"s"."customer"']
)
def test_created_names_are_found_however_they_are_written(created: str) -> None:
    assert embed_view("SELECT id FROM customer", f"CREATE TABLE {created} (id INT)").endswith("\ncustomer(id)")


def test_views_of_the_context_are_described_by_their_output_columns() -> None:
    context = "CREATE TABLE t (a INT); CREATE VIEW big AS SELECT a, a * 2 AS twice FROM t;"
    assert embed_view("SELECT twice FROM big", context).endswith("\nbig(a, twice)")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "WITH a AS (SELECT 1) SELECT * FROM a",
        "SELECT 1 UNION SELECT 2",
        "(SELECT 1)",
        "SELECT `a b` FROM t LIMIT 5, 10",
        "SELECT DATE_SUB(CURDATE(), INTERVAL 3 MONTH)",
        "SELECT TOP 5 * FROM t",
        "SELECT a::int FROM t",
        "SELECT replace(name, 'a', 'b') FROM t;",
    ],
)
def test_queries_of_common_dialects_are_queries(sql: str) -> None:
    assert read_sql(sql).kind is SQLKind.QUERY


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO t VALUES (1)",
        "UPDATE t SET a = 1",
        "DELETE FROM t",
        "DROP TABLE t",
        "CREATE TABLE t AS SELECT 1",
        "WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d",
        "SELECT * INTO copy FROM t",
        "SELECT 1; SELECT 2",
        "ATTACH DATABASE 'x' AS y",
        "PRAGMA table_info(t)",
        "VACUUM",
        "EXPLAIN SELECT 1",
        "GRANT SELECT ON t TO bob",
    ],
)
def test_everything_else_that_is_sql_is_not_a_query(sql: str) -> None:
    assert read_sql(sql).kind is SQLKind.NOT_A_QUERY


@pytest.mark.parametrize("sql", ["", "-- nothing", "hello world", "SELECT FROM WHERE", "42", "(" * 5000, "'open"])
def test_what_is_no_sql_is_unreadable_and_does_not_crash(sql: str) -> None:
    assert read_sql(sql).kind is SQLKind.UNREADABLE


def test_a_declared_dialect_is_held_to() -> None:
    sql = "SELECT [a b] FROM t"
    assert read_sql(sql, "tsql").kind is SQLKind.QUERY
    assert read_sql(sql, "mysql").kind is not SQLKind.QUERY


def test_the_reason_says_which_statement_it_is() -> None:
    assert read_sql("DELETE FROM t").detail == "a DELETE statement"
