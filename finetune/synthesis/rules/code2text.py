"""Rules of the code2text tasks: code, and the text that belongs to it."""

from __future__ import annotations

import ast
from random import Random

from finetune.synthesis.drafts import Draft, DroppedError
from finetune.synthesis.rules.concepts import concepts_in
from finetune.synthesis.rules.guards import failing_call
from finetune.synthesis.rules.making import (
    Sources,
    check_equivalent,
    edited,
    examples_run,
    first_differences,
    lower_first,
    python_source,
    rule,
    shown_call,
    two_examples,
    variant,
)
from finetune.synthesis.rules.python_words import sentences
from finetune.synthesis.rules.sql_editing import normal_sql, try_any_sql
from finetune.synthesis.rules.tracing import traced_values
from finetune.synthesis.seed_functions import SeedFunction, function_of
from finetune.synthesis.sql_runner import require_same_rows


def _code(sources: Sources, seed: SeedFunction, rng: Random) -> str:
    code = variant(seed, rng)
    check_equivalent(sources, seed, code)
    return code


@rule("summary")
def summary(sources: Sources, rng: Random) -> Draft:
    """The first line of the docstring."""
    seed = sources.pick_seed(rng)
    code = _code(sources, seed, rng)
    return Draft(code, seed.summary, "python", python_source(seed), "summary", {}, ("equivalent",))


@rule("review")
def review(sources: Sources, rng: Random) -> Draft:
    """A comment on clumsy, dead or badly named code that an edit has put in, with what to do instead."""
    seed = sources.pick_seed(rng)
    worse = edited(seed.source, ("clumsy", "dead_code", "naming_style"), rng)
    check_equivalent(sources, seed, worse.source)
    comment = rng.choice(
        (
            "The result is right, but please {advice}. As it stands, whoever tries to {goal} has to read twice.",
            "Works as intended ({goal}). One remark before merging: {advice}.",
            "Requesting a small change in `{name}`: {advice}. The behaviour may stay as it is.",
        )
    ).format(advice=worse.edit.undo, goal=lower_first(seed.summary), name=seed.name)
    details = {"edit": worse.edit.name}
    return Draft(worse.source, comment, "python", python_source(seed), "review", details, ("equivalent",))


@rule("intent")
def intent(sources: Sources, rng: Random) -> Draft:
    """What the author wants, in the words of a need."""
    seed = sources.pick_seed(rng)
    need = rng.choice(
        (
            "Somebody needs to {}.",
            "The author wants to {}.",
            "The purpose is to {}.",
            "Wanted: a way to {}.",
        )
    ).format(lower_first(seed.summary))
    return Draft(_code(sources, seed, rng), need, "python", python_source(seed), "intent", {}, ("equivalent",))


@rule("intent")
def sql_intent(sources: Sources, rng: Random) -> Draft:
    """The question that SQL answers."""
    database, pair = sources.databases.pick(rng)
    made = try_any_sql(pair.sql, ("sql_same", "sql_names", "sql_cte"), rng)
    sql = normal_sql(pair.sql)
    if made is not None and rng.random() < 0.5:
        require_same_rows(database, sql, made.sql)
        sql = made.sql
    key, details = f"sql:{pair.db_id}:{pair.sql}", {"db_id": pair.db_id, "pattern": pair.pattern}
    return Draft(sql, pair.question, "sql", key, "sql_intent", details, ("sql_returns_rows", "equivalent"))


@rule("optimisation_advice")
def optimisation_advice(sources: Sources, rng: Random) -> Draft:
    """What to do about a slow construct that an edit has put in."""
    seed = sources.pick_seed(rng)
    slow = edited(seed.source, ("slow",), rng)
    check_equivalent(sources, seed, slow.source)
    advice = (
        f"{slow.edit.undo[:1].upper()}{slow.edit.undo[1:]}. The task, to {lower_first(seed.summary)}, stays the same."
    )
    details = {"edit": slow.edit.name}
    return Draft(slow.source, advice, "python", python_source(seed), "optimisation_advice", details, ("equivalent",))


@rule("optimisation_advice")
def sql_advice(sources: Sources, rng: Random) -> Draft:
    """The same for SQL."""
    database, pair = sources.databases.pick(rng)
    made = try_any_sql(pair.sql, ("sql_slow",), rng)
    if made is None:
        raise DroppedError("the rule does not apply")
    require_same_rows(database, normal_sql(pair.sql), made.sql)
    advice = f"{made.edit.undo[:1].upper()}{made.edit.undo[1:]}. The rows stay those asked for by: {pair.question}"
    details = {"db_id": pair.db_id, "edit": made.edit.name}
    return Draft(made.sql, advice, "sql", f"sql:{pair.db_id}:{pair.sql}", "sql_advice", details, ("equivalent",))


@rule("tutorial")
def tutorial(sources: Sources, rng: Random) -> Draft:
    """Goal, idea, steps and a real example."""
    seed = sources.pick_seed(rng)
    code = _code(sources, seed, rng)
    steps = sentences(function_of(ast.parse(code)).body)
    numbered = "\n".join(f"{number}. {step}." for number, step in enumerate(steps, 1))
    call, outcome = rng.choice(examples_run(sources, seed)[:6])
    concepts = concepts_in(code)
    learn = f" On the way you meet {concepts[0]}." if concepts else ""
    text = (
        f"How to {lower_first(seed.summary)}\n\n{seed.method}{learn}\n\n{numbered}\n\n"
        f"Try it: {shown_call(seed, call)} gives {outcome.shown}."
    )
    checks = ("examples_run", "equivalent")
    return Draft(code, text, "python", python_source(seed), "tutorial", {}, checks)


@rule("issue_discussion")
def issue_discussion(sources: Sources, rng: Random) -> Draft:
    """A report of a seeded bug with a real reproduction, and the answer that finds the cause."""
    seed = sources.pick_seed(rng)
    broken = edited(variant(seed, rng), ("bugs",), rng)
    call, right, wrong = first_differences(sources, seed, broken.source)[0]
    seen = wrong.shown if not wrong.error else f"{wrong.error}: {wrong.message}"
    text = (
        f"{seed.name} gives wrong results\n\nI use it to {lower_first(seed.summary)}.\n"
        f"Steps: {shown_call(seed, call)}\nExpected: {right.shown}\nActual: {seen}\n\n"
        f"Reply: confirmed, {broken.note}."
    )
    bug = {"bug": broken.edit.name}
    return Draft(broken.source, text, "python", python_source(seed), "issue_discussion", bug, ("bug_shown",))


@rule("api_reference")
def api_reference(sources: Sources, rng: Random) -> Draft:
    """Signature, parameters, result, errors and a real example."""
    seed = sources.pick_seed(rng)
    call, outcome = rng.choice(examples_run(sources, seed)[:6])
    parameters = "\n".join(f"- {name} ({kind})" for name, kind in seed.parameters)
    raised = sorted({name for name in ("ValueError", "TypeError") if f"raise {name}" in seed.source})
    errors = f"\n\nRaises: {', '.join(raised)} for arguments out of range." if raised else ""
    signature = f"{seed.name}({', '.join(name for name, _ in seed.parameters)}) -> {seed.returns}"
    text = (
        f"{signature}\n\n{seed.summary} {seed.method}\n\nParameters:\n{parameters}\n\n"
        f"Returns: {seed.returns}{errors}\n\n"
        f"Example: {shown_call(seed, call)} returns {outcome.shown}"
    )
    code = _code(sources, seed, rng)
    return Draft(code, text, "python", python_source(seed), "api_reference", {}, ("examples_run", "equivalent"))


@rule("walkthrough")
def walkthrough(sources: Sources, rng: Random) -> Draft:
    """The steps of a real run with the values after each."""
    seed = sources.pick_seed(rng)
    code = _code(sources, seed, rng)
    call, outcome = rng.choice(examples_run(sources, seed)[:6])
    steps = traced_values(sources, code, call)
    told = "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))
    text = f"A run of {shown_call(seed, call)}:\n{told}\n{len(steps) + 1}. The result is {outcome.shown}."
    checks = ("examples_run", "equivalent")
    return Draft(code, text, "python", python_source(seed), "walkthrough", {}, checks)


@rule("error_explanation")
def error_explanation(sources: Sources, rng: Random) -> Draft:
    """Why a real call fails, and what would be clearer."""
    seed = sources.pick_seed(rng)
    call, outcome = failing_call(sources, seed, rng)
    line = seed.source.split("\n")[outcome.line - 1].strip()
    query = f"{seed.source}\n\n\n{shown_call(seed, call)}"
    text = (
        f"{shown_call(seed, call)} raises {outcome.error} ({outcome.message}) at `{line}`: "
        f"nothing before that step refuses the argument. It is meant to {lower_first(seed.summary)}, which has no "
        "answer here, so the argument should be checked at the beginning and refused with a clear message."
    )
    return Draft(
        query, text, "python", python_source(seed), "error_explanation", {"error": outcome.error}, ("error_reproduced",)
    )


@rule("requirement")
def requirement(sources: Sources, rng: Random) -> Draft:
    """A requirement with acceptance criteria from real runs."""
    seed = sources.pick_seed(rng)
    shown = two_examples(sources, seed, rng)
    criteria = "\n".join(
        f"- Given {', '.join(map(repr, call))}, the result is {outcome.shown}." for call, outcome in shown
    )
    role = rng.choice(("The system shall", "The software must", "It shall be possible to"))
    text = f"{role} {lower_first(seed.summary)}.\nAcceptance criteria:\n{criteria}"
    code = _code(sources, seed, rng)
    return Draft(code, text, "python", python_source(seed), "requirement", {}, ("examples_run", "equivalent"))
