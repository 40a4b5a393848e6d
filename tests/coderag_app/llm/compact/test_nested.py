"""The compact language on tables read twice, derived tables and CTEs, and on days between dates."""

import sqlite3
from random import Random

import pytest
import sqlglot

from coderag_app.database import Database, open_database
from coderag_app.llm.compact.decode import CannotDecodeError, decode_sql
from coderag_app.llm.compact.encode import CannotEncodeError, encode_sql
from coderag_app.llm.compact.question import mark_question
from coderag_app.llm.compact.schema_names import SchemaNames
from coderag_app.schema.tables import Column, ForeignKey, Schema, Table
from coderag_app.schema.value_index import ValueIndex

SCRIPT = """
CREATE TABLE dept (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE staff (id INTEGER PRIMARY KEY, name TEXT, city TEXT, salary REAL, hired_on DATE, left_on DATE,
  dept_id INTEGER REFERENCES dept (id), manager_id INTEGER REFERENCES staff (id));
CREATE TABLE airport (code TEXT PRIMARY KEY, city TEXT);
CREATE TABLE flight (id INTEGER PRIMARY KEY, src TEXT REFERENCES airport (code), dst TEXT REFERENCES airport (code));
"""
CITIES = ("Rome", "Oslo", "Bonn")

SELF_JOINS = {
    "SELECT a.name, b.name FROM staff AS a JOIN staff AS b ON a.manager_id = b.id": "select <c3> , other <c3>",
    "SELECT m.name, COUNT(*) FROM staff AS m JOIN staff AS e ON e.manager_id = m.id GROUP BY m.id":
        "select other <c3> , count ( <t1> ) group by other <c2>",
    "SELECT a.name FROM staff AS a JOIN staff AS b ON a.manager_id = b.id JOIN dept ON a.dept_id = dept.id "
    "WHERE b.city = 'Rome' AND dept.name = 'd1'": "select <c3> where other <c4> = ' rome ' and <c1> = ' d1 '",
    "SELECT x.code, y.code FROM airport AS x JOIN airport AS y ON x.city = y.city WHERE x.code < y.code":
        "select <c10> , other <c10> where other <c11> = <c11> and <c10> < other <c10>",
    "SELECT COUNT(*) FROM flight JOIN airport AS b ON dst = b.code JOIN airport AS a ON src = a.code "
    "WHERE a.city = 'Rome' AND b.city = 'Oslo'":
        "select count ( <t3> ) where <c11> = ' rome ' and other <c11> = ' oslo '",
}  # fmt: skip
CORRELATED = {
    "SELECT name FROM staff AS s WHERE salary > (SELECT AVG(salary) FROM staff WHERE dept_id = s.dept_id)":
        "select <c3> where <c5> > ( from <t1> select avg ( <c5> ) where <c8> = other <c8> )",
    "SELECT name FROM staff WHERE NOT EXISTS (SELECT 1 FROM staff AS e WHERE e.manager_id = staff.id)":
        "select <c3> where not ( exists ( from <t1> select 1 where <c9> = other <c2> ) )",
}  # fmt: skip
GROUPS = {
    "SELECT AVG(n) FROM (SELECT COUNT(*) AS n FROM staff GROUP BY dept_id) AS counted":
        "select avg ( count ( <t1> ) by <c8> )",
    "WITH paid AS (SELECT dept_id, SUM(salary) AS n FROM staff WHERE city = 'Rome' GROUP BY dept_id) "
    "SELECT MAX(n) FROM paid": "select max ( sum ( <c5> ) by <c8> ) where <c4> = ' rome '",
    "SELECT MAX(n), MIN(n) FROM (SELECT COUNT(*) AS n FROM staff JOIN dept ON dept_id = dept.id GROUP BY dept.name)":
        "select max ( count ( <t1> ) by <c1> ) , min ( count ( <t1> ) by <c1> )",
    "SELECT city FROM staff GROUP BY city HAVING COUNT(*) > "
    "(SELECT AVG(n) FROM (SELECT COUNT(*) AS n FROM staff GROUP BY city))":
        "select <c4> group by <c4> having count ( <t1> ) > ( from <t1> select avg ( count ( <t1> ) by <c4> ) )",
}  # fmt: skip
TOPS = {
    "SELECT name, salary FROM (SELECT name, salary, RANK() OVER (PARTITION BY city ORDER BY salary DESC) AS place "
    "FROM staff) AS ranked WHERE place <= 2": "select <c3> , <c5> order by <c5> desc limit 2 per <c4>",
    "WITH r AS (SELECT dept.name AS d, staff.name, RANK() OVER (PARTITION BY dept.id ORDER BY salary) AS place "
    "FROM staff JOIN dept ON dept_id = dept.id) SELECT r.d, r.name FROM r WHERE r.place = 1":
        "select <c1> , <c3> order by <c5> asc limit 1 per <c0>",
    "SELECT city, year, n FROM (SELECT city, strftime('%Y', hired_on) AS year, COUNT(*) AS n, RANK() OVER "
    "(PARTITION BY city ORDER BY COUNT(*) DESC) AS place FROM staff GROUP BY city, strftime('%Y', hired_on)) "
    "WHERE place = 1": "select <c4> , year ( <c6> ) , count ( <t1> ) group by <c4> , year ( <c6> ) "
    "order by count ( <t1> ) desc limit 1 per <c4>",
}  # fmt: skip
OFFSETS = {
    "SELECT name FROM staff ORDER BY salary DESC, id LIMIT 1 OFFSET 1":
        "select <c3> order by <c5> desc , <c2> asc limit 1 offset 1",
}  # fmt: skip
DATES = {
    "SELECT name FROM staff WHERE julianday(left_on) - julianday(hired_on) > 4000":
        "select <c3> where days ( <c7> , <c6> ) > 4000",
    "SELECT city, julianday(MAX(hired_on)) - julianday(MIN(hired_on)) FROM staff GROUP BY city":
        "select <c4> , days ( max ( <c6> ) , min ( <c6> ) ) group by <c4>",
    "SELECT strftime('%Y', hired_on), COUNT(*) FROM staff GROUP BY strftime('%Y', hired_on)":
        "select year ( <c6> ) , count ( <t1> ) group by year ( <c6> )",
    "SELECT strftime('%Y-%m', hired_on), COUNT(*) FROM staff WHERE strftime('%Y-%m', hired_on) <> '2012-03' "
    "GROUP BY strftime('%Y-%m', hired_on)": "select yearmonth ( <c6> ) , count ( <t1> ) "
    "where yearmonth ( <c6> ) != ' 2012-03 ' group by yearmonth ( <c6> )",
}  # fmt: skip


@pytest.fixture(scope="module")
def database(tmp_path_factory) -> Database:
    path, rng = tmp_path_factory.mktemp("nested") / "staff.sqlite", Random(1)
    with sqlite3.connect(path) as connection:
        connection.executescript(SCRIPT)
        connection.executemany("INSERT INTO dept VALUES (?, ?)", [(i, f"d{i}") for i in range(4)])
        connection.executemany(
            "INSERT INTO staff VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (i, f"n{i}", rng.choice(CITIES), rng.randrange(100), f"20{10 + i % 9}-01-0{1 + i % 9}",
                 f"2023-02-{10 + i % 9}" if i % 3 else None, rng.randrange(4), rng.randrange(i) if i else None)
                for i in range(30)
            ],
        )  # fmt: skip
        connection.executemany("INSERT INTO airport VALUES (?, ?)", [(f"A{i}", CITIES[i % 3]) for i in range(5)])
        connection.executemany(
            "INSERT INTO flight VALUES (?, ?, ?)", [(i, f"A{rng.randrange(5)}", f"A{i % 5}") for i in range(30)]
        )
    connection.close()
    opened = open_database(path)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def names(database) -> SchemaNames:
    return SchemaNames(database.read_schema(samples=0))


@pytest.fixture(scope="module")
def values(database, names) -> ValueIndex:
    return ValueIndex.from_database(names.schema, database.texts_of)


@pytest.mark.parametrize(("sql", "said"), (SELF_JOINS | CORRELATED | GROUPS | TOPS | DATES | OFFSETS).items())
def test_a_nested_query_is_said_in_a_line_and_gives_the_same_rows(database, names, values, sql, said):
    assert encode_sql(sql, names) == f"<sql> {said}"
    expected, got = (database.execute(query).rows for query in (sql, decode_sql(said, names, (), values)))
    assert expected
    assert sorted(map(repr, got)) == sorted(map(repr, expected))


def test_today_is_the_day_of_the_database(database, names, values):
    sql = "SELECT AVG(julianday('now') - julianday(hired_on)) > 10 FROM staff"
    assert encode_sql(sql, names) == "<sql> select avg ( days ( today , <c6> ) ) > 10"
    assert database.execute(decode_sql("select avg ( days ( today , <c6> ) ) > 10", names, (), values)).rows == ((1,),)


def test_a_literal_beside_the_other_row_is_spelled_as_the_table_stores_it(database, names, values):
    marked = mark_question("Who is managed by somebody from rome?", names, values)
    sql = decode_sql("select <c3> where other <c4> = <v1>", names, marked.literals, values)
    assert sql.endswith("other_staff.city = 'Rome'")
    assert database.execute(sql).rows


def test_rows_without_a_partner_are_sought_beside_the_other_row(database, names, values):
    sql = decode_sql("select <c3> , other <c3> where without <t0>", names, (), values)
    assert sql.endswith("WHERE NOT EXISTS(SELECT 1 FROM dept WHERE staff.dept_id = dept.id)"), sql
    assert " JOIN staff AS other_staff ON " in sql
    assert database.execute(sql).rows == ()  # everybody has a department
    with pytest.raises(CannotDecodeError, match="no foreign key"):
        decode_sql("select <c3> , other <c3> where without <t2>", names, (), values)


def test_an_alias_is_no_table_of_the_schema(values):
    key = ForeignKey(("boss",), "staff", ("id",))
    tables = (
        Table("staff", (Column("id", "INTEGER", primary_key=True), Column("boss", "INTEGER")), (key,)),
        Table("other_staff", (Column("id", "INTEGER"),)),
    )
    sql = decode_sql("select <c0> , other <c0>", SchemaNames(Schema(tables)), (), values)
    assert "JOIN staff AS other_staff_ ON staff.boss = other_staff_.id" in sql


@pytest.mark.parametrize(("dialect", "days"), [("duckdb", "DATE_DIFF"), ("postgres", "EXTRACT"), ("mysql", "DATEDIFF")])
def test_days_are_counted_in_every_dialect(names, values, dialect, days):
    schema = Schema(names.schema.tables, dialect=dialect)
    sql = decode_sql("select days ( today , <c6> )", SchemaNames(schema), (), values)
    assert days in sql
    assert sqlglot.parse_one(sql, read=dialect)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT a.name FROM staff AS a JOIN staff AS b ON a.dept_id = b.dept_id",  # there is a key, and it is another
        "SELECT a.id FROM airport a JOIN airport b ON a.city = b.city JOIN airport c ON c.city = b.city",
        "SELECT n + 1 FROM (SELECT COUNT(*) AS n FROM staff GROUP BY city)",
        "SELECT name FROM (SELECT name, ROW_NUMBER() OVER (PARTITION BY city ORDER BY id) AS r FROM staff) WHERE r < 3",
        "WITH RECURSIVE up AS (SELECT id FROM staff UNION SELECT id FROM up) SELECT id FROM up",
    ],
)
def test_what_the_language_cannot_say_is_refused(names, sql):
    with pytest.raises(CannotEncodeError):
        encode_sql(sql, names)


@pytest.mark.parametrize(
    "text",
    [
        "select other",
        "select other ( <c3> )",
        "select <c3> by <c4>",
        "select <c3> limit 1 per <c4>",
        "select days ( <c6>",
    ],
)
def test_half_a_form_is_refused(names, values, text):
    with pytest.raises(CannotDecodeError):
        decode_sql(text, names, (), values)
