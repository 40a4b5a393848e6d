"""Edits of conditions and branches."""

from __future__ import annotations

import ast
from random import Random

from finetune.synthesis.rules.editing import (
    edit,
    expression,
    fresh_name,
    pick_expression,
    pick_statement,
    replace_node,
    statements,
    text_of,
)

_OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_MIRRORED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.Eq,
    ast.NotEq: ast.NotEq,
    ast.Lt: ast.Gt,
    ast.Gt: ast.Lt,
    ast.LtE: ast.GtE,
    ast.GtE: ast.LtE,
}


def negated(test: ast.expr) -> ast.expr:
    """The opposite of a condition, written without ``not`` where possible."""
    match test:
        case ast.UnaryOp(ast.Not(), operand):
            return operand
        case ast.Compare(left, [operator], [right]) if type(operator) in _OPPOSITE:
            return ast.Compare(left, [_OPPOSITE[type(operator)]()], [right])
    return ast.UnaryOp(ast.Not(), test)


@edit("conditions", undo="state the condition positively and swap the branches")
def swap_branches(tree: ast.Module, rng: Random) -> str | None:
    """If and else changed places under the opposite condition."""
    picked = pick_statement(tree, ast.If, _has_plain_else, rng)
    if picked is None:
        return None
    node = picked[0][picked[1]]
    assert isinstance(node, ast.If)  # noqa: S101
    node.test, node.body, node.orelse = negated(node.test), node.orelse, node.body
    return f"turn the condition around to `{text_of(node.test)}` and swap the branches"


def _has_plain_else(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and bool(node.orelse) and not isinstance(node.orelse[0], ast.If)


@edit("conditions", undo="take the negation out of the combined condition")
def de_morgan(tree: ast.Module, rng: Random) -> str | None:
    """``a and b`` as ``not (not a or not b)``."""
    found = pick_expression(tree, _is_boolean_chain, rng)
    if not isinstance(found, ast.BoolOp):
        return None
    other = ast.Or() if isinstance(found.op, ast.And) else ast.And()
    inner = ast.BoolOp(other, [negated(value) for value in found.values])
    replace_node(tree, found, ast.UnaryOp(ast.Not(), inner))
    word = "or" if isinstance(other, ast.Or) else "and"
    return f"write the condition as a negated `{word}`"


def _is_boolean_chain(node: ast.expr) -> bool:
    plain = (ast.Compare, ast.UnaryOp)
    return isinstance(node, ast.BoolOp) and all(isinstance(value, plain) for value in node.values)


@edit("conditions", undo="chain the comparisons into one")
def split_chain(tree: ast.Module, rng: Random) -> str | None:
    """``a < b < c`` as two comparisons."""
    found = pick_expression(tree, lambda node: isinstance(node, ast.Compare) and len(node.ops) == 2, rng)
    if not isinstance(found, ast.Compare):
        return None
    middle, last = found.comparators
    halves: list[ast.expr] = [
        ast.Compare(found.left, [found.ops[0]], [middle]),
        ast.Compare(middle, [found.ops[1]], [last]),
    ]
    replace_node(tree, found, ast.BoolOp(ast.And(), halves))
    return f"split the chained comparison `{text_of(found)}` in two"


@edit("conditions", undo="turn the comparison round so that the variable stands first")
def mirror_comparison(tree: ast.Module, rng: Random) -> str | None:
    """``a < b`` as ``b > a``."""
    found = pick_expression(tree, lambda n: isinstance(n, ast.Compare) and type(n.ops[0]) in _MIRRORED, rng)
    if not isinstance(found, ast.Compare) or len(found.ops) > 1:
        return None
    before = text_of(found)
    after = ast.Compare(found.comparators[0], [_MIRRORED[type(found.ops[0])]()], [found.left])
    replace_node(tree, found, after)
    return f"write `{before}` the other way round as `{text_of(after)}`"


@edit("conditions", undo="use a conditional expression instead of an if statement")
def ternary_to_if(tree: ast.Module, rng: Random) -> str | None:
    """``x = a if c else b`` or ``return a if c else b`` as a statement."""
    picked = pick_statement(tree, ast.stmt, _holds_ternary, rng)
    if picked is None:
        return None
    block, place = picked
    holder = block[place]
    value = holder.value  # type: ignore[attr-defined]
    body, other = text_of(value.body), text_of(value.orelse)
    if isinstance(holder, ast.Return):
        text = f"if {text_of(value.test)}:\n    return {body}\nreturn {other}"
    else:
        name = text_of(holder).split(" = ")[0]
        text = f"if {text_of(value.test)}:\n    {name} = {body}\nelse:\n    {name} = {other}"
    block[place : place + 1] = statements(text)
    return f"spell the choice on `{text_of(value.test)}` out as an if statement"


def _holds_ternary(node: ast.stmt) -> bool:
    if isinstance(node, ast.Assign):
        return len(node.targets) == 1 and isinstance(node.value, ast.IfExp)
    return isinstance(node, ast.Return) and isinstance(node.value, ast.IfExp)


@edit("conditions", undo="spell the conditional expression out as an if statement")
def if_to_ternary(tree: ast.Module, rng: Random) -> str | None:
    """``if c: return a`` and ``return b`` as one return; the same for an assignment in both branches."""
    picked = pick_statement(tree, ast.If, lambda node: True, rng)
    if picked is None:
        return None
    block, place = picked
    node = block[place]
    following = block[place + 1] if place + 1 < len(block) else None
    match node, following:
        case ast.If(test, [ast.Return(first)], []), ast.Return(second) if first and second:
            block[place : place + 2] = [ast.Return(ast.IfExp(test, first, second))]
        case ast.If(test, [ast.Return(first)], [ast.Return(second)]), _ if first and second:
            block[place] = ast.Return(ast.IfExp(test, first, second))
        case ast.If(test, [ast.Assign([ast.Name(a)], first)], [ast.Assign([ast.Name(b)], second)]), _ if a == b:
            block[place] = statements(f"{a} = {text_of(ast.IfExp(test, first, second))}")[0]
        case _:
            return None
    return f"choose by `{text_of(test)}` in one conditional expression"


@edit("conditions", undo="test membership in a tuple instead of comparing one by one")
def membership_to_or(tree: ast.Module, rng: Random) -> str | None:
    """``x in (a, b)`` as comparisons joined by or; ``not in`` by and."""
    found = pick_expression(tree, _is_membership, rng)
    match found:
        case ast.Compare(left, [ast.In() | ast.NotIn() as operator], [ast.Tuple(items)]):
            inside = isinstance(operator, ast.In)
            same: ast.cmpop = ast.Eq() if inside else ast.NotEq()
            parts: list[ast.expr] = [ast.Compare(left, [same], [item]) for item in items]
            replace_node(tree, found, ast.BoolOp(ast.Or() if inside else ast.And(), parts))
            return f"compare `{text_of(left)}` with each value instead of testing membership"
    return None


def _is_membership(node: ast.expr) -> bool:
    match node:
        case ast.Compare(ast.Name(), [ast.In() | ast.NotIn()], [ast.Tuple(items)]):
            return len(items) > 1
    return False


@edit("conditions", undo="return the condition itself instead of branching to True and False")
def condition_to_branches(tree: ast.Module, rng: Random) -> str | None:
    """``return a == b`` as a branch that returns True or False."""
    picked = pick_statement(tree, ast.Return, _returns_comparison, rng)
    if picked is None:
        return None
    block, place = picked
    holder = block[place]
    assert isinstance(holder, ast.Return)  # noqa: S101
    assert holder.value is not None  # noqa: S101
    name = text_of(holder.value)
    block[place : place + 1] = statements(f"if {name}:\n    return True\nelse:\n    return False")
    return "return True and False from two branches"


def _returns_comparison(node: ast.stmt) -> bool:
    match node:
        case ast.Return(ast.Compare() | ast.UnaryOp(ast.Not())):
            return True
        case ast.Return(ast.BoolOp(_, values)):
            return all(isinstance(value, ast.Compare) for value in _leaves(values))
    return False


def _leaves(values: list[ast.expr]) -> list[ast.expr]:
    found: list[ast.expr] = []
    for value in values:
        found.extend(_leaves(value.values) if isinstance(value, ast.BoolOp) else [value])
    return found


@edit("conditions", undo="join the nested conditions with and")
def nest_conditions(tree: ast.Module, rng: Random) -> str | None:
    """``if a and b`` without else as two nested ifs."""
    picked = pick_statement(tree, ast.If, _is_joined, rng)
    if picked is None:
        return None
    node = picked[0][picked[1]]
    assert isinstance(node, ast.If)  # noqa: S101
    assert isinstance(node.test, ast.BoolOp)  # noqa: S101
    first, *others = node.test.values
    rest = others[0] if len(others) == 1 else ast.BoolOp(ast.And(), others)
    node.test, node.body = first, [ast.If(rest, node.body, [])]
    return f"test `{text_of(first)}` first and nest the other condition inside"


def _is_joined(node: ast.stmt) -> bool:
    match node:
        case ast.If(ast.BoolOp(ast.And()), _, []):
            return True
    return False


@edit("variables", undo="use the condition directly instead of storing it in a variable first")
def name_condition(tree: ast.Module, rng: Random) -> str | None:
    """The condition of an if statement under a name of its own."""
    picked = pick_statement(tree, ast.If, lambda node: isinstance(node, ast.If) and len(text_of(node.test)) > 8, rng)
    if picked is None:
        return None
    block, place = picked
    node = block[place]
    assert isinstance(node, ast.If)  # noqa: S101
    if isinstance(node.test, ast.Name):
        return None
    name = fresh_name(tree, "matches", "applies", "condition_holds")
    before = text_of(node.test)
    block.insert(place, statements(f"{name} = {before}")[0])
    node.test = expression(name)
    return f"give the condition `{before}` the name `{name}`"
