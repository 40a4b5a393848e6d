"""Turn conditions that no row can meet into what they can only mean.

"Hotels in Japan and South Korea" tempts a model to filter on one country that is both. Text that a column does not
store goes to a column beside it that does. Of two values that it stores each row may have either; where the column
belongs to other rows than those shown, they need one of each.
"""

from __future__ import annotations

from sqlglot import exp

from coderag_app.schema.tables import identifier
from coderag_app.sql.literals import column_places
from coderag_app.sql.repairs.conditions import (
    compared_column,
    conditions,
    either,
    equalities,
    is_elsewhere,
    is_stored,
    leave_out,
)
from coderag_app.sql.repairs.context import RepairContext

_KEEP_WHOLE = ("with_", "group", "having", "order", "limit")


def settle_contradictions(tree: exp.Expr, context: RepairContext) -> exp.Expr:
    """Rewrite ``c = 1 AND c = 2``, and move text to the column that stores it.

    Args:
        tree: A query; it is changed.
        context: Its schema and values, and the values that the question names.
    """
    for select in list(tree.find_all(exp.Select)):
        for equality in equalities(select):
            if is_elsewhere(equality, context.schema, context.values):
                _move(equality, context)
        for found in _contradicting(select):
            stored = [each for each in found if is_stored(each, context.values)] or found
            elsewhere = [each for each in found if each not in stored]
            leave_out(select, [each for each in elsewhere if not _move(each, context)])
            if select is tree and len(stored) == 2 and _belongs_to_other_rows(stored[0], select):
                return _rows_of_both(select, *stored)
            if len(stored) > 1:
                either(select, stored)
    return tree


def _contradicting(select: exp.Select) -> list[list[exp.EQ]]:
    """The equalities of one column with different literals."""
    by_column: dict[str, list[exp.EQ]] = {}
    for equality in equalities(select):
        by_column.setdefault(equality.this.sql(), []).append(equality)
    return [found for found in by_column.values() if len({each.expression.name for each in found}) > 1]


def _move(equality: exp.EQ, context: RepairContext) -> bool:
    """Compare the column of the table that stores the value; returns whether there is one."""
    text, tables = equality.expression.name.casefold(), {table for table, _ in column_places(equality.this)}
    for said in context.said:
        for value in said.stored:
            if text in said.spellings and value.table.lower() in tables:
                equality.this.set("this", identifier(value.column, context.dialect))
                equality.set("expression", exp.Literal.string(value.text))
                return True
    return False


def _belongs_to_other_rows(equality: exp.EQ, select: exp.Select) -> bool:
    """Whether the rows shown may have several rows with the column: it is of a table that nothing is shown of."""
    shown = {column.table for item in select.expressions for column in item.find_all(exp.Column)}
    plain = not any(select.args.get(clause) for clause in _KEEP_WHOLE)
    return plain and bool(shown) and compared_column(equality).table not in shown and not select.find(exp.AggFunc)


def _rows_of_both(select: exp.Select, first: exp.EQ, second: exp.EQ) -> exp.Expr:
    all_of_them = conditions(select)
    with_first, with_second = ([each.copy() for each in all_of_them if each is not other] for other in (second, first))
    first_half, second_half = select.copy(), select.copy()
    first_half.set("where", exp.Where(this=exp.and_(*with_first)))
    second_half.set("where", exp.Where(this=exp.and_(*with_second)))
    return exp.intersect(first_half, second_half)
