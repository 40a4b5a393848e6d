"""Word similarity, from vectors distilled from the packaged encoder (``finetune.distil_word_vectors``)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np

from coderag_app.bundled.integrity import BUNDLED, check_bundled

WORD_VECTORS_FILE = BUNDLED / "word_vectors.npz"


class WordVectors:
    """Unit vectors of lowercase English words.

    Args:
        words: The vocabulary.
        vectors: int8 of shape (words, dimension), in units of 1/127.
    """

    def __init__(self, words: Sequence[str], vectors: np.ndarray) -> None:
        self._row = {word: number for number, word in enumerate(words)}
        self._vectors = vectors

    @property
    def words(self) -> Iterable[str]:
        """The vocabulary, most frequent first."""
        return self._row.keys()

    def matrix(self, words: Sequence[str]) -> np.ndarray:
        """Vectors of shape (words, dimension), float32; a zero row for a word that is not in the vocabulary."""
        found = np.zeros((len(words), self._vectors.shape[1]), dtype=np.float32)
        for place, word in enumerate(words):
            row = self._row.get(word)
            if row is not None:
                found[place] = self._vectors[row]
        return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)


@cache
def word_vectors() -> WordVectors:
    """Load the bundled vectors; they are read once.

    Raises:
        ModelError: The file is not the one that ships.
    """
    check_bundled(WORD_VECTORS_FILE)
    with np.load(WORD_VECTORS_FILE, allow_pickle=False) as archive:
        return WordVectors(archive["words"].tobytes().decode().split("\n"), archive["vectors"])
