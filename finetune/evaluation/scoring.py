"""Score one answer against its gold."""

from __future__ import annotations

from dataclasses import dataclass

from coderag_app.database import Database
from coderag_app.errors import DatabaseError
from coderag_app.schema.tables import Schema
from coderag_app.types import AnswerStatus, QueryResult, RetrievedExample, SQLAnswer
from finetune.evaluation.clauses import query_clauses
from finetune.evaluation.datasets import EvalQuestion
from finetune.evaluation.error_classes import ErrorClass, classify_difference
from finetune.evaluation.exact_match import normalised_match, strict_match
from finetune.evaluation.execution import Convention, Verdict, compare_results, is_ordered
from finetune.evaluation.hardness import query_hardness
from finetune.evaluation.predictions import Prediction, PredictionSource, ResultPreview


@dataclass(frozen=True)
class Asked:
    """One arm's attempt at a question.

    Attributes:
        answer: The engine's answer; None where it raised ``error``.
        examples: The examples shown.
        choose_s: Seconds spent choosing the examples; ``ask_s``: seconds spent on the answer.
    """

    arm: str
    question: EvalQuestion
    answer: SQLAnswer | None
    error: str
    examples: tuple[RetrievedExample, ...]
    choose_s: float
    ask_s: float
    table_recall: float | None = None
    retrieval: dict[str, float] | None = None


def score_answer(asked: Asked, gold: QueryResult, database: Database, schema: Schema | None) -> Prediction:
    """Run the predicted SQL under the gold's limits, compare the results, and record everything.

    SQL that the engine rejected counts as wrong even if it would run, since users never get its rows.

    Args:
        asked: The question, the arm and its answer.
        gold: The gold's result on the same database.
        database: The database, opened with the limits that the gold ran under.
        schema: Its schema, for normalising the SQL.
    """
    question, answer = asked.question, asked.answer
    sql = answer.sql if answer is not None else ""
    result, error = _run(answer, database)
    ordered = is_ordered(question.gold_sql, database.dialect)
    verdicts = {
        convention: compare_results(gold, result, ordered, convention) if result is not None else None
        for convention in Convention
    }
    verdict = verdicts[Convention.SPIDER]
    sure = answer.confidence if answer is not None else None
    return Prediction(
        arm=asked.arm,
        question_id=question.id,
        db_id=question.db_id,
        question=question.question,
        gold_sql=question.gold_sql,
        predicted_sql=sql,
        status=answer.status.value if answer is not None else "error",
        error=asked.error or (answer.error if answer is not None else "") or error,
        spider=verdict is Verdict.EQUAL,
        bird=verdicts[Convention.BIRD] is Verdict.EQUAL,
        strict=bool(sql) and strict_match(question.gold_sql, sql),
        normalised=bool(sql) and normalised_match(question.gold_sql, sql, schema, database.dialect),
        valid=answer is not None and answer.ok,
        verdict=verdict.value if verdict is not None else "",
        error_class=_error_class(question, answer, verdict, schema, database.dialect).value,
        hardness=query_hardness(question.gold_sql, database.dialect).value,
        clauses=query_clauses(question.gold_sql, database.dialect),
        latency_s=round(asked.choose_s + asked.ask_s, 4),
        timings_s={"choose": round(asked.choose_s, 4)} | _rounded(answer.timings_s if answer is not None else {}),
        attempts=len(answer.attempts) if answer is not None else 0,
        sources=tuple(map(PredictionSource.of, asked.examples)),
        gold_result=ResultPreview.of(gold),
        predicted_result=ResultPreview.of(result) if result is not None else ResultPreview(),
        table_recall=asked.table_recall,
        retrieval=asked.retrieval,
        confidence=_digits(sure.score) if sure is not None else None,
        log_probability=_digits(sure.log_probability) if sure is not None else None,
        agreement=_digits(sure.agreement) if sure is not None else None,
        among_candidates=_among_candidates(answer, gold, ordered, database),
    )


def _among_candidates(answer: SQLAnswer | None, gold: QueryResult, ordered: bool, database: Database) -> bool | None:
    """Whether any result in the vote is right, in Spider's convention: the limit for a better choice."""
    if answer is None or not answer.alternatives:
        return None
    for alternative in answer.alternatives:
        try:
            result = database.execute(alternative.sql) if alternative.sql else None
        except DatabaseError:
            continue
        if result is not None and compare_results(gold, result, ordered) is Verdict.EQUAL:
            return True
    return False


def _digits(value: float | None) -> float | None:
    return round(value, 5) if value is not None else None


def _run(answer: SQLAnswer | None, database: Database) -> tuple[QueryResult | None, str]:
    """Run an accepted answer again: the engine stops at the fewer rows that users see."""
    if answer is None or not answer.ok:
        return None, ""
    try:
        return database.execute(answer.sql), ""
    except DatabaseError as error:
        return None, str(error)


def _error_class(
    question: EvalQuestion, answer: SQLAnswer | None, verdict: Verdict | None, schema: Schema | None, dialect: str
) -> ErrorClass:
    if answer is None:
        return ErrorClass.ENGINE_ERROR
    if answer.status is AnswerStatus.ABSTAINED:
        return ErrorClass.ABSTAINED
    if not answer.ok:
        return ErrorClass.NO_VALID_SQL
    if verdict is None:
        return ErrorClass.NOT_COMPARABLE
    return classify_difference(question.gold_sql, answer.sql, verdict, schema, dialect)


def _rounded(timings_s: dict[str, float]) -> dict[str, float]:
    return {step: round(seconds, 4) for step, seconds in timings_s.items()}
