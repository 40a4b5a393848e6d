"""The ablation of the encoder's training: what each arm is trained on, real trainings of a step, and the table."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from coderag_app.errors import ConfigurationError
from finetune.encoder import ablate as ablate_encoder
from finetune.encoder.ablate import AblationPlan, ablate, ablation_tasks
from finetune.encoder.ablation_arms import ALL, ARMS, MIXTURE, SQL, AblationArm, counts_of, draw_rows, find_arms
from finetune.encoder.ablation_table import ArmScores, ablation_table
from finetune.encoder.near_miss_rows import EncoderDataPlan, synthetic_rows
from finetune.encoder.training_rows import EncoderRow, read_rows, write_rows

pytestmark = [pytest.mark.model, pytest.mark.slow]

PYTHON = ("text2code", "code2text", "code2code", "hybrid")


def python_rows(count: int) -> list[EncoderRow]:
    return [
        EncoderRow(f"{part} query {i}", f"def {part}_{i}(): return {i}", (f"def {part}_{i}(): pass",), part, "task")
        for part in PYTHON
        for i in range(count)
    ]


def sql_rows(count: int) -> list[EncoderRow]:
    return [EncoderRow(f"How many {i}?", f"SELECT {i}", ("SELECT 0",), "text2code", SQL) for i in range(count)]


ROWS = [*sql_rows(200), *python_rows(100)]


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def benchmarks(tmp_path_factory) -> Path:
    """Four tiny databases in Spider's layout and a few functions."""
    root = tmp_path_factory.mktemp("benchmarks")
    (root / "spider_train/databases").mkdir(parents=True)
    (root / "code_search").mkdir()
    questions = []
    for name in ("boat", "choir", "farm", "museum"):
        with closing(sqlite3.connect(root / f"spider_train/databases/{name}.sqlite")) as connection:
            connection.executescript(f"CREATE TABLE {name}s (id INTEGER PRIMARY KEY, name TEXT, age INTEGER);")
        asked = {f"How many {name}s are there?": "count(*)", f"Names of the {name}s?": "name"}
        questions += [
            {"db_id": name, "question": question, "sql": f"SELECT {what} FROM {name}s"}
            for question, what in asked.items()
        ]
    (root / "spider_train/questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in questions))
    for file in ("mbpp", "humaneval"):
        rows = [
            {"id": "1", "query": "add two numbers", "code": "def add(a, b):\n    return a + b"},
            {"id": "2", "query": "reverse a text", "code": "def turned(text):\n    return text[::-1]"},
        ]
        (root / f"code_search/{file}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return root


@pytest.fixture(scope="module")
def rows_file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    made = list(synthetic_rows(EncoderDataPlan(databases=3, pairs=8, negatives=1, seed=3)))
    write_rows([*made, *python_rows(6)], path)
    return path


def small_plan(rows_file: Path, benchmarks: Path, out: Path) -> AblationPlan:
    return AblationPlan(
        (rows_file,), out, benchmarks, steps=1, batch_size=8, learning_rate=1e-3, max_seq_length=32, threads=1
    )


@pytest.fixture(scope="module")
def study(rows_file, benchmarks, tmp_path_factory):
    """The base and two arms of one step, for real."""
    plan = small_plan(rows_file, benchmarks, tmp_path_factory.mktemp("study"))
    return plan, list(ablate(plan, find_arms(["without hybrid"])))


def test_the_whole_mixture_holds_all_categories_in_its_shares():
    counts = counts_of(draw_rows(ROWS, ALL, 200))
    assert counts == {part: round(share * 200) for part, share in MIXTURE.items()}
    assert sum(MIXTURE.values()) == pytest.approx(1.0)


@pytest.mark.parametrize("arm", ARMS, ids=lambda arm: arm.name)
def test_an_arm_has_as_many_rows_as_the_others_and_none_of_what_it_leaves_out(arm):
    counts = counts_of(draw_rows(ROWS, arm, 160))
    assert sum(counts.values()) == 160
    assert counts.keys() == MIXTURE.keys() - set(arm.without)


def test_a_category_is_left_out_by_the_arm_of_its_name():
    arms = {arm.name: arm for arm in ARMS}
    for category in PYTHON:
        drawn = draw_rows(ROWS, arms[f"without {category}"], 100)
        assert category not in {row.category for row in drawn}
    assert arms["no hard negatives"].negatives == 0
    assert arms["no neighbours"].neighbours == 0


def test_the_other_parts_give_the_same_rows_first_whatever_is_left_out():
    whole = [row for row in draw_rows(ROWS, ALL, 200) if row.category == "code2text"]
    fewer = [row for row in draw_rows(ROWS, AblationArm("x", without=("hybrid",)), 200) if row.category == "code2text"]
    assert len(fewer) > len(whole)
    assert fewer[: len(whole)] == whole
    assert draw_rows(ROWS, ALL, 200, seed=1) != draw_rows(ROWS, ALL, 200, seed=0)


def test_rows_that_stand_together_in_the_file_are_drawn_together():
    drawn = [int(row.positive.split()[1]) for row in draw_rows(ROWS, ALL, 160) if row.task == SQL]
    assert sum(second - first == 1 for first, second in zip(drawn, drawn[1:], strict=False)) > 0.9 * len(drawn)


def test_a_part_with_too_few_rows_gives_them_again_and_one_without_rows_is_refused():
    few = [*sql_rows(50), *python_rows(3), *python_rows(3)]
    drawn = draw_rows(few, ALL, 100)
    assert counts_of(drawn)["hybrid"] == 15
    assert len({row.anchor for row in drawn if row.category == "hybrid"}) == 3
    with pytest.raises(ConfigurationError, match="got none of code2text, code2code, hybrid"):
        draw_rows([row for row in few if row.category == "text2code"], ALL, 100)


def test_an_arm_that_does_not_exist_is_refused_and_all_is_always_there():
    assert [arm.name for arm in find_arms(["no neighbours"])] == ["all", "no neighbours"]
    assert find_arms([]) == ARMS
    with pytest.raises(ConfigurationError, match="no hard negatives"):
        find_arms(["nothing"])


def test_arms_are_measured_on_every_third_database_and_on_python(benchmarks, tmp_path):
    tasks = ablation_tasks(benchmarks)
    assert [task.name for task in tasks] == ["spider_train", "mbpp", "humaneval"]
    assert sorted({query.split()[-1] for query in tasks[0].queries}) == ["boats?", "museums?", "there?"]
    assert len(tasks[0].queries) == 4
    with pytest.raises(ConfigurationError, match="spider_train"):
        ablation_tasks(tmp_path)


def test_every_arm_takes_equal_steps_and_differs_from_the_base(study):
    _, scores = study
    assert [(result.arm, result.steps) for result in scores] == [
        ("all-MiniLM-L6-v2", 0),
        ("all", 1),
        ("without hybrid", 1),
    ]
    assert [{task: len(right) for task, right in result.first_right.items()} for result in scores] == [
        {"spider_train": 4, "mbpp": 2, "humaneval": 2}
    ] * 3
    assert "hybrid" not in scores[2].rows


def test_what_is_done_is_not_done_again_unless_the_training_differs(study, monkeypatch):
    plan, scores = study

    def refuse(_):
        raise AssertionError("trained again")

    monkeypatch.setattr(ablate_encoder, "train_encoder", refuse)
    assert list(ablate(plan, find_arms(["without hybrid"]))) == scores
    with pytest.raises(AssertionError, match="trained again"):
        list(ablate(replace(plan, learning_rate=2e-3), [ALL]))


def test_the_rows_and_the_encoder_of_an_arm_stay_and_its_checkpoints_go(study):
    plan, scores = study
    folder = plan.out / "without-hybrid"
    assert len(read_rows([folder / "rows.jsonl"])) == sum(scores[2].rows.values()) == 8
    assert (folder / "encoder/README.md").is_file()
    assert not list(folder.glob("*checkpoints"))


def test_the_command_prints_and_writes_the_table(study, rows_file, benchmarks):
    import typer

    plan, _ = study
    app = typer.Typer()
    app.command()(ablate_encoder.main)
    options = ["--steps", "1", "--batch-size", "8", "--learning-rate", "1e-3", "--max-seq-length", "32"]
    told = ["--out", str(plan.out), "--benchmarks", str(benchmarks), "--arm", "without hybrid", "--threads", "1"]
    found = CliRunner().invoke(app, [str(rows_file), *told, *options])
    assert found.exit_code == 0, found.output
    table = (plan.out / ablate_encoder.TABLE_FILE).read_text(encoding="utf-8")
    assert table.strip() in found.output
    assert [line.split("|")[1].strip() for line in table.splitlines()[2:]] == [
        "all-MiniLM-L6-v2",
        "all",
        "without hybrid",
    ]


def scores_of(arm: str, right: list[bool]) -> ArmScores:
    return ArmScores(arm, 40, 1.0, {}, 0, {"mbpp": right}, {"mbpp": 0.5})


def test_the_table_gives_paired_differences_and_marks_those_beyond_chance():
    whole = scores_of("all", [True] * 60 + [False] * 40)
    worse = scores_of("no hard negatives", [True] * 30 + [False] * 70)
    same = scores_of("without hybrid", [True] * 59 + [False] * 41)
    lines = ablation_table([whole, worse, same], "all").splitlines()
    assert "mbpp (100) R@1" in lines[0]
    assert lines[2].startswith("| all | 40 | 0.600 (")
    assert lines[2].endswith("|  |")
    assert "-30.0 (-39.0 to -21.0)*" in lines[3]
    assert "-1.0 (" in lines[4]
    assert "*" not in lines[4]
