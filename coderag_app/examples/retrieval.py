"""Verified pairs in an engine's retrieval: in memory, ahead of what the index on disk finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coderag_app.encoders.loading import embed_documents, embed_queries
from coderag_app.examples.retriever import ExampleRetriever
from coderag_app.index.embed_view import embed_view
from coderag_app.types import RetrievedExample, SQLExample

LIKELY = 0.5  # verified examples with a higher cosine come before anything the index found


@dataclass(frozen=True)
class TaughtExamples:
    """Verified pairs with the unit vectors of their questions and of their SQL, shape (2, pairs, dimension)."""

    examples: tuple[SQLExample, ...]
    vectors: NDArray[np.float32]

    def nearest(self, query: NDArray[np.float32]) -> list[RetrievedExample]:
        """All pairs, with the better of two cosines to a question: with their own question, and with their SQL."""
        if not self.examples:
            return []
        cosines = (self.vectors @ query).max(axis=0)
        return [RetrievedExample(self.examples[i], float(cosines[i])) for i in np.argsort(-cosines, kind="stable")]


class TaughtRetriever(ExampleRetriever):
    """Finds likely verified pairs first, then what another retriever finds; safe to teach while other threads ask.

    Args:
        inner: The retriever over the index on disk; its encoder embeds the verified pairs as well.
    """

    def __init__(self, inner: ExampleRetriever) -> None:
        super().__init__(inner.index, inner.embed_model, inner.similarity_top_k, inner.db_id, inner.distinct)
        self.inner = inner
        self.taught = TaughtExamples((), np.empty((2, 0, 0), dtype=np.float32))

    def teach(self, examples: Sequence[SQLExample]) -> None:
        """Replace the examples; those that were already there are not embedded again."""
        known = {example: self.taught.vectors[:, row] for row, example in enumerate(self.taught.examples)}
        new = [example for example in examples if example not in known]
        if new:
            questions = embed_queries(self.embed_model, [example.question for example in new])
            queries = embed_documents(self.embed_model, [embed_view(e.sql, e.context) for e in new])
            known |= {example: np.stack(rows) for example, *rows in zip(new, questions, queries, strict=True)}
        vectors = np.stack([known[example] for example in examples], axis=1) if examples else np.empty((2, 0, 0))
        self.taught = TaughtExamples(
            tuple(examples), vectors.astype(np.float32)
        )  # one assignment: readers see all or none

    def retrieve_examples(self, question: str) -> list[RetrievedExample]:
        """The examples for a question, likely verified pairs first; empty for a blank question."""
        if not self.taught.examples or not question.strip():
            return self.inner.retrieve_examples(question)
        query = embed_queries(self.embed_model, [question])[0]
        return self._merged(query, self.inner.retrieve_examples(question))

    def _search(self, embedding: list[float]) -> list[RetrievedExample]:
        query = np.asarray(embedding, dtype=np.float32)
        return self._merged(query / max(float(np.linalg.norm(query)), 1e-12), self.inner._search(embedding))

    def _merged(self, query: NDArray[np.float32], found: list[RetrievedExample]) -> list[RetrievedExample]:
        taught = self.taught.nearest(query)
        likely = [item for item in taught if item.similarity >= LIKELY]
        rest = sorted(
            [*taught[len(likely) :], *found], key=lambda item: -item.similarity
        )  # stable: taught before found
        merged: dict[tuple[str, str], RetrievedExample] = {}
        for item in (*likely, *rest):
            merged.setdefault((item.example.db_id, " ".join(item.example.sql.split())), item)
        return list(merged.values())[: self.similarity_top_k]
