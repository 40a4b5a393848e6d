"""What every rule starts from, and the registry of rules by task."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from finetune.synthesis.drafts import Draft, DroppedError
from finetune.synthesis.python_inputs import vary_calls
from finetune.synthesis.python_runner import Outcome, Program, PythonRunner
from finetune.synthesis.rules.editing import Edited, try_any, try_several
from finetune.synthesis.seed_functions import SeedFunction, function_of
from finetune.synthesis.sql_runner import Databases

NOT_APPLICABLE = "the rule does not apply"
_NEUTRAL = ("names", "conditions", "loops")
_BARE_RESULTS = frozenset({"[]", "{}", "''", "0", "None", "set()"})
_FEWEST_RETURNED = 3


@dataclass(frozen=True, slots=True)
class Sources:
    """The seed functions, the synthetic databases, and the subprocess that checks."""

    seeds: tuple[SeedFunction, ...]
    databases: Databases
    runner: PythonRunner

    def pick_seed(self, rng: Random) -> SeedFunction:
        """One of the seed functions."""
        return rng.choice(self.seeds)


Rule = Callable[[Sources, Random], Draft]
RULES: dict[str, list[Rule]] = {}


def rule(task: str) -> Callable[[Rule], Rule]:
    """Enter a rule for a task; several rules of one task are drawn alike often."""

    def enter(function: Rule) -> Rule:
        RULES.setdefault(task, []).append(function)
        return function

    return enter


def calls_of(seed: SeedFunction) -> list[tuple[Any, ...]]:
    """The inputs that a seed function and its variants are run on; always the same."""
    return vary_calls(seed.calls, Random(seed.name))


def entry_of(source: str) -> str:
    """Name of the main function."""
    return function_of(ast.parse(source)).name


def program(source: str) -> Program:
    """A program that calls its main function."""
    return Program(source, entry_of(source))


def check_equivalent(sources: Sources, seed: SeedFunction, *variants: str) -> None:
    """Refuse variants that behave differently from the seed function on any input.

    Raises:
        DroppedError: One does, or the inputs show too little.
    """
    outcomes = sources.runner.run([Program(seed.source, seed.name), *map(program, variants)], calls_of(seed))
    first, *others = outcomes
    if sum(not outcome.error for outcome in first) < _FEWEST_RETURNED:
        raise DroppedError("too few calls return a value")
    expected = [outcome.same_as for outcome in first]
    if any([outcome.same_as for outcome in other] != expected for other in others):
        raise DroppedError("not equivalent")


def variant(seed: SeedFunction, rng: Random, most: int = 2) -> str:
    """The seed's program after up to ``most`` neutral edits; what uses it must check it."""
    done = try_several(seed.source, _NEUTRAL, rng.randint(0, most), rng)
    return done[-1].source if done else seed.source


def edited(source: str, groups: tuple[str, ...], rng: Random) -> Edited:
    """The program after one edit of the groups.

    Raises:
        DroppedError: None applies.
    """
    made = try_any(source, groups, rng)
    if made is None:
        raise DroppedError(NOT_APPLICABLE)
    return made


def shown_call(seed: SeedFunction, call: tuple[Any, ...], name: str = "") -> str:
    """A call as one writes it: ``slugify('Ten Rules')``."""
    return f"{name or seed.name}({', '.join(map(repr, call))})"


def examples_run(sources: Sources, seed: SeedFunction) -> list[tuple[tuple[Any, ...], Outcome]]:
    """Short calls with their results: the documented ones first, those that give nothing last.

    Raises:
        DroppedError: Fewer than two calls return a value.
    """
    calls = calls_of(seed)
    outcomes = sources.runner.run([Program(seed.source, seed.name)], calls)[0]
    good = [
        (call, outcome)
        for call, outcome in zip(calls, outcomes, strict=False)
        if not outcome.error and len(outcome.shown) + len(repr(call)) < 160
    ]
    if len(good) < 2:
        raise DroppedError("too few calls return a value")
    return sorted(good, key=lambda pair: pair[1].shown in _BARE_RESULTS)


def two_examples(sources: Sources, seed: SeedFunction, rng: Random) -> list[tuple[tuple[Any, ...], Outcome]]:
    """Two calls with different results where there are such, one of them documented."""
    found = examples_run(sources, seed)[:10]
    first = rng.choice(found[:2])
    others = [pair for pair in found if pair[0] != first[0]]
    return [first, rng.choice([pair for pair in others if pair[1].shown != first[1].shown] or others)]


def first_differences(
    sources: Sources, seed: SeedFunction, broken: str
) -> list[tuple[tuple[Any, ...], Outcome, Outcome]]:
    """Calls on which a broken program differs from the seed: call, right outcome, wrong outcome; shortest first.

    Raises:
        DroppedError: The bug shows on no call where the right program returns a value.
    """
    calls = calls_of(seed)
    right, wrong = sources.runner.run([Program(seed.source, seed.name), program(broken)], calls)
    differing = [
        (call, a, b)
        for call, a, b in zip(calls, right, wrong, strict=False)
        if not a.error and a.same_as != b.same_as and (b.error or b.shown != a.shown)
    ]
    if len(wrong) != len(right) or not differing:
        raise DroppedError("the bug does not show")
    return sorted(differing, key=lambda f: (f[1].shown in _BARE_RESULTS, len(repr(f[0])) + len(f[1].shown)))


def lower_first(text: str) -> str:
    """The text with a small first letter and without its full stop."""
    return text[:1].lower() + text[1:].rstrip(".")


def python_source(seed: SeedFunction) -> str:
    """Key of a row made from a seed function."""
    return f"python:{seed.topic}.{seed.name}"
