"""Measures code search on questions whose places are known: hits, reciprocal rank, nDCG, and the lines it costs."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coderag_app.code.code_search import CodeHit, CodeSearcher
from coderag_app.code.presence import NOT_HERE
from coderag_app.errors import ConfigurationError
from coderag_app.files import parse_json

_TOP = 10


@dataclass(frozen=True, slots=True)
class KnownPlace:
    """Where an answer is; without lines any hit of the file counts."""

    path: str
    first_line: int | None = None
    last_line: int | None = None

    def is_hit(self, hit: CodeHit) -> bool:
        """Whether a hit is in the file and shares a line."""
        if hit.path != self.path:
            return False
        if self.first_line is None or self.last_line is None:
            return True
        return hit.first_line <= self.last_line and hit.last_line >= self.first_line


@dataclass(frozen=True, slots=True)
class KnownQuestion:
    """A question with its places; none of them means that it cannot be answered here."""

    text: str
    places: tuple[KnownPlace, ...]


def read_known_questions(path: Path) -> list[KnownQuestion]:
    """Questions of a JSONL file: ``question`` or ``query``, and ``places`` or ``relevant`` with path, start and end.

    Raises:
        ConfigurationError: A line is something else.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read as UTF-8 text: {error}.") from error
    found = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            row = parse_json(line, f"{path}:{number}", 6)
            text, places = row.get("question", row.get("query")), row.get("places", row.get("relevant"))
            if not isinstance(text, str) or not isinstance(places, list):
                raise ConfigurationError(
                    f'{path}:{number} has {", ".join(sorted(row))[:200]}; expected "question" and "places", a list of '
                    '{"path": ..., "start": ..., "end": ...}.'
                )
            found.append(KnownQuestion(text, tuple(_place(place, f"{path}:{number}") for place in places)))
    if not found:
        raise ConfigurationError(f"{path} holds no question.")
    return found


def _place(place: Any, where: str) -> KnownPlace:
    if isinstance(place, str):
        return KnownPlace(place)
    if not isinstance(place, dict) or not isinstance(place.get("path"), str):
        raise ConfigurationError(f"{where}: a place is {json.dumps(place)[:100]}, expected an object with a path.")
    return KnownPlace(place["path"], place.get("start"), place.get("end"))


def measure(searcher: CodeSearcher, questions: Sequence[KnownQuestion]) -> dict[str, float]:
    """Means over the questions; those without a place give the share that is refused."""
    rows: dict[str, list[float]] = {}
    for question in questions:
        hits, probability = searcher.search_with_presence(question.text, _TOP)
        for name, value in _measures(question, hits, probability):
            rows.setdefault(name, []).append(value)
    return {"questions": float(len(questions)), **{name: sum(found) / len(found) for name, found in rows.items()}}


def _measures(question: KnownQuestion, hits: list[CodeHit], probability: float) -> Iterable[tuple[str, float]]:
    if not question.places:
        yield "refused where nothing is here", float(probability < NOT_HERE)
        return
    ranks = [next((rank for rank, hit in enumerate(hits, 1) if place.is_hit(hit)), None) for place in question.places]
    found = sorted({rank for rank in ranks if rank is not None})
    ideal = sum(1 / math.log2(rank + 1) for rank in range(1, min(_TOP, len(ranks)) + 1))
    yield "hit@1", float(1 in found)
    yield "hit@5", float(any(rank <= 5 for rank in found))
    yield "MRR@10", 1 / found[0] if found else 0.0
    yield "nDCG@10", sum(1 / math.log2(rank + 1) for rank in found) / ideal
    yield "lines of 5 hits", float(sum(hit.last_line - hit.first_line + 1 for hit in hits[:5]))
