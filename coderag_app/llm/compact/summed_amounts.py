"""Amounts added up where a query shows rows of other tables: the revenue of a store is that of all its sales."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from coderag_app.llm.compact.amounts import Amount
from coderag_app.llm.fill_literals import CannotDecodeError
from coderag_app.sql.repairs.conditions import conditions, leave_out


def sum_amounts(tree: exp.Expr, amount: Amount) -> None:
    """Add up the amount that a query shows, or sorts by, beside columns of other tables.

    Args:
        tree: A query in which the amount is a product in parentheses; it is changed.
        amount: The amount.
    """
    for select in list(tree.find_all(exp.Select)):
        group = select.args.get("group")
        if group is not None and any(_products(group, amount)):
            raise CannotDecodeError("nobody asks for a group of each amount")
        _move_to_having(select, amount)
        order = select.args.get("order")
        places = [*select.expressions, *(order.expressions if order is not None else ())]
        plain = [p for place in places for p in _products(place, amount) if p.find_ancestor(exp.AggFunc) is None]
        others = [i for i in select.expressions if not list(_products(i, amount)) and not i.find(exp.AggFunc)]
        own = any(column.table.lower() == amount.place[0] for item in others for column in item.find_all(exp.Column))
        if not plain or (own and not _ranks(select, amount)):
            continue
        for each in plain:
            each.replace(exp.Sum(this=each.copy()))
        if others and select.args.get("group") is None:
            select.set("group", exp.Group(expressions=[item.unalias().copy() for item in others]))

    for product in list(_products(tree, amount)):
        if not isinstance(product.parent, exp.Binary) or isinstance(product.this, exp.Column):
            product.replace(product.this)


def _ranks(select: exp.Select, amount: Amount) -> bool:
    """Whether the query asks for those with most: the top customers of a list of sales, not its largest lines."""
    shown = any(list(_products(item, amount)) for item in select.expressions)
    return select.args.get("limit") is not None and not shown and not select.find(exp.Star)


def _move_to_having(select: exp.Select, amount: Amount) -> None:
    """Customers who spent less than 100 did so in all they bought, not with one thing."""
    shown = [column for item in select.expressions for column in item.find_all(exp.Column)]
    if not shown or any(column.table.lower() == amount.place[0] for column in shown) or select.find(exp.AggFunc):
        return
    summed = [each for each in conditions(select) if list(_products(each, amount))]
    if not summed:
        return
    leave_out(select, summed)
    for condition in summed:
        for product in list(_products(condition, amount)):
            product.replace(exp.Sum(this=product.copy()))
    select.set("having", exp.Having(this=exp.and_(*summed, copy=False)))
    if select.args.get("group") is None:
        select.set("group", exp.Group(expressions=[item.unalias().copy() for item in select.expressions]))


def _products(node: exp.Expr, amount: Amount) -> Iterator[exp.Paren]:
    for found in node.find_all(exp.Paren):
        factors = tuple((column.table.lower(), column.name.lower()) for column in found.find_all(exp.Column))
        if isinstance(found.this, exp.Mul | exp.Column) and factors == amount.factors:
            yield found
