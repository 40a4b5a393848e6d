"""Numbers in the unit that the question speaks of: grams of the column become the kilograms that were asked for."""

from __future__ import annotations

from sqlglot import exp

from coderag_app.sql.literals import compared_columns, declared_column, outer_selects
from coderag_app.sql.repairs.context import RepairContext
from coderag_app.sql.unit_conversion import asked_unit, factor, said_amounts, unit_of_column

_AGGREGATES = (exp.Avg, exp.Sum, exp.Min, exp.Max, exp.Median)


def convert_units(tree: exp.Expr, context: RepairContext) -> exp.Expr:
    """Convert what is shown to the unit that the question asks for, and said numbers to the unit of their column.

    Args:
        tree: A query; it is changed.
        context: With the question and the schema, whose columns' names or values say their unit.
    """
    asked = asked_unit(context.question)
    if asked:
        for select in outer_selects(tree):
            select.set("expressions", [_shown_in(item, asked, context) for item in select.expressions])
    for amount in said_amounts(context.question):
        for literal in tree.find_all(exp.Literal):
            if not literal.is_string and literal.name == amount.number:
                _say_in_stored_unit(literal, amount.unit, context)
    return tree


def _shown_in(item: exp.Expr, asked: str, context: RepairContext) -> exp.Expr:
    shown = item.unalias()
    column = shown.this if isinstance(shown, _AGGREGATES) else shown
    stored = _unit_of(column, context)
    times = factor(stored, asked) if stored and stored != asked else None
    if times is None or times == 1:
        return item
    converted = scaled(shown.copy(), times)
    return exp.alias_(converted, item.alias, quoted=True) if item.alias else converted


def _unit_of(node: exp.Expr, context: RepairContext) -> str:
    found = declared_column(node, context.schema) if isinstance(node, exp.Column) else None
    return unit_of_column(found[1]) if found is not None else ""


def _say_in_stored_unit(literal: exp.Literal, unit: str, context: RepairContext) -> None:
    for table_name, column_name in compared_columns(literal):
        table = context.schema.table(table_name)
        column = table.column(column_name) if table is not None else None
        stored = unit_of_column(column) if column is not None else ""
        times = factor(unit, stored) if stored and stored != unit else None
        if times is not None:
            literal.replace(exp.Literal.number(f"{float(literal.name) * times:.12g}"))
            return


def scaled(shown: exp.Expr, times: float) -> exp.Expr:
    """An expression times a number, as a division where that is the rounder way to say it: by 60.0, not times 0.016667.

    >>> scaled(exp.column("minutes"), 1 / 60).sql(), scaled(exp.column("kg"), 1000).sql()
    ('minutes / 60.0', 'kg * 1000.0')
    """
    number = 1 / times if times < 1 else times
    kind = exp.Div if times < 1 else exp.Mul
    digits = f"{number:.12g}"
    return kind(this=shown, expression=exp.Literal.number(digits if "." in digits else f"{digits}.0"))
