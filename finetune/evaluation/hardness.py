"""Spider's four levels of hardness, from its published definition, on sqlglot's syntax tree. Pure.

The definition (Yu et al., EMNLP 2018, and the evaluation script that came with it) counts three groups of things in
the outermost query, for a set operation in its first part:

1. WHERE, GROUP BY, ORDER BY, LIMIT, each join, each OR, each LIKE;
2. each subquery in a condition, and the set operation itself;
3. whether there is more than one aggregate, more than one selected column, more than one condition in WHERE, more
   than one GROUP BY key.

The script has its own way of counting aggregates, and the published levels follow from it: those that a selected column
or an ORDER BY key begins with, plus each NOT in a condition and each AND or OR in HAVING. This module does the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache

from sqlglot import exp

from finetune.evaluation.sql_form import parse_query


class Hardness(StrEnum):
    """The hardness of a gold query, by Spider's count of components."""

    EASY = "easy"
    MEDIUM = "medium"
    HARD = "hard"
    EXTRA = "extra"
    UNKNOWN = "unknown"  # the gold does not parse


@lru_cache(maxsize=8192)
def query_hardness(sql: str, dialect: str = "sqlite") -> Hardness:
    """Compute the level of a gold query."""
    query = parse_query(sql, dialect)
    if query is None:
        return Hardness.UNKNOWN
    first: exp.Expr = query
    while isinstance(first, exp.SetOperation):
        first = first.left.unnest()
    if not isinstance(first, exp.Select):
        return Hardness.UNKNOWN
    nested = len(list(_nested_queries(first))) + isinstance(query, exp.SetOperation)
    return _level(_clause_count(first), nested, _multiple_count(first))


def _level(clauses: int, nested: int, multiples: int) -> Hardness:
    if nested == 0:
        if clauses <= 1 and multiples == 0:
            return Hardness.EASY
        if (multiples <= 2 and clauses <= 1) or (clauses <= 2 and multiples < 2):
            return Hardness.MEDIUM
        if (multiples > 2 and clauses <= 2) or (2 < clauses <= 3 and multiples <= 2):
            return Hardness.HARD
    if clauses <= 1 and multiples == 0 and nested <= 1:
        return Hardness.HARD
    return Hardness.EXTRA


def _clause_count(select: exp.Select) -> int:
    """Group 1; ORDER BY and LIMIT at the end of a set operation belong to no part."""
    clauses = sum(bool(select.args.get(key)) for key in ("where", "group", "order", "limit"))
    joins = len(select.args.get("joins") or [])
    conditions = list(_conditions(select))
    return clauses + joins + _count(conditions, exp.Or) + _count(conditions, exp.Like, exp.ILike)


def _multiple_count(select: exp.Select) -> int:
    """Group 3."""
    where, having, order, group = (select.args.get(key) for key in ("where", "having", "order", "group"))
    keys = [key.this for key in order.expressions] if order else []
    selected = [column.unalias() for column in select.expressions]
    aggregates = sum(isinstance(node, exp.AggFunc) for node in (*selected, *keys))
    aggregates += _count([where], exp.Not) + _count([having], exp.Not, exp.And, exp.Or)
    return sum(
        (
            aggregates > 1,
            len(selected) > 1,
            _count([where], exp.And, exp.Or) > 0,
            group is not None and len(group.expressions) > 1,
        )
    )


def _conditions(select: exp.Select) -> Iterator[exp.Expr | None]:
    yield select.args.get("where")
    yield select.args.get("having")
    for join in select.args.get("joins") or []:
        yield join.args.get("on")


def _own_nodes(condition: exp.Expr | None) -> Iterator[exp.Expr]:
    """Nodes of a condition, with only the first node of each subquery."""
    if condition is not None:
        yield from condition.walk(prune=lambda node: isinstance(node, exp.Query))


def _count(conditions: list[exp.Expr | None], *kinds: type[exp.Expr]) -> int:
    return sum(isinstance(node, kinds) for condition in conditions for node in _own_nodes(condition))


def _nested_queries(select: exp.Select) -> Iterator[exp.Expr]:
    for condition in _conditions(select):
        yield from (node for node in _own_nodes(condition) if isinstance(node, exp.Query))
