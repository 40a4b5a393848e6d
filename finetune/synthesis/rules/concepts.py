"""Concepts of programming that a syntax tree shows: what a tutorial teaches, and what makes two programs alike."""

from __future__ import annotations

import ast
from collections.abc import Callable

Detector = Callable[[ast.AST], bool]


def _has(tree: ast.AST, fits: Callable[[ast.AST], bool]) -> bool:
    return any(fits(node) for node in ast.walk(tree))


def _calls(name: str) -> Detector:
    return lambda tree: _has(tree, lambda node: isinstance(node, ast.Call) and ast.unparse(node.func) == name)


def _calls_method(name: str) -> Detector:
    return lambda tree: _has(
        tree, lambda n: isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and n.func.attr == name
    )


def _is(kind: type[ast.AST]) -> Detector:
    return lambda tree: _has(tree, lambda node: isinstance(node, kind))


def _nested_loops(tree: ast.AST) -> bool:
    loops = [node for node in ast.walk(tree) if isinstance(node, ast.For | ast.While)]
    return any(isinstance(inner, ast.For | ast.While) for loop in loops for s in loop.body for inner in ast.walk(s))


def _recursion(tree: ast.AST) -> bool:
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return any(_calls(function.name)(ast.Module(function.body, [])) for function in functions)


def _stack(tree: ast.AST) -> bool:
    return _calls_method("pop")(tree) and (_calls_method("append")(tree) or _calls_method("extend")(tree))


def _runs_until_empty(tree: ast.AST) -> bool:
    """Whether some ``while queue`` takes from the very queue that it tests."""
    loops = [node for node in ast.walk(tree) if isinstance(node, ast.While) and isinstance(node.test, ast.Name)]
    return any(f"{ast.unparse(loop.test)}.popleft()" in ast.unparse(loop) for loop in loops)


def _halving(tree: ast.AST) -> bool:
    return _is(ast.While)(tree) and "// 2" in ast.unparse(tree) and "middle" in ast.unparse(tree)


def _swap(tree: ast.AST) -> bool:
    return _has(tree, lambda n: isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Tuple))


# Rarest first: the first one found names a program best.
CONCEPTS: tuple[tuple[str, Detector], ...] = (
    ("a priority queue with heapq", lambda tree: "heapq." in ast.unparse(tree)),
    ("breadth-first search with a deque", lambda tree: _calls("deque")(tree) and _runs_until_empty(tree)),
    ("a recursive inner function", _recursion),
    ("binary search by halving a range", _halving),
    ("a stack made of a list", _stack),
    ("counting with collections.Counter", _calls("Counter")),
    ("grouping with collections.defaultdict", _calls("defaultdict")),
    ("a dictionary comprehension", _is(ast.DictComp)),
    ("sorting with a key function", lambda tree: _calls("sorted")(tree) and _is(ast.Lambda)(tree)),
    ("counting in a dictionary with get", _calls_method("get")),
    ("raising ValueError for a bad argument", _is(ast.Raise)),
    ("remembering what was seen in a set", _calls_method("add")),
    ("looping over positions and items with enumerate", _calls("enumerate")),
    ("walking through two sequences at once with zip", _calls("zip")),
    ("any and all with a generator expression", lambda tree: _calls("any")(tree) or _calls("all")(tree)),
    ("divmod for quotient and remainder", _calls("divmod")),
    ("joining pieces of text with str.join", _calls_method("join")),
    ("a chained comparison", lambda tree: _has(tree, lambda n: isinstance(n, ast.Compare) and len(n.ops) > 1)),
    ("loops inside loops", _nested_loops),
    ("formatting text with f-strings", _is(ast.JoinedStr)),
    (
        "a list comprehension with a condition",
        lambda t: _has(t, lambda n: isinstance(n, ast.comprehension) and bool(n.ifs)),
    ),
    ("assigning several variables at once", _swap),
    ("a while loop that ends on a condition", _is(ast.While)),
    ("a conditional expression", _is(ast.IfExp)),
    ("taking slices of a sequence", _is(ast.Slice)),
    ("splitting text into words", _calls_method("split")),
    ("keeping a running total in a loop", lambda tree: _has(tree, lambda n: isinstance(n, ast.AugAssign))),
)


def concepts_in(source: str) -> list[str]:
    """Names of the concepts that a program shows, rarest first."""
    tree = ast.parse(source)
    return [name for name, shows in CONCEPTS if shows(tree)]
