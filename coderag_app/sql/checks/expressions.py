"""Expressions that mean nothing although a database runs them: a name compared with a year, a sum of ids. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from textwrap import shorten

from sqlglot import exp

from coderag_app.sql.repairs.context import RepairContext
from coderag_app.sql.type_errors import compared_literals, misuses

_NUMBER = re.compile(r"\s*[-+]?\d+(?:\.\d+)?\s*")
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.In, exp.Between)
_NUMBERS = (exp.Count, exp.Sum, exp.Avg, exp.Year, exp.Month, exp.Day, exp.Extract, exp.Add, exp.Sub, exp.Mul, exp.Div)
_NUMBER_FORMATS = ("%Y", "%m", "%d", "%H")
_MOST_SHOWN = 80  # characters of an expression


def senseless_expressions(tree: exp.Expr, context: RepairContext) -> Iterator[str]:
    """Each use of a column that its contents have no meaning for, and each number compared with words.

    Args:
        tree: The query.
        context: Its schema and values.
    """
    yield from map(str, misuses(tree, context.schema, context.values))
    for comparison in tree.find_all(*_COMPARISONS):
        if _is_number(comparison.this) and any(map(_is_words, compared_literals(comparison))):
            yield f"A number is compared with words: {shorten(comparison.sql(context.dialect), _MOST_SHOWN)}"


def lonely_columns(tree: exp.Expr, context: RepairContext) -> Iterator[str]:
    """Each column shown beside a count, sum or average of all rows, which only some databases run, and by chance.

    A column beside MAX or MIN is SQLite's way to show the row of the extreme, and stays.

    Args:
        tree: The query.
        context: Its schema.
    """
    for select in tree.find_all(exp.Select):
        if select.args.get("group") is not None:
            continue
        items = [item.unalias() for item in select.expressions]
        if any(isinstance(item, exp.Count | exp.Sum | exp.Avg) for item in items):
            for item in items:
                if isinstance(item, exp.Column) and not isinstance(item.this, exp.Star):
                    yield f"{item.sql(context.dialect)} is shown beside a total of all rows"


def _is_number(node: exp.Expr) -> bool:
    """Whether an expression is a number whatever its columns hold."""
    while isinstance(node, exp.Paren):
        node = node.this
    if isinstance(node, exp.Cast):
        return node.to.is_type("int", "bigint", "smallint", "float", "double", "decimal")
    if isinstance(node, exp.TimeToStr):
        return node.text("format") in _NUMBER_FORMATS
    return isinstance(node, _NUMBERS)


def _is_words(literal: exp.Literal) -> bool:
    return literal.is_string and not _NUMBER.fullmatch(literal.name)
