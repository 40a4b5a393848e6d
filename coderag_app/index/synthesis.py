"""Synthetic examples in an index: what is recorded about them, and how their vectors are made. Pure.

A vector is that of the SQL, moved towards the question it was made with. This puts the right query among the nearest
three more often, and an answer starts from three (docs/experiments.md has the figures).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Chosen on Spider's training databases, where 0.3 to 0.5 are equally good.
QUESTION_WEIGHT = 0.4
VECTOR_RECIPE = f"sql + {QUESTION_WEIGHT} question"  # recorded in the index, so that old and new vectors never mix


@dataclass(frozen=True, slots=True)
class SynthesisRecord:
    """What the synthetic examples of one database were made from, to tell when they are stale.

    Attributes:
        schema_fingerprint: ``Schema.fingerprint`` of the database at that time.
        limit: How many were requested; ``seed``: which ones.
        made_at: When, in ISO 8601.
        vectors: What their vectors were made of; "" in indexes that predate this field.
    """

    schema_fingerprint: str
    limit: int
    seed: int
    made_at: str
    vectors: str = ""


def drawn_to_questions(queries: NDArray[np.float32], questions: NDArray[np.float32]) -> NDArray[np.float32]:
    """Combine the vectors of queries and questions into the examples' vectors, of length 1.

    Args:
        queries: Vectors of their embed views, shape (examples, dimension), of length 1.
        questions: Vectors of their questions, of the same shape, of length 1.
    """
    drawn = queries + QUESTION_WEIGHT * questions
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
