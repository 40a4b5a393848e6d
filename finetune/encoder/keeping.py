"""Texts that a fine-tuned encoder leaves where its base put them, so that it loses nothing outside SQL.

Learning without forgetting (Li and Hoiem 2016): the base's own vectors are the targets, so no pairs are needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from datasets import Dataset
from sentence_transformers import SentenceTransformer

from finetune.encoder.training_rows import EncoderRow

LABEL = "label"  # the column that the trainer hands to the loss instead of embedding it
_WEIGHT = 10.0  # of a cosine lost, beside a ranking loss whose cosines are multiplied by 20


def kept_dataset(base: SentenceTransformer, rows: Sequence[EncoderRow]) -> Dataset:
    """Every anchor and positive once, with the base's vector, cut to the length that is trained with.

    Args:
        base: The encoder before its training.
        rows: Rows whose texts shall keep their place; their negatives are not used.

    Returns:
        Columns ``text`` and ``label`` (unit length).
    """
    texts = list(dict.fromkeys(text for row in rows for text in (row.anchor, row.positive)))
    vectors = base.encode(texts, batch_size=64, normalize_embeddings=True, show_progress_bar=False)
    return Dataset.from_dict({"text": texts, LABEL: vectors.tolist()})


class KeepLoss(torch.nn.Module):
    """Ten times one minus the cosine between a text's vector and the one that it had."""

    def __init__(self, model: SentenceTransformer) -> None:
        super().__init__()
        self.model = model

    def forward(self, sentence_features: Iterable[dict[str, torch.Tensor]], labels: torch.Tensor) -> torch.Tensor:
        """The mean over a batch.

        Args:
            sentence_features: The tokens of one column of texts.
            labels: The vectors they had, shape (texts, dimensions).
        """
        features: Any = next(iter(sentence_features))
        moved = self.model(features)["sentence_embedding"]
        return _WEIGHT * (1 - torch.nn.functional.cosine_similarity(moved, labels)).mean()
