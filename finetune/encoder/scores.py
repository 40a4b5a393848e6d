"""Scores an encoder on held-out rows: before, while and after it is trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.evaluation import SentenceEvaluator

from coderag_app.encoders.encoder_loading import has_cpu_bf16
from finetune.encoder.plan import TrainingPlan
from finetune.encoder.training_rows import EncoderRow
from finetune.evaluation.encoder_ranking import LabelledDocument, RankingTask, means, rank, ranking_task

BEST_METRIC = "mrr_at_10"


def anchor_text(row: EncoderRow, prompts: bool) -> str:
    """What is embedded of the anchor."""
    return f"{row.prompt} {row.anchor}" if prompts and row.prompt else row.anchor


def held_out_task(rows: Sequence[EncoderRow], prompts: bool = False) -> RankingTask:
    """The held-out rows as a ranking over all their positives and negatives."""
    labelled: list[LabelledDocument] = []
    for row in rows:
        labelled.append(LabelledDocument(row.positive, (row.group, row.positive), anchor_text(row, prompts)))
        labelled += [LabelledDocument(text, (row.group, text)) for text in row.negatives if text]
    return ranking_task("held-out", labelled)


class ModelRanker:
    """Ranks with a SentenceTransformer that is being trained."""

    name = "model"

    def __init__(self, model: SentenceTransformer, bf16: bool) -> None:
        self._model = model
        self._bf16 = bf16

    def scores(self, queries: Sequence[str], documents: Sequence[str]) -> NDArray[np.float32]:
        """Cosines, shape (len(queries), len(documents))."""
        return self._embedded(queries) @ self._embedded(documents).T

    def _embedded(self, texts: Sequence[str]) -> NDArray[np.float32]:
        with torch.autocast(self._model.device.type, torch.bfloat16, enabled=self._bf16):
            return np.asarray(
                self._model.encode(list(texts), batch_size=64, normalize_embeddings=True, show_progress_bar=False),
                dtype=np.float32,
            )


class HeldOutEvaluator(SentenceEvaluator):
    """Scores the model on held-out rows during training."""

    def __init__(self, task: RankingTask, bf16: bool) -> None:
        super().__init__()
        self._task = task
        self._bf16 = bf16
        self.primary_metric = BEST_METRIC

    def __call__(
        self, model: Any, output_path: str | None = None, epoch: int = -1, steps: int = -1
    ) -> dict[str, float]:
        """Recall, MRR and nDCG."""
        return means(rank(self._task, ModelRanker(model, self._bf16)))


def uses_bf16(plan: TrainingPlan) -> bool:
    """Whether the training computes in bf16: as the plan says, else where the processor has it."""
    return plan.bf16 if plan.bf16 is not None else torch.cuda.is_available() or has_cpu_bf16()
