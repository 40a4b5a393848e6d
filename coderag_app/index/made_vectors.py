"""The vectors of made examples: that of the SQL, drawn towards the question that the SQL was made with. Pure.

With it the query that a person's question asks for is more often among the nearest three, which are what an answer
starts from (docs/experiments.md has the figures).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Chosen on Spider's training databases, where 0.3 to 0.5 do equally well.
QUESTION_WEIGHT = 0.4
HOW_MADE = f"sql + {QUESTION_WEIGHT} question"  # an index notes it, so that old vectors never stand beside new ones


def drawn_to_questions(queries: NDArray[np.float32], questions: NDArray[np.float32]) -> NDArray[np.float32]:
    """The examples' vectors, of length 1.

    Args:
        queries: Vectors of their embed views, shape (examples, dimension), of length 1.
        questions: Vectors of their questions, of the same shape, of length 1.
    """
    drawn = queries + QUESTION_WEIGHT * questions
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
