"""The task registry: CodeR's 47 tasks, read from ``tasks.yaml``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from coderag_app.errors import ConfigurationError
from coderag_app.files import yaml_beside

CATEGORIES = ("text2code", "code2text", "code2code", "hybrid")
_SIDES = {
    "text2code": ("text", "code"),
    "code2text": ("code", "text"),
    "code2code": ("code", "code"),
    "hybrid": ("text+code", "code"),
}


@dataclass(frozen=True, slots=True)
class Task:
    """A kind of retrieval pair.

    Attributes:
        name: Unique over all categories.
        category: One of ``CATEGORIES``.
        instruction: What stands before a query: "Given X, find Y."
        query_side: ``text``, ``code`` or ``text+code``; likewise ``positive_side``.
        checks: Names of the checks that every kept candidate has passed.
    """

    name: str
    category: str
    instruction: str
    query_side: str
    positive_side: str
    checks: tuple[str, ...]


@lru_cache(maxsize=1)
def load_tasks() -> tuple[Task, ...]:
    """All tasks, category by category."""
    declared = yaml_beside(__file__, "tasks.yaml")
    return tuple(
        Task(
            name,
            category,
            task["instruction"],
            _SIDES[category][0],
            task.get("positive", _SIDES[category][1]),
            tuple(task["checks"]),
        )
        for category in CATEGORIES
        for name, task in declared[category].items()
    )


def find_tasks(names: list[str]) -> tuple[Task, ...]:
    """The tasks of those names, or of those categories; all tasks for an empty list.

    Raises:
        ConfigurationError: A name is neither a task nor a category.
    """
    known = {task.name for task in load_tasks()} | set(CATEGORIES)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ConfigurationError(f"Got task {', '.join(unknown)}, expected one of: {', '.join(sorted(known))}")
    return tuple(task for task in load_tasks() if not names or task.name in names or task.category in names)
