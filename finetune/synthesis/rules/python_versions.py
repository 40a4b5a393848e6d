"""Older Python for newer: typing's aliases, Optional, % and format(), names that moved. ``undo`` is the update."""

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

_ALIASES = {"list": "List", "dict": "Dict", "tuple": "Tuple", "set": "Set"}


@edit("old", undo="Python 3.9: use the built-in collection types in annotations instead of those of typing")
def typing_aliases(tree: ast.Module, rng: Random) -> str | None:
    """``list[int]`` in annotations as ``List[int]``."""
    used: set[str] = set()
    for node in _annotations(tree):
        for part in ast.walk(node):
            if isinstance(part, ast.Name) and part.id in _ALIASES:
                used.add(_ALIASES[part.id])
                part.id = _ALIASES[part.id]
    if not used:
        return None
    tree.body.insert(0, statements(f"from typing import {', '.join(sorted(used))}")[0])
    return f"annotate with {', '.join(sorted(used))} from typing"


@edit("old", undo="Python 3.10: write X | None instead of Optional[X]")
def optional_types(tree: ast.Module, rng: Random) -> str | None:
    """``X | None`` in annotations as ``Optional[X]``."""
    changed = False
    for node in _annotations(tree):
        for part in ast.walk(node):
            match part:
                case ast.BinOp(left, ast.BitOr(), ast.Constant(None)):
                    replace_node(tree, part, expression(f"Optional[{text_of(left)}]"))
                    changed = True
    if not changed:
        return None
    tree.body.insert(0, statements("from typing import Optional")[0])
    return "mark optional values with Optional"


def _annotations(tree: ast.Module) -> list[ast.AST]:
    return [
        annotation
        for node in ast.walk(tree)
        for annotation in (getattr(node, "annotation", None), getattr(node, "returns", None))
        if annotation is not None
    ]


@edit("old", undo="Python 3.6: use f-strings instead of str.format")
def formatted_to_format(tree: ast.Module, rng: Random) -> str | None:
    """Every f-string as a call of format."""
    return _without_formatted(tree, _as_format, "format text with str.format")


@edit("old", undo="Python 3.6: use f-strings instead of the percent operator")
def formatted_to_percent(tree: ast.Module, rng: Random) -> str | None:
    """Every f-string as a percent expression."""
    return _without_formatted(tree, _as_percent, "format text with the percent operator")


def _without_formatted(tree: ast.Module, write: object, note: str) -> str | None:
    found = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    inner = {id(part.format_spec) for node in found for part in node.values if isinstance(part, ast.FormattedValue)}
    outer = [node for node in found if id(node) not in inner]
    if not outer:
        return None
    for node in outer:
        spelled = write(node)  # type: ignore[operator]
        if spelled is None:
            return None
        replace_node(tree, node, expression(spelled))
    return note


def _as_format(node: ast.JoinedStr) -> str | None:
    text, values = "", []
    for part in node.values:
        if isinstance(part, ast.Constant):
            text += str(part.value).replace("{", "{{").replace("}", "}}")
        elif isinstance(part, ast.FormattedValue):
            spec = part.format_spec.values[0].value if isinstance(part.format_spec, ast.JoinedStr) else ""  # type: ignore[attr-defined]
            conversion = f"!{chr(part.conversion)}" if part.conversion != -1 else ""
            text += "{" + conversion + (f":{spec}" if spec else "") + "}"
            values.append(text_of(part.value))
    return f"{text!r}.format({', '.join(values)})"


def _as_percent(node: ast.JoinedStr) -> str | None:
    text, values = "", []
    for part in node.values:
        if isinstance(part, ast.Constant):
            text += str(part.value).replace("%", "%%")
        elif isinstance(part, ast.FormattedValue):
            if part.format_spec is not None:
                spec = part.format_spec.values[0].value  # type: ignore[attr-defined]
                text += f"%{spec}"
            else:
                text += "%r" if part.conversion != -1 else "%s"
            values.append(text_of(part.value))
    return f"{text!r} % ({', '.join(values)},)"


@edit("old", undo="Python 3: drop the explicit list() around what is iterated anyway and the object base calls")
def iterate_over_keys(tree: ast.Module, rng: Random) -> str | None:
    """``for k in sorted(d)`` as ``for k in sorted(d.keys())``, the habit of Python 2."""
    found = pick_expression(tree, _is_sorted_mapping, rng)
    if not isinstance(found, ast.Call) or not _is_mapping(tree, text_of(found.args[0])):
        return None
    found.args[0] = expression(f"list({text_of(found.args[0])}.keys())")
    return "sort a list made of the keys"


def _is_sorted_mapping(node: ast.expr) -> bool:
    match node:
        case ast.Call(ast.Name("sorted"), [ast.Name(), *_]):
            return True
    return False


def _is_mapping(tree: ast.Module, name: str) -> bool:
    return any(
        isinstance(node, ast.arg)
        and node.arg == name
        and node.annotation
        and text_of(node.annotation).startswith("dict")
        for node in ast.walk(tree)
    )


@edit("old", undo="Python 3.8: use math.isqrt instead of rounding a floating-point root")
def integer_root(tree: ast.Module, rng: Random) -> str | None:
    """``math.isqrt(n)`` as ``int(n ** 0.5)``."""
    found = pick_expression(tree, lambda n: isinstance(n, ast.Call) and text_of(n.func) == "math.isqrt", rng)
    if not isinstance(found, ast.Call):
        return None
    replace_node(tree, found, expression(f"int(({text_of(found.args[0])}) ** 0.5)"))
    tree.body = [node for node in tree.body if text_of(node) != "import math"]
    return "round a floating-point square root"


@edit("old", undo="Python 3.10: give zip the strict argument where it says what is meant")
def zip_without_strict(tree: ast.Module, rng: Random) -> str | None:
    """``zip(a, b, strict=False)`` without its keyword."""
    found = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and text_of(n.func) == "zip" and n.keywords]
    for call in found:
        call.keywords = []
    return "call zip without saying what uneven lengths mean" if found else None


@edit("old", undo="Python 3.6: annotate variables where they are created instead of in a type comment")
def drop_variable_annotation(tree: ast.Module, rng: Random) -> str | None:
    """Variables without their annotations."""
    picked = pick_statement(tree, ast.AnnAssign, lambda node: isinstance(node, ast.AnnAssign) and node.simple == 1, rng)
    if picked is None:
        return None
    block, place = picked
    node = block[place]
    assert isinstance(node, ast.AnnAssign)  # noqa: S101
    assert node.value is not None  # noqa: S101
    block[place] = statements(f"{text_of(node.target)} = {text_of(node.value)}")[0]
    return f"leave `{text_of(node.target)}` without an annotation"


@edit("untyped", undo="add type hints to the signature")
def strip_types(tree: ast.Module, rng: Random) -> str | None:
    """No annotations at all."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.returns = None
            for argument in node.args.args:
                argument.annotation = None
    picked = drop_variable_annotation(tree, rng)
    while picked is not None:
        picked = drop_variable_annotation(tree, rng)
    return "remove the type hints"
