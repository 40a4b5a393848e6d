"""Seeded bugs: each edit breaks a program in a way that people do, and says what is wrong with it."""

from __future__ import annotations

import ast
from random import Random

from finetune.synthesis.rules.editing import edit, pick_expression, pick_statement, replace_node, text_of
from finetune.synthesis.seed_functions import function_of

_BOUNDARY: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
}


@edit("bugs")
def wrong_boundary(tree: ast.Module, rng: Random) -> str | None:
    """``<`` for ``<=`` and the like."""
    found = pick_expression(tree, lambda n: isinstance(n, ast.Compare) and type(n.ops[0]) in _BOUNDARY, rng)
    if not isinstance(found, ast.Compare):
        return None
    before = text_of(found)
    found.ops[0] = _BOUNDARY[type(found.ops[0])]()
    return f"the boundary is wrong: `{text_of(found)}` treats the limit itself differently from `{before}`"


@edit("bugs")
def reversed_comparison(tree: ast.Module, rng: Random) -> str | None:
    """``>`` for ``<``."""
    opposite = {ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.Eq: ast.NotEq, ast.In: ast.NotIn}
    found = pick_expression(tree, lambda n: isinstance(n, ast.Compare) and type(n.ops[0]) in opposite, rng)
    if not isinstance(found, ast.Compare):
        return None
    found.ops[0] = opposite[type(found.ops[0])]()
    return f"the comparison is the wrong way round: `{text_of(found)}`"


@edit("bugs")
def range_off_by_one(tree: ast.Module, rng: Random) -> str | None:
    """The end of a range one too early, or its start one too late."""
    found = pick_expression(tree, lambda n: isinstance(n, ast.Call) and text_of(n.func) == "range", rng)
    if not isinstance(found, ast.Call) or not found.args:
        return None
    place = 0 if len(found.args) == 1 else rng.choice((0, 1))
    is_end = len(found.args) == 1 or place == 1
    operator = ast.Sub() if is_end else ast.Add()
    found.args[place] = ast.BinOp(found.args[place], operator, ast.Constant(1))
    what = "ends one step too early" if is_end else "begins one step too late"
    return f"the range {what}: `{text_of(found)}`"


@edit("bugs")
def wrong_start_value(tree: ast.Module, rng: Random) -> str | None:
    """A counter that starts at one instead of zero, or the other way round."""
    picked = pick_statement(tree, ast.Assign, _starts_at_zero_or_one, rng)
    if picked is None:
        return None
    node = picked[0][picked[1]]
    assert isinstance(node, ast.Assign)  # noqa: S101
    assert isinstance(node.value, ast.Constant)  # noqa: S101
    node.value = ast.Constant(1 if node.value.value == 0 else 0)
    return f"the start value is wrong: `{text_of(node)}`"


def _starts_at_zero_or_one(node: ast.stmt) -> bool:
    match node:
        case ast.Assign([ast.Name()], ast.Constant(value)):
            return type(value) is int and value in (0, 1)
    return False


@edit("bugs")
def wrong_operator(tree: ast.Module, rng: Random) -> str | None:
    """Minus for plus, whole-number division for division, and the like."""
    swapped: dict[type[ast.operator], type[ast.operator]] = {
        ast.Add: ast.Sub,
        ast.Sub: ast.Add,
        ast.Mult: ast.Add,
        ast.Div: ast.FloorDiv,
        ast.Mod: ast.FloorDiv,
    }
    found = pick_expression(tree, lambda n: isinstance(n, ast.BinOp) and type(n.op) in swapped, rng)
    if not isinstance(found, ast.BinOp) or isinstance(found.left, ast.Constant | ast.JoinedStr):
        return None
    before = text_of(found)
    found.op = swapped[type(found.op)]()
    return f"the operator is wrong: `{text_of(found)}` where `{before}` is meant"


@edit("bugs")
def and_for_or(tree: ast.Module, rng: Random) -> str | None:
    """``and`` for ``or`` and the other way round."""
    found = pick_expression(tree, lambda n: isinstance(n, ast.BoolOp), rng)
    if not isinstance(found, ast.BoolOp):
        return None
    was_and = isinstance(found.op, ast.And)
    found.op = ast.Or() if was_and else ast.And()
    return f"the conditions are joined with the wrong word: `{text_of(found)}`"


@edit("bugs")
def min_for_max(tree: ast.Module, rng: Random) -> str | None:
    """``min`` for ``max`` and the other way round."""
    found = pick_expression(tree, lambda n: isinstance(n, ast.Call) and text_of(n.func) in ("min", "max"), rng)
    if not isinstance(found, ast.Call) or not isinstance(found.func, ast.Name):
        return None
    found.func.id = "min" if found.func.id == "max" else "max"
    return f"`{text_of(found)}` picks the wrong end"


@edit("bugs")
def missing_last_part(tree: ast.Module, rng: Random) -> str | None:
    """A statement of the main body that is forgotten."""
    function = function_of(tree)
    places = [
        place
        for place, node in enumerate(function.body)
        if isinstance(node, ast.If | ast.AugAssign) and place > 0 and place < len(function.body) - 1
    ]
    if not places:
        return None
    place = rng.choice(places)
    gone = text_of(function.body.pop(place)).split("\n")[0].rstrip(":")
    return f"a step is missing: nothing does `{gone}`"


@edit("bugs")
def return_inside_loop(tree: ast.Module, rng: Random) -> str | None:
    """The final return indented into the loop before it."""
    function = function_of(tree)
    if len(function.body) < 2 or not isinstance(function.body[-2], ast.For | ast.While):
        return None
    if not isinstance(function.body[-1], ast.Return):
        return None
    function.body[-2].body.append(function.body.pop())
    return "the return statement stands inside the loop, so only the first turn counts"


@edit("bugs")
def dropped_negation(tree: ast.Module, rng: Random) -> str | None:
    """A ``not`` left out."""
    found = pick_expression(tree, lambda n: isinstance(n, ast.UnaryOp) and isinstance(n.op, ast.Not), rng)
    if not isinstance(found, ast.UnaryOp):
        return None
    replace_node(tree, found, found.operand)
    return f"a negation is missing before `{text_of(found.operand)}`"


@edit("bugs")
def forgotten_call(tree: ast.Module, rng: Random) -> str | None:
    """``x.lower()`` and its like left out."""
    found = pick_expression(tree, _is_cleaning_call, rng)
    match found:
        case ast.Call(ast.Attribute(value, name)):
            replace_node(tree, found, value)
            return f"`{text_of(value)}` is used without calling `{name}` on it first"
    return None


def _is_cleaning_call(node: ast.expr) -> bool:
    match node:
        case ast.Call(ast.Attribute(_, "lower" | "strip" | "upper" | "split"), []):
            return True
    return False
