"""Exact match of two queries, by text and after normalisation. Pure."""

from __future__ import annotations

from coderag_app.schema.tables import Schema
from finetune.evaluation.sql_form import read_form


def strict_match(gold_sql: str, predicted_sql: str) -> bool:
    """Whether both texts are identical, ignoring surrounding white space and a closing semicolon.

    A model that was not trained on the gold's formatting scores low here, however right it is: this measures formatting
    as much as meaning.
    """
    return _trimmed(gold_sql) == _trimmed(predicted_sql)


def normalised_match(gold_sql: str, predicted_sql: str, schema: Schema | None = None, dialect: str = "sqlite") -> bool:
    """Whether both queries are the same after parsing and rewriting to one form (see ``canonical_text``).

    Aliases, letter case, qualified or bare column names, white space, comments and the order of commutative parts do
    not matter; the order of the selected columns, literals and the way the query is built do. Text that does not parse
    is compared as it is.

    Args:
        gold_sql: The gold query.
        predicted_sql: The model's query.
        schema: The schema both are written for; without it some qualified and bare names can't be matched.
        dialect: sqlglot dialect of both.
    """
    if strict_match(gold_sql, predicted_sql):
        return True
    gold, predicted = read_form(gold_sql, schema, dialect), read_form(predicted_sql, schema, dialect)
    return gold is not None and predicted is not None and gold.canonical == predicted.canonical


def _trimmed(sql: str) -> str:
    return sql.strip().removesuffix(";").rstrip()
