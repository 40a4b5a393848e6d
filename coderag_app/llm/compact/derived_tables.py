"""Queries over groups, which SQL writes with a derived table or a CTE, as one SELECT: folded to encode, unfolded back.

- An aggregate over groups, ``SELECT AVG(n) FROM (SELECT COUNT(*) AS n FROM t GROUP BY a)``, is folded into
  ``SELECT AVG(PER_GROUP(COUNT(*), a)) FROM t``.
- The best rows of every group, ``SELECT a FROM (SELECT a, RANK() OVER (PARTITION BY b ORDER BY c) AS place FROM t)
  WHERE place <= 2``, into ``SELECT a, RANK() OVER (PARTITION BY b ORDER BY c) AS place_in_group FROM t LIMIT 2``.
"""

from __future__ import annotations

from sqlglot import exp

PER_GROUP = "per_group"
PLACE = "place_in_group"
_ONLY_IN_PLAIN = ("where", "group", "having", "order", "limit", "distinct", "joins", "offset", "windows", "qualify")
_OUTER_AGGREGATES = (exp.Avg, exp.Max, exp.Min, exp.Sum)


def fold(select: exp.Select) -> exp.Select:
    """The query with its CTEs put in place and its derived table folded; the same query where it has neither."""
    select = _with_ctes_in_place(select)
    source = select.args.get("from_")
    inner = source.this.this if source is not None and isinstance(source.this, exp.Subquery) else None
    if not isinstance(inner, exp.Select) or select.args.get("joins"):
        return select
    inner = _with_ctes_in_place(inner)
    return _folded_groups(select, inner) or _folded_places(select, inner) or select


def unfold(tree: exp.Expr) -> exp.Expr:
    """The query with derived tables in place of what ``fold`` makes of them; nested queries as well.

    A query that shows measures of groups beside anything else stays as it is, which no database runs.
    """
    for select in list(tree.find_all(exp.Select)):
        if select is tree:  # a repeated column would get two names, and then is no repetition any more
            select.set("expressions", list({item.sql(): item for item in select.expressions}.values()))
        if all(any(map(_is_per_group, item.find_all(exp.Anonymous))) for item in select.expressions):
            _replace(select, _unfolded_groups(select))
        elif select.expressions and select.expressions[-1].alias == PLACE:
            _replace(select, _unfolded_places(select))
    return tree


def _with_ctes_in_place(select: exp.Select) -> exp.Select:
    """The query with each CTE as a derived table where it is read, so that only tables are left to name."""
    ctes = select.args.get("with_")
    if ctes is None or ctes.args.get("recursive"):
        return select
    select = select.copy()
    found = {cte.alias.lower(): cte.this for cte in select.args.pop("with_").expressions}

    def replace(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Table) and not node.db and node.name.lower() in found:
            return found[node.name.lower()].copy().subquery(node.alias_or_name)
        return node

    for name, query in found.items():  # a CTE may read those before it
        found[name] = query.transform(replace)
    placed = select.transform(replace)
    return placed if isinstance(placed, exp.Select) else select


def _by_alias(inner: exp.Select) -> dict[str, exp.Expr]:
    return {item.alias_or_name.lower(): item.unalias() for item in inner.expressions}


def _folded_groups(select: exp.Select, inner: exp.Select) -> exp.Select | None:
    """``AVG(PER_GROUP(COUNT(*), a))`` where the outer query does no more than aggregate one value of every group."""
    group = inner.args.get("group")
    unused = ("having", "order", "limit", "distinct", "windows", "qualify")
    if group is None or any(select.args.get(part) for part in _ONLY_IN_PLAIN):
        return None
    if any(inner.args.get(part) for part in unused):
        return None
    values = _by_alias(inner)
    items = []
    for item in select.expressions:
        outer = item.unalias()
        if not isinstance(outer, _OUTER_AGGREGATES) or not isinstance(outer.this, exp.Column):
            return None
        value = values.get(outer.this.name.lower())
        if not isinstance(value, exp.AggFunc):
            return None
        keys = [key.copy() for key in group.expressions]
        items.append(type(outer)(this=exp.Anonymous(this=PER_GROUP, expressions=[value.copy(), *keys])))
    folded = inner.copy()
    folded.set("group", None)
    folded.set("expressions", items)
    return folded


def _folded_places(select: exp.Select, inner: exp.Select) -> exp.Select | None:
    """The inner query with the shown columns, its rank and a LIMIT, where the outer one only compares the rank."""
    where = select.args.get("where")
    if where is None or any(select.args.get(part) for part in _ONLY_IN_PLAIN if part != "where"):
        return None
    values, compared = _by_alias(inner), where.this.unnest()
    if not isinstance(compared, exp.EQ | exp.LTE) or not isinstance(compared.this, exp.Column):
        return None
    window = values.get(compared.this.name.lower())
    if not isinstance(window, exp.Window) or not isinstance(window.this, exp.Rank) or not window.args.get("order"):
        return None
    if isinstance(compared, exp.EQ) and compared.expression.name != "1":
        return None
    shown = [values.get(item.unalias().name.lower()) for item in select.expressions]
    if not window.args.get("partition_by") or any(item is None for item in shown) or inner.args.get("limit"):
        return None
    folded = inner.copy()
    folded.set("expressions", [*(item.copy() for item in shown if item), exp.alias_(window.copy(), PLACE)])
    folded.set("limit", exp.Limit(expression=compared.expression.copy()))
    return folded


def _is_per_group(call: exp.Anonymous) -> bool:
    return call.name.lower() == PER_GROUP and len(call.expressions) > 1


def _unfolded_groups(select: exp.Select) -> exp.Select:
    inner = select.copy()
    keys: dict[str, exp.Expr] = {}
    values, items = [], []
    for number, item in enumerate(inner.expressions, 1):
        call = next(node for node in item.find_all(exp.Anonymous) if _is_per_group(node))
        name = f"value_{number}" if number > 1 else "value"
        keys |= {key.sql(): key.copy() for key in call.expressions[1:]}
        values.append(exp.alias_(call.expressions[0].copy(), name))
        call.replace(exp.column(name, "per_group"))
        items.append(item)
    inner.set("expressions", values)
    inner.set("group", exp.Group(expressions=list(keys.values())))
    return exp.select(*items).from_(inner.subquery("per_group"))


def _unfolded_places(select: exp.Select) -> exp.Select:
    inner, taken = select.copy(), set[str]()
    most = inner.args["limit"].expression.copy()
    inner.set("limit", None)
    *items, place = inner.expressions
    named = []
    for item in items:
        name = item.name if isinstance(item, exp.Column) else "value"
        number = next(n for n in range(1, len(items) + 2) if (f"{name}_{n}" if n > 1 else name).lower() not in taken)
        name = f"{name}_{number}" if number > 1 else name
        taken.add(name.lower())
        named.append(exp.alias_(item.copy(), name, quoted=not name.isidentifier()))
    inner.set("expressions", [*named, place.copy()])
    shown = [exp.column(alias.args["alias"].copy(), "ranked") for alias in named]
    compared = exp.LTE(this=exp.column(PLACE, "ranked"), expression=most)
    return exp.select(*shown).from_(inner.subquery("ranked")).where(compared)


def _replace(select: exp.Select, unfolded: exp.Select) -> None:
    """Put a query in the place of another; the outermost one keeps its node, which others hold."""
    if select.parent is not None:
        select.replace(unfolded)
        return
    for part in list(select.args):
        select.set(part, None)
    for part, value in unfolded.args.items():
        select.set(part, value)
