"""Drafts by rules alone: no language model, every equivalence shown by running both sides."""

from __future__ import annotations

from importlib import import_module
from random import Random
from typing import Any

from finetune.synthesis.drafts import Draft, DroppedError
from finetune.synthesis.python_runner import PythonRunner
from finetune.synthesis.rules.making import NOT_APPLICABLE, RULES, Sources
from finetune.synthesis.seed_functions import load_seeds
from finetune.synthesis.sql_runner import Databases
from finetune.synthesis.tasks import Task

_EDIT_MODULES = (
    "python_loops python_conditions python_names python_structure python_style python_slow python_versions "
    "python_library python_bugs sql_predicates sql_joins"
).split()
_TASK_MODULES = "text2code code2text code2code code2code_parts security hybrid".split()


class RuleMaker:
    """Makes drafts by the rules registered for a task. ``close`` ends the subprocess that checks."""

    kind = "rule"

    def __init__(self, sources: Sources) -> None:
        self.sources = sources

    @classmethod
    def create(cls, seed: int = 0, databases: int = 60) -> RuleMaker:
        """With the project's seed functions and that many synthetic databases."""
        for name in (*_EDIT_MODULES, *_TASK_MODULES):
            import_module(f"finetune.synthesis.rules.{name}")
        return cls(Sources(load_seeds(), Databases(databases, seed), PythonRunner()))

    def close(self) -> None:
        """End the subprocess."""
        self.sources.runner.close()

    def describe(self) -> dict[str, Any]:
        """The inputs that decide what is made."""
        return {"kind": self.kind, "seeds": len(self.sources.seeds), "databases": self.sources.databases.count}

    def can_make(self, task: Task) -> bool:
        """Whether there is a rule."""
        return task.name in RULES

    def make(self, task: Task, rng: Random) -> Draft:
        """A draft by one of the task's rules; another source is tried where a rule does not apply."""
        for _attempt in range(12):
            chosen = rng.choice(RULES[task.name])
            try:
                return chosen(self.sources, rng)
            except DroppedError as reason:
                if str(reason) != NOT_APPLICABLE:
                    raise
        raise DroppedError(NOT_APPLICABLE)
