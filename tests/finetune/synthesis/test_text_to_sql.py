"""Question patterns over a small described database."""

from __future__ import annotations

import re
import sqlite3
from random import Random

import pytest
import sqlglot
from sqlglot import exp

from coderag_app.llm.compact.decode import decode_sql
from coderag_app.llm.compact.encode import encode_sql
from coderag_app.llm.compact.question import mark_question
from coderag_app.llm.compact.schema_names import SchemaNames
from coderag_app.schema.value_index import ValueIndex
from coderag_app.sql.ddl import schema_from_ddl
from coderag_app.sql.guard import check_sql
from finetune.synthesis.described import DescribedColumn, DescribedDatabase, DescribedTable, Relation, SyntheticPair
from finetune.synthesis.patterns import ANALYSIS, PATTERNS, Draw, Pattern, SchemaLookup
from finetune.synthesis.patterns.bounds import participle
from finetune.synthesis.text_to_sql import UNANSWERABLE, generate, generate_pairs
from finetune.synthesis.wording import expand, finish, join_words, number_words, plural

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
    return generate_pairs(database, 3200, seed=3)


def test_the_same_seed_gives_the_same_pairs(database: DescribedDatabase) -> None:
    assert generate_pairs(database, 120, seed=11) == generate_pairs(database, 120, seed=11)


def test_another_seed_gives_other_pairs(database: DescribedDatabase) -> None:
    first, second = (generate_pairs(database, 100, seed=seed) for seed in (1, 2))
    assert len({p.question for p in first} & {p.question for p in second}) < 20


def test_the_asked_number_of_pairs_comes_back(pairs: list[SyntheticPair]) -> None:
    assert len(pairs) == 3200


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
    missing = {p.name for p in PATTERNS if p.family not in (UNANSWERABLE, ANALYSIS)} - seen
    assert len(missing) <= 3, missing


NEW_MODULES = ("windows", "window_totals", "cases", "compared_groups", "labels")
ANALYTIC = [p for p in PATTERNS if p.draw.__module__.rpartition(".")[2] in NEW_MODULES]


@pytest.mark.parametrize("rule", ANALYTIC, ids=lambda rule: rule.name)
def test_a_pattern_of_windows_or_cases_draws_questions_that_the_language_can_say(
    database: DescribedDatabase, rule: Pattern
) -> None:
    names = SchemaNames(database.schema)
    texts = ("stadium", "concert", "singer")
    values = ValueIndex.from_database(
        database.schema,
        lambda columns, _: [
            [
                value
                for (value,) in database.connection.execute(f'SELECT DISTINCT "{column}" FROM {table}')
                if isinstance(value, str) and table in texts
            ]
            for table, column in columns
        ],
    )
    drawn = [rule.draw(Draw(Random(seed), SchemaLookup(database))) for seed in range(60)]
    candidates = [candidate for candidate in drawn if candidate]
    assert len({candidate.question for candidate in candidates}) > 5
    for candidate in candidates:
        literals = mark_question(candidate.question, names, values).literals
        sql = decode_sql(encode_sql(candidate.sql, names, literals), names, literals, values)
        expected = database.connection.execute(candidate.sql).fetchall()
        assert expected or "WHERE" in candidate.sql
        assert sorted(map(repr, database.connection.execute(sql))) == sorted(map(repr, expected))


def test_the_guard_lets_windows_and_cases_pass(database: DescribedDatabase) -> None:
    drawn = [rule.draw(Draw(Random(seed), SchemaLookup(database))) for rule in ANALYTIC for seed in range(8)]
    candidates = [candidate for candidate in drawn if candidate]
    assert len(candidates) > len(ANALYTIC)
    for candidate in candidates:
        assert check_sql(candidate.sql, database.schema, "sqlite").sql


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
    return [v.strip("%") for v in values if v not in ("%Y", "%m", "%Y-%m", "Yes", "No", "1", "0") and v.strip("%")]


PERIODS = {
    "7": ("a week",), "14": ("two weeks",), "30": ("a month",), "90": ("three months",), "182": ("half a year",),
    "365": ("a year",),
}  # fmt: skip


def test_a_question_mentions_every_literal_of_its_query(pairs: list[SyntheticPair]) -> None:
    checked = 0
    for pair in pairs:
        question = pair.question.lower()
        for value in _said_literals(pair.sql) if pair.sql else ():
            forms = number_words(int(value)) if value.isdigit() else (value.lower(),)
            forms += PERIODS.get(value, ())
            if re.fullmatch(r"\d{3}9", value):
                forms += (f"{value[:3]}0s",)  # a decade names its last year without saying it
            assert any(form in question for form in forms), (value, pair)
            checked += 1
    assert checked > 500


def test_lists_of_three_and_of_four_columns_are_common(pairs: list[SyntheticPair]) -> None:
    widths = [len(sqlglot.parse_one(p.sql, read="sqlite").selects) for p in pairs if p.sql]
    assert widths.count(3) / len(widths) > 0.08
    assert widths.count(4) / len(widths) > 0.02


def test_a_bound_said_after_its_number_includes_the_number(pairs: list[SyntheticPair]) -> None:
    words = r"([\d.]+) or (more|older|higher|taller|above|greater|larger|bigger|fewer|less|younger|shorter|lower)\b"
    found = [(pair, match) for pair in pairs if pair.sql and (match := re.search(words, pair.question.lower()))]
    assert len(found) > 20
    for pair, match in found:
        down = match[2] in ("fewer", "less", "younger", "shorter", "lower")
        assert f"{'<=' if down else '>='} {match[1]}" in pair.sql, pair


def test_a_decade_is_its_ten_years(pairs: list[SyntheticPair]) -> None:
    found = [(pair, match) for pair in pairs if pair.sql and (match := re.search(r"in the (\d{3})0s", pair.question))]
    assert found
    for pair, match in found:
        assert f"BETWEEN {match[1]}0 AND {match[1]}9" in pair.sql, pair


def test_rows_asked_for_without_a_column_are_shown_by_name(pairs: list[SyntheticPair]) -> None:
    found = [p for p in pairs if re.fullmatch(r"Which (arenas|stadiums) (are|have|opened) [^?,]*\??", p.question)]
    assert found
    for pair in found:
        assert re.match(r"SELECT (DISTINCT )?(\w+\.)?name\b", pair.sql), pair


def test_a_second_sentence_names_columns_and_ends_as_a_request(pairs: list[SyntheticPair]) -> None:
    found = [p for p in pairs if re.search(r"\? (List|Find|Return|Give me) (their|its|the) ", p.question)]
    assert len(found) > 20
    assert not any(pair.question.endswith("?") for pair in found)


def test_rows_with_two_values_both_are_an_intersection_of_one_column(pairs: list[SyntheticPair]) -> None:
    found = [pair for pair in pairs if pair.pattern == "parents_of_two_values"]
    assert found
    for pair in found:
        first, second = pair.sql.split(" INTERSECT ")
        wheres = [sqlglot.parse_one(half, read="sqlite").find(exp.Where) for half in (first, second)]
        columns = {where.find(exp.Column).sql() for where in wheres if where}
        assert len(columns) == 1 and first != second and "both" in pair.question.lower(), pair


@pytest.mark.parametrize(
    ("phrase", "done"),
    [("founding year", "founded"), ("date of birth", "born"), ("year it was set up", "set up"), ("due date", "")],
)
def test_what_was_done_in_a_year_is_read_off_its_phrase(phrase: str, done: str) -> None:
    assert participle(phrase) == done


def test_two_columns_with_one_last_word_may_share_it() -> None:
    seen = {join_words(["first name", "last name", "age"], Random(seed)) for seed in range(40)}
    assert "first and last name and age" in seen and "first name, last name, and age" in seen


def test_some_questions_are_typed_in_a_hurry() -> None:
    seen = {finish("What is the length of Oak Road", Random(seed)) for seed in range(300)}
    assert {"What is the length of Oak Road?", "what is the length of oak road"} <= seen


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
