"""Abilities added to a function without changing what it did."""

from __future__ import annotations

import ast
from random import Random

from finetune.synthesis.drafts import DroppedError
from finetune.synthesis.python_runner import Program
from finetune.synthesis.rules.editing import expression, fresh_name, statements, text_of, tidy
from finetune.synthesis.rules.making import NOT_APPLICABLE, Sources, calls_of, check_equivalent
from finetune.synthesis.seed_functions import SeedFunction, function_of

_MAY_FAIL = ("raise ", "[0]", "[-1]", " / ", "int(")
_HASHABLE = {"int", "str", "float", "bool"}


def augmented(sources: Sources, seed: SeedFunction, rng: Random) -> tuple[str, str]:
    """Name of the ability, and the program that has it; shown to behave as before when it is not asked for.

    Raises:
        DroppedError: The ability does not fit, or what was added does not run.
    """
    ability = rng.choice((_batch, _cached, _limited, _with_default, _with_log))
    name, code, entry, extra = ability(seed)
    if entry == seed.name:
        check_equivalent(sources, seed, code)
    else:
        first, second = sources.runner.run([Program(seed.source, seed.name), Program(code, seed.name)], calls_of(seed))
        if [o.same_as for o in first] != [o.same_as for o in second]:
            raise DroppedError("not equivalent")
    if sources.runner.run([Program(f"{code}\n\n\n{extra}")], [])[0][0].error:
        raise DroppedError("the added ability does not run")
    return name, code


def _batch(seed: SeedFunction) -> tuple[str, str, str, str]:
    name = f"{seed.name}_for_all"
    unpacked = "*arguments" if len(seed.parameters) > 1 else "argument"
    item = "arguments" if len(seed.parameters) > 1 else "argument"
    code = f"{seed.source}\n\n\ndef {name}(batch):\n    return [{seed.name}({unpacked}) for {item} in batch]"
    batch = [call if len(call) > 1 else call[0] for call in seed.calls]
    return "work on a whole batch of inputs", code, name, f"assert len({name}({batch!r})) == {len(batch)}"


def _cached(seed: SeedFunction) -> tuple[str, str, str, str]:
    if not {kind for _, kind in seed.parameters} <= _HASHABLE or seed.returns not in _HASHABLE:
        raise DroppedError(NOT_APPLICABLE)
    tree = seed.tree
    function_of(tree).decorator_list = [expression("lru_cache(maxsize=1024)")]
    tree.body[:0] = statements("from functools import lru_cache")
    use = f"{seed.name}(*{seed.calls[0]!r})\n{seed.name}(*{seed.calls[0]!r})\nassert {seed.name}.cache_info().hits == 1"
    return "remember results that were computed before", tidy(text_of(tree)), seed.name, use


def _limited(seed: SeedFunction) -> tuple[str, str, str, str]:
    if not seed.returns.startswith("list[") or "limit" in dict(seed.parameters):
        raise DroppedError(NOT_APPLICABLE)
    tree = seed.tree
    function = function_of(tree)
    function.args.args.append(ast.arg("limit", expression("int | None")))
    function.args.defaults.append(ast.Constant(None))
    for node in ast.walk(function):
        if isinstance(node, ast.Return) and node.value is not None:
            node.value = expression(f"({text_of(node.value)})[:limit]")
    use = f"assert {seed.name}(*{seed.calls[0]!r}, limit=1) == {seed.name}(*{seed.calls[0]!r})[:1]"
    return "return at most a given number of results", tidy(text_of(tree)), seed.name, use


def _with_default(seed: SeedFunction) -> tuple[str, str, str, str]:
    if not any(mark in seed.source for mark in _MAY_FAIL):
        raise DroppedError(NOT_APPLICABLE)
    name = f"{seed.name}_or_default"
    inputs = ", ".join(parameter for parameter, _ in seed.parameters)
    code = (
        f"{seed.source}\n\n\ndef {name}({inputs}, default=None):\n    try:\n        return {seed.name}({inputs})\n"
        "    except (ValueError, IndexError, KeyError, ZeroDivisionError):\n        return default"
    )
    use = f"assert {name}(*{seed.calls[0]!r}) == {seed.name}(*{seed.calls[0]!r})"
    return "give a default value where the input has no answer", code, name, use


def _with_log(seed: SeedFunction) -> tuple[str, str, str, str]:
    tree = seed.tree
    function = function_of(tree)
    name = fresh_name(tree, "logger", "log")
    inputs = ", ".join(f"{parameter}=%r" for parameter, _ in seed.parameters)
    values = ", ".join(parameter for parameter, _ in seed.parameters)
    function.body[:0] = statements(f'{name}.debug("{seed.name} called with {inputs}", {values})')
    place = tree.body.index(function)
    tree.body[place:place] = statements(f"{name} = logging.getLogger(__name__)")
    tree.body[:0] = statements("import logging")
    return "log every call", tidy(text_of(tree)), seed.name, f"{seed.name}(*{seed.calls[0]!r})"
