"""Whether a query is about the things that a question asks for."""

import pytest

from coderag_app.question.read_question import read_question
from coderag_app.schema.value_index import StoredValue, ValueIndex
from coderag_app.sql.checks.asked_things import asked_things
from coderag_app.sql.ddl import schema_from_ddl
from coderag_app.sql.parsing import parse_one
from coderag_app.sql.repairs import RepairContext

PRESS = schema_from_ddl(
    """CREATE TABLE publishers (publisher_id INTEGER PRIMARY KEY, name TEXT, city TEXT);
    CREATE TABLE books (book_id INTEGER PRIMARY KEY, title TEXT, genre TEXT,
        publisher_id INTEGER REFERENCES publishers);
    CREATE TABLE orders (order_id INTEGER PRIMARY KEY, book_id INTEGER REFERENCES books, amount REAL)"""
)
STORED = [
    ("books", "title", "Faber"),
    ("books", "title", "Emma"),
    ("publishers", "name", "Faber"),
    ("books", "genre", "Essay"),
]
VALUES = ValueIndex(StoredValue(*stored) for stored in STORED)


def found(question: str, sql: str) -> list[str]:
    context = RepairContext.of_question(read_question(question, PRESS, VALUES), PRESS, VALUES)
    return list(asked_things(parse_one(sql, dialect="sqlite"), context))


@pytest.mark.parametrize(
    ("question", "sql", "said"),
    [
        ("How many printers work there?", "SELECT COUNT(*) FROM publishers", "nothing says that they are printers"),
        ("How many readers bought a book?", "SELECT COUNT(*) FROM orders", "rows of orders"),
        ("Total orders per genre", "SELECT COUNT(*) FROM orders", "asks for a total, and the query counts"),
        ("Books by Faber", "SELECT genre FROM books WHERE title = 'Faber'", "the name of a row of publishers, too"),
    ],
)
def test_other_things_than_those_asked_for_are_found(question, sql, said):
    (text,) = found(question, sql)
    assert said in text


@pytest.mark.parametrize(
    ("question", "sql"),
    [
        ("How many books are there?", "SELECT COUNT(*) FROM books"),
        ("How many essays are there?", "SELECT COUNT(*) FROM books WHERE genre = 'Essay'"),
        ("How many are there?", "SELECT COUNT(*) FROM books"),
        ("How many genres?", "SELECT COUNT(DISTINCT genre) FROM books"),
        ("Total amount of orders", "SELECT SUM(amount) FROM orders"),
        ("Total number of orders", "SELECT COUNT(*) FROM orders"),
        ("Books by Faber", "SELECT title FROM books JOIN publishers USING (publisher_id) WHERE name = 'Faber'"),
        ("Books by Emma", "SELECT genre FROM books WHERE title = 'Emma'"),
        ("The book Faber", "SELECT genre FROM books WHERE title = 'Faber'"),
        ("", "SELECT COUNT(*) FROM books"),
    ],
)
def test_what_was_asked_for_is_left_alone(question, sql):
    assert found(question, sql) == []
