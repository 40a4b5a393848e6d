"""Question-SQL pairs for a user's own database: every one runs there, whatever the schema looks like."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from random import Random

import duckdb
import pytest

from coderag_app.database import open_database
from coderag_app.schema.tables import Column
from coderag_app.sql.guard import check_sql
from coderag_app.sql.lenient_reading import read_sql
from coderag_app.types import Origin, SQLExample
from finetune.evaluation.datasets import DEMO_FOLDER
from finetune.synthesis.describing.describe_tables import describe_database
from finetune.synthesis.describing.kinds import kind_of
from finetune.synthesis.describing.words import singular, words_of, written_out
from finetune.synthesis.own_schema import OwnSchemaProgress, synthesize_examples
from finetune.synthesis.patterns.plain_keys import KEY_PATTERNS

SHOP = """
CREATE TABLE customers (customer_id INTEGER PRIMARY KEY, full_name TEXT, city TEXT, signup_date TEXT, vip_yn TEXT);
CREATE TABLE orders (order_id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers, total_amount REAL,
                     order_year INTEGER);
"""


def sqlite_file(path: Path, script: str, rows: dict[str, list[tuple]] | None = None) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
        for table, values in (rows or {}).items():
            marks = ", ".join("?" * len(values[0]))
            connection.executemany(f'INSERT INTO "{table}" VALUES ({marks})', values)
        connection.commit()
    return path


def shop_rows() -> dict[str, list[tuple]]:
    rng = Random(1)
    cities = ("Lyon", "Oslo", "Bern", "Rome")
    customers = [
        (
            i,
            f"{rng.choice('ABCDE')}nna Nr{i}",
            rng.choice(cities),
            f"20{rng.randint(10, 23)}-0{i % 9 + 1}-11",
            "YN"[i % 2],
        )
        for i in range(1, 41)
    ]
    orders = [(i, rng.randint(1, 30), round(rng.uniform(5, 90), 2), rng.randint(2018, 2023)) for i in range(1, 121)]
    return {"customers": customers, "orders": orders}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return sqlite_file(tmp_path / "shop.sqlite", SHOP, shop_rows())


def examples_of(path: Path | str, limit: int = 300, seed: int = 0) -> list[SQLExample]:
    with closing(open_database(path)) as database:
        return list(synthesize_examples(database, database.read_schema(samples=0), limit, seed))


def test_a_column_that_must_not_be_read_is_neither_read_nor_asked_about(shop):
    with closing(open_database(shop)) as database:
        read = []
        execute = database.execute
        database.execute = lambda sql: read.append(sql) or execute(sql)
        schema = database.read_schema(samples=0)
        examples = list(synthesize_examples(database, schema, 300, unread=("customers.city", "*.total_amount")))
    assert len(examples) > 100
    assert not [sql for sql in read if "city" in sql.lower() or "amount" in sql.lower()]
    assert any("city" in example.sql.lower() for example in examples_of(shop))


def assert_all_run(path: Path | str, examples: list[SQLExample]) -> None:
    """Every query passes the guard, runs, and returns rows that are not a lone 0 or NULL."""
    with closing(open_database(path)) as database:
        schema = database.read_schema(samples=0)
        for example in examples:
            rows = database.execute(check_sql(example.sql, schema, database.dialect).sql).rows
            assert rows, example.sql
            assert rows not in (((0,),), ((None,),)) or rows[0][0] is False, example.sql  # which flag: an answer


def test_every_pair_runs_on_the_database_and_returns_rows(shop):
    examples = examples_of(shop)
    assert len(examples) == 300
    assert_all_run(shop, examples)


def test_pairs_are_marked_as_synthetic_and_name_their_pattern(shop):
    examples = examples_of(shop, 100)
    assert {example.origin for example in examples} == {Origin.SYNTHETIC}
    assert {example.db_id for example in examples} == {"shop"}
    assert len({example.source for example in examples}) > 25
    assert all(example.source.startswith("synthesized:") for example in examples)


def test_keys_are_asked_about_too(shop):
    examples = examples_of(shop, 1500)
    of_keys = {rule.name for rule in KEY_PATTERNS}
    assert {example.source.removeprefix("synthesized:") for example in examples} >= of_keys
    queries = {example.sql for example in examples}
    assert "SELECT customer_id FROM customers WHERE customer_id NOT IN (SELECT customer_id FROM orders)" in queries
    assert "SELECT customer_id, count(*) FROM orders GROUP BY customer_id" in queries


def test_no_query_and_no_question_comes_twice(shop):
    examples = examples_of(shop, 500)
    assert len({example.sql for example in examples}) == len(examples)
    assert len({example.question.lower() for example in examples}) == len(examples)


def test_the_pairs_spread_over_patterns_and_tables(shop):
    examples = examples_of(shop, 500)
    patterns = Counter(example.source for example in examples)
    assert max(patterns.values()) <= 0.04 * len(examples)
    tables = Counter(table for example in examples for table in read_sql(example.sql).tables)
    assert min(tables["customers"], tables["orders"]) > 100


def test_equal_seeds_give_equal_pairs_and_other_seeds_others(shop):
    first, again, other = (examples_of(shop, 60, seed) for seed in (3, 3, 4))
    assert first == again
    assert first != other


def test_questions_use_the_words_of_the_names(shop):
    text = " ".join(example.question.lower() for example in examples_of(shop, 300))
    for words in ("customers", "orders", "total amount", "signup date", "city"):
        assert words in text
    assert "total_amount" not in text


def test_a_declared_key_joins_the_tables(shop):
    joined = [example for example in examples_of(shop) if " JOIN " in example.sql and " AS a JOIN " not in example.sql]
    assert len(joined) > 30
    assert all("customers.customer_id" in example.sql for example in joined)


def test_a_key_that_only_the_names_imply_joins_the_tables(tmp_path):
    path = sqlite_file(
        tmp_path / "plain.sqlite", SHOP.replace(" REFERENCES customers", "").replace(" PRIMARY KEY", ""), shop_rows()
    )
    with closing(open_database(path)) as database:
        relations = describe_database(database, database.read_schema(samples=0)).relations
    assert [(r.child_table, r.child_column, r.parent_table, r.parent_column) for r in relations] == [
        ("orders", "customer_id", "customers", "customer_id")
    ]


def test_names_alone_imply_no_key_where_the_values_disagree(tmp_path):
    rows = shop_rows()
    rows["orders"] = [(i, customer + 5000, total, year) for i, customer, total, year in rows["orders"]]
    script = SHOP.replace(" REFERENCES customers", "")
    path = sqlite_file(tmp_path / "apart.sqlite", script, rows)
    with closing(open_database(path)) as database:
        assert describe_database(database, database.read_schema(samples=0)).relations == ()


def test_a_duckdb_file_with_dates_decimals_and_booleans_gives_pairs_that_run_there(tmp_path):
    path = tmp_path / "farm.duckdb"
    with closing(duckdb.connect(str(path))) as connection:
        connection.execute(
            "CREATE TABLE harvest (id INTEGER PRIMARY KEY, crop VARCHAR, picked DATE, weight DECIMAL(8,2),"
            " organic BOOLEAN, tags VARCHAR[], seen TIMESTAMP)"
        )
        connection.execute(
            "INSERT INTO harvest SELECT i, ['wheat', 'oats', 'rye'][i % 3 + 1], DATE '2020-01-01' + (i * 9)::INTEGER,"
            " i * 1.25, i % 2 = 0, ['a'], TIMESTAMP '2021-05-05 10:00:00' FROM range(1, 80) AS t(i)"
        )
    examples = examples_of(path, 200)
    assert len(examples) == 200
    assert_all_run(path, examples)
    kinds = {name: kind for name, kind in described_kinds(path).items() if name != "id"}
    assert kinds == {"crop": "one", "picked": "date", "weight": "decimal", "organic": "flag", "seen": "datetime"}


def described_kinds(path: Path) -> dict[str, str]:
    with closing(open_database(path)) as database:
        described = describe_database(database, database.read_schema(samples=0))
    return {column.name: column.kind for table in described.tables for column in table.columns}


AWKWARD = """
CREATE TABLE "order" ("group" TEXT, "select" INTEGER, "from" REAL, "größe (cm)" INTEGER, "città" TEXT, "a""b" TEXT);
CREATE TABLE "with space" ("key" INTEGER, "名前" TEXT, "数" INTEGER);
CREATE TABLE empty_one (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE "123" ("1st" INTEGER, "%_share" REAL);
CREATE TABLE mixed (anything, other BLOB, "limit" TEXT);
CREATE VIEW totals AS SELECT "group", count(*) AS n FROM "order" GROUP BY "group";
CREATE VIEW broken AS SELECT gone FROM not_there;
"""


def test_reserved_words_unicode_empty_tables_and_views_give_pairs_that_run(tmp_path):
    rng = Random(2)
    rows = {
        "order": [
            (rng.choice("xyz"), i, i / 3, 100 + i % 7, f"Città d'Oro {i % 4}", f'say "hi" {i}') for i in range(30)
        ],
        "with space": [(i, f"山田{i}", i * i) for i in range(12)],
        "123": [(i, i / 7) for i in range(9)],
        "mixed": [(i if i % 2 else f"text {i}", b"\x00\xff", None) for i in range(20)],
    }
    path = sqlite_file(tmp_path / "odd.sqlite", AWKWARD, rows)
    examples = examples_of(path, 400)
    assert len(examples) > 200
    assert_all_run(path, examples)
    used = {table for example in examples for table in read_sql(example.sql).tables}
    assert {"order", "with space", "123", "totals"} <= used
    assert "empty_one" not in {table for example in examples for table in read_sql(example.sql).tables[:1]}


def test_one_table_of_one_column_gives_the_little_that_can_be_asked(tmp_path):
    path = sqlite_file(tmp_path / "one.sqlite", "CREATE TABLE t (x TEXT)", {"t": [("a",), ("b",), ("b",)]})
    examples = examples_of(path, 200)
    assert 3 < len(examples) < 200
    assert_all_run(path, examples)


def test_a_database_without_rows_gives_nothing_and_says_why(tmp_path):
    path = sqlite_file(tmp_path / "none.sqlite", SHOP)
    told: list[OwnSchemaProgress] = []
    with closing(open_database(path)) as database:
        assert list(synthesize_examples(database, database.read_schema(samples=0), 50, 0, told.append)) == []
    assert told[-1].drops == {"the database has no rows": 1}


def test_three_hundred_tables_are_all_asked_about_and_contexts_stay_small(tmp_path):
    script = "".join(
        f"CREATE TABLE machine_{i} (id INTEGER PRIMARY KEY, label TEXT, power INTEGER, note_{i} TEXT);"
        f"INSERT INTO machine_{i} VALUES (1, 'a', 5, 'x'), (2, 'b', 7, 'y'), (3, 'b', 9, 'y');"
        for i in range(300)
    )
    path = sqlite_file(tmp_path / "plant.sqlite", script)
    examples = examples_of(path, 1200)
    assert len(examples) == 1200
    assert len({table for example in examples for table in read_sql(example.sql).tables}) > 290
    assert max(len(example.context) for example in examples) < 2000
    assert_all_run(path, examples[::40])


class CountingDatabase:
    """A database that counts the rows and the longest text that it hands out."""

    def __init__(self, database) -> None:
        self._database = database
        self.most_rows = self.longest_text = 0

    def __getattr__(self, name: str):
        return getattr(self._database, name)

    def execute(self, sql: str):
        result = self._database.execute(sql)
        if " LIMIT 400" in sql:
            self.most_rows = max(self.most_rows, len(result.rows))
            texts = [len(cell) for row in result.rows for cell in row if isinstance(cell, str)]
            self.longest_text = max([self.longest_text, *texts])
        return result


def test_of_a_large_table_a_few_hundred_rows_are_read_and_long_texts_are_cut(tmp_path):
    rows = {"log": [(i, "word " * 400) for i in range(5000)]}
    path = sqlite_file(tmp_path / "large.sqlite", "CREATE TABLE log (id INTEGER PRIMARY KEY, body TEXT)", rows)
    with closing(open_database(path)) as database:
        counting = CountingDatabase(database)
        described = describe_database(counting, database.read_schema(samples=0))
    assert counting.most_rows == 400
    assert counting.longest_text == 200
    assert described.tables[0].row_count == 400


def test_what_is_in_stock_is_no_revenue():
    made = examples_of(DEMO_FOLDER / "demo.sqlite", limit=1500)
    products = [example.sql for example in made if "quantity *" in example.sql or "* stock.quantity" in example.sql]
    assert len(products) > 5
    assert not any("stock.quantity" in sql for sql in products)


def test_pairs_with_other_literals_alone_come_twice_at_most_and_take_a_third(shop):
    examples = examples_of(shop, 400)
    with_literals = [
        e for e in examples if "'" in e.sql or any(w.isdigit() for w in e.sql.partition(" LIMIT")[0].split())
    ]
    assert len(with_literals) < 0.45 * len(examples)
    of_city = [example.sql for example in examples if "'Lyon'" in example.sql or "'Oslo'" in example.sql]
    forms = Counter(sql.replace("Lyon", "?").replace("Oslo", "?") for sql in of_city)
    assert max(forms.values()) <= 2


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("SongReleaseYear", "song release year"),
        ("airportcode", "airport code"),
        ("LName", "last name"),
        ("cust_dob", "customer date of birth"),
        ("größe_mm", "größe mm"),
        ("HTTPStatus2", "http status 2"),
        ("数量", "数量"),
        ("%_Change_2007", "change 2007"),
        ("", "column"),
    ],
)
def test_the_words_of_a_name(name, words):
    assert " ".join(written_out(words_of(name))) == words


@pytest.mark.parametrize(
    ("many", "one"),
    [("cities", "city"), ("movies", "movie"), ("people", "person"), ("status", "status"), ("houses", "house"),
     ("children", "child"), ("order items", "order item"), ("series", "series")],
)  # fmt: skip
def test_the_singular_of_a_table_name(many, one):
    assert singular(many) == one


@pytest.mark.parametrize(
    ("column", "words", "values", "people", "kind"),
    [
        (Column("id", "INTEGER", True), ("id",), (1, 2, 3), False, "key"),
        (Column("price", "REAL"), ("price",), (1.5, 2.5), False, "money"),
        (Column("born", "TEXT"), ("birth", "year"), (1990, 1985), False, "year"),
        (Column("name", "TEXT"), ("name",), ("Ann Lee", "Bo Ray", "Cy May"), True, "person"),
        (Column("name", "TEXT"), ("name",), ("Acme", "Bolt", "Core"), False, "name"),
        (Column("active", "TEXT"), ("is", "active"), ("Y", "N", "Y"), False, "flag"),
        (Column("genre", "TEXT"), ("genre",), ("rock", "jazz", "rock", "rock", "jazz"), False, "one"),
        (Column("day", "TEXT"), ("start", "date"), ("2020-01-02", "2021-03-04"), False, "date"),
        (Column("staff", "TEXT"), ("number", "of", "staff"), ("12", "9", "40"), False, "code"),
        (Column("notes", "TEXT"), ("notes",), ("a", "b"), False, "text"),
    ],
)  # fmt: skip
def test_the_kind_of_a_column(column, words, values, people, kind):
    assert kind_of(column, words, values, people) == kind
