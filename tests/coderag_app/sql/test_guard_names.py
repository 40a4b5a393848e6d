"""The guard takes a name for what the engine takes it for, and what a query stands for is bounded before it runs."""

from dataclasses import replace

import pytest

from coderag_app.errors import SQLRejectedError
from coderag_app.schema.tables import Schema
from coderag_app.sql.ddl import schema_from_ddl
from coderag_app.sql.guard import check_sql

SCHEMA = schema_from_ddl(
    "CREATE TABLE singer (singer_id INT PRIMARY KEY, name TEXT, country TEXT, age INT); "
    "CREATE TABLE item (a INT, b JSON, singer_id INT)"
)
DIALECTS = ("sqlite", "duckdb", "postgres", "mysql")


def refusal(sql: str, dialect: str, schema: Schema = SCHEMA) -> str:
    with pytest.raises(SQLRejectedError) as caught:
        check_sql(sql, schema, dialect)
    return str(caught.value)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT ('/etc/passwd'::text).pg_read_file",
        "SELECT (30).pg_sleep",
        "SELECT (30::float8).pg_sleep FROM singer",
        "SELECT ((30)).pg_sleep",
        "SELECT (s).some_function FROM singer s",
        "SELECT s.some_function FROM singer s",
        "SELECT singer.some_function FROM singer",
        "SELECT (ARRAY[s])[1].some_function FROM singer s",
        "SELECT ((ARRAY[s])[1]).some_function FROM singer s",
        "SELECT (SELECT s FROM singer s LIMIT 1).some_function",
        "SELECT (CASE WHEN true THEN s END).some_function FROM singer s",
        "SELECT (coalesce(s, s)).some_function FROM singer s",
        "SELECT (x).pg_sleep FROM (SELECT 30 AS x) AS y",
        "SELECT y.pg_sleep FROM (SELECT 30 AS x) AS y",
        "SELECT (y).pg_sleep FROM (SELECT 30 AS x) AS y",
        "SELECT d.pg_sleep FROM (SELECT 'pg_sleep', 30::float8) AS d",
        "SELECT d.pg_sleep FROM (SELECT 'pg_sleep'::text, 30) AS d",
        "SELECT d.pg_sleep FROM (VALUES (30)) AS d",
        'SELECT s.some_function FROM (SELECT 1 AS some_function) AS "S", singer AS s',
        'SELECT s.some_function FROM (SELECT 1 AS "SOME_FUNCTION") AS s',
        "SELECT g.pg_sleep FROM unnest(ARRAY[1]) AS g",
        "SELECT g.pg_sleep FROM json_array_elements('[1]') AS g",
        "SELECT singer_id FROM singer s ORDER BY (s).some_function",
        "SELECT 1 FROM singer s WHERE (s).some_function = 1",
        "SELECT count(*) FROM singer s GROUP BY s.some_function",
        "WITH w AS (SELECT 30 AS x) SELECT (w).pg_sleep FROM w",
        "SELECT (json_build_object('a', 1)).pg_sleep",
        "SELECT a.b.c.d.pg_sleep FROM singer AS a",
    ],
)
def test_postgres_calls_no_function_by_attribute_notation(sql):
    assert refusal(sql, "postgres")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT (s).name FROM singer s",
        "SELECT (s).* FROM singer s",
        "SELECT (singer).name FROM singer",
        "SELECT Name, SINGER.Age FROM Singer",
        'SELECT "name" FROM singer',
        'WITH "X" AS (SELECT 1 AS a) SELECT "X".a FROM "X"',
        "SELECT public.singer.name FROM public.singer",
        "SELECT count(s), row_to_json(s) FROM singer s",
        "SELECT name::varchar(10), age::numeric(3,1), '2020-01-01'::date, ARRAY[1]::int[], '1.2.3.4'::inet FROM singer",
        "SELECT date '2020-01-01' + interval '1 day', '{}'::jsonb -> 'a'",
        "WITH singer AS (SELECT * FROM singer WHERE age > 3) SELECT name FROM singer",
    ],
)
def test_postgres_reads_fields_and_quoted_names(sql):
    assert check_sql(sql, SCHEMA, "postgres").sql == sql


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "name", ["pg_shadow", "pg_catalog", "sqlite_master", "duckdb_tables", "pragma_table_info", "PG_AUTHID"]
)
def test_no_cte_is_named_like_a_system_table(name, dialect):
    sql = f"WITH {name} AS (SELECT 'a' AS usename UNION ALL SELECT usename FROM {name}) SELECT * FROM {name}"
    assert "named like a system table" in refusal(sql, dialect)


@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "mysql"])
@pytest.mark.parametrize("body", ["SELECT 1 AS a UNION ALL SELECT a FROM hidden", "SELECT a FROM hidden"])
def test_a_cte_without_recursive_does_not_see_itself(body, dialect):
    assert 'no such table "hidden"' in refusal(f"WITH hidden AS ({body}) SELECT a FROM hidden", dialect)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_recursive_cte_sees_itself(dialect):
    sql = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT i FROM n"
    assert check_sql(sql, SCHEMA, dialect).tables == ()


def test_a_quoted_cte_in_capitals_hides_no_lower_case_table():
    for name in ("hidden", "Hidden", "HIDDEN"):
        assert "no such table" in refusal(f'WITH "HIDDEN" AS (SELECT 1 AS a) SELECT a FROM {name}', "postgres")
    assert "write it the same" in refusal("WITH Hidden AS (SELECT 1 AS a) SELECT a FROM hidden", "mysql")


def test_letters_that_only_unicode_folds_are_other_letters():
    kelvin = "\u212a"
    assert "no such table" in refusal(f'WITH "{kelvin}" AS (SELECT 1 AS a) SELECT a FROM k', "duckdb")


def test_names_that_the_engine_would_cut_are_refused():
    assert "expected at most 63" in refusal(f"WITH {'a' * 64} AS (SELECT 1 AS a) SELECT * FROM {'a' * 64}", "postgres")
    assert "expected at most 63" in refusal(f"SELECT {'é' * 32} FROM singer", "postgres")


@pytest.mark.parametrize(
    "text", ['SELECT U&"n\\0061me" FROM singer', 'SELECT s.u&"name" FROM (SELECT 1 AS u, 2 AS name) s']
)
def test_names_in_unicode_notation_are_refused(text):
    assert "U&" in refusal(text, "postgres")


@pytest.mark.parametrize(
    "cast",
    ["'a'::mood", "CAST('a' AS mood)", "'a'::public.mood", "'{a}'::mood[]", "'pg_shadow'::regclass",
     "1::pg_catalog.int4", "'a'::citext", "'x'::\"Mood\"", "16384::oid", "'f'::regproc"],
)  # fmt: skip
def test_postgres_casts_to_its_own_types_alone(cast):
    assert "not allowed" in refusal(f"SELECT {cast}", "postgres")


def test_a_star_replaces_columns_with_what_the_schema_has():
    assert check_sql("SELECT item.* REPLACE (a + 1 AS a) FROM item", SCHEMA, "duckdb").columns == (
        "item.a",
        "item.b",
        "item.singer_id",
    )
    for star in ("item.*", "*"):
        sql = f"SELECT {star} REPLACE ((SELECT max(passwd) FROM pg_shadow) AS a) FROM item"
        assert "pg_shadow" in refusal(sql, "duckdb")


@pytest.mark.parametrize(
    ("sql", "redefined"),
    [
        ("SELECT lower(name) FROM singer", "lower"),
        ('SELECT "lower"(name) FROM singer', "lower"),
        ("SELECT LOWER (name) FROM singer", "lower"),
        ("SELECT max(age) FROM singer", "max"),
        ("SELECT name || 'x' FROM singer", "||"),
        ("SELECT age + 1 FROM singer", "+"),
        ("SELECT 1 FROM singer WHERE name LIKE 'a%'", "~~"),
        ("SELECT 1 FROM singer WHERE name IN ('a')", "="),
        ("SELECT 1 FROM singer WHERE age BETWEEN 1 AND 2", ">="),
        ("SELECT nullif(age, 1) FROM singer", "="),
        ("SELECT 1 FROM singer JOIN item USING (singer_id)", "="),
        ("SELECT 1 FROM singer NATURAL JOIN item", "="),
        ("SELECT name::json FROM singer", "cast json"),
        ("SELECT CAST(age AS bigint) FROM singer", "cast bigint"),
        ("SELECT age::int FROM singer", "cast integer"),
        ("SELECT name::varchar(3) FROM singer", "cast character varying"),
        ("SELECT to_json(name) FROM singer", "cast json"),
        ("SELECT json_agg(name) FROM singer", "cast jsonb"),
    ],
)
def test_what_the_owner_has_redefined_is_refused(sql, redefined):
    assert check_sql(sql, SCHEMA, "postgres")
    schema = replace(SCHEMA, redefined=frozenset({redefined}))
    assert "has been redefined by the owner" in refusal(sql, "postgres", schema)


def test_columns_that_may_not_be_read_are_reached_by_no_way():
    singer = replace(SCHEMA.tables[0], hidden=("feeling",))
    schema = replace(SCHEMA, tables=(singer, *SCHEMA.tables[1:]))
    assert check_sql("SELECT name FROM singer", schema, "postgres")
    for sql in (
        "SELECT feeling FROM singer",
        "SELECT * FROM singer",
        "SELECT s.* FROM singer s",
        "SELECT s FROM singer s",
        "SELECT (s).* FROM singer s",
        "SELECT a FROM singer AS s(a, b, c, d, e)",
        "WITH w(a, b, c, d, e) AS (SELECT * FROM singer) SELECT e FROM w",
        "SELECT name FROM singer NATURAL JOIN item",
        "SELECT row_to_json(singer) FROM singer",
    ):
        assert "feeling" in refusal(sql, "postgres", schema)


def test_a_namespace_of_the_database_is_the_only_prefix():
    schema = replace(SCHEMA, namespace="sales")
    assert check_sql("SELECT sales.singer.name FROM sales.singer", schema, "postgres")
    assert "no such table" in refusal("SELECT name FROM public.singer", "postgres", schema)


def tower(first: str, step: str, levels: int = 30) -> str:
    """CTEs that each read the one before."""
    ctes = [f"a0 AS ({first})"] + [f"a{level} AS ({step.format(f'a{level - 1}')})" for level in range(1, levels)]
    return f"WITH {', '.join(ctes)} SELECT * FROM a{levels - 1}"


def nested(first: str, step: str, levels: int = 30) -> str:
    """Derived tables that each read the one inside."""
    sql = first
    for level in range(levels):
        sql = step.format(f"({sql}) AS d{level}")
    return sql


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("build", [tower, nested])
@pytest.mark.parametrize(
    ("first", "step"),
    [
        ("SELECT * FROM singer", "SELECT *, * FROM {}"),
        ("SELECT age AS x FROM singer", "SELECT x + x AS x FROM {}"),
        ("SELECT age AS x FROM singer", "SELECT CASE WHEN x > 1 THEN x ELSE -x END AS x FROM {}"),
        ("SELECT age AS x, age AS y FROM singer", "SELECT concat(x, y) AS x, concat(y, x) AS y FROM {}"),
    ],
)
def test_what_doubles_with_every_level_is_refused(first, step, build, dialect):
    assert "expected simpler SQL" in (message := refusal(build(first, step), dialect)) or "columns" in message


@pytest.mark.parametrize("dialect", DIALECTS)
def test_ctes_that_join_themselves_are_refused(dialect):
    sql = tower("SELECT age AS x FROM singer", "SELECT p.x FROM {0} AS p CROSS JOIN {0} AS q")
    assert "reads more than" in refusal(sql, dialect)


def test_aliases_that_double_in_one_select_are_refused():
    letters = [f"c{i}" for i in range(30)]
    doubled = ", ".join(f"{a} + {a} AS {b}" for a, b in zip(letters, letters[1:], strict=False))
    assert "expected simpler SQL" in refusal(f"SELECT * FROM (SELECT age AS c0, {doubled} FROM singer)", "duckdb")
    assert "expected simpler SQL" in refusal(f"SELECT age AS c0, {doubled} FROM singer", "duckdb")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_reports_of_many_ctes_and_columns_pass(dialect):
    steps = tower("SELECT singer_id, age, country FROM singer", "SELECT singer_id, age + 1 AS age, country FROM {}", 20)
    assert check_sql(steps, SCHEMA, dialect)
    wide = ", ".join(f"sum(CASE WHEN age = {i} THEN 1 ELSE 0 END) AS c{i}" for i in range(300))
    assert check_sql(f"SELECT country, {wide} FROM singer GROUP BY country", SCHEMA, dialect)


@pytest.mark.parametrize("dialect", ["postgres", "mysql"])
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT repeat(repeat('a', 10000), 10000)",
        "SELECT lpad(repeat('a', 10000), 9000, repeat('b', 10000))",
        "SELECT replace(repeat('a', 10000), 'a', replace(repeat('a', 9000), 'a', 'bb'))",
        "SELECT replace(replace(replace(replace(name, 'a', 'aa'), 'a', 'aa'), 'a', 'aa'), 'a', 'aa') FROM singer",
        "SELECT length(upper(repeat(concat('x', repeat('a', 10000)), 10000)))",
    ],
)
def test_calls_that_make_texts_longer_do_not_stand_in_one_another(sql, dialect):
    assert "make texts longer" in refusal(sql, dialect)


@pytest.mark.parametrize("dialect", ["postgres", "mysql"])
def test_cleaning_a_text_passes(dialect):
    cleaned = "name"
    for sign in "- ()./+":
        cleaned = f"replace({cleaned}, '{sign}', '')"
    assert check_sql(f"SELECT lpad({cleaned}, 12, '0'), repeat('*', 5) FROM singer", SCHEMA, dialect)
