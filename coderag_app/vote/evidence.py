"""The evidence for a result, and the probability that it is right. Pure.

One weighted sum of the evidence orders the results, another one under a logistic function is the confidence of the
winner. Both are fitted by ``python -m finetune.confidence.weights_fit`` on questions of databases that the bundled
model never saw, and stand in weights.yaml. With another model they may fit less well, and the confidence is no
calibrated probability.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from coderag_app.files import yaml_beside

WEIGHTS_FILE = Path(__file__).with_name("weights.yaml")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for and against one result; its fields are the signs that ``weights.yaml`` weighs.

    Attributes:
        share: Share of the sampled candidates that returned it, 0 to 1; None if none were sampled.
        rank: The encoder's cosine of the question with the SQL, the best of the result's; None without an encoder.
        probability: Mean token probability of the likeliest reply; None if the runtime doesn't report it.
        retrieved: Whether a retrieved query returns it.
        seconded: Whether the second model's reply returns it; None if no second model was asked.
        empty: Whether it has no rows, which wrong literals and joins cause more often than right queries.
        values_left_out: How many values of the question the query ignores; 0 if none are known.
        names_left_out: How many tables and columns named in the question it ignores.
        misused: How many columns are used for something they can't hold, such as a name compared with a year.
        words_used: Share of the question's content words, quoted texts and numbers that the query uses, 0 to 1.
        values_not_stored: How many texts are compared with a column that doesn't store them.
        unused: How many of them it doesn't use.
        beside: How many times it shows or does what isn't asked for, or shows only what the question says itself.
        doubts: How many findings of all checks speak against it.
        joins: How many tables it reads beyond the first.
        refused: How many replies were refused before the first accepted one.
    """

    share: float | None
    rank: float | None
    probability: float | None
    retrieved: bool
    empty: bool
    values_left_out: int = 0
    names_left_out: int = 0
    misused: int = 0
    words_used: float = 1.0
    values_not_stored: int = 0
    unused: int = 0
    beside: int = 0
    doubts: int = 0
    joins: int = 0
    refused: int = 0
    seconded: bool | None = None

    @property
    def is_of_several(self) -> bool:
        """Whether more than one reply was asked for."""
        return self.share is not None or self.seconded is not None


# What each sign can mean at all: a fit on a few hundred questions that turns one around has found chance.
DIRECTIONS = {
    "share": 1,
    "rank": 1,
    "probability": 1,
    "retrieved": 1,
    "empty": -1,
    "values_left_out": -1,
    "names_left_out": -1,
    "misused": -1,
    "words_used": 1,
    "values_not_stored": -1,
    "unused": -1,
    "beside": -1,
    "doubts": -1,
    "joins": -1,
    "refused": -1,
    "seconded": 1,
}


def merit(evidence: Evidence) -> float:
    """Compute the weighted sum that orders results; it has no unit."""
    return _weighed(evidence, "order")


def probability_right(evidence: Evidence) -> float:
    """Compute the probability, 0 to 1, that the winning result is right."""
    return 1 / (1 + math.exp(-(_weighed(evidence, "confidence") + _weights()[fit_of(evidence)]["intercept"])))


def fit_of(evidence: Evidence) -> str:
    """Which of the fits weighs some evidence: what a second model says changes what everything else is worth."""
    return "alone" if evidence.seconded is None else "seconded"


def _weighed(evidence: Evidence, kind: str) -> float:
    total, weights = 0.0, _weights()[fit_of(evidence)]["signs"]
    for name, sign in weights.items():
        value = getattr(evidence, name)
        total += sign[kind] * (sign["typical"] if value is None else value)  # unknown: as right results have it
    return total


@cache
def _weights() -> dict[str, Any]:
    weights: dict[str, Any] = yaml_beside(__file__, "weights.yaml")
    return weights
