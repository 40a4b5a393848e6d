"""Train the SQL model: ``python -m finetune.sql_model.train --data FILE --out DIR --preset small --minutes 60``.

The run directory holds ``tokenizer.json``, ``checkpoint.safetensors`` and ``log.jsonl``. The same command again goes on
where the checkpoint was made; with ``--steps``, on one CPU thread and not compiled, the result is bit for bit that of
an uninterrupted run. Behind ``torchrun --standalone --nproc-per-node 2 -m`` two processes share every step.
"""

import dataclasses
import hashlib
import logging
import shutil
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from rich.console import Console
from rich.logging import RichHandler
from tokenizers import Tokenizer

from coderag_app.errors import CodeRAGError, ConfigurationError
from finetune.sql_model.checkpoint import CHECKPOINT_FILE, Checkpoint, load_checkpoint
from finetune.sql_model.held_out_scores import held_out_batches
from finetune.sql_model.model import PRESETS, ModelConfig
from finetune.sql_model.packing import pairs_too_long
from finetune.sql_model.pairs import DataFile, TokenizedDatabase, read_databases, read_rows, split_held_out, texts_of
from finetune.sql_model.tokenizer import TOKENIZER_FILE, load_tokenizer, train_tokenizer
from finetune.sql_model.trainer import TrainConfig, Trainer
from finetune.sql_model.training_loop import Cadence, Run, StopRequest, keep_freed_memory
from finetune.sql_model.workers import Workers

_LENGTHS = {"steps", "minutes"}

logger = logging.getLogger(__name__)
app = typer.Typer(add_completion=False)


def prepare_tokenizer(
    files: list[DataFile], out: Path, vocab_size: int, init: Path | None, workers: Workers
) -> Tokenizer:
    """Load the run's tokenizer; at first take it from the run in ``init`` or train it on the data."""
    path = out / TOKENIZER_FILE
    if workers.leads and not path.is_file():
        out.mkdir(parents=True, exist_ok=True)
        if init is not None:
            shutil.copyfile(init / TOKENIZER_FILE, path)
        else:
            texts = (text for file in files for text in texts_of(read_rows(file.path)))
            train_tokenizer(texts, vocab_size).save(str(path))
    workers.wait()
    return load_tokenizer(path)


def load_data(
    files: list[DataFile], tokenizer: Tokenizer, held_out: int, window_tokens: int
) -> tuple[list[TokenizedDatabase], list[TokenizedDatabase]]:
    """Read the files and set the held-out databases aside, saying how much was read and what does not fit."""
    databases = [database for file in files for database in read_databases(file, tokenizer)]
    training, aside = split_held_out(databases, held_out)
    pairs, too_long = sum(len(d.lengths) for d in databases), pairs_too_long(databases, window_tokens)
    logger.info(
        "%d databases with %d pairs; %d held out; %d pairs too long", len(databases), pairs, len(aside), too_long
    )
    return training, aside


def describe_data(files: list[DataFile], held_out: int) -> dict[str, Any]:
    """What decides the data of a run, for its checkpoint."""
    digests = [[hashlib.sha256(file.path.read_bytes()).hexdigest(), file.times] for file in files]
    return {"files": digests, "held_out": held_out}


def start_or_resume(
    model: ModelConfig,
    config: TrainConfig,
    training: list[TokenizedDatabase],
    *,
    out: Path,
    facts: dict[str, Any],
    init: Path | None,
    device: torch.device,
    compiled: bool,
    workers: Workers = Workers(),  # noqa: B008 - immutable
) -> Trainer:
    """Make the trainer: as the checkpoint in ``out`` says, or with weights of ``init``, or with new weights.

    Raises:
        ConfigurationError: If the checkpoint was made with another model, data or settings (the length may differ).
    """
    trainer = Trainer.from_seed(model, config, training, device, compiled=compiled, workers=workers)
    if (out / CHECKPOINT_FILE).is_file():
        checkpoint = load_checkpoint(out / CHECKPOINT_FILE)
        _check_same(checkpoint, dataclasses.asdict(model), dataclasses.asdict(config), facts)
        trainer.restore(checkpoint)
        logger.info("going on at step %d", trainer.progress.step)
    elif init is not None:
        trainer.load_weights(load_checkpoint(init / CHECKPOINT_FILE).part("ema"))
    return trainer


def _check_same(checkpoint: Checkpoint, model: dict[str, Any], train: dict[str, Any], facts: dict[str, Any]) -> None:
    wanted = {"model": model, "train": train} | facts
    for part, expected in wanted.items():
        found = checkpoint.facts.get(part, {})
        for key, value in expected.items():
            if key not in _LENGTHS and found.get(key) != value:
                raise ConfigurationError(
                    f"The checkpoint was made with {part} {key} = {found.get(key)}, this run has {value}. "
                    "Give the same options, or another --out."
                )


def _pick_device(name: str) -> torch.device:
    if name != "auto":
        return torch.device(name)
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@app.command()
def main(
    data: Annotated[list[str], typer.Option(help="Training file, FILE or FILE@TIMES; may be repeated.")],
    out: Annotated[Path, typer.Option(help="Run directory, for instance runs/sql_model/NAME.")],
    preset: Annotated[str, typer.Option(help=f"Size of the model: {', '.join(PRESETS)}.")] = "small",
    minutes: Annotated[float | None, typer.Option(help="Length of the run; the schedule follows the clock.")] = None,
    steps: Annotated[int | None, typer.Option(help="Length of the run in steps.")] = None,
    window_tokens: Annotated[int, typer.Option(help="Length of a training window.")] = 1536,
    batch_windows: Annotated[int, typer.Option(help="Windows in a step.")] = 5,
    warmup_steps: Annotated[int, typer.Option(help="Steps over which the learning rate rises.")] = 100,
    matrix_lr: Annotated[float, typer.Option(help="Peak learning rate of Muon (matrices).")] = 0.02,
    embedding_lr: Annotated[float, typer.Option(help="Peak learning rate of AdamW (embedding, norms).")] = 0.004,
    ema_decay: Annotated[float, typer.Option(help="Decay of the average of the weights.")] = 0.998,
    seed: Annotated[int, typer.Option(help="Seed of the weights and of the order of the data.")] = 0,
    vocab_size: Annotated[int, typer.Option(help="Size of a newly trained tokenizer.")] = 4096,
    held_out: Annotated[int, typer.Option(help="Databases set aside for the scores.")] = 4,
    held_out_windows: Annotated[int, typer.Option(help="Windows of them that are scored.")] = 48,
    every: Annotated[int, typer.Option(help="Steps between two scores and checkpoints.")] = 250,
    init: Annotated[Path | None, typer.Option(help="Run directory whose averaged weights to start from.")] = None,
    threads: Annotated[int, typer.Option(help="CPU threads, 0 for torch's default.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    compiled: Annotated[bool, typer.Option("--compile/--no-compile", help="Compile the blocks.")] = True,
    bfloat16: Annotated[bool, typer.Option("--bf16/--fp32", help="Precision of the forward pass.")] = True,
) -> None:
    """Train the SQL model, or go on with a run that was stopped."""
    console = Console()
    chosen = _pick_device(device)
    workers = Workers.from_environment(chosen)
    logging.basicConfig(
        level=logging.INFO if workers.leads else logging.ERROR,
        format="%(message)s",
        handlers=[RichHandler(console=console)],
    )
    keep_freed_memory()
    if threads:
        torch.set_num_threads(threads)
    try:
        config = TrainConfig(window_tokens, batch_windows, steps, minutes, warmup_steps, matrix_lr, embedding_lr,
                             ema_decay=ema_decay, seed=seed, bfloat16=bfloat16)  # fmt: skip
        files = [DataFile.from_text(text) for text in data]
        tokenizer = prepare_tokenizer(files, out, vocab_size, init, workers)
        training, aside = load_data(files, tokenizer, held_out, window_tokens)
        model = dataclasses.replace(PRESETS[preset], vocab_size=tokenizer.get_vocab_size())
        facts = {"data": describe_data(files, held_out)}
        trainer = start_or_resume(
            model, config, training,
            out=out, facts=facts, init=init, device=chosen, compiled=compiled, workers=workers,
        )  # fmt: skip
    except CodeRAGError as error:
        console.print(f"[red]{error}[/red]")
        raise typer.Exit(1) from error
    logger.info("%s: %d parameters on %s", preset, trainer.model.parameter_count, trainer.device)
    stop = StopRequest()
    stop.listen()
    batches = held_out_batches(aside, window_tokens, batch_windows, held_out_windows)
    Run(trainer, batches, out, facts).train(Cadence(evaluate_every=every, save_every=every), stop, console)
    workers.leave()


if __name__ == "__main__":
    app()
