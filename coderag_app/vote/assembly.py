"""Assemble the answer that a user sees from what was tried. Pure."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from coderag_app.types import AnswerStatus, Attempt, Confidence, SQLAnswer
from coderag_app.vote.candidates import Candidate, Result, alternatives
from coderag_app.vote.confidence import confidence
from coderag_app.vote.question_run import QuestionRun

_LEFT_OUT = "The query below would leave it out, so its rows are not shown."
_FLOOR = 0.4  # confidence below which no rows are shown for a question that speaks of what the database doesn't know
NO_ANSWER = "The question cannot be answered from this schema."


def assembled_answer(
    run: QuestionRun,
    first: Candidate,
    results: Sequence[Result],
    abstain_below: float = 0.0,
    **names: Any,
) -> SQLAnswer:
    """Assemble the answer to a question.

    Args:
        run: What was found and tried.
        first: The most likely reply, after its repairs.
        results: What candidates returned, the chosen result first; empty if none was accepted or no model was asked.
        abstain_below: Confidence below which the answer is withheld.
        **names: ``database``, ``model`` and ``encoder`` of the answer.
    """
    chosen = results[0].chosen if results else first
    if chosen is not first and chosen.accepted:
        run.attempts.append(Attempt(chosen.reply, chosen.sql, ""))
    doubts = tuple(finding.text for finding in chosen.findings)
    evidence = replace(results[0].evidence, refused=run.refused) if results else None
    sure = confidence(evidence, run.sources, doubts) if evidence is not None else None
    run.timings_s["total"] = time.perf_counter() - run.started
    answer = SQLAnswer(
        question=run.asked or run.question.text,
        sql=chosen.sql,
        status=AnswerStatus.REPAIRED if run.attempts and run.attempts[0].error else AnswerStatus.ANSWERED,
        sources=run.sources,
        attempts=tuple(run.attempts),
        timings_s=run.timings_s,
        confidence=sure,
        doubts=doubts,
        alternatives=alternatives(results) if evidence is not None and evidence.is_of_several else (),
        **names,
    )
    if not chosen.accepted:
        return replace(answer, status=AnswerStatus.FAILED, error=_failure(run, chosen))
    if not chosen.sql:
        return replace(answer, status=AnswerStatus.ABSTAINED, error=NO_ANSWER)
    if chosen.dropped:
        return replace(answer, status=AnswerStatus.ABSTAINED, error=f"{chosen.dropped} {_LEFT_OUT}")
    if chosen.lacking and sure is not None and sure.score < _FLOOR:
        return replace(answer, status=AnswerStatus.ABSTAINED, error=f"{chosen.lacking} {_LEFT_OUT}")
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
