"""What a query does that nothing in the question asks for."""

import pytest
from profiles import with_profile

from coderag_app.question.read_question import read_question
from coderag_app.schema.profile import ColumnProfile, Kind
from coderag_app.schema.value_index import ValueIndex
from coderag_app.sql.checks.unasked import unasked_operations
from coderag_app.sql.ddl import schema_from_ddl
from coderag_app.sql.parsing import parse_one
from coderag_app.sql.repairs import RepairContext

BAKERY = schema_from_ddl("CREATE TABLE loaves (id INT, name TEXT, flour TEXT, price REAL, sold INT, baked_on DATE)")

_FIRST = (
    "SELECT name FROM (SELECT name, RANK() OVER (PARTITION BY flour ORDER BY sold DESC) AS place FROM loaves) AS r"
    " WHERE place <= 1"
)


def unasked(question: str, sql: str) -> list[str]:
    context = RepairContext.of_question(read_question(question, BAKERY, ValueIndex()), BAKERY, ValueIndex())
    return list(unasked_operations(parse_one(sql, dialect="sqlite"), context))


@pytest.mark.parametrize(
    ("question", "sql", "said"),
    [
        ("Loaves with rye flour", "SELECT name FROM loaves WHERE flour <> 'rye'", "excludes anything: flour <> 'rye'"),
        ("Loaves of rye", "SELECT name FROM loaves WHERE NOT flour IN ('rye')", "excludes anything"),
        ("Which loaf costs 4 euros?", "SELECT COUNT(*) FROM loaves WHERE price = 4", "asks for a count"),
        (
            "What is the price of the Miche?",
            "SELECT AVG(price) FROM loaves WHERE name = 'Miche'",
            "asks for an average",
        ),
        ("Loaves never returned", "SELECT name FROM loaves WHERE price IS NULL", "speaks of price"),
        ("Loaves of wheat", "SELECT name FROM loaves WHERE NOT baked_on IS NULL", "speaks of baked_on"),
        ("Sold loaves per flour", _FIRST, "asks for the first of each group"),
        ("Price of the Miche", "SELECT SUM(price) FROM loaves WHERE name = 'Miche'", "asks for a total"),
    ],
)
def test_a_part_without_a_word_of_its_kind_is_found(question, sql, said):
    (found,) = unasked(question, sql)
    assert said in found


@pytest.mark.parametrize(
    ("question", "sql"),
    [
        ("Loaves that aren't of rye", "SELECT name FROM loaves WHERE flour <> 'rye'"),
        ("Loaves without rye", "SELECT name FROM loaves WHERE NOT flour LIKE '%rye%'"),
        ("Unbaked loaves", "SELECT name FROM loaves WHERE NOT flour = 'baked'"),
        ("Loaves that were never baked", "SELECT name FROM loaves WHERE baked_on IS NULL"),
        ("The newest", "SELECT name FROM loaves WHERE NOT baked_on IS NULL ORDER BY baked_on DESC LIMIT 1"),
        ("Loaves that have a price", "SELECT name FROM loaves WHERE NOT price IS NULL"),
        ("How many loaves cost 4?", "SELECT COUNT(*) FROM loaves WHERE price = 4"),
        ("What does a loaf typically cost?", "SELECT AVG(price) FROM loaves"),
        ("Total sold per flour", "SELECT flour, SUM(sold) FROM loaves GROUP BY flour"),
        ("The flour with the most loaves", "SELECT flour FROM loaves GROUP BY flour ORDER BY COUNT(*) DESC LIMIT 1"),
        ("The best seller of each flour", _FIRST),
        ("For every flour the loaf that sold most", _FIRST),
        ("Dearer than average", "SELECT name FROM loaves WHERE price > (SELECT AVG(price) FROM loaves)"),
        ("", "SELECT COUNT(*) FROM loaves"),
    ],
)
def test_what_a_word_asks_for_is_left_alone(question, sql):
    assert unasked(question, sql) == []


@pytest.mark.parametrize(
    ("nulls", "sql", "said"),
    [
        (0, "SELECT name FROM loaves WHERE price IS NULL", ["loaves.price is never empty"]),
        (0, "SELECT name FROM loaves WHERE NOT price IS NULL", []),
        (0, "SELECT a.name FROM loaves a LEFT JOIN loaves b ON a.id = b.sold WHERE b.price IS NULL", []),
        (2, "SELECT name FROM loaves WHERE price IS NULL", []),
    ],
)
def test_a_column_that_is_never_empty_is_no_condition(nulls, sql, said):
    profile = ColumnProfile(Kind.NUMBER, rows=9, nulls=nulls, distinct=4, whole=True)
    bakery = with_profile(BAKERY, "loaves.price", profile)
    context = RepairContext.of_question(
        read_question("Loaves without a price", bakery, ValueIndex()), bakery, ValueIndex()
    )
    assert list(unasked_operations(parse_one(sql, dialect="sqlite"), context)) == said
