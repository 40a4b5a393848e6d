"""SQL edits of conditions and of single clauses."""

from __future__ import annotations

from random import Random

from sqlglot import exp

from finetune.synthesis.rules.sql_editing import only_table, pick, sql_edit, where

_MIRRORED: dict[type, type[exp.Binary]] = {
    exp.GT: exp.LT,
    exp.LT: exp.GT,
    exp.GTE: exp.LTE,
    exp.LTE: exp.GTE,
    exp.EQ: exp.EQ,
}


@sql_edit("sql_same", "write BETWEEN as two comparisons", "use BETWEEN for the two bounds")
def between_to_bounds(tree: exp.Select, rng: Random) -> exp.Expression | None:
    """``x BETWEEN a AND b`` as ``x >= a AND x <= b``."""
    found = pick(tree, exp.Between, rng)
    if found is None:
        return None
    column = found.this
    bounds = exp.and_(
        exp.GTE(this=column.copy(), expression=found.args["low"]),
        exp.LTE(this=column.copy(), expression=found.args["high"]),
    )
    found.replace(exp.paren(bounds) if isinstance(found.parent, exp.Not) else bounds)
    return tree


@sql_edit("sql_same", "compare with each value and join with OR", "list the values with IN")
def list_to_or(tree: exp.Select, rng: Random) -> exp.Expression | None:
    """``x IN (a, b)`` as comparisons."""
    found = pick(tree, exp.In, rng)
    if found is None or found.args.get("query") is not None or isinstance(found.parent, exp.Not):
        return None
    parts = [exp.EQ(this=found.this.copy(), expression=value) for value in found.expressions]
    found.replace(exp.paren(exp.or_(*parts)))
    return tree


@sql_edit("sql_same", "list the values with IN", "compare with each value and join with OR")
def or_to_list(tree: exp.Select, rng: Random) -> exp.Expression | None:
    """``x = a OR x = b`` as ``x IN (a, b)``."""
    found = pick(tree, exp.Or, rng)
    if found is None or not isinstance(found.this, exp.EQ) or not isinstance(found.expression, exp.EQ):
        return None
    left, right = found.this, found.expression
    if left.this != right.this or not isinstance(right.expression, exp.Literal):
        return None
    found.replace(exp.In(this=left.this, expressions=[left.expression, right.expression]))
    return tree


@sql_edit("sql_same", "turn the comparison round", "put the column first in the comparison", is_common=True)
def mirror_comparison(tree: exp.Select, rng: Random) -> exp.Expression | None:
    """``a > 1`` as ``1 < a``."""
    condition = where(tree)
    found = pick(condition, exp.Predicate, rng) if condition is not None else None
    if found is None or type(found) not in _MIRRORED or not isinstance(found.expression, exp.Literal):
        return None
    found.replace(_MIRRORED[type(found)](this=found.expression, expression=found.this))
    return tree


@sql_edit("sql_clumsy", "negate an equality", "use <> instead of negating an equality")
def not_equal_to_not(tree: exp.Select, rng: Random) -> exp.Expression | None:
    """``a <> b`` as ``NOT a = b``."""
    found = pick(tree, exp.NEQ, rng)
    if found is None:
        return None
    found.replace(exp.Not(this=exp.EQ(this=found.this, expression=found.expression)))
    return tree


@sql_edit("sql_clumsy", "add a condition that is always true", "drop the condition that is always true", is_common=True)
def always_true(tree: exp.Select, rng: Random) -> exp.Expression | None:
    """``WHERE 1 = 1 AND ...``."""
    condition = where(tree)
    truth = exp.EQ(this=exp.Literal.number(1), expression=exp.Literal.number(1))
    tree.set("where", exp.Where(this=truth if condition is None else exp.and_(truth, condition)))
    return tree


@sql_edit(
    "sql_clumsy",
    "wrap the whole query in another SELECT",
    "drop the outer SELECT that only passes rows on",
    is_common=True,
)
def wrap_select(tree: exp.Select, rng: Random) -> exp.Expression | None:
    """``SELECT * FROM (query) AS t``."""
    if tree.args.get("order") is not None or len({e.alias_or_name for e in tree.expressions}) < len(tree.expressions):
        return None
    return exp.select("*").from_(tree.subquery("inner_rows"))


@sql_edit("sql_clumsy", "repeat a condition", "state every condition once", is_common=True)
def repeat_condition(tree: exp.Select, rng: Random) -> exp.Expression | None:
    """``a AND a``."""
    condition = where(tree)
    if condition is None or isinstance(condition, exp.Or):
        return None
    parts = list(condition.flatten()) if isinstance(condition, exp.And) else [condition]
    if any(part.find(exp.Select) for part in parts):
        return None
    tree.set("where", exp.Where(this=exp.and_(condition, rng.choice(parts).copy())))
    return tree


@sql_edit("sql_clumsy", "remove duplicates inside the subquery of IN", "drop DISTINCT inside IN: it changes nothing")
def distinct_in_membership(tree: exp.Select, rng: Random) -> exp.Expression | None:
    """``IN (SELECT DISTINCT ...)``."""
    found = pick(tree, exp.In, rng)
    query = found.args.get("query") if found is not None else None
    inner = query.this if isinstance(query, exp.Subquery) else query
    if not isinstance(inner, exp.Select) or inner.args.get("distinct") or inner.args.get("group"):
        return None
    inner.set("distinct", exp.Distinct())
    return tree


@sql_edit("sql_same", "group by the columns instead of using DISTINCT", "use DISTINCT: nothing is aggregated")
def distinct_to_group(tree: exp.Select, rng: Random) -> exp.Expression | None:
    """``SELECT DISTINCT a`` as ``SELECT a ... GROUP BY a``."""
    plain = all(isinstance(part, exp.Column) for part in tree.expressions)
    if not tree.args.get("distinct") or tree.args.get("group") or not plain:
        return None
    tree.set("distinct", None)
    return tree.group_by(*[part.copy() for part in tree.expressions])


@sql_edit("sql_same", "compare with the extreme value instead of sorting", "sort and take the first row")
def limit_to_extreme(tree: exp.Select, rng: Random) -> exp.Expression | None:
    """``ORDER BY x DESC LIMIT 1`` as ``WHERE x = (SELECT MAX(x) ...)``; shown equal where there is no tie."""
    table, order, limit = only_table(tree), tree.args.get("order"), tree.args.get("limit")
    if table is None or order is None or limit is None or tree.args.get("group") or limit.expression.name != "1":
        return None
    key = order.expressions[0]
    if len(order.expressions) != 1 or not isinstance(key.this, exp.Column):
        return None
    extreme = exp.Max(this=key.this.copy()) if key.args.get("desc") else exp.Min(this=key.this.copy())
    inner = exp.select(extreme).from_(table.copy())
    condition = where(tree)
    if condition is not None:
        inner = inner.where(condition.copy())
    tree.set("order", None)
    tree.set("limit", None)
    return tree.where(exp.EQ(this=key.this.copy(), expression=inner.subquery()))


@sql_edit("sql_same", "sort and take the first row instead of a subquery", "compare with the extreme value")
def extreme_to_limit(tree: exp.Select, rng: Random) -> exp.Expression | None:
    """``WHERE x = (SELECT MAX(x) FROM t)`` as ``ORDER BY x DESC LIMIT 1``."""
    condition = where(tree)
    if (
        only_table(tree) is None
        or not isinstance(condition, exp.EQ)
        or not isinstance(condition.expression, exp.Subquery)
    ):
        return None
    inner = condition.expression.this
    best = inner.expressions[0] if isinstance(inner, exp.Select) else None
    if not isinstance(best, exp.Max | exp.Min) or inner.args.get("where") is not None or tree.args.get("order"):
        return None
    tree.set("where", None)
    ordered = exp.Ordered(this=condition.this.copy(), desc=isinstance(best, exp.Max))
    return tree.order_by(ordered).limit(1)


@sql_edit("sql_slow", "cut the text to compare its beginning", "use LIKE with a prefix: an index can serve it")
def prefix_to_substring(tree: exp.Select, rng: Random) -> exp.Expression | None:
    """``x LIKE 'a%'`` as ``SUBSTR(x, 1, 1) = 'a'``."""
    found = pick(tree, exp.Like, rng)
    if found is None or not isinstance(found.expression, exp.Literal):
        return None
    prefix = found.expression.name
    if not prefix.endswith("%") or "%" in prefix[:-1] or "_" in prefix or len(prefix) < 2:
        return None
    beginning = exp.func("SUBSTR", found.this, exp.Literal.number(1), exp.Literal.number(len(prefix) - 1))
    found.replace(exp.EQ(this=exp.Lower(this=beginning), expression=exp.Literal.string(prefix[:-1].lower())))
    return tree


@sql_edit(
    "sql_slow",
    "add zero to the column",
    "compare the bare column: arithmetic on it keeps indexes from being used",
    is_common=True,
)
def arithmetic_on_column(tree: exp.Select, rng: Random) -> exp.Expression | None:
    """``x > 5`` as ``x + 0 > 5`` for numbers."""
    condition = where(tree)
    found = pick(condition, exp.Predicate, rng) if condition is not None else None
    if not isinstance(found, exp.GT | exp.LT | exp.GTE | exp.LTE | exp.EQ) or not isinstance(found.this, exp.Column):
        return None
    if not isinstance(found.expression, exp.Literal) or found.expression.is_string:
        return None
    found.set("this", exp.Add(this=found.this.copy(), expression=exp.Literal.number(0)))
    return tree


@sql_edit("sql_slow", "unite two queries instead of using OR", "use one query with OR: the table is read once")
def or_to_union(tree: exp.Select, rng: Random) -> exp.Expression | None:
    """``SELECT DISTINCT ... WHERE a OR b`` as a union."""
    condition = where(tree)
    if not isinstance(condition, exp.Or) or tree.args.get("order") or tree.args.get("group") or tree.args.get("limit"):
        return None
    first, second = tree.copy(), tree.copy()
    for half, part in ((first, condition.this), (second, condition.expression)):
        half.set("where", exp.Where(this=part.copy()))
    return exp.union(first, second, distinct=True)
