"""Embed Documents and other texts in batches of similar length."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.schema import Document
from numpy.typing import NDArray

from ingestion.documents import texts_to_embed


def embed_documents(
    documents: Sequence[Document],
    embed_model: BaseEmbedding,
    dimension: int,
    on_batch: Callable[[int], None] | None = None,
) -> NDArray[np.float32]:
    """The Documents' vectors, shape (len(documents), dimension); see ``embed_texts``."""
    return embed_texts(texts_to_embed(documents), embed_model, dimension, on_batch)


def embed_texts(
    texts: Sequence[str],
    embed_model: BaseEmbedding,
    dimension: int,
    on_batch: Callable[[int], None] | None = None,
) -> NDArray[np.float32]:
    """The texts' vectors, shape (len(texts), dimension).

    A batch costs as much as its longest text, so texts are sorted by length; the same text is embedded once.

    Args:
        texts: What to embed.
        embed_model: The encoder; its ``embed_batch_size`` is used.
        dimension: Length of its vectors.
        on_batch: Called after each batch with the number of texts done in it.
    """
    vectors = np.empty((len(texts), dimension), dtype=np.float32)
    positions: dict[str, list[int]] = {}
    for position, text in enumerate(texts):
        positions.setdefault(text, []).append(position)
    distinct = sorted(positions, key=len, reverse=True)
    for start in range(0, len(distinct), embed_model.embed_batch_size):
        batch = distinct[start : start + embed_model.embed_batch_size]
        done = 0
        for text, vector in zip(batch, embed_model.get_text_embedding_batch(batch), strict=True):
            vectors[positions[text]] = vector
            done += len(positions[text])
        if on_batch is not None:
            on_batch(done)
    return vectors
