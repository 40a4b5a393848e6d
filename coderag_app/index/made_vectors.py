"""Vectors of synthetic examples: the SQL's vector, moved towards the question it was made with. Pure.

This puts the right query among the nearest three more often, and an answer starts from three
(docs/experiments.md has the figures).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Chosen on Spider's training databases, where 0.3 to 0.5 are equally good.
QUESTION_WEIGHT = 0.4
HOW_MADE = f"sql + {QUESTION_WEIGHT} question"  # recorded in the index, so that old and new vectors never mix


def drawn_to_questions(queries: NDArray[np.float32], questions: NDArray[np.float32]) -> NDArray[np.float32]:
    """Combine the vectors of queries and questions into the examples' vectors, of length 1.

    Args:
        queries: Vectors of their embed views, shape (examples, dimension), of length 1.
        questions: Vectors of their questions, of the same shape, of length 1.
    """
    drawn = queries + QUESTION_WEIGHT * questions
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
