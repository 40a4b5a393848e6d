"""Expressions that mean nothing although a database runs them: a name compared with a year, a sum of ids. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from coderag_app.sql.repairs.context import RepairContext
from coderag_app.sql.type_errors import misuses


def senseless_expressions(tree: exp.Expr, context: RepairContext) -> Iterator[str]:
    """Each use of a column that its contents have no meaning for, in a few words.

    Args:
        tree: The query.
        context: Its schema and values.
    """
    yield from map(str, misuses(tree, context.schema, context.values))
