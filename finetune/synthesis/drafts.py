"""What the pipeline passes on: a draft that a generator made, and the row that is kept of it."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from typing import Any

from finetune.synthesis.tasks import Task


class DroppedError(Exception):
    """A candidate is not kept; the message is the reason that is counted."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A candidate pair.

    Attributes:
        query: What is searched with.
        positive: What should be found.
        language: Of the code, e.g. ``python``; for a translation the language of the positive.
        source: What it was made from. Rows of one source may be equivalent and are never each other's negatives.
        generator: Name of the rule or model.
        parameters: What else is needed to make it again.
        checks: Checks that the generator has carried out.
    """

    query: str
    positive: str
    language: str
    source: str
    generator: str
    parameters: dict[str, Any] = field(default_factory=dict)
    checks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DraftOrigin:
    """How a row came about: ``kind`` is ``rule`` or ``model``."""

    kind: str
    name: str
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SyntheticRow:
    """A kept pair with everything that the data set says about it."""

    category: str
    task: str
    language: str
    query: str
    pos: str
    prompt: str
    source: str
    origin: DraftOrigin
    checks: tuple[str, ...]
    content_hash: str

    @classmethod
    def from_draft(cls, task: Task, draft: Draft, kind: str, checks: tuple[str, ...]) -> SyntheticRow:
        """The row of a draft that passed ``checks``."""
        return cls(
            task.category,
            task.name,
            draft.language,
            draft.query,
            draft.positive,
            task.instruction,
            draft.source,
            DraftOrigin(kind, draft.generator, draft.parameters),
            checks,
            content_hash(task.name, draft.query, draft.positive),
        )

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> SyntheticRow:
        """The row that ``to_dict`` wrote."""
        return cls(**{**stored, "origin": DraftOrigin(**stored["origin"]), "checks": tuple(stored["checks"])})

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def content_hash(task: str, query: str, positive: str) -> str:
    """32 hex digits; equal content has an equal hash, whoever made it."""
    content = "\x1f".join((task, query, positive))
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:32]
