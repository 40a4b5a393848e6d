"""Loop edits: comprehensions, for and while, iteration by item and by index."""

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
    stored_in,
    text_of,
)


@edit("loops", undo="use a comprehension instead of the loop that only collects values")
def comprehension_to_loop(tree: ast.Module, rng: Random) -> str | None:
    """``x = [e for t in i if c]`` or ``return [...]`` as a loop that appends."""
    picked = pick_statement(tree, ast.stmt, _holds_plain_comprehension, rng)
    if picked is None:
        return None
    block, place = picked
    holder = block[place]
    assert isinstance(holder, ast.Assign | ast.AnnAssign | ast.Return)  # noqa: S101
    made = holder.value
    assert isinstance(made, ast.ListComp | ast.SetComp | ast.DictComp)  # noqa: S101
    name = fresh_name(tree, "result", "collected", "gathered")
    if isinstance(holder, ast.Assign):
        name = text_of(holder.targets[0])
    elif isinstance(holder, ast.AnnAssign):
        name = text_of(holder.target)
    block[place : place + 1] = statements(_loop_text(made, name))
    if isinstance(holder, ast.Return):
        block.insert(place + 2, ast.Return(expression(name)))
    return f"replace the comprehension by a plain loop that fills `{name}`"


def _holds_plain_comprehension(node: ast.stmt) -> bool:
    if isinstance(node, ast.Assign):
        fits = len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
    else:
        fits = isinstance(node, ast.Return) or (isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name))
    if not fits:
        return False
    value = node.value  # type: ignore[attr-defined]
    if not isinstance(value, ast.ListComp | ast.SetComp | ast.DictComp):
        return False
    inner = {name for part in value.generators for name in stored_in(part.target)}
    targets = stored_in(node)
    return not (inner & (targets - inner)) and not any(
        part.is_async or names_in(part.iter) & inner & targets for part in value.generators[:1]
    )


def _loop_text(made: ast.ListComp | ast.SetComp | ast.DictComp, name: str) -> str:
    start = {ast.ListComp: "[]", ast.SetComp: "set()", ast.DictComp: "{}"}[type(made)]
    lines, indent = [f"{name} = {start}"], ""
    for part in made.generators:
        lines.append(f"{indent}for {text_of(part.target).strip('()')} in {text_of(part.iter)}:")
        indent += "    "
        for condition in part.ifs:
            lines.append(f"{indent}if {text_of(condition)}:")
            indent += "    "
    if isinstance(made, ast.DictComp):
        lines.append(f"{indent}{name}[{text_of(made.key)}] = {text_of(made.value)}")
    else:
        verb = "append" if isinstance(made, ast.ListComp) else "add"
        lines.append(f"{indent}{name}.{verb}({text_of(made.elt)})")
    return "\n".join(lines)


@edit("loops", undo="write the comprehension out as a plain loop")
def loop_to_comprehension(tree: ast.Module, rng: Random) -> str | None:
    """``x = []`` with a loop that only appends, as a comprehension."""
    picked = pick_statement(tree, ast.For, lambda node: _appended(node) is not None, rng)
    if picked is None:
        return None
    block, place = picked
    loop = block[place]
    assert isinstance(loop, ast.For)  # noqa: S101
    found = _appended(loop)
    if found is None or place == 0:
        return None
    name, value, condition = found
    if text_of(block[place - 1]).split(":")[0].split(" ")[0] != name or not text_of(block[place - 1]).endswith("= []"):
        return None
    if name in names_in(value) | names_in(loop.iter) | (names_in(condition) if condition else set()):
        return None
    test = f" if {text_of(condition)}" if condition is not None else ""
    target = text_of(loop.target)
    block[place - 1 : place + 1] = statements(f"{name} = [{text_of(value)} for {target} in {text_of(loop.iter)}{test}]")
    return f"build `{name}` with a list comprehension instead of a loop"


def _appended(node: ast.stmt) -> tuple[str, ast.expr, ast.expr | None] | None:
    """Name, value and condition of a loop that only appends."""
    if not isinstance(node, ast.For) or node.orelse or len(node.body) != 1:
        return None
    match node.body[0]:
        case ast.Expr(ast.Call(ast.Attribute(ast.Name(name), "append"), [value], [])):
            return name, value, None
        case ast.If(test, [ast.Expr(ast.Call(ast.Attribute(ast.Name(name), "append"), [value], []))], []):
            return name, value, test
    return None


@edit("loops", undo="use a for loop over a range instead of counting by hand")
def range_to_while(tree: ast.Module, rng: Random) -> str | None:
    """``for i in range(...)`` as a while loop with a counter."""
    picked = pick_statement(tree, ast.For, _is_countable, rng)
    if picked is None:
        return None
    block, place = picked
    loop = block[place]
    assert isinstance(loop, ast.For)  # noqa: S101
    assert isinstance(loop.iter, ast.Call)  # noqa: S101
    bounds = [text_of(argument) for argument in loop.iter.args]
    start, stop = ("0", bounds[0]) if len(bounds) == 1 else (bounds[0], bounds[1])
    step = bounds[2] if len(bounds) == 3 else "1"
    name = text_of(loop.target)
    if name == "_":
        name = fresh_name(tree, "turn", "counter")
    lines = [f"{name} = {start}", f"while {name} < {stop}:", "    pass", f"    {name} += {step}"]
    made = statements("\n".join(lines))
    assert isinstance(made[1], ast.While)  # noqa: S101
    made[1].body[:1] = loop.body
    block[place : place + 1] = made
    return f"count `{name}` in a while loop instead of running over a range"


def _is_countable(node: ast.stmt) -> bool:
    match node:
        case ast.For(ast.Name(name), ast.Call(ast.Name("range"), arguments, []), body, []):
            changed = {part for statement in body for part in stored_in(statement)}
            used = {part for argument in arguments for part in names_in(argument)}
            jumps = any(isinstance(part, ast.Continue) for statement in body for part in ast.walk(statement))
            return not jumps and name not in changed and not used & (changed | {name})
    return False


@edit("loops", undo="iterate over the items themselves instead of their positions")
def items_to_index(tree: ast.Module, rng: Random) -> str | None:
    """``for x in items`` as a loop over positions, where items is a plain name."""
    picked = pick_statement(tree, ast.For, _is_over_name, rng)
    if picked is None:
        return None
    block, place = picked
    loop = block[place]
    assert isinstance(loop, ast.For)  # noqa: S101
    index = fresh_name(tree, "index", "position", "place")
    items, target = text_of(loop.iter), text_of(loop.target)
    first = statements(f"{target} = {items}[{index}]")
    loop.body[:0] = first
    loop.target, loop.iter = expression(index), expression(f"range(len({items}))")
    loop.target.ctx = ast.Store()  # type: ignore[attr-defined]
    return f"walk over the positions of `{items}` with `range(len({items}))`"


def _is_over_name(node: ast.stmt) -> bool:
    if not isinstance(node, ast.For) or not isinstance(node.iter, ast.Name):
        return False
    return node.iter.id not in {name for statement in node.body for name in stored_in(statement)}


@edit("loops", undo="let the built-in function consume a generator instead of looping by hand")
def reduction_to_loop(tree: ast.Module, rng: Random) -> str | None:
    """``x = sum(...)``, ``return any(...)`` or ``return all(...)`` as a loop."""
    picked = pick_statement(tree, ast.stmt, _holds_reduction, rng)
    if picked is None:
        return None
    block, place = picked
    holder = block[place]
    call = holder.value  # type: ignore[attr-defined]
    kind, made = call.func.id, call.args[0]
    name = (
        text_of(holder.targets[0])
        if isinstance(holder, ast.Assign)
        else fresh_name(tree, "total" if kind == "sum" else "outcome", "answer")
    )
    start = {"sum": "0", "any": "False", "all": "True"}[kind]
    element = text_of(made.elt)
    change = {
        "sum": f"{name} += {element}",
        "any": f"if {element}:\n    {name} = True\n    break",
        "all": f"if not ({element}):\n    {name} = False\n    break",
    }[kind]
    part = made.generators[0]
    lines = [f"{name} = {start}", f"for {text_of(part.target).strip('()')} in {text_of(part.iter)}:"]
    indent = "    "
    for condition in part.ifs:
        lines.append(f"{indent}if {text_of(condition)}:")
        indent += "    "
    lines += [indent + line for line in change.split("\n")]
    block[place : place + 1] = statements("\n".join(lines))
    if isinstance(holder, ast.Return):
        block.insert(place + 2, ast.Return(expression(name)))
    return f"compute `{name}` in an explicit loop instead of with `{kind}`"


def _holds_reduction(node: ast.stmt) -> bool:
    match node:
        case ast.Return(value) | ast.Assign([ast.Name()], value):
            pass
        case _:
            return False
    match value:
        case ast.Call(ast.Name("sum" | "any" | "all"), [ast.GeneratorExp(_, [_])], []):
            return True
    return False


@edit("loops", undo="go through the list with enumerate instead of keeping a counter")
def enumerate_to_counter(tree: ast.Module, rng: Random) -> str | None:
    """``for i, x in enumerate(items)`` with a counter kept by hand."""
    picked = pick_statement(tree, ast.For, _is_enumerate, rng)
    if picked is None:
        return None
    block, place = picked
    loop = block[place]
    assert isinstance(loop, ast.For)  # noqa: S101
    assert isinstance(loop.target, ast.Tuple)  # noqa: S101
    assert isinstance(loop.iter, ast.Call)  # noqa: S101
    counter, item = loop.target.elts
    loop.target, loop.iter = item, loop.iter.args[0]
    loop.body.append(statements(f"{text_of(counter)} += 1")[0])
    block.insert(place, statements(f"{text_of(counter)} = 0")[0])
    return f"keep the position in a counter `{text_of(counter)}` instead of using enumerate"


def _is_enumerate(node: ast.stmt) -> bool:
    match node:
        case ast.For(ast.Tuple([ast.Name(), _]), ast.Call(ast.Name("enumerate"), [_], []), body):
            return not any(isinstance(part, ast.Continue) for statement in body for part in ast.walk(statement))
    return False


@edit("loops", undo="iterate over a generator expression where no list is needed")
def generator_to_list(tree: ast.Module, rng: Random) -> str | None:
    """A generator expression as argument, as a list first."""
    found = pick_expression(tree, lambda node: isinstance(node, ast.GeneratorExp), rng)
    if not isinstance(found, ast.GeneratorExp):
        return None
    replace_node(tree, found, ast.ListComp(found.elt, found.generators))
    return "collect the values in a list before they are consumed"
