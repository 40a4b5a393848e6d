"""Structure: extracted and inlined functions and variables, dead code."""

from __future__ import annotations

import ast
from random import Random

from finetune.synthesis.rules.editing import (
    edit,
    expression,
    fresh_name,
    has_jump,
    local_names,
    names_in,
    pick_expression,
    pick_statement,
    replace_node,
    statements,
    stored_in,
    text_of,
)
from finetune.synthesis.seed_functions import function_of


@edit("extraction", undo="inline the small function that is called once")
def extract_expression(tree: ast.Module, rng: Random) -> str | None:
    """An expression over local names as a function of its own."""
    function = function_of(tree)
    known = local_names(function)
    inner = {name for node in ast.walk(function) if isinstance(node, ast.comprehension) for name in stored_in(node)}
    inner |= {
        argument.arg for node in ast.walk(function) if isinstance(node, ast.Lambda) for argument in node.args.args
    }

    def fits(node: ast.expr) -> bool:
        large = isinstance(node, ast.BinOp | ast.BoolOp | ast.Compare | ast.IfExp | ast.ListComp | ast.GeneratorExp)
        used = names_in(node) & known
        return large and len(text_of(node)) > 14 and 1 <= len(used) <= 4 and not (used - stored_in(node)) & inner

    found = pick_expression(tree, fits, rng)
    if found is None or _inside_nested(function, found) or isinstance(found, ast.GeneratorExp):
        return None
    used = sorted((names_in(found) & known) - stored_in(found))
    if not used:
        return None
    name = fresh_name(tree, f"{_helper_stem(found)}_{function.name}", "compute_part")
    helper = statements(f"def {name}({', '.join(used)}):\n    return {text_of(found)}")
    replace_node(function, found, expression(f"{name}({', '.join(used)})"))
    tree.body[tree.body.index(function) : tree.body.index(function)] = helper
    return f"extract `{text_of(found)}` into a function `{name}`"


def _helper_stem(node: ast.expr) -> str:
    if isinstance(node, ast.Compare | ast.BoolOp):
        return "condition_of"
    return "items_of" if isinstance(node, ast.ListComp) else "value_of"


def _inside_nested(function: ast.FunctionDef, target: ast.AST) -> bool:
    nested = [node for node in ast.walk(function) if isinstance(node, ast.FunctionDef) and node is not function]
    return any(part is target for node in nested for part in ast.walk(node))


@edit("extraction", undo="inline the function that holds a single loop")
def extract_loop(tree: ast.Module, rng: Random) -> str | None:
    """A top-level loop that changes one name, with the statement that starts it, as a function."""
    function = function_of(tree)
    places = [
        place
        for place in range(1, len(function.body))
        if isinstance(function.body[place], ast.For | ast.While) and not has_jump(function.body[place])
    ]
    if not places:
        return None
    place = rng.choice(places)
    start, loop = function.body[place - 1], function.body[place]
    outputs = stored_in(start)
    if not isinstance(start, ast.Assign | ast.AnnAssign) or len(outputs) != 1:
        return None
    (output,) = outputs
    later = {name for statement in function.body[place + 1 :] for name in names_in(statement)}
    if (stored_in(loop) - outputs) & later:
        return None
    earlier = {name for statement in function.body[: place - 1] for name in stored_in(statement)}
    known = earlier | {argument.arg for argument in function.args.args}
    used = sorted((names_in(loop) | names_in(start)) & known)
    name = fresh_name(tree, f"collect_{output}", f"build_{output}")
    inner = [start, loop, ast.Return(expression(output))]
    helper = statements(f"def {name}({', '.join(used)}):\n    pass")[0]
    assert isinstance(helper, ast.FunctionDef)  # noqa: S101
    helper.body = inner
    function.body[place - 1 : place + 1] = statements(f"{output} = {name}({', '.join(used)})")
    tree.body.insert(tree.body.index(function), helper)
    return f"extract the loop that computes `{output}` into a function `{name}`"


@edit("variables", undo="inline the variable that is used once")
def introduce_variable(tree: ast.Module, rng: Random) -> str | None:
    """The value of a return statement, or part of it, under a name first."""
    picked = pick_statement(tree, ast.Return, _returns_something_large, rng)
    if picked is None:
        return None
    block, place = picked
    holder = block[place]
    assert isinstance(holder, ast.Return)  # noqa: S101
    assert holder.value is not None  # noqa: S101
    name = fresh_name(tree, "answer", "outcome", "final_value")
    block[place : place + 1] = [*statements(f"{name} = {text_of(holder.value)}"), ast.Return(expression(name))]
    return f"store the returned value in a variable `{name}` first"


def _returns_something_large(node: ast.stmt) -> bool:
    return isinstance(node, ast.Return) and node.value is not None and len(text_of(node.value)) > 12


@edit("variables", undo="give the intermediate value a name")
def inline_variable(tree: ast.Module, rng: Random) -> str | None:
    """A name that is assigned once and read once in the statement that follows, put in its place."""
    function = function_of(tree)
    picked = pick_statement(tree, ast.Assign, lambda node: True, rng)
    if picked is None:
        return None
    block, place = picked
    node = block[place]
    match node:
        case ast.Assign([ast.Name(name)], value) if place + 1 < len(block):
            uses = [part for part in ast.walk(function) if isinstance(part, ast.Name) and part.id == name]
            following = block[place + 1]
            reads = [p for p in ast.walk(following) if isinstance(p, ast.Name) and p.id == name]
            if len(uses) != 2 or len(reads) != 1 or not isinstance(following, ast.Return | ast.Assign | ast.Expr):
                return None
            replace_node(following, reads[0], value)
            del block[place]
            return f"inline `{name}` into the statement that uses it"
    return None


_NEVER = ("if False:\n    {name} = None", "if 0 > 1:\n    {name} = []", "while False:\n    {name} = 0")


@edit("dead_code", undo="remove the code that can never run and the variables that are never read")
def add_unreachable(tree: ast.Module, rng: Random) -> str | None:
    """A branch that is never taken."""
    function = function_of(tree)
    name = fresh_name(tree, "leftover", "debug_value", "previous_result")
    place = rng.randrange(len(function.body) + 1)
    if place == len(function.body):
        last = function.body[-1]
        if not isinstance(last, ast.Return):
            return None
        function.body.extend(statements(f"{name} = None"))
        return "add a statement after the last return"
    function.body[place:place] = statements(rng.choice(_NEVER).format(name=name))
    return "add a branch that is never taken"


@edit("dead_code", undo="remove the variable that is never read")
def add_unused_variable(tree: ast.Module, rng: Random) -> str | None:
    """A variable that nobody reads, made of a parameter."""
    function = function_of(tree)
    if not function.args.args:
        return None
    parameter = rng.choice(function.args.args).arg
    name = fresh_name(tree, rng.choice(("unused", "temporary", "backup", "original")), "spare")
    value = rng.choice((f"[{parameter}]", parameter, f"({parameter}, None)", f"str({parameter})"))
    function.body.insert(0, statements(f"{name} = {value}")[0])
    return f"add a variable `{name}` that is never read"
