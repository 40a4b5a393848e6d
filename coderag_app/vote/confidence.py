"""The confidence of an answer: the probability that its result is right, with reasons in words. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from coderag_app.types import Confidence, RetrievedExample, SQLAnswer
from coderag_app.vote.evidence import Evidence, probability_right

_MOST_WITH_A_DOUBT = 0.69  # what a check speaks against is never called sure, whatever else speaks for it
_BUILDS_ON = "it builds on the answer before, which was no surer"


def confidence(
    evidence: Evidence, sources: Sequence[RetrievedExample], doubts: Sequence[str] = ()
) -> Confidence | None:
    """Compute the confidence of an answer; None if neither the model nor candidates give evidence.

    Args:
        evidence: The evidence for the result.
        sources: The examples shown, most similar first.
        doubts: What the checks say against the answer.
    """
    if not evidence.is_of_several and evidence.probability is None:
        return None
    similarity = sources[0].similarity if sources else None
    score = probability_right(evidence)
    if doubts:
        score = min(score, _MOST_WITH_A_DOUBT)
    log_probability = math.log(evidence.probability) if evidence.probability else None
    reasons = (*_reasons(evidence, similarity), *doubts)
    return Confidence(score, evidence.share, similarity, reasons, log_probability)


def no_surer_than(previous: SQLAnswer | None, answer: SQLAnswer) -> SQLAnswer:
    """A follow-up's answer with at most the confidence of the answer that it builds on.

    A changed query has none of its own and takes the other's. Verified and hand-written SQL bounds nothing.

    Args:
        previous: The answer before; None where the question stands alone.
        answer: The follow-up's.
    """
    bound = previous.confidence if previous is not None else None
    own = answer.confidence
    if bound is None or (own is not None and own.score <= bound.score):
        return answer
    if own is None:
        return replace(answer, confidence=replace(bound, reasons=(*bound.reasons, _BUILDS_ON)))
    return replace(answer, confidence=replace(own, score=bound.score, reasons=(*own.reasons, _BUILDS_ON)))


def _reasons(evidence: Evidence, similarity: float | None) -> tuple[str, ...]:
    reasons = []
    if evidence.probability:
        reasons.append(f"the model gave its words a probability of {100 * evidence.probability:.0f}% each")
    if evidence.share:
        reasons.append(f"{100 * evidence.share:.0f}% of the candidates returned these rows")
    if evidence.rank is not None:
        reasons.append(f"the encoder finds a similarity of {evidence.rank:.2f} between question and SQL")
    if evidence.retrieved:
        reasons.append("a retrieved query returns these rows" if evidence.share != 0 else "it is a retrieved query")
    if evidence.seconded is not None:
        reasons.append(f"a second model returns {'the same' if evidence.seconded else 'other'} rows")
    if similarity is not None:
        reasons.append(f"the nearest example has a similarity of {similarity:.2f}")
    if evidence.refused:
        were = "reply was" if evidence.refused == 1 else "replies were"
        reasons.append(f"{evidence.refused} {were} refused before it")
    if evidence.empty:
        reasons.append("no rows came back")
    return tuple(reasons)
