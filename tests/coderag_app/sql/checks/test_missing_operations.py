"""What a question asks to be done and a query does not do."""

import sqlite3

import pytest

from coderag_app.database import Limits, open_database
from coderag_app.question.read_question import read_question
from coderag_app.schema.profiling import with_profiles
from coderag_app.schema.value_index import ValueIndex
from coderag_app.sql.checks.missing_operations import missing_operations
from coderag_app.sql.parsing import parse_one
from coderag_app.sql.repairs import RepairContext

SCRIPT = """
CREATE TABLE boats (
  boat_id INTEGER PRIMARY KEY, boat TEXT, length_ft REAL, crew INT, price_per_night REAL, launched DATE);
INSERT INTO boats VALUES (1, 'Lark', 31, 4, 90, '2001-05-01'), (2, 'Tern', 40, 6, 120, '1998-03-02'),
  (3, 'Skua', 28.5, 3, 80, '2011-07-09');
"""


@pytest.fixture(scope="module")
def schema(tmp_path_factory):
    path = tmp_path_factory.mktemp("boats") / "boats.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(SCRIPT)
    database = open_database(str(path), Limits())
    read = database.read_schema(0)
    values = ValueIndex.from_database(read, database.texts_of)
    yield with_profiles(read, values, lambda sql, seconds: database.execute(sql, seconds).rows)
    database.close()


def missing(question, sql, schema):
    context = RepairContext.of_question(read_question(question, schema, ValueIndex()), schema, ValueIndex())
    return list(missing_operations(parse_one(sql, dialect="sqlite"), context))


@pytest.mark.parametrize(
    ("question", "sql", "said"),
    [
        ("Average crew per year of launch", "SELECT AVG(crew) FROM boats", "groups, and the query has none: per year"),
        ("Boats per crew size", "SELECT boat FROM boats", "per crew"),
        ("Monthly launches", "SELECT COUNT(*) FROM boats", "monthly launches"),
        ("How many boats has each crew size?", "SELECT COUNT(*) FROM boats", "each crew"),
        (
            "Show me the 2 longest boats",
            "SELECT boat FROM boats ORDER BY boat DESC LIMIT 2",
            "boats.boat, which holds texts",
        ),
        ("The biggest boat", "SELECT MAX(boat) FROM boats", "which holds texts"),
        ("When was the latest launch?", "SELECT MAX(boat_id) FROM boats", "boats.boat_id, which only names rows"),
        ("Length of the longest boat in meters", "SELECT MAX(length_ft) FROM boats", "is kept in ft, not in meters"),
        (
            "Average crew in kilograms",
            "SELECT AVG(crew) FROM boats",
            "Nothing says that boats.crew is kept in kilograms",
        ),
    ],
)
def test_a_part_that_the_question_asks_for_is_missed(question, sql, said, schema):
    (found,) = missing(question, sql, schema)
    assert said in found


@pytest.mark.parametrize(
    ("question", "sql"),
    [
        ("Boats per crew size", "SELECT crew, COUNT(*) FROM boats GROUP BY crew"),
        ("Price per night of the Lark", "SELECT price_per_night FROM boats WHERE boat = 'Lark'"),
        ("Average price per night", "SELECT AVG(price_per_night) FROM boats"),
        (
            "Which boats are longer than every boat of 1998?",
            "SELECT boat FROM boats WHERE crew > (SELECT MAX(crew) FROM boats)",
        ),
        ("The name of each boat", "SELECT boat FROM boats"),
        ("The longest boat", "SELECT boat FROM boats ORDER BY length_ft DESC LIMIT 1"),
        ("The latest launch", "SELECT MAX(launched) FROM boats"),
        ("The last boat in alphabetical order", "SELECT boat FROM boats ORDER BY boat DESC LIMIT 1"),
        ("The highest boat id", "SELECT MAX(boat_id) FROM boats"),
        ("Length of the Lark in feet", "SELECT length_ft FROM boats WHERE boat = 'Lark'"),
        ("Boats launched in May", "SELECT boat FROM boats"),
        ("", "SELECT MAX(boat) FROM boats"),
    ],
)
def test_what_is_given_is_left_alone(question, sql, schema):
    assert missing(question, sql, schema) == []
