"""Clumsy ways to write the same: each edit makes a program worse, its ``undo`` is the rule it breaks."""

from __future__ import annotations

import ast
from random import Random

from finetune.synthesis.rules.editing import (
    edit,
    expression,
    pick_expression,
    pick_statement,
    replace_node,
    statements,
    text_of,
)


@edit("clumsy", undo="do not compare with True or False; use the value as the condition")
def compare_with_true(tree: ast.Module, rng: Random) -> str | None:
    """``if c`` as ``if (c) == True`` where c is a comparison or a call that gives a boolean."""
    picked = pick_statement(tree, ast.If, _tests_boolean, rng)
    if picked is None:
        return None
    node = picked[0][picked[1]]
    assert isinstance(node, ast.If)  # noqa: S101
    if isinstance(node.test, ast.UnaryOp):
        node.test = ast.Compare(node.test.operand, [ast.Eq()], [ast.Constant(False)])
    else:
        node.test = ast.Compare(node.test, [ast.Eq()], [ast.Constant(True)])
    return "compare the condition with a boolean constant"


def _tests_boolean(node: ast.stmt) -> bool:
    match node:
        case ast.If(ast.Compare() | ast.UnaryOp(ast.Not(), ast.Compare() | ast.Call())):
            return True
        case ast.If(ast.Call(ast.Attribute(_, name))):
            return name.startswith(("is", "starts", "ends"))
    return False


@edit("clumsy", undo="test for emptiness by truth value instead of by length")
def length_test(tree: ast.Module, rng: Random) -> str | None:
    """``if not items`` as ``if len(items) == 0``."""
    picked = pick_statement(tree, ast.If, lambda node: _emptiness(node) != "", rng)
    if picked is None:
        return None
    node = picked[0][picked[1]]
    assert isinstance(node, ast.If)  # noqa: S101
    name = _emptiness(node)
    operator = "==" if isinstance(node.test, ast.UnaryOp) else ">"
    node.test = expression(f"len({name}) {operator} 0")
    return f"test the length of `{name}` instead of its truth value"


def _emptiness(node: ast.stmt) -> str:
    match node:
        case ast.If(ast.UnaryOp(ast.Not(), ast.Name(name))) | ast.If(ast.Name(name)):
            return name
    return ""


@edit("clumsy", undo="write `not in` instead of negating `in`")
def negated_membership(tree: ast.Module, rng: Random) -> str | None:
    """``a not in b`` as ``not a in b``."""
    found = pick_expression(tree, lambda n: isinstance(n, ast.Compare) and isinstance(n.ops[0], ast.NotIn), rng)
    if not isinstance(found, ast.Compare) or len(found.ops) != 1:
        return None
    replace_node(tree, found, ast.UnaryOp(ast.Not(), ast.Compare(found.left, [ast.In()], found.comparators)))
    return "negate the membership test from outside"


@edit("clumsy", undo="use augmented assignment")
def spell_out_assignment(tree: ast.Module, rng: Random) -> str | None:
    """``x += y`` as ``x = x + y``."""
    picked = pick_statement(tree, ast.AugAssign, lambda node: True, rng)
    if picked is None:
        return None
    block, place = picked
    node = block[place]
    assert isinstance(node, ast.AugAssign)  # noqa: S101
    target = expression(text_of(node.target))
    value = ast.BinOp(target, node.op, node.value)
    block[place] = statements(f"{text_of(node.target)} = {text_of(value)}")[0]
    return f"repeat `{text_of(node.target)}` on both sides of the assignment"


@edit("clumsy", undo="leave out the else after a branch that always returns")
def else_after_return(tree: ast.Module, rng: Random) -> str | None:
    """What follows an if that returns, moved into its else."""
    picked = pick_statement(tree, ast.If, _always_returns, rng)
    if picked is None:
        return None
    block, place = picked
    node = block[place]
    assert isinstance(node, ast.If)  # noqa: S101
    if place + 1 >= len(block):
        return None
    node.orelse = block[place + 1 :]
    del block[place + 1 :]
    return "put the code after the returning branch into an else"


def _always_returns(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and not node.orelse and isinstance(node.body[-1], ast.Return | ast.Raise)


@edit("clumsy", undo="format text with an f-string instead of adding pieces together")
def formatted_to_addition(tree: ast.Module, rng: Random) -> str | None:
    """An f-string without format specifications as a sum of strings."""
    found = pick_expression(tree, _is_plain_formatted, rng)
    if not isinstance(found, ast.JoinedStr):
        return None
    pieces = [
        text_of(part) if isinstance(part, ast.Constant) else f"str({text_of(part.value)})"  # type: ignore[attr-defined]
        for part in found.values
    ]
    replace_node(tree, found, expression(" + ".join(pieces)))
    return "glue the text together with plus signs"


def _is_plain_formatted(node: ast.expr) -> bool:
    if not isinstance(node, ast.JoinedStr) or len(node.values) < 2:
        return False
    parts = [part for part in node.values if isinstance(part, ast.FormattedValue)]
    return all(part.format_spec is None and part.conversion == -1 for part in parts)


@edit("clumsy", undo="drop the copying comprehension and use the list itself or list()")
def copying_comprehension(tree: ast.Module, rng: Random) -> str | None:
    """``list(x)`` as ``[item for item in x]``."""
    found = pick_expression(tree, lambda node: _called(node) == "list", rng)
    if not isinstance(found, ast.Call) or len(found.args) != 1:
        return None
    replace_node(tree, found, expression(f"[element for element in {text_of(found.args[0])}]"))
    return "copy with a comprehension that changes nothing"


def _called(node: ast.AST) -> str:
    return node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""


@edit("clumsy", undo="use dict.get with a default instead of testing for the key")
def get_to_test(tree: ast.Module, rng: Random) -> str | None:
    """``d.get(k, v)`` as ``d[k] if k in d else v``."""
    found = pick_expression(tree, _is_get, rng)
    match found:
        case ast.Call(ast.Attribute(mapping, "get"), [key, default]):
            spelled = f"{text_of(mapping)}[{text_of(key)}] if {text_of(key)} in {text_of(mapping)} else "
            replace_node(tree, found, expression(f"({spelled}{text_of(default)})"))
            return f"look the key up twice instead of giving `get` a default on `{text_of(mapping)}`"
    return None


def _is_get(node: ast.expr) -> bool:
    match node:
        case ast.Call(ast.Attribute(ast.Name(), "get"), [ast.Name() | ast.Attribute() | ast.Subscript(), _]):
            return True
    return False


@edit("clumsy", undo="unpack into names instead of indexing")
def unpacking_to_index(tree: ast.Module, rng: Random) -> str | None:
    """``for a, b in pairs`` as indexing of each pair."""
    picked = pick_statement(tree, ast.For, _unpacks_pair, rng)
    if picked is None:
        return None
    node = picked[0][picked[1]]
    assert isinstance(node, ast.For)  # noqa: S101
    names = [text_of(part) for part in node.target.elts]  # type: ignore[attr-defined]
    node.body[:0] = [s for place, name in enumerate(names) for s in statements(f"{name} = entry[{place}]")]
    node.target = ast.Name("entry", ast.Store())
    return "index into every entry instead of unpacking it"


def _unpacks_pair(node: ast.stmt) -> bool:
    match node:
        case ast.For(ast.Tuple(parts), ast.Name() | ast.Call(ast.Attribute())):
            return all(isinstance(part, ast.Name) for part in parts)
    return False


@edit("clumsy", undo="drop the pass statement that does nothing")
def add_pass(tree: ast.Module, rng: Random) -> str | None:
    """A pass at the end of a loop body."""
    picked = pick_statement(tree, ast.stmt, lambda node: isinstance(node, ast.For | ast.While), rng)
    if picked is None:
        return None
    node = picked[0][picked[1]]
    node.body.append(ast.Pass())  # type: ignore[attr-defined]
    return "end the loop body with pass"
