"""Rules of the text2code tasks: a text, and the code that it asks for."""

from __future__ import annotations

import ast
from random import Random

from finetune.synthesis.drafts import Draft, DroppedError
from finetune.synthesis.rules.concepts import concepts_in
from finetune.synthesis.rules.guards import failing_call, guarded, wrapped
from finetune.synthesis.rules.making import (
    NOT_APPLICABLE,
    Sources,
    check_equivalent,
    edited,
    first_differences,
    lower_first,
    python_source,
    rule,
    shown_call,
    two_examples,
    variant,
)
from finetune.synthesis.rules.python_library import replaceable_calls
from finetune.synthesis.rules.python_words import pseudocode, sentences
from finetune.synthesis.rules.sql_editing import normal_sql
from finetune.synthesis.seed_functions import SeedFunction, function_of

_WEB = (
    "python {}",
    "how to {} in python",
    "{} python example",
    "python function to {}",
    "how do I {} with python",
    "python: {}",
    "simple way to {} python",
)
_EXPLANATIONS = (
    "A function with {signature}. {steps}",
    "{steps} The inputs are {inputs}.",
    "Code that works as follows, given {inputs}: {steps}",
)


def _code(sources: Sources, seed: SeedFunction, rng: Random) -> str:
    """The seed or an equivalent variant of it, shown to be so."""
    code = variant(seed, rng)
    check_equivalent(sources, seed, code)
    return code


@rule("web_query")
def web_query(sources: Sources, rng: Random) -> Draft:
    """A search phrase from the summary."""
    seed = sources.pick_seed(rng)
    words = lower_first(seed.summary).split(", ")[0]
    query = rng.choice(_WEB).format(words)
    if rng.random() < 0.4:
        query = query.replace(" a ", " ").replace(" the ", " ").replace(" an ", " ")
    return Draft(query, _code(sources, seed, rng), "python", python_source(seed), "web_query", {}, ("equivalent",))


@rule("contest_problem")
def contest_problem(sources: Sources, rng: Random) -> Draft:
    """A problem statement whose examples come from running the solution."""
    seed = sources.pick_seed(rng)
    shown = two_examples(sources, seed, rng)
    given = ", ".join(f"{name} ({kind})" for name, kind in seed.parameters)
    examples = "\n\n".join(
        f"Example {number}\nInput: {', '.join(map(repr, call))}\nOutput: {outcome.shown}"
        for number, (call, outcome) in enumerate(shown, 1)
    )
    title = seed.name.replace("_", " ").capitalize()
    task = rng.choice(("Write a program that will {}.", "Your task: {}.", "Given the input, {}."))
    text = (
        f"{title}\n\n{task.format(lower_first(seed.summary))}\n\nInput: {given}.\nOutput: {seed.returns}.\n\n{examples}"
    )
    code = _code(sources, seed, rng)
    return Draft(text, code, "python", python_source(seed), "contest_problem", {}, ("examples_run", "equivalent"))


@rule("text_to_sql")
def text_to_sql(sources: Sources, rng: Random) -> Draft:
    """A question over a synthetic database with its SQL, which ran and returned rows."""
    database, pair = sources.databases.pick(rng)
    key = f"sql:{pair.db_id}:{pair.sql}"
    details = {"db_id": pair.db_id, "pattern": pair.pattern}
    return Draft(pair.question, normal_sql(pair.sql), "sql", key, "text_to_sql", details, ("sql_returns_rows",))


@rule("error_message")
def error_message(sources: Sources, rng: Random) -> Draft:
    """A real error of the function on a bad input, with the version that refuses that input clearly."""
    seed = sources.pick_seed(rng)
    try:
        code, call, outcome = guarded(sources, seed, rng)
    except DroppedError:
        call, outcome = failing_call(sources, seed, rng)
        code = wrapped(sources, seed, call, outcome)
    where = seed.source.split("\n")[outcome.line - 1].strip()
    head = rng.choice(
        (
            "{error}: {message}\nraised at `{line}` by {call}",
            "Calling {call} ends in {error}: {message} (at `{line}`)",
            "{call}\nTraceback (most recent call last):\n    {line}\n{error}: {message}",
        )
    )
    text = head.format(error=outcome.error, message=outcome.message, line=where, call=shown_call(seed, call))
    checks = ("error_reproduced", "error_gone", "same_on_valid_input")
    return Draft(text, code, "python", python_source(seed), "error_message", {"error": outcome.error}, checks)


@rule("code_explanation")
def code_explanation(sources: Sources, rng: Random) -> Draft:
    """The steps of the code in sentences."""
    seed = sources.pick_seed(rng)
    code = _code(sources, seed, rng)
    function = function_of(ast.parse(code))
    inputs = ", ".join(f"{a.arg} ({ast.unparse(a.annotation)})" if a.annotation else a.arg for a in function.args.args)
    steps = sentences(function.body)
    told = ". ".join(steps) + "."
    if len(steps) == 1:
        told = f"{seed.method} {told}"
    signature = f"the parameters {inputs} that gives {seed.returns}"
    text = rng.choice(_EXPLANATIONS).format(signature=signature, inputs=inputs, steps=told)
    return Draft(text, code, "python", python_source(seed), "code_explanation", {}, ("equivalent",))


@rule("api_usage")
def api_usage(sources: Sources, rng: Random) -> Draft:
    """A question on a library function that the code calls."""
    seed = sources.pick_seed(rng)
    calls = [found.call for found in replaceable_calls(seed.tree)]
    if not calls:
        raise DroppedError(NOT_APPLICABLE)
    api = rng.choice(calls)
    ask = rng.choice(
        (
            "How is `{api}` used to {goal}?",
            "Show a use of `{api}` that helps to {goal}.",
            "Example of {api} in Python: {goal}",
            "What can I do with `{api}` when I want to {goal}?",
        )
    )
    code = _code(sources, seed, rng)
    if api not in code:
        raise DroppedError("the call is gone from the variant")
    query = ask.format(api=api, goal=lower_first(seed.summary))
    return Draft(query, code, "python", python_source(seed), "api_usage", {"api": api}, ("api_used", "equivalent"))


@rule("bug_description")
def bug_description(sources: Sources, rng: Random) -> Draft:
    """What a seeded bug does on a real input, with the faulty code."""
    seed = sources.pick_seed(rng)
    broken = edited(variant(seed, rng), ("bugs",), rng)
    call, right, wrong = first_differences(sources, seed, broken.source)[0]
    seen = f"it gives {wrong.shown}" if not wrong.error else f"it fails with {wrong.error}"
    describe = rng.choice(
        (
            "A function meant to {goal} is wrong: for {call} the result should be {right}, but {seen}.",
            "{call} should return {right}, yet {seen}. The purpose is to {goal}.",
            "Faulty attempt to {goal}: expected {right} for {call}, but {seen}.",
        )
    )
    text = describe.format(goal=lower_first(seed.summary), call=shown_call(seed, call), right=right.shown, seen=seen)
    bug = {"bug": broken.edit.name}
    return Draft(text, broken.source, "python", python_source(seed), "bug_description", bug, ("bug_shown",))


@rule("pseudocode")
def pseudocode_of(sources: Sources, rng: Random) -> Draft:
    """The code in pseudocode."""
    seed = sources.pick_seed(rng)
    code = _code(sources, seed, rng)
    text = pseudocode(function_of(ast.parse(code)))
    return Draft(text, code, "python", python_source(seed), "pseudocode", {}, ("equivalent",))


@rule("tutorial_query")
def tutorial_query(sources: Sources, rng: Random) -> Draft:
    """A learner's wish to see a concept at work."""
    seed = sources.pick_seed(rng)
    code = _code(sources, seed, rng)
    found = concepts_in(code)
    if not found:
        raise DroppedError(NOT_APPLICABLE)
    concept = rng.choice(found[:3])
    ask = rng.choice(
        (
            "I am learning about {concept} in Python. Show me a small example that would {goal}.",
            "Beginner example of {concept}: {goal}",
            "Teach me {concept} with a function to {goal}.",
            "A first exercise on {concept}, for instance to {goal}",
        )
    )
    query = ask.format(concept=concept, goal=lower_first(seed.summary))
    checks = ("concept_present", "equivalent")
    return Draft(query, code, "python", python_source(seed), "tutorial_query", {"concept": concept}, checks)


@rule("algorithm_description")
def algorithm_description(sources: Sources, rng: Random) -> Draft:
    """How it is done, without saying in code."""
    seed = sources.pick_seed(rng)
    method = seed.method[:1].lower() + seed.method[1:]
    text = rng.choice(("An algorithm that {}", "The method {}", "It {}", "A procedure that {}")).format(method)
    if rng.random() < 0.5:
        text += f" The aim is to {lower_first(seed.summary)}."
    code = _code(sources, seed, rng)
    return Draft(text, code, "python", python_source(seed), "algorithm_description", {}, ("equivalent",))
