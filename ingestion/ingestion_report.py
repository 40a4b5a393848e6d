"""What an ingestion did: its progress while it runs, its report afterwards, and the file of rejected rows."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from coderag_app.files import PRIVATE_FILE
from coderag_app.index.generations import REJECTED_FILE
from ingestion.readers.source_rows import Rejection, Row


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an ingestion is.

    Attributes:
        done: Rows that are finished: embedded, reused or rejected.
        total: About how many rows there are; None if unknown.
        elapsed_s: Seconds since it began.
    """

    done: int
    total: int | None
    kept: int
    rejected: int
    elapsed_s: float

    @property
    def rows_per_s(self) -> float:
        """Rows finished a second so far."""
        return self.done / self.elapsed_s if self.elapsed_s > 0 else 0.0

    @property
    def eta_s(self) -> float | None:
        """Seconds left at this rate; None without a total or a rate."""
        if self.total is None or self.rows_per_s == 0:
            return None
        return max(0.0, (self.total - self.done) / self.rows_per_s)


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What an ingestion did. ``read`` is ``kept`` + ``duplicates`` + the sum of ``rejected``.

    Attributes:
        source: The input.
        storage_dir: Where the index is.
        read: Rows read.
        kept: Examples of this input in the index.
        rejected: Rejected rows by reason, most frequent first, without duplicates.
        duplicates: Rows equal to an earlier one.
        embedded: Examples embedded now.
        reused: Examples whose vector was in the index already.
        total: Examples in the index now.
        seconds: How long it took.
        rejected_file: Rejected rows and duplicates with line numbers; None if there were none.
    """

    source: str
    storage_dir: Path
    read: int
    kept: int
    rejected: dict[str, int]
    duplicates: int
    embedded: int
    reused: int
    total: int
    seconds: float
    rejected_file: Path | None

    @property
    def documents_per_s(self) -> float:
        """Examples kept a second."""
        return self.kept / self.seconds if self.seconds > 0 else 0.0

    def lines(self) -> list[str]:
        """The report for people, one fact a line."""
        lines = [
            f"{self.source}: {self.read} rows read, {self.kept} examples kept, {self.duplicates} duplicates collapsed",
            f"{self.embedded} embedded, {self.reused} reused from the index that was there",
            f"{self.total} examples in {self.storage_dir}; {self.seconds:.1f} s, {self.documents_per_s:.0f} examples/s",
        ]
        lines += [f"rejected, {reason}: {count}" for reason, count in self.rejected.items()]
        if self.rejected_file is not None:
            lines.append(f"Rejected rows with their line numbers: {self.rejected_file}")
        return lines


@dataclass
class RejectionLog:
    """Counts rejected rows and writes them as they come."""

    file: TextIO
    counts: Counter[Rejection] = field(default_factory=Counter)

    @classmethod
    @contextmanager
    def writing_to(cls, storage_dir: Path) -> Iterator[RejectionLog]:
        """A log whose file replaces ``rejected.jsonl`` at the end; without rejected rows there is no file.

        After an error the file is still written if it has rows: they may be the reason.
        """
        path = storage_dir / REJECTED_FILE
        unfinished = path.with_name(path.name + ".new")
        unfinished.unlink(missing_ok=True)
        # For its owner alone, and never through a link that somebody else has put there.
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            log = cls(file)
            try:
                yield log
                path.unlink(missing_ok=True)
            finally:
                file.flush()
                if log.counts:
                    unfinished.replace(path)
                else:
                    unfinished.unlink()

    def add(self, row: Row) -> None:
        """Count and write a row that has a rejection."""
        if row.rejection is None:
            raise ValueError(f"Row {row.line} of {row.source} was not rejected.")
        self.counts[row.rejection] += 1
        fields = {"source": row.source, "line": row.line, "reason": row.rejection.value, "detail": row.detail}
        self.file.write(json.dumps(fields) + "\n")

    @property
    def duplicates(self) -> int:
        """Rows equal to an earlier one."""
        return self.counts[Rejection.DUPLICATE]

    def by_reason(self) -> dict[str, int]:
        """Counts by reason, most frequent first, without duplicates."""
        return {reason.value: n for reason, n in self.counts.most_common() if reason is not Rejection.DUPLICATE and n}
