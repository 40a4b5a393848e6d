"""Measure how well an encoder, or BM25, finds the right document for a query.

Duplicates are resolved before anything is measured, so that a perfect system scores 1.0: documents with the same text
or the same meaning are one item, and a query that occurs more than once accepts what is right for any occurrence.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from finetune.evaluation.retrieval import mrr_at_k, ndcg_at_k, recall_at_k
from finetune.evaluation.statistics import Interval, bootstrap_interval

if TYPE_CHECKING:
    from coderag_app.encoders.encoder_loading import LoadedEncoder

METRICS = ("recall_at_1", "recall_at_3", "recall_at_10", "mrr_at_10", "ndcg_at_10")
_DEPTH = 10
_WORD = re.compile(r"[a-z]+|[0-9]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class LabelledDocument:
    """A document with its meaning; documents of equal meaning are equally right.

    Attributes:
        text: What is embedded.
        meaning: E.g. the database and the normalised form of its SQL.
        query: A query it answers; empty for a document that only fills the pool.
    """

    text: str
    meaning: Hashable
    query: str = ""


@dataclass(frozen=True)
class RankingTask:
    """Queries over one pool of documents.

    Attributes:
        queries: One per question; the same text may occur more than once.
        documents: Distinct texts.
        items: For each document the item it is a copy or another spelling of.
        relevant: For each query the items that are right, at least one.
    """

    name: str
    queries: tuple[str, ...]
    documents: tuple[str, ...]
    items: tuple[str, ...]
    relevant: tuple[frozenset[str], ...]


class TextRanker(Protocol):
    """Anything that scores documents for queries."""

    name: str

    def scores(self, queries: Sequence[str], documents: Sequence[str]) -> NDArray[np.float32]:
        """Score the documents for each query, higher is better; shape (len(queries), len(documents))."""


def ranking_task(name: str, labelled: Iterable[LabelledDocument]) -> RankingTask:
    """Resolve duplicates: equal texts and equal meanings become one item, equal queries share what is right."""
    entries = list(labelled)
    items = _Items()
    for entry in entries:
        items.unite(("text", entry.text), ("meaning", entry.meaning))
    documents = tuple(dict.fromkeys(entry.text for entry in entries))
    asked = [entry for entry in entries if entry.query]
    right: dict[str, set[str]] = {}
    for entry in asked:
        right.setdefault(entry.query, set()).add(items.of(("text", entry.text)))
    return RankingTask(
        name,
        queries=tuple(entry.query for entry in asked),
        documents=documents,
        items=tuple(items.of(("text", text)) for text in documents),
        relevant=tuple(frozenset(right[entry.query]) for entry in asked),
    )


class _Items:
    """Union-find over texts and meanings."""

    def __init__(self) -> None:
        self._parent: dict[Hashable, Hashable] = {}
        self._numbers: dict[Hashable, int] = {}

    def unite(self, first: Hashable, second: Hashable) -> None:
        self._parent[self._root(second)] = self._root(first)

    def of(self, key: Hashable) -> str:
        return str(self._numbers.setdefault(self._root(key), len(self._numbers)))

    def _root(self, key: Hashable) -> Hashable:
        while (parent := self._parent.setdefault(key, key)) != key:
            self._parent[key] = self._parent[parent]
            key = parent
        return key


def rank(task: RankingTask, ranker: TextRanker) -> dict[str, list[float]]:
    """Each metric's value for each query of the task."""
    scores = ranker.scores(task.queries, task.documents)
    copies = max(np.unique(np.array(task.items), return_counts=True)[1])
    depth = min(len(task.documents), _DEPTH * int(copies))  # enough documents for ten different items
    values: dict[str, list[float]] = {metric: [] for metric in METRICS}
    for row, relevant in zip(scores, task.relevant, strict=True):
        order = np.argsort(-row, kind="stable")[:depth]
        ranked = [task.items[i] for i in order]
        for k in (1, 3, 10):
            values[f"recall_at_{k}"].append(recall_at_k(ranked, relevant, k))
        values["mrr_at_10"].append(mrr_at_k(ranked, relevant, _DEPTH))
        values["ndcg_at_10"].append(ndcg_at_k(ranked, relevant, _DEPTH))
    return values


def intervals(values: Mapping[str, Sequence[float]], seed: int = 0) -> dict[str, Interval]:
    """Mean and bootstrap interval of each metric."""
    return {metric: bootstrap_interval(of_metric, seed=seed) for metric, of_metric in values.items()}


def means(values: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Mean of each metric."""
    return {metric: float(np.mean(of_metric)) for metric, of_metric in values.items()}


class EncoderRanker:
    """Cosine of an encoder's vectors; documents of a pool are embedded once."""

    def __init__(self, name: str, encoder: LoadedEncoder) -> None:
        self.name = name
        self._encoder = encoder

    def scores(self, queries: Sequence[str], documents: Sequence[str]) -> NDArray[np.float32]:
        """Cosines, shape (len(queries), len(documents))."""
        from coderag_app.encoders.encoder_loading import embed_documents, embed_queries

        model = self._encoder.embed_model
        distinct = list(dict.fromkeys(queries))
        vectors = dict(zip(distinct, embed_queries(model, distinct), strict=True))
        return np.stack([vectors[query] for query in queries]) @ embed_documents(model, documents).T


class BM25Ranker:
    """Okapi BM25 (k1 1.5, b 0.75) over words; names are cut at underscores and capitals."""

    name = "BM25"

    def scores(self, queries: Sequence[str], documents: Sequence[str]) -> NDArray[np.float32]:
        """BM25 scores, shape (len(queries), len(documents))."""
        from rank_bm25 import BM25Okapi

        index = BM25Okapi([_words(text) for text in documents])
        return np.stack([index.get_scores(_words(query)) for query in queries]).astype(np.float32)


def _words(text: str) -> list[str]:
    return _WORD.findall(_CAMEL.sub(" ", text).lower())
