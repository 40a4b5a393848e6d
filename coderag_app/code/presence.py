"""Whether a repository answers a question at all: a fitted probability, from how much of it the best hits hold."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from coderag_app.code.code_ranking import FEATURES, Ranking, fitted

PRESENCE_FEATURES = (
    "covered_by_best", "covered_by_three", "covered_at_most", "in_file", "in_name", "in_signature_or_doc", "score",
    "missing", "words", "exact_name", "lead",
)  # fmt: skip
# Below it an answer is "not here". On repositories left out of the fit it refuses 3% of their own questions and
# 89% of those about other repositories.
NOT_HERE = 0.35
_COLUMNS = {name: number for number, name in enumerate(FEATURES)}


def presence_features(ranking: Ranking, scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """How much of a question the best candidates hold, float32 (``PRESENCE_FEATURES``,); shares count missing words."""
    found = np.zeros(len(PRESENCE_FEATURES), np.float32)
    known = sum(rarity for _, rarity in ranking.words)
    lacking = sum(rarity for _, rarity in ranking.missing)
    share = known / max(known + lacking, 1e-9)
    found[7] = 1 - share
    found[8] = np.log1p(len(ranking.words) + len(ranking.missing))
    if not len(ranking.units):
        return found
    order = np.argsort(-scores, kind="stable")
    best, three = ranking.features[order[0]], order[:3]
    rarities = np.array([rarity for _, rarity in ranking.words], np.float32) / max(known, 1e-9)
    together = ((ranking.found[three] > 0).any(axis=0)) @ rarities
    found[0] = best[_COLUMNS["covered"]] * share
    found[1] = together * share
    found[2] = ranking.features[:, _COLUMNS["covered"]].max() * share
    found[3] = best[_COLUMNS["file_covered"]] * share
    found[4] = best[_COLUMNS["name"]] * share
    found[5] = max(best[_COLUMNS["signature"]], best[_COLUMNS["doc"]]) * share
    found[6] = scores[order[0]]
    found[9] = best[_COLUMNS["exact_name"]]
    found[10] = scores[order[0]] - scores[order[min(9, len(order) - 1)]]
    return found


@lru_cache(maxsize=1)
def _presence_weights() -> NDArray[np.float32]:
    fields = fitted()["presence"]
    return np.array([fields["bias"], *(fields[name] for name in PRESENCE_FEATURES)], np.float32)


def presence(ranking: Ranking, scores: NDArray[np.float32]) -> float:
    """The probability that the repository answers a question, 0 to 1."""
    if not len(ranking.units):
        return 0.0
    weights = _presence_weights()
    return float(1 / (1 + np.exp(-(weights[0] + presence_features(ranking, scores) @ weights[1:]))))
