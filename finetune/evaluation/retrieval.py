"""Metrics of a ranking, and of schema linking. Pure.

An item may occur in a ranking twice (an index with copies); the second occurrence is ignored and takes no place.
Relevance applies to items, not to copies: pass one id for all copies of an item. A perfect ranking scores 1.0
in each of these, however many items are relevant.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable


def recall_at_k(ranked: Iterable[str], relevant: Collection[str], k: int) -> float:
    """Compute the share of relevant items among the first ``k``, counting at most ``k`` relevant ones.

    Args:
        ranked: Ids, best first.
        relevant: Ids that are relevant, at least one.
        k: Number of places, at least 1.

    Raises:
        ValueError: No item is relevant, or ``k`` is below 1.
    """
    wanted = _checked(relevant, k)
    found = sum(item in wanted for item in _first(ranked, k))
    return found / min(k, len(wanted))


def mrr_at_k(ranked: Iterable[str], relevant: Collection[str], k: int) -> float:
    """One over the place of the first relevant item among the first ``k``, else 0 (see ``recall_at_k``)."""
    wanted = _checked(relevant, k)
    return next((1 / place for place, item in enumerate(_first(ranked, k), start=1) if item in wanted), 0.0)


def ndcg_at_k(ranked: Iterable[str], relevant: Collection[str], k: int) -> float:
    """Normalised discounted cumulative gain with gains of 0 and 1 (see ``recall_at_k``)."""
    wanted = _checked(relevant, k)
    gain = sum(_discount(place) for place, item in enumerate(_first(ranked, k), start=1) if item in wanted)
    return gain / sum(_discount(place) for place in range(1, min(k, len(wanted)) + 1))


def table_recall(needed: Iterable[str], linked: Iterable[str]) -> float:
    """Compute the share of needed tables that were linked, ignoring case; 1.0 if none is needed.

    A query can only be right if this is 1.0, since other tables are not in the prompt.
    """
    wanted = {name.lower() for name in needed}
    if not wanted:
        return 1.0
    return len(wanted & {name.lower() for name in linked}) / len(wanted)


def _discount(place: int) -> float:
    return 1 / math.log2(place + 1)


def _first(ranked: Iterable[str], k: int) -> list[str]:
    """The first ``k`` different items."""
    return list(dict.fromkeys(ranked))[:k]


def _checked(relevant: Collection[str], k: int) -> frozenset[str]:
    if not relevant or k < 1:
        raise ValueError(f"Got {len(relevant)} relevant items and k = {k}; expected at least one of each.")
    return frozenset(relevant)
