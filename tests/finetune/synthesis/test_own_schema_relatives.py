"""Questions about one's own database over two tables that describe one thing, and the columns that they ask for."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from coderag_app.database import open_database
from coderag_app.types import SQLExample
from finetune.synthesis.own_schema import synthesize_examples
from finetune.synthesis.patterns.plain_relatives import RELATIVE_PATTERNS

CLUB = """
CREATE TABLE people (person_id INTEGER PRIMARY KEY, name TEXT, height REAL, hometown TEXT, phone TEXT);
CREATE TABLE gymnast (gymnast_id INTEGER PRIMARY KEY REFERENCES people (person_id), floor_points REAL, rings_points REAL);
CREATE TABLE coach (coach_id INTEGER PRIMARY KEY, name TEXT, phone TEXT, paid_in_cash INTEGER);
CREATE TABLE lesson (gymnast_id INTEGER REFERENCES gymnast (gymnast_id), coach_id INTEGER REFERENCES coach (coach_id),
                     held_on DATE, PRIMARY KEY (gymnast_id, coach_id));
"""  # noqa: E501


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> list[SQLExample]:
    path = tmp_path_factory.mktemp("club") / "club.sqlite"
    return examples_of(club(path), 1500)


def club(path: Path) -> Path:
    rng, towns = Random(3), ("Lyon", "Oslo", "Bern")
    people = [(i, f"Ada Nr{i}", 150 + rng.random() * 40, rng.choice(towns), f"0{i}55{i}") for i in range(1, 31)]
    gymnasts = [(i, round(rng.random() * 10, 1), round(rng.random() * 10, 1)) for i in range(1, 21)]
    coaches = [(i, f"Bob Nr{i}", f"0{i}77{i}", i % 2) for i in range(1, 11)]
    lessons = [(i, rng.randint(1, 10), f"2024-0{rng.randint(1, 9)}-1{i % 9}") for i in range(1, 21)]
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(CLUB)
        for table, rows in (("people", people), ("gymnast", gymnasts), ("coach", coaches), ("lesson", lessons)):
            connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)
        connection.commit()
    return path


def examples_of(path: Path, limit: int, *, as_people_ask: bool = True) -> list[SQLExample]:
    with closing(open_database(path)) as database:
        schema = database.read_schema(samples=0)
        return list(synthesize_examples(database, schema, limit, as_people_ask=as_people_ask))


def of_pattern(examples: list[SQLExample], name: str) -> list[SQLExample]:
    return [example for example in examples if example.source.endswith(f":{name}")]


def test_every_pattern_finds_something_to_ask(examples: list[SQLExample]) -> None:
    found = Counter(example.source.rpartition(":")[2] for example in examples)
    assert all(found[pattern.name] for pattern in RELATIVE_PATTERNS), found


def test_what_stands_with_the_people_is_asked_of_the_gymnasts(examples: list[SQLExample]) -> None:
    listed = of_pattern(examples, "halves_listed")
    assert all("JOIN people ON gymnast.gymnast_id = people.person_id" in example.sql for example in listed)
    assert any("height" in e.question and "gymnasts" in e.question and "people.height" in e.sql for e in listed)
    measured = of_pattern(examples, "halves_measured")
    assert any("(people.height)" in e.sql for e in measured) and any("(gymnast." in e.sql for e in measured)


def test_a_parent_is_asked_for_by_the_date_of_its_child(examples: list[SQLExample]) -> None:
    latest = [e for e in of_pattern(examples, "parents_by_child") if e.sql.endswith("lesson.held_on DESC LIMIT 1")]
    assert latest and all(set(e.question.lower().split()) & {"latest", "last", "recent"} for e in latest)


def test_alike_columns_of_two_tables_are_listed_together(examples: list[SQLExample]) -> None:
    together = {example.sql for example in of_pattern(examples, "alike_columns_together")}
    assert any("phone FROM coach UNION SELECT phone FROM people" in sql for sql in together)


def test_a_table_of_links_that_says_more_is_asked_about_and_flags_are_grouped_by(examples: list[SQLExample]) -> None:
    assert any("FROM lesson" in e.sql and "held_on" in e.sql and " JOIN " not in e.sql for e in examples)
    assert any("GROUP BY paid_in_cash" in example.sql for example in examples)


def test_all_neighbouring_columns_are_asked_for_together_and_most_pairs_in_the_tables_order(tmp_path: Path) -> None:
    columns = [f"part{letter}" for letter in "abcdefghij"]
    path = tmp_path / "wide.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"CREATE TABLE machine (id INTEGER PRIMARY KEY, {', '.join(f'{c} TEXT' for c in columns)})")
        rows = [(i, *(f"{c}{i * 7 % 23}x" for c in columns)) for i in range(30)]
        connection.executemany(f"INSERT INTO machine VALUES ({', '.join('?' * 11)})", rows)
        connection.commit()
    made = examples_of(path, 2000)
    shown = [e.sql.removeprefix("SELECT ").partition(" FROM")[0].split(", ") for e in of_pattern(made, "two_columns")]
    pairs = [[columns.index(name) for name in names] for names in shown if set(names) <= set(columns)]
    assert {(place, place + 1) for place in range(9)} <= {tuple(sorted(pair)) for pair in pairs}
    assert sum(one < other for one, other in pairs) > 0.65 * len(pairs) > 15


def test_what_the_model_learns_from_has_other_habits(tmp_path: Path) -> None:
    examples = examples_of(club(tmp_path / "club.sqlite"), 1500, as_people_ask=False)
    found = {example.source.rpartition(":")[2] for example in examples}
    assert not found & {pattern.name for pattern in RELATIVE_PATTERNS} and "measure_per_key" in found
    measures = of_pattern(examples, "measure_per_key")
    assert measures and not any("ORDER BY" in example.sql for example in measures)
