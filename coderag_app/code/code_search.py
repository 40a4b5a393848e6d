"""Finds the lines of a repository that a question is about, and says why."""

from __future__ import annotations

import fnmatch
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coderag_app.code.code_index import CodeIndex
from coderag_app.code.code_query import read_code_query
from coderag_app.code.code_ranking import Ranker, Ranking, same_file_cost
from coderag_app.code.code_units import CodeFile
from coderag_app.code.code_words import DOC, NAME, SIGNATURE
from coderag_app.code.presence import presence

MOST_HITS = 100


@dataclass(frozen=True, slots=True)
class CodeHit:
    """Lines that a question is about.

    Attributes:
        path: Within the repository.
        symbol: The qualified name of the definition, a heading, or "".
        score: Comparable within one search.
        why: What the hit has of the question: words by place, such as ``{"name": ("close",)}``.
    """

    path: str
    first_line: int
    last_line: int
    kind: str
    language: str
    symbol: str
    signature: str
    doc: str
    score: float
    why: dict[str, tuple[str, ...]]

    @property
    def place(self) -> str:
        """``src/session.py:10-24``."""
        return f"{self.path}:{self.first_line}-{self.last_line}"


class CodeSearcher:
    """Searches one index."""

    def __init__(self, index: CodeIndex, ranker: Ranker | None = None) -> None:
        self.index = index
        self._ranker = ranker or Ranker(index)

    def search(self, text: str, top: int = 10, language: str = "", path: str = "") -> list[CodeHit]:
        """The best units for a question, best first.

        Args:
            text: Words, a question, or a name.
            top: How many at most.
            language: Only files of this language.
            path: Only files below this folder, or that match this pattern.
        """
        ranking, scores = self._ranked(text, language, path)
        return self._hits(ranking, scores, top)

    def search_with_presence(
        self, text: str, top: int = 10, language: str = "", path: str = ""
    ) -> tuple[list[CodeHit], float]:
        """The same, and the probability that the repository answers the question at all."""
        ranking, scores = self._ranked(text, language, path)
        return self._hits(ranking, scores, top), presence(ranking, scores)

    def _ranked(self, text: str, language: str, path: str) -> tuple[Ranking, NDArray[np.float32]]:
        ranking = self._ranker.rank(read_code_query(text), self._allowed(language, path))
        return ranking, self._ranker.scores(ranking)

    def _hits(self, ranking: Ranking, scores: NDArray[np.float32], top: int) -> list[CodeHit]:
        order = spread(
            scores, np.asarray(self.index.columns.unit_files)[ranking.units], min(top, MOST_HITS), same_file_cost()
        )
        return [self._hit(ranking, int(place), float(score)) for place, score in order]

    def _hit(self, ranking: Ranking, place: int, score: float) -> CodeHit:
        file, unit = self.index.unit(int(ranking.units[place]))
        return CodeHit(
            file.path, unit.first_line, unit.last_line, unit.kind, file.language, unit.symbol, unit.signature, unit.doc,
            score, _why(ranking, place),
        )  # fmt: skip

    def _allowed(self, language: str, path: str) -> NDArray[np.bool_] | None:
        if not language and not path:
            return None
        return np.array([_matches(file, language.lower(), path) for file in self.index.files()], bool)


def spread(scores: NDArray[np.float32], files: NDArray[np.int32], top: int, cost: float) -> list[tuple[int, float]]:
    """Places of the best scores, best first, where each earlier hit in the same file costs a unit ``cost``."""
    order = np.lexsort((np.arange(len(scores)), -scores))
    taken: list[tuple[int, float]] = []
    seen: Counter[int] = Counter()
    waiting = [(float(scores[place]), int(place)) for place in order]
    while waiting and len(taken) < top:
        best, at = -np.inf, 0
        for number, (score, place) in enumerate(waiting):
            if score <= best:
                break
            value = score - cost * seen[int(files[place])]
            if value > best:
                best, at = value, number
        _, place = waiting.pop(at)
        seen[int(files[place])] += 1
        taken.append((place, best))
    return taken


def _matches(file: CodeFile, language: str, path: str) -> bool:
    if language and file.language != language:
        return False
    return not path or file.path.startswith(path.rstrip("/") + "/") or fnmatch.fnmatch(file.path, path)


def _why(ranking: Ranking, place: int) -> dict[str, tuple[str, ...]]:
    """The question's words in the hit, each named by the most telling place it stands in."""
    why: dict[str, list[str]] = {}
    for number, (word, _) in enumerate(ranking.words):
        bits = int(ranking.found[place, number])
        if not bits:
            continue
        named = next(
            (
                name
                for bit, name in ((NAME, "name"), (SIGNATURE, "signature"), (DOC, "doc"), (128, "text"))
                if bits & bit
            ),
            "path",
        )
        why.setdefault(named, []).append(word)
    return {name: tuple(words) for name, words in why.items()}
