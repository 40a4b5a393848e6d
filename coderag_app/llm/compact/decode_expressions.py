"""Expressions beyond columns, operators and plain functions: CASE, windows, ROUND, COALESCE and real division."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

RANKINGS = {"rank": "rank", "denserank": "dense_rank", "rownumber": "row_number"}  # by the language's word
_RANKING_WORDS: dict[type[exp.Expr], str] = {
    exp.Rank: "rank",
    exp.DenseRank: "denserank",
    exp.RowNumber: "rownumber",
}
_OVER_WINDOWS: tuple[type[exp.Expr], ...] = (exp.Sum, exp.Avg, exp.Count, exp.Min, exp.Max, *_RANKING_WORDS)
_CONSTANTS = frozenset(("0", "1", "0.0", "1.0", "100", "100.0"))
_CONSTANT_PLACES = (exp.If, exp.Case, exp.Mul, exp.Div, exp.Coalesce, exp.Nullif)


def rich_expression(node: exp.Expr, inner: Callable[[exp.Expr], str]) -> str | None:
    """The node in the compact language, or None where it is no node of this module.

    Args:
        node: Part of a query.
        inner: Writes a part of the node.
    """
    if type(node) in _RANKING_WORDS:
        return f"{_RANKING_WORDS[type(node)]} ( )"
    match node:
        case exp.Literal() if is_constant(node):
            return str(node.this)
        case exp.Case():
            return _case(node, inner)
        case exp.If(args={"this": condition, "true": then, **rest}):
            otherwise = rest.get("false")
            last = f" else {inner(otherwise)}" if otherwise is not None else ""
            return f"case when {inner(condition)} then {inner(then)}{last} end"
        case exp.Window():
            return _window(node, inner)
        case exp.Coalesce():
            return f"coalesce ( {_comma([node.this, *node.expressions], inner)} )"
        case exp.Nullif():
            return f"nullif ( {_comma([node.this, node.expression], inner)} )"
        case exp.Round(args={"this": number, "decimals": exp.Literal(this=places)}):
            return f"round ( {inner(number)} , {places} )"
        case exp.Round(args={"this": number}) if not node.args.get("decimals"):
            return f"round ( {inner(number)} )"
        case exp.Cast(this=operand, to=exp.DataType(this=exp.DType.DOUBLE | exp.DType.FLOAT)):
            return _real(node, f"( {inner(operand)} )" if isinstance(operand, exp.Binary) else inner(operand))
    return None


def is_constant(node: exp.Literal) -> bool:
    """Whether the number belongs to the formula (``THEN 1``, ``100.0 *``), so that it points at no question word."""
    return not node.is_string and node.this in _CONSTANTS and isinstance(node.parent, _CONSTANT_PLACES)


def _comma(nodes: list[exp.Expr], inner: Callable[[exp.Expr], str]) -> str:
    return " , ".join(map(inner, nodes))


def _case(node: exp.Case, inner: Callable[[exp.Expr], str]) -> str:
    """``case when .. then .. else .. end``; a CASE with an operand compares it in every WHEN."""
    operand = f"{inner(node.this)} = " if node.this is not None else ""
    parts = [f"when {operand}{inner(when.this)} then {inner(when.args['true'])}" for when in node.args["ifs"]]
    default = node.args.get("default")
    if default is not None and not isinstance(default, exp.Null):
        parts.append(f"else {inner(default)}")
    return f"case {' '.join(parts)} end"


def _window(node: exp.Window, inner: Callable[[exp.Expr], str]) -> str | None:
    """A ranking or an aggregate over a window without frame and name."""
    if not isinstance(node.this, _OVER_WINDOWS) or any(node.args.get(part) for part in ("spec", "alias", "first")):
        return None
    parts = [f"{inner(node.this)} over ("]
    partition, order = node.args.get("partition_by"), node.args.get("order")
    if partition:
        parts.append(f"partition by {_comma(partition, inner)}")
    if order is not None:
        parts.append(f"order by {_comma(order.expressions, inner)}")
    return " ".join((*parts, ")"))


def _real(node: exp.Cast, operand: str) -> str:
    """A cast to REAL as a product with 1.0; in brackets unless it is the first factor already."""
    first = node.arg_key == "this" and isinstance(node.parent, exp.Mul | exp.Div | exp.Add | exp.Sub)
    return f"1.0 * {operand}" if first else f"( 1.0 * {operand} )"
