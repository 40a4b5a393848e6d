"""The synthesis pipeline: task -> candidate -> checks -> row, item by item, kept in a journal, resumed from it."""

from __future__ import annotations

import hashlib
import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Protocol

from finetune.synthesis.draft_checks import check_draft
from finetune.synthesis.drafts import Draft, DroppedError, SyntheticRow
from finetune.synthesis.journal import Entry, Journal
from finetune.synthesis.prompt_texts import prompts_fingerprint
from finetune.synthesis.tasks import Task

logger = logging.getLogger(__name__)

_RETIRE_AFTER = 80  # items of a task in a row that were not kept


class Maker(Protocol):
    """Makes drafts: by rules, or with a language model."""

    kind: str

    def describe(self) -> dict[str, Any]:
        """What identifies the maker; part of the plan that a resumed run must share."""
        ...

    def can_make(self, task: Task) -> bool:
        """Whether the maker knows the task."""
        ...

    def make(self, task: Task, rng: Random) -> Draft:
        """A draft, or DroppedError with the reason."""
        ...


@dataclass(frozen=True, slots=True)
class SynthesisPlan:
    """What to make.

    Attributes:
        limit: Rows to keep; not part of the identity, so a finished run can be extended.
        seed: Decides every choice; the same seed and settings give the same rows.
    """

    limit: int
    tasks: tuple[Task, ...]
    seed: int = 0

    def identity(self, maker: Maker) -> dict[str, Any]:
        """What a journal must share to be resumed."""
        names = hashlib.sha256("\n".join(f"{t.name} {t.instruction}" for t in self.tasks).encode()).hexdigest()[:16]
        return {
            "seed": self.seed,
            "task_count": len(self.tasks),
            "tasks": names,
            "prompts": prompts_fingerprint(),
            "maker": maker.describe(),
        }


@dataclass
class SynthesisProgress:
    """Where a run stands: kept rows, items made, drops by reason, all by task too."""

    limit: int
    rows: list[SyntheticRow] = field(default_factory=list)
    made: int = 0
    drops: Counter[str] = field(default_factory=Counter)
    kept_by_task: Counter[str] = field(default_factory=Counter)
    drops_by_task: dict[str, Counter[str]] = field(default_factory=dict)
    failures_in_a_row: Counter[str] = field(default_factory=Counter)
    resumed_rows: int = 0
    started: float = field(default_factory=time.monotonic)
    known: set[tuple[str, str]] = field(default_factory=set)

    def add(self, entry: Entry) -> None:
        """Count an item."""
        self.made += 1
        if entry.row is not None:
            self.rows.append(entry.row)
            self.kept_by_task[entry.task] += 1
            self.failures_in_a_row[entry.task] = 0
            self.known.update(_identities(entry.row))
        else:
            self.drops[entry.drop] += 1
            self.drops_by_task.setdefault(entry.task, Counter())[entry.drop] += 1
            self.failures_in_a_row[entry.task] += 1

    def is_retired(self, task: Task) -> bool:
        """Whether a task has gone without a kept row for so long that it is given up."""
        return self.failures_in_a_row[task.name] >= _RETIRE_AFTER

    @property
    def rate(self) -> float:
        """Rows kept a second in this run."""
        return (len(self.rows) - self.resumed_rows) / max(time.monotonic() - self.started, 1e-6)

    @property
    def eta_s(self) -> float:
        """Seconds to go at that rate; infinite before the first row."""
        return (self.limit - len(self.rows)) / self.rate if self.rate else float("inf")


def _identities(row: SyntheticRow) -> tuple[tuple[str, str], tuple[str, str]]:
    """What makes a row a repetition: its content, or its query but for case and spaces."""
    return (row.task, row.content_hash), (row.task, " ".join(row.query.lower().split()))


def synthesize(
    plan: SynthesisPlan,
    maker: Maker,
    output: Path,
    on_progress: Callable[[SynthesisProgress], None] = lambda progress: None,
) -> SynthesisProgress:
    """Make rows until there are ``plan.limit``, going on with what the folder's journal holds.

    Every item is drawn from a generator seeded by plan, task and item number, so that a resumed run makes exactly
    the rows that an unbroken one would have made.

    Raises:
        ConfigurationError: The folder holds a journal of another plan.
    """
    journal, entries = Journal.open(output, plan.identity(maker))
    progress = SynthesisProgress(plan.limit)
    for entry in entries:
        progress.add(entry)
    progress.resumed_rows = len(progress.rows)
    number = entries[-1].item + 1 if entries else 0
    tasks = [task for task in plan.tasks if maker.can_make(task)]
    with journal:
        while len(progress.rows) < plan.limit:
            task = _next_task(tasks, progress)
            if task is None:
                logger.warning("No task yields further rows: stopping at %d of %d", len(progress.rows), plan.limit)
                break
            entry = _make(task, number, plan.seed, maker, progress)
            journal.append(entry)
            progress.add(entry)
            on_progress(progress)
            number += 1
    return progress


def _next_task(tasks: list[Task], progress: SynthesisProgress) -> Task | None:
    """The task with the fewest rows that is not given up."""
    open_tasks = [task for task in tasks if not progress.is_retired(task)]
    return min(open_tasks, key=lambda task: progress.kept_by_task[task.name], default=None)


def _make(task: Task, number: int, seed: int, maker: Maker, progress: SynthesisProgress) -> Entry:
    try:
        draft = maker.make(task, Random(f"{seed}:{task.name}:{number}"))
        row = SyntheticRow.from_draft(task, draft, maker.kind, check_draft(task, draft, maker.kind))
        if any(identity in progress.known for identity in _identities(row)):
            raise DroppedError("repeated")
    except DroppedError as reason:
        return Entry(number, task.name, None, str(reason))
    return Entry(number, task.name, row)
