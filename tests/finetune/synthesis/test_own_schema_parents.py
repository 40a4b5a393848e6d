"""Questions about one's own database that choose rows by what refers to them; their results are reckoned anew here."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from coderag_app.database import open_database
from coderag_app.types import SQLExample
from finetune.synthesis.own_schema import synthesize_examples
from finetune.synthesis.patterns.plain_keys import KEY_PATTERNS
from finetune.synthesis.patterns.plain_parents import PARENT_PATTERNS

SHOP = """
CREATE TABLE customers (customer_id INTEGER PRIMARY KEY, name TEXT, phone TEXT, city TEXT);
CREATE TABLE orders (order_id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers, amount REAL, note TEXT);
"""
AMOUNTS = {1: [10.0, 99.5], 2: [70.0], 3: [20.0, 30.0, 41.0]}  # by customer; 4 and 5 have ordered nothing


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    path = tmp_path_factory.mktemp("shop") / "shop.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SHOP)
        people = [(i, f"Ada Nr{i}", f"0{i}55{i}", ("Lyon", "Oslo")[i % 2]) for i in range(1, 6)]
        orders = [(customer, amount) for customer, amounts in AMOUNTS.items() for amount in amounts]
        connection.executemany("INSERT INTO customers VALUES (?, ?, ?, ?)", people)
        connection.executemany("INSERT INTO orders (customer_id, amount) VALUES (?, ?)", orders)
        connection.commit()
        yield connection


@pytest.fixture(scope="module")
def examples(shop: sqlite3.Connection) -> list[SQLExample]:
    path = Path(shop.execute("PRAGMA database_list").fetchone()[2])
    with closing(open_database(path)) as database:
        return list(synthesize_examples(database, database.read_schema(samples=0), 1500))


def of_pattern(examples: list[SQLExample], name: str) -> list[SQLExample]:
    return [example for example in examples if example.source.endswith(f":{name}")]


def test_every_pattern_finds_something_to_ask(examples: list[SQLExample]) -> None:
    found = Counter(example.source.rpartition(":")[2] for example in examples)
    assert all(found[pattern.name] for pattern in (*PARENT_PATTERNS, *KEY_PATTERNS)), found


def test_rows_that_nothing_refers_to_are_asked_for_with_several_columns(examples, shop) -> None:
    without = of_pattern(examples, "parents_without")
    widths = {len(shop.execute(example.sql).fetchall()[0]) for example in without}
    assert {1, 2} <= widths
    named = [e for e in without if e.sql.startswith("SELECT name FROM")]
    assert all(shop.execute(e.sql).fetchall() == [("Ada Nr4",), ("Ada Nr5",)] for e in named)
    assert all(re.search(r"\b(without|no|not have any|never had any)\b", e.question) for e in without)


@pytest.mark.parametrize(
    ("words", "customer"),
    [
        ("most orders|largest number of orders", 3),
        ("(highest|greatest) (average|mean) amount", 2),
        ("(highest|greatest) (total|combined|sum|overall) amount", 1),
        ("(highest|greatest) amount", 1),
    ],
)
def test_the_first_by_a_measure_is_the_one_the_question_means(examples, shop, words, customer) -> None:
    asked = [e for e in of_pattern(examples, "parents_by_measure") if re.search(words, e.question)]
    first = [shop.execute(e.sql).fetchone() for e in asked if e.sql.endswith(" LIMIT 1")]
    found = [number for row in first if (number := re.search(r"Ada Nr(\d)|0(\d)55", str(row)))]
    assert found
    assert all(str(customer) in number.groups() for number in found)


def test_what_a_question_asks_to_see_with_the_rows_is_shown(examples) -> None:
    for name in ("parents_by_measure", "parents_ordered_by_measure"):
        for example in of_pattern(examples, name):
            shown = example.sql.partition(" FROM ")[0]
            measured = re.search(r"\b(count|avg|sum|max|min)\(", shown) is not None
            order = example.sql.rpartition(" ORDER BY ")[2].removesuffix(" DESC").partition(" LIMIT ")[0]
            assert not measured or order.removesuffix(" DESC") in shown


def test_keys_are_ordered_by_what_is_reckoned_of_their_rows(examples, shop) -> None:
    measured = of_pattern(examples, "measure_per_key")
    first = [e for e in measured if e.sql.endswith("ORDER BY sum(amount) DESC LIMIT 1")]
    assert first and all(shop.execute(e.sql).fetchone()[0] == 1 for e in first)
    assert any("ORDER BY" in e.sql and "LIMIT" not in e.sql for e in measured)
