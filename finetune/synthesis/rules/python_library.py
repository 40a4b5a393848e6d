"""The same with and without a library: calls replaced by functions written by hand, and the other way round."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from random import Random

from finetune.synthesis.rules.editing import (
    edit,
    expression,
    names_in,
    pick_expression,
    replace_node,
    statements,
    text_of,
)

_BY_HAND = {
    "sum": """
def add_up(numbers):
    total = 0
    for number in numbers:
        total += number
    return total
""",
    "max": """
def largest_of(candidates):
    remaining = iter(candidates)
    largest = next(remaining)
    for candidate in remaining:
        if candidate > largest:
            largest = candidate
    return largest
""",
    "min": """
def smallest_of(candidates):
    remaining = iter(candidates)
    smallest = next(remaining)
    for candidate in remaining:
        if candidate < smallest:
            smallest = candidate
    return smallest
""",
    "sorted": """
def insertion_sorted(entries):
    ordered = []
    for entry in entries:
        place = len(ordered)
        while place > 0 and entry < ordered[place - 1]:
            place -= 1
        ordered.insert(place, entry)
    return ordered
""",
    "enumerate": """
def numbered(entries):
    number = 0
    for entry in entries:
        yield (number, entry)
        number += 1
""",
    "reversed": """
def from_the_end(entries):
    for place in range(len(entries) - 1, -1, -1):
        yield entries[place]
""",
    "any": """
def at_least_one(conditions):
    for condition in conditions:
        if condition:
            return True
    return False
""",
    "all": """
def every_one(conditions):
    for condition in conditions:
        if not condition:
            return False
    return True
""",
    "zip": """
def side_by_side(first, second):
    for place in range(min(len(first), len(second))):
        yield (first[place], second[place])
""",
    "Counter": """
def count_entries(entries):
    counts = {}
    for entry in entries:
        counts[entry] = counts.get(entry, 0) + 1
    return counts
""",
    "math.gcd": """
def greatest_common_divisor(a, b):
    while b:
        a, b = b, a % b
    return abs(a)
""",
    "math.isqrt": """
def integer_square_root(number):
    if number < 0:
        raise ValueError("isqrt() argument must be nonnegative")
    root = 0
    while (root + 1) * (root + 1) <= number:
        root += 1
    return root
""",
    "math.sqrt": """
def square_root(number):
    if number == 0:
        return 0.0
    guess = number if number > 1 else 1.0
    for _ in range(200):
        guess = (guess + number / guess) / 2
    return guess
""",
    "math.dist": """
def straight_distance(start, end):
    squares = 0.0
    for a, b in zip(start, end):
        squares += (a - b) ** 2
    return squares ** 0.5
""",
    "itertools.accumulate": """
def running_sums(numbers):
    total = 0
    for number in numbers:
        total += number
        yield total
""",
    "heapq.nsmallest": """
def first_sorted(count, entries):
    return sorted(entries)[:max(count, 0)]
""",
    "bisect.bisect_left": """
def leftmost_place(ordered, entry):
    low, high = 0, len(ordered)
    while low < high:
        middle = (low + high) // 2
        if ordered[middle] < entry:
            low = middle + 1
        else:
            high = middle
    return low
""",
    "statistics.fmean": """
def mean_of(numbers):
    total, count = 0.0, 0
    for number in numbers:
        total += number
        count += 1
    return total / count
""",
    "divmod": """
def quotient_and_rest(number, divisor):
    return (number // divisor, number % divisor)
""",
    "abs": """
def without_sign(number):
    return -number if number < 0 else number
""",
    "re.findall": """
def tags_after_hash(pattern, text):
    found, current, inside = [], "", False
    for sign in text + " ":
        if inside and (sign.isalnum() or sign == "_"):
            current += sign
            continue
        if current:
            found.append(current)
        current, inside = "", sign == "#"
    return found
""",
}


@dataclass(frozen=True, slots=True)
class HandWritten:
    """A library call, e.g. ``math.gcd``, and the function that does its work by hand."""

    call: str
    source: str

    @property
    def name(self) -> str:
        """Of the function."""
        node = ast.parse(self.source).body[0]
        assert isinstance(node, ast.FunctionDef)  # noqa: S101
        return node.name


def replaceable_calls(tree: ast.Module) -> list[HandWritten]:
    """The library calls of a program that can be written by hand."""
    called = {text_of(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return [HandWritten(call, _BY_HAND[call].strip()) for call in sorted(called & set(_BY_HAND))]


@edit("by_hand", undo="use the standard library's function instead of one written by hand")
def write_by_hand(tree: ast.Module, rng: Random) -> str | None:
    """One library function replaced by a function of the program's own."""
    choices = replaceable_calls(tree)
    return use_by_hand(tree, rng.choice(choices)) if choices else None


def use_by_hand(tree: ast.Module, written: HandWritten) -> str | None:
    """Replace every simple call of a library function by the hand-written one, and define that above."""

    def fits(node: ast.expr) -> bool:
        simple = isinstance(node, ast.Call) and text_of(node.func) == written.call
        strict_only = simple and all(word.arg == "strict" for word in node.keywords)  # type: ignore[attr-defined]
        starred = simple and any(isinstance(value, ast.Starred) for value in node.args)  # type: ignore[attr-defined]
        counted = len(ast.parse(written.source).body[0].args.args)  # type: ignore[attr-defined]
        return strict_only and not starred and len(node.args) == counted  # type: ignore[attr-defined]

    changed = False
    rng = Random(0)
    while (found := pick_expression(tree, fits, rng)) is not None:
        assert isinstance(found, ast.Call)  # noqa: S101
        arguments = ", ".join(text_of(argument) for argument in found.args)
        replace_node(tree, found, expression(f"{written.name}({arguments})"))
        changed = True
    if not changed:
        return None
    tree.body = [node for node in tree.body if not _is_unused_import(node, tree)]
    place = sum(isinstance(node, ast.Import | ast.ImportFrom) for node in tree.body)
    tree.body[place:place] = statements(written.source)
    return f"do the work of `{written.call}` in a function `{written.name}` of its own"


def _is_unused_import(node: ast.stmt, tree: ast.Module) -> bool:
    if not isinstance(node, ast.Import | ast.ImportFrom):
        return False
    used = {name for other in tree.body if other is not node for name in names_in(other)}
    return all((alias.asname or alias.name).split(".")[0] not in used for alias in node.names)
