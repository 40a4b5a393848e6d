"""Canonical text of queries: equal for queries that differ in spelling alone. Pure; compared, never run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal, InvalidOperation

from sqlglot import exp

from finetune.evaluation.source_names import Names, source_namings

_COMMUTATIVE = (exp.And, exp.Or, exp.Add, exp.Mul, exp.BitwiseAnd, exp.BitwiseOr)
_SYMMETRIC = (exp.EQ, exp.NEQ, exp.Is, exp.NullSafeEQ)
_WRITTEN = frozenset(
    {"expressions", "from_", "joins", "where", "group", "having", "order", "this", "expression", "with_"}
)
_ORDERED: dict[type[exp.Expr], tuple[str, str, str]] = {
    exp.LT: ("lt", "this", "expression"),
    exp.GT: ("lt", "expression", "this"),
    exp.LTE: ("lte", "this", "expression"),
    exp.GTE: ("lte", "expression", "this"),
}


def canonical_text(query: exp.Expr) -> str:
    """Write the canonical text of a qualified query.

    Normalised: aliases of tables and columns, letter case of names, order of AND, OR, +, *, =, <>, IN lists and
    GROUP BY keys, direction of < and >, order of inner joins and whether their condition is in ON or in WHERE,
    CTEs against derived tables, operands of UNION and INTERSECT.

    Kept: the order of the selected columns, ORDER BY, literals, and every operator with its own meaning.

    Args:
        query: A parsed query whose columns name their tables (``sqlglot.optimizer.qualify``).
    """
    return min(_Writer(names).text(query) for names in source_namings(query))


class _Writer:
    """Writes nodes as ``kind(part, part)``; parentheses of the SQL vanish because nesting is explicit."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._writers: dict[type[exp.Expr], Callable[..., str]] = {
            exp.Paren: lambda node: self.text(node.this),
            exp.Alias: lambda node: self.text(node.this),
            exp.Subquery: self._subquery,
            exp.Select: self._select,
            exp.Union: self._set_operation,
            exp.Intersect: self._set_operation,
            exp.Except: self._set_operation,
            exp.Table: self._table,
            exp.Column: self._column,
            exp.Literal: _literal,
            exp.Identifier: lambda node: node.name.lower(),
            exp.In: self._in,
            exp.Not: self._not,
        }

    def text(self, node: exp.Expr) -> str:
        """The canonical text of any node."""
        writer = self._writers.get(type(node))
        if writer is not None:
            return writer(node)
        if isinstance(node, _COMMUTATIVE):
            return self._sorted(node.key, _operands(node, type(node)))
        if isinstance(node, _SYMMETRIC):
            return self._sorted(node.key, (node.this, node.expression))
        if type(node) in _ORDERED:
            key, small, large = _ORDERED[type(node)]
            return f"{key}({self.text(node.args[small])}, {self.text(node.args[large])})"
        return self._any(node)

    def _any(self, node: exp.Expr) -> str:
        return f"{node.key}({', '.join(self._args(node))})"

    def _args(self, node: exp.Expr, without: frozenset[str] = frozenset()) -> list[str]:
        given = ((key, value) for key, value in sorted(node.args.items()) if key not in without)
        return [f"{key}={self._value(value)}" for key, value in given if value or value == 0 and value is not False]

    def _value(self, value: object) -> str:
        if isinstance(value, list):
            return "[" + ", ".join(map(self._value, value)) + "]"
        return self.text(value) if isinstance(value, exp.Expr) else str(value).lower()

    def _sorted(self, key: str, nodes: Iterable[exp.Expr]) -> str:
        return f"{key}({', '.join(sorted(map(self.text, nodes)))})"

    def _not(self, node: exp.Not) -> str:
        """NOT a = b is a <> b, with NULLs too."""
        inner = node.this.unnest() if isinstance(node.this, exp.Paren) else node.this
        if isinstance(inner, exp.EQ):
            return self._sorted("neq", (inner.this, inner.expression))
        return f"not({self.text(inner)})"

    def _in(self, node: exp.In) -> str:
        if node.args.get("query") is not None or node.args.get("unnest") is not None:
            return self._any(node)
        return f"in({self.text(node.this)}, {self._sorted('list', node.expressions)})"

    def _table(self, node: exp.Table) -> str:
        name = self._names.get(id(node), node.name.lower())
        definition = _cte_definition(node) if name.startswith("derived") else None
        return name if definition is None else f"{name}={self.text(definition)}"

    def _subquery(self, node: exp.Subquery) -> str:
        inner = self.text(node.this)
        name = self._names.get(id(node.this))
        return inner if name is None else f"{name}={inner}"

    def _column(self, node: exp.Column) -> str:
        return self._names.get(id(node)) or ".".join(part.name.lower() for part in node.parts)

    def _select(self, node: exp.Select) -> str:
        conditions = list(_conjuncts(node.args.get("where")))
        joins = node.args.get("joins") or []
        start = [node.args["from_"].this] if node.args.get("from_") else []
        if all(_is_inner(join) for join in joins):
            conditions += [part for join in joins for part in _conjuncts(join.args.get("on"))]
            sources = self._sorted("from", [*start, *(join.this for join in joins)])
        else:
            sources = f"from({', '.join(map(self.text, [*start, *joins]))})"
        group = node.args.get("group")
        parts = [
            f"columns({', '.join(map(self.text, node.expressions))})",
            sources,
            f"where({', '.join(sorted(set(map(self.text, conditions))))})" if conditions else "",
            self._group(group) if group else "",
            self._sorted("having", _conjuncts(node.args.get("having"))) if node.args.get("having") else "",
            self._order(node),
            *self._args(node, _WRITTEN),
        ]
        return f"select({'; '.join(filter(None, parts))})"

    def _group(self, group: exp.Group) -> str:
        return " ".join([self._sorted("group", group.expressions), *self._args(group, frozenset({"expressions"}))])

    def _order(self, node: exp.Select | exp.SetOperation) -> str:
        """Write ORDER BY; an output column's name is replaced by its expression."""
        if not node.args.get("order"):
            return ""
        outputs = {name.lower(): i for i, name in enumerate(node.named_selects)}
        keys = []
        for key in node.args["order"].expressions:
            column = key.this
            is_output = isinstance(column, exp.Column) and not column.table and column.name.lower() in outputs
            place = outputs[column.name.lower()] if is_output else None
            if place is None:
                text = self.text(column)
            else:
                text = self.text(node.expressions[place]) if isinstance(node, exp.Select) else f"${place}"
            keys.append(f"{text} {'desc' if key.args.get('desc') else 'asc'} {key.args.get('nulls_first')}")
        return f"order({', '.join(keys)})"

    def _set_operation(self, node: exp.SetOperation) -> str:
        sides = [self.text(node.left), self.text(node.right)]
        if not isinstance(node, exp.Except):
            sides.sort()
        parts = [*sides, self._order(node), *self._args(node, _WRITTEN)]
        return f"{node.key}({'; '.join(filter(None, parts))})"


def _operands(node: exp.Expr, kind: type[exp.Expr]) -> Iterator[exp.Expr]:
    """Operands of a chain such as ``a AND (b AND c)``, without its parentheses."""
    for side in (node.args.get("this"), node.args.get("expression")):
        inner = side.unnest() if isinstance(side, exp.Paren) else side
        if type(inner) is kind:
            yield from _operands(inner, kind)
        elif inner is not None:
            yield inner


def _conjuncts(clause: exp.Expr | None) -> Iterator[exp.Expr]:
    """The conditions of a WHERE, HAVING or ON that must all hold."""
    node = clause.this if isinstance(clause, exp.Where | exp.Having) else clause
    if node is None:
        return
    node = node.unnest() if isinstance(node, exp.Paren) else node
    if isinstance(node, exp.And):
        yield from _operands(node, exp.And)
    else:
        yield node


def _is_inner(join: exp.Join) -> bool:
    return not join.side and join.kind in ("", "INNER", "CROSS") and not join.args.get("using") and not join.method


def _cte_definition(table: exp.Table) -> exp.Expr | None:
    """The query behind a CTE's name; None if the name is not a CTE's, or the CTE is recursive."""
    node = table.parent
    while node is not None:
        with_ = node.args.get("with_")
        if with_ is not None and not with_.args.get("recursive"):
            for cte in with_.expressions:
                if cte.alias.lower() == table.name.lower():
                    return cte.this
        node = node.parent
    return None


def _literal(node: exp.Literal) -> str:
    if node.is_string:
        return repr(node.name)
    try:
        return str(Decimal(node.name).normalize())
    except InvalidOperation:
        return node.name
