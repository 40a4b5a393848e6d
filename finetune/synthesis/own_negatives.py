"""One negative for every row: the most similar answer of the same task that is not right. No model writes it."""

from __future__ import annotations

import re
from random import Random

from finetune.synthesis.drafts import DroppedError, SyntheticRow
from finetune.synthesis.sql_runner import Databases, same_rows

_WORDS = re.compile(r"[A-Za-z]+|\d+|[<>=!+*/%-]+")
_MOST_SIMILAR = 0.95
_MOST_CANDIDATES = 400


def choose_negatives(rows: list[SyntheticRow], databases: Databases | None = None, seed: int = 0) -> list[str]:
    """The negative of every row, in order; empty where the task has no other answer.

    A negative never comes from the row's own source, has other text, and shares less than 95% of the words.
    SQL over the same database is a negative only if its rows differ.

    Args:
        rows: The data set.
        databases: Where the SQL was drawn from; without it SQL of the same database is not used.
        seed: Chooses among many candidates.
    """
    by_task: dict[str, list[SyntheticRow]] = {}
    for row in rows:
        by_task.setdefault(row.task, []).append(row)
    words = {row.content_hash: frozenset(_WORDS.findall(row.pos.lower())) for row in rows}
    return [_hardest(row, by_task[row.task], words, databases, seed) for row in rows]


def _hardest(
    row: SyntheticRow,
    others: list[SyntheticRow],
    words: dict[str, frozenset[str]],
    databases: Databases | None,
    seed: int,
) -> str:
    rng = Random(f"{seed}:{row.content_hash}")
    candidates = others if len(others) <= _MOST_CANDIDATES else rng.sample(others, _MOST_CANDIDATES)
    ranked = sorted(
        (
            (_overlap(words[row.content_hash], words[other.content_hash]), other.content_hash, other.pos)
            for other in candidates
            if _is_wrong(row, other, databases)
        ),
        reverse=True,
    )
    return next((positive for similarity, _, positive in ranked if similarity <= _MOST_SIMILAR), "")


def _overlap(first: frozenset[str], second: frozenset[str]) -> float:
    return len(first & second) / max(len(first | second), 1)


def _is_wrong(row: SyntheticRow, other: SyntheticRow, databases: Databases | None) -> bool:
    """Whether another row's answer is surely no answer to this row's query."""
    if other.source == row.source or other.pos == row.pos or other.language != row.language:
        return False
    pattern = row.origin.parameters.get("pattern") if row.task == "pattern" else None
    if pattern is not None and other.origin.parameters.get("pattern") == pattern:
        return False
    if row.task == "integration" and _combine_each_other(row, other):
        return False
    mine, theirs = row.source.split(":", 2), other.source.split(":", 2)
    if mine[0] != "sql" or theirs[0] != "sql" or mine[1] != theirs[1]:
        return True
    return databases is not None and _rows_differ(databases, mine[1], mine[2], theirs[2])


def _combine_each_other(row: SyntheticRow, other: SyntheticRow) -> bool:
    """Whether one of two combinations is made with the other's function, and so is one of its combinations too."""
    pairs = ((row, other), (other, row))
    return any(a.source.endswith(f".{b.origin.parameters.get('with')}") for a, b in pairs)


def _rows_differ(databases: Databases, db_id: str, first: str, second: str) -> bool:
    database = databases.find(db_id)
    if database is None:
        return False
    try:
        left, right = database.results(first), database.results(second)
    except DroppedError:
        return False
    return not all(same_rows(a, b, ordered=False) for a, b in zip(left, right, strict=True))
