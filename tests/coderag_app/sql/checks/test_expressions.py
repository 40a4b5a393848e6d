"""Which uses of a column its contents have no meaning for."""

from __future__ import annotations

import pytest

from coderag_app.schema.tables import Column, ForeignKey, Schema, Table
from coderag_app.schema.value_index import StoredValue, ValueIndex
from coderag_app.sql.checks.expressions import lonely_columns, senseless_expressions
from coderag_app.sql.parsing import parse_one
from coderag_app.sql.repairs import RepairContext

SCHEMA = Schema(
    (
        Table(
            "hotels",
            (
                Column("id", "INTEGER", primary_key=True),
                Column("city", "TEXT"),
                Column("stars", "INTEGER"),
                Column("opened", "TEXT"),
                Column("zip", "TEXT"),
                Column("pool", "BOOLEAN"),
                Column("empty", "TEXT"),
            ),
        ),
        Table(
            "guests",
            (Column("name", "TEXT"), Column("hotel_id", "INTEGER"), Column("born", "DATE")),
            (ForeignKey(("hotel_id",), "hotels", ("id",)),),
        ),
    )
)
VALUES = ValueIndex(
    [
        *(StoredValue("hotels", "city", text) for text in ("Lima", "Oslo", "Porto")),
        *(StoredValue("hotels", "opened", text) for text in ("1990-05-01", "2004-11-30")),
        *(StoredValue("hotels", "zip", text) for text in ("10115", "20095")),
        *(StoredValue("guests", "name", text) for text in ("Ana", "Bo")),
        *(StoredValue("guests", "born", text) for text in ("1980-01-01", "unknown")),
    ]
)


def errors_in(sql: str) -> tuple[str, ...]:
    return tuple(senseless_expressions(parse_one(sql, dialect=SCHEMA.dialect), RepairContext(SCHEMA, VALUES)))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT city FROM hotels WHERE city = 1900",
        "SELECT city FROM hotels WHERE city < 1900",
        "SELECT city FROM hotels WHERE city > 'Lima'",
        "SELECT city FROM hotels AS h WHERE h.city BETWEEN 1 AND 2",
        "SELECT city FROM hotels WHERE city IN ('Lima', 7)",
        "SELECT city FROM hotels WHERE stars = 'Lima'",
        "SELECT city FROM hotels WHERE opened = 1990",
        "SELECT city FROM hotels WHERE opened > 'May'",
        "SELECT SUM(city) FROM hotels",
        "SELECT AVG(opened) FROM hotels",
        "SELECT AVG(id) FROM hotels",
        "SELECT SUM(hotel_id) FROM guests",
        "SELECT SUM(city * stars) FROM hotels",
        "SELECT city FROM hotels WHERE CAST(STRFTIME('%Y', stars) AS INTEGER) = 1990",
        "SELECT STRFTIME('%m', city) FROM hotels",
        "SELECT name FROM guests WHERE hotel_id IN (SELECT id FROM hotels WHERE stars = 'many')",
    ],
)
def test_a_misuse_is_found(sql):
    assert len(errors_in(sql)) == 1


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT city FROM hotels WHERE city = 'Atlantis' OR city LIKE '%1%'",
        "SELECT city FROM hotels WHERE stars = 4 AND stars <> '5' ORDER BY city",
        "SELECT city FROM hotels WHERE opened > '1999-12-31' AND opened < '2005'",
        "SELECT city FROM hotels WHERE CAST(STRFTIME('%Y', opened) AS INTEGER) = 1990",
        "SELECT city FROM hotels WHERE zip = 10115 OR zip > '2'",
        "SELECT city FROM hotels WHERE pool = 1 OR pool = 'yes' OR empty = 3",
        "SELECT name FROM guests WHERE born > 1980",
        "SELECT AVG(stars), COUNT(city), MAX(city), SUM(stars * 2) FROM hotels",
        "SELECT name FROM guests JOIN hotels ON hotel_id = id WHERE id = 3",
        "SELECT total FROM (SELECT SUM(stars) AS total FROM hotels) WHERE total = 'x'",
        "SELECT nothing FROM nowhere WHERE nothing = 1",
    ],
)
def test_what_may_be_meant_is_none(sql):
    assert errors_in(sql) == ()


def test_an_error_says_what_the_column_holds():
    (error,) = set(errors_in("SELECT 1 FROM hotels WHERE city < 1900 OR city < 1900"))
    assert error == "hotels.city holds text: city < 1900"


@pytest.mark.parametrize(
    ("sql", "dialect", "found"),
    [
        ("SELECT 1 FROM hotels WHERE CAST(STRFTIME('%Y', opened) AS INTEGER) = 'May'", "sqlite", True),
        ("SELECT 1 FROM hotels WHERE STRFTIME('%m', opened) IN ('03', 'spring')", "sqlite", True),
        ("SELECT 1 FROM hotels WHERE EXTRACT(YEAR FROM opened) = 'last'", "postgres", True),
        ("SELECT 1 FROM hotels WHERE YEAR(opened) > 'Lyon'", "mysql", True),
        ("SELECT city FROM hotels GROUP BY city HAVING COUNT(*) = 'many'", "sqlite", True),
        ("SELECT 1 FROM hotels WHERE STRFTIME('%Y', opened) = '1990' AND (stars * 2) > '5'", "sqlite", False),
        ("SELECT 1 FROM hotels WHERE STRFTIME('%Y-%m', opened) = '1990-01'", "sqlite", False),
        ("SELECT 1 FROM hotels WHERE TO_CHAR(opened, 'Dy') = 'Mon'", "postgres", False),
    ],
)
def test_a_number_is_not_compared_with_words(sql, dialect, found):
    tree = parse_one(sql, dialect=dialect)
    said = [
        text for text in senseless_expressions(tree, RepairContext(SCHEMA, VALUES)) if "compared with words" in text
    ]
    assert len(said) == found


@pytest.mark.parametrize(
    ("sql", "lonely"),
    [
        ("SELECT city, COUNT(*) FROM hotels", ["city"]),
        ("SELECT h.city, stars, AVG(stars) AS mean FROM hotels AS h", ["h.city", "stars"]),
        ("SELECT city, MAX(stars) FROM hotels", []),
        ("SELECT city, COUNT(*) FROM hotels GROUP BY city", []),
        ("SELECT city, COUNT(*) OVER () FROM hotels", []),
        ("SELECT COUNT(*), SUM(stars) FROM hotels", []),
    ],
)
def test_a_column_beside_a_total_of_all_rows_is_found(sql, lonely):
    found = lonely_columns(parse_one(sql), RepairContext(SCHEMA, VALUES))
    assert list(found) == [f"{column} is shown beside a total of all rows" for column in lonely]
