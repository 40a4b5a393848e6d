"""Parts of a vector query: vectors of length 1, a restriction to databases, hits. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from llama_index.core.vector_stores.types import FilterCondition, FilterOperator, MetadataFilter, MetadataFilters
from numpy.typing import NDArray

from coderag_app.errors import IndexStoreError


@dataclass(frozen=True, slots=True)
class Hit:
    """A vector near a query: its node's id, the cosine, whether the example is verified, and its row."""

    node_id: str
    similarity: float
    verified: bool
    row: int


def normalised(vectors: NDArray[np.float32], count: int, dimension: int) -> NDArray[np.float32]:
    """Scale vectors to length 1, shape (count, dimension).

    Raises:
        IndexStoreError: Another shape, or a vector that is zero or not finite.
    """
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    if vectors.shape != (count, dimension):
        raise IndexStoreError(
            f"Got embeddings of shape {vectors.shape}, expected {(count, dimension)}. "
            "Use the encoder that the index was built with, or rebuild it: coderag ingest"
        )
    norms = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    bad = np.flatnonzero(~np.isfinite(norms[:, 0]) | (norms[:, 0] == 0))
    if len(bad):
        raise IndexStoreError(
            f"{len(bad)} of {count} embeddings are zero or not finite (first: number {bad[0]}); "
            "expected finite numbers. The encoder is broken, or the text it got was empty."
        )
    return (vectors / norms).astype(np.float32)


def databases_in_filters(filters: MetadataFilters) -> frozenset[str]:
    """Read the database names that a filter allows.

    Raises:
        IndexStoreError: The filter uses anything other than ``db_id``.
    """
    if len(filters.filters) > 1 and filters.condition is not FilterCondition.AND:
        raise IndexStoreError(f"Got filters joined by {filters.condition}; expected AND.")
    wanted: frozenset[str] | None = None
    for item in filters.filters:
        if (
            not isinstance(item, MetadataFilter)
            or item.key != "db_id"
            or item.operator not in (FilterOperator.EQ, FilterOperator.IN)
        ):
            raise IndexStoreError(f"Got the filter {item!r}; expected db_id == name or db_id in a list of names.")
        names = frozenset(map(str, item.value if isinstance(item.value, list) else [item.value]))
        wanted = names if wanted is None else wanted & names
    return wanted if wanted is not None else frozenset()
