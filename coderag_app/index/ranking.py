"""From vectors near a question to the examples shown: verified before synthetic, ties, copies of the same SQL. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping

from coderag_app.index.nodes import example_from_line
from coderag_app.index.vector_queries import Hit
from coderag_app.types import RetrievedExample

# A synthetic example must be nearer than a verified one by more than this to come first. Each database has thousands of
# them, so some are near any question; a confirmed example is worth more than a slightly nearer guess.
VERIFIED_LEAD = 0.1
# The same text embedded in another batch differs by about 1e-7, so closer cosines count as equal.
_TIE = 2e-6

Nearest = Callable[[int, bool], list[Hit]]
"""Returns that many nearest hits, best first, of verified (True) or synthetic examples; fewer if there are no more."""


def rank_hits(nearest: Nearest, lines: Mapping[str, bytes], top_k: int, distinct: bool) -> list[RetrievedExample]:
    """Choose the best examples: by similarity, with ``VERIFIED_LEAD`` added to that of verified ones.

    Fetches enough neighbours that copies and ties at the last place can't hide a better example.

    Args:
        nearest: Searches one origin.
        lines: Lines of the documents file by node id; LlamaIndex inserts them a moment after the vectors.
        top_k: How many examples to return at most.
        distinct: Keep one example of those with the same database and embed view, the verified one if there is one.
    """
    if top_k < 1:
        return []
    verified, synthetic = (_best(nearest, origin, lines, top_k, distinct) for origin in (True, False))
    merged = heapq.merge(
        ((-(item.similarity + VERIFIED_LEAD), 0, item, view) for item, view in verified),
        ((-item.similarity, 1, item, view) for item, view in synthetic),
        key=lambda entry: entry[:2],
    )
    copies = {(item.example.db_id, view) for item, view in verified} if distinct else set()
    found = (item for _, origin, item, view in merged if not (origin and (item.example.db_id, view) in copies))
    return [item for item, _ in zip(found, range(top_k), strict=False)]


def _best(
    nearest: Nearest, verified: bool, lines: Mapping[str, bytes], top_k: int, distinct: bool
) -> list[tuple[RetrievedExample, str]]:
    """The first ``top_k`` of one origin, or more where those are known, with their embed views."""
    count = 4 * top_k
    while True:
        hits = nearest(count, verified)
        ranked = list(_ranked(hits, lines, distinct))
        complete = len(hits) < count
        # Copies of verified examples are left out of the synthetic ones, so as many more may be needed of those.
        wanted = top_k if verified else 2 * top_k
        settled = len(ranked) >= wanted and ranked[wanted - 1][0].similarity > hits[-1].similarity + _TIE
        if complete or settled:
            return ranked
        count *= 4


def _ranked(hits: list[Hit], lines: Mapping[str, bytes], distinct: bool) -> Iterator[tuple[RetrievedExample, str]]:
    """Hits in order of (similarity up to ties, row), each tie under its highest similarity."""
    levels: list[tuple[float, Hit]] = []
    level = previous = 2.0
    for hit in hits:
        if previous - hit.similarity > _TIE:
            level = hit.similarity
        previous = hit.similarity
        levels.append((level, hit))
    seen: set[tuple[str, str]] = set()
    for similarity, hit in sorted(levels, key=lambda item: (-item[0], item[1].row)):
        line = lines.get(hit.node_id)
        if line is None:
            continue
        example, view = example_from_line(line, hit.node_id)
        if distinct and (example.db_id, view) in seen:
            continue
        seen.add((example.db_id, view))
        yield RetrievedExample(example, similarity), view
