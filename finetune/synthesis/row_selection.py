"""Picks the rows worth showing: right, clear, and unlike each other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from finetune.synthesis.drafts import SyntheticRow
from finetune.synthesis.tasks import CATEGORIES
from finetune.synthesis.text_checks import stands_alone

Embed = Callable[[list[str]], NDArray[np.float32]]
_CLARITY_WEIGHT = 0.4
_CANDIDATES_PER_TASK = 10
_SUBSTANTIAL = 400  # characters of both sides
_WEAKER_CHECKS = frozenset({"readable", "parses", "stands_alone", "holds_code"})


def clarity(row: SyntheticRow) -> float:
    """From 0 to 1: right length of both sides, enough to learn from, short lines, text that stands alone."""
    query = _in_window(len(row.query), 30, 700)
    positive = _in_window(len(row.pos), 30, 900)
    longest = max(len(line) for text in (row.query, row.pos) for line in text.split("\n"))
    lines = 1.0 if longest <= 100 else max(0.0, 1.0 - (longest - 100) / 150)
    alone = all(stands_alone(text) for text, side in _texts(row) if side)
    substance = min(1.0, (len(row.query) + len(row.pos)) / _SUBSTANTIAL)
    return query * positive * substance * lines * (1.0 if alone else 0.5)


def _texts(row: SyntheticRow) -> tuple[tuple[str, bool], tuple[str, bool]]:
    return (row.query, row.category == "text2code"), (row.pos, row.category == "code2text")


def _in_window(length: int, least: int, most: int) -> float:
    if length < least:
        return length / least
    return 1.0 if length <= most else max(0.0, 1.0 - (length - most) / most)


def is_shown_right(row: SyntheticRow) -> bool:
    """Whether some check ran the row's code; reading alone does not count."""
    return bool(set(row.checks) - _WEAKER_CHECKS)


def select_rows(rows: list[SyntheticRow], embed: Embed, per_category: int = 10) -> list[SyntheticRow]:
    """The best rows of every category by maximal marginal relevance.

    Every task comes once before any comes twice, and so does every source where there are enough.

    Args:
        rows: What to choose from; only rows that a run has shown to be right are considered.
        embed: Gives unit vectors of texts, shape (texts, dimension).
        per_category: How many; fewer where a category has fewer.
    """
    chosen: list[SyntheticRow] = []
    for category in CATEGORIES:
        pool = _pool([row for row in rows if row.category == category and is_shown_right(row)])
        if pool:
            vectors = embed([f"{row.query}\n{row.pos}" for row in pool])
            chosen.extend(_spread(pool, vectors, per_category, {row.source for row in chosen}))
    return chosen


def _pool(rows: list[SyntheticRow]) -> list[SyntheticRow]:
    """The clearest rows of every task; by content hash among equals, so that their order is no matter."""
    by_task: dict[str, list[SyntheticRow]] = {}
    for row in sorted(rows, key=lambda row: (-clarity(row), row.content_hash)):
        by_task.setdefault(row.task, []).append(row)
    return [row for task in sorted(by_task) for row in by_task[task][:_CANDIDATES_PER_TASK]]


def _spread(pool: list[SyntheticRow], vectors: NDArray[np.float32], count: int, used: set[str]) -> list[SyntheticRow]:
    """Rows of the pool by marginal relevance; sources in ``used`` only where there are no others."""
    similarity = vectors @ vectors.T
    chosen: list[int] = []
    while len(chosen) < min(count, len(pool)):
        uses = {row.task: sum(pool[place].task == row.task for place in chosen) for row in pool}
        fewest = min(uses[row.task] for place, row in enumerate(pool) if place not in chosen)
        sources = used | {pool[place].source for place in chosen}
        open_places = [p for p, row in enumerate(pool) if p not in chosen and uses[row.task] == fewest]
        fresh = [place for place in open_places if pool[place].source not in sources] or open_places
        chosen.append(max(fresh, key=lambda place: _gain(place, chosen, similarity, pool)))
    return [pool[place] for place in sorted(chosen, key=lambda place: pool[place].task)]


def _gain(place: int, chosen: list[int], similarity: NDArray[np.float32], pool: list[SyntheticRow]) -> float:
    nearest = max((float(similarity[place, other]) for other in chosen), default=0.0)
    return _CLARITY_WEIGHT * clarity(pool[place]) - (1 - _CLARITY_WEIGHT) * nearest
