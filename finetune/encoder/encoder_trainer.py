"""The sentence-transformers trainer with a budget: its data set, loss, held-out scores and callbacks."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.base.sampler import BatchSamplers
from sentence_transformers.sentence_transformer.losses import (
    CachedMultipleNegativesRankingLoss,
    MatryoshkaLoss,
    MultipleNegativesRankingLoss,
)
from torch.optim.lr_scheduler import LambdaLR
from transformers import EarlyStoppingCallback, PrinterCallback, TrainerCallback
from transformers.trainer_utils import get_last_checkpoint

from finetune.encoder.batches import NeighbourhoodBatchSampler
from finetune.encoder.keeping import KeepLoss
from finetune.encoder.plan import Budget, TrainingPlan
from finetune.encoder.scores import BEST_METRIC, HeldOutEvaluator, anchor_text, uses_bf16
from finetune.encoder.training_rows import EncoderRow, with_negatives
from finetune.evaluation.encoder_ranking import RankingTask

logger = logging.getLogger(__name__)

_ELAPSED_FILE = "elapsed.json"
_LAST_RATE = 0.02  # share of the learning rate that is left at the end


def training_dataset(rows: Sequence[EncoderRow], negatives: int, prompts: bool = False) -> Dataset:
    """Columns anchor, positive, negative_1 ...: in the order that the loss reads them."""
    complete = with_negatives(rows, negatives)
    columns: dict[str, list[str]] = {
        "anchor": [anchor_text(row, prompts) for row, _ in complete],
        "positive": [row.positive for row, _ in complete],
    }
    for number in range(negatives):
        columns[f"negative_{number + 1}"] = [texts[number] for _, texts in complete]
    return Dataset.from_dict(columns)


class _BudgetCallback(TrainerCallback):
    """Stops when the time is up, scores the last step, and writes the time spent beside each checkpoint."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if self._budget.is_spent:
            control.should_training_stop = True
        if self._budget.is_spent or state.global_step >= state.max_steps:
            control.should_save = True
            control.should_evaluate = args.eval_strategy != "no"

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        text = json.dumps({"elapsed_s": round(self._budget.elapsed_s, 1)})
        (folder / _ELAPSED_FILE).write_text(text, encoding="utf-8")

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        logs = logs or {}
        if "loss" not in logs:
            scores = {key.removeprefix("eval_"): round(value, 4) for key, value in logs.items() if "_at_" in key}
            if scores:
                logger.info("step %d: held-out %s", state.global_step, scores)
            return
        share = self._budget.share(state.global_step, state.max_steps)
        left = self._budget.elapsed_s * (1 - share) / share / 60 if share else 0.0
        logger.info(
            "step %d of at most %d: loss %.4f, learning rate %.2g, %.1f min left",
            state.global_step, state.max_steps, logs["loss"], logs.get("learning_rate", 0.0), left,
        )  # fmt: skip


class BudgetTrainer(SentenceTransformerTrainer):
    """The trainer whose learning rate rises, then falls along a cosine, by steps or by the clock."""

    def __init__(self, *, budget: Budget, warmup: float, **options: Any) -> None:
        self._budget = budget
        self._warmup = warmup
        super().__init__(**options)

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> LambdaLR:
        """The schedule over the share of the budget that is spent."""

        def rate(step: int) -> float:
            share = self._budget.share(step, num_training_steps)
            if share < self._warmup:
                return max(share / self._warmup, _LAST_RATE)
            falling = (share - self._warmup) / max(1.0 - self._warmup, 1e-9)
            return _LAST_RATE + (1 - _LAST_RATE) * 0.5 * (1 + math.cos(math.pi * falling))

        chosen: Any = optimizer if optimizer is not None else self.optimizer
        self.lr_scheduler = LambdaLR(chosen, rate)
        return self.lr_scheduler


def train_stage(
    model: SentenceTransformer,
    rows: Sequence[EncoderRow],
    held_out: RankingTask | None,
    plan: TrainingPlan,
    folder: Path,
    share: float = 1.0,
    kept: Dataset | None = None,
) -> dict[str, Any]:
    """Train on some rows, going on from the last checkpoint in ``folder``; the model is changed in place.

    Args:
        model: The encoder.
        rows: Training rows.
        held_out: What it is scored on for early stopping; None trains to the end of the budget.
        plan: The training.
        folder: Where its checkpoints go.
        share: Share of the plan's epochs, steps and minutes.
        kept: Texts with the vectors that they shall keep.

    Returns:
        Steps, seconds, the last loss and the log.
    """
    bf16 = uses_bf16(plan)
    budget = Budget(plan.minutes * share)
    datasets: Any = training_dataset(rows, plan.negatives, plan.prompts)
    losses: Any = _loss(model, plan)
    if kept is not None:  # batches of both kinds, as many of each as there are rows
        datasets, losses = {"ranked": datasets, "kept": kept}, {"ranked": losses, "kept": KeepLoss(model)}
    trainer = BudgetTrainer(
        budget=budget,
        warmup=plan.warmup,
        model=model,
        args=_arguments(plan, folder, share, scored=held_out is not None),
        train_dataset=datasets,
        loss=losses,
        evaluator=HeldOutEvaluator(held_out, bf16) if held_out is not None else None,
        callbacks=[
            _BudgetCallback(budget),
            *([EarlyStoppingCallback(plan.patience)] if held_out is not None else []),
        ],
    )
    trainer.remove_callback(PrinterCallback)  # it prints to standard output; the log says the same
    checkpoint = get_last_checkpoint(str(folder)) if folder.is_dir() else None
    budget.start(_elapsed_of(checkpoint))
    if checkpoint is not None:
        logger.info("Going on from %s", checkpoint)
    done = trainer.train(resume_from_checkpoint=checkpoint)
    return {
        "steps": trainer.state.global_step,
        "seconds": round(budget.elapsed_s, 1),
        "loss": round(done.training_loss, 4),
        "log": trainer.state.log_history,
    }


def _elapsed_of(checkpoint: str | None) -> float:
    path = Path(checkpoint or "") / _ELAPSED_FILE
    if checkpoint is None or not path.is_file():
        return 0.0
    return float(json.loads(path.read_text(encoding="utf-8"))["elapsed_s"])


def _arguments(plan: TrainingPlan, folder: Path, share: float, scored: bool) -> SentenceTransformerTrainingArguments:
    return SentenceTransformerTrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=plan.batch_size,
        num_train_epochs=plan.epochs * share,
        max_steps=max(round(plan.max_steps * share), 1) if plan.max_steps else -1,
        learning_rate=plan.learning_rate,
        weight_decay=plan.weight_decay,
        bf16=uses_bf16(plan),
        use_cpu=not torch.cuda.is_available(),
        seed=plan.seed,
        data_seed=plan.seed,
        batch_sampler=(
            partial(NeighbourhoodBatchSampler, run_length=plan.neighbours)
            if plan.neighbours
            else BatchSamplers.NO_DUPLICATES
        ),
        eval_strategy="steps" if scored else "no",
        eval_steps=plan.evaluate_every,
        save_strategy="steps",
        save_steps=plan.evaluate_every,
        save_total_limit=2,
        load_best_model_at_end=scored,
        metric_for_best_model=f"eval_{BEST_METRIC}" if scored else None,
        greater_is_better=True if scored else None,
        logging_steps=min(10, plan.evaluate_every),
        report_to=[],
        disable_tqdm=True,
        dataloader_pin_memory=False,
    )


def _loss(model: SentenceTransformer, plan: TrainingPlan) -> torch.nn.Module:
    if plan.mini_batch_size:
        loss: torch.nn.Module = CachedMultipleNegativesRankingLoss(
            model, scale=plan.scale, mini_batch_size=plan.mini_batch_size
        )
    else:
        loss = MultipleNegativesRankingLoss(model, scale=plan.scale)
    return MatryoshkaLoss(model, loss, list(plan.matryoshka)) if plan.matryoshka else loss
