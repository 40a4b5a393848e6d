"""Measure BM25, the base encoder and the tuned one on every available task, in one run."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from coderag_app.errors import ConfigurationError
from finetune.evaluation.encoder_ranking import BM25Ranker, EncoderRanker, TextRanker, intervals, rank
from finetune.evaluation.encoder_tasks import TASKS, load_task
from finetune.evaluation.statistics import Interval


@dataclass(frozen=True, slots=True)
class RankingScores:
    """One ranker on one task.

    Attributes:
        queries: Number of queries; ``documents``: distinct documents; ``items``: documents of different meaning.
        metrics: Mean and 95% bootstrap interval by metric.
        elapsed_s: Seconds for embedding and ranking.
    """

    task: str
    ranker: str
    queries: int
    documents: int
    items: int
    metrics: dict[str, Interval]
    elapsed_s: float


@dataclass(frozen=True)
class EncoderReport:
    """Scores, and the skipped tasks with the files they lack."""

    scores: tuple[RankingScores, ...]
    skipped: dict[str, str]


def load_rankers(encoders: Sequence[str], bm25: bool = True) -> list[TextRanker]:
    """BM25 and the named encoders.

    Args:
        encoders: What ``load_embed_model`` takes, each once.
        bm25: Whether BM25 is among them.

    Raises:
        ModelError: An encoder is missing.
    """
    from coderag_app.encoders.encoder_loading import load_embed_model

    loaded = [(spec, load_embed_model(spec)) for spec in dict.fromkeys(encoders)]
    found: list[TextRanker] = [BM25Ranker()] if bm25 else []
    seen: set[str] = set()
    for spec, encoder in loaded:  # auto may resolve to an encoder that was named already
        if encoder.info.fingerprint not in seen:
            seen.add(encoder.info.fingerprint)
            named = encoder.info.name if spec in ("auto", "bundled", "minilm") else spec
            found.append(EncoderRanker(named, encoder))
    return found


def evaluate_rankers(
    rankers: Sequence[TextRanker],
    folder: Path,
    tasks: Sequence[str] = (),
    seed: int = 0,
    on_score: Callable[[RankingScores], None] | None = None,
) -> EncoderReport:
    """Measure every ranker on every task.

    Args:
        rankers: What to compare.
        folder: The benchmark data.
        tasks: Names of tasks; all of them if empty.
        seed: Seed of the bootstrap.
        on_score: Called with each result as soon as it is known.

    Raises:
        ConfigurationError: A task is unknown, or no task's data is there.
    """
    known = {source.name: source for source in TASKS}
    if unknown := [name for name in tasks if name not in known]:
        raise ConfigurationError(f"Got task {', '.join(unknown)}; expected some of {', '.join(known)}.")
    scores: list[RankingScores] = []
    skipped: dict[str, str] = {}
    for source in (known[name] for name in tasks or known):
        if missing := source.missing(folder):
            skipped[source.name] = ", ".join(missing)
            continue
        task = load_task(source, folder)
        for ranker in rankers:
            started = time.perf_counter()
            metrics = intervals(rank(task, ranker), seed)
            elapsed_s = round(time.perf_counter() - started, 2)
            counts = (len(task.queries), len(task.documents), len(set(task.items)))
            scores.append(RankingScores(task.name, ranker.name, *counts, metrics, elapsed_s))
            if on_score is not None:
                on_score(scores[-1])
    if not scores:
        raise ConfigurationError(
            f"No benchmark data in {folder}: {'; '.join(f'{task} needs {files}' for task, files in skipped.items())}. "
            "Give the folder that has it with --data."
        )
    return EncoderReport(tuple(scores), skipped)
