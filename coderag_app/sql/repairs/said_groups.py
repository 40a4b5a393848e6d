"""Group by the unit of time that a question says: "per month" means a row for each month, and not for each date."""

from __future__ import annotations

from sqlglot import exp

from coderag_app.question.periods.date_columns import holds_times
from coderag_app.question.periods.day_sql import day_sql
from coderag_app.question.read_question import Question
from coderag_app.sql.conversions import converted
from coderag_app.sql.date_phrases import part_of_date
from coderag_app.sql.date_units import unit_sql
from coderag_app.sql.literals import declared_column
from coderag_app.sql.repairs.context import RepairContext
from coderag_app.sql.repairs.date_extremes import date_in


def group_by_units(tree: exp.Expr, context: RepairContext) -> exp.Expr:
    """Put the said unit of a date where a query groups by the date, and the said period where it has no condition.

    Args:
        tree: A query; it is changed.
        context: Its schema with profiles, and the question, without which the query stays as it is.
    """
    unit = _only_unit(context.question)
    if unit:
        for select in list(tree.find_all(exp.Select)):
            _group(select, unit, context)
    return tree


def _only_unit(question: Question) -> str:
    """The unit that a question wants a row for each of; empty where it says two, or where a value says it."""
    units = {
        said.unit
        for said in question.units
        if not any(value.start < said.end and said.start < value.end for value in question.values)
    }
    return units.pop() if len(units) == 1 else ""


def _group(select: exp.Select, unit: str, context: RepairContext) -> None:
    group = select.args.get("group")
    items = group.expressions if group is not None else []
    dates = [item for item in items if date_in(item, context) is not None]
    parts = [item for item in items if part_of_date(item, context.dialect) is not None]
    if len(dates) != 1 or parts:
        if not dates and len(parts) == 1:
            _add_period(select, parts[0], context)
        return
    column = date_in(dates[0], context)
    found = declared_column(column, context.schema) if column is not None else None
    if column is None or found is None or (unit == "day" and not holds_times(found[1])):
        return
    profile = found[1].profile
    date = converted(column, profile, context.dialect) if profile.form else column
    if date is None:
        return
    grouped, said = dates[0].copy(), unit_sql(unit, date, context.dialect)
    _add_period(select, date, context)
    for item in (*items, *(each.unalias() for each in select.expressions), *_ordered(select)):
        if item in (grouped, column):
            item.replace(said.copy())


def _ordered(select: exp.Select) -> list[exp.Expr]:
    order = select.args.get("order")
    return [ordered.this for ordered in order.expressions] if order is not None else []


def _add_period(select: exp.Select, date: exp.Expr, context: RepairContext) -> None:
    """Filter by the only period that the question names, where nothing in the query does."""
    periods = [said.period for said in context.question.periods]
    column = date.find(exp.Column)
    found = declared_column(column, context.schema) if column is not None else None
    if len(periods) != 1 or periods[0] is None or column is None or found is None:
        return
    start, end = periods[0].start, periods[0].end
    query = select.root()
    where = [node for each in query.find_all(exp.Where, exp.Having) for node in each.find_all(exp.Column)]
    if not isinstance(start, str) or not isinstance(end, str) or any(date_in(node, context) for node in where):
        return
    texts = [literal.name for literal in query.find_all(exp.Literal)]
    if any(start[:4] in text for text in texts):
        return
    profile = found[1].profile
    compared = converted(column, profile, context.dialect) if profile.form else column
    if compared is not None:
        for kind, day in ((exp.GTE, start), (exp.LT, end)):
            select.where(kind(this=compared.copy(), expression=day_sql(day, context.dialect)), copy=False)
