"""A PostgreSQL database whose owner redefined names, set traps in views, and whose role sets how SQL is read."""

import logging
import time
from contextlib import closing

import pytest
from postgres_server import PostgresUnavailable, postgres_server
from sql_cases import read_cases

from coderag_app.database import Limits, open_database
from coderag_app.errors import DatabaseError, SQLRejectedError
from coderag_app.sql.guard import check_sql

ATTACKS = read_cases("attacks_postgres_owner.sql")
SETUP = r"""
CREATE SCHEMA second;
CREATE TYPE mood AS ENUM ('calm', 'loud');
CREATE DOMAIN kind AS mood;
CREATE DOMAIN code AS varchar(9);
CREATE TYPE mood_pair AS (a int, b mood);
CREATE TABLE singer (name text, country varchar(30), age int, born date, code code, feeling mood, feelings mood[],
  pair mood_pair, kind kind);
INSERT INTO singer VALUES ('Ann', 'France', 20, '2000-01-01', 'x', 'calm', '{calm}', (1, 'calm'), 'calm');
CREATE TABLE log (line text);
CREATE TABLE secret_row (x int);
CREATE TABLE pg_user (usename text);
CREATE FUNCTION lower(varchar) RETURNS text LANGUAGE sql AS 'SELECT ''stolen''::text';
CREATE FUNCTION concat_ws(text, VARIADIC varchar[]) RETURNS text LANGUAGE sql AS 'SELECT ''stolen''::text';
CREATE FUNCTION substr(varchar, int, int DEFAULT 1) RETURNS text LANGUAGE sql AS 'SELECT ''stolen''::text';
CREATE FUNCTION date_trunc(text, date) RETURNS text LANGUAGE sql AS 'SELECT ''stolen''::text';
CREATE FUNCTION upper(code) RETURNS text LANGUAGE sql AS 'SELECT ''stolen''::text';
CREATE FUNCTION second.btrim(varchar) RETURNS text LANGUAGE sql AS 'SELECT ''stolen''::text';
CREATE AGGREGATE sum(text) (SFUNC = textcat, STYPE = text);
CREATE FUNCTION text_int(text, int) RETURNS text LANGUAGE sql AS 'SELECT ''stolen''::text';
CREATE FUNCTION text_like(varchar, int) RETURNS bool LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION text_date(varchar, date) RETURNS text LANGUAGE sql AS 'SELECT ''stolen''::text';
CREATE FUNCTION text_minus(text) RETURNS text LANGUAGE sql AS 'SELECT ''stolen''::text';
CREATE OPERATOR + (LEFTARG = text, RIGHTARG = int, FUNCTION = text_int);
CREATE OPERATOR ~~ (LEFTARG = varchar, RIGHTARG = int, FUNCTION = text_like);
CREATE OPERATOR || (LEFTARG = varchar, RIGHTARG = date, FUNCTION = text_date);
CREATE OPERATOR - (RIGHTARG = text, FUNCTION = text_minus);
CREATE OPERATOR >= (LEFTARG = text, RIGHTARG = int, FUNCTION = int_more);
CREATE FUNCTION text_json(text) RETURNS json LANGUAGE sql AS 'SELECT ''"stolen"''::json';
CREATE FUNCTION date_int(date) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION mood_json(mood) RETURNS json LANGUAGE sql AS 'SELECT ''"stolen"''::json';
CREATE FUNCTION row_json(secret_row) RETURNS json LANGUAGE sql AS 'SELECT ''"stolen"''::json';
CREATE FUNCTION passes(text) RETURNS bool LANGUAGE sql AS 'SELECT true';
CREATE CAST (text AS json) WITH FUNCTION text_json(text);
CREATE CAST (date AS int) WITH FUNCTION date_int(date);
CREATE CAST (mood AS json) WITH FUNCTION mood_json(mood);
CREATE CAST (secret_row AS json) WITH FUNCTION row_json(secret_row);
CREATE DOMAIN checked AS text CHECK (passes(VALUE));
CREATE VIEW singer_view AS SELECT name, feeling FROM singer;
CREATE FUNCTION write_log() RETURNS int LANGUAGE sql SECURITY DEFINER
  AS 'INSERT INTO log VALUES (''written'') RETURNING 1';
CREATE VIEW harmless AS SELECT upper(name) AS name FROM singer WHERE age > 18;
CREATE MATERIALIZED VIEW stored AS SELECT name, clock_timestamp() AS at FROM singer;
CREATE VIEW waiting AS SELECT name, pg_sleep(60)::text AS slept FROM singer;
CREATE VIEW waiting_inside AS SELECT name FROM waiting;
CREATE VIEW waiting_in_filter AS SELECT name FROM singer WHERE (SELECT pg_sleep_for('1 minute')) IS NULL;
CREATE VIEW endless AS SELECT i FROM generate_series(1, 1000000000000) AS g(i) WHERE i < 0;
CREATE VIEW broken AS SELECT 1 / (age - age) AS quotient FROM singer;
CREATE VIEW writing AS SELECT write_log() AS written;
CREATE VIEW by_operator AS SELECT name + 1 AS x FROM singer;
CREATE VIEW by_cast AS SELECT name::json AS x FROM singer;
CREATE VIEW checking AS SELECT name::checked AS x FROM singer;
CREATE TABLE policed (x int);
INSERT INTO policed VALUES (1);
ALTER TABLE policed ENABLE ROW LEVEL SECURITY;
CREATE POLICY slow ON policed USING (pg_sleep(60) IS NOT NULL);
CREATE TABLE long_text (id int, body text);
INSERT INTO long_text VALUES (1, repeat('abc', 500000)), (2, 'short');
""".replace(
    "CREATE OPERATOR >=",
    "CREATE FUNCTION int_more(text, int) RETURNS bool LANGUAGE sql AS 'SELECT true';\nCREATE OPERATOR >=",
)
UNSAMPLED = "waiting waiting_inside waiting_in_filter writing by_operator by_cast checking policed".split()


@pytest.fixture(scope="module")
def server():
    psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'coderag[postgres]'")
    try:
        with postgres_server() as folder:
            with psycopg.connect(host=str(folder), user="admin", dbname="postgres", autocommit=True) as connection:
                connection.execute("CREATE DATABASE owned")
                connection.execute("CREATE DATABASE plain")
                connection.execute("CREATE ROLE reader LOGIN")
            with psycopg.connect(host=str(folder), user="admin", dbname="owned") as connection:
                connection.execute(SETUP)
                connection.execute("GRANT USAGE ON SCHEMA second TO reader")
                connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
                connection.execute("ALTER ROLE reader IN DATABASE owned SET search_path = public, second, pg_catalog")
            yield folder
    except PostgresUnavailable as error:
        pytest.skip(str(error))


def run_as_admin(server, sql, database="owned"):
    import psycopg

    with psycopg.connect(host=str(server), user="admin", dbname=database, autocommit=True) as connection:
        cursor = connection.execute(sql)
        return cursor.fetchall() if cursor.description else []


@pytest.fixture(scope="module")
def opened(server):
    started = time.monotonic()
    with closing(open_database(f"postgresql://reader@/owned?host={server}")) as database:
        yield database, database.read_schema(), time.monotonic() - started


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in ATTACKS])
def test_the_guard_refuses_what_the_owner_redefined(case, opened):
    with pytest.raises(SQLRejectedError):
        check_sql(case.sql, opened[1], "postgres")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT name, age FROM singer WHERE age * 2 > 20 ORDER BY name LIMIT 3",
        "SELECT count(*), avg(age) FROM singer WHERE name = 'Ann'",
        "SELECT public.singer.name FROM public.singer",
        "SELECT replace(name, 'a', 'b') FROM harmless",
        "SELECT CAST(age AS numeric) FROM singer",
    ],
)
def test_what_is_not_redefined_stays_allowed(sql, opened):
    assert opened[0].execute(check_sql(sql, opened[1], "postgres").sql).rows


def test_the_schema_names_what_is_redefined(opened):
    schema = opened[1]
    functions = {"lower", "concat_ws", "substr", "date_trunc", "upper", "btrim", "sum"}
    assert functions | {"+", "-", "~~", "||", ">="} <= schema.redefined
    assert {"cast json", "cast json[]", "cast integer", "cast int4", "cast int", "cast checked"} <= schema.redefined
    assert not {"=", "*", "count", "avg", "replace", "cast text", "cast numeric", "cast code"} & schema.redefined
    assert schema.namespace == "public"


def test_columns_with_an_owners_cast_are_hidden(opened):
    singer = opened[1].table("singer")
    assert set(singer.hidden) == {"feeling", "feelings", "pair", "kind"}
    assert [column.name for column in singer.columns] == ["name", "country", "age", "born", "code"]
    assert opened[1].table("singer_view").hidden == ("feeling",)
    assert opened[1].table("secret_row").hidden == ("secret_row",)
    assert opened[1].table("log").hidden == ()


def test_a_table_with_a_catalogues_name_is_left_out(opened):
    assert opened[1].table("pg_user") is None


def test_traps_in_views_neither_run_nor_stop_the_opening(opened, server):
    _, schema, seconds = opened
    assert seconds < 15
    for name in UNSAMPLED:
        assert all(column.samples == () for column in schema.table(name).columns), name
    assert schema.table("harmless").column("name").samples == ("ANN",)
    assert schema.table("stored").column("name").samples == ("Ann",)
    assert schema.table("long_text").column("body").samples == ("short",)
    assert schema.table("endless").column("i").samples == schema.table("broken").column("quotient").samples == ()
    assert run_as_admin(server, "SELECT * FROM log") == []


def test_one_warning_names_what_is_not_sampled(server, caplog):
    with (
        caplog.at_level(logging.WARNING),
        closing(open_database(f"postgresql://reader@/owned?host={server}")) as opened,
    ):
        opened.read_schema()
    told = [record.getMessage() for record in caplog.records if "No sample values" in record.getMessage()]
    assert len(told) == 1
    assert all(name in told[0] for name in [*UNSAMPLED, "endless", "broken"])


def test_values_are_not_read_through_traps(opened, server):
    database = opened[0]
    assert database.distinct_texts("harmless", "name", 5) == ["ANN"]
    assert database.distinct_texts("waiting", "slept", 5) == database.distinct_texts("checking", "x", 5) == []
    assert database.distinct_texts("singer", "feeling", 5) == []
    assert database.distinct_texts("long_text", "body", 5) == ["short"]


def test_a_cast_that_runs_by_itself_between_built_in_types_closes_the_database(server):
    run_as_admin(server, "CREATE FUNCTION f(text) RETURNS int LANGUAGE sql AS 'SELECT 1'", "plain")
    run_as_admin(server, "CREATE CAST (text AS int) WITH FUNCTION f(text) AS IMPLICIT", "plain")
    with pytest.raises(DatabaseError, match=r"cast from text to integer.*DROP CAST \(text AS integer\)"):
        open_database(f"postgresql://reader@/plain?host={server}")
    run_as_admin(server, "DROP CAST (text AS int)", "plain")
    open_database(f"postgresql://reader@/plain?host={server}").close()


@pytest.mark.parametrize(
    "setting",
    [
        "standard_conforming_strings = off",
        "backslash_quote = on",
        "client_encoding = 'SJIS'",
        "transform_null_equals = on",
        "search_path = public, second, pg_catalog",
        "search_path = ''",
        "default_transaction_read_only = off",
        "statement_timeout = 0",
        "DateStyle = 'SQL, DMY'",
        "IntervalStyle = 'sql_standard'",
    ],
)
def test_a_roles_settings_do_not_change_how_sql_is_read(setting, server):
    run_as_admin(server, f"CREATE ROLE twisted LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO twisted; "
                 f"ALTER ROLE twisted SET {setting}")  # fmt: skip
    sql = r"""SELECT '\', 'ö', (NULL = NULL) IS NULL, current_setting('transaction_read_only'), lower('X'::text),
                     date '2001-02-03', interval '1 day'"""
    try:
        with closing(open_database(f"postgresql://twisted@/owned?host={server}", Limits(timeout_s=1))) as database:
            row = database.execute(sql).rows[0]
            assert row[:5] == ("\\", "ö", True, "on", "x")
            assert [str(value) for value in row[5:]] == ["2001-02-03", "1 day, 0:00:00"]
            with pytest.raises(DatabaseError):
                database.execute(r"SELECT E'\' || passwd FROM pg_shadow --'")
            with pytest.raises(DatabaseError, match="stopped after 1 s"):
                database.execute("SELECT pg_sleep(30)")
    finally:
        run_as_admin(server, "DROP OWNED BY twisted; DROP ROLE twisted")
