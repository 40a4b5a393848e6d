"""Choosing how much of a training to ship, with a real encoder that differs from MiniLM."""

from pathlib import Path

import pytest
import torch
from sentence_transformers import SentenceTransformer
from typer.testing import CliRunner

from coderag_app.encoders.encoder_loading import minilm_folder, transformer_of
from finetune.encoder import choose_weight
from finetune.encoder.choose_weight import WeightScores, best_weight, score_weights
from finetune.encoder.scores import held_out_task
from finetune.encoder.training_rows import EncoderRow, write_rows
from finetune.evaluation.encoder_ranking import RankingTask

pytestmark = [pytest.mark.model, pytest.mark.slow]

ROWS = [
    EncoderRow("python reverse a text", "def turned(text):\n    return text[::-1]", group="python:text"),
    EncoderRow("how to add two numbers in python", "def add(a, b):\n    return a + b", group="python:sums"),
    EncoderRow("how many boats are there?", "SELECT count(*) FROM boats", group="boats"),
]


@pytest.fixture(scope="module")
def tasks() -> list[RankingTask]:
    return [held_out_task(ROWS)]


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory) -> Path:
    """MiniLM with noise of its weights' own size on them: as good as untrained."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("spoilt") / "encoder"
    model = SentenceTransformer(str(minilm_folder()[0]))
    for parameter in transformer_of(model).parameters():
        parameter.data += torch.randn_like(parameter) * parameter.detach().std().nan_to_num()
    model.save_pretrained(str(folder), create_model_card=False)
    return folder


def test_the_base_comes_first_and_a_spoilt_encoder_loses_as_more_of_it_is_added(spoilt, tasks):
    base, little, whole = score_weights(spoilt, tasks, (0.05, 1.0))
    assert (base.weight, little.weight, whole.weight) == (0.0, 0.05, 1.0)
    assert base.mean == little.mean == 1.0
    assert whole.mean < 1.0


def test_the_weights_of_a_run_do_not_add_up(spoilt, tasks):
    *_, whole, again = score_weights(spoilt, tasks, (1.0, 0.05))
    assert whole.mean < again.mean == 1.0


def test_the_best_weight_has_the_best_mean_over_tasks_and_is_never_the_base():
    found = [
        WeightScores(0.0, {"sql": 1.0, "python": 1.0}),
        WeightScores(0.35, {"sql": 0.7, "python": 0.9}),
        WeightScores(0.5, {"sql": 0.8, "python": 0.8}),
        WeightScores(1.0, {"sql": 0.9, "python": 0.5}),
    ]
    assert best_weight(found) == 0.35


def test_the_command_measures_spider_train_and_each_file_of_rows(spoilt, tasks, tmp_path, monkeypatch):
    import typer

    monkeypatch.setattr(choose_weight, "ablation_tasks", lambda _: tasks)  # the real one embeds 1,400 documents
    write_rows(ROWS[:2], tmp_path / "searches.jsonl")
    app = typer.Typer()
    app.command()(choose_weight.main)
    told = ["--rows", str(tmp_path / "searches.jsonl"), "--weight", "0.05"]
    found = CliRunner().invoke(app, [str(spoilt), *told])
    assert found.exit_code == 0, found.output
    assert "| weight | held-out (3) | searches (2) | mean |" in found.output
    assert "| 0.05 | 1.000 | 1.000 | 1.0000 |" in found.output
    assert "Best mean: 0.05" in found.output
    refused = CliRunner().invoke(app, [str(spoilt), *told, "--weight", "1.5"])
    assert "expected numbers above 0" in str(refused.exception)
