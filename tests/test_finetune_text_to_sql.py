"""Question patterns over a small described database."""

from __future__ import annotations

import re
import sqlite3
from random import Random

import pytest
import sqlglot
from sqlglot import exp

from coderag_app.schema import schema_from_ddl
from finetune.synthesis.described import DescribedColumn, DescribedDatabase, DescribedTable, Relation, SyntheticPair
from finetune.synthesis.patterns import PATTERNS
from finetune.synthesis.text_to_sql import UNANSWERABLE, generate, generate_pairs
from finetune.synthesis.wording import expand, finish, number_words, plural

DDL = """
CREATE TABLE stadium (id INTEGER PRIMARY KEY, name TEXT, city TEXT, capacity INTEGER, opened TEXT);
CREATE TABLE concert (
  id INTEGER PRIMARY KEY, title TEXT, "event year" INTEGER, attendance INTEGER, held_on TEXT, stadium_id INTEGER,
  FOREIGN KEY (stadium_id) REFERENCES stadium (id)
);
CREATE TABLE singer (
  id INTEGER PRIMARY KEY, name TEXT, country TEXT, age INTEGER, height REAL, is_active TEXT, phone TEXT,
  mentor_id INTEGER,
  born TEXT, joined TEXT, city TEXT, FOREIGN KEY (mentor_id) REFERENCES singer (id)
);
CREATE TABLE singer_in_concert (
  singer_id INTEGER, concert_id INTEGER, FOREIGN KEY (singer_id) REFERENCES singer (id),
  FOREIGN KEY (concert_id) REFERENCES concert (id)
);
"""
CITIES = ("Lyon", "Porto", "Graz", "Turku")
MEANINGS = {
    "stadium": {
        "nouns": (("stadium", "stadiums"), ("arena", "arenas")),
        "id": ("key", "stadium id"),
        "name": ("name", "name"),
        "city": ("city", "city", "location"),
        "capacity": ("int", "capacity", "number of seats"),
        "opened": ("date", "opening date"),
    },
    "concert": {
        "nouns": (("concert", "concerts"), ("show", "shows")),
        "id": ("key", "concert id"),
        "title": ("name", "title"),
        "event year": ("year", "year"),
        "attendance": ("int", "attendance"),
        "held_on": ("date", "date"),
        "stadium_id": ("ref", "venue"),
    },
    "singer": {
        "nouns": (("singer", "singers"),),
        "id": ("key", "singer id"),
        "name": ("person", "name"),
        "country": ("country", "country"),
        "age": ("int", "age"),
        "height": ("decimal", "height"),
        "is_active": ("flag", "active"),
        "phone": ("phone", "phone number"),
        "mentor_id": ("ref", "mentor"),
        "born": ("date", "birth date"),
        "joined": ("date", "joining date"),
        "city": ("city", "home city"),
    },
    "singer_in_concert": {
        "nouns": (("performance", "performances"),),
        "singer_id": ("ref", "singer"),
        "concert_id": ("ref", "concert"),
    },
}


def _fill(connection: sqlite3.Connection) -> None:
    rng = Random(7)
    days = [f"20{year:02d}-0{month}-1{month}" for year in range(10, 20) for month in (2, 5, 8)]
    for key in range(1, 13):
        row = (key, f"Oak {key} Park", rng.choice(CITIES), rng.randrange(500, 90000), rng.choice(days))
        connection.execute("INSERT INTO stadium VALUES (?, ?, ?, ?, ?)", row)
    for key in range(1, 81):
        row = (
            key,
            f"Tour {key} O'Night",
            2010 + key % 9,
            rng.randrange(100, 9000),
            rng.choice(days),
            rng.randrange(1, 11),
        )
        connection.execute("INSERT INTO concert VALUES (?, ?, ?, ?, ?, ?)", row)
    for key in range(1, 41):
        country, flag = rng.choice(("France", "Spain", "Chile")), rng.choice(("Yes", "No"))
        phone = None if key % 5 == 0 else f"555-01{key:02d}"
        row = (key, f"Ann Field{key}", country, rng.randrange(18, 70), 150 + key / 2, flag, phone, key // 2 or None)
        connection.execute(
            "INSERT INTO singer VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*row, rng.choice(days), rng.choice(days), rng.choice(CITIES)),
        )
    for key in range(1, 121):
        connection.execute("INSERT INTO singer_in_concert VALUES (?, ?)", (rng.randrange(1, 35), key % 80 + 1))


def _described_column(
    connection: sqlite3.Connection, table: str, name: str, kind: str, phrases: tuple[str, ...]
) -> DescribedColumn:
    found = [row[0] for row in connection.execute(f'SELECT DISTINCT "{name}" FROM "{table}"')]
    return DescribedColumn(name, kind, phrases, tuple(sorted(v for v in found if v is not None)), None in found)


@pytest.fixture(scope="module")
def database() -> DescribedDatabase:
    connection = sqlite3.connect(":memory:")
    connection.executescript(DDL)
    _fill(connection)
    tables = []
    for name, meanings in MEANINGS.items():
        columns = tuple(
            _described_column(connection, name, column, meaning[0], meaning[1:])
            for column, meaning in meanings.items()
            if column != "nouns"
        )
        rows = connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
        tables.append(DescribedTable(name, meanings["nouns"], columns, rows, is_junction=name == "singer_in_concert"))
    relations = (
        Relation("concert", "stadium_id", "stadium", "id", "held at", "hosting"),
        Relation("singer", "mentor_id", "singer", "id"),
        Relation("singer_in_concert", "singer_id", "singer", "id"),
        Relation("singer_in_concert", "concert_id", "concert", "id"),
    )
    return DescribedDatabase("music", schema_from_ddl(DDL), tuple(tables), relations, connection)


@pytest.fixture(scope="module")
def pairs(database: DescribedDatabase) -> list[SyntheticPair]:
    return generate_pairs(database, 2500, seed=3)


def test_the_same_seed_gives_the_same_pairs(database: DescribedDatabase) -> None:
    assert generate_pairs(database, 120, seed=11) == generate_pairs(database, 120, seed=11)


def test_another_seed_gives_other_pairs(database: DescribedDatabase) -> None:
    first, second = (generate_pairs(database, 100, seed=seed) for seed in (1, 2))
    assert len({p.question for p in first} & {p.question for p in second}) < 20


def test_the_asked_number_of_pairs_comes_back(pairs: list[SyntheticPair]) -> None:
    assert len(pairs) == 2500


def test_every_query_returns_rows(database: DescribedDatabase, pairs: list[SyntheticPair]) -> None:
    for pair in pairs:
        if pair.sql:
            rows = database.connection.execute(pair.sql).fetchall()
            assert rows and rows not in ([(None,)], [(0,)]), pair


def test_no_candidate_is_broken_sql(database: DescribedDatabase) -> None:
    assert generate(database, 2000, seed=5).drops["does not run"] == 0


def test_dropped_candidates_are_counted_by_reason(database: DescribedDatabase) -> None:
    drops = generate(database, 1500, seed=5).drops
    assert drops["no rows"] > 0 and drops["repeated"] > 0


def test_every_pattern_but_those_lacking_words_appears(pairs: list[SyntheticPair]) -> None:
    families = {pattern.name: pattern.family for pattern in PATTERNS}
    seen = {pair.pattern for pair in pairs}
    assert {families.get(name, UNANSWERABLE) for name in seen} == {pattern.family for pattern in PATTERNS}
    missing = {p.name for p in PATTERNS if p.family != UNANSWERABLE} - seen
    assert len(missing) <= 3, missing


def test_no_question_is_repeated(pairs: list[SyntheticPair]) -> None:
    questions = [pair.question.lower() for pair in pairs]
    assert len(set(questions)) == len(questions)


def test_no_query_is_repeated_within_a_pattern(pairs: list[SyntheticPair]) -> None:
    answerable = [(pair.pattern, pair.sql.lower()) for pair in pairs if pair.sql]
    assert len(set(answerable)) == len(answerable)


def test_about_three_in_a_hundred_questions_are_unanswerable(pairs: list[SyntheticPair]) -> None:
    share = sum(not pair.sql for pair in pairs) / len(pairs)
    assert 0.015 < share < 0.06
    assert all((pair.pattern == UNANSWERABLE) == (not pair.sql) for pair in pairs)


def _said_literals(sql: str) -> list[str]:
    """Literals that the question has to mention: not formats, yes and no, 0 and 1, nor rounding and percent."""
    skipped: set[int] = set()
    tree = sqlglot.parse_one(sql, read="sqlite")
    for node in tree.find_all(exp.Limit, exp.Offset, exp.Mul, exp.Case, exp.Exists):
        skipped.update(id(value) for value in node.find_all(exp.Literal))
    values = [value.this for value in tree.find_all(exp.Literal) if id(value) not in skipped]
    return [v.strip("%") for v in values if v not in ("%Y", "%m", "Yes", "No", "1", "0") and v.strip("%")]


def test_a_question_mentions_every_literal_of_its_query(pairs: list[SyntheticPair]) -> None:
    checked = 0
    for pair in pairs:
        question = pair.question.lower()
        for value in _said_literals(pair.sql) if pair.sql else ():
            forms = number_words(int(value)) if value.isdigit() else (value.lower(),)
            assert any(form in question for form in forms), (value, pair)
            checked += 1
    assert checked > 500


def test_limits_are_mentioned_when_not_one(pairs: list[SyntheticPair]) -> None:
    limited = [(pair, int(found[1])) for pair in pairs if (found := re.search(r"LIMIT (\d+)$", pair.sql))]
    several = [(pair, number) for pair, number in limited if number > 1]
    assert several
    for pair, number in several:
        assert any(re.search(rf"\b{form}\b", pair.question.lower()) for form in number_words(number)), pair


def test_joined_queries_name_the_table_of_each_column(pairs: list[SyntheticPair]) -> None:
    joined = [pair for pair in pairs if " JOIN " in pair.sql and " AS T1" not in pair.sql and "(SELECT" not in pair.sql]
    assert len(joined) > 300
    for pair in joined:
        for half in re.split(r" (?:EXCEPT|INTERSECT) ", pair.sql):
            columns = sqlglot.parse_one(half, read="sqlite").find_all(exp.Column)
            assert " JOIN " not in half or all(column.table for column in columns), pair


def test_identifiers_with_spaces_are_quoted(pairs: list[SyntheticPair]) -> None:
    assert any('"event year"' in pair.sql for pair in pairs)


def test_no_template_syntax_is_left_in_a_question(pairs: list[SyntheticPair]) -> None:
    for pair in pairs:
        assert not re.search(r"[\[\]{}<>|]|  | ,|\bNone\b", pair.question), pair


def test_choices_of_a_template_nest() -> None:
    seen = {expand("[a|b [c|d]] {slot}", Random(seed)) for seed in range(60)}
    assert seen == {"a {slot}", "b c {slot}", "b d {slot}"}


def test_questions_end_as_questions_and_requests_as_requests() -> None:
    ends = {finish("what is the age of Ann", Random(seed))[-1] for seed in range(40)}
    assert "?" in ends and "." not in ends
    ends = {finish("show the age of Ann", Random(seed))[-1] for seed in range(40)}
    assert "." in ends and "?" not in ends


@pytest.mark.parametrize(
    ("phrase", "several"),
    [
        ("city", "cities"),
        ("country of origin", "countries of origin"),
        ("seats", "seats"),
        ("year registered", "years registered"),
    ],
)
def test_the_head_of_a_phrase_is_put_in_the_plural(phrase: str, several: str) -> None:
    assert plural(phrase) == several
