"""Train SmolLM2 to write SQL without joins: ``python -m finetune.sql_model.pretrained.tune --out DIR --steps 2400``.

The run's folder holds ``checkpoint.safetensors`` and ``log.jsonl``. The same command again goes on where the last
checkpoint was made; with ``--steps``, on one CPU thread and not compiled, the result is bit for bit that of an
uninterrupted run. The same command runs on a CPU and on CUDA.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import torch
import typer

from coderag_app.errors import CodeRAGError, ConfigurationError
from coderag_app.llm.base_model import SMOLLM2_SHA256, smollm2_file
from finetune.sql_model.checkpoint import CHECKPOINT_FILE, load_checkpoint, save_checkpoint
from finetune.sql_model.pretrained.adapter_file import read_adapter
from finetune.sql_model.pretrained.asked_databases import read_rows_of
from finetune.sql_model.pretrained.block_windows import BlockWindow, WindowSource, tokenized
from finetune.sql_model.pretrained.gather import LEFT_OUT_FILE, TRAINING_FILE
from finetune.sql_model.pretrained.tuning import Tuner, TuningConfig, load_base, with_adapter
from finetune.sql_model.training_loop import LOG_FILE, StopRequest

_LENGTHS = {"steps", "minutes"}  # a schedule may be made longer

logger = logging.getLogger(__name__)
app = typer.Typer(add_completion=False)


class TuningRun:
    """The loop around a tuner: log, scores, checkpoints, and a stop at a time or on a signal."""

    def __init__(self, tuner: Tuner, left_out: list[BlockWindow], out: Path, facts: dict[str, Any]) -> None:
        self.tuner = tuner
        self.left_out = left_out
        self.out = out
        self.facts = facts
        self.stop = StopRequest()

    def train(self, *, ends_at: datetime | None, score_every: int, save_minutes: float, workers: int = 0) -> None:
        """Train until the schedule or the time ends, and leave a checkpoint.

        Args:
            workers: Processes that draw windows ahead of a fast device; 0 draws them in this one.
            ends_at: When to stop; None for the schedule's end.
            score_every: Steps between two scores of the left-out databases.
            save_minutes: Minutes between two checkpoints.
        """
        tuner, saved = self.tuner, time.monotonic()
        losses: list[float] = []
        tokens = questions = 0
        began = time.monotonic()
        for windows in tuner.coming_windows(workers):
            losses.append(tuner.train_step(windows))
            tuner.elapsed_s += time.monotonic() - began
            began = time.monotonic()
            tokens += sum(window.used_tokens for window in windows)
            questions += sum(window.questions for window in windows)
            if tuner.step % 10 == 0:
                self._log(loss=round(sum(losses) / len(losses), 4), tokens=tokens, questions=questions)
                losses, tokens, questions = [], 0, 0
            if tuner.step % score_every == 0:
                self._log(left_out_loss=round(tuner.score(self.left_out), 4))
            if time.monotonic() - saved > 60 * save_minutes:
                self.save()
                saved = time.monotonic()
            if tuner.finished_share >= 1.0 or self.stop.wanted or _is_over(ends_at):
                break
        self.save()
        self._log(left_out_loss=round(tuner.score(self.left_out), 4), ended=True)

    def save(self) -> None:
        """Write the checkpoint."""
        save_checkpoint(self.out / CHECKPOINT_FILE, self.tuner.checkpoint(self.facts))
        logger.info("saved at step %d", self.tuner.step)

    def _log(self, **facts: Any) -> None:
        tuner = self.tuner
        line = {"step": tuner.step, "elapsed_s": round(tuner.elapsed_s), "lr": round(tuner.learning_rate(), 7), **facts}
        with (self.out / LOG_FILE).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        logger.info("%s", line)


def _is_over(ends_at: datetime | None) -> bool:
    return ends_at is not None and datetime.now(UTC) >= ends_at


def end_of_part(until: str, for_minutes: float | None) -> datetime | None:
    """When this part of the run ends: ``HH:MM`` of UTC, the next time that it is so late, or after some minutes.

    Raises:
        ConfigurationError: The time is not a time.
    """
    now = datetime.now(UTC)
    if for_minutes is not None:
        return now + timedelta(minutes=for_minutes)
    if not until:
        return None
    try:
        hour, minute = map(int, until.split(":"))
        ends = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    except ValueError as error:
        raise ConfigurationError(f"Got --until {until!r}, expected a time of UTC such as 22:40.") from error
    return ends if ends > now else ends + timedelta(days=1)


def prepared_run(
    data: Path, out: Path, config: TuningConfig, *, base: str, init: Path | None, device: str, at_once: int, scored: int
) -> TuningRun:
    """Load the base and the data, and go on from the checkpoint in ``out`` if there is one.

    Raises:
        ConfigurationError: The checkpoint was made with other settings or data, or there is no data.
        ModelError: The base is missing.
    """
    out.mkdir(parents=True, exist_ok=True)
    chosen = torch.device(device if device != "auto" else "cuda" if torch.cuda.is_available() else "cpu")
    model, tokenizer = load_base(smollm2_file(base)[0])
    newline = tokenizer("\n", add_special_tokens=False)["input_ids"]
    rows = tokenized(read_rows_of([data / TRAINING_FILE]), tokenizer)
    logger.info("questions: %s", {source: sum(len(r.questions) for r in group) for source, group in rows.items()})
    source = WindowSource(rows, config.window_tokens, config.seed, newline)
    aside = tokenized(read_rows_of([data / LEFT_OUT_FILE]), tokenizer)
    left_out = list(WindowSource(aside, config.window_tokens, 0, newline).each_question_once())[:: max(1, scored)]
    tuner = Tuner(with_adapter(model, config.lora_rank), config, source, chosen, at_once)
    digest = hashlib.sha256((data / TRAINING_FILE).read_bytes()).hexdigest()
    facts = {"data": {"sha256": digest}, "base": {"sha256": SMOLLM2_SHA256}}
    if (out / CHECKPOINT_FILE).is_file():
        checkpoint = load_checkpoint(out / CHECKPOINT_FILE)
        _check_same(checkpoint.facts, {"train": dataclasses.asdict(config), **facts})
        tuner.restore(checkpoint)
        logger.info("going on at step %d", tuner.step)
    elif init is not None:
        tuner.load_weights(initial_weights(init, tuner))
    return TuningRun(tuner, left_out, out, facts)


def initial_weights(init: Path, tuner: Tuner) -> dict[str, torch.Tensor]:
    """The trained weights of another run's folder, or of an adapter's file."""
    if init.suffix == ".gguf":
        return read_adapter(init, tuner.trained_names())
    return load_checkpoint(init / CHECKPOINT_FILE).part("model")


def _check_same(found: dict[str, Any], wanted: dict[str, dict[str, Any]]) -> None:
    for part, settings in wanted.items():
        for name, value in settings.items():
            before = found.get(part, {}).get(name)
            if name not in _LENGTHS and before != value:
                raise ConfigurationError(
                    f"The checkpoint was made with {part} {name} = {before}, this run has {value}. "
                    "Give the same options, or another --out; --init takes only the weights."
                )


@app.command()
def main(
    out: Annotated[Path, typer.Option(help="Folder of the run, for instance runs/sql_model_135m.")],
    data: Annotated[Path | None, typer.Option(help="Folder that gather wrote; OUT/data by default.")] = None,
    steps: Annotated[int | None, typer.Option(help="Length of the schedule in steps.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Length of the schedule in minutes, over all parts.")] = None,
    until: Annotated[str, typer.Option(help="Stop this part at HH:MM of UTC; the same command goes on.")] = "",
    for_minutes: Annotated[float | None, typer.Option(help="Stop this part after so many minutes.")] = None,
    windows: Annotated[int, typer.Option(help="Windows in a step.")] = 4,
    at_once: Annotated[int, typer.Option(help="Windows computed together.")] = 1,
    window_tokens: Annotated[int, typer.Option(help="Length of a window.")] = 640,
    peak_lr: Annotated[float, typer.Option(help="Highest learning rate.")] = 4e-4,
    warmup_steps: Annotated[int, typer.Option(help="Steps over which it rises.")] = 40,
    lora_rank: Annotated[int, typer.Option(help="Train an adapter of this rank; 0 trains all weights.")] = 0,
    seed: Annotated[int, typer.Option(help="Decides which windows are drawn.")] = 0,
    base: Annotated[str, typer.Option(help="GGUF file of the base, or auto.")] = "auto",
    init: Annotated[Path | None, typer.Option(help="Run, or adapter.gguf, whose weights to start from.")] = None,
    score_every: Annotated[int, typer.Option(help="Steps between two scores of left-out databases.")] = 50,
    scored: Annotated[int, typer.Option(help="Score every n-th window of the left-out databases.")] = 4,
    save_minutes: Annotated[float, typer.Option(help="Minutes between two checkpoints.")] = 10.0,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    workers: Annotated[int, typer.Option(help="Processes that draw windows ahead of a fast device.")] = 0,
    threads: Annotated[int, typer.Option(help="CPU threads; 0 for torch's default.")] = 0,
    compiled: Annotated[bool, typer.Option("--compile/--no-compile", help="Compile the layers.")] = True,
    bfloat16: Annotated[bool, typer.Option("--bf16/--fp32", help="Precision of the forward pass.")] = True,
) -> None:
    """Train the pretrained SQL model, or go on with a run that was stopped."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    if threads:
        torch.set_num_threads(threads)
    try:
        config = TuningConfig(steps, minutes, windows, window_tokens, peak_lr, warmup_steps,
                              lora_rank=lora_rank, seed=seed, bfloat16=bfloat16)  # fmt: skip
        ends_at = end_of_part(until, for_minutes)
        run = prepared_run(
            data or out / "data", out, config, base=base, init=init, device=device, at_once=at_once, scored=scored
        )
    except CodeRAGError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    if compiled:
        run.tuner.compile_layers()
    run.stop.listen()
    run.train(ends_at=ends_at, score_every=score_every, save_minutes=save_minutes, workers=workers)


if __name__ == "__main__":
    app()
