"""From what was tried to the answer that a person sees. Pure."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from coderag_app.decoding.candidates import Candidate, alternatives
from coderag_app.decoding.confidence import confidence
from coderag_app.decoding.question_run import QuestionRun
from coderag_app.types import AnswerStatus, Attempt, Confidence, SQLAnswer

NO_ANSWER = "The question cannot be answered from this schema."


def assembled_answer(
    run: QuestionRun,
    first: Candidate,
    groups: Sequence[Sequence[Candidate]] = (),
    drawn: int = 0,
    abstain_below: float = 0.0,
    **names: Any,
) -> SQLAnswer:
    """The answer to a question.

    Args:
        run: What was found and tried.
        first: The most likely reply, after its repairs, or the example that took its place.
        groups: The results that candidates voted for, the chosen one first; empty without a vote.
        drawn: Candidates that took part in the vote, refused ones included.
        abstain_below: Confidence below which the answer is held back.
        **names: ``database``, ``model`` and ``encoder`` of the answer.
    """
    chosen = groups[0][0] if groups else first
    refused = sum(bool(attempt.error) for attempt in run.attempts)
    if (chosen is not first or chosen.reused) and chosen.accepted:
        run.attempts.append(Attempt(chosen.reply, chosen.sql, ""))
    agreement = len(groups[0]) / drawn if groups else None
    empty = chosen.result is not None and not chosen.result.rows
    sure = (
        confidence(chosen.log_probability, agreement, run.sources, refused, empty, reused=chosen.reused)
        if chosen.accepted
        else None
    )
    run.timings_s["total"] = time.perf_counter() - run.started
    answer = SQLAnswer(
        question=run.question,
        sql=chosen.sql,
        status=AnswerStatus.REPAIRED if run.attempts and run.attempts[0].error else AnswerStatus.ANSWERED,
        sources=run.sources,
        attempts=tuple(run.attempts),
        timings_s=run.timings_s,
        confidence=sure,
        alternatives=alternatives(groups) if drawn > 1 else (),
        **names,
    )
    if not chosen.accepted:
        return replace(answer, status=AnswerStatus.FAILED, error=_failure(run, chosen))
    if not chosen.sql:
        return replace(answer, status=AnswerStatus.ABSTAINED, error=NO_ANSWER)
    if sure is not None and sure.score < abstain_below:
        return replace(answer, status=AnswerStatus.ABSTAINED, error=_unsure(sure, abstain_below))
    if chosen.result is None:
        return answer
    result = chosen.result
    return replace(answer, columns=result.columns, rows=result.rows, truncated=result.truncated, executed=True)


def _failure(run: QuestionRun, last: Candidate) -> str:
    rounds = f"{len(run.attempts)} attempt{'s' if len(run.attempts) > 1 else ''}"
    return f"No usable SQL after {rounds}: {last.error}"


def _unsure(sure: Confidence, abstain_below: float) -> str:
    return (
        f"Too unsure to answer: confidence {sure.score:.2f}, and abstain_below is {abstain_below:.2f} "
        f"({'; '.join(sure.reasons)})."
    )
