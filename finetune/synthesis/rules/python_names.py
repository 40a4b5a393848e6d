"""Renaming of local names, parameters and functions."""

from __future__ import annotations

import ast
from random import Random
from typing import Any

from coderag_app.files import yaml_beside
from finetune.synthesis.rules.editing import all_names, edit, local_names
from finetune.synthesis.seed_functions import function_of

_DATA: dict[str, Any] = yaml_beside(__file__, "python_names.yaml")
_SYNONYMS: dict[str, list[str]] = _DATA["synonyms"]


@edit("names", undo="give the variables telling names")
def rename_synonyms(tree: ast.Module, rng: Random) -> str | None:
    """Local names that have synonyms, all of them."""
    function = function_of(tree)
    mapping: dict[str, str] = {}
    taken = all_names(tree)
    for name in sorted(local_names(function)):
        wishes = [wish for wish in _SYNONYMS.get(name, ()) if wish not in taken]
        if wishes:
            mapping[name] = rng.choice(wishes)
            taken.add(mapping[name])
    return _renamed(tree, mapping)


@edit("naming_style", undo="give variables names that say what they hold")
def rename_short(tree: ast.Module, rng: Random) -> str | None:
    """Local names shortened to initials: ``total_price`` to ``tp``."""
    taken = all_names(tree)
    mapping: dict[str, str] = {}
    for name in sorted(local_names(function_of(tree))):
        short = "".join(part[0] for part in name.split("_") if part)
        number = 1
        while short in taken:
            number += 1
            short = f"{short[0]}{number}"
        if len(name) > 2:
            mapping[name] = short
            taken.add(short)
    return _renamed(tree, mapping)


@edit("naming_style", undo="name functions and variables in snake_case")
def rename_camel_case(tree: ast.Module, rng: Random) -> str | None:
    """Names with underscores in camelCase, the function's own name included."""
    function = function_of(tree)
    names = local_names(function) | {function.name}
    mapping = {name: _camel(name) for name in sorted(names) if "_" in name.strip("_")}
    taken = all_names(tree)
    return _renamed(tree, {name: new for name, new in mapping.items() if new not in taken})


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(part.capitalize() for part in others)


def _renamed(tree: ast.Module, mapping: dict[str, str]) -> str | None:
    if not mapping:
        return None
    rename(tree, mapping)
    return "rename " + ", ".join(f"`{name}` to `{new}`" for name, new in sorted(mapping.items()))


def rename(tree: ast.AST, mapping: dict[str, str]) -> None:
    """Change names, parameters and function names everywhere in the tree, in place."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in mapping:
            node.id = mapping[node.id]
        elif isinstance(node, ast.arg) and node.arg in mapping:
            node.arg = mapping[node.arg]
        elif isinstance(node, ast.FunctionDef) and node.name in mapping:
            node.name = mapping[node.name]


@edit("rename_one", undo="")
def rename_one_parameter(tree: ast.Module, rng: Random) -> str | None:
    """One parameter under another name."""
    function = function_of(tree)
    taken = all_names(tree)
    choices = [
        (argument.arg, wish)
        for argument in function.args.args
        for wish in _SYNONYMS.get(argument.arg, ())
        if wish not in taken
    ]
    if not choices:
        return None
    name, new = rng.choice(choices)
    rename(tree, {name: new})
    return f"rename the parameter `{name}` to `{new}`"


@edit("rename_one", undo="")
def rename_function(tree: ast.Module, rng: Random) -> str | None:
    """The function under a name with another verb."""
    function = function_of(tree)
    new = f"{rng.choice(('compute', 'get', 'find', 'make'))}_{function.name}"
    before = function.name
    rename(tree, {before: new})
    return f"rename the function `{before}` to `{new}`"
