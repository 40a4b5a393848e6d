"""Rules of the code2code tasks that take programs apart or put them together."""

from __future__ import annotations

import ast
from random import Random
from typing import Any

from finetune.synthesis.drafts import Draft, DroppedError
from finetune.synthesis.python_runner import Program
from finetune.synthesis.rules.augmenting import augmented
from finetune.synthesis.rules.concepts import concepts_in
from finetune.synthesis.rules.editing import statements, text_of, tidy
from finetune.synthesis.rules.guards import bad_type_call, guarded, with_type_checks
from finetune.synthesis.rules.making import (
    NOT_APPLICABLE,
    Sources,
    calls_of,
    check_equivalent,
    edited,
    entry_of,
    examples_run,
    program,
    python_source,
    rule,
    shown_call,
    two_examples,
    variant,
)
from finetune.synthesis.seed_functions import SeedFunction, function_of

_FEWEST_LINES = 2


@rule("continuation")
def continuation(sources: Sources, rng: Random) -> Draft:
    """Code cut between two statements."""
    seed = sources.pick_seed(rng)
    code = variant(seed, rng)
    check_equivalent(sources, seed, code)
    lines = code.split("\n")
    function = function_of(ast.parse(code))
    cuts = sorted(
        {
            node.lineno - 1
            for node in ast.walk(function)
            if isinstance(node, ast.stmt) and node is not function and node.lineno - 1 > function.lineno
        }
    )
    cuts = [cut for cut in cuts if len(lines) - cut >= _FEWEST_LINES and cut - function.lineno >= _FEWEST_LINES - 1]
    if not cuts:
        raise DroppedError("too short to be cut")
    cut = rng.choice(cuts)
    head, tail = "\n".join(lines[:cut]), "\n".join(lines[cut:])
    if f"{head}\n{tail}" != code:
        raise DroppedError("the halves do not join up")
    return Draft(head, tail, "python", python_source(seed), "continuation", {"line": cut}, ("joins_up", "equivalent"))


@rule("example")
def example(sources: Sources, rng: Random) -> Draft:
    """Calls with their real results, as a script or a test."""
    seed = sources.pick_seed(rng)
    shown = two_examples(sources, seed, rng)
    lines = [f"assert {shown_call(seed, call)} == {outcome.shown}" for call, outcome in shown]
    if rng.random() < 0.5:
        body = "\n    ".join(lines)
        use = f"def test_{seed.name}():\n    {body}\n\n\ntest_{seed.name}()"
    else:
        call, outcome = shown[0]
        use = f"result = {shown_call(seed, call)}\nprint(result)  # {outcome.shown}\n" + lines[1]
    if sources.runner.run([Program(f"{seed.source}\n\n\n{use}")], [])[0][0].error:
        raise DroppedError("the example does not run")
    return Draft(seed.source, use, "python", python_source(seed), "example", {}, ("examples_run",))


@rule("dependency")
def dependency(sources: Sources, rng: Random) -> Draft:
    """A program without the helper it calls, and the helper."""
    seed = sources.pick_seed(rng)
    made = edited(seed.source, ("by_hand", "extraction"), rng)
    check_equivalent(sources, seed, made.source)
    tree = ast.parse(made.source)
    helpers = [node for node in tree.body if isinstance(node, ast.FunctionDef)][:-1]
    helper = helpers[-1]
    tree.body.remove(helper)
    rest = tidy(text_of(tree))
    outcomes = sources.runner.run([program(rest)], calls_of(seed))[0]
    if not any(outcome.error == "NameError" and helper.name in outcome.message for outcome in outcomes):
        raise DroppedError("the helper is not needed")
    details, checks = {"edit": made.edit.name}, ("dependency_needed", "equivalent")
    return Draft(rest, text_of(helper), "python", python_source(seed), "dependency", details, checks)


@rule("pattern")
def pattern(sources: Sources, rng: Random) -> Draft:
    """Another function that shows the same two rarest concepts, or the same rarest one."""
    seed = sources.pick_seed(rng)
    own = concepts_in(seed.source)[:2]
    others = [
        other for other in sources.seeds if other.name != seed.name and own and own[0] in concepts_in(other.source)[:3]
    ]
    if not others:
        raise DroppedError(NOT_APPLICABLE)
    close = [other for other in others if set(own) <= set(concepts_in(other.source))]
    other = rng.choice(close or others)
    code = variant(other, rng)
    check_equivalent(sources, other, code)
    if own[0] not in concepts_in(code):
        raise DroppedError("the pattern is gone from the variant")
    source = python_source(seed)
    return Draft(seed.source, code, "python", source, "pattern", {"pattern": own[0]}, ("concept_present", "equivalent"))


@rule("integration")
def integration(sources: Sources, rng: Random) -> Draft:
    """A second function fed with the result of the first."""
    seed = sources.pick_seed(rng)
    nexts = [o for o in sources.seeds if o.name != seed.name and o.parameters[0][1] == seed.returns]
    if not nexts:
        raise DroppedError(NOT_APPLICABLE)
    other = rng.choice(nexts)
    inputs = ", ".join(name for name, _ in seed.parameters)
    constants = ", ".join(map(repr, other.calls[0][1:]))
    name = f"{other.name}_after_{seed.name}"
    inner = f"{seed.name}({inputs})"
    call = f"{other.name}({inner}{', ' + constants if constants else ''})"
    combined = f"{other.source}\n\n\ndef {name}({inputs}):\n    return {call}"
    outcomes = sources.runner.run([Program(f"{seed.source}\n\n\n{combined}", name)], calls_of(seed))[0]
    if sum(not outcome.error for outcome in outcomes) < 2 or len({o.key for o in outcomes if not o.error}) < 2:
        raise DroppedError("the combination does not run")
    details = {"with": other.name}
    return Draft(seed.source, combined, "python", python_source(seed), "integration", details, ("examples_run",))


@rule("augmentation")
def augmentation(sources: Sources, rng: Random) -> Draft:
    """An ability more, the old behaviour unchanged."""
    seed = sources.pick_seed(rng)
    ability, code = augmented(sources, seed, rng)
    details = {"ability": ability}
    return Draft(seed.source, code, "python", python_source(seed), "augmentation", details, ("equivalent",))


@rule("error_handling")
def error_handling(sources: Sources, rng: Random) -> Draft:
    """Bad input refused with a clear error."""
    seed = sources.pick_seed(rng)
    checks = ("same_on_valid_input", "invalid_input_refused")
    if rng.random() < 0.4:
        code, _, _ = guarded(sources, seed, rng)
        return Draft(seed.source, code, "python", python_source(seed), "value_checks", {}, checks)
    code = with_type_checks(seed)
    check_equivalent(sources, seed, code)
    refused = sources.runner.run([Program(code, seed.name)], [bad_type_call(seed)])[0][0]
    if refused.error != "TypeError" or "must be of type" not in refused.message:
        raise DroppedError("invalid input is not refused")
    return Draft(seed.source, code, "python", python_source(seed), "type_checks", {}, checks)


@rule("documentation")
def documentation(sources: Sources, rng: Random) -> Draft:
    """A docstring with summary, method, arguments and a real example."""
    seed = sources.pick_seed(rng)
    before = variant(seed, rng, most=1)
    call, outcome = rng.choice(examples_run(sources, seed)[:4])
    after = documented(seed, before, call, outcome.shown)
    check_equivalent(sources, seed, before, after)
    return Draft(before, after, "python", python_source(seed), "documentation", {}, ("equivalent",))


def documented(seed: SeedFunction, code: str, call: tuple[Any, ...], shown: str) -> str:
    """The code with a docstring in Google style."""
    tree = ast.parse(code)
    function = function_of(tree)
    arguments = "\n".join(
        f"        {argument.arg}: A value of type {ast.unparse(argument.annotation)}."
        for argument in function.args.args
        if argument.annotation is not None
    )
    result = f"Returns:\n        A value of type {seed.returns}."
    text = (
        f"{seed.summary}\n\n    {seed.method}\n\n    Args:\n{arguments}\n\n    {result}\n\n"
        f"    >>> {shown_call(seed, call, entry_of(code))}\n    {shown}\n    "
    )
    docstring = statements("'x'")
    docstring[0].value = ast.Constant(text)  # type: ignore[attr-defined]
    function.body[:0] = docstring
    return tidy(text_of(tree))
