"""Several processes that train one SQL model, started by torchrun as the Makefile does."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from coderag_app.errors import ConfigurationError
from finetune.sql_model.checkpoint import CHECKPOINT_FILE, load_checkpoint
from finetune.sql_model.model import PRESETS
from finetune.sql_model.pairs import DataFile, read_databases, read_rows, texts_of
from finetune.sql_model.tokenizer import TOKENIZER_FILE, train_tokenizer
from finetune.sql_model.trainer import TrainConfig, Trainer
from finetune.sql_model.training_loop import LOG_FILE
from finetune.sql_model.workers import Workers

SOLO_AND_PAIR = """
import torch
from finetune.sql_model.workers import Workers

workers = Workers.from_environment(torch.device("cpu"))
gradients = [torch.full((2, 3), float(workers.rank)), torch.full((4,), 10.0 * workers.rank)]
workers.average(gradients)
assert all((gradients[0] == 0.5).flatten()) and all(gradients[1] == 5.0), gradients
assert workers.any(workers.rank == 1, torch.device("cpu")) and not workers.any(False, torch.device("cpu"))
workers.wait()
print(f"rank {workers.rank} of {workers.count} takes {workers.share([0, 1, 2, 3, 4])}", flush=True)
workers.leave()
"""


@pytest.fixture(scope="module")
def data_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = random.Random(0)
    words = ["singer", "stadium", "country", "city", "year", "price", "club", "film"]
    rows = []
    for number in range(12):
        names = rng.sample(words, 4)
        schema = f"<schema> <t0> {names[0]} : " + " , ".join(f"<c{i}> {name}" for i, name in enumerate(names[1:]))
        pairs = [
            {"question": f"<q> the {names[i]} of <t0> {w}", "sql": f"<sql> select <c{i - 1}>"}
            for i in (1, 2, 3)
            for w in words
        ]
        rows.append({"db_id": f"db{number}", "schema": schema, "pairs": pairs})
    path = tmp_path_factory.mktemp("data") / "pairs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def torchrun(*arguments: str) -> str:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False, env=os.environ | {"OMP_NUM_THREADS": "1"}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_two_processes_average_their_gradients_and_stop_together(tmp_path: Path) -> None:
    script = tmp_path / "pair.py"
    script.write_text(SOLO_AND_PAIR, encoding="utf-8")
    said = torchrun(str(script))
    assert "rank 0 of 2 takes [0, 2, 4]" in said and "rank 1 of 2 takes [1, 3]" in said


def test_a_run_of_two_processes_leaves_one_log_and_goes_on(tmp_path: Path, data_file: Path) -> None:
    run = ["-m", "finetune.sql_model.train", "--data", str(data_file), "--out", str(tmp_path), "--preset", "tiny"]
    run += ["--window-tokens", "256", "--batch-windows", "4", "--vocab-size", "700", "--no-compile", "--threads", "1"]
    torchrun(*run, "--steps", "20")
    torchrun(*run, "--steps", "40")
    lines = [json.loads(line) for line in (tmp_path / LOG_FILE).read_text(encoding="utf-8").splitlines()]
    losses = {line["step"]: line["loss"] for line in lines if "loss" in line}
    assert list(losses) == [20, 40] and losses[40] < losses[20]
    assert load_checkpoint(tmp_path / CHECKPOINT_FILE).facts["progress"]["step"] == 40


def test_one_process_is_alone_without_torchrun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    workers = Workers.from_environment(torch.device("cpu"))
    gradient = torch.ones(3)
    workers.average([gradient])
    assert workers == Workers(0, 1) and workers.leads and gradient.tolist() == [1, 1, 1]
    assert workers.share([1, 2]) == [1, 2] and workers.any(True, torch.device("cpu"))


@pytest.mark.parametrize("config", [TrainConfig(minutes=1, batch_windows=2), TrainConfig(steps=5, batch_windows=1)])
def test_processes_need_steps_and_a_window_each(tmp_path: Path, data_file: Path, config: TrainConfig) -> None:
    tokenizer = train_tokenizer(texts_of(read_rows(data_file)), 700)
    tokenizer.save(str(tmp_path / TOKENIZER_FILE))
    databases = read_databases(DataFile(data_file), tokenizer)
    with pytest.raises(ConfigurationError, match="2 processes"):
        Trainer.from_seed(
            PRESETS["tiny"], config, databases, torch.device("cpu"), compiled=False, workers=Workers(1, 2)
        )
