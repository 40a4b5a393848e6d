"""The loop around a trainer: log, scores, checkpoints, display, and a clean stop."""

import ctypes
import dataclasses
import json
import logging
import signal
import time
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from finetune.sql_model.checkpoint import CHECKPOINT_FILE, save_checkpoint
from finetune.sql_model.held_out_scores import score
from finetune.sql_model.packing import Batch
from finetune.sql_model.trainer import Trainer

LOG_FILE = "log.jsonl"
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Cadence:
    """How often a run logs, scores itself and saves, in steps."""

    log_every: int = 20
    evaluate_every: int = 250
    save_every: int = 250


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


class Speedometer:
    """Counts loss, tokens and questions between two log lines."""

    def __init__(self) -> None:
        self.losses: list[torch.Tensor] = []
        self.tokens = 0
        self.questions = 0
        self.since = time.monotonic()

    def count(self, loss: torch.Tensor, batch: Batch) -> None:
        """Add one step."""
        self.losses.append(loss)
        self.tokens += batch.used_tokens
        self.questions += batch.pair_count

    def read(self) -> dict[str, float]:
        """Mean loss and speeds since the object was made."""
        seconds = time.monotonic() - self.since
        return {
            "loss": round(float(torch.stack(self.losses).mean()), 5),
            "tokens_per_s": round(self.tokens / seconds),
            "questions_per_s": round(self.questions / seconds),
        }


class Run:
    """Trains until the run's end or a stop, leaving ``checkpoint.safetensors`` and ``log.jsonl`` in its directory."""

    def __init__(self, trainer: Trainer, held_out: list[Batch], out: Path, facts: dict[str, Any]) -> None:
        self.trainer = trainer
        self.held_out = held_out
        self.out = out
        self.facts = facts

    def train(self, cadence: Cadence, stop: StopRequest, console: Console) -> None:
        """Train to the end, or until a stop is requested; either way a checkpoint is saved."""
        trainer, progress = self.trainer, self.trainer.progress
        started, meter = time.monotonic() - progress.elapsed_s, Speedometer()
        with _progress_bar(console, shown=trainer.workers.leads) as bar:
            task = bar.add_task("training", total=1.0, note="")
            while trainer.finished_share < 1.0 and not trainer.workers.any(stop.wanted, trainer.device):
                batch = trainer.next_batch()
                meter.count(trainer.train_step(batch), batch)
                progress.elapsed_s = time.monotonic() - started
                if progress.step % cadence.log_every == 0:
                    bar.update(task, completed=trainer.finished_share, note=self._log(meter.read()))
                    meter = Speedometer()
                if progress.step % cadence.evaluate_every == 0:
                    self.evaluate()
                    meter = Speedometer()
                if progress.step % cadence.save_every == 0:
                    self.save()
            bar.update(task, completed=trainer.finished_share)
        self.save()
        if trainer.finished_share < 1.0:
            logger.info("stopped at step %d; the same command goes on from here", progress.step)
        elif progress.step % cadence.evaluate_every:
            self.evaluate()

    def save(self) -> None:
        """Write the checkpoint; of several processes one does."""
        if self.trainer.workers.leads:
            save_checkpoint(self.out / CHECKPOINT_FILE, self.trainer.checkpoint(self.facts))

    def evaluate(self) -> None:
        """Score the averaged weights on the held-out windows and log the scores; of several processes one does."""
        if not self.trainer.workers.leads:
            return
        scores = score(self.trainer.ema, self.held_out, self.trainer.autocast())
        self._write({"held_out": dataclasses.asdict(scores)})
        logger.info("step %d: held-out %s", self.trainer.progress.step, scores)

    def _log(self, record: dict[str, float]) -> str:
        if self.trainer.workers.leads:
            self._write(record)
        share, elapsed_s = self.trainer.finished_share, self.trainer.progress.elapsed_s
        left = f"{elapsed_s * (1 - share) / share / 60:.0f} min left" if share else ""
        step, speed = self.trainer.progress.step, f"{record['tokens_per_s']:,} tokens/s"
        note = f"step {step} loss {record['loss']:.3f} {speed} {left}"
        logger.debug(note)
        return note

    def _write(self, record: dict[str, Any]) -> None:
        with (self.out / LOG_FILE).open("a", encoding="utf-8") as log:
            log.write(json.dumps(dataclasses.asdict(self.trainer.progress) | record) + "\n")


def keep_freed_memory() -> None:
    """Ask glibc not to give freed memory back, which spares every step the page faults of its large tensors (7%)."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        largest = 2**31 - 1
        mallopt(_M_MMAP_THRESHOLD, largest)
        mallopt(_M_TRIM_THRESHOLD, largest)


def _progress_bar(console: Console, *, shown: bool) -> Progress:
    columns = (
        BarColumn(),
        TextColumn("{task.percentage:.1f}%"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
    )
    return Progress(*columns, console=console, disable=not (shown and console.is_terminal))
