"""From vectors near a question to the examples shown: ties, and copies of the same SQL. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from coderag_app.example_nodes import example_from_line
from coderag_app.example_vectors import Hit
from coderag_app.types import RetrievedExample

# The same text embedded in another batch differs by about 1e-7; cosines closer than this count as equal.
_TIE = 2e-6


def rank_hits(
    nearest: Callable[[int], list[Hit]], lines: Mapping[str, bytes], top_k: int, distinct: bool
) -> list[RetrievedExample]:
    """Fetch enough neighbours that ties at the last place and copies cannot hide a better example.

    Args:
        nearest: Returns that many nearest hits, best first; fewer when there are no more.
        lines: Lines of the documents file by node id; LlamaIndex inserts them a moment after the vectors.
        top_k: How many examples to return at most.
        distinct: Keep one example of those with the same database and embed view.
    """
    if top_k < 1:
        return []
    count = 4 * top_k
    while True:
        hits = nearest(count)
        ranked = _ranked(hits, lines, distinct)
        complete = len(hits) < count
        settled = len(ranked) >= top_k and ranked[top_k - 1].similarity > hits[-1].similarity + _TIE
        if complete or settled:
            return ranked[:top_k]
        count *= 4


def _ranked(hits: list[Hit], lines: Mapping[str, bytes], distinct: bool) -> list[RetrievedExample]:
    """Hits in order of (similarity up to ties, verified first, row), each tie under its highest similarity."""
    levels: list[tuple[float, Hit]] = []
    level = previous = 2.0
    for hit in hits:
        if previous - hit.similarity > _TIE:
            level = hit.similarity
        previous = hit.similarity
        levels.append((level, hit))
    found: list[RetrievedExample] = []
    seen: set[tuple[str, str]] = set()
    for similarity, hit in sorted(levels, key=lambda item: (-item[0], not item[1].verified, item[1].row)):
        line = lines.get(hit.node_id)
        if line is None:
            continue
        example, view = example_from_line(line)
        if distinct and (example.db_id, view) in seen:
            continue
        seen.add((example.db_id, view))
        found.append(RetrievedExample(example, similarity))
    return found
