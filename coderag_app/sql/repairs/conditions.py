"""The conditions of a SELECT that must all hold, taken apart and put together again. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot import exp

from coderag_app.schema.tables import Schema
from coderag_app.schema.value_index import MAX_VALUES_PER_COLUMN, ValueIndex
from coderag_app.sql.literals import column_places


def conditions(select: exp.Select) -> list[exp.Expr]:
    """The conditions that must all hold."""
    where = select.args.get("where")
    if where is None:
        return []
    return list(where.this.flatten()) if isinstance(where.this, exp.And) else [where.this]


def leave_out(select: exp.Select, dropped: Sequence[exp.Expr]) -> None:
    """Drop some of the ``conditions``."""
    if dropped:
        kept = [each for each in conditions(select) if not any(each is other for other in dropped)]
        select.set("where", exp.Where(this=exp.and_(*kept, copy=False)) if kept else None)


def equalities(select: exp.Select) -> Iterator[exp.EQ]:
    """The conditions that a column, or the year of one, equals a literal."""
    for condition in conditions(select):
        if not isinstance(condition, exp.EQ) or not isinstance(condition.expression, exp.Literal):
            continue
        is_year = isinstance(condition.this, exp.Cast) and not condition.expression.is_string
        if isinstance(condition.this, exp.Column) or (is_year and condition.this.find(exp.Column)):
            yield condition


def compared_column(equality: exp.EQ) -> exp.Column:
    """The column of one of the ``equalities``."""
    column: exp.Column = equality.this.find(exp.Column)
    return column


def either(select: exp.Select, several: Sequence[exp.EQ]) -> None:
    """Filter on one of the values instead of all of them."""
    first = several[0]
    options = [each.expression.copy() for each in several]
    first.replace(exp.In(this=first.this.copy(), expressions=options))
    leave_out(select, several[1:])


def is_stored(equality: exp.EQ, values: ValueIndex) -> bool:
    """Whether the column stores the text; a number may always be stored."""
    literal, places = equality.expression, column_places(compared_column(equality))
    return not literal.is_string or any(values.stored_form(*place, literal.name) is not None for place in places)


def is_elsewhere(equality: exp.EQ, schema: Schema, values: ValueIndex) -> bool:
    """Whether it compares with text that the column is known not to store."""
    places = column_places(compared_column(equality))
    known = bool(places) and all(_values_are_known(schema, values, *place) for place in places)
    return equality.expression.is_string and known and not is_stored(equality, values)


def uses_positions(select: exp.Select) -> bool:
    """Whether the query sorts or groups by the number of a shown column, as in ``ORDER BY 2``."""
    order, group = select.args.get("order"), select.args.get("group")
    items = [item.this for item in (order.expressions if order is not None else ())]
    items += group.expressions if group is not None else ()
    return any(isinstance(item, exp.Literal) for item in items)


def _values_are_known(schema: Schema, values: ValueIndex, table: str, name: str) -> bool:
    column = schema.column(table, name)
    numbers = column is not None and column.is_numeric
    return numbers or 0 < len(values.values_of(table, name)) < MAX_VALUES_PER_COLUMN
