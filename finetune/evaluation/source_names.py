"""Alias-free names for the tables of a query. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice, permutations, product

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import Scope, traverse_scope

Names = Mapping[int, str]  # id of a Table, derived query or Column node -> its name
_MAX_NAMINGS = 24  # 4! orders of a table joined to itself four times


def source_namings(query: exp.Expr) -> Iterator[Names]:
    """List every way to name a query's sources and their columns without its aliases.

    A table has its own name, a second use of it name and number, and a derived table ``derived``. If a table is joined
    to itself, either use may come first, so there are several ways; at most 24 are tried.

    Args:
        query: A parsed query whose columns name their tables (``sqlglot.optimizer.qualify``).
    """
    try:
        scopes = {id(scope.expression): scope for scope in traverse_scope(query)}
    except SqlglotError:
        yield {}
        return
    groups: list[tuple[str, int, list[int]]] = []
    sources: dict[int, exp.Expr | Scope] = {}
    for scope in scopes.values():
        by_base: dict[str, list[int]] = {}
        for node, source in scope.selected_sources.values():
            sources[id(node)] = source
            by_base.setdefault(_base_name(source), []).append(id(node))
        groups += [(base, _outer_uses(scope, base), nodes) for base, nodes in by_base.items()]
    columns = [(id(column), *found) for column in query.find_all(exp.Column) if (found := _owner(column, scopes))]
    all_orders = product(*(islice(permutations(nodes), _MAX_NAMINGS) for _, _, nodes in groups))
    for orders in islice(all_orders, _MAX_NAMINGS):
        names = {
            node: base if offset + place == 0 else f"{base}#{offset + place}"
            for (base, offset, _), order in zip(groups, orders, strict=True)
            for place, node in enumerate(order)
        }
        yield names | {column: f"{names[node]}.{_output(sources[node], name)}" for column, node, name in columns}


def _base_name(source: exp.Expr | Scope) -> str:
    return source.name.lower() if isinstance(source, exp.Table) else "derived"


def _outer_uses(scope: Scope, base: str) -> int:
    """How often enclosing queries use the table: a subquery's own use gets the next number."""
    uses = 0
    parent = scope.parent
    while parent is not None:
        uses += sum(_base_name(source) == base for _, source in parent.selected_sources.values())
        parent = parent.parent
    return uses


def _owner(column: exp.Column, scopes: Mapping[int, Scope]) -> tuple[int, str] | None:
    """The source node that a column belongs to, in its own query or an enclosing one, and the column's name."""
    node = column.parent
    while node is not None:
        scope = scopes.get(id(node)) if isinstance(node, exp.Select) else None
        if scope is not None and column.table in scope.selected_sources:
            return id(scope.selected_sources[column.table][0]), column.name.lower()
        node = node.parent
    return None


def _output(source: exp.Expr | Scope, name: str) -> str:
    """A derived table's columns are named by position, so that their aliases do not matter."""
    if not isinstance(source, Scope) or not isinstance(source.expression, exp.Query):
        return name
    outputs = [output.lower() for output in source.expression.named_selects]
    return f"${outputs.index(name)}" if name in outputs else name
