"""The evidence for a result, and the probability that it is right. Pure.

A weighted sum of a few features orders the results, and a logistic function of the winner's sum is the confidence. The
weights are fitted by ``python -m finetune.sql_model.vote_weights`` with a conditional logit (McFadden 1974) on
questions of databases that the bundled model never saw; with another model the weights may fit less
well, and the confidence is not a calibrated probability.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Evidence:
    """The features of one result.

    Attributes:
        share: Share of the sampled candidates that returned it, 0 to 1; None if none were sampled.
        rank: The encoder's cosine of the question with the SQL, the best of the result's; None without an encoder.
        probability: Mean token probability of the likeliest reply; None if the runtime doesn't report it.
        retrieved: Whether a retrieved query returns it.
        empty: Whether it has no rows, which wrong literals and joins cause more often than right queries.
        values_left_out: How many values of the question the query ignores; 0 if none are known.
        names_left_out: How many tables and columns named in the question it ignores.
        misused: How many columns are used for something they can't hold, such as a name compared with a year.
        words_used: Share of the question's content words, quoted texts and numbers that the query uses, 0 to 1.
        values_not_stored: How many texts are compared with a column that doesn't store them.
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


# Printed by the command above, before the left-out databases led to the rules of year_tokens.py, group_tokens.py and
# table_tokens.py. An unknown feature counts as the mean of right results.
SHARE_WEIGHT, TYPICAL_SHARE = 2.41, 0.82
RANK_WEIGHT, TYPICAL_RANK = 1.95, 0.81
PROBABILITY_WEIGHT, TYPICAL_PROBABILITY = 1.60, 0.89
RETRIEVED_WEIGHT = 1.33
EMPTY_WEIGHT = -0.86
VALUE_LEFT_OUT_WEIGHT = -1.06
NAME_LEFT_OUT_WEIGHT = -1.23
MISUSED_WEIGHT = -0.66
# Not fitted yet: of the bundled model's answers that leave a word unused three quarters are wrong, of others a quarter.
WORDS_USED_WEIGHT = 4.0
VALUE_NOT_STORED_WEIGHT = -0.7
CONFIDENCE_SLOPE, CONFIDENCE_INTERCEPT = 0.95, -3.70


def merit(evidence: Evidence) -> float:
    """Compute the weighted sum that orders results; it has no unit."""
    share = TYPICAL_SHARE if evidence.share is None else evidence.share
    rank = TYPICAL_RANK if evidence.rank is None else evidence.rank
    probability = TYPICAL_PROBABILITY if evidence.probability is None else evidence.probability
    return (
        SHARE_WEIGHT * share
        + RANK_WEIGHT * rank
        + PROBABILITY_WEIGHT * probability
        + RETRIEVED_WEIGHT * evidence.retrieved
        + EMPTY_WEIGHT * evidence.empty
        + VALUE_LEFT_OUT_WEIGHT * evidence.values_left_out
        + NAME_LEFT_OUT_WEIGHT * evidence.names_left_out
        + MISUSED_WEIGHT * evidence.misused
        + WORDS_USED_WEIGHT * (evidence.words_used - 1)
        + VALUE_NOT_STORED_WEIGHT * evidence.values_not_stored
    )


def probability_right(evidence: Evidence) -> float:
    """Compute the probability, 0 to 1, that the winning result is right."""
    return 1 / (1 + math.exp(-(CONFIDENCE_SLOPE * merit(evidence) + CONFIDENCE_INTERCEPT)))
