"""Execution accuracy: whether two queries return the same answer on the same populated database. Pure.

What counts as equal, decided once and tested in ``tests/cases/execution_cases.jsonl``:

* Two conventions. ``spider``: the test-suite convention (Zhong et al., EMNLP 2020): the same multiset of rows, where
  the predicted columns may stand in another order; the order of rows counts if the gold query has an ORDER BY of its
  own. ``bird`` (Li et al., NeurIPS 2023): the same set of rows with the columns in the gold's order; neither the order
  of rows nor how often a row occurs counts.
* Two departures from the published test-suite code, both stricter in meaning: it requires the order of rows if
  "order by" occurs anywhere in the gold, even in a subquery, where it has no effect; and it removes DISTINCT from
  both queries before it runs them, which accepts a query with duplicate rows.
* Where the gold's ORDER BY leaves ties, their order is the database's and is required like any other, as published.
* NULL equals NULL and nothing else: neither 0, nor the empty string, nor the text "None".
* Numbers compare by value: 3 equals 3.0, true equals 1. Where a number has a fraction, values that differ by
  less than 1e-10 of their size (or 1e-12 in all) are equal, since sums depend on the order of their terms; whole
  numbers are exact, and 3.33 is not 3.3333.
* Text equals the same text alone: case, accents and blanks count, and the text "5" is not the number 5.
* Dates and times compare by their ISO text; binary values by their bytes.
* Column names never count, so duplicate names and aliases make no difference; the number of columns always counts,
  even if no row was returned.
* A truncated result equals nothing: its missing rows can't be compared.
"""

from __future__ import annotations

from collections import Counter
from enum import StrEnum

from sqlglot import exp

from coderag_app.types import QueryResult
from coderag_app.vote.same_rows import comparable_rows, same_multiset
from finetune.evaluation.sql_form import parse_query


class Convention(StrEnum):
    """Which published convention decides whether two results are the same."""

    SPIDER = "spider"
    BIRD = "bird"


class Verdict(StrEnum):
    """The outcome of comparing two results; all but EQUAL name the first difference."""

    EQUAL = "equal"
    TRUNCATED = "a result was cut off"
    COLUMN_COUNT = "another number of columns"
    ROW_COUNT = "another number of rows"
    VALUES = "other values"
    ORDER = "the same rows in another order"


def is_ordered(sql: str, dialect: str = "sqlite") -> bool:
    """Whether the query itself, not a subquery, has an ORDER BY."""
    query = parse_query(sql, dialect)
    return query is not None and isinstance(query.args.get("order"), exp.Order)


def compare_results(
    gold: QueryResult, predicted: QueryResult, ordered: bool, convention: Convention = Convention.SPIDER
) -> Verdict:
    """Compare two results; the module's docstring says what counts as the same.

    Args:
        gold: What the gold query returned.
        predicted: What the predicted query returned.
        ordered: Whether the order of rows counts (``is_ordered`` of the gold SQL); only used by the spider convention.
        convention: Which convention decides.
    """
    if gold.truncated or predicted.truncated:
        return Verdict.TRUNCATED
    if len(gold.columns) != len(predicted.columns):
        return Verdict.COLUMN_COUNT
    gold_rows, predicted_rows = comparable_rows(gold.rows, predicted.rows)
    if convention is Convention.BIRD:
        return Verdict.EQUAL if set(gold_rows) == set(predicted_rows) else Verdict.VALUES
    if len(gold_rows) != len(predicted_rows):
        return Verdict.ROW_COUNT
    if not ordered:
        return Verdict.EQUAL if same_multiset(gold_rows, predicted_rows) else Verdict.VALUES
    # In order, two tables hold the same rows exactly if they hold the same columns.
    if Counter(zip(*gold_rows, strict=True)) == Counter(zip(*predicted_rows, strict=True)):
        return Verdict.EQUAL
    return Verdict.ORDER if same_multiset(gold_rows, predicted_rows) else Verdict.VALUES
