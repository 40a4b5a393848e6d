"""Edits of Python syntax trees: a registry by group, and the few verbs that the edits are written with."""

from __future__ import annotations

import ast
import builtins
import keyword
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from finetune.synthesis.seed_functions import function_of
from finetune.synthesis.unparsing import unparsed

EditFunction = Callable[[ast.Module, Random], str | None]
_BUILTINS = frozenset(dir(builtins)) | set(keyword.kwlist)
_IMPORTS = (ast.Import, ast.ImportFrom)
_BLOCKS = (ast.FunctionDef, ast.ClassDef)


@dataclass(frozen=True, slots=True)
class Edit:
    """A change to a program.

    Attributes:
        name: Of the edit, for the row's origin.
        group: What kind of change it is, e.g. ``loops``.
        apply: Changes the tree in place and says what it did ("turn the loop over `x` into ..."), or gives None.
        undo: What to ask for to get from the changed program back to the first; empty where nobody would ask.
    """

    name: str
    group: str
    apply: EditFunction
    undo: str = ""


@dataclass(frozen=True, slots=True)
class Edited:
    """A program after an edit, and what was done, as an order ("replace ...")."""

    source: str
    note: str
    edit: Edit


EDITS: dict[str, list[Edit]] = {}


def edit(group: str, undo: str = "") -> Callable[[EditFunction], EditFunction]:
    """Enter a function in the registry under its own name."""

    def enter(function: EditFunction) -> EditFunction:
        EDITS.setdefault(group, []).append(Edit(function.__name__, group, function, undo))
        return function

    return enter


def try_edit(source: str, chosen: Edit, rng: Random) -> Edited | None:
    """The program after the edit, or None where it does not apply or changes nothing."""
    tree = ast.parse(source)
    note = chosen.apply(tree, rng)
    if note is None:
        return None
    changed = tidy(ast.unparse(ast.fix_missing_locations(tree)))
    return None if changed == source else Edited(changed, note, chosen)


def try_any(source: str, groups: tuple[str, ...], rng: Random) -> Edited | None:
    """One of the edits of the groups that applies, drawn at random; None where none does."""
    edits = [one for group in groups for one in EDITS[group]]
    for chosen in rng.sample(edits, len(edits)):
        edited = try_edit(source, chosen, rng)
        if edited is not None:
            return edited
    return None


def try_several(source: str, groups: tuple[str, ...], count: int, rng: Random) -> list[Edited]:
    """Up to ``count`` different edits one after the other; the last one holds the final program."""
    done: list[Edited] = []
    edits = [one for group in groups for one in EDITS[group]]
    for chosen in rng.sample(edits, len(edits)):
        if len(done) == count:
            break
        edited = try_edit(done[-1].source if done else source, chosen, rng)
        if edited is not None:
            done.append(edited)
    return done


def tidy(source: str) -> str:
    """Two blank lines around top-level functions and below the imports."""
    tree = ast.parse(source)
    parts: list[str] = []
    for before, node in zip([None, *tree.body], tree.body, strict=False):
        if before is not None:
            both_imports = isinstance(before, _IMPORTS) and isinstance(node, _IMPORTS)
            wide = isinstance(before, _BLOCKS + _IMPORTS) or isinstance(node, _BLOCKS)
            parts.append("\n" if both_imports or not wide else "\n\n\n")
        parts.append(unparsed(node))
    return "".join(parts)


def statements(text: str) -> list[ast.stmt]:
    """Parsed statements, to be put into a tree."""
    return ast.parse(text).body


def expression(text: str) -> ast.expr:
    """A parsed expression, to be put into a tree."""
    return ast.parse(text, mode="eval").body


def blocks(tree: ast.AST) -> Iterator[list[ast.stmt]]:
    """Every list of statements in the tree that may be changed in place, the module's own left out."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module):
            continue
        for field in ("body", "orelse", "finalbody"):
            block = getattr(node, field, None)
            if isinstance(block, list) and block:
                yield block


def pick_statement(
    tree: ast.AST, kind: type[ast.stmt], fits: Callable[[ast.stmt], bool], rng: Random
) -> tuple[list[ast.stmt], int] | None:
    """A fitting statement of a kind, as its block and its place in it."""
    found = [
        (block, place)
        for block in blocks(tree)
        for place, node in enumerate(block)
        if isinstance(node, kind) and fits(node)
    ]
    return rng.choice(found) if found else None


def pick_expression(
    tree: ast.Module, fits: Callable[[ast.expr], bool], rng: Random, inside: ast.AST | None = None
) -> ast.expr | None:
    """A fitting expression of the main function's body, annotations left out."""
    notes = {id(part) for node in ast.walk(tree) for part in _annotation_parts(node)}
    found = [
        node
        for statement in ([inside] if inside is not None else function_of(tree).body)
        for node in ast.walk(statement)
        if isinstance(node, ast.expr) and id(node) not in notes and fits(node)
    ]
    return rng.choice(found) if found else None


def _annotation_parts(node: ast.AST) -> Iterator[ast.AST]:
    for field in ("annotation", "returns"):
        annotation = getattr(node, field, None)
        if annotation is not None:
            yield from ast.walk(annotation)


def replace_node(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    """Put ``new`` in the place of ``old``."""
    _Replacer(old, new).visit(tree)


class _Replacer(ast.NodeTransformer):
    """Exchanges one node, told apart from its equals by identity."""

    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old = old
        self.new = new

    def visit(self, node: ast.AST) -> ast.AST:
        """The new node for the old one; any other as it is."""
        return self.new if node is self.old else self.generic_visit(node)


def names_in(node: ast.AST) -> set[str]:
    """Every name that is read or written."""
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def stored_in(node: ast.AST) -> set[str]:
    """Names that are assigned, loop targets included."""
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}


def local_names(function: ast.FunctionDef) -> set[str]:
    """Parameters and assigned names."""
    return {argument.arg for argument in function.args.args} | stored_in(function)


def all_names(tree: ast.AST) -> set[str]:
    """Every name that a new one could clash with."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    own = {name for function in functions for name in local_names(function)} | {node.name for node in functions}
    return names_in(tree) | own | _BUILTINS


def fresh_name(tree: ast.AST, *wishes: str) -> str:
    """The first wish that is not taken; the last one with a number where all are."""
    taken = all_names(tree)
    for wish in wishes:
        if wish not in taken:
            return wish
    number = 2
    while f"{wishes[-1]}_{number}" in taken:
        number += 1
    return f"{wishes[-1]}_{number}"


def has_jump(node: ast.AST) -> bool:
    """Whether break, continue, return or yield occurs."""
    return any(isinstance(part, ast.Break | ast.Continue | ast.Return | ast.Yield) for part in ast.walk(node))


def text_of(node: ast.AST) -> str:
    """Source of a node."""
    return ast.unparse(node)
