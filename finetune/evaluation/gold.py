"""Run gold queries and decide which questions can be scored."""

from __future__ import annotations

from coderag_app.database import Database
from coderag_app.errors import DatabaseError
from coderag_app.types import QueryResult
from finetune.evaluation.datasets import EvalQuestion, Exclusion, ExclusionReason

_STOPPED = ("was stopped after", "timeout", "timed out", "interrupted", "canceling statement")


def run_gold(question: EvalQuestion, database: Database, keep_trivial: bool = False) -> QueryResult | Exclusion:
    """Run the gold query; returns its result, or why the question is excluded from the score.

    A gold that returns nothing, or a lone 0 or NULL, is excluded: a wrong query easily returns the same. (On Spider dev
    that is 133 of 1,034 questions.)

    Args:
        question: The question.
        database: Its open database.
        keep_trivial: Score empty and trivial golds too, as the published leaderboards do.
    """
    try:
        result = database.execute(question.gold_sql)
    except DatabaseError as error:
        reason = ExclusionReason.GOLD_TIMEOUT if is_timeout(error) else ExclusionReason.GOLD_ERROR
        return Exclusion(question.id, reason, str(error))
    if result.truncated:
        return Exclusion(question.id, ExclusionReason.GOLD_TRUNCATED, f"more than {len(result.rows)} rows")
    if keep_trivial:
        return result
    if not result.rows:
        return Exclusion(question.id, ExclusionReason.GOLD_EMPTY)
    if len(result.rows) == 1 and len(result.rows[0]) == 1 and result.rows[0][0] in (None, 0):
        return Exclusion(question.id, ExclusionReason.GOLD_TRIVIAL, repr(result.rows[0][0]))
    return result


def is_timeout(error: DatabaseError) -> bool:
    """Whether a query was stopped at its time limit."""
    return any(word in str(error).lower() for word in _STOPPED)
