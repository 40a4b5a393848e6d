"""Slower ways to do the same: each edit makes a program slower, its ``undo`` is the advice that mends it."""

from __future__ import annotations

import ast
from random import Random

from finetune.synthesis.rules.editing import (
    edit,
    expression,
    fresh_name,
    names_in,
    pick_expression,
    pick_statement,
    replace_node,
    statements,
    text_of,
)
from finetune.synthesis.seed_functions import function_of


@edit("slow", undo="keep the items already seen in a set: testing membership in a list takes time with its length")
def set_to_list(tree: ast.Module, rng: Random) -> str | None:
    """A name that starts as an empty set and only grows, as a list."""
    picked = pick_statement(tree, ast.stmt, _starts_set, rng)
    if picked is None:
        return None
    block, place = picked
    name = text_of(block[place].targets[0])  # type: ignore[attr-defined]
    value = block[place].value  # type: ignore[attr-defined]
    block[place].value = expression(f"list({text_of(value.args[0])})" if _has_argument(value) else _as_list(value))  # type: ignore[attr-defined]
    for node in ast.walk(function_of(tree)):
        match node:
            case ast.Call(ast.Attribute(ast.Name(owner), "add") as method) if owner == name:
                method.attr = "append"
    return f"keep `{name}` in a list"


def _starts_set(node: ast.stmt) -> bool:
    match node:
        case ast.Assign([ast.Name()], ast.Set() | ast.Call(ast.Name("set"))):
            return True
    return False


def _has_argument(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and bool(value.args)


def _as_list(value: ast.expr) -> str:
    return f"[{', '.join(text_of(item) for item in value.elts)}]" if isinstance(value, ast.Set) else "[]"


@edit("slow", undo="collect the pieces and join them once: adding to a text in a loop copies it every time")
def join_to_addition(tree: ast.Module, rng: Random) -> str | None:
    """``return sep.join(parts)`` with an empty separator as repeated addition."""
    picked = pick_statement(tree, ast.stmt, lambda node: _joined(node) is not None, rng)
    if picked is None:
        return None
    block, place = picked
    parts = _joined(block[place])
    assert parts is not None  # noqa: S101
    holder = block[place]
    wish = text_of(holder.targets[0]) if isinstance(holder, ast.Assign) else fresh_name(tree, "joined", "built")
    piece = fresh_name(tree, "piece", "part_of_text")
    text = f'{wish} = ""\nfor {piece} in {text_of(parts)}:\n    {wish} = {wish} + {piece}'
    block[place : place + 1] = statements(text)
    if isinstance(holder, ast.Return):
        block.insert(place + 2, ast.Return(expression(wish)))
    return f"build `{wish}` by adding piece after piece"


def _joined(node: ast.stmt) -> ast.expr | None:
    match node:
        case ast.Return(value) | ast.Assign([ast.Name()], value):
            match value:
                case ast.Call(ast.Attribute(ast.Constant(""), "join"), [parts]):
                    return parts
    return None


@edit("slow", undo="use min or max: sorting a whole list to read one end of it does needless work")
def extreme_to_sorted(tree: ast.Module, rng: Random) -> str | None:
    """``max(items)`` over one list as the end of the sorted list."""
    found = pick_expression(tree, _is_extreme, rng)
    if not isinstance(found, ast.Call):
        return None
    assert isinstance(found.func, ast.Name)  # noqa: S101
    place = "-1" if found.func.id == "max" else "0"
    replace_node(tree, found, expression(f"sorted({text_of(found.args[0])})[{place}]"))
    return f"sort everything to find the {found.func.id}imum"


def _is_extreme(node: ast.expr) -> bool:
    match node:
        case ast.Call(ast.Name("min" | "max"), [ast.Name()], []):
            return True
    return False


@edit("slow", undo="take items from the left of a deque: list.pop(0) moves every other item")
def deque_to_list(tree: ast.Module, rng: Random) -> str | None:
    """A deque as a list whose first item is popped."""
    found = pick_expression(tree, lambda n: isinstance(n, ast.Call) and text_of(n.func) == "deque", rng)
    if not isinstance(found, ast.Call):
        return None
    replace_node(tree, found, expression(f"list({text_of(found.args[0])})"))
    for node in ast.walk(tree):
        match node:
            case ast.Call(ast.Attribute(_, "popleft") as method, []) as call:
                method.attr = "pop"
                call.args = [ast.Constant(0)]
    tree.body = [node for node in tree.body if not (isinstance(node, ast.ImportFrom) and node.module == "collections")]
    return "use a list as the queue"


@edit("slow", undo="count once with Counter: list.count walks through everything for every item")
def counter_to_count(tree: ast.Module, rng: Random) -> str | None:
    """``Counter(x)`` as a mapping made with count."""
    found = pick_expression(tree, lambda n: isinstance(n, ast.Call) and text_of(n.func) == "Counter", rng)
    if not isinstance(found, ast.Call) or "most_common" in text_of(function_of(tree)):
        return None
    items = text_of(found.args[0])
    replace_node(tree, found, expression(f"{{entry: {items}.count(entry) for entry in {items}}}"))
    if "Counter" not in names_in(function_of(tree)):
        tree.body = [n for n in tree.body if not (isinstance(n, ast.ImportFrom) and n.module == "collections")]
    return f"count every entry of `{items}` anew"


@edit("slow", undo="compute the value once before the loop: it does not change inside")
def invariant_in_loop(tree: ast.Module, rng: Random) -> str | None:
    """A name computed from parameters before a loop, computed again on every turn."""
    function = function_of(tree)
    places = []
    for place, (node, following) in enumerate(zip(function.body, function.body[1:], strict=False)):
        match node:
            case ast.Assign([ast.Name(name)], value) if isinstance(following, ast.For) and not isinstance(
                value, ast.Constant | ast.List | ast.Dict | ast.Set
            ):
                places.append((place, name))
    if not places:
        return None
    place, name = rng.choice(places)
    loop = function.body[place + 1]
    assert isinstance(loop, ast.For)  # noqa: S101
    if name in names_in(loop.iter):
        return None
    loop.body.insert(0, function.body[place])
    del function.body[place]
    return f"compute `{name}` again on every turn of the loop"


@edit("slow", undo="use any or all with a generator: a list is built to the end even when the first item decides")
def reduction_over_list(tree: ast.Module, rng: Random) -> str | None:
    """``any(... for ...)``, ``all`` or ``sum`` over a list comprehension."""
    found = pick_expression(tree, _is_lazy, rng)
    if not isinstance(found, ast.Call):
        return None
    generator = found.args[0]
    assert isinstance(generator, ast.GeneratorExp)  # noqa: S101
    found.args = [ast.ListComp(generator.elt, generator.generators)]
    return f"build a whole list for `{text_of(found.func)}`"


def _is_lazy(node: ast.expr) -> bool:
    match node:
        case ast.Call(ast.Name("any" | "all"), [ast.GeneratorExp()], []):
            return True
    return False


@edit("slow", undo="look keys up in the mapping itself: a list of its keys is searched from the front")
def keys_as_list(tree: ast.Module, rng: Random) -> str | None:
    """``k in d`` as ``k in list(d)``."""
    found = pick_expression(tree, _is_membership_in_name, rng)
    if not isinstance(found, ast.Compare):
        return None
    found.comparators = [expression(f"list({text_of(found.comparators[0])})")]
    return "make a list for every membership test"


def _is_membership_in_name(node: ast.expr) -> bool:
    match node:
        case ast.Compare(_, [ast.In() | ast.NotIn()], [ast.Name(name)]):
            return name not in ("text", "first", "password", "line", "part")
    return False


@edit("slow", undo="append in place: adding lists copies everything collected so far")
def append_to_addition(tree: ast.Module, rng: Random) -> str | None:
    """``items.append(x)`` as ``items = items + [x]``."""
    loops = [node for node in ast.walk(tree) if isinstance(node, ast.For | ast.While)]
    if not loops:
        return None
    picked = pick_statement(rng.choice(loops), ast.Expr, lambda node: _appends(node) is not None, rng)
    if picked is None:
        return None
    block, place = picked
    found = _appends(block[place])
    assert found is not None  # noqa: S101
    name, value = found
    block[place : place + 1] = statements(f"{name} = {name} + [{text_of(value)}]")
    return f"copy `{name}` for every new entry"


def _appends(node: ast.stmt) -> tuple[str, ast.expr] | None:
    match node:
        case ast.Expr(ast.Call(ast.Attribute(ast.Name(name), "append"), [value], [])):
            return name, value
    return None
