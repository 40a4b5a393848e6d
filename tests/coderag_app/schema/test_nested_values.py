"""Lists and objects of real databases: what is read of them at opening, and that conditions on them find their rows."""

import sqlite3
from contextlib import closing
from dataclasses import asdict

import duckdb
import pytest
from mariadb_server import MariaDBUnavailable, mariadb_server
from postgres_server import PostgresUnavailable, postgres_server
from scripted_llm import ScriptedLLM

from coderag_app.loading import load_query_engine
from coderag_app.schema.nested_values import nested_column
from coderag_app.schema.profile import Kind, Nested

ROWS = """INSERT INTO recipe VALUES
  (1, 'Ceviche', {0}, {1}, 'x'), (2, 'Dal', {2}, {3}, '[y'), (3, 'Stew', NULL, NULL, '[z]')"""
AS_JSON = ("""'["quick", "fresh"]'""", """'{"country": "Peru", "city": "Lima"}'""",
           """'["vegan", "quick"]'""", """'{"country": "India", "city": "Pune"}'""")  # fmt: skip
PLAIN = "CREATE TABLE recipe (id INTEGER PRIMARY KEY, name VARCHAR(40), label {}, origin {}, note VARCHAR(40))"


@pytest.fixture
def kitchen(request, tmp_path):
    yield from {"sqlite": in_sqlite, "duckdb": in_duckdb}[request.param](tmp_path)


def in_sqlite(folder):
    with closing(sqlite3.connect(folder / "kitchen.sqlite")) as connection:
        connection.executescript(f"{PLAIN.format('TEXT', 'TEXT')};{ROWS.format(*AS_JSON)};")
    yield folder / "kitchen.sqlite"


def in_duckdb(folder):
    with duckdb.connect(str(folder / "kitchen.duckdb")) as connection:
        connection.execute(PLAIN.format("VARCHAR[]", "STRUCT(country VARCHAR, city VARCHAR)"))
        structs = ("{'country': 'Peru', 'city': 'Lima'}", "{'country': 'India', 'city': 'Pune'}")
        connection.execute(ROWS.format("['quick', 'fresh']", structs[0], "['vegan', 'quick']", structs[1]))
    yield folder / "kitchen.duckdb"


@pytest.fixture
def server(request):
    yield from {"postgres": in_postgres, "postgres arrays": in_postgres, "mariadb": in_mariadb}[request.param](
        request.param
    )


def in_postgres(kind):
    psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'coderag[postgres]'")
    labels = ("ARRAY['quick', 'fresh']", "ARRAY['vegan', 'quick']") if "arrays" in kind else AS_JSON[::2]
    try:
        with postgres_server() as folder:
            with psycopg.connect(f"host={folder} user=admin dbname=postgres", autocommit=True) as connection:
                connection.execute(PLAIN.format("TEXT[]" if "arrays" in kind else "JSON", "JSONB"))
                connection.execute(ROWS.format(labels[0], AS_JSON[1], labels[1], AS_JSON[3]))
            yield f"postgresql://admin@/postgres?host={folder}"
    except PostgresUnavailable as error:
        pytest.skip(str(error))


def in_mariadb(kind):
    pymysql = pytest.importorskip("pymysql", reason="pymysql is not installed: pip install 'coderag[mysql]'")
    try:
        with mariadb_server() as found:
            with pymysql.connect(unix_socket=str(found), user="admin", autocommit=True) as connection:
                for statement in ("CREATE DATABASE kitchen", "USE kitchen", PLAIN.format("JSON", "JSON")):
                    connection.cursor().execute(statement)
                connection.cursor().execute(ROWS.format(*AS_JSON))
            yield f"mysql://admin@localhost/kitchen?unix_socket={found}"
    except MariaDBUnavailable as error:
        pytest.skip(str(error))


def rows_of(target, question, reply):
    engine = load_query_engine(str(target), llm=ScriptedLLM(replies=[reply]), samples=0)
    with closing(engine.database):
        return engine.ask(question).rows


def check_conditions(target):
    assert rows_of(target, "Which recipes are quick?", "SELECT name FROM recipe WHERE label = 'Quick'") == (
        ("Ceviche",),
        ("Dal",),
    )
    assert rows_of(target, "Which recipe has the label vegan?", "SELECT name FROM recipe ORDER BY label LIMIT 1") == (
        ("Dal",),
    )
    assert rows_of(target, "How many recipes come from Peru?", "SELECT COUNT(*) FROM recipe WHERE origin = 'Peru'") == (
        (1,),
    )
    assert rows_of(target, "Which recipes come from Pune?", "SELECT name FROM recipe") == (("Dal",),)


@pytest.mark.parametrize("kitchen", ["sqlite", "duckdb"], indirect=True)
def test_conditions_look_into_lists_and_objects(kitchen):
    check_conditions(kitchen)


@pytest.mark.parametrize("server", ["postgres", "postgres arrays", "mariadb"], indirect=True)
def test_conditions_look_into_lists_and_objects_of_servers(server):
    check_conditions(server)


@pytest.mark.parametrize("kitchen", ["sqlite", "duckdb"], indirect=True)
def test_what_is_inside_is_read_and_kept(kitchen):
    first = load_query_engine(kitchen, llm=ScriptedLLM(replies=[]))
    again = load_query_engine(kitchen, llm=ScriptedLLM(replies=[]))
    for engine in (first, again):
        columns = engine.schema.table("recipe").columns
        assert [column.profile.nested for column in columns] == [
            None,
            None,
            Nested(),
            Nested(("country", "city")),
            None,
        ]
        assert engine.values.values_of("recipe", "label") == ("quick", "fresh", "vegan")
        assert engine.values.values_of("recipe", "origin.city") == ("Lima", "Pune")
        engine.database.close()
    kept = [asdict(column.profile) for column in again.schema.table("recipe").columns]
    assert kept == [asdict(column.profile) for column in first.schema.table("recipe").columns]
    assert again.schema.table("recipe").column("origin").profile.kind is Kind.UNKNOWN


def test_nothing_is_read_of_columns_that_must_not_be(tmp_path):
    (path,) = in_sqlite(tmp_path)
    engine = load_query_engine(path, llm=ScriptedLLM(replies=[]), unmatched_columns=("recipe.label",))
    assert engine.schema.table("recipe").column("label").profile.nested is None
    assert engine.values.find("vegan") == []
    engine.database.close()


@pytest.mark.parametrize(
    "cells",
    [
        [],
        ["[1, 2]"],
        ['["a", 1]'],
        ['["a"]', "a"],
        ['["a"]', '{"b": "c"}'],
        ["[" * 20_000],
        [{str(number): "x" for number in range(30)}],
        [{f"key{number}": "x" for number in range(30)}],
        [{"a b": "x", "'); --": "y"}],
    ],
    ids=["none", "numbers", "mixed", "a text", "both", "too deep", "numbered", "too many", "quoted"],
)
def test_other_columns_hold_no_lists_or_objects(cells):
    assert nested_column("recipe", "label", cells) is None
