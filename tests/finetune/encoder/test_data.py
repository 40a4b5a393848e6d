"""Training rows of the encoder: near misses are near, mean something else, and come out the same for the same seed."""

import json
import sqlite3
from random import Random

import pytest

from coderag_app.errors import ConfigurationError
from coderag_app.sql.ddl import schema_from_ddl
from finetune.encoder.code_rows import code_rows
from finetune.encoder.equivalence import TargetDatabase
from finetune.encoder.hard_negatives import open_synthetic
from finetune.encoder.near_miss_rows import EncoderDataPlan, real_rows, rows_of_database, synthetic_rows
from finetune.encoder.near_misses import near_misses
from finetune.encoder.table_aliases import with_aliases
from finetune.encoder.training_rows import EncoderRow, read_rows, split_held_out, with_negatives, write_rows
from finetune.synthesis.described import SyntheticPair

DDL = """
CREATE TABLE singer (singer_id INTEGER PRIMARY KEY, name TEXT, country TEXT, age INTEGER, fee REAL);
CREATE TABLE concert (concert_id INTEGER PRIMARY KEY, singer_id INTEGER REFERENCES singer(singer_id), year INTEGER);
"""
SINGERS = [(1, "Ann", "France", 30, 10.5), (2, "Bob", "Spain", 41, 7.0), (3, "Cleo", "France", 25, 99.0)]
CONCERTS = [(1, 1, 2014), (2, 1, 2015), (3, 2, 2015), (4, 3, 2016)]


@pytest.fixture
def target():
    connection = sqlite3.connect(":memory:")
    connection.executescript(DDL)
    connection.executemany("INSERT INTO singer VALUES (?, ?, ?, ?, ?)", SINGERS)
    connection.executemany("INSERT INTO concert VALUES (?, ?, ?)", CONCERTS)
    values = {
        ("singer", "name"): ("Ann", "Bob", "Cleo"),
        ("singer", "country"): ("France", "Spain"),
        ("singer", "age"): (25, 30, 41),
        ("concert", "year"): (2014, 2015, 2016),
    }
    yield TargetDatabase("music", schema_from_ddl(DDL), values, connection)
    connection.close()


def misses(target, sql, seed=0):
    return {miss.kind: miss.sql for miss in near_misses(sql, target.schema, target.values, Random(seed))}


def test_each_kind_of_near_miss_changes_that_one_thing(target):
    found = misses(target, "SELECT name, age FROM singer WHERE country = 'France' ORDER BY age DESC")
    assert found["literal"] == "SELECT name, age FROM singer WHERE country = 'Spain' ORDER BY age DESC"
    assert found["filter"] == "SELECT name, age FROM singer ORDER BY age DESC"
    assert found["direction"].count("!=") + found["direction"].count("ASC") == 1
    assert found["projection"] in {
        "SELECT name FROM singer WHERE country = 'France' ORDER BY age DESC",
        "SELECT age FROM singer WHERE country = 'France' ORDER BY age DESC",
    }
    assert "aggregate" not in found


def test_another_aggregate_keeps_the_spelling_of_the_query(target):
    assert misses(target, "SELECT AVG(age) FROM singer")["aggregate"] in {
        f"SELECT {name}(age) FROM singer" for name in ("SUM", "MIN", "MAX")
    }
    assert (
        misses(target, "SELECT count(DISTINCT country) FROM singer")["aggregate"] == "SELECT count(country) FROM singer"
    )


def test_a_changed_column_is_changed_everywhere_and_joins_stay(target):
    joined = "singer AS T1 JOIN concert AS T2 ON T1.singer_id = T2.singer_id"
    sql = f"SELECT T1.country, count(*) FROM {joined} GROUP BY T1.country"
    edited = misses(target, sql)["column"]
    assert edited.count("T1.name") == 2
    assert joined in edited


@pytest.mark.parametrize("seed", range(20))
def test_every_near_miss_differs_from_its_query(target, seed):
    sql = "SELECT name FROM singer WHERE age > 26 AND country = 'France' ORDER BY fee LIMIT 3"
    assert sql not in misses(target, sql, seed).values()


def test_text_that_is_no_query_has_no_near_misses(target):
    assert misses(target, "not SQL at all ((") == {}
    assert misses(target, "DELETE FROM singer") == {}


def test_aliases_name_the_tables_of_a_join_and_nothing_else():
    sql = (
        "SELECT singer.name FROM singer JOIN concert ON singer.singer_id = concert.singer_id WHERE concert.year > 2014"
    )
    assert with_aliases(sql) == (
        "SELECT T1.name FROM singer AS T1 JOIN concert AS T2 ON T1.singer_id = T2.singer_id WHERE T2.year > 2014"
    )
    assert with_aliases("SELECT name FROM singer") == "SELECT name FROM singer"
    assert with_aliases(with_aliases(sql)) == with_aliases(sql)


def test_aliases_do_not_change_what_synthetic_queries_return():
    rows = list(synthetic_rows(EncoderDataPlan(databases=8, pairs=25, negatives=0, seed=5)))
    aliased = [row for row in rows if " AS T1" in row.positive]
    assert len(aliased) > 10
    by_group = {row.group: [] for row in aliased}
    for row in aliased:
        by_group[row.group].append(row.positive.split("\n")[0])
    for group, queries in by_group.items():
        with open_synthetic(group) as database:
            assert all(database.result(sql) is not None for sql in queries)


def test_queries_that_return_the_same_are_equivalent(target):
    assert target.equivalent("SELECT name FROM singer WHERE age > 26", "SELECT name FROM singer WHERE age >= 27")
    assert target.equivalent("SELECT name, age FROM singer", "SELECT age, name FROM singer")
    assert not target.equivalent("SELECT name FROM singer", "SELECT country FROM singer")
    assert not target.equivalent("SELECT name FROM singer ORDER BY age", "SELECT name FROM singer ORDER BY age DESC")
    assert not target.equivalent("SELECT name FROM singer", "SELECT nothing FROM singer")


def test_a_query_that_never_ends_does_not_hang(target):
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    assert target.result(endless) is None


def test_an_equivalent_query_is_never_a_negative(target):
    pairs = [
        SyntheticPair("music", "Who is older than 26?", "SELECT name FROM singer WHERE age > 26", "a"),
        SyntheticPair("music", "Names of those aged 27 and up?", "SELECT name FROM singer WHERE age >= 27", "a"),
        SyntheticPair("music", "Which singers are above 26?", "SELECT singer.name FROM singer WHERE 26 < age", "a"),
        SyntheticPair("music", "How many concerts were there?", "SELECT count(*) FROM concert", "b"),
    ]
    for seed in range(10):
        for row, pair in zip(
            sorted(rows_of_database(target, pairs, 5, seed), key=lambda r: r.anchor),
            sorted(pairs, key=lambda p: p.question),
            strict=True,
        ):
            assert row.negatives
            for text in row.negatives:
                assert not target.equivalent(pair.sql, text.split("\n")[0]), (pair.sql, text)


def test_one_meaning_is_one_text_on_a_database(target):
    pairs = [
        SyntheticPair("music", "Who is from France?", "SELECT name FROM singer WHERE country = 'France'", "a"),
        SyntheticPair("music", "French singers?", "SELECT singer.name FROM singer WHERE 'France' = country", "a"),
    ]
    first, second = rows_of_database(target, pairs, 2, 0)
    assert first.positive == second.positive
    assert first.positive.endswith("\nsinger(singer_id, name, country, age, fee)")


@pytest.mark.slow
def test_synthetic_negatives_never_mean_the_same_as_their_positive():
    rows = list(synthetic_rows(EncoderDataPlan(databases=6, pairs=20, negatives=4, seed=11)))
    checked = 0
    for group in {row.group for row in rows}:
        with open_synthetic(group) as database:
            for row in (row for row in rows if row.group == group):
                for text in row.negatives:
                    checked += 1
                    assert not database.equivalent(row.positive.split("\n")[0], text.split("\n")[0]), (row, text)
    assert checked > 200


def test_equal_plans_give_equal_rows_and_other_seeds_others():
    plan = EncoderDataPlan(databases=3, pairs=8, negatives=2, seed=1)
    rows = list(synthetic_rows(plan))
    assert rows == list(synthetic_rows(plan))
    assert rows != list(synthetic_rows(EncoderDataPlan(databases=3, pairs=8, negatives=2, seed=2)))
    assert len({row.anchor.lower() for row in rows}) == len(rows)


def test_real_pairs_become_rows_of_the_same_kind(target, tmp_path):
    (tmp_path / "databases").mkdir()
    with sqlite3.connect(tmp_path / "databases" / "music.sqlite") as copy:
        target.connection.commit()
        target.connection.backup(copy)
    question = {
        "db_id": "music",
        "question": "How old is Ann?",
        "sql": "SELECT age FROM singer WHERE name = 'Ann'",
        "executes": True,
    }
    (tmp_path / "questions.jsonl").write_text(json.dumps(question), encoding="utf-8")
    (row,) = real_rows(tmp_path)
    assert row.anchor == "How old is Ann?"
    assert row.group == "music"
    assert len(row.negatives) == 3
    with pytest.raises(ConfigurationError, match="questions.jsonl"):
        list(real_rows(tmp_path / "absent"))


def test_rows_survive_jsonl_and_the_csv_of_the_synthesis(tmp_path):
    rows = [EncoderRow('q, "quoted"', "SELECT 1\nt(a)", ("SELECT 2", "SELECT 3"), "hybrid", "t", "db", "Given X:")]
    assert write_rows(rows, tmp_path / "rows.jsonl") == 1
    assert read_rows([tmp_path / "rows.jsonl"]) == rows
    (tmp_path / "rows.csv").write_text('query,pos,neg\nask,"[""a"", ""b""]",c\nother,[1] + x,\n', encoding="utf-8")
    assert read_rows([tmp_path / "rows.csv"]) == [
        EncoderRow("ask", "a", ("c",)), EncoderRow("ask", "b", ("c",)), EncoderRow("other", "[1] + x"),
    ]  # fmt: skip


def test_a_row_without_a_positive_is_an_error_with_its_line(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"query": "a", "pos": ["b"]}\n{"query": "a"}\n', encoding="utf-8")
    with pytest.raises(ConfigurationError, match="line 2"):
        read_rows([path])
    with pytest.raises(ConfigurationError, match="No training rows"):
        read_rows([tmp_path / "absent.jsonl"])


def test_held_out_databases_are_held_out_whole():
    rows = [EncoderRow(f"q{i}", f"p{i}", group=f"db{i % 40}") for i in range(400)]
    training, held_out = split_held_out(rows, 0.2)
    assert training
    assert held_out
    assert len(training) + len(held_out) == 400
    assert not {row.group for row in training} & {row.group for row in held_out}


def test_rows_without_negatives_borrow_positives_of_their_category():
    rows = [
        EncoderRow("a", "A"),
        EncoderRow("b", "B"),
        EncoderRow("c", "C", category="hybrid"),
        EncoderRow("d", "D", ("N",)),
    ]
    complete = with_negatives(rows, 2)
    assert [negatives for _, negatives in complete] == [("B", "D"), ("D", "A"), ("", ""), ("N", "N")]


def test_code_rows_do_not_hold_their_description():
    rows = code_rows(40, seed=1)
    assert len(rows) == 40
    for row in rows:
        assert row.anchor not in row.positive
        assert row.positive.lstrip().startswith(("def ", "@"))
        assert row.positive not in row.negatives


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT count(DISTINCT a) FROM t WHERE b > 3", {"SELECT a, count(*) FROM t WHERE b > 3 GROUP BY a"}),
        ("SELECT a, count(*) FROM t GROUP BY a", {"SELECT count(DISTINCT a) FROM t "}),
        ("SELECT a FROM t ORDER BY b LIMIT 1", {"SELECT a FROM t ORDER BY b "}),
        (
            "SELECT a FROM t INTERSECT SELECT a FROM u",
            {"SELECT a FROM t EXCEPT SELECT a FROM u", "SELECT a FROM t UNION SELECT a FROM u", "SELECT a FROM t "},
        ),
        ("SELECT a, count(*) FROM t GROUP BY a ORDER BY count(*)", set()),
        ("SELECT count(DISTINCT a), count(DISTINCT b) FROM t", set()),
    ],
)
def test_a_near_miss_of_another_shape_counts_or_combines_otherwise(sql, expected):
    schema = schema_from_ddl("CREATE TABLE t (a TEXT, b INT); CREATE TABLE u (a TEXT, c INT);")
    made = {
        miss.sql for seed in range(20) for miss in near_misses(sql, schema, {}, Random(seed)) if miss.kind == "shape"
    }
    assert made == expected
