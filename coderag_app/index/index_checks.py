"""Check that an index is sound: same encoder, same embed view, intact content."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from coderag_app.errors import IndexStoreError
from coderag_app.index.embed_view import EMBED_VIEW_VERSION
from coderag_app.index.generations import Manifest
from coderag_app.index.nodes import example_from_line
from coderag_app.index.vectors import ExampleVectorStore
from coderag_app.types import EncoderInfo, Origin

_CHUNK = 4096


def expect_same_view(manifest: Manifest, folder: Path) -> None:
    """Refuse an index whose vectors were made from another embed view.

    Raises:
        IndexStoreError: The embed view's version differs.
    """
    if manifest.embed_view_version != EMBED_VIEW_VERSION:
        raise IndexStoreError(
            f"The index in {folder} embeds the view {manifest.embed_view_version!r}, expected {EMBED_VIEW_VERSION!r}. "
            "Rebuild it: coderag ingest"
        )


def expect_same_encoder(found: EncoderInfo, expected: EncoderInfo | None, folder: Path) -> None:
    """Refuse an encoder other than the one that made the vectors.

    Raises:
        IndexStoreError: Dimension or fingerprint differ; a different name alone is fine.
    """
    if expected is None or (found.fingerprint, found.dimension) == (expected.fingerprint, expected.dimension):
        return
    raise IndexStoreError(
        f"The index in {folder} was built with {_shown(found)}, but the encoder in use is {_shown(expected)}. "
        "Use that encoder, or rebuild the index with this one: coderag ingest"
    )


def _shown(encoder: EncoderInfo) -> str:
    return f"{encoder.name} ({encoder.dimension}-d, fingerprint {encoder.fingerprint})"


def check_contents(vectors: ExampleVectorStore, lines: Mapping[str, bytes], encoder: EncoderInfo) -> tuple[str, ...]:
    """Check vectors and documents against each other; returns one line per check that passed.

    Raises:
        IndexStoreError: A vector doesn't have length 1, a document is missing, or its content doesn't match the
            hash that is its id.
    """
    if vectors.dimension != encoder.dimension:
        raise IndexStoreError(f"Vectors have {vectors.dimension} dimensions, expected {encoder.dimension}.")
    node_ids = vectors.node_ids
    if len(node_ids) != len(vectors):
        raise IndexStoreError(f"Got {len(node_ids)} distinct ids for {len(vectors)} vectors, expected as many.")
    check_lengths(vectors)
    verified = sum(_check_document(node_id, lines) for node_id in node_ids)
    if verified != vectors.counts()[1]:
        raise IndexStoreError(f"The corpus map counts {vectors.counts()[1]} verified examples, expected {verified}.")
    return (
        f"{len(node_ids)} vectors of {vectors.dimension} dimensions, finite and of length 1",
        f"{len(node_ids)} documents, each with the content its id is the hash of",
    )


def check_lengths(vectors: ExampleVectorStore) -> None:
    """Refuse vectors that don't have length 1 or are not finite: they would be near every question.

    Raises:
        IndexStoreError: Names the first bad vector.
    """
    node_ids = vectors.node_ids
    for start in range(0, len(node_ids), _CHUNK):
        lengths = np.linalg.norm(vectors.rows(start, min(start + _CHUNK, len(node_ids))), axis=1)
        bad = np.flatnonzero(~(np.abs(lengths - 1) < 1e-3))  # written so that NaN fails too
        if len(bad):
            raise IndexStoreError(f"The vector of {node_ids[start + bad[0]]} has length {lengths[bad[0]]}, expected 1.")


def _check_document(node_id: str, lines: Mapping[str, bytes]) -> bool:
    """Whether the document is a verified example, once its content has been checked."""
    if node_id not in lines:
        raise IndexStoreError(f"The document of vector {node_id} is missing.")
    return example_from_line(lines[node_id], node_id)[0].origin is Origin.VERIFIED
