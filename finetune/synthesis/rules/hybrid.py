"""Rules of the hybrid tasks: code with a wish, and the code that fulfils it."""

from __future__ import annotations

import re
from random import Random

from finetune.synthesis.drafts import Draft, DroppedError
from finetune.synthesis.python_runner import Program
from finetune.synthesis.rules.augmenting import augmented
from finetune.synthesis.rules.changes import Change, python_change, python_repair, sql_change, sql_repair
from finetune.synthesis.rules.code2code import translated
from finetune.synthesis.rules.code2code_parts import documented
from finetune.synthesis.rules.guards import bad_type_call, with_type_checks
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
    variant,
)
from finetune.synthesis.text_checks import fenced

_SENTENCE_START = re.compile(r"(?:^|(?<=\. ))[a-z]")
_DIALECT_NAMES = {
    "postgres": "PostgreSQL",
    "mysql": "MySQL",
    "tsql": "SQL Server",
    "duckdb": "DuckDB",
    "bigquery": "BigQuery",
    "snowflake": "Snowflake",
    "oracle": "Oracle",
    "spark": "Spark SQL",
}


def _draft(words: str, change: Change, generator: str) -> Draft:
    words = _SENTENCE_START.sub(lambda found: found.group().upper(), words)
    query = f"{words}\n\n{fenced(change.before, change.language)}"
    details = {"edit": change.edit}
    return Draft(query, change.after, change.language, change.source, generator, details, ("equivalent",))


@rule("modification")
def modification(sources: Sources, rng: Random) -> Draft:
    """Another name for a part."""
    change = python_change(sources, ("rename_one",), rng)
    ask = rng.choice(("{}.", "Please {} everywhere.", "Change wanted: {}."))
    return _draft(ask.format(change.order), change, "modification")


@rule("modification")
def modification_ability(sources: Sources, rng: Random) -> Draft:
    """An ability more."""
    seed = sources.pick_seed(rng)
    ability, code = augmented(sources, seed, rng)
    change = Change(seed.source, code, "python", python_source(seed), ability, ability, seed.summary)
    ask = rng.choice(("Extend the code so that it can {}.", "It should also {}.", "New wish: {}."))
    return _draft(ask.format(ability), change, "modification_ability")


@rule("bug_fix_example")
def bug_fix_example(sources: Sources, rng: Random) -> Draft:
    """Faulty code with what goes wrong on a real input, to the right code."""
    seed = sources.pick_seed(rng)
    right_code = variant(seed, rng, most=1)
    check_equivalent(sources, seed, right_code)
    broken = edited(right_code, ("bugs",), rng)
    call, right, wrong = first_differences(sources, seed, broken.source)[0]
    seen = wrong.shown if not wrong.error else f"{wrong.error}"
    words = rng.choice(
        (
            "It should {goal}, but {call} gives {seen} instead of {right}.",
            "Fix this: expected {right} from {call}, got {seen}.",
            "{call} -> {seen}, should be {right}. What is wrong?",
        )
    ).format(goal=lower_first(seed.summary), call=shown_call(seed, call), seen=seen, right=right.shown)
    query = f"{words}\n\n{fenced(broken.source, 'python')}"
    bug = {"bug": broken.edit.name}
    return Draft(query, right_code, "python", python_source(seed), "bug_fix_example", bug, ("bug_shown", "equivalent"))


_REFACTORINGS = {
    "extraction": "Extract function",
    "variables": "Introduce or inline a variable",
    "conditions": "Rewrite a condition",
    "loops": "Change the form of a loop",
    "names": "Rename",
}


@rule("refactoring_pattern")
def refactoring_pattern(sources: Sources, rng: Random) -> Draft:
    """A named refactoring carried out."""
    group = rng.choice(list(_REFACTORINGS))
    change = python_change(sources, (group,), rng)
    return _draft(f"{_REFACTORINGS[group]}: {change.order}.", change, "refactoring_pattern")


@rule("refactoring_pattern")
def refactoring_sql(sources: Sources, rng: Random) -> Draft:
    """The same for SQL."""
    change = sql_change(sources, ("sql_cte", "sql_same"), rng)
    return _draft(f"Refactor the query without changing its rows: {change.order}.", change, "refactoring_sql")


@rule("style_guideline")
def style_guideline(sources: Sources, rng: Random) -> Draft:
    """A broken rule of style mended."""
    change = python_repair(sources, ("clumsy", "naming_style"), rng)
    ask = rng.choice(("Style rule: {}.", "Our guideline says: {}.", "Make it follow the rule: {}."))
    return _draft(ask.format(change.order), change, "style_guideline")


@rule("style_guideline")
def style_sql(sources: Sources, rng: Random) -> Draft:
    """The same for SQL."""
    change = sql_repair(sources, ("sql_clumsy", "sql_names"), rng)
    return _draft(f"SQL style rule: {change.order}.", change, "style_sql")


@rule("migration")
def migration(sources: Sources, rng: Random) -> Draft:
    """Old Python moved to a newer version."""
    change = python_repair(sources, ("old",), rng, most=2)
    return _draft(f"Migrate to current Python. {change.order}.", change, "migration")


@rule("migration")
def migration_sql(sources: Sources, rng: Random) -> Draft:
    """SQL moved from SQLite to another database."""
    before, after, dialect, key, shown_by = translated(sources, rng)
    ask = rng.choice(("We move from SQLite to {}.", "Port the query from SQLite to {}.", "It has to run on {} now."))
    query = f"{ask.format(_DIALECT_NAMES[dialect])}\n\n{fenced(before, 'sql')}"
    details = {"to": dialect, "shown_by": shown_by}
    return Draft(query, after, f"sql:{dialect}", key, "migration_sql", details, ("equivalent",))


@rule("optimisation")
def optimisation(sources: Sources, rng: Random) -> Draft:
    """A remark on what is slow, to the faster code."""
    change = python_repair(sources, ("slow",), rng)
    ask = rng.choice(("It is slow for large inputs. {}.", "Profiling points here. {}.", "Speed it up: {}."))
    return _draft(ask.format(change.order), change, "optimisation")


@rule("optimisation")
def optimisation_sql(sources: Sources, rng: Random) -> Draft:
    """The same for SQL."""
    change = sql_repair(sources, ("sql_slow",), rng)
    return _draft(f"The query is slow on a large table. {change.order}.", change, "optimisation_sql")


@rule("comparison")
def comparison(sources: Sources, rng: Random) -> Draft:
    """An alternative with what differs."""
    if rng.random() < 0.6:
        change = python_change(sources, ("loops", "conditions", "by_hand", "extraction"), rng)
        same = "Both return the same for the same input."
    else:
        change = sql_change(sources, ("sql_same", "sql_cte"), rng)
        same = "Both return the same rows."
    ask = rng.choice(
        ("What changes if I {}?", "How does it look, and what differs, if you {}?", "Is it the same if I {}? Show me.")
    )
    query = f"{ask.format(change.order)}\n\n{fenced(change.before, change.language)}"
    head = rng.choice(("What differs", "The change"))
    answer = f"{head}: {change.order}. {same}\n\n{fenced(change.after, change.language)}"
    details = {"edit": change.edit}
    return Draft(query, answer, change.language, change.source, "comparison", details, ("equivalent",))


@rule("best_practice")
def best_practice(sources: Sources, rng: Random) -> Draft:
    """Dead code removed, or type hints added."""
    change = python_repair(sources, ("dead_code", "untyped"), rng)
    return _draft(f"Best practice: {change.order}.", change, "best_practice")


@rule("best_practice")
def best_practice_documented(sources: Sources, rng: Random) -> Draft:
    """A docstring, or checks of the arguments."""
    seed = sources.pick_seed(rng)
    if rng.random() < 0.5:
        call, outcome = rng.choice(examples_run(sources, seed)[:4])
        words = "give public functions a docstring with an example"
        before = variant(seed, rng, most=1)
        code = documented(seed, before, call, outcome.shown)
    else:
        words, before, code = "fail early on arguments of a wrong type", seed.source, with_type_checks(seed)
        if sources.runner.run([Program(code, seed.name)], [bad_type_call(seed)])[0][0].error != "TypeError":
            raise DroppedError("invalid input is not refused")
    check_equivalent(sources, seed, before, code)
    change = Change(before, code, "python", python_source(seed), words, words, seed.summary)
    return _draft(f"Best practice: {words}.", change, "best_practice_documented")
