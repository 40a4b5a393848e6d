"""Queries without joins: what is left out, and what completion writes in its place."""

import re
import sqlite3
from pathlib import Path

import pytest

from coderag_app.database import open_database
from coderag_app.schema.joins import JoinGraph
from coderag_app.sql.join_completion import CannotCompleteError, complete_joins
from coderag_app.sql.joinless import without_joins, written
from coderag_app.sql.parsing import parse_one

TABLES = """
CREATE TABLE stadium (stadium_id INTEGER PRIMARY KEY, name TEXT, capacity INTEGER);
CREATE TABLE singer (
  singer_id INTEGER PRIMARY KEY, name TEXT, age INTEGER, "Home Town" TEXT, "order" INTEGER,
  mentor_id INTEGER REFERENCES singer (singer_id)
);
CREATE TABLE concert (
  concert_id INTEGER PRIMARY KEY, theme TEXT, year INTEGER, stadium_id INTEGER REFERENCES stadium (stadium_id)
);
CREATE TABLE singer_in_concert (
  concert_id INTEGER REFERENCES concert (concert_id), singer_id INTEGER REFERENCES singer (singer_id)
);
CREATE TABLE game (
  match_id INTEGER PRIMARY KEY, first_stadium_id INTEGER REFERENCES stadium (stadium_id),
  second_stadium_id INTEGER REFERENCES stadium (stadium_id)
);
CREATE TABLE poster (poster_title TEXT);
INSERT INTO stadium VALUES (1, 'Oak', 100), (2, 'Elm', 300), (3, 'Ash', 50);
INSERT INTO singer VALUES (1, 'Ann', 30, 'Rome', 1, NULL), (2, 'Ben', 45, 'Oslo', 2, 1), (3, 'Cy', 61, 'Oslo', 2, 1);
INSERT INTO concert VALUES (1, 'Free', 2014, 1), (2, 'Wide', 2014, 1), (3, 'Free', 2015, 2);
INSERT INTO singer_in_concert VALUES (1, 1), (2, 1), (3, 2);
INSERT INTO game VALUES (1, 1, 2), (2, 3, 1);
"""
CASES = [
    pytest.param(*re.split(r"\n-- short\n", body, maxsplit=1), id=title)
    for title, body in re.findall(
        r"^-- (?!short)(.+)\n((?:.+\n)-- short\n.+)$",
        (Path(__file__).parents[2] / "cases/joinless.sql").read_text(),
        re.M,
    )
]


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    path = tmp_path_factory.mktemp("joinless") / "concerts.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(TABLES)
    opened = open_database(path)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def schema(database):
    return database.read_schema(samples=0)


def completed(text, schema):
    return complete_joins(parse_one(text, "sqlite"), schema, JoinGraph(schema)).sql("sqlite")


def test_all_cases_are_read():
    assert len(CASES) == 15


@pytest.mark.parametrize(("sql", "short"), CASES)
def test_a_query_has_a_form_without_joins_that_returns_the_same_rows(sql, short, database, schema):
    assert written(without_joins(sql, schema, JoinGraph(schema)), "sqlite") == short
    same = completed(short, schema)
    assert sorted(map(repr, database.execute(same).rows)) == sorted(map(repr, database.execute(sql).rows))


@pytest.mark.parametrize(("sql", "short"), CASES)
def test_complete_sql_comes_back_as_it_is(sql, short, schema):
    assert completed(sql, schema) == parse_one(sql, "sqlite").sql("sqlite")


@pytest.mark.parametrize(
    ("reply", "rows"),
    [
        ("SELECT name WHERE capacity > 200", [("Elm",)]),
        ("select count(distinct singer) where concert.year = 2014", [(1,)]),
        ("SELECT stadium.name FROM concert WHERE concert.year = 2015", [("Elm",)]),
        ("SELECT T1.theme FROM concert AS T1 WHERE stadium.name = 'Elm'", [("Free",)]),
        ("select singer.name from singer join concert where concert.year = 2015", [("Ben",)]),
        ("with old as (select singer.name as n where singer.age > 60) select n from old", [("Cy",)]),
        ("SELECT STADIUM.NAME WHERE CONCERT.THEME = 'Wide'", [("Oak",)]),
    ],
)
def test_what_a_reply_leaves_out_is_completed(reply, rows, database, schema):
    assert [tuple(row) for row in database.execute(completed(reply, schema)).rows] == rows


def test_tables_that_no_keys_join_are_refused_by_name(schema):
    with pytest.raises(CannotCompleteError, match="poster"):
        completed("select singer.name where poster.poster_title = 'x'", schema)


def test_a_cross_join_that_is_written_stays(schema):
    assert "CROSS JOIN" in completed("SELECT singer.name FROM singer CROSS JOIN poster", schema)
