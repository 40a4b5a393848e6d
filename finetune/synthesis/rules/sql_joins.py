"""SQL edits of joins, subqueries and common table expressions."""

from __future__ import annotations

from random import Random

from sqlglot import exp

from finetune.synthesis.rules.sql_editing import (
    column_of,
    columns_outside,
    joined_tables,
    key_columns,
    only_table,
    pick,
    sql_edit,
    where,
)

_REST = ("expressions", "group", "having", "order")


@sql_edit("sql_names", "give the tables short aliases", "name the tables in full")
def alias_tables(tree: exp.Select, rng: Random) -> exp.Expression | None:
    """Every table of a join under an alias."""
    tables = list(tree.find_all(exp.Table))
    if len({table.name for table in tables}) != len(tables) or len(tables) < 2 or any(t.alias for t in tables):
        return None
    style = rng.choice(("t{}", "initials"))
    names: dict[str, str] = {}
    for number, table in enumerate(tables, 1):
        short = table.name[0].lower()
        taken = short in names.values()
        names[table.name] = style.format(number) if style != "initials" else f"{short}{number}" if taken else short
    for column in tree.find_all(exp.Column):
        if column.table in names:
            column.set("table", exp.to_identifier(names[column.table]))
    for table in tables:
        table.set("alias", exp.TableAlias(this=exp.to_identifier(names[table.name])))
    return tree


@sql_edit("sql_same", "join the tables in the other order", "join the tables in the other order")
def swap_join(tree: exp.Select, rng: Random) -> exp.Expression | None:
    """``FROM a JOIN b`` as ``FROM b JOIN a``."""
    found = joined_tables(tree)
    if found is None or any(isinstance(part, exp.Star) for part in tree.expressions):
        return None
    first, join, second = found
    sides = key_columns(join)
    copy_first, copy_second = first.copy(), second.copy()
    first.replace(copy_second)
    join.set("this", copy_first)
    if sides is not None and rng.random() < 0.5:
        join.set("on", exp.EQ(this=sides[1].copy(), expression=sides[0].copy()))
    return tree


@sql_edit("sql_clumsy", "list the tables with commas and join in WHERE", "write explicit JOIN ... ON instead of commas")
def join_to_comma(tree: exp.Select, rng: Random) -> exp.Expression | None:
    """``FROM a JOIN b ON c`` as ``FROM a, b WHERE c``."""
    found = joined_tables(tree)
    if found is None:
        return None
    _, join, second = found
    condition, on = where(tree), join.args["on"].copy()
    tree.set("joins", [exp.Join(this=second.copy())])
    parts = [on] if condition is None else [on, exp.paren(condition) if isinstance(condition, exp.Or) else condition]
    tree.set("where", exp.Where(this=exp.and_(*parts)))
    return tree


@sql_edit("sql_same", "filter with IN and a subquery instead of a join", "use a join instead of the subquery")
def join_to_in(tree: exp.Select, rng: Random) -> exp.Expression | None:
    """A join that only filters, as ``IN (SELECT ...)``; shown equal where no row is multiplied."""
    return _without_join(tree, exists=False)


@sql_edit("sql_same", "filter with EXISTS instead of a join", "use a join instead of EXISTS")
def join_to_exists(tree: exp.Select, rng: Random) -> exp.Expression | None:
    """A join that only filters, as ``EXISTS``."""
    return _without_join(tree, exists=True)


def _without_join(tree: exp.Select, exists: bool) -> exp.Expression | None:
    found = joined_tables(tree)
    if found is None:
        return None
    first, join, second = found
    kept = {column.table for column in columns_outside(tree, _REST)}
    if len(kept) != 1 or any(isinstance(part, exp.Star) for part in tree.expressions):
        return None
    outer, inner = (first, second) if first.alias_or_name in kept else (second, first)
    outer_key, inner_key = column_of(join, outer), column_of(join, inner)
    if outer_key is None or inner_key is None:
        return None
    condition = where(tree)
    parts = list(condition.flatten()) if isinstance(condition, exp.And) else [condition] if condition else []
    inside = [p.copy() for p in parts if {c.table for c in p.find_all(exp.Column)} == {inner.alias_or_name}]
    outside = [p.copy() for p in parts if {c.table for c in p.find_all(exp.Column)} == {outer.alias_or_name}]
    if len(inside) + len(outside) < len(parts):
        return None
    if exists:
        query = exp.select("1").from_(inner.copy()).where(exp.EQ(this=inner_key.copy(), expression=outer_key.copy()))
        test: exp.Expression = exp.Exists(this=query.where(*inside) if inside else query)
    else:
        query = exp.select(inner_key.copy()).from_(inner.copy())
        query = query.where(*inside) if inside else query
        test = exp.In(this=outer_key.copy(), query=query.subquery())
    tree.set("joins", None)
    (tree.args.get("from_") or tree.args["from"]).set("this", outer.copy())
    tree.set("where", exp.Where(this=exp.and_(*outside, test)))
    return tree


@sql_edit("sql_same", "use EXISTS instead of IN", "use IN instead of EXISTS")
def in_to_exists(tree: exp.Select, rng: Random) -> exp.Expression | None:
    """``x IN (SELECT y FROM t ...)`` as ``EXISTS (SELECT 1 FROM t ... AND t.y = x)``, negated or not."""
    outer, found = only_table(tree), pick(tree, exp.In, rng)
    query = found.args.get("query") if found is not None else None
    inner = query.this if isinstance(query, exp.Subquery) else query
    if outer is None or found is None or not isinstance(inner, exp.Select) or inner.args.get("group"):
        return None
    table, column = only_table(inner), inner.expressions[0]
    if table is None or not isinstance(column, exp.Column) or not isinstance(found.this, exp.Column):
        return None
    if table.name == outer.name or inner.args.get("limit"):
        return None
    link = exp.EQ(
        this=exp.column(column.name, table.alias_or_name), expression=exp.column(found.this.name, outer.alias_or_name)
    )
    inner.set("expressions", [exp.Literal.number(1)])
    inner.set("distinct", None)
    found.replace(exp.Exists(this=inner.where(link)))
    return tree


@sql_edit("sql_same", "use a left join and look for missing partners", "use NOT IN with a subquery")
def not_in_to_left_join(tree: exp.Select, rng: Random) -> exp.Expression | None:
    """``x NOT IN (SELECT y FROM t)`` as ``LEFT JOIN t ON ... WHERE t.y IS NULL``."""
    outer, condition = only_table(tree), where(tree)
    if outer is None or not isinstance(condition, exp.Not) or not isinstance(condition.this, exp.In):
        return None
    found = condition.this
    query = found.args.get("query")
    inner = query.this if isinstance(query, exp.Subquery) else query
    table = only_table(inner) if isinstance(inner, exp.Select) else None
    if table is None or inner is None or inner.args.get("where") or table.name == outer.name or tree.args.get("group"):
        return None
    for column in tree.find_all(exp.Column):
        if column.parent_select is tree and not column.table:
            column.set("table", exp.to_identifier(outer.alias_or_name))
    other = exp.column(inner.expressions[0].name, table.alias_or_name)
    link = exp.EQ(this=other.copy(), expression=found.this.copy())
    tree.set("where", exp.Where(this=exp.Is(this=other.copy(), expression=exp.Null())))
    return tree.join(table.copy(), on=link, join_type="left")


@sql_edit("sql_cte", "move the subquery into a common table expression", "write the subquery in place instead of a CTE")
def scalar_to_cte(tree: exp.Select, rng: Random) -> exp.Expression | None:
    """A scalar subquery under a name."""
    found = pick(tree, exp.Subquery, rng)
    inner = found.this if found is not None else None
    if found is None or not isinstance(inner, exp.Select) or len(inner.expressions) != 1 or tree.args.get("with_"):
        return None
    if not isinstance(inner.expressions[0], exp.AggFunc) or inner.args.get("group") or found.parent_select is not tree:
        return None
    own = {table.alias_or_name for table in inner.find_all(exp.Table)}
    if any(column.table and column.table not in own for column in inner.find_all(exp.Column)):
        return None
    named = inner.copy()
    named.set("expressions", [exp.alias_(inner.expressions[0].copy(), "compared_value")])
    found.replace(exp.select("compared_value").from_("comparison").subquery())
    return tree.with_("comparison", as_=named)


@sql_edit("sql_cte", "filter in a common table expression first", "filter directly instead of through a CTE")
def filter_to_cte(tree: exp.Select, rng: Random) -> exp.Expression | None:
    """``SELECT a FROM t WHERE c`` through ``WITH filtered AS (SELECT * FROM t WHERE c)``."""
    table, condition = only_table(tree), where(tree)
    if table is None or condition is None or table.alias or condition.find(exp.Select):
        return None
    if any(column.table for column in tree.find_all(exp.Column)):
        return None
    inner = exp.select("*").from_(table.copy()).where(condition.copy())
    tree.set("where", None)
    table.replace(exp.to_table("filtered"))
    return tree.with_("filtered", as_=inner)


@sql_edit(
    "sql_slow", "look every partner up in a subquery of its own", "join the tables once instead of a subquery per row"
)
def join_to_scalar(tree: exp.Select, rng: Random) -> exp.Expression | None:
    """Columns of the joined table, each fetched by a correlated subquery."""
    found = joined_tables(tree)
    if found is None or tree.args.get("group") or tree.args.get("distinct"):
        return None
    first, join, second = found
    key, other = column_of(join, first), column_of(join, second)
    clauses = {column.table for column in columns_outside(tree, ("where", "order", "having"))}
    if key is None or other is None or second.alias_or_name in clauses:
        return None
    changed = False
    for part in list(tree.expressions):
        if isinstance(part, exp.Column) and part.table == second.alias_or_name:
            link = exp.EQ(this=other.copy(), expression=key.copy())
            part.replace(exp.select(part.copy()).from_(second.copy()).where(link).subquery())
            changed = True
    tree.set("joins", None)
    return tree if changed else None


@sql_edit(
    "sql_slow", "count the partners of every row to test that there are some", "use EXISTS: it stops at the first match"
)
def in_to_count(tree: exp.Select, rng: Random) -> exp.Expression | None:
    """``x IN (SELECT y ...)`` as ``(SELECT COUNT(*) ...) > 0``; negated as ``= 0``."""
    changed = in_to_exists(tree, rng)
    found = tree.find(exp.Exists)
    if changed is None or found is None:
        return None
    counting = found.this.copy()
    counting.set("expressions", [exp.Count(this=exp.Star())])
    zero = exp.Literal.number(0)
    if isinstance(found.parent, exp.Not):
        found.parent.replace(exp.EQ(this=counting.subquery(), expression=zero))
    else:
        found.replace(exp.GT(this=counting.subquery(), expression=zero))
    return tree
