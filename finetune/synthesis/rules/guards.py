"""Versions of a function that refuse bad input clearly: checks of types and of values that make it fail."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from random import Random
from typing import Any

from finetune.synthesis.drafts import DroppedError
from finetune.synthesis.python_runner import Outcome, Program
from finetune.synthesis.rules.editing import statements, text_of, tidy
from finetune.synthesis.rules.making import NOT_APPLICABLE, Sources, calls_of, program
from finetune.synthesis.seed_functions import SeedFunction, function_of

_PLAIN = {"int", "float", "str", "list", "dict", "tuple", "bool"}
_BAD_VALUES: dict[str, Any] = {"int": "seven", "float": "high", "str": 12, "list": None, "dict": None, "tuple": 3}
_CONDITIONS: dict[str, tuple[str, str, Callable[[Any], bool]]] = {
    "str": ("not {}", "the text must not be empty", operator.not_),
    "list": ("not {}", "the list must not be empty", operator.not_),
    "dict": ("not {}", "the mapping must not be empty", operator.not_),
    "int": ("{} <= 0", "the number must be positive", lambda value: value <= 0),
    "float": ("{} <= 0", "the number must be positive", lambda value: value <= 0),
}
_EDGES: dict[str, list[Any]] = {"list": [[]], "str": [""], "dict": [{}], "int": [0, -1], "float": [0.0]}


def base_type(annotation: str) -> str:
    """``list`` for ``list[int]``; empty for unions."""
    return "" if "|" in annotation else annotation.split("[")[0]


def with_type_checks(seed: SeedFunction) -> str:
    """The function with a TypeError for every parameter of a wrong type.

    Raises:
        DroppedError: No parameter has a plain type.
    """
    tree = seed.tree
    lines = []
    for name, annotation in seed.parameters:
        kind = base_type(annotation)
        if kind in _PLAIN:
            test = "int | float" if kind == "float" else kind
            message = f'f"{name} must be of type {kind}, got {{type({name}).__name__}}"'
            lines.append(f"if not isinstance({name}, {test}):\n    raise TypeError({message})")
    if not lines:
        raise DroppedError(NOT_APPLICABLE)
    function_of(tree).body[:0] = statements("\n".join(lines))
    return tidy(text_of(tree))


def bad_type_call(seed: SeedFunction) -> tuple[Any, ...]:
    """The first example call with its first plain parameter of a wrong type."""
    call = list(seed.calls[0])
    for place, (_, annotation) in enumerate(seed.parameters):
        if base_type(annotation) in _BAD_VALUES:
            call[place] = _BAD_VALUES[base_type(annotation)]
            return tuple(call)
    raise DroppedError(NOT_APPLICABLE)


def failing_call(sources: Sources, seed: SeedFunction, rng: Random) -> tuple[tuple[Any, ...], Outcome]:
    """An input that the function fails on with an error of its own making, and that outcome.

    Raises:
        DroppedError: There is none.
    """
    everything = calls_of(seed) + _edge_calls(seed)
    outcomes = sources.runner.run([Program(seed.source, seed.name)], everything)[0]
    failed = [
        (call, outcome)
        for call, outcome in zip(everything, outcomes, strict=False)
        if outcome.error not in ("", "Timeout", "MemoryError")
        and outcome.line
        and f"raise {outcome.error}" not in seed.source
    ]
    if not failed:
        raise DroppedError(NOT_APPLICABLE)
    return rng.choice(failed)


def wrapped(sources: Sources, seed: SeedFunction, call: tuple[Any, ...], outcome: Outcome) -> str:
    """A version that turns the error of a call into a ValueError with a message that says which input it was.

    Raises:
        DroppedError: It behaves differently where the seed returns, or still fails with the old error.
    """
    tree = seed.tree
    function = function_of(tree)
    inputs = ", ".join(f"{name}={{{name}!r}}" for name, _ in seed.parameters)
    message = f'f"cannot {_goal(seed)} for {inputs}"'
    text = f"try:\n    pass\nexcept {outcome.error} as error:\n    raise ValueError({message}) from error"
    attempt = statements(text)[0]
    assert isinstance(attempt, ast.Try)  # noqa: S101
    attempt.body = function.body
    function.body = [attempt]
    code = tidy(text_of(tree))
    calls = [*calls_of(seed), call]
    before, after = sources.runner.run([Program(seed.source, seed.name), program(code)], calls)
    same = all(old.error or old.same_as == new.same_as for old, new in zip(before, after, strict=False))
    if len(after) != len(calls) or not same or "cannot" not in after[-1].message:
        raise DroppedError("not equivalent on valid input")
    return code


def _goal(seed: SeedFunction) -> str:
    return (seed.summary[:1].lower() + seed.summary[1:].rstrip(".")).split(",")[0].replace('"', "'")


def _edge_calls(seed: SeedFunction) -> list[tuple[Any, ...]]:
    """What nobody would call with but everybody does once: empty, zero and negative arguments."""
    return [
        (*call[:place], edge, *call[place + 1 :])
        for call in seed.calls
        for place, (_, annotation) in enumerate(seed.parameters)
        for edge in _EDGES.get(base_type(annotation), [])
    ]


def guarded(sources: Sources, seed: SeedFunction, rng: Random) -> tuple[str, tuple[Any, ...], Outcome]:
    """A version that raises ValueError where the seed failed otherwise: code, the call that failed, its outcome.

    Raises:
        DroppedError: The seed never fails on an input that a simple condition tells from the others.
    """
    everything = calls_of(seed) + _edge_calls(seed)
    outcomes = sources.runner.run([Program(seed.source, seed.name)], everything)[0]
    choices = []
    for place, (name, annotation) in enumerate(seed.parameters):
        if base_type(annotation) in _CONDITIONS:
            condition, message, holds = _CONDITIONS[base_type(annotation)]
            met = [holds(call[place]) for call in everything]
            failed = [bool(o.error) and o.error != "Timeout" for o in outcomes]
            if any(met) and all(f for f, m in zip(failed, met, strict=True) if m):
                choices.append((condition.format(name), message, met.index(True)))
    if not choices:
        raise DroppedError(NOT_APPLICABLE)
    condition, message, place = rng.choice(choices)
    if outcomes[place].error == "ValueError" and "must" in outcomes[place].message:
        raise DroppedError(NOT_APPLICABLE)
    tree = seed.tree
    function_of(tree).body[:0] = statements(f'if {condition}:\n    raise ValueError("{message}")')
    code = tidy(text_of(tree))
    _check_guard(sources, seed, code, everything, outcomes)
    return code, everything[place], outcomes[place]


def _check_guard(
    sources: Sources, seed: SeedFunction, code: str, calls: list[tuple[Any, ...]], before: list[Outcome]
) -> None:
    after = sources.runner.run([program(code)], calls)[0]
    for old, new in zip(before, after, strict=False):
        if not old.error and new.same_as != old.same_as:
            raise DroppedError("not equivalent on valid input")
    if len(after) != len(before):
        raise DroppedError("not equivalent on valid input")
