"""A piece of code with where it came from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from finetune.synthesis.seed_functions import SeedFunction


@dataclass(frozen=True, slots=True)
class CodeSnippet:
    """A function or class.

    Attributes:
        kind: ``function`` or ``class``.
        path: Within the repository.
        line: First line, from 1.
        commit: The repository's commit, or empty.
    """

    code: str
    language: str
    name: str
    kind: str
    repository: str
    path: str
    line: int
    commit: str

    @property
    def key(self) -> str:
        """What rows made of it share."""
        return f"code:{hashlib.sha256(self.code.encode()).hexdigest()[:16]}"

    def origin(self) -> dict[str, Any]:
        """Where it is found, for the row."""
        return {"repository": self.repository, "path": self.path, "line": self.line, "commit": self.commit}


def snippet_of_seed(seed: SeedFunction) -> CodeSnippet:
    """A seed function as a snippet."""
    path = f"finetune/synthesis/seeds/{seed.topic}.py"
    return CodeSnippet(seed.source, "python", seed.name, "function", "coderag", path, 0, "")
