"""Conversations asked with their own history and with the gold's, scored turn by turn."""

import json

import pytest
from evaluation_shop import build_shop, engine_opener_with

from coderag_app.errors import ConfigurationError
from coderag_app.settings import AppConfig
from finetune.evaluation import conversations
from finetune.evaluation.conversations import evaluate_conversations, read_asked
from finetune.evaluation.run_directory import RunDirectory

pytest_plugins = ["cli_runner"]
BY_COUNTRY = "SELECT country, count(*) FROM customer GROUP BY country"
TALKS = [
    [
        ("How many customers are there?", "SELECT count(*) FROM customer"),
        ("only in France", "SELECT count(*) FROM customer WHERE country = 'France'"),
        ("only in Peru", "SELECT count(*) FROM customer WHERE country = 'Peru'"),  # a lone 0: asked, not scored
    ],
    [("Name customers.", "SELECT name FROM customer"), ("What did each spend?", "SELECT sum(amount) FROM purchase")],
    [("Customers by country", BY_COUNTRY), ("only in Spain", f"{BY_COUNTRY} HAVING country = 'Spain'")],
]  # fmt: skip
REPLIES = {  # the second talk begins with a wrong reply, the third with none
    "How many customers are there?": "SELECT count(*) FROM customer",
    "Name customers.": "SELECT country FROM customer",
    "What did each spend?": "SELECT sum(amount) FROM purchase",
}


@pytest.fixture
def folder(tmp_path):
    build_shop(tmp_path / "databases")
    lines = []
    for number, talk in enumerate(TALKS):
        turns = [{"question": question, "sql": sql} for question, sql in talk]
        lines.append(json.dumps({"id": f"talk-{number}", "db_id": "shop", "turns": turns}))
    (tmp_path / "talks.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


def measure(folder, opened=None, **settings):
    opener = engine_opener_with({question: (sql, sql) for question, sql in REPLIES.items()}, opened)
    config = AppConfig(storage_dir=folder / "none")
    return evaluate_conversations(
        folder / "talks.jsonl", folder / "databases", folder / "run", config, open_engine=opener, **settings
    )


def rows_of(table):
    return [dict(zip(table.header, row, strict=True)) for row in table.rows]


def asked_turns(folder, history, talk):
    (found,) = (one for one in read_asked(RunDirectory(folder / "run")) if one.key == (history, f"talk-{talk}"))
    return found.turns


def test_each_turn_is_scored_and_counted_by_its_way(folder):
    overall, by_turn, by_way = map(rows_of, measure(folder))
    own, gold = overall
    assert (own["history"], own["turns"], own["conversations"]) == ("own", "6", "3")
    assert own["right (95% interval)"].startswith("50.0 (") and own["whole (95% interval)"].startswith("33.3 (")
    assert gold["right (95% interval)"].startswith("66.7 (")  # the edit of the gold query is right
    assert [(row["turn"], row["turns"]) for row in by_turn if row["history"] == "own"] == [("1", "3"), ("2", "3")]
    ways = {(row["history"], row["way"]): row["turns"] for row in by_way}
    assert ways["own", "edit of the query before"] == "1" and ways["gold", "edit of the query before"] == "2"


def test_gold_history_follows_the_right_queries_and_own_history_the_answers(folder):
    measure(folder)
    assert [turn.right for turn in asked_turns(folder, "own", 0)] == [True, True, None]
    assert [turn.after_right for turn in asked_turns(folder, "own", 1)] == [None, False]
    assert [turn.right for turn in asked_turns(folder, "own", 2)] == [False, False]
    assert [turn.right for turn in asked_turns(folder, "gold", 2)] == [False, True]
    assert "Spain" in asked_turns(folder, "gold", 2)[1].sql


def test_a_stopped_run_goes_on_and_asks_nothing_twice(folder, monkeypatch):
    first = measure(folder)
    path = folder / "run" / "predictions.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:4]) + lines[4][:30])  # killed while it wrote the fifth
    counted = []
    ask = conversations.ask_conversation
    monkeypatch.setattr(conversations, "ask_conversation", lambda *given: counted.append(given[2].id) or ask(*given))
    again = measure(folder)
    assert counted == ["talk-2", "talk-2"]
    assert [table.rows for table in again] == [table.rows for table in first]


def test_what_cannot_be_read_is_said(folder):
    (folder / "talks.jsonl").write_text('{"id": "a", "db_id": "shop"}\n')
    with pytest.raises(ConfigurationError, match="line 1 is no conversation"):
        measure(folder)
    (folder / "talks.jsonl").write_text('{"id": "a", "db_id": "mall", "turns": []}\n')
    with pytest.raises(ConfigurationError, match=r"there is no .*mall\.sqlite"):
        measure(folder)


def test_the_command_names_the_file_that_is_missing(folder, coderag):
    result = coderag("evaluate", "--conversations", folder / "no.jsonl")
    assert result.code == 2 and "no.jsonl cannot be read" in result.err
