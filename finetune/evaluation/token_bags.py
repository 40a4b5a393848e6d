"""Similarity of many token lists at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray


class TokenBags:
    """Token lists to compare others with; the similarity is the weighted Jaccard index (Ruzicka) of token counts."""

    def __init__(self, lists: Sequence[Iterable[str]]) -> None:
        counts = [Counter(tokens) for tokens in lists]
        vocabulary = {token: i for i, token in enumerate(dict.fromkeys(token for count in counts for token in count))}
        matrix = np.zeros((len(counts), len(vocabulary)), dtype=np.uint8)
        for row, count in enumerate(counts):
            for token, number in count.items():
                matrix[row, vocabulary[token]] = min(number, 255)
        self._vocabulary = vocabulary
        self._matrix = matrix
        self._sizes = matrix.sum(axis=1, dtype=np.int64)

    def similarities(self, tokens: Iterable[str]) -> NDArray[np.float64]:
        """Similarity of each list to these tokens, 0 to 1, shape (lists,); 1 exactly for equal counts."""
        count = Counter(tokens)
        known = [
            (self._vocabulary[token], min(number, 255)) for token, number in count.items() if token in self._vocabulary
        ]
        columns, numbers = [column for column, _ in known], np.array([number for _, number in known], dtype=np.uint8)
        shared = np.minimum(self._matrix[:, columns], numbers).sum(axis=1, dtype=np.int64) if known else np.int64(0)
        unions = self._sizes + sum(count.values()) - shared
        return np.where(unions > 0, shared / np.maximum(unions, 1), 1.0)
