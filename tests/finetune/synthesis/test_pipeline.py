"""The pipeline: every category by rules alone, the same rows for the same seed, and nothing lost to a kill."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from coderag_app.errors import ConfigurationError
from finetune.synthesis.dataset import synthesize_dataset
from finetune.synthesis.draft_checks import check_draft
from finetune.synthesis.drafts import Draft, DraftOrigin, DroppedError, SyntheticRow, content_hash
from finetune.synthesis.export import CSV_COLUMNS, read_rows
from finetune.synthesis.journal import JOURNAL_NAME, Entry, Journal
from finetune.synthesis.own_negatives import choose_negatives
from finetune.synthesis.pipeline import SynthesisPlan, synthesize
from finetune.synthesis.rule_maker import RuleMaker
from finetune.synthesis.tasks import CATEGORIES, find_tasks, load_tasks

ROOT = Path(__file__).parents[3]
COMMAND = [sys.executable, "-m", "finetune.synthesis", "--rules-only", "--limit", "60", "--databases", "6"]


@pytest.fixture(scope="module")
def maker():
    made = RuleMaker.create(seed=0, databases=6)
    yield made
    made.close()


@pytest.fixture(scope="module")
def rows(maker, tmp_path_factory):
    return synthesize(SynthesisPlan(188, load_tasks()), maker, tmp_path_factory.mktemp("rows")).rows


def journal_lines(folder):
    return (folder / JOURNAL_NAME).read_text(encoding="utf-8").splitlines()


def make_row(task="web_query", query="how to sort a list of words", pos="sorted(words)", source="python:a", **origin):
    category = next(known.category for known in load_tasks() if known.name == task)
    checks = ("readable", "equivalent")
    return SyntheticRow(
        category, task, "python", query, pos, "prompt", source, DraftOrigin("rule", "r", origin), checks,
        content_hash(task, query, pos),
    )  # fmt: skip


def test_every_task_is_covered_without_a_language_model(rows):
    assert {row.task for row in rows} == {task.name for task in load_tasks()}
    assert {row.category for row in rows} == set(CATEGORIES)


def test_every_row_says_how_it_was_made_and_what_it_passed(rows):
    tasks = {task.name: task for task in load_tasks()}
    for row in rows:
        assert row.origin.kind == "rule"
        assert row.origin.name
        assert set(tasks[row.task].checks) <= set(row.checks)
        assert row.prompt == tasks[row.task].instruction
        assert row.content_hash == content_hash(row.task, row.query, row.pos)
        assert row.language == "python" or row.language.startswith("sql")


def test_no_row_comes_twice(rows):
    assert len({row.content_hash for row in rows}) == len(rows)
    assert len({(row.task, row.query.lower()) for row in rows}) == len(rows)


def test_the_same_seed_gives_the_same_rows_and_another_seed_others(maker, rows, tmp_path):
    again = synthesize(SynthesisPlan(60, load_tasks()), maker, tmp_path / "a").rows
    assert [row.content_hash for row in again] == [row.content_hash for row in rows[:60]]
    other = synthesize(SynthesisPlan(60, load_tasks(), seed=1), maker, tmp_path / "b").rows
    assert {row.content_hash for row in other} != {row.content_hash for row in again}


def test_a_run_that_is_killed_goes_on_without_losing_or_repeating_an_item(tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    running = subprocess.Popen(
        [*COMMAND, "--output", str(killed)], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and running.poll() is None:
        if (killed / JOURNAL_NAME).exists() and len(journal_lines(killed)) > 12:
            break
        time.sleep(0.02)
    running.send_signal(signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL
    before = journal_lines(killed)
    assert not (killed / "rows.jsonl").exists()
    with (killed / JOURNAL_NAME).open("a", encoding="utf-8") as file:
        file.write('{"item": 9999, "task": "web_')  # a line that the kill cut off
    for folder in (killed, whole):
        subprocess.run(
            [*COMMAND, "--output", str(folder)], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, check=True
        )
    assert journal_lines(killed)[: len(before) - 1] == before[:-1]
    assert journal_lines(killed) == journal_lines(whole)
    items = [json.loads(line)["item"] for line in journal_lines(killed)[1:]]
    assert items == list(range(len(items)))
    assert (killed / "rows.jsonl").read_bytes() == (whole / "rows.jsonl").read_bytes()


def test_a_finished_run_can_be_extended(maker, tmp_path):
    synthesize(SynthesisPlan(10, load_tasks()), maker, tmp_path)
    progress = synthesize(SynthesisPlan(20, load_tasks()), maker, tmp_path)
    assert (progress.resumed_rows, len(progress.rows)) == (10, 20)


def test_a_folder_of_another_plan_is_refused_with_what_to_do(maker, tmp_path):
    synthesize(SynthesisPlan(2, load_tasks()), maker, tmp_path)
    with pytest.raises(ConfigurationError, match="seed: got 7, the folder has 0.*--restart"):
        synthesize(SynthesisPlan(2, load_tasks(), seed=7), maker, tmp_path)


def test_a_journal_keeps_rows_and_reasons(tmp_path):
    journal, entries = Journal.open(tmp_path, {"seed": 1})
    assert entries == []
    with journal:
        journal.append(Entry(0, "web_query", make_row()))
        journal.append(Entry(1, "web_query", None, "repeated"))
    _, entries = Journal.open(tmp_path, {"seed": 1})
    assert entries == [Entry(0, "web_query", make_row()), Entry(1, "web_query", None, "repeated")]


def test_a_task_that_yields_nothing_is_given_up(tmp_path):
    class Hopeless:
        kind = "rule"

        def describe(self):
            return {}

        def can_make(self, task):
            return True

        def make(self, task, rng):
            raise DroppedError("never works")

    progress = synthesize(SynthesisPlan(5, find_tasks(["summary"])), Hopeless(), tmp_path)
    assert not progress.rows
    assert progress.drops == {"never works": 80}


def draft(query="Count the words of a text in python", positive="def f(a):\n    return a", checks=("equivalent",)):
    return Draft(query, positive, "python", "python:x", "r", {}, checks)


@pytest.mark.parametrize(
    ("task", "given", "reason"),
    [
        ("web_query", draft("What does this function return?"), "does not stand alone"),
        ("web_query", draft(positive="def f(a) return a"), "does not parse"),
        ("web_query", draft("hi"), "too short"),
        ("web_query", draft(positive="x = 1\n" * 2000), "too long"),
        ("similar", draft("def f(a):\n    return a"), "query equals positive"),
        ("similar", draft("def g(b):\n    return b", checks=()), "not checked: equivalent"),
        ("modification", draft("Rename a to b."), "query holds no code"),
    ],
)
def test_a_draft_that_breaks_a_rule_is_dropped_with_the_reason(task, given, reason):
    with pytest.raises(DroppedError, match=reason):
        check_draft(find_tasks([task])[0], given)


def test_a_negative_is_the_most_similar_answer_of_another_source():
    rows = [
        make_row(query="sort words in python", pos="sorted(words, key=len)", source="python:a"),
        make_row(query="sort the words", pos="sorted(words, key=len)[:]", source="python:a"),
        make_row(query="sort names in python", pos="sorted(names, key=len)", source="python:b"),
        make_row(query="open a file in python", pos="open(path).read()", source="python:c"),
    ]
    assert choose_negatives(rows)[0] == "sorted(names, key=len)"


def test_sql_of_the_same_database_is_no_negative_without_its_rows():
    first = make_row("text_to_sql", "How many?", "SELECT COUNT(*) FROM t", "sql:db:SELECT COUNT(*) FROM t")
    second = make_row("text_to_sql", "How many rows?", "SELECT COUNT(1) FROM t", "sql:db:SELECT COUNT(1) FROM t")
    assert choose_negatives([first, second]) == ["", ""]


def test_every_row_gets_a_negative_that_is_not_its_answer(maker, rows):
    negatives = choose_negatives(rows, maker.sources.databases)
    assert sum(negative == "" for negative in negatives) < 0.1 * len(rows)
    assert all(row.pos != negative for row, negative in zip(rows, negatives, strict=True))


def test_the_files_hold_every_row_and_the_card_says_how_they_were_made(maker, tmp_path):
    files = synthesize_dataset(SynthesisPlan(47, load_tasks()), maker, tmp_path, maker.sources.databases)
    rows, negatives = read_rows(files.rows)
    assert len(rows) == len(negatives) == 47
    with files.csv.open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    assert tuple(table[0]) == CSV_COLUMNS
    assert [line["query"] for line in table] == [row.query for row in rows]
    card = files.card.read_text(encoding="utf-8")
    assert "47 synthetic pairs" in card
    assert "| code2code | integration | 1 |" in card
    assert "prompts' fingerprint" in card
    assert not list(tmp_path.glob("*.part"))


def test_the_command_reports_an_unknown_task_without_a_traceback(tmp_path):
    result = subprocess.run(
        [*COMMAND, "--task", "nonsense", "--output", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert "Got task nonsense" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_shipped_data_set_has_forty_rows_made_by_the_pipeline():
    with (ROOT / "finetune" / "CodeRAG_Dataset.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    assert len(table) == 40
    tasks = {task.name: task for task in load_tasks()}
    for line in table:
        assert line["category"] == tasks[line["task"]].category
        assert line["prompt"] == tasks[line["task"]].instruction
        assert line["query"]
        assert line["neg"] not in ("", line["pos"])
    assert [sum(line["category"] == name for line in table) for name in CATEGORIES] == [10, 10, 10, 10]
