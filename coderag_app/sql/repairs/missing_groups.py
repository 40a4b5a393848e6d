"""Group by the columns that a query shows beside a count, sum or average: "SELECT city, COUNT(*)" means each city."""

from __future__ import annotations

from sqlglot import exp

from coderag_app.sql.repairs.context import RepairContext


def group_by_shown(tree: exp.Expr, context: RepairContext) -> exp.Expr:
    """Add the GROUP BY that a query with plain columns and totals leaves out; only some databases run it without.

    A column beside MAX or MIN alone is SQLite's way to show the row of the extreme, and stays.

    Args:
        tree: A query; it is changed.
        context: Not needed: no schema gives such a query another meaning.
    """
    for select in tree.find_all(exp.Select):
        items = [item.unalias() for item in select.expressions]
        columns = [item for item in items if isinstance(item, exp.Column) and not isinstance(item.this, exp.Star)]
        totals = any(isinstance(item, exp.Count | exp.Sum | exp.Avg) for item in items)
        if totals and columns and select.args.get("group") is None:
            select.set("group", exp.Group(expressions=[column.copy() for column in columns]))
    return tree
