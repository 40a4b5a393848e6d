"""Classify wrong predictions: one class each, the first that applies from the outside in. Pure."""

from __future__ import annotations

from enum import StrEnum

from coderag_app.schema.tables import Schema
from finetune.evaluation.clauses import query_clauses
from finetune.evaluation.execution import Verdict
from finetune.evaluation.sql_form import read_form


class ErrorClass(StrEnum):
    """Where a prediction first differs from the gold."""

    NONE = "none"
    ABSTAINED = "abstained"
    NO_VALID_SQL = "no valid SQL"
    ENGINE_ERROR = "the engine failed"
    NOT_COMPARABLE = "result not comparable"  # cut off, or the query failed when it was run again for scoring
    TABLES = "other tables"
    NESTING = "other nesting"
    COLUMNS = "other columns"
    CLAUSES = "other clauses"
    VALUES = "other values"
    ORDER = "order of rows"
    OTHER = "other"


def classify_difference(
    gold_sql: str, predicted_sql: str, verdict: Verdict, schema: Schema | None = None, dialect: str = "sqlite"
) -> ErrorClass:
    """Classify a prediction that ran and was wrong.

    Args:
        gold_sql: The gold query.
        predicted_sql: The model's query.
        verdict: How their results compare.
        schema: The schema both are written for.
        dialect: sqlglot dialect of both.
    """
    if verdict is Verdict.EQUAL:
        return ErrorClass.NONE
    if verdict is Verdict.TRUNCATED:
        return ErrorClass.NOT_COMPARABLE
    if verdict is Verdict.ORDER:
        return ErrorClass.ORDER
    gold, predicted = read_form(gold_sql, schema, dialect), read_form(predicted_sql, schema, dialect)
    if gold is None or predicted is None:
        return ErrorClass.OTHER
    differences = (
        (ErrorClass.TABLES, gold.tables != predicted.tables),
        (ErrorClass.NESTING, gold.nesting != predicted.nesting),
        (ErrorClass.COLUMNS, gold.columns != predicted.columns),
        (ErrorClass.CLAUSES, query_clauses(gold_sql, dialect) != query_clauses(predicted_sql, dialect)),
        (ErrorClass.VALUES, gold.values != predicted.values),
    )
    return next((kind for kind, differs in differences if differs), ErrorClass.OTHER)
