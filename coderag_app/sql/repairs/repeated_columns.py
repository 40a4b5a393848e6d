"""Drop duplicate columns from the SELECT list, which small models repeat and nobody asks for."""

from __future__ import annotations

from sqlglot import exp

from coderag_app.sql.repairs.conditions import uses_positions
from coderag_app.sql.repairs.context import RepairContext


def show_each_column_once(tree: exp.Expr, context: RepairContext) -> exp.Expr:
    """Drop what a query shows again; a set operation keeps its columns, whose number counts.

    Args:
        tree: A query; it is changed.
        context: Not needed: two equal expressions are one column in every schema.
    """
    if isinstance(tree, exp.Select) and not uses_positions(tree):
        tree.set("expressions", list({item.sql(): item for item in tree.expressions}.values()))
    return tree
