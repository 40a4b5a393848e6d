"""Rows without a partner: ``without <t1>`` stands for the NOT IN or NOT EXISTS over the foreign key that leads there.

Which keys such a condition compares is the schema's business; a small model gets them wrong more often than the table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sqlglot import exp

from coderag_app.schema.joins import JoinGraph, JoinStep

_Pairs = set[frozenset[tuple[str, str]]]
Resolve = Callable[[exp.Expr, tuple[dict[str, str], ...]], tuple[str, str] | None]
_MOST_COLUMNS = 4  # of a key


def partner(joins: JoinGraph, tables: Iterable[str], other: str) -> JoinStep | None:
    """The direct join from the one of ``tables`` that has any to ``other``; None where none or several have one."""
    steps = {table: joins.connect([table, other]) for table in dict.fromkeys(tables)}
    direct = [found[1] for found in steps.values() if found is not None and len(found) == 2]
    return direct[0] if len(direct) == 1 else None


def table_left_out(condition: exp.Expr, sources: dict[str, str], joins: JoinGraph, resolve: Resolve) -> str | None:
    """The table that a negated IN or EXISTS asks to have no row for, where that compares the foreign key and no more.

    Args:
        condition: What stands behind NOT.
        sources: Real table names by alias, all in lowercase, of the query around it.
        joins: The schema's foreign keys.
        resolve: The (table, column) that a reference means in the scopes around it, innermost first; None for neither.
    """
    found = _compared(condition.unnest(), sources, resolve)
    if found is None:
        return None
    other, pairs = found
    if other in sources.values():
        return None
    step = partner(joins, sources.values(), other)
    return other if step is not None and {frozenset(pair) for pair in step.on} == pairs else None


def _compared(condition: exp.Expr, sources: dict[str, str], resolve: Resolve) -> tuple[str, _Pairs] | None:
    """The only table of the nested query and the column pairs that tie it to the tables around it."""
    match condition:
        case exp.In(this=exp.Column() as left, args={"query": exp.Subquery(this=exp.Select() as inner)}):
            equal = [(left, inner.expressions[0])] if inner.args.get("where") is None else []
        case exp.Exists(this=exp.Select() as inner):
            where = inner.args.get("where")
            conjuncts = list(where.this.flatten()) if where and isinstance(where.this, exp.And) else []
            conjuncts = conjuncts or ([where.this] if where else [])
            equal = [(part.this, part.expression) for part in conjuncts if isinstance(part, exp.EQ)]
            if len(equal) != len(conjuncts):
                return None
        case _:
            return None
    from_ = inner.args.get("from_")
    if not 0 < len(equal) <= _MOST_COLUMNS or from_ is None or not isinstance(from_.this, exp.Table):
        return None
    if any(inner.args.get(part) for part in ("joins", "group", "having", "limit", "with_", "offset")):
        return None
    other = from_.this.name.lower()
    nested = ({from_.this.alias_or_name.lower(): other}, sources)
    # In an IN the left side belongs to the query around it, whatever its name.
    around = nested[1:] if isinstance(condition, exp.In) else nested
    pairs: _Pairs = set()
    for left, right in equal:
        places = resolve(left, around), resolve(right, nested)
        if places[0] is None or places[1] is None:
            return None
        pairs.add(frozenset((places[0], places[1])))
    return other, pairs
