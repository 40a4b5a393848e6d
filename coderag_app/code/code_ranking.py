"""Scores the units of a repository for a question: a weighted sum of features, whose weights were fitted elsewhere.

Two passes. The first adds up BM25 and the fields that each word stands in, over every unit, along the postings. The
second looks closely at the best of them, with more features and the weights that ``python -m finetune.code_search.fit``
made of questions about repositories that no benchmark asks about.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coderag_app.code.code_index import CodeIndex
from coderag_app.code.code_query import CodeQuery
from coderag_app.code.code_units import KIND_NUMBERS, ROLES
from coderag_app.code.code_words import DECLARED, FIELDS, FILE, NAME, words_of
from coderag_app.files import yaml_beside

FIELD_FEATURES = ("name", "signature", "doc", "enclosing", "folder", "file_name", "declared")
KIND_FEATURES = {
    "is_function": ("function",),
    "is_class": ("class", "interface", "enum", "struct", "trait", "impl", "type"),
    "is_constant": ("constant", "macro", "property"),
    "is_prose": ("prose", "cell"),
    "is_lines": ("lines",),
}
ROLE_FEATURES = tuple(f"role_{role}" for role in ROLES)
FEATURES = (
    "body", *FIELD_FEATURES, "file_body", *KIND_FEATURES, *ROLE_FEATURES,
    "covered", "file_covered", "name_precision", "file_precision", "exact_name", "exact_dotted", "joined_name",
    "joined_body", "length", "rest_of_file", "asked_test", "exact_declared", "body_relative", "file_relative",
    "covered_squared", "name_relative",
)  # fmt: skip
_FIRST_PASS = 1 + len(FIELD_FEATURES) + 1 + len(KIND_FEATURES) + len(ROLES)
K1, B = 1.2, 0.6
FILE_K1, FILE_B = 1.5, 0.75
CANDIDATES = 200
_RARE = 1e-9


@dataclass(frozen=True, slots=True)
class Ranking:
    """The best units of a question.

    Attributes:
        units: Their numbers, in no order.
        features: float32 (units, ``FEATURES``).
        found: uint8 (units, words): the fields of each word in each unit; 128 where it stands in the text alone.
        words: The question's words that the repository has, with their rarity; ``missing`` the others likewise.
    """

    units: NDArray[np.int64]
    features: NDArray[np.float32]
    found: NDArray[np.uint8]
    words: tuple[tuple[str, float], ...]
    missing: tuple[tuple[str, float], ...]


@lru_cache(maxsize=1)
def fitted() -> dict[str, Any]:
    """What was fitted: ``weights``, ``presence`` and ``same_file``."""
    found: dict[str, Any] = json.loads(Path(__file__).with_name("ranking_weights.json").read_text(encoding="utf-8"))
    return found


@lru_cache(maxsize=1)
def hand_weights() -> NDArray[np.float32]:
    """Weights set by hand, in the order of ``FEATURES``: they choose the candidates, where nothing must be missed."""
    found: dict[str, float] = yaml_beside(__file__, "hand_weights.yaml")
    return np.array([found.get(name, 0.0) for name in FEATURES], np.float32)


def same_file_cost() -> float:
    """What each earlier hit in its file costs a unit."""
    return float(fitted()["same_file"])


def default_weights() -> NDArray[np.float32]:
    """The fitted weights, in the order of ``FEATURES``."""
    found = fitted()["weights"]
    return np.array([found[name] for name in FEATURES], np.float32)


class Ranker:
    """Ranks the units of one index. What does not depend on the question is computed once."""

    def __init__(self, index: CodeIndex, weights: NDArray[np.float32] | None = None) -> None:
        self._index = index
        self._weights = default_weights() if weights is None else weights
        self._first_weights = hand_weights()
        columns = index.columns
        self._unit_files = np.asarray(columns.unit_files)
        self._lengths = np.asarray(columns.unit_words, np.float32)
        files = index.manifest.file_count
        file_lengths = np.bincount(self._unit_files, self._lengths, minlength=files).astype(np.float32)
        self._norm = K1 * (1 - B + B * self._lengths / max(self._lengths.mean(), 1))
        self._file_norm = FILE_K1 * (1 - FILE_B + FILE_B * file_lengths / max(file_lengths.mean(), 1))
        self._fixed = self._fixed_features()
        low = 1 + len(FIELD_FEATURES) + 1
        self._bias = self._fixed @ self._first_weights[low:_FIRST_PASS]
        bits = np.arange(256)[:, None] >> np.arange(len(FIELDS)) & 1
        self._field_table = (bits @ self._first_weights[1 : 1 + len(FIELDS)]).astype(np.float32)

    def _fixed_features(self) -> NDArray[np.float32]:
        """Kinds of units and roles of their files, float32 (units, features)."""
        kinds = np.asarray(self._index.columns.unit_kinds)
        roles = np.asarray(self._index.columns.file_roles)[self._unit_files]
        by_kind = [np.isin(kinds, [KIND_NUMBERS[kind] for kind in group]) for group in KIND_FEATURES.values()]
        by_role = [roles >> number & 1 for number in range(len(ROLES))]
        return np.stack([*by_kind, *by_role], axis=1).astype(np.float32)

    def rank(self, query: CodeQuery, allowed: NDArray[np.bool_] | None = None) -> Ranking:
        """The candidates of a question with their features.

        Args:
            query: The question.
            allowed: bool (files,): the files to look in; None for all.
        """
        index = self._index
        units, files = len(self._unit_files), index.manifest.file_count
        body, fields = np.zeros(units, np.float32), np.zeros(units, np.float32)
        file_body, file_covered = np.zeros(files, np.float32), np.zeros(files, np.float32)
        places, rarities, file_rarities, words, missing = [], [], [], [], []
        for word, weight in query.words.items():
            place = index.words.find(word)
            if place is None:
                missing.append((word, weight * _rarity(0, units)))
                continue
            documents, counts = index.words.documents[place], index.words.counts[place]
            rarity = weight * _rarity(len(documents), units)
            frequency = counts.astype(np.float32)
            body[documents] += rarity * frequency * (K1 + 1) / (frequency + self._norm[documents])
            fields[documents] += rarity * self._field_table[index.words.fields[place] & 127]
            in_file = np.bincount(self._unit_files[documents], frequency, minlength=files)
            file_rarity = weight * _rarity(int(np.count_nonzero(in_file)), files)
            file_body += file_rarity * in_file * (FILE_K1 + 1) / (in_file + self._file_norm)
            file_covered += file_rarity * (in_file > 0)
            places.append(place)
            rarities.append(rarity)
            file_rarities.append(file_rarity)
            words.append(word)
        total, file_total = max(sum(rarities), _RARE), max(sum(file_rarities), _RARE)
        file_body /= file_total
        first = (self._first_weights[0] * body + fields) / total + self._first_weights[1 + len(FIELDS)] * file_body[
            self._unit_files
        ]
        touched = body + fields != 0
        first = np.where(touched, first + self._bias, -np.inf)
        if allowed is not None:
            first[~allowed[self._unit_files]] = -np.inf
        count = min(CANDIDATES, int(np.count_nonzero(np.isfinite(first))))
        chosen = np.argpartition(-first, count - 1)[:count] if count else np.empty(0, np.int64)
        chosen = np.sort(chosen)
        found = self._found(places, chosen)
        features = self._features(query, chosen, found, np.array(rarities, np.float32) / total, words)
        features[:, 0] = body[chosen] / total
        of_files = self._unit_files[chosen]
        features[:, _column("file_body")] = file_body[of_files]
        features[:, _column("file_covered")] = file_covered[of_files] / file_total
        features[:, _column("body_relative")] = features[:, 0] / max(features[:, 0].max(initial=0), _RARE)
        best_file = max(float(file_body.max(initial=0)), _RARE)
        features[:, _column("file_relative")] = file_body[of_files] / best_file
        name = features[:, 1]
        features[:, _column("name_relative")] = name / max(name.max(initial=0), _RARE)
        features[:, _column("rest_of_file")] = self._rest_of_file(body / total, chosen)
        return Ranking(chosen, features, found, tuple(zip(words, rarities, strict=True)), tuple(missing))

    def scores(self, ranking: Ranking) -> NDArray[np.float32]:
        """The weighted sum of each candidate."""
        return ranking.features @ self._weights

    def _found(self, places: list[slice], chosen: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The fields of each word in each candidate; 128 marks the text itself."""
        found = np.zeros((len(chosen), len(places)), np.uint8)
        words = self._index.words
        for number, place in enumerate(places):
            documents = words.documents[place]
            at = np.searchsorted(documents, chosen)
            at[at == len(documents)] = 0
            here = documents[at] == chosen
            bits = words.fields[place][at] | np.where(words.counts[place][at] > 0, 128, 0).astype(np.uint8)
            found[:, number] = np.where(here, bits, 0)
        return found

    def _features(
        self, query: CodeQuery, chosen: NDArray[np.int64], found: NDArray[np.uint8], rarities: NDArray[np.float32],
        words: list[str],
    ) -> NDArray[np.float32]:  # fmt: skip
        features = np.zeros((len(chosen), len(FEATURES)), np.float32)
        for number, bit in enumerate(FIELDS):
            features[:, 1 + number] = ((found & bit) > 0) @ rarities
        low = 2 + len(FIELDS)
        features[:, low:_FIRST_PASS] = self._fixed[chosen]
        covered = (found > 0) @ rarities
        features[:, _column("covered")] = covered
        features[:, _column("covered_squared")] = covered**2
        own = np.asarray(self._index.columns.unit_names)[chosen].astype(np.float32)
        single = np.array([len(words_of(word)) == 1 for word in words], bool)
        in_name = ((found & NAME) > 0)[:, single].sum(axis=1) if len(words) else 0
        # The whole of a compound name is a word, too.
        features[:, _column("name_precision")] = np.minimum(in_name / np.maximum(own - (own > 1), 1), 1)
        in_file = ((found & FILE) > 0).sum(axis=1) if len(words) else 0
        features[:, _column("file_precision")] = np.minimum(in_file, 2) / 2
        features[:, _column("length")] = np.log1p(self._lengths[chosen]) / 5
        self._name_features(query, chosen, features)
        test = features[:, _column("role_test")]
        features[:, _column("asked_test")] = test * query.about_tests
        return features

    def _name_features(self, query: CodeQuery, chosen: NDArray[np.int64], features: NDArray[np.float32]) -> None:
        """Whether a unit is named as the question spells it: one word, dotted, or words written together."""
        for name in query.names:
            whole = words_of(name)[-1] if words_of(name) else ""
            exact = self._with_word(whole, chosen, NAME)
            own = np.asarray(self._index.columns.unit_names)[chosen]
            full = exact & (own == len(set(words_of(name))))
            column = features[:, _column("exact_name")]
            np.maximum(column, full, out=column)
            column = features[:, _column("exact_declared")]
            np.maximum(column, self._with_word(whole, chosen, DECLARED), out=column)
        for parts in query.dotted:
            last = self._with_word(words_of(parts[-1])[-1], chosen, NAME | DECLARED)
            before = self._with_word(words_of(parts[-2])[-1], chosen, 127)
            column = features[:, _column("exact_dotted")]
            np.maximum(column, last & before, out=column)
        for word in query.joined:
            place = self._index.words.find(word)
            if place is not None:
                bits = self._found([place], chosen)[:, 0]
                for name, wanted in (("joined_name", NAME), ("joined_body", 255)):
                    column = features[:, _column(name)]
                    np.maximum(column, (bits & wanted) > 0, out=column)

    def _with_word(self, word: str, chosen: NDArray[np.int64], bits: int) -> NDArray[np.bool_]:
        """Which candidates have a word in these fields; all bits stand for the text as well."""
        place = self._index.words.find(word)
        if place is None:
            return np.zeros(len(chosen), bool)
        found = self._found([place], chosen)[:, 0]
        return (found & bits) > 0

    def _rest_of_file(self, body: NDArray[np.float32], chosen: NDArray[np.int64]) -> NDArray[np.float32]:
        """The best BM25 of the other units in each candidate's file."""
        if not len(chosen):
            return np.zeros(0, np.float32)
        starts = self._index.first_units[:-1]
        best = np.maximum.reduceat(body, starts)
        second = np.maximum.reduceat(np.where(body == best[self._unit_files], 0, body), starts)
        files = self._unit_files[chosen]
        return np.where(body[chosen] == best[files], second[files], best[files])


def _column(name: str) -> int:
    return _COLUMNS[name]


_COLUMNS = {name: number for number, name in enumerate(FEATURES)}


def _rarity(documents: int, total: int) -> float:
    """BM25's inverse document frequency."""
    return float(np.log1p((total - documents + 0.5) / (documents + 0.5)))
