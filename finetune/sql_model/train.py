"""Train the SQL model: ``python -m finetune.sql_model.train --data FILE --out DIR --preset small --minutes 60``.

The run directory holds ``tokenizer.json``, ``checkpoint.safetensors`` and ``log.jsonl``. The same command again goes on where the
checkpoint was made; with ``--steps``, on the CPU and not compiled, the result is bit for bit that of an uninterrupted run.
"""

import dataclasses
import json
import logging
import signal
import time
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from rich.console import Console
from rich.logging import RichHandler
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from tokenizers import Tokenizer

from coderag_app.errors import CodeRAGError, ConfigurationError
from finetune.sql_model.checkpoint import CHECKPOINT_FILE, load_checkpoint, save_checkpoint
from finetune.sql_model.evaluate import held_out_batches, score
from finetune.sql_model.model import PRESETS
from finetune.sql_model.packing import Batch, pairs_too_long
from finetune.sql_model.pairs import DataFile, TokenizedDatabase, read_databases, read_rows, split_held_out, texts_of
from finetune.sql_model.tokenizer import TOKENIZER_FILE, load_tokenizer, train_tokenizer
from finetune.sql_model.trainer import TrainConfig, Trainer

logger = logging.getLogger(__name__)
app = typer.Typer(add_completion=False)
LOG_FILE = "log.jsonl"


@dataclasses.dataclass(frozen=True)
class Cadence:
    """How often a run reports, in steps, and how many held-out windows it scores."""

    log_every: int = 20
    evaluate_every: int = 250
    save_every: int = 250
    held_out_windows: int = 48


class StopRequest:
    """Turns SIGTERM and SIGINT into a flag that the loop reads between two steps."""

    def __init__(self) -> None:
        self.wanted = False

    def listen(self) -> None:
        """Install the signal handlers."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._remember)

    def _remember(self, *_: object) -> None:
        self.wanted = True


class Run:
    """The loop around a trainer: log, evaluation, checkpoints, progress display."""

    def __init__(self, trainer: Trainer, held_out: list[Batch], out: Path, facts: dict[str, Any]) -> None:
        self.trainer = trainer
        self.held_out = held_out
        self.out = out
        self.facts = facts
        self._tokens = 0

    def train(self, cadence: Cadence, stop: StopRequest, console: Console) -> None:
        """Train until the run is finished or a stop is requested, and save."""
        trainer, progress = self.trainer, self.trainer.progress
        loss_sum, last_log = torch.zeros((), device=trainer.device), progress.step
        started, logged_at = time.monotonic() - progress.elapsed_s, time.monotonic()
        with _progress_bar(console) as bar:
            task = bar.add_task("training", total=1.0, completed=trainer.finished_share, note="")
            while trainer.finished_share < 1.0 and not stop.wanted:
                batch = trainer.next_batch()
                loss_sum += trainer.train_step(batch)
                self._tokens += batch.used_tokens
                progress.elapsed_s = time.monotonic() - started
                if progress.step % cadence.log_every == 0:
                    now = time.monotonic()
                    speed = self._tokens / (now - logged_at)
                    record = {"loss": float(loss_sum) / (progress.step - last_log), "tokens_per_s": round(speed)}
                    self._log(record)
                    note = f"step {progress.step} loss {record['loss']:.3f} {speed:,.0f} tokens/s"
                    bar.update(task, completed=trainer.finished_share, note=f"{note}{self._remaining(started)}")
                    loss_sum.zero_()
                    self._tokens, last_log, logged_at = 0, progress.step, now
                if progress.step % cadence.evaluate_every == 0:
                    self._evaluate()
                if progress.step % cadence.save_every == 0:
                    self.save()
            bar.update(task, completed=trainer.finished_share)
        self.save()
        if not stop.wanted:
            self._evaluate()

    def save(self) -> None:
        """Write the checkpoint."""
        save_checkpoint(self.out / CHECKPOINT_FILE, self.trainer.checkpoint(self.facts))

    def _evaluate(self) -> None:
        scores = score(self.trainer.ema, self.held_out, self.trainer.autocast())
        self._log({"held_out": dataclasses.asdict(scores)})
        logger.info(
            "step %d: held-out loss %.4f, tokens %.2f%%, exact %.1f%%, with examples %.1f%% (%d pairs)",
            self.trainer.progress.step,
            scores.loss,
            100 * scores.token_accuracy,
            100 * scores.exact,
            100 * scores.exact_with_examples,
            scores.pairs,
        )

    def _log(self, record: dict[str, Any]) -> None:
        with (self.out / LOG_FILE).open("a", encoding="utf-8") as log:
            log.write(json.dumps(dataclasses.asdict(self.trainer.progress) | record) + "\n")

    def _remaining(self, started: float) -> str:
        share, elapsed_s = self.trainer.finished_share, time.monotonic() - started
        return f" {elapsed_s * (1 - share) / share / 60:.0f} min left" if share else ""


def prepare_tokenizer(files: list[DataFile], out: Path, vocab_size: int) -> Tokenizer:
    """Load the run's tokenizer, or train it on the data and save it."""
    path = out / TOKENIZER_FILE
    if not path.is_file():
        texts = (text for file in files for text in texts_of(read_rows(file.path)))
        tokenizer = train_tokenizer(texts, vocab_size)
        out.mkdir(parents=True, exist_ok=True)
        tokenizer.save(str(path))
    return load_tokenizer(path)


def load_data(
    files: list[DataFile], tokenizer: Tokenizer, held_out: int, window_tokens: int
) -> tuple[list[TokenizedDatabase], list[TokenizedDatabase]]:
    """Read the files and split off the held-out databases, saying how much was read and left out."""
    databases = [database for file in files for database in read_databases(file, tokenizer)]
    training, aside = split_held_out(databases, held_out)
    total, too_long = sum(len(d.lengths) for d in databases), pairs_too_long(databases, window_tokens)
    logger.info("%d databases, %d pairs, %d too long for a window, %d databases held out",
                len(databases), total, too_long, len(aside))  # fmt: skip
    return training, aside


def _progress_bar(console: Console) -> Progress:
    columns = (BarColumn(), TextColumn("{task.percentage:.1f}%"), TimeElapsedColumn(), TextColumn("{task.fields[note]}"))
    return Progress(*columns, console=console, disable=not console.is_terminal)


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
    window_tokens: Annotated[int, typer.Option(help="Length of a training window.")] = 768,
    batch_windows: Annotated[int, typer.Option(help="Windows in a step.")] = 8,
    matrix_lr: Annotated[float, typer.Option(help="Peak learning rate of Muon.")] = 0.02,
    embedding_lr: Annotated[float, typer.Option(help="Peak learning rate of AdamW.")] = 0.004,
    ema_decay: Annotated[float, typer.Option(help="Decay of the average of the weights.")] = 0.998,
    seed: Annotated[int, typer.Option(help="Seed of the weights and of the order of the data.")] = 0,
    vocab_size: Annotated[int, typer.Option(help="Size of a newly trained tokenizer.")] = 4096,
    held_out: Annotated[int, typer.Option(help="Databases set aside for the scores.")] = 24,
    evaluate_every: Annotated[int, typer.Option(help="Steps between two evaluations and checkpoints.")] = 250,
    init: Annotated[Path | None, typer.Option(help="Run directory whose averaged weights to start from.")] = None,
    threads: Annotated[int, typer.Option(help="CPU threads, 0 for torch's default.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    compiled: Annotated[bool, typer.Option("--compile/--no-compile", help="Compile the blocks.")] = True,
    bfloat16: Annotated[bool, typer.Option("--bf16/--fp32", help="Precision of the forward pass.")] = True,
) -> None:
    """Train the SQL model, or go on with a run that was stopped."""
    console = Console()
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[RichHandler(console=console)])
    logging.getLogger("torch").setLevel(logging.WARNING)
    if threads:
        torch.set_num_threads(threads)
    config = TrainConfig(window_tokens=window_tokens, batch_windows=batch_windows, steps=steps, minutes=minutes,
                         matrix_lr=matrix_lr, embedding_lr=embedding_lr, ema_decay=ema_decay, seed=seed,
                         bfloat16=bfloat16)  # fmt: skip
    stop = StopRequest()
    stop.listen()
