"""What each repair is worth, measured with the bundled model on a database of its own."""

import json

import pytest
from llama_index.core.instrumentation import get_dispatcher

from coderag_app.events import is_heard
from coderag_app.settings import AppConfig
from finetune.evaluation.datasets import load_dataset
from finetune.evaluation.repair_worth import Trial, applied_repairs, read_trials, try_repairs, worth_table


def rows_of(table):
    return list(zip(*(column.cells for column in table.columns), strict=True))


def test_a_repair_wins_what_is_right_only_with_it():
    trials = [
        Trial("demo", "1", "", "SELECT 1", right=True),
        Trial("demo", "1", "fan_out", "SELECT 2", right=False),
        Trial("demo", "2", "", "SELECT 1", right=False),
        Trial("demo", "2", "fan_out", "SELECT 2", right=True),
        Trial("demo", "3", "", "SELECT 1", right=True),
        Trial("demo", "3", "fan_out", "SELECT 1", right=True),
        Trial("shop", "1", "", "SELECT 1", right=True),
    ]
    found = {(name, dataset): counts for name, dataset, *counts in rows_of(worth_table(trials))}
    assert found["fan_out", "demo"] == ["3", "2", "1", "1"]
    assert found["fan_out", "shop"] == ["1", "0", "0", "0"]
    assert found["units", "demo"] == ["3", "0", "0", "0"]


def test_a_line_that_a_kill_cut_short_is_left_out(tmp_path):
    path = tmp_path / "trials.jsonl"
    path.write_text(
        json.dumps({"dataset": "a", "question_id": "1", "repair": "", "sql": "", "right": False}) + '\n{"data'
    )
    assert read_trials(path) == [Trial("a", "1", "", "", right=False)]
    assert read_trials(tmp_path / "none.jsonl") == []


@pytest.mark.model
def test_a_question_is_asked_again_only_without_the_repairs_that_changed_it():
    questions = load_dataset("demo").questions[:12]
    found = list(try_repairs("demo", questions, AppConfig.load(llm="bundled", samples=0)))
    assert not is_heard()
    assert all(each[0].repair == "" and len({trial.question_id for trial in each}) == 1 for each in found)
    again = [trial for each in found for trial in each[1:]]
    assert 0 < len(again) < len(questions)
    assert any(trial.sql != each[0].sql for each in found for trial in each[1:])


def test_nobody_listens_after_the_block():
    with applied_repairs() as listener:
        assert is_heard() and listener in get_dispatcher().event_handlers
    assert not is_heard()
