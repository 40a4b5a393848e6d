"""How sure an answer is: one number from what the model, the vote and the examples say, and the reasons in words. Pure.

The score starts from the probability that the model gave its own reply and, where candidates were sampled, from the
share of them that returned the same rows; of both, the geometric mean. Every repair lowers it, and so does a result
without rows, which a wrong literal or join gives more often than a right query. It orders answers and is no calibrated
probability: what a score is worth depends on the model, and an evaluation's table of the surest questions tells.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from coderag_app.types import Confidence, RetrievedExample

_REPAIR_FACTOR = 0.6
_EMPTY_FACTOR = 0.5


def confidence(
    log_probability: float | None,
    agreement: float | None,
    sources: Sequence[RetrievedExample],
    repairs: int = 0,
    empty: bool = False,
    reused: bool = False,
) -> Confidence | None:
    """How sure an answer is; None where neither the model nor candidates tell.

    Args:
        log_probability: Mean over the tokens of the reply.
        agreement: Share of the candidates that returned the same rows.
        sources: The examples shown, most similar first.
        repairs: Replies that were refused before this one.
        empty: Whether the SQL returned no rows.
        reused: Whether the SQL is an example's, taken since the model was unsure of its own.
    """
    told = [math.exp(log_probability)] if log_probability is not None else []
    told += [agreement] if agreement is not None else []
    if not told:
        return None
    similarity = sources[0].similarity if sources else None
    score = math.prod(told) ** (1 / len(told)) * _REPAIR_FACTOR**repairs * _EMPTY_FACTOR**empty
    reasons = _reasons(log_probability, agreement, similarity, repairs, empty)
    reasons += ("a retrieved query fitted the question better than the model's own",) * reused
    return Confidence(score, agreement, similarity, reasons, log_probability)


def _reasons(
    log_probability: float | None, agreement: float | None, similarity: float | None, repairs: int, empty: bool
) -> tuple[str, ...]:
    reasons = []
    if log_probability is not None:
        reasons.append(f"the model gave its words a probability of {100 * math.exp(log_probability):.0f}% each")
    if agreement is not None:
        reasons.append(f"{100 * agreement:.0f}% of the candidates returned these rows")
    if similarity is not None:
        reasons.append(f"the nearest example has a similarity of {similarity:.2f}")
    if repairs:
        reasons.append(f"{repairs} {'reply was' if repairs == 1 else 'replies were'} refused before it")
    if empty:
        reasons.append("no rows came back")
    return tuple(reasons)
