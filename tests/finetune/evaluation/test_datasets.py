import json
import sqlite3
from collections import Counter
from pathlib import Path

import pytest
from evaluation_shop import PAIRS, SCHEMA, build_shop, write_examples, write_pairs

from coderag_app.database import Limits, open_database
from coderag_app.errors import ConfigurationError, DatabaseError
from coderag_app.settings import AppConfig
from finetune.evaluation.context_databases import build_context_database
from finetune.evaluation.datasets import ExclusionReason, dataset_examples, load_dataset, load_pairs
from finetune.evaluation.example_sources import load_pool
from finetune.evaluation.gold import run_gold
from finetune.evaluation.hardness import query_hardness


def write_rows(path: Path, rows: list[dict]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def gretel_row(**changes: object) -> dict:
    row = {"id": 7, "sql_prompt": "How many?", "sql_context": SCHEMA, "sql": "SELECT count(*) FROM customer"}
    return row | changes


def test_the_demo_is_a_data_set_with_forty_questions() -> None:
    demo = load_dataset("demo")
    assert len(demo.questions) == 40
    assert {question.db_id for question in demo.questions} == {"demo"}


def test_pairs_need_a_database_and_get_its_name(tmp_path: Path) -> None:
    pairs, shop = write_pairs(tmp_path / "mine.jsonl"), build_shop(tmp_path)
    with pytest.raises(ConfigurationError, match="--database"):
        load_dataset(pairs)
    loaded = load_dataset(pairs, database=str(shop))
    assert loaded.name == "mine"
    assert [(question.question, question.gold_sql) for question in loaded.questions] == PAIRS
    assert {question.db_id for question in loaded.questions} == {"shop"}


def test_repeated_ids_are_refused(tmp_path: Path) -> None:
    rows = [{"id": 1, "question": "a", "sql": "SELECT 1"}, {"id": 1, "question": "b", "sql": "SELECT 2"}]
    with pytest.raises(ConfigurationError, match="'1' more than once"):
        load_pairs(write_rows(tmp_path / "rows.jsonl", rows), str(build_shop(tmp_path)))


def test_a_row_without_sql_is_named_with_what_it_has(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "rows.jsonl", [{"question": "a", "answer": "SELECT 1"}])
    with pytest.raises(ConfigurationError, match="row 1: got the fields question, answer, expected sql or query"):
        load_pairs(path, str(build_shop(tmp_path)))


@pytest.mark.parametrize(
    ("questions", "sql_key", "database"),
    [
        ("questions.jsonl", "sql", "databases/shop.sqlite"),
        ("dev.json", "query", "database/shop/shop.sqlite"),
        ("dev.json", "SQL", "dev_databases/shop/shop.sqlite"),
    ],
    ids=["ours", "spider", "bird"],
)
def test_published_layouts_are_read(tmp_path: Path, questions: str, sql_key: str, database: str) -> None:
    build_shop((tmp_path / database).parent)
    rows = [
        {"db_id": "shop", "question": "How many?", sql_key: "SELECT count(*) FROM customer"},
        {"db_id": "gone", "question": "How many?", sql_key: "SELECT 1"},
    ]
    if questions.endswith("l"):
        write_rows(tmp_path / questions, rows)
    else:
        (tmp_path / questions).write_text(json.dumps(rows), encoding="utf-8")
    loaded = load_dataset(tmp_path)
    assert [(question.id, question.db_id) for question in loaded.questions] == [("0", "shop")]
    assert [(exclusion.question_id, exclusion.reason) for exclusion in loaded.excluded] == [
        ("1", ExclusionReason.NO_DATABASE)
    ]


@pytest.mark.parametrize("spec", ["nowhere", "."])
def test_what_is_no_data_set_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spec: str) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match="xpected"):
        load_dataset(spec)


def test_a_gretel_row_builds_its_own_database_once(tmp_path: Path) -> None:
    rows = [gretel_row(id=1), gretel_row(id=2, sql_prompt="And how many again?")]
    loaded = load_dataset(write_rows(tmp_path / "gretel.jsonl", rows), work_dir=tmp_path / "built")
    assert len({question.database for question in loaded.questions}) == 1
    database = open_database(loaded.questions[0].database)
    assert database.execute("SELECT count(*) FROM customer").rows == ((0,),)
    assert database.name == loaded.questions[0].db_id


def test_gretel_rows_that_cannot_be_asked_are_excluded_with_the_reason(tmp_path: Path) -> None:
    rows = [
        gretel_row(id=1),
        gretel_row(id=2, sql="DELETE FROM customer"),
        gretel_row(id=3, sql_context="CREATE TABLE t (a INT); INSERT INTO u VALUES (1);"),
        gretel_row(id=4, sql_context="SELECT 1"),
    ]
    loaded = load_dataset(write_rows(tmp_path / "gretel.jsonl", rows), work_dir=tmp_path / "built")
    assert [question.id for question in loaded.questions] == ["1"]
    assert {exclusion.question_id: exclusion.reason for exclusion in loaded.excluded} == {
        "2": ExclusionReason.NOT_A_QUERY,
        "3": ExclusionReason.NO_CONTEXT_DATABASE,
        "4": ExclusionReason.NO_CONTEXT_DATABASE,
    }
    assert "u" in loaded.excluded[1].detail


def test_a_context_reaches_no_other_file(tmp_path: Path) -> None:
    other = tmp_path / "other.sqlite"
    for attack in (
        f"ATTACH '{other}' AS o; CREATE TABLE o.t (a INT);",
        f"VACUUM INTO '{other}';",
        "PRAGMA user_version = 3;",
    ):
        with pytest.raises(DatabaseError, match="does not run"):
            build_context_database(f"CREATE TABLE t (a INT); {attack}", tmp_path / "built")
    assert not other.exists()
    assert list((tmp_path / "built").iterdir()) == []


def test_a_context_that_never_ends_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("finetune.evaluation.context_databases._TIMEOUT_S", 0.2)
    endless = (
        "CREATE TABLE t (a INT); INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) "
        "SELECT count(*) FROM n;"
    )
    with pytest.raises(DatabaseError, match="interrupted"):
        build_context_database(endless, tmp_path)


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT name FROM customer", None),
        ("SELECT count(*) FROM customer WHERE id > 99", ExclusionReason.GOLD_TRIVIAL),
        ("SELECT max(name) FROM customer WHERE id > 99", ExclusionReason.GOLD_TRIVIAL),
        ("SELECT name FROM customer WHERE id > 99", ExclusionReason.GOLD_EMPTY),
        ("SELECT nothing FROM customer", ExclusionReason.GOLD_ERROR),
        (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
            ExclusionReason.GOLD_TIMEOUT,
        ),
        (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
            ExclusionReason.GOLD_TRUNCATED,
        ),
        ("SELECT 0, 0", None),
        ("SELECT 0 UNION ALL SELECT 0", None),
    ],
)
def test_golds_that_cannot_be_scored_are_excluded_with_the_reason(tmp_path: Path, sql: str, reason: str | None) -> None:
    database = open_database(build_shop(tmp_path), Limits(timeout_s=0.3, max_rows=50))
    question = load_pairs(write_pairs(tmp_path / "p.jsonl", [("?", sql)]), str(tmp_path / "shop.sqlite")).questions[0]
    outcome = run_gold(question, database)
    assert getattr(outcome, "reason", None) == reason


def test_trivial_golds_are_scored_when_asked_for(tmp_path: Path) -> None:
    database = open_database(build_shop(tmp_path))
    pairs = write_pairs(tmp_path / "p.jsonl", [("?", "SELECT name FROM customer WHERE id > 99")])
    question = load_pairs(pairs, str(tmp_path / "shop.sqlite")).questions[0]
    assert run_gold(question, database, keep_trivial=True).rows == ()


def test_questions_become_examples_with_the_schema_of_their_database(tmp_path: Path) -> None:
    build_shop(tmp_path)
    dataset = load_pairs(write_pairs(tmp_path / "p.jsonl"), str(tmp_path / "shop.sqlite"))
    examples = dataset_examples(dataset)
    assert [(example.question, example.sql) for example in examples] == PAIRS
    assert all("CREATE TABLE customer" in example.context and example.db_id == "shop" for example in examples)
    assert "Zoë" not in examples[0].context


def test_examples_come_from_a_file_the_data_set_itself_or_the_demo(tmp_path: Path) -> None:
    build_shop(tmp_path)
    dataset = load_pairs(write_pairs(tmp_path / "p.jsonl"), str(tmp_path / "shop.sqlite"))
    config = AppConfig(storage_dir=tmp_path / "none")
    from_file = load_pool(write_examples(tmp_path / "e.jsonl"), dataset, config, tmp_path)
    assert len(from_file) == 4
    assert load_pool("same", dataset, config, tmp_path).examples == dataset_examples(dataset)
    assert len(load_pool(None, dataset, config, tmp_path)) == 0
    demo = load_pool(None, load_dataset("demo"), config, tmp_path)
    assert len(demo) == 91
    assert not {example.question for example in demo.examples} & {
        question.question for question in load_dataset("demo").questions
    }


def test_hardness_of_spider_dev_agrees_with_the_published_counts(shared_data: Path) -> None:
    dev = load_dataset(shared_data / "spider_dev")
    levels = Counter(query_hardness(question.gold_sql).value for question in dev.questions)
    assert levels == {"easy": 248, "medium": 446, "hard": 174, "extra": 166}


def test_spider_dev_excludes_as_many_trivial_golds_as_its_own_flags(shared_data: Path) -> None:
    dev = load_dataset(shared_data / "spider_dev")
    rows = [json.loads(line) for line in (shared_data / "spider_dev" / "questions.jsonl").read_text().splitlines()]
    flagged = {row["id"] for row in rows if not row["non_empty"]}
    databases: dict[str, object] = {}
    excluded = set()
    for question in dev.questions:
        if question.database not in databases:
            databases[question.database] = open_database(question.database, Limits(max_rows=50_000))
        if hasattr(run_gold(question, databases[question.database]), "reason"):
            excluded.add(question.id)
    assert excluded == flagged


def test_a_killed_build_leaves_no_database_behind(tmp_path: Path) -> None:
    path = build_context_database(SCHEMA, tmp_path)
    path.with_suffix(".unfinished").write_bytes(path.read_bytes())
    path.unlink()
    assert build_context_database(SCHEMA, tmp_path) == path
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (2,)
    connection.close()
