"""Which clauses a query uses. Pure."""

from __future__ import annotations

from functools import lru_cache

from sqlglot import exp

from finetune.evaluation.sql_form import parse_query

_NODES: dict[str, tuple[type[exp.Expr], ...]] = {
    "join": (exp.Join,),
    "where": (exp.Where,),
    "group by": (exp.Group,),
    "having": (exp.Having,),
    "order by": (exp.Order,),
    "limit": (exp.Limit,),
    "aggregate": (exp.AggFunc,),
    "set operation": (exp.SetOperation,),
    "or": (exp.Or,),
    "like": (exp.Like, exp.ILike),
    "case": (exp.Case,),
    "window": (exp.Window,),
    "with": (exp.CTE,),
}
CLAUSES = (*_NODES, "distinct", "subquery", "plain")


@lru_cache(maxsize=8192)
def query_clauses(sql: str, dialect: str = "sqlite") -> tuple[str, ...]:
    """List a query's clauses by their names in ``CLAUSES``; ``plain`` if it has none, nothing if it doesn't parse."""
    query = parse_query(sql, dialect)
    if query is None:
        return ()
    found = [name for name, nodes in _NODES.items() if query.find(*nodes) is not None]
    if any(select.args.get("distinct") for select in query.find_all(exp.Select)) or _counts_distinct(query):
        found.append("distinct")
    if any(_is_nested(select) for select in query.find_all(exp.Select)):
        found.append("subquery")
    return tuple(found) or ("plain",)


def _counts_distinct(query: exp.Expr) -> bool:
    return any(node.find(exp.Distinct) is not None for node in query.find_all(exp.AggFunc))


def _is_nested(select: exp.Select) -> bool:
    """Inside another query, not counting the two sides of a set operation and CTEs, which have names of their own."""
    node = select.parent
    while isinstance(node, exp.SetOperation):
        node = node.parent
    return node is not None and not isinstance(node, exp.CTE)
