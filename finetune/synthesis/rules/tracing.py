"""What a real run does: the values of the variables after each top-level step."""

from __future__ import annotations

import ast
from typing import Any

from finetune.synthesis.drafts import DroppedError
from finetune.synthesis.python_runner import Program
from finetune.synthesis.rules.editing import statements, stored_in
from finetune.synthesis.rules.making import Sources, entry_of
from finetune.synthesis.rules.python_words import sentences
from finetune.synthesis.seed_functions import function_of

_LONGEST = 70
_FEWEST_STEPS = 2


def traced_values(sources: Sources, code: str, call: tuple[Any, ...]) -> list[str]:
    """One sentence a top-level step that ran, with the values it left.

    Raises:
        DroppedError: Nothing can be shown.
    """
    steps = sentences(function_of(ast.parse(code)).body)
    outcome = sources.runner.run([Program(_instrumented(code), "run_and_tell")], [call])[0][0]
    if outcome.error:
        raise DroppedError("the traced run fails")
    try:
        trace = ast.literal_eval(outcome.shown)
    except (ValueError, SyntaxError) as error:
        raise DroppedError("the trace is too long") from error
    told: list[str] = []
    for number, values in trace:
        now = ", ".join(f"{name} = {value}" for name, value in values if len(value) <= _LONGEST)
        told.append(f"{steps[number]}." + (f" Now {now}." if now else ""))
    if len(told) < _FEWEST_STEPS:
        raise DroppedError("too few steps to trace")
    return told


def _instrumented(code: str) -> str:
    """The program with a note after each top-level step of its main function, and a function that returns the notes."""
    tree = ast.parse(code)
    name = entry_of(code)
    function = function_of(tree)
    body: list[ast.stmt] = []
    for number, node in enumerate(function.body):
        names = sorted(stored_in(node)) if not isinstance(node, ast.FunctionDef) else []
        values = ", ".join(f"({each!r}, repr(locals()[{each!r}]) if {each!r} in locals() else '')" for each in names)
        note = f"_notes.append(({number}, [pair for pair in [{values}] if pair[1]]))"
        body.append(node)
        if not isinstance(node, ast.Return):
            body.extend(statements(note))
    function.body = body
    tree.body[:0] = statements("_notes = []")
    tree.body.extend(
        statements(
            f"def run_and_tell(*arguments):\n    _notes.clear()\n    {name}(*arguments)\n    return list(_notes)"
        )
    )
    return ast.unparse(ast.fix_missing_locations(tree))
